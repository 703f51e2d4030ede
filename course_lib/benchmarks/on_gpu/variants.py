"""Time several ways of the same training step against each other; one that fails costs no other."""

from collections.abc import Callable, Mapping
from typing import Any

from course_lib.benchmarks import measure
from course_lib.benchmarks.on_gpu.part import in_words

ROUNDS, PATIENCE = 20, 2.0  # of a row; seconds, all variants together


def timed(
    variants: Mapping[str, Callable[[], Callable[[], float]]],
    patience: float = PATIENCE,
    same: Callable[[dict[str, float]], None] = lambda numbers: None,
) -> dict[str, Any]:
    """Build all, call each twice, see that they do the same, and time them in turns.

    Args:
        variants: name to what builds a function, which returns a number when its work is done.
        patience: seconds for all rounds, three at least.
        same: sees the numbers of the second calls, and raises if they are not the same.

    Returns:
        `ms`, the median of each variant in milliseconds; `rounds`; `failed`, the words of the
        errors by name, if there are any.

    Raises:
        RuntimeError: no variant could be called.
    """
    able: dict[str, Callable[[], float]] = {}
    numbers, failed = {}, {}
    for name, build in variants.items():
        try:
            call = build()
            numbers[name] = [call() for _ in range(2)][1]
            able[name] = call
        except Exception as error:  # it doesn't fit into memory, or XLA can't compile it
            failed[name] = in_words(error)
    if not able:
        raise RuntimeError(f"Nothing could be timed. {failed}")
    same(numbers)
    taken = measure.interleaved(able, ROUNDS, seconds=patience)
    return {
        "ms": {name: measure.summary(found)["median_ms"] for name, found in taken.items()},
        "rounds": len(next(iter(taken.values()))),
        **({"failed": failed} if failed else {}),
    }
