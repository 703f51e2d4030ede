"""From what was handed in to a report with its mark."""

import contextlib
import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from course_lib.exercises.calling.guard import CappedOutput, NotWritten, Unusable, limit
from course_lib.exercises.checker import climb, judge
from course_lib.exercises.exercise import Arrays, Problem, Rung
from course_lib.exercises.projects.arrays import EXPECTED, BadArrays, HandIn, read_hand_in
from course_lib.exercises.projects.naming import alike, recognised
from course_lib.exercises.projects.project import Batch, Project, View, Weights
from course_lib.exercises.projects.report import ProjectReport
from course_lib.exercises.projects.views import trained_on
from course_lib.exercises.report import NOT_RIGHT, NOT_WRITTEN, PASSED
from course_lib.words import listed

RIGHT_SHAPE = "outputs of the right shape, all finite"
IN_ANOTHER_WAY = "inputs shown in another way"
FEW = 5  # inputs that are also looked at one by one
# Inputs in one call. The states of many more don't fit into a processor's cache, and an honest loop
# over 784 pixels would come near its time limit on a slow machine.
PIECE = 250
FAR_WORSE = -2  # one guess in place of another loses no more
ALIKE = 5e-3  # of the largest output: a long recurrence in float32 rounds differently in batches

COARSE = 0.1  # how far float16 may lead away


def judge_project(
    project: Project,
    function: Callable,
    content: bytes | None,
    batches: tuple[Batch, ...],
    around: Callable = contextlib.nullcontext,
) -> ProjectReport:
    """The report on a hand-in.

    Args:
        project: what was asked for.
        function: the learner's `predict`, or what stands for it in a sandbox.
        content: of the file with the arrays; None if there is none.
        batches: data that the learner hasn't seen.
        around: a context manager around each call; what it raises as `Unusable` is reported.
    """
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # whatever the arrays are, of which the report tells
        return _judged(project, function, content, batches, around)


def _judged(
    project: Project,
    function: Callable,
    content: bytes | None,
    batches: tuple[Batch, ...],
    around: Callable,
) -> ProjectReport:
    output = CappedOutput()
    passed: list[str] = []
    facts = {"exercise": project, "function": function}

    def report(outcome: str, sentence: str = "", **more) -> ProjectReport:
        return ProjectReport(
            **facts,
            outcome=outcome,
            sentence=sentence,
            passed=tuple(passed),
            printed=output.printed,
            output=output.getvalue(),
            **more,
        )

    try:
        hand_in = _taken(project, content)
    except BadArrays as problem:
        # Without arrays a function can still say that it isn't written yet.
        if _is_stub(project, function, batches, output):
            return report(NOT_WRITTEN, _first_step(project))
        return report(NOT_RIGHT, str(problem), failed=f"{project.file} can be used")
    passed.append(f"{project.file} can be used")
    found = []
    # The time limit is for each of its calls. What runs along a stream looks by itself that all
    # steps together take no longer than one limit.
    patience = 2 if project.run else _most_calls(batches)
    computed: list[np.ndarray] = []
    for rung in ladder(project, hand_in.weights, batches, computed.append):
        try:
            with around():
                outcome = climb(project, rung, function, output, patience=patience)
        except NotWritten:
            return report(NOT_WRITTEN, _first_step(project))
        except Unusable as problem:
            return report(NOT_RIGHT, str(problem), failed=rung.name)
        problem = judge(rung, outcome)
        if problem is not None:
            facts["kind"] = outcome.kind
            sentence, mistake = problem.sentence, None
            if outcome.outputs and (known := recognised(project, rung.inputs(), outcome.outputs)):
                sentence, mistake = known.sentence, known.name
            more = {"failed": rung.name, "problem": problem, "mistake": mistake}
            return report(NOT_RIGHT, sentence, **more)
        passed.append(rung.name)
        found.append(outcome.outputs)
    # What is handed in may differ from its network by what rounding explains. Where all logits are
    # large, that is much; so the network's own outputs count, and nothing is gained by it.
    outputs = computed or [one["outputs"] for one in found[-len(batches) :]]
    measured = project.measure(batches, outputs)
    mark = project.mark(measured.score)
    more = {"measured": measured, "mark": mark, "curve": hand_in.curve}
    more["expected"] = hand_in.expected
    if measured.score > project.most:
        sentence = (
            f"{project.read(measured.score)} is more than there is to be had: {project.id} must "
            "have seen what it had to predict."
        )
        return report(NOT_RIGHT, sentence, failed="no more than can be predicted")
    if mark:
        return report(PASSED, **more)

    def compute(x: np.ndarray) -> np.ndarray | None:
        if project.network is not None:
            with np.errstate(all="ignore"):
                return project.network(*_given(hand_in.weights, x)().values())
        with contextlib.suppress(Unusable, NotWritten), around():
            rung = _shape_rung(project, IN_ANOTHER_WAY, hand_in.weights, x, _outputs)
            outcome = climb(project, rung, function, CappedOutput(), patience=patience)
            if outcome.outputs and judge(rung, outcome) is None:
                return outcome.outputs["outputs"]
        return None

    more["failed"] = "the first mark"
    if found := trained_on(project, compute, batches, measured.score):
        view, reached = found
        more["mistake"] = f"trained on {view.words}"
        return report(NOT_RIGHT, _trained_on_a_view(project, measured.score, view, reached), **more)
    sentence = _too_little(project, measured.score)
    expected = hand_in.expected if project.asks_expectation else None
    if expected is not None and project.chance < measured.score < expected / 2:
        sentence += (
            f" That is far from what you expected: does {project.id} compute what your network "
            "did when you trained it?"
        )
    return report(NOT_RIGHT, sentence, **more)


