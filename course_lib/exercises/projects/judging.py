"""From what was handed in to a report with its mark."""

import contextlib
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from course_lib.exercises.calling.guard import CappedOutput, NotWritten, Unusable
from course_lib.exercises.exercise import Problem, Rung
from course_lib.exercises.ladder.climbing import Outcome, climb, judge
from course_lib.exercises.projects.arrays import EXPECTED, BadArrays, HandIn, read_hand_in
from course_lib.exercises.projects.ladder import given, ladder, most_calls, shape_rung
from course_lib.exercises.projects.naming import recognised
from course_lib.exercises.projects.project import Batch, Project
from course_lib.exercises.projects.report import ProjectReport
from course_lib.exercises.projects.sentences import (
    first_step,
    more_than_there_is,
    too_little,
    trained_on_a_view,
)
from course_lib.exercises.projects.views import trained_on
from course_lib.exercises.report import NOT_RIGHT, NOT_WRITTEN, PASSED
from course_lib.words import listed

IN_ANOTHER_WAY = "inputs shown in another way"


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
        return _Judging(project, function, batches, around).report_on(content)


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


@dataclass
class _Judging:
    """The way of one hand-in; see `judge_project`."""

    project: Project
    function: Callable
    batches: tuple[Batch, ...]
    around: Callable
    output: CappedOutput = field(default_factory=CappedOutput)
    passed: list[str] = field(default_factory=list)

    @property
    def patience(self) -> int:
        """How many times the usual limit a rung may take, for the limit is for each of its calls.

        What runs along a stream looks by itself that all steps together take no longer than one.
        """
        return 2 if self.project.run else most_calls(self.batches)

    def report_on(self, content: bytes | None) -> ProjectReport:
        """The arrays first, then the function, then what its outputs come to."""
        project = self.project
        can_be_used = f"{project.file} can be used"
        try:
            hand_in = _taken(project, content)
        except BadArrays as problem:
            # Without arrays a function can still say that it isn't written yet.
            if self._is_stub():
                return self._report(NOT_WRITTEN, first_step(project))
            return self._report(NOT_RIGHT, str(problem), failed=can_be_used)
        self.passed.append(can_be_used)
        found: list[np.ndarray] = []
        of_network: list[np.ndarray] = []
        for rung in ladder(project, hand_in.weights, self.batches, of_network.append):
            try:
                with self.around():
                    outcome = climb(
                        project, rung, self.function, self.output, patience=self.patience
                    )
            except NotWritten:
                return self._report(NOT_WRITTEN, first_step(project))
            except Unusable as problem:
                return self._report(NOT_RIGHT, str(problem), failed=rung.name)
            problem = judge(rung, outcome)
            if problem is not None:
                return self._fell(rung, outcome, problem)
            self.passed.append(rung.name)
            found.append(outcome.outputs["outputs"])
        # What is handed in may differ from its network by what rounding explains. Where all logits
        # are large, that is much; so the network's own outputs count, and nothing is gained by it.
        return self._scored(hand_in, of_network or found[-len(self.batches) :])

    def _is_stub(self) -> bool:
        rung = next(ladder(self.project, {}, self.batches))
        try:
            climb(self.project, rung, self.function, self.output)
        except NotWritten:
            return True
        return False

    def _fell(self, rung: Rung, outcome: Outcome, problem: Problem) -> ProjectReport:
        known = None
        if outcome.outputs:
            known = recognised(self.project, rung.inputs(), outcome.outputs)
        return self._report(
            NOT_RIGHT,
            (known or problem).sentence,
            failed=rung.name,
            problem=problem,
            mistake=known.name if known else None,
            kind=outcome.kind,
        )

    def _scored(self, hand_in: HandIn, outputs: list[np.ndarray]) -> ProjectReport:
        """The mark; below the first one, what may be behind it."""
        project = self.project
        measured = project.measure(self.batches, outputs)
        score, mark = measured.score, project.mark(measured.score)
        if score > project.most:
            sentence = more_than_there_is(project, score)
            return self._report(NOT_RIGHT, sentence, failed="no more than can be predicted")
        facts = {
            "measured": measured,
            "mark": mark,
            "curve": hand_in.curve,
            "expected": hand_in.expected,
        }
        if mark:
            return self._report(PASSED, **facts)
        facts["failed"] = "the first mark"
        if found := trained_on(project, self._on_others(hand_in), self.batches, score):
            view, reached = found
            sentence = trained_on_a_view(project, score, view, reached)
            return self._report(NOT_RIGHT, sentence, mistake=f"trained on {view.words}", **facts)
        sentence = too_little(project, score)
        expected = hand_in.expected if project.asks_expectation else None
        if expected is not None and project.chance < score < expected / 2:
            sentence += (
                f" That is far from what you expected: does {project.id} compute what your network "
                "did when you trained it?"
            )
        return self._report(NOT_RIGHT, sentence, **facts)

    def _on_others(self, hand_in: HandIn) -> Callable[[np.ndarray], np.ndarray | None]:
        """From inputs in another way to what the hand-in makes of them; None: nothing of use."""
        project = self.project

        def compute(x: np.ndarray) -> np.ndarray | None:
            if project.network is not None:
                with np.errstate(all="ignore"):
                    return project.network(*given(hand_in.weights, x)().values())
            with contextlib.suppress(Unusable, NotWritten), self.around():
                rung = shape_rung(project, IN_ANOTHER_WAY, hand_in.weights, x)
                outcome = climb(
                    project, rung, self.function, CappedOutput(), patience=self.patience
                )
                if outcome.outputs and judge(rung, outcome) is None:
                    return outcome.outputs["outputs"]
            return None

        return compute

    def _report(self, outcome: str, sentence: str = "", **more) -> ProjectReport:
        return ProjectReport(
            exercise=self.project,
            function=self.function,
            outcome=outcome,
            sentence=sentence,
            passed=tuple(self.passed),
            printed=self.output.printed,
            output=self.output.getvalue(),
            **more,
        )


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
