"""The verdict on one exercise, with the same ladder as in the learner's own notebook.

`check_function` leads from rung to verdict there and here; only the function that it checks lives
in a sandbox here. What passes is tried with other numbers, and with the instructor's own cases.
"""

import contextlib
import functools
from dataclasses import dataclass, field, replace

from course_lib.exercises.calling.guard import OUT_OF_MEMORY, OUT_OF_TIME, RAISED
from course_lib.exercises.checker import check_function
from course_lib.exercises.exercise import Arrays, Exercise, Rung
from course_lib.exercises.projects.project import Batch, Project
from course_lib.exercises.registry import get, needs_tensorflow
from course_lib.exercises.report import NOT_RIGHT, PASSED, Report
from course_lib.instructor.judging.fresh_ladder import fresh_ladder
from course_lib.instructor.judging.hidden_cases import with_hidden_cases
from course_lib.instructor.judging.precomputed_losses import PrecomputedLosses
from course_lib.instructor.judging.project import project_verdict
from course_lib.instructor.judging.requirements import before, withheld
from course_lib.instructor.judging.source_parts import alone, names_in, slices
from course_lib.instructor.judging.verdict import Verdict
from course_lib.instructor.sandbox.remote_function import Remote
from course_lib.instructor.sandbox.session import CRASHED, TAMPERED, Session, Stopped

REPLAYED = (
    "Right for the numbers that the notebook's own check uses, wrong for other numbers of the same "
    "kind: it recognises its inputs instead of computing."
)
UNFINISHED = (
    "Right for the numbers that the notebook's own check uses. With other numbers of the same kind "
    "it came to no end: time or memory ran out, or its process broke off."
)
OTHER_NUMBERS = "other numbers"
HIDDEN = "Your instructor tried another case, and there it is not right."


