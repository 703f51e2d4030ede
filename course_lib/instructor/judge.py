"""The verdict on one notebook: its functions compute in the sandbox, this process judges."""

import contextlib
import functools
import json
import re
from dataclasses import asdict, dataclass, field, replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from course_lib.exercises import guard
from course_lib.exercises.checker import check_function, climb
from course_lib.exercises.checker import judge as judge_rung
from course_lib.exercises.exercise import Arrays, Exercise, Problem, Rung
from course_lib.exercises.registry import chapter_of, get, ids
from course_lib.exercises.report import NOT_RIGHT, NOT_WRITTEN, PASSED
from course_lib.exercises.rungs import unlike
from course_lib.instructor.foresight import Foresight
from course_lib.instructor.fresh import fresh_ladder
from course_lib.instructor.remote import GRACE, Remote, Session, Stopped
from course_lib.instructor.sandbox import Limits
from course_lib.instructor.slices import alone, names_in, slices

ERROR, TIME, MEMORY = "error", "time limit", "memory limit"
KINDS = {"error": ERROR, "memory": MEMORY, "time": TIME}  # as the sandbox calls them
CRASHED, TAMPERED, MISSING = "crashed", "tampered with", "missing"
OUTCOMES = (
    PASSED, NOT_RIGHT, NOT_WRITTEN, ERROR, TIME, MEMORY, CRASHED, TAMPERED, MISSING,
)  # fmt: skip

REPLAYED = (
    "Right for the numbers that the notebook's own check uses, wrong for other numbers of the same "
    "kind: it recognises its inputs instead of computing."
)
OTHER_NUMBERS = "other numbers"
HIDDEN = "Your instructor tried another case, and there it is not right."


@dataclass
class Verdict:
    """What became of one exercise.

    Args:
        exercise: id.
        outcome: one of `OUTCOMES`.
        sentence: the same sentence that the learner's own check gives.
        mistake: the recognised mistake, or None.
        held: how many rungs hold.
        rungs: how many there are.
        failed: the first rung that doesn't hold, or None.
        remarks: what else is worth knowing, one sentence each.
        hidden: whether it fell at a hidden case, which a student isn't told more about.
        printed: what it printed, the beginning.
        notebook: which notebook it stood in.
    """

    exercise: str
    outcome: str
    sentence: str = ""
    mistake: str | None = None
    held: int = 0
    rungs: int = 0
    failed: str | None = None
    remarks: list[str] = field(default_factory=list)
    hidden: bool = False
    printed: str = ""
    notebook: str = ""

    def as_dict(self) -> dict:
        """For JSON."""
        return asdict(self)


def needs_tensorflow(exercise_id: str) -> bool:
    """Whether an exercise's own file loads TensorFlow; found without importing it."""
    module = f"course_lib.exercises.{chapter_of(exercise_id).name}.{exercise_id.lower()}"
    source = Path(find_spec(module).origin).read_text(encoding="utf-8")
    heavy = r"keras|tensorflow|course_lib\.(?:quiet|layers|online|training)"
    return re.search(rf"^\s*(?:import|from) (?:{heavy})\b", source, re.M) is not None


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


