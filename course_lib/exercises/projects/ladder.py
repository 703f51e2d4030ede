"""The rungs that a hand-in climbs: outputs of the right shape, each of its own input alone."""

from collections.abc import Callable, Iterator

import numpy as np

from course_lib.exercises.calling.guard import limit
from course_lib.exercises.exercise import Arrays, Problem, Rung
from course_lib.exercises.projects.naming import alike
from course_lib.exercises.projects.project import Batch, Project, Weights

RIGHT_SHAPE = "outputs of the right shape, all finite"
FEW = 5  # inputs that are also looked at one by one
# Inputs in one call. The states of many more don't fit into a processor's cache, and an honest loop
# over 784 pixels would come near its time limit on a slow machine.
PIECE = 250
ALIKE = 5e-3  # of the largest output: a long recurrence in float32 rounds differently in batches
COARSE = 0.1  # how far float16 may lead away


def ladder(
    project: Project,
    weights: Weights,
    batches: tuple[Batch, ...],
    of_network: Callable[[np.ndarray], None] = lambda outputs: None,
) -> Iterator[Rung]:
    """The rungs that a hand-in climbs; the last ones give the outputs for each of the batches.

    Args:
        project: what was asked for.
        weights: that were handed in.
        batches: data that the learner hasn't seen.
        of_network: takes what the project's network makes of each batch, where it has one.
    """

    def of_its_shape_and_its_own(inputs: Arrays, found: Arrays) -> Problem | None:
        x, outputs = inputs["x"], found["outputs"]
        return (
            _misshapen(project, x, outputs)
            or _misshapen(project, x[:1], found["again"])
            or _of_others(project, outputs, found["alone"], found["again"])
            or _of_another_network(project, inputs, outputs, of_network)
        )

    def along(function: Callable, inputs: Arrays) -> Arrays:
        return {"outputs": project.run(function, *inputs.values())}

    if project.run is not None:
        yield shape_rung(project, RIGHT_SHAPE, weights, batches[0].x[:FEW, :FEW], along)
        for batch, which in zip(batches, _which(batches), strict=True):
            name = f"inputs that you haven't seen{which}"
            yield shape_rung(project, name, weights, batch.x, along)
        return
    yield shape_rung(project, RIGHT_SHAPE, weights, batches[0].x[:FEW])
    for batch, which in zip(batches, _which(batches), strict=True):
        yield Rung(
            f"inputs that you haven't seen, each judged on its own{which}",
            given(weights, batch.x),
            of_its_shape_and_its_own,
            _outputs_and_some_alone,
        )


def shape_rung(
    project: Project,
    name: str,
    weights: Weights,
    x: np.ndarray,
    call: Callable[[Callable, Arrays], Arrays] | None = None,
) -> Rung:
    """A rung that asks for outputs of the right shape, and no more.

    Args:
        project: what was asked for.
        name: of the rung.
        weights: that were handed in.
        x: inputs.
        call: as of a `Rung`; None: the function is called once, with all of x.
    """

    def look(inputs: Arrays, found: Arrays) -> Problem | None:
        return _misshapen(project, inputs["x"], found["outputs"])

    return Rung(name, given(weights, x), look, call or _outputs)


def given(weights: Weights, x: np.ndarray) -> Callable[[], Arrays]:
    """What makes the inputs of a rung, fresh at each call."""
    return lambda: {"weights": {k: v.copy() for k, v in weights.items()}, "x": x.copy()}