def takes_from_outside(project: Project, names: list[str]) -> ProjectReport:
    """The report on a function that needs data of its notebook.

    Args:
        project: what was asked for.
        names: of the data.
    """
    sentence = (
        f"{project.id} takes {listed(names)} from the notebook, but it is judged with weights and "
        "x alone: read from weights what was learned, and compute constants inside the function."
    )
    return ProjectReport(project, NOT_RIGHT, (), sentence, failed="all comes with the arguments")


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
        outputs, alone = found["outputs"], found["alone"]
        if problem := _misshapen(project, inputs["x"], outputs):
            return problem
        if problem := _misshapen(project, inputs["x"][:1], found["again"]):
            return problem
        places = _spread(len(outputs))
        which = _first_unlike(outputs[places], alone)
        if which is not None and _first_unlike(found["again"], alone[:1]) is not None:
            return Problem(
                f"{project.id} gives the same input another output when it is called again: draw "
                "nothing at random, as dropout does, which belongs to training; and keep no state "
                "between calls.",
                {"at first": alone[0], "again": found["again"][0]},
            )
        if which is not None:
            return Problem(
                f"{project.id} gives an input another output when others stand beside it: keep no "
                "state between calls, and use no statistics of the batch.",
                {"with others beside it": outputs[places][which], "alone": alone[which]},
            )
        if project.network is None:
            return None
        expected = project.network(*inputs.values())
        which = _first_unlike(outputs, expected)
        if which is None:
            of_network(expected)
            return None
        if outputs.dtype == np.float16 and alike(outputs, expected, COARSE).all():
            return Problem(
                f"{project.id} computes in float16, which rounds too coarsely for this network: "
                "use float32 or float64.",
                {
                    f"what you give for input {which}": outputs[which],
                    "the network": expected[which],
                },
            )
        return Problem(
            f"{project.id} computes something other than the network that {project.file} "
            "describes: use its arrays, as the docstring says.",
            {f"what you give for input {which}": outputs[which], "the network": expected[which]},
        )

    if project.run is not None:

        def along(function: Callable, inputs: Arrays) -> Arrays:
            return {"outputs": project.run(function, *inputs.values())}

        yield _shape_rung(project, RIGHT_SHAPE, weights, batches[0].x[:FEW, :FEW], along)
        for batch, which in zip(batches, _which(batches), strict=True):
            name = f"inputs that you haven't seen{which}"
            yield _shape_rung(project, name, weights, batch.x, along)
        return
    yield _shape_rung(project, RIGHT_SHAPE, weights, batches[0].x[:FEW], _outputs)
    for batch, which in zip(batches, _which(batches), strict=True):
        yield Rung(
            f"inputs that you haven't seen, each judged on its own{which}",
            _given(weights, batch.x),
            of_its_shape_and_its_own,
            _outputs_and_some_alone,
        )


def _given(weights: Weights, x: np.ndarray) -> Callable[[], Arrays]:
    return lambda: {"weights": {k: v.copy() for k, v in weights.items()}, "x": x.copy()}