@dataclass
class Judge:
    """Judges notebooks, one at a time.

    Args:
        sandbox: from "does it need TensorFlow" to a sandbox.
        limits: what a notebook may take.
        seed: of the fresh cases; not known to students.
        cases: the instructor's own hidden cases, inputs by exercise.
    """

    sandbox: object
    limits: Limits
    seed: int
    cases: dict[str, list[Arrays]] = field(default_factory=dict)

    def __post_init__(self):
        # The student's own limit stops a loop first, then the session's; this one comes last.
        guard.TIME_LIMIT = 20 * (self.limits.seconds + GRACE)
        self._foresee = Foresight()
        self._fresh: dict[tuple[str, int], tuple[Rung, ...]] = {}

    def notebook(self, name: str, cells: list, roles: dict[int, str], wanted: list[str]) -> dict:
        """Verdicts on the exercises that are asked for, and remarks on the whole notebook.

        Args:
            name: the notebook's name.
            cells: numbers and sources of its code cells.
            roles: from numbers of cells to the exercise that the course released there.
            wanted: ids.

        Raises:
            NoSandbox: if the sandbox is gone.
        """
        verdicts: dict[str, Verdict] = {}
        remarks: list[str] = []
        later = []
        for tensorflow in (False, True):
            chosen = [one for one in wanted if needs_tensorflow(one) == tensorflow]
            chosen += later
            if not chosen:
                continue
            found, said, later = self._in_one_child(
                self.sandbox(tensorflow), name, cells, roles, chosen, tensorflow
            )
            verdicts |= found
            remarks += [one for one in said if one not in remarks]
        return {"verdicts": [verdicts[one] for one in wanted], "remarks": remarks}

    def _in_one_child(self, sandbox, name, cells, roles, chosen, tensorflow):
        try:
            session = Session(sandbox, self.limits, name, cells)
        except Stopped as stopped:
            sentence = f"Reading the notebook {stopped.sentence}"
            return {one: Verdict(one, stopped.fate, sentence) for one in chosen}, [], []
        with contextlib.closing(session):
            said, later = [], []
            found = _found(session.defined)
            for one in _texts(session.defined.get("remarks")):
                if _for_want_of_tensorflow(one) and not tensorflow:
                    continue
                said.append(one)
            if problem := session.defined.get("problem"):
                said.append(str(problem)[:500])
            verdicts = {}
            for one in sorted(chosen, key=ids().index):
                own, remark = _which(one, found, roles)
                if own is None:
                    left_out = any(
                        _for_want_of_tensorflow(r) for r in _texts(session.defined.get("remarks"))
                    )
                    if not tensorflow and left_out and _named(one, cells):
                        later.append(one)  # it stands below something that needs TensorFlow
                        continue
                    outcome, sentence = MISSING, f"The notebook defines nothing called {one}."
                    if problem:  # it may stand below where the reading ended
                        outcome = KINDS.get(session.defined.get("kind"), ERROR)
                        sentence = str(problem)[:500]
                    verdicts[one] = Verdict(one, outcome, sentence)
                    continue
                verdict = self.exercise(session, one, own, found[own][2])
                if remark:
                    verdict.remarks.append(remark)
                if session.replaced:
                    _accuse(verdict, sorted(session.replaced))
                if session.replaced or verdict.outcome not in (PASSED, NOT_WRITTEN):
                    session.lose()  # the next exercise begins in a child that nothing has touched
                verdicts[one] = verdict
        return verdicts, said, later

    def exercise(self, session: Session, one: str, name: str, parameters: list) -> Verdict:
        """The verdict on one exercise of a notebook whose definitions are there already."""
        exercise = get(one)
        banned = withheld(one)
        if one in session.delivered:
            session.lose()  # it came with another exercise; the next child has never seen it
        wanted = [(w[1], w[2]) for w in _wanted(session.defined)]
        parts = {
            part: get(part).reference.__module__
            for part in before(exercise)
            if (part in exercise.uses or part in _names(session.defined))
            and not needs_tensorflow(part)
        }
        sources = slices([*wanted, *((module, part) for part, module in parts.items())], banned)
        parts = {part: module for part, module in parts.items() if module in sources}
        session.delivered |= names_in(sources)
        remote = Remote(
            session, one, name, {"sources": sources, "parts": parts}, parameters,
            cut=lambda call: alone(call.__module__, call.__name__, banned),
            foresee=functools.partial(self._foresee, exercise.reference),
        )  # fmt: skip
        public = _for_remote(exercise)
        try:
            remote.ready()
        except Stopped as stopped:
            return Verdict(one, stopped.fate, f"{one} {stopped.sentence}", rungs=len(public.ladder))
        report = _checked(public, remote)
        verdict = Verdict(
            one,
            report.outcome,
            report.sentence,
            report.mistake,
            len(report.passed),
            len(exercise.ladder),
            report.failed,
            printed=_printed(remote),
        )
        if report.outcome == NOT_RIGHT and not report.mistake:
            verdict.outcome = remote.said.get(report.sentence) or NOT_RIGHT
        if remote.fate == TAMPERED:
            verdict.outcome = TAMPERED
        if report.outcome == PASSED:
            self._beyond_the_public(public, remote, verdict)
        return verdict

    def _beyond_the_public(self, exercise: Exercise, remote: Remote, verdict: Verdict) -> None:
        """Other numbers of the same kind, then the instructor's own cases."""
        # An unusual but honest answer may round differently somewhere; not three times over.
        for again in range(3):
            report = _checked(self._with_fresh_numbers(exercise, again), remote)
            if report.outcome == PASSED:
                break
        else:
            _fell(verdict, remote.said.get(report.sentence), REPLAYED, OTHER_NUMBERS)
            return
        cases = tuple(_hidden(exercise, case) for case in self.cases.get(exercise.id, ()))
        if cases:
            report = _checked(replace(exercise, ladder=cases, mistakes=[]), remote)
            if report.outcome != PASSED:
                _fell(verdict, remote.said.get(report.sentence), HIDDEN, "a hidden case")

    def _with_fresh_numbers(self, exercise: Exercise, again: int) -> Exercise:
        key = exercise.id, again
        if key not in self._fresh:
            self._fresh[key] = fresh_ladder(exercise, self.seed + again)
        return replace(exercise, ladder=self._fresh[key], mistakes=[])


