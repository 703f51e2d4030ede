"""The rungs that every function has, made from its own ladder: precision, and a second call.

They stand last. Which of the ladder's inputs they use is tried with the reference, not declared.
"""

import copy
import functools
import inspect
import pickle
from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from course_lib.exercises.calling.guard import CappedOutput, NotWritten
from course_lib.exercises.exercise import Arrays, Exercise, Problem, Rung
from course_lib.exercises.ladder.climbing import called, climb
from course_lib.exercises.ladder.rungs import WHOLE_NUMBERS, parts_of
from course_lib.exercises.registry import get

NEAR = 1e-4  # what is farther off isn't rounded but wrong, and that is for other rungs to say
TINY = 1e-6  # a change of the inputs that float64 answers smoothly
FULL = 1e-9  # how smoothly: float64 is off by 1e-12 in these small cases, float32 by 1e-7
SMALL = 1e-2  # what is smaller is a difference of larger numbers, and has fewer digits
REMEMBERED = 500  # results of references
TRACE = 1e-12  # too small to show in a result, large enough that the inputs aren't equal
EVERYTHING = "all of the inputs"  # no input has a name with a space
SHRUNK = -0.25  # other numbers of the same kind: small enough where the first ones were


def complete(exercise: Exercise) -> Exercise:
    """The exercise with the generic rungs at the end of its ladder; classes and projects have none.

    What whole numbers become is asked after all else, too: whoever cuts a formula short may fall
    there, and the dtype would be blamed for it.
    """
    if not exercise.returns or exercise.kind == "project":
        return exercise
    own = [
        _right_as_well(exercise, rung) if rung.name == WHOLE_NUMBERS else rung
        for rung in sorted(exercise.ladder, key=lambda rung: rung.name == WHOLE_NUMBERS)
    ]
    rungs = [full_precision(exercise), other_layout(exercise), second_call(exercise)]
    if exercise.single:
        rungs.insert(1, single_precision(exercise))
    return replace(exercise, ladder=(*own, *rungs))


def _right_as_well(exercise: Exercise, rung: Rung) -> Rung:
    """What whole numbers become is floating point, and right too."""

    def judge(given: Arrays, outputs: Arrays) -> Problem | None:
        if problem := rung.judge(given, outputs):
            return problem
        both = _beside(outputs, _of_reference(exercise, rung, given))  # a cache may hold more
        own, right = ({name: pair[which] for name, pair in both.items()} for which in (0, 1))
        if off := _differ(own, right, NEAR):
            wrong = f"{off[0]} is wrong where whole numbers come in"
            if off[1] == np.inf:  # another shape, or no number: nothing was rounded
                return Problem(f"{wrong}.")
            return Problem(
                f"{wrong}: an array on the way may have their dtype, which rounds whatever is "
                "written to it."
            )
        return None

    return replace(rung, judge=judge)


def full_precision(exercise: Exercise) -> Rung:
    """Float64 in gives float64 out, in its digits and not in its name alone.

    What is cut to float32 on the way, or rounded, answers a tiny change of the inputs in jumps. A
    formula that differs by a small constant, against a division by zero, does not, and may stay.
    """

    def inputs() -> Arrays:
        made = {base.name: base.inputs() for base in _bases(exercise)}
        return {name: {"here": one, "beside": moved(one, TINY)} for name, one in made.items()}

    def call(function: Callable, given: Arrays) -> Arrays:
        return {
            base.name: {
                where: called(exercise, base, function, one)
                for where, one in given[base.name].items()
            }
            for base in _bases(exercise)
        }

    def judge(given: Arrays, outputs: Arrays) -> Problem | None:
        found = (judge_one(base, given[base.name], outputs[base.name]) for base in _bases(exercise))
        return next(filter(None, found), None)

    def judge_one(base: Rung, given: Arrays, outputs: Arrays) -> Problem | None:
        right = {where: _of_reference(exercise, base, given[where]) for where in given}
        for name, (got, exact) in _beside(outputs["here"], right["here"]).items():
            single = exercise.returns.get(name.split("[")[0]) != "number" and got.dtype.itemsize < 8
            if exact.dtype == np.float64 and got.dtype.kind == "f" and single:
                return Problem(
                    f"{name} has dtype {got.dtype}, which keeps {np.finfo(got.dtype).precision} "
                    "digits: float64 in gives float64 out, so keep the inputs' dtype all the way."
                )
        if any(_differ(outputs[where], right[where], NEAR) for where in given):
            return None
        if off := _differ(_change(outputs), _change(right), FULL):
            return Problem(
                f"{off[0]} is right in its first digits only, as where something on the way is "
                "computed in float32, is rounded, or is a search that ends too early: float64 in "
                "gives float64 out, in all its digits."
            )
        return None

    return Rung("float64 in, float64 out", inputs, judge, call, of_all=True)