def most_calls(batches: tuple[Batch, ...]) -> int:
    """How many calls of the function one rung can take."""
    pieces = max(-(-len(batch.x) // PIECE) for batch in batches)
    return pieces + FEW + 2  # one again, and one more if misshapen


def _which(batches: tuple[Batch, ...]) -> list[str]:
    """What tells the batches apart, for the names of their rungs; nothing where there is one."""
    if len(batches) == 1:
        return [""]
    return [
        f" ({number} of {len(batches)}, shape {batch.x.shape})"
        for number, batch in enumerate(batches, 1)
    ]


def _of_others(
    project: Project, outputs: np.ndarray, alone: np.ndarray, again: np.ndarray
) -> Problem | None:
    """That an output is made of more than its own input."""
    places = _spread(len(outputs))
    which = _first_unlike(outputs[places], alone)
    if which is None:
        return None
    if _first_unlike(again, alone[:1]) is not None:
        return Problem(
            f"{project.id} gives the same input another output when it is called again: draw "
            "nothing at random, as dropout does, which belongs to training; and keep no state "
            "between calls.",
            {"at first": alone[0], "again": again[0]},
        )
    return Problem(
        f"{project.id} gives an input another output when others stand beside it: keep no "
        "state between calls, and use no statistics of the batch.",
        {"with others beside it": outputs[places][which], "alone": alone[which]},
    )


def _of_another_network(
    project: Project, inputs: Arrays, outputs: np.ndarray, of_network: Callable
) -> Problem | None:
    """That the outputs aren't those of the network; where they are, `of_network` takes its own."""
    if project.network is None:
        return None
    expected = project.network(*inputs.values())
    which = _first_unlike(outputs, expected)
    if which is None:
        of_network(expected)
        return None
    both = {f"what you give for input {which}": outputs[which], "the network": expected[which]}
    if outputs.dtype == np.float16 and alike(outputs, expected, COARSE).all():
        return Problem(
            f"{project.id} computes in float16, which rounds too coarsely for this network: "
            "use float32 or float64.",
            both,
        )
    return Problem(
        f"{project.id} computes something other than the network that {project.file} "
        "describes: use its arrays, as the docstring says.",
        both,
    )


def _misshapen(project: Project, x: np.ndarray, outputs: np.ndarray) -> Problem | None:
    wanted = project.outputs(x.shape)
    if outputs.shape != wanted:
        return Problem(f"For inputs of shape {x.shape}, {project.id} gave {outputs.shape}; it "
                       f"should give {wanted}.")  # fmt: skip
    if not np.isfinite(outputs).all():
        share = np.mean(~np.isfinite(outputs))
        return Problem(f"{share:.0%} of the outputs are NaN or infinite: look for an overflow.")
    return None


def _call(function: Callable, w: Weights, x: np.ndarray) -> np.ndarray:
    with limit.time_limit(limit.TIME_LIMIT):
        return np.asarray(function(w, x))


def _outputs(function: Callable, inputs: Arrays) -> Arrays:
    return {"outputs": _call(function, *inputs.values())}


def _outputs_and_some_alone(function: Callable, inputs: Arrays) -> Arrays:
    w, x = inputs.values()
    alone = [_call(function, w, x[n : n + 1]) for n in _spread(len(x))]
    again = _call(function, w, x[:1])
    return {
        "outputs": _in_pieces(function, w, x),
        "alone": np.concatenate(alone),
        "again": again,
    }


def _in_pieces(function: Callable, w: Weights, x: np.ndarray) -> np.ndarray:
    """The outputs for all of x, of which the function sees `PIECE` inputs at a time.

    Outputs that aren't one for each input are given for all of x at once, to be told as they are.
    """
    pieces = [x[n : n + PIECE] for n in range(0, len(x), PIECE)]
    outputs = []
    for piece in pieces:
        outputs.append(_call(function, w, piece))
        if outputs[-1].shape[:1] != (len(piece),) or outputs[-1].shape[1:] != outputs[0].shape[1:]:
            return _call(function, w, x)
    return np.concatenate(outputs)


def _spread(count: int) -> np.ndarray:
    """A few positions all over a batch."""
    return np.unique(np.linspace(0, count - 1, FEW).astype(int))


def _first_unlike(outputs: np.ndarray, expected: np.ndarray) -> int | None:
    """The first input whose output isn't as expected; None if there is none."""
    if outputs.shape != expected.shape:
        return 0
    alike = _alike(outputs, expected)
    return None if alike.all() else int(np.argmin(alike))


def _alike(outputs: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """Which outputs differ by no more than rounding in float32 explains, one by one."""
    return alike(outputs, expected, ALIKE).reshape(len(outputs), -1).all(axis=1)