def _fell(verdict: Verdict, kind: str | None, sentence: str, failed: str) -> None:
    """Note that it holds for the public checks only, without a word on the other numbers."""
    verdict.outcome = kind or NOT_RIGHT
    verdict.sentence = sentence
    verdict.failed = failed
    verdict.hidden = True


def _checked(exercise: Exercise, remote: Remote):
    """`check_function`; a judgement that breaks over what came back counts as not right."""
    try:
        with np.errstate(all="ignore"):
            return check_function(exercise, remote)
    except (TypeError, ValueError, KeyError, IndexError, AttributeError, ArithmeticError) as error:
        from course_lib.exercises.report import Report

        sentence = (
            f"{exercise.id} returned something that can't be judged ({type(error).__name__})."
        )
        return Report(exercise, NOT_RIGHT, (), sentence, failed=exercise.ladder[0].name)


def _for_remote(exercise: Exercise) -> Exercise:
    """The exercise with the calls of a class's rungs made in the sandbox."""
    if exercise.returns:
        return exercise

    def there(rung: Rung) -> Rung:
        def call(function, inputs):
            if isinstance(function, Remote):
                return function.run_inside(rung.call, inputs)
            return rung.call(function, inputs)

        return replace(rung, call=call)

    return replace(exercise, ladder=tuple(there(rung) for rung in exercise.ladder))


def _hidden(exercise: Exercise, case: Arrays) -> Rung:
    """A rung from inputs alone: the reference says what is right."""

    def inputs() -> Arrays:
        import copy

        return copy.deepcopy(case)

    def right() -> Arrays:
        values = exercise.reference(**inputs())
        return guard.name_outputs(exercise.returns, values)

    def judge(_: Arrays, outputs: Arrays) -> Problem | None:
        return unlike(outputs, right())

    return Rung("a hidden case", inputs, judge)


def load_cases(path: Path) -> dict[str, list[Arrays]]:
    """The instructor's own cases from a file.

    Raises:
        ValueError: if the file doesn't fit the exercises; the message says where.
    """
    try:
        return parse_cases(path.read_text(encoding="utf-8"), path)
    except OSError as error:
        raise ValueError(f"{path} can't be read ({error.strerror}).") from None


