"""What a project's function does in place of the network that its arrays describe."""

import contextlib
import time
from collections.abc import Iterator

import numpy as np

from course_lib.exercises.exercise import Arrays, Mistake
from course_lib.exercises.naming.slips import slips
from course_lib.exercises.projects.project import Project

FIRST = 8  # inputs on which all that is known is tried; what agrees there is tried on all others
PATIENCE = 1.5  # seconds of the processor for the slips
NEAR = 5e-4  # of the largest output: nearer than what float32 does to a right answer


def recognised(project: Project, inputs: Arrays, outputs: Arrays) -> Mistake | None:
    """What gives the same outputs as the learner's function, for every input.

    Args:
        project: whose named mistakes are tried, and then its network with one small thing changed.
        inputs: "weights" and "x", as the function got them.
        outputs: "outputs", what it made of them.

    Returns:
        The mistake; None if nothing known does the same, or the function computes the network.
    """
    found, x = outputs["outputs"], inputs["x"]
    if project.network is None or found.shape != project.outputs(x.shape):
        return None
    if alike(found, project.network(**inputs), NEAR).all():
        return None
    for mistake in _known(project, several=found.shape[-1] > 1):
        for part in slice(FIRST), slice(None):
            with contextlib.suppress(Exception), np.errstate(all="ignore"):
                weights = {name: array.copy() for name, array in inputs["weights"].items()}
                given = np.asarray(mistake.answer(weights, x[part].copy()))
                if given.shape == found[part].shape and alike(found[part], given, NEAR).all():
                    continue
            break
        else:
            return mistake
    return None


def alike(outputs: np.ndarray, expected: np.ndarray, near: float) -> np.ndarray:
    """Which numbers differ by no more than a share of the largest one."""
    return np.isclose(outputs, expected, rtol=0, atol=near * max(1e-6, np.abs(expected).max()))


def _known(project: Project, several: bool) -> Iterator[Mistake]:
    yield from project.mistakes
    if several:
        yield from _softened(project)
    until = time.process_time() + PATIENCE
    for slip in slips(project.network):
        if time.process_time() > until:
            return
        yield slip


def _softened(project: Project) -> Iterator[Mistake]:
    """The network with a softmax at its end."""

    def probabilities(weights, x):
        logits = project.network(weights, x)
        powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
        return powers / powers.sum(axis=-1, keepdims=True)

    def logarithms_of_probabilities(weights, x):
        return np.log(probabilities(weights, x))

    for answer in probabilities, logarithms_of_probabilities:
        words = answer.__name__.replace("_", " ")
        yield Mistake(
            answer,
            f"What {project.id} returns are {words}: return the network's logits, as the readout "
            "gives them, without a softmax.",
        )