def _shape_rung(
    project: Project, name: str, weights: Weights, x: np.ndarray, call: Callable
) -> Rung:
    """A rung that asks for outputs of the right shape, and no more."""

    def look(inputs: Arrays, found: Arrays) -> Problem | None:
        return _misshapen(project, inputs["x"], found["outputs"])

    return Rung(name, _given(weights, x), look, call)


def _which(batches: tuple[Batch, ...]) -> list[str]:
    """What tells the batches apart, for the names of their rungs; nothing where there is one."""
    if len(batches) == 1:
        return [""]
    return [
        f" ({number} of {len(batches)}, shape {batch.x.shape})"
        for number, batch in enumerate(batches, 1)
    ]


def _most_calls(batches: tuple[Batch, ...]) -> int:
    pieces = max(-(-len(batch.x) // PIECE) for batch in batches)
    return pieces + FEW + 2  # one again, and one more if misshapen


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


def _alike(outputs: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """Which outputs differ by no more than rounding in float32 explains, one by one."""
    return alike(outputs, expected, ALIKE).reshape(len(outputs), -1).all(axis=1)


def _first_unlike(outputs: np.ndarray, expected: np.ndarray) -> int | None:
    """The first input whose output isn't as expected; None if there is none."""
    if outputs.shape != expected.shape:
        return 0
    alike = _alike(outputs, expected)
    return None if alike.all() else int(np.argmin(alike))


def _misshapen(project: Project, x: np.ndarray, outputs: np.ndarray) -> Problem | None:
    wanted = project.outputs(x.shape)
    if outputs.shape != wanted:
        return Problem(f"For inputs of shape {x.shape}, {project.id} gave {outputs.shape}; it "
                       f"should give {wanted}.")  # fmt: skip
    if not np.isfinite(outputs).all():
        share = np.mean(~np.isfinite(outputs))
        return Problem(f"{share:.0%} of the outputs are NaN or infinite: look for an overflow.")
    return None


def _taken(project: Project, content: bytes | None) -> HandIn:
    if content is None:
        raise BadArrays(
            f"There is no {project.file} beside the notebook: train, then save with "
            f"np.savez({project.file!r}, **weights)."
        )
    hand_in = read_hand_in(content, project.file)
    project.fits(hand_in.weights)
    if project.asks_expectation and hand_in.expected is None:
        raise BadArrays(
            f"{project.file} has no {EXPECTED!r}: say first what you expect, such as "
            f"{EXPECTED}={project.marks[0]}, and save it with the weights."
        )
    if project.asks_expectation and not 0 <= hand_in.expected <= 1:
        raise BadArrays(
            f"{EXPECTED!r} in {project.file} is {hand_in.expected:g}: it is a share between 0 and "
            "1, such as 0.93 for 93% right."
        )
    return replace(hand_in, weights=project.handed_over(hand_in.weights))


def _is_stub(project: Project, function, batches, output) -> bool:
    rung = next(ladder(project, {}, batches))
    try:
        climb(project, rung, function, output)
    except NotWritten:
        return True
    return False


def _first_step(project: Project) -> str:
    return (
        f"{project.id} isn't written yet. Train a network, save it as {project.file}, and write "
        f"{project.id} in place of the line `raise NotImplementedError`."
    )


def _trained_on_a_view(project: Project, score: float, view: View, reached: float) -> str:
    it_may = f", unless {project.id} is what changes them" if project.network is None else ""
    return (
        f"{_first_mark(project, score)} Shown {view.words}, it comes to {project.read(reached)}: "
        f"was your network trained on such ones? It has to read them as they come{it_may}."
    )


def _first_mark(project: Project, score: float) -> str:
    return f"The first mark is {project.read(project.marks[0])}, this is {project.read(score)}."


def _too_little(project: Project, score: float) -> str:
    first = _first_mark(project, score)
    if score > project.chance:
        return first
    if project.run is not None and score < FAR_WORSE:
        return (
            f"{first} That is far worse than a guess: it is sure of what is wrong. Does each step "
            "go down the gradient, and not up? Does what it predicts wait for its error until the "
            "next character is there? It is read as logits, not as counts or probabilities."
        )
    if project.run is not None:  # it learns while it is judged, from whatever it begins with
        return (
            f"{first} That is no better than a guess: does it learn at every step, and does it "
            "return what it has learned? What it predicts is read as logits, not as probabilities."
        )
    return (
        f"{first} That is no better than a guess: are these the arrays that {project.id} was "
        "written for, and are they trained?"
    )
