"""The verdicts on one notebook: its functions compute in the sandbox, this process judges."""

import contextlib
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from course_lib.authoring.source import start_of_hunt
from course_lib.exercises.calling import guard
from course_lib.exercises.calling.guard import OUT_OF_MEMORY, RAISED
from course_lib.exercises.exercise import Arrays
from course_lib.exercises.projects.project import Project
from course_lib.exercises.registry import get, ids, needs_tensorflow
from course_lib.exercises.report import NOT_RIGHT, NOT_WRITTEN, PASSED
from course_lib.instructor.errors import NoSandbox
from course_lib.instructor.judging.exercise import ExerciseJudge
from course_lib.instructor.judging.names import is_defined_in, name_of_answer
from course_lib.instructor.judging.telling_lines import (
    is_as_released,
    telling_lines,
    where_it_stands,
)
from course_lib.instructor.judging.verdict import MISSING, Verdict
from course_lib.instructor.judging.want_of_tensorflow import WantOfTensorFlow
from course_lib.instructor.sandbox.defined import Defined
from course_lib.instructor.sandbox.limits import Limits
from course_lib.instructor.sandbox.session import GRACE, Session, Stopped

# What it takes to forge an answer about a graph inside the process that is asked, unnoticed.
REACHES = re.compile(
    r"_getframe|currentframe|\binspect\.stack|\bf_(?:globals|locals|back)\b|get_objects|"
    r"get_refer(?:rer|ent)s|\bsys\.modules|\bctypes\b|\bset(?:trace|profile)\b|"
    r"__(?:code|globals|builtins|subclasses|defaults|kwdefaults|import)__|\bimport_module\b|"
    r"\b(?:import|from) (?:messages|student|imports|graphs|guard|own_parts)\b|"
    # the graph's own object, and what TensorFlow has beneath what it offers
    r"graph_def\b|default_graph\b|outer_graph\b|\.graph\b|\btensorflow\.python\b|"
    r"op_callbacks|__class__\s*="
)


LAST = 0.25  # of the budget: kept for what is secret, where that comes after all public checks


@dataclass(frozen=True)
class _Given:
    """What belongs to one notebook; see `Judge.notebook`."""

    name: str
    cells: list
    roles: dict[int, str]
    arrays: dict[str, bytes]
    modules: dict[str, str]


@dataclass
class Judge:
    """Judges notebooks, one at a time.

    Args:
        sandbox: from "does it need TensorFlow" to a sandbox.
        limits: what a notebook may take.
        seed: of the fresh cases; not known to students.
        cases: the instructor's own hidden cases, inputs by exercise.
        budget: seconds for all notebooks of a submission.
        secret_last: whether other numbers come after all public checks, in a process of their own,
            as hidden cases do; for students who may hand in again at once.
    """

    sandbox: object
    limits: Limits
    seed: int
    cases: dict[str, list[Arrays]] = field(default_factory=dict)
    budget: float = 600.0
    secret_last: bool = False

    def __post_init__(self):
        self._exercises = ExerciseJudge(self.seed, self.cases, self.secret_last)

    @property
    def _has_secrets(self) -> bool:
        """Whether something is secret that must not be told in a later public check."""
        return bool(self.cases or self.secret_last)

    def begin(self) -> None:
        """A new submission: its budget is untouched."""
        self.limits = replace(self.limits, ends=time.monotonic() + self.budget)

    def notebook(
        self,
        name: str,
        cells: list,
        roles: dict[int, str],
        wanted: list[str],
        arrays: dict[str, bytes] | None = None,
        modules: dict[str, str] | None = None,
    ) -> dict:
        """Verdicts on the exercises that are asked for, and remarks on the whole notebook.

        Args:
            name: the notebook's name.
            cells: numbers and sources of its code cells.
            roles: from numbers of cells to the exercise that the course released there.
            wanted: ids.
            arrays: what was handed in for projects, by the name of the file.
            modules: sources of what lies beside it and can be imported, by name.

        Raises:
            NoSandbox: if the sandbox is gone.
        """
        given = _Given(name, cells, roles, arrays or {}, modules or {})
        verdicts: dict[str, Verdict] = {}
        remarks: list[str] = []
        later = []
        # The student's own limit stops a loop first, then the session's; this one comes last.
        with guard.usual_limit(20 * (self.limits.seconds + GRACE)):
            for tensorflow in (False, True):
                chosen = [one for one in wanted if needs_tensorflow(one) == tensorflow]
                chosen += later
                if not chosen:
                    continue
                found, said, later = self._in_one_child(
                    self.sandbox(tensorflow), given, chosen, tensorflow
                )
                verdicts |= found
                remarks += [one for one in said if one not in remarks]
        return {"verdicts": [verdicts[one] for one in wanted], "remarks": remarks}

    def _in_one_child(
        self, sandbox: object, given: _Given, chosen: list[str], tensorflow: bool
    ) -> tuple[dict[str, Verdict], list[str], list[str]]:
        """Verdicts, remarks, and ids of those that have to wait for TensorFlow."""
        limits = self.limits
        if self._has_secrets:  # else one endless loop would use up what the right answers need
            limits = replace(limits, ends=limits.ends - LAST * self.budget)
        cells, roles, modules = given.cells, given.roles, given.modules
        try:
            starts = {one: code for one in chosen if (code := start_of_hunt(get(one)))}
            session = Session(sandbox, limits, given.name, cells, chosen, roles, starts, modules)
        except Stopped as stopped:
            sentence = f"Reading the notebook {stopped.sentence}"
            return {one: Verdict(one, stopped.fate, sentence) for one in chosen}, [], []
        with contextlib.closing(session):
            defined = session.defined
            want = WantOfTensorFlow(defined, cells)
            left_out = [one for one in defined.remarks if want.explains(one)]
            said = [one for one in defined.remarks if tensorflow or one not in left_out]
            said += [defined.problem] if defined.problem else []
            verdicts, later, passed = {}, [], {}
            for one in sorted(chosen, key=ids().index):
                own, remark = name_of_answer(one, defined.found, roles)
                if own is None:
                    if left_out and not tensorflow and is_defined_in(one, cells):
                        later.append(one)  # it stands below something that needs TensorFlow
                    else:
                        verdicts[one] = _not_there(one, defined)
                    continue
                verdicts[one] = self._verdict(session, one, own, remark, given.arrays)
                raised = verdicts[one].outcome == RAISED
                if raised and not tensorflow and want.explains(verdicts[one].sentence):
                    later.append(one)
                    continue
                where = where_it_stands(own, defined.found[own].cell, cells, modules)
                _look_at_the_code(verdicts[one], where, given, tensorflow)
                if verdicts[one].outcome != PASSED:
                    continue
                if self._has_secrets:
                    passed[one] = own
                else:  # at once, in this child, since another one would cost time
                    verdicts[one] = self._with_what_is_secret(session, own, verdicts[one])
            if passed:
                session.limits = self.limits
                session.lose()  # all public checks are over: nothing of what follows is told
            for one, own in passed.items():
                verdicts[one] = self._with_what_is_secret(session, own, verdicts[one])
        return verdicts, said, later

    def _verdict(self, session: Session, one: str, name: str, remark: str, arrays) -> Verdict:
        verdict = _whatever_comes(
            one, session, lambda: self._exercises.verdict(session, one, name, arrays)
        )
        if remark:
            verdict.remarks.append(remark)
        verdict.replaced = sorted(session.replaced)
        as_before = verdict.outcome in (PASSED, NOT_WRITTEN) and not session.unasked
        knows_more = isinstance(get(one), Project) and self._has_secrets
        if session.replaced or knows_more or not as_before:
            session.lose()  # the next exercise begins in a child that nothing has touched
        return verdict

    def _with_what_is_secret(self, session: Session, name: str, verdict: Verdict) -> Verdict:
        """The verdict after other numbers and hidden cases."""
        one = verdict.exercise
        verdict = _whatever_comes(
            one, session, lambda: self._exercises.beyond_the_public(session, name, verdict)
        )
        if session.replaced or verdict.outcome != PASSED or session.unasked:
            session.lose()
        return verdict


