"""One rung: call a function as the rung says, and judge what came out."""

import contextlib
import inspect
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from course_lib.exercises.calling.algebra import finite_algebra
from course_lib.exercises.calling.guard import (
    RAISED,
    CappedOutput,
    Elsewhere,
    Guarded,
    Unusable,
    guarded,
    held,
    limit,
    name_outputs,
    what_failed,
    with_article,
)
from course_lib.exercises.calling.unharmed import no_threads_left, whole_libraries, within_bounds
from course_lib.exercises.exercise import Arrays, Exercise, Problem, Rung
from course_lib.exercises.ladder.bases import forgets_its_base
from course_lib.exercises.ladder.graph_rungs import STUMBLES
from course_lib.exercises.ladder.rungs import SHAPES, what_came_in
from course_lib.exercises.registry import get, ids
from course_lib.graphs import as_in_a_new_notebook, namespace_of

POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
# What the judgement of a rung raises over arrays that nobody thought of.
UNFORESEEN = (TypeError, ValueError, KeyError, IndexError, AttributeError, ArithmeticError)

RUNGS_WORTH = 6  # time limits of a rung that all rungs together may take
NAMED_WITHIN = 2.4  # seconds of the processor after which a check looks no further for a name
NAMED_BY = 20.0  # the same by the clock, where the processor is busy with other work, or waits
PATIENCE = {"speed up": 4}  # on a busy machine XLA takes its time


class Budget:
    """The time for a whole check, from now on; it is looked at between rungs.

    Args:
        exercise: what is checked; some kinds get more.
    """

    def __init__(self, exercise: Exercise):
        self.limit = PATIENCE.get(exercise.kind, 1) * RUNGS_WORTH * limit.TIME_LIMIT
        self._clock, self._began = time.monotonic(), time.process_time()
        self.until = self._clock + self.limit

    @property
    def spent(self) -> bool:
        """Whether nothing is left of it."""
        return time.monotonic() >= self.until

    @property
    def for_a_name(self) -> float:
        """Seconds of the processor that are left for finding a name, so that nobody waits long."""
        if time.monotonic() - self._clock > NAMED_BY:
            return 0.0
        return max(0.0, NAMED_WITHIN - (time.process_time() - self._began))

    def over(self, seconds: float) -> Callable[[], bool]:
        """A test for the end of a part of the search for a name.

        Args:
            seconds: of the processor, from now on, that the part may take.
        """
        until = time.process_time() + seconds
        return lambda: time.process_time() > until or not self.for_a_name


@dataclass(frozen=True)
class Outcome:
    """What a function made of one rung: named outputs, or why there are none.

    Args:
        outputs: plain arrays by name, or None.
        unusable: one sentence.
        kind: of `Unusable`.
        where: the operation that failed, with its operands (see `failure`); empty if unknown.
        unpacked: what to say if the shapes are wrong, where one array came for several outputs.
    """

    outputs: Arrays | None = None
    unusable: str = ""
    kind: str = ""
    where: str = ""
    unpacked: str = ""


def climb(
    exercise: Exercise,
    rung: Rung,
    function: Callable,
    output: CappedOutput,
    own: Mapping[str, Callable] = MappingProxyType({}),
    patience: float | None = None,
    traced: bool = True,
) -> Outcome:
    """Call the function as the rung says. This half runs the learner's code.

    Args:
        exercise: what was asked for.
        rung: which one.
        function: what the learner wrote.
        output: takes what it prints.
        own: what of the learner's has passed already, by id.
        patience: how many times the usual time limit it may take; None: as its kind needs.
        traced: whether TensorFlow makes graphs where it is asked to.

    Raises:
        NotWritten: if a stub was reached.
    """
    inputs = rung.inputs()
    if patience is None:
        patience = PATIENCE.get(exercise.kind, 1)
    try:
        with (
            within_bounds(exercise.id),
            reference_parts(exercise, function, own),
            guarded(exercise.id, function, output, patience),
            no_threads_left(),
            finite_algebra(),
            # What runs elsewhere leaves the libraries of this process alone.
            contextlib.nullcontext() if isinstance(function, Elsewhere) else whole_libraries(),
            as_in_a_new_notebook(traced),
        ):
            _see_what_it_is(exercise, function)
            callee = function
            if exercise.returns:
                watched = held(function, exercise.id) if rung.hold else function
                callee = Guarded(watched, exercise.id, exercise.returns, exercise.by_seed)
            outputs = called(exercise, rung, callee, inputs)
            return Outcome(outputs, unpacked=getattr(callee, "unpacked", ""))
    except Unusable as problem:
        where = problem.where
        if problem.kind == RAISED and not where:
            where = what_failed(problem.__context__, function)
        return Outcome(None, str(problem), problem.kind, where)


