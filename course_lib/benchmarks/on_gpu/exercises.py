"""Every *speed up* reference on the GPU: it climbs its ladder there, and equals the host's.

The ladder is climbed as in a notebook on a GPU, where TensorFlow may multiply in TF32. For the
comparison TF32 is off.
"""

from collections.abc import Iterator
from typing import Any

from course_lib.benchmarks.on_gpu.devices import HOST, apart, on
from course_lib.benchmarks.on_gpu.part import Task

# As for the steps: float64 by rounding alone, float32 as the sums of a few hundred numbers differ.
SAME = {"float64": 1e-10, "complex128": 1e-10, "float32": 1e-4, "complex64": 1e-4}
QUICK = ("VanillaRNNCell", "fast_scan")


def tasks(device: str, quick: bool, seconds: float) -> Iterator[Task]:
    """One task an exercise."""
    from course_lib.exercises.registry import get, ids

    for one in QUICK if quick else ids():
        if getattr(get(one), "kind", "") == "speed up":
            yield {"exercise": one}, lambda one=one: climb_and_compare(one, device)


def climb_and_compare(one: str, device: str) -> dict[str, Any]:
    """Check the reference of an exercise on the GPU, and hold its numbers against the host's.

    Returns:
        `passed`; `why`, the sentence if it wasn't; `rungs`; `compared`, how many arrays; `apart`,
        the largest relative difference among them by type of number; `ok`.
    """
    import keras

    from course_lib.exercises.checker import check_function
    from course_lib.exercises.registry import get
    from course_lib.graphs import without_tf32

    exercise = get(one)
    keras.utils.set_random_seed(0)
    with on(device):
        report = check_function(exercise, exercise.reference)
    with without_tf32():
        ours, theirs = (_outputs(exercise, where) for where in (device, HOST))
    away: dict[str, float] = {}
    for key in ours.keys() | theirs.keys():
        kind = ours[key].dtype.name
        away[kind] = max(away.get(kind, 0.0), apart(ours[key], theirs[key]))
    same = all(found <= SAME[kind] for kind, found in away.items())
    return {
        "passed": report.ok,
        **({} if report.ok else {"why": str(report.sentence)}),
        "rungs": len(exercise.ladder),
        "compared": len(ours),
        "apart": away,
        "ok": report.ok and same,
    }


def _outputs(exercise: Any, device: str) -> dict[str, Any]:
    """Every array of real numbers that the reference gives on the rungs of the ladder."""
    import keras
    import numpy as np

    found = {}
    for rung in exercise.ladder:
        if rung.by_verdict:  # facts about a graph
            continue
        keras.utils.set_random_seed(0)
        with on(device):
            outputs = rung.call(exercise.reference, rung.inputs())
        for name, value in outputs.items():
            array = np.asarray(value)
            if array.dtype.name in SAME:
                found[rung.name, name] = array
    return found