def _not_there(one: str, defined: Defined) -> Verdict:
    """The verdict where nothing that could be the exercise was made."""
    if one in defined.failed:
        sentence, kind = defined.failed[one]
        return Verdict(one, kind, sentence)
    if defined.problem:  # it may stand below where the reading ended
        return Verdict(one, defined.kind, defined.problem)
    imported = {name for name, _, _ in defined.imported}
    sentence = (
        f"In the end, what the notebook calls {one} can't be called."
        if one in defined.names - imported
        else f"The notebook defines nothing called {one}."
    )
    return Verdict(one, MISSING, sentence)


def _look_at_the_code(verdict: Verdict, where: tuple, given: _Given, tensorflow: bool) -> None:
    """Note what is seen in the code alone: that nobody wrote it, reaches too far, or is wrong."""
    one = verdict.exercise
    if verdict.outcome == NOT_RIGHT and is_as_released(where[0], one):
        verdict.outcome, verdict.mistake = NOT_WRITTEN, None
    if verdict.outcome == PASSED and tensorflow and needs_tensorflow(one):
        verdict.remarks += _that_reach_out(given.cells, given.modules)
    if verdict.outcome != PASSED and verdict.mistake:
        verdict.code = telling_lines(*where, one, verdict.mistake)


def _that_reach_out(cells: list[tuple[int, str]], modules: dict[str, str]) -> list[str]:
    """Remarks on the first cell, and on the first file beside the notebook, that may forge.

    What they may forge is what is said of a graph. A remark costs no points.
    """
    remarks = []
    in_cells = [(f"Cell {number}", "cell", source) for number, source in cells]
    in_files = [(f"{name}.py", "file", source) for name, source in sorted(modules.items())]
    for places in (in_cells, in_files):
        for where, what, source in places:
            reaching = (m for m in REACHES.finditer(source) if not _is_their_own(m[0], modules))
            if found := next(reaching, None):
                remarks.append(
                    f"{where} says {found[0]}, with which an answer about a graph can be forged: "
                    f"look at that {what}."
                )
                break
    return remarks


def _is_their_own(reach: str, modules: dict[str, str]) -> bool:
    """Whether it imports a file beside the notebook, which hides the judge's module so called."""
    how, _, name = reach.partition(" ")
    return how in ("import", "from") and name in modules


def _whatever_comes(one: str, session: Session, judge: Callable[[], Verdict]) -> Verdict:
    """The verdict; whatever a student's process answers, it costs nobody else a grade.

    Where the process may have ended through no fault of the student's, it is judged once more.

    Raises:
        NoSandbox: if the sandbox is gone.
    """
    try:
        session.doubtful = False
        verdict = judge()
        return judge() if session.doubtful else verdict
    except NoSandbox:
        raise
    except MemoryError:
        return Verdict(one, OUT_OF_MEMORY, f"{one} returned more than can be judged.")
    except Exception as error:  # an answer of a form that nobody thought of
        return Verdict(
            one, RAISED, f"What {one} returned can't be judged ({type(error).__name__})."
        )
