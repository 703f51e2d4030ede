"""Which hint comes next: one begins with the hint that fits what the last check found."""

from collections.abc import Collection, Sequence

from course_lib.exercises.exercise import Hint


def next_hint(hints: Sequence[Hint], found: Sequence[str], seen: Collection[int]) -> int:
    """The number of the hint to show, from 1.

    From the fitting one they go up, then come those before it. The last one, as a rule the recipe,
    waits for all others, unless it is the one that fits. When there is nothing new, it comes again.

    Args:
        hints: of the exercise.
        found: names of what the last check found, the most telling first: a mistake, a rung.
        seen: numbers of the hints that have been shown.
    """
    last = len(hints)
    first = fitting(hints, found) or 1
    order = [*range(first, last), *range(1, first), last]
    if first == last:
        order = [last, *range(1, last)]
    return next((number for number in order if number not in seen), last)


def fitting(hints: Sequence[Hint], found: Sequence[str]) -> int | None:
    """The number of the hint that fits what the last check found, or None."""
    numbers = (n for name in found for n, hint in enumerate(hints, 1) if name in hint.fits)
    return next(numbers, None)