def parse_cases(text: str, path: object = "the cases") -> dict[str, list[Arrays]]:
    """The instructor's own cases: a JSON object from ids to lists of inputs by name.

    Args:
        text: JSON.
        path: what to call it in messages.

    Raises:
        ValueError: if it doesn't fit the exercises; the message says where.
    """
    try:
        content = json.loads(text)
    except ValueError as error:
        raise ValueError(f"{path} is not JSON: {error}.") from None
    if not isinstance(content, dict):
        raise ValueError(f"{path} must hold an object: exercise id to a list of cases.")
    found = {}
    for one, cases in content.items():
        if one not in ids():
            raise ValueError(f"{path}: there is no exercise called {one}.")
        exercise = get(one)
        if not exercise.returns:
            raise ValueError(f"{path}: {one} is a class; cases are for functions.")
        found[one] = []
        for number, case in enumerate(cases, 1):
            values = {name: _plain(value) for name, value in case.items()}
            try:
                outcome = climb(exercise, _hidden(exercise, values), exercise.reference,
                                guard.CappedOutput())  # fmt: skip
                if outcome.outputs is None:
                    raise ValueError(outcome.unusable)
                problem = judge_rung(_hidden(exercise, values), outcome)
            except Exception as error:
                raise ValueError(
                    f"{path}: the reference can't do case {number} of {one}: {error}"
                ) from None
            if problem is not None:
                raise ValueError(f"{path}: case {number} of {one} is not decided by its inputs.")
            found[one].append(values)
    return found


def _plain(value):
    if isinstance(value, list):
        return np.array(value)
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    return value


def _accuse(verdict: Verdict, replaced: list[str]) -> None:
    """A right answer beside replaced parts of Python or NumPy is for the instructor to look at."""
    what = ", ".join(replaced)
    verdict.remarks.append(f"While it ran, the notebook put in place or left behind: {what}.")
    if verdict.outcome == PASSED:
        verdict.outcome = TAMPERED
        verdict.sentence = (
            f"What it computes is right, but the notebook puts in place or leaves behind {what}: "
            "nothing that the judge relies on, yet no exercise needs it. Leave that out."
        )


def _found(defined: dict) -> dict[str, tuple[int, bool, list]]:
    found = defined.get("found")
    result = {}
    for name, facts in found.items() if isinstance(found, dict) else ():
        if isinstance(facts, list | tuple) and len(facts) == 3 and isinstance(facts[2], list):
            result[str(name)] = (facts[0] if type(facts[0]) is int else 0, bool(facts[1]), facts[2])
    return result


def _wanted(defined: dict) -> list[tuple[str, str, str]]:
    wanted = defined.get("wanted")
    return [
        (str(w[0]), str(w[1]), str(w[2]))
        for w in (wanted if isinstance(wanted, list) else ())
        if isinstance(w, list | tuple) and len(w) == 3
    ][:500]


def _names(defined: dict) -> set[str]:
    return set(_found(defined)) | {w[0] for w in _wanted(defined)}


def _texts(value) -> list[str]:
    return [str(one)[:500] for one in value[:50]] if isinstance(value, list) else []


def _for_want_of_tensorflow(remark: str) -> bool:
    return (
        re.search(r"No module named '(tensorflow|keras)|name '(keras|tf)' is not", remark)
        is not None
    )


def _named(one: str, cells: list) -> bool:
    return any(re.search(rf"\b(?:def|class) {re.escape(one)}\b", source) for _, source in cells)


def _which(one: str, found: dict, roles: dict[int, str]) -> tuple[str | None, str]:
    """The name under which a notebook answers an exercise, and what to say about it."""
    if one in found:
        return one, ""
    there = [name for name, (cell, _, _) in found.items() if roles.get(cell) == one]
    others = [name for name in there if name not in ids()]
    if len(others) == 1:
        return others[0], f"{one} was renamed: it is called {others[0]} here, and counts."
    plain = one.replace("_", "").lower()
    alike = [name for name in found if name.replace("_", "").lower() == plain]
    if len(alike) == 1:
        return alike[0], f"{one} was renamed: it is called {alike[0]} here, and counts."
    return None, ""


def _printed(remote: Remote) -> str:
    count, first = remote.printed
    return f"{count} characters, beginning with: {' '.join(first.split())}" if count else ""