def _see_what_it_is(exercise: Exercise, function: Callable) -> None:
    """A class where one is asked for, else a function that takes as many arguments as it gets.

    Raises:
        Unusable: if it is something else.
    """
    wanted = "class" if isinstance(exercise.reference, type) else "function"
    if not callable(function):
        raise Unusable(f"{exercise.id} is {_a_kind(function)}, not a {wanted}.")
    if isinstance(function, type) and wanted == "function":
        raise Unusable(f"{exercise.id} is a class; it should be a function: begin with `def`.")
    if inspect.isfunction(function) and wanted == "class":
        raise Unusable(f"{exercise.id} is a function; it should be a class: begin with `class`.")
    if isinstance(function, type) and forgets_its_base(function):
        raise Unusable(
            f"The __init__ of {exercise.id} doesn't call super().__init__(), which makes it a "
            f"{function.__base__.__name__}: begin with that line."
        )
    if wanted == "function" and inspect.isfunction(function):
        names = list(inspect.signature(exercise.reference).parameters)
        parameters = inspect.signature(function).parameters.values()
        if any(p.kind == p.VAR_POSITIONAL for p in parameters):
            return
        required = [p for p in parameters if p.kind in POSITIONAL and p.default is p.empty]
        able = [p for p in parameters if p.kind in POSITIONAL]
        fewest = _required(exercise.reference)
        if len(required) > len(names) or len(able) < fewest:
            raise Unusable(
                f"{exercise.id} takes {len(able)} argument{'s' * (len(able) != 1)}; it is called "
                f"with {len(names)}: {', '.join(names)}."
            )


def _required(function: Callable) -> int:
    parameters = inspect.signature(function).parameters.values()
    return sum(p.kind in POSITIONAL and p.default is p.empty for p in parameters)


def _a_kind(value: object) -> str:
    return with_article(type(value).__name__[:40])


def called(exercise: Exercise, rung: Rung, callee: Callable, inputs: Arrays) -> Arrays:
    """Named outputs of the rung's call, or of a plain call where it has none of its own.

    A call that works with classes or tensors can't be cut in two: it runs where the answer is.
    """
    if not exercise.returns and isinstance(callee, Elsewhere):
        return callee.run_inside(rung.call, inputs)
    if rung.call is not None:
        return rung.call(callee, inputs)
    return name_outputs(exercise.returns, callee(*inputs.values()))


def judge(rung: Rung, outcome: Outcome) -> Problem | None:
    """Compare what came out with what should have. This half sees plain arrays only."""
    if outcome.outputs is None:
        over = re.search(r" raised Untraceable: (\w+)", outcome.unusable)
        if over and over[1] in STUMBLES:  # else an exception of the learner's own
            return Problem(STUMBLES[over[1]])  # where no rung of its own looks at that
        raised = " raised " in outcome.unusable
        details = what_came_in(rung.inputs(), rung.call) if raised else {}
        return Problem(outcome.unusable, details)
    try:
        with np.errstate(all="ignore"):
            problem = rung.judge(rung.inputs(), outcome.outputs)
    except UNFORESEEN as error:
        return Problem(f"What was returned can't be judged ({type(error).__name__}: {error}).")
    if problem is not None and outcome.unpacked and rung.name == SHAPES:
        return Problem(outcome.unpacked, problem.details)
    return problem


@contextlib.contextmanager
def reference_parts(
    exercise: Exercise, function: Callable, own: Mapping[str, Callable]
) -> Iterator[None]:
    """While it lasts, the function finds the reference's other exercises in place of the learner's.

    So each exercise is judged on its own: a wrong `rnn_step` doesn't fail a right `rnn_forward`.
    Only a twin that has passed, and is still the same, stays the learner's own.
    """
    namespace = namespace_of(function)
    others = {*exercise.uses, *(name for name in ids() if name in namespace)} - {exercise.id}
    if exercise.twin in own and namespace.get(exercise.twin) is own[exercise.twin]:
        others.discard(exercise.twin)
    parts = {name: get(name).reference for name in others}
    before = {name: namespace[name] for name in parts if name in namespace}
    namespace.update(parts)
    try:
        yield
    finally:
        for name in parts:
            namespace.pop(name, None)
        namespace.update(before)