def _change(outputs: Arrays) -> Arrays:
    """From here to beside, as a share of each output's size."""
    changes = {}
    for name, (beside, here) in _beside(outputs["beside"], outputs["here"]).items():
        if here.dtype.kind == "f" and here.size:
            here, beside = here.astype(float), beside.astype(float)
            size = np.abs(here[np.isfinite(here)]).max(initial=SMALL)
            changes[name] = (beside - here) / size
    return changes


def single_precision(exercise: Exercise) -> Rung:
    """Float32 in gives float32 out, for references that promise it."""

    def inputs() -> Arrays:
        return _as_single(_base(exercise).inputs())

    def call(function: Callable, given: Arrays) -> Arrays:
        return called(exercise, _base(exercise), function, given)

    def judge(given: Arrays, outputs: Arrays) -> Problem | None:
        right = _of_reference(exercise, _base(exercise), given)
        for name, (got, exact) in _beside(outputs, right).items():
            if exact.dtype == np.float32 and got.dtype != np.float32:
                return Problem(
                    f"{name} has dtype {got.dtype} for float32 inputs: float32 in gives float32 "
                    "out. An array that you make needs their dtype, and so do your constants."
                )
        return None

    return Rung("float32 in, float32 out", inputs, judge, call, of_all=True)


def other_layout(exercise: Exercise) -> Rung:
    """Arrays that are views with gaps, and read-only, give the same as plain ones."""

    @functools.cache
    def may_be_strided() -> bool:
        base = _base(exercise)
        try:
            _of_reference(exercise, base, _strided(base.inputs()))
        except LookupError:  # the reference moves its inputs, and puts them back
            return False
        return True

    def inputs() -> Arrays:
        one = _base(exercise).inputs()
        return {"plain": one, "strided": _strided(one) if may_be_strided() else one}

    def call(function: Callable, given: Arrays) -> Arrays:
        base = _base(exercise)
        return {how: called(exercise, base, function, given[how]) for how in given}

    def judge(given: Arrays, outputs: Arrays) -> Problem | None:
        right = [_of_reference(exercise, _base(exercise), given[how]) for how in given]
        if _differ(*right, NEAR):  # it draws at random
            return None
        if off := _differ(outputs["plain"], outputs["strided"], NEAR):
            return Problem(
                f"{off[0]} is different when the same inputs come as views of larger arrays: "
                "don't rely on how an array lies in memory (ravel and reshape may copy then)."
            )
        return None

    return Rung("arrays that lie apart in memory", inputs, judge, call, of_all=True)


