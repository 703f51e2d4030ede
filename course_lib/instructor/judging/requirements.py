"""What an exercise needs in its sandbox, and what must not be there while it is judged."""

import functools

from course_lib.exercises.exercise import Exercise
from course_lib.exercises.registry import get, ids, needs_tensorflow
from course_lib.instructor.judging.source_parts import names_in, slices


def before(exercise: Exercise) -> tuple[str, ...]:
    """Ids of the exercises that this one may build on: those before it, and those that it names."""
    order = ids()
    earlier = order[: order.index(exercise.id)] if exercise.id in order else order
    return tuple(one for one in order if one in earlier or one in exercise.uses)


@functools.cache
def withheld(exercise_id: str) -> frozenset[str]:
    """Ids whose reference must not be in the sandbox while an exercise is judged.

    That is the exercise itself and those after it. But a reference may lean on a later one, as
    truncated BPTT does on the loss of chapter 4: what it and the earlier ones need is there.
    """
    earlier = before(get(exercise_id))
    roots = [
        (get(one).reference.__module__, one)
        for one in (*earlier, exercise_id)
        if not needs_tensorflow(one)
    ]
    needed = names_in(slices(roots, frozenset())) & set(ids())
    return frozenset(ids()) - (set(earlier) | needed) | {exercise_id}