@dataclass
class ExerciseJudge:
    """Judges exercises, one at a time.

    Args:
        seed: of the fresh numbers; not known to students.
        cases: the instructor's own hidden cases, inputs by exercise.
        again: whether students may hand in again at once, and meet the same numbers.
    """

    seed: int
    cases: dict[str, list[Arrays]] = field(default_factory=dict)
    again: bool = False

    def __post_init__(self):
        self._losses = PrecomputedLosses()
        self._fresh: dict[tuple[str, int], tuple[Rung, ...]] = {}

    def verdict(
        self, session: Session, one: str, name: str, arrays: dict[str, bytes] | None = None
    ) -> Verdict:
        """The verdict on one exercise of a notebook whose definitions are there already.

        Args:
            session: which holds them.
            one: id.
            name: what the notebook calls it.
            arrays: contents of the files that were handed in for projects, by name.

        Raises:
            NoSandbox: if the sandbox is gone.
        """
        exercise = get(one)
        remote = self._remote(session, exercise, name)
        try:
            remote.ready()
        except Stopped as stopped:
            sentence = f"{one} {stopped.sentence}"
            return Verdict(one, stopped.fate, sentence, rungs=len(exercise.ladder))
        if isinstance(exercise, Project):
            return self._project(exercise, remote, (arrays or {}).get(exercise.file))
        report = check_function(exercise, remote)
        verdict = Verdict(
            one,
            _outcome(report),
            report.sentence,
            report.mistake,
            len(report.passed),
            len(exercise.ladder),
            report.failed,
            printed=_printed(remote),
        )
        if remote.fate == TAMPERED:
            verdict.outcome = TAMPERED
        return verdict

    def beyond_the_public(self, session: Session, name: str, verdict: Verdict) -> Verdict:
        """Look whether what passed is right for other numbers and hidden cases as well.

        What the student's code says or raises here is for nobody: it has seen what is secret. So
        the verdict takes one of a few fixed sentences. With hidden cases, the session must not be
        used for a public check afterwards.

        Args:
            session: which holds its definitions.
            name: what the notebook calls the exercise.
            verdict: passed so far.

        Returns:
            The verdict, which no longer is one of passed where it fell.

        Raises:
            NoSandbox: if the sandbox is gone.
        """
        exercise = get(verdict.exercise)
        if isinstance(exercise, Project):
            return verdict
        verdict = replace(verdict)
        remote = self._remote(session, exercise, name)
        with contextlib.suppress(Stopped):  # then it ends in the same way at the first call
            remote.ready()
        self._look_again(exercise, remote, verdict)
        return verdict

    def _project(self, project: Project, remote: Remote, content: bytes | None) -> Verdict:
        """On the instructor's own data where there is some; of secret data nothing is told."""
        own = tuple(Batch(**case) for case in self.cases.get(project.id, ()))
        batches = own or project.held_back("validate", self.seed)
        verdict = project_verdict(project, remote, content, batches)
        secret = own or self.again
        if not secret:
            verdict.printed = _printed(remote)
        elif verdict.outcome == RAISED:  # with words that it may have made of these data
            verdict.sentence = f"{project.id} raised an exception on data that you haven't seen."
        if remote.fate == TAMPERED:
            verdict.outcome = TAMPERED
        return verdict

    def _remote(self, session: Session, exercise: Exercise, name: str) -> Remote:
        """The student's function, with what it builds on sent along, and nothing else."""
        banned = withheld(exercise.id)
        if exercise.id in session.delivered:
            session.lose()  # it came with another exercise; the next child has never seen it
        wanted = [(module, there) for _, module, there in session.defined.imported]
        parts = {
            part: get(part).reference.__module__
            for part in before(exercise)
            if (part in exercise.uses or part in session.defined.names)
            and not needs_tensorflow(part)
        }
        sources = slices([*wanted, *((module, part) for part, module in parts.items())], banned)
        parts = {part: module for part, module in parts.items() if module in sources}
        session.delivered |= names_in(sources)
        return Remote(
            session,
            exercise.id,
            name,
            {
                "sources": sources,
                "parts": parts,
                "by_itself": isinstance(exercise, Project),
                "by_seed": exercise.by_seed,
            },
            session.defined.found[name].parameters,
            cut=lambda call: alone(call.__module__, call.__name__, banned),
            foresee=functools.partial(self._losses, exercise.reference),
        )

    def _look_again(self, exercise: Exercise, remote: Remote, verdict: Verdict) -> None:
        """Other numbers of the same kind, then the instructor's own cases."""
        # An unusual but honest answer may round differently somewhere; not three times over.
        for again in range(3):
            report = check_function(self._with_fresh_numbers(exercise, again), remote)
            if report.outcome == PASSED:
                break
        else:
            ended = report.kind not in (OUT_OF_TIME, OUT_OF_MEMORY, CRASHED)
            _fell(verdict, report, REPLAYED if ended else UNFINISHED, OTHER_NUMBERS)
            return
        if cases := self.cases.get(exercise.id):
            report = check_function(with_hidden_cases(exercise, cases), remote)
            if report.outcome != PASSED:
                _fell(verdict, report, HIDDEN, "a hidden case")

    def _with_fresh_numbers(self, exercise: Exercise, again: int) -> Exercise:
        key = exercise.id, again
        if key not in self._fresh:
            self._fresh[key] = fresh_ladder(exercise, self.seed + again)
        return replace(exercise, ladder=self._fresh[key], mistakes=[])


def _outcome(report: Report) -> str:
    """What the report comes to; a function that came to no end of its own isn't just wrong."""
    if report.outcome == NOT_RIGHT and not report.mistake:
        return report.kind or NOT_RIGHT
    return report.outcome


def _fell(verdict: Verdict, report: Report, sentence: str, failed: str) -> None:
    """Note that it holds for the public checks only, without a word on the other numbers."""
    verdict.outcome = report.kind or NOT_RIGHT
    verdict.sentence = sentence
    verdict.failed = failed
    verdict.hidden = True


def _printed(remote: Remote) -> str:
    count, first = remote.printed
    return f"{count} characters, beginning with: {' '.join(first.split())}" if count else ""