def _strided(value: Any) -> Any:
    """The same arrays as read-only views with gaps."""
    if isinstance(value, dict):
        return {name: _strided(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_strided(one) for one in value)
    if isinstance(value, np.ndarray) and value.ndim:
        larger = np.zeros((*value.shape[:-1], 2 * value.shape[-1]), value.dtype)
        view = larger[..., ::2]
        view[...] = value
        view.flags.writeable = False
        return view
    return copy.deepcopy(value)


def second_call(exercise: Exercise) -> Rung:
    """A later call leaves earlier results as they were, and doesn't repeat them.

    Nor does it go on from what was kept of some of the inputs: where one of them alone has other
    numbers, all else may be taken for known, but not where all else is off by a trace.
    """

    @functools.cache
    def moved_alone() -> dict[str, Rung]:
        return {
            name: base
            for base in reversed(_bases(exercise))  # where several show an input, the first does
            for name in base.inputs()
            if _may_move_alone(exercise, base, name)
        }

    def inputs() -> Arrays:
        one = _base(exercise).inputs()
        given = {EVERYTHING: {"moved": moved(one, SHRUNK), "here": one}}
        for name, base in moved_alone().items():
            one = base.inputs()
            there = {**one, name: moved(one[name], SHRUNK)}
            # Here first: of what is kept of the last call alone, nothing else would be left.
            given[name] = {"here": one, "moved": there, "beside": moved(there, TRACE)}
        return given

    def call(function: Callable, given: Arrays) -> Arrays:
        bases = {EVERYTHING: _base(exercise), **moved_alone()}
        return {
            name: {
                where: called(exercise, bases[name], function, one) for where, one in calls.items()
            }
            for name, calls in given.items()
        }

    def judge(given: Arrays, outputs: Arrays) -> Problem | None:
        for name in given:
            results = outputs[name]
            if name == EVERYTHING or not _differ(results["moved"], results["beside"], NEAR):
                continue
            # What the rung's call works out of its inputs is no argument of the function's.
            is_handed_in = name in inspect.signature(exercise.reference).parameters
            where = f", where {name} alone was another than before" if is_handed_in else ""
            return Problem(
                "Two calls whose inputs differ by less than a billionth gave different results"
                f"{where}: one went on from something that an earlier call had kept. Compute all "
                "of it again at each call."
            )
        if _differ(*outputs[EVERYTHING].values(), 0.0) is not None:
            return None
        base = _base(exercise)
        right = [_of_reference(exercise, base, one) for one in given[EVERYTHING].values()]
        if _differ(*right, NEAR) is None:
            return None
        return Problem(
            f"{exercise.id} gives the same result for different numbers of the same shapes: "
            "compute the result again at each call, from the arguments alone."
        )

    return Rung("a second call", inputs, judge, call, hold=True, of_all=True)


def _may_move_alone(exercise: Exercise, base: Rung, name: str) -> bool:
    """Whether the reference gives another result where one input alone has other numbers, and
    nearly the same one next to it.
    """
    given = base.inputs()
    if any(map(callable, given.values())):  # a loss may look at what is moved
        return False
    there = {**given, name: moved(given[name], SHRUNK)}
    try:
        before, here, beside = (
            _of_reference(exercise, base, one) for one in (given, there, moved(there, TRACE))
        )
    except LookupError:
        return False
    return _differ(before, here, NEAR) is not None and _differ(here, beside, NEAR) is None


@functools.cache
def _base_of(exercise_id: str, ladder: tuple[Rung, ...]) -> Rung:
    exercise = get(exercise_id)
    own = [rung for rung in ladder if not rung.of_all]
    # Plain calls first, then those with the most numbers: they show most.
    own.sort(key=lambda rung: (rung.call is not None, -_size(rung.inputs())))
    telling = [rung for rung in own if _tells(exercise, rung)]
    plain = [rung for rung in telling if _gives_what_is_returned(exercise, rung)]
    return (plain or telling or own)[0]


def _base(exercise: Exercise) -> Rung:
    """The rung whose inputs and call the generic rungs use."""
    return _base_of(exercise.id, exercise.ladder)


@functools.cache
def _bases_of(exercise_id: str, ladder: tuple[Rung, ...]) -> tuple[Rung, ...]:
    exercise = get(exercise_id)
    base = _base_of(exercise_id, ladder)
    if not _tells(exercise, base):
        return (base,)
    shown, chosen = _shows(exercise, base), [base]
    for rung in ladder:
        if rung.of_all or rung is base or not _tells(exercise, rung):
            continue
        if not _gives_what_is_returned(exercise, rung):
            continue
        if more := _shows(exercise, rung, but=shown):
            shown |= more
            chosen.append(rung)
    return tuple(chosen)


def _bases(exercise: Exercise) -> tuple[Rung, ...]:
    """The rungs at which lost digits show: the base, and one more for what says little there."""
    return _bases_of(exercise.id, exercise.ladder)


def _shows(exercise: Exercise, rung: Rung, but: Collection = ()) -> set[tuple]:
    """What a rung says much about: which inputs, and of results which kinds of numbers.

    Args:
        exercise: what was asked for.
        rung: which one.
        but: what need not be looked at.
    """
    given = rung.inputs()
    right = _of_reference(exercise, rung, given)
    shown = {(name, np.asarray(one).dtype.kind) for name, one in right.items()} - set(but)
    for path in set(_floats(given)) - set(but):
        try:
            other = _of_reference(exercise, rung, _moved_at(given, path))
        except LookupError:
            continue
        change = _change({"here": right, "beside": other})
        if any(np.abs(one).max(initial=0.0) > SMALL for one in change.values()):
            shown.add(path)
    return shown


def _floats(value: Any, path: tuple = ()) -> Iterator[tuple]:
    """Where floating point numbers stand in nested inputs."""
    if isinstance(value, dict | list | tuple):
        for key, one in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _floats(one, (*path, key))
    elif isinstance(value, float) or (isinstance(value, np.ndarray) and value.dtype.kind in "fc"):
        yield path


def _moved_at(value: Any, path: tuple) -> Any:
    """The same inputs with the numbers at one place moved."""
    if not path:
        return moved(value, SHRUNK)
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    made = {key: _moved_at(one, path[1:]) if key == path[0] else one for key, one in pairs}
    return made if isinstance(value, dict) else type(value)(made.values())


def _tells(exercise: Exercise, rung: Rung) -> bool:
    """Whether the reference gives other finite numbers for other inputs of a rung."""
    try:
        one = _of_reference(exercise, rung, rung.inputs())
        other = _of_reference(exercise, rung, moved(rung.inputs(), SHRUNK))
    except (NotWritten, LookupError, ValueError, TypeError, ArithmeticError):
        return False
    sizes = [np.abs(v).max(initial=0.0) for v in _flat(one).values() if v.dtype.kind == "f"]
    return SMALL < max(sizes, default=0.0) < np.inf and _differ(one, other, NEAR) is not None


def _gives_what_is_returned(exercise: Exercise, rung: Rung) -> bool:
    """Whether a rung's call hands on what the function returns, not facts about it."""
    return exercise.returns.keys() >= _of_reference(exercise, rung, rung.inputs()).keys()


def _of_reference(exercise: Exercise, rung: Rung, given: Arrays) -> Arrays:
    """What the reference makes of a rung's inputs; worked out once for a whole class.

    Raises:
        LookupError: if it makes nothing of them.
    """
    try:
        key = exercise.id, rung.call, pickle.dumps(given), str(_strides(given))
    except (pickle.PicklingError, AttributeError, TypeError):
        return _worked_out(exercise, rung, given)
    if key not in _known:
        if len(_known) >= REMEMBERED:
            del _known[next(iter(_known))]
        _known[key] = _worked_out(exercise, rung, given)
    return copy.deepcopy(_known[key])


_known: dict[tuple, Arrays] = {}


def _strides(value: Any) -> Any:
    """How the arrays in nested values lie in memory."""
    if isinstance(value, dict):
        return [_strides(one) for one in value.values()]
    if isinstance(value, list | tuple):
        return [_strides(one) for one in value]
    return value.strides if isinstance(value, np.ndarray) else ()


def _worked_out(exercise: Exercise, rung: Rung, given: Arrays) -> Arrays:
    same = replace(rung, inputs=lambda: given)
    outcome = climb(exercise, same, exercise.reference, CappedOutput())
    if outcome.outputs is None:
        raise LookupError(outcome.unusable)
    return outcome.outputs


def moved(value: Any, by: float) -> Any:
    """Other numbers of the same kind: each floating point entry changed by about a share of it.

    Args:
        value: arrays and numbers, in dicts and lists; what isn't floating point stays.
        by: the share.
    """
    if isinstance(value, dict):
        return {name: moved(one, by) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(moved(one, by) for one in value)
    if isinstance(value, np.ndarray) and value.dtype.kind in "fc":
        wave = 1 + 0.5 * np.cos(np.arange(value.size)).reshape(value.shape)
        return (value * (1 + by * wave)).astype(value.dtype)
    if isinstance(value, float):
        return value * (1 + by)
    return copy.deepcopy(value)


def _as_single(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _as_single(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_as_single(one) for one in value)
    if isinstance(value, np.ndarray) and value.dtype == np.float64:
        return value.astype(np.float32)
    return value


def _size(value: Any) -> int:
    if isinstance(value, dict):
        return sum(map(_size, value.values()))
    if isinstance(value, list | tuple):
        return sum(map(_size, value))
    return value.size if isinstance(value, np.ndarray) and value.dtype.kind in "fc" else 0


def _flat(value: Any, name: str = "") -> dict[str, np.ndarray]:
    """Nested outputs as one dict of real arrays, name['key']."""
    if isinstance(value, dict):
        pairs = ((f"{name}[{k!r}]" if name else str(k), one) for k, one in value.items())
        return {full: array for n, one in pairs for full, array in _flat(one, n).items()}
    array = np.asarray(value)
    return parts_of(name, array) if array.dtype.kind == "c" else {name: array}


def _beside(outputs: Arrays, right: Arrays) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """The outputs beside the right ones, where both have them."""
    own, exact = _flat(outputs), _flat(right)
    return {name: (own[name], exact[name]) for name in exact if name in own}


def _differ(a: Arrays, b: Arrays, tolerance: float) -> tuple[str, float] | None:
    """The first output in which two differ, and by how much of its size; None: in none."""
    flat_a, flat_b = _flat(a), _flat(b)
    if flat_a.keys() != flat_b.keys():
        return next(iter(flat_a.keys() ^ flat_b.keys())), np.inf
    for name, one in flat_a.items():
        other = flat_b[name]
        if one.shape != other.shape:
            return name, np.inf
        if one.dtype.kind not in "biuf" or other.dtype.kind not in "biuf" or not one.size:
            continue
        one, other = one.astype(float), other.astype(float)
        if not np.array_equal(np.isfinite(one), np.isfinite(other)):
            return name, np.inf
        real = np.isfinite(other)
        scale = max(1.0, np.abs(other[real]).max(initial=0.0))
        error = np.abs(one - other)[real].max(initial=0.0) / scale
        if error > tolerance:
            return name, float(error)
    return None


def _digits(dtype: np.dtype) -> int:
    return np.finfo(dtype).precision if dtype.kind == "f" else 0
