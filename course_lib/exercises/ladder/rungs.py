"""The rungs that most ladders share: shape, a case by hand, a property, a gradient, an oracle."""

import functools
import pickle
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from course_lib.exercises.calling.guard import RIGHT_ORDER, Unusable
from course_lib.exercises.exercise import Arrays, Problem, Rung
from course_lib.scratch.gradcheck import numerical_gradient
from course_lib.words import listed

REMEMBERED = 8  # right answers of one rung
SHAPES = "it runs, and the shapes are right"
WHOLE_NUMBERS = "whole numbers in, floating point out"


def irregular(*shape: int, shift: float = 0.0, scale: float = 1.0) -> np.ndarray:
    """Fixed numbers between -scale and scale with no pattern that a wrong answer could hide in.

    Not random: the same on every machine and for every version of NumPy.
    """
    i = np.arange(1, int(np.prod(shape)) + 1, dtype=float)
    return scale * np.sin(1.7 * i**1.3 + shift).reshape(shape)


def shapes(
    inputs: Callable[[], Arrays],
    call: Callable | None = None,
    more_in: tuple[str, ...] = (),
    **expected: Any,
) -> Rung:
    """The function returns arrays of the right shape.

    Args:
        inputs: makes the inputs.
        call: as in `Rung`.
        more_in: names of dicts that may hold more than they need.
        expected: for each output its shape, or for a dict its keys with their shapes.
    """

    def judge(given: Arrays, outputs: Arrays) -> Problem | None:
        for name, shape in expected.items():
            if not isinstance(shape, dict):
                continue
            there = outputs[name].keys()
            if not (there == shape.keys() or (there > shape.keys() and name in more_in)):
                keys = ", ".join(map(repr, outputs[name])) or "none"
                needed = ", ".join(map(repr, shape))
                return Problem(f"{name} has the keys {keys}; it needs {needed}.")
        wanted = {label: np.zeros(shape) for label, shape in _flat(expected).items()}
        problem = _first_of_another_shape(_flat(outputs), wanted)
        return problem and Problem(problem.sentence, what_came_in(given, call))

    return Rung(SHAPES, inputs, judge, call)


def floating(inputs: Callable[[], Arrays], *names: str, call: Callable | None = None) -> Rung:
    """Inputs of whole numbers still give floating point results."""

    def judge(_: Arrays, outputs: Arrays) -> Problem | None:
        for name in names:
            if outputs[name].dtype.kind != "f":
                return Problem(
                    f"{name} has dtype {outputs[name].dtype}, which rounds to whole numbers: "
                    "don't take the dtype of the output from integer inputs."
                )
        return None

    return Rung(WHOLE_NUMBERS, inputs, judge, call)


def by_hand(
    inputs: Callable[[], Arrays], how: str, call: Callable | None = None, **expected: Any
) -> Rung:
    """A case small enough to do by hand.

    Args:
        inputs: makes the inputs.
        how: the arithmetic that a person would do, for a later hint.
        call: as in `Rung`.
        expected: the right outputs.
    """

    def judge(given: Arrays, outputs: Arrays) -> Problem | None:
        problem = unlike(outputs, expected)
        if problem is None:
            return None
        details = {"with": _flat(given), **problem.details}
        return Problem(problem.sentence, details, problem.errors)

    return Rung("a case small enough to do by hand", inputs, judge, call, fixed=True, how=how)


def matches(
    name: str,
    inputs: Callable[[], Arrays],
    right: Callable[[Arrays], Arrays],
    sentence: str = "",
    call: Callable | None = None,
) -> Rung:
    """The outputs equal what `right` computes from the same inputs: an oracle or a definition.

    Args:
        name: what holds once the rung is passed.
        inputs: makes the inputs.
        right: from the inputs to the right outputs.
        sentence: what to say before the first difference.
        call: as in `Rung`.
    """
    right = remembering(right)

    def judge(given: Arrays, outputs: Arrays) -> Problem | None:
        problem = unlike(outputs, right(given))
        if problem is None:
            return None
        return Problem(f"{sentence} {problem.sentence}".strip(), problem.details, problem.errors)

    return Rung(name, inputs, judge, call, right=right.__wrapped__)


def times_as_far(before: Arrays, after: Arrays, gradient: Arrays) -> float | None:
    """How many times as far as they should weights have moved down a gradient, where they have
    moved in its direction; None where they haven't, or as far as they should.

    Args:
        before, after: weights by name.
        gradient: of these.
    """
    try:
        moved = np.concatenate([(before[n] - after[n]).ravel() for n in gradient])
    except ValueError:
        return None  # of another shape
    right = np.concatenate([one.ravel() for one in gradient.values()])
    times = float(moved @ right / (right @ right))
    if times <= 0 or not np.allclose(moved, times * right, rtol=1e-6, atol=1e-9 * abs(times)):
        return None
    return None if np.isclose(times, 1) else times


def remembering(right: Callable[[Arrays], Arrays]) -> Callable[[Arrays], Arrays]:
    """The same function, which keeps what it computed last: a rung is judged again and again with
    the same inputs, and centred differences take longer than all the rest.
    """
    known: dict[bytes, Arrays] = {}

    @functools.wraps(right)
    def remembering(given: Arrays) -> Arrays:
        try:
            key = pickle.dumps(given)
        except (pickle.PicklingError, AttributeError, TypeError):
            return right(given)
        if key not in known:
            if len(known) >= REMEMBERED:
                del known[next(iter(known))]
            known[key] = right(given)
        return known[key]

    return remembering


def isolating(
    inputs: Callable[[], Arrays],
    right: Callable[[Arrays], Arrays],
    terms: dict[str, tuple[str, ...]],
    call: Callable | None = None,
    of: dict[str, str] | None = None,
) -> tuple[Rung, ...]:
    """One rung a term of the formula, with all the others at zero.

    So the rung that fails says where to look, and of two faults each falls at its own rung.

    Args:
        inputs: makes the inputs.
        right: from the inputs to the right outputs, as in `matches`.
        terms: from each term, as a learner would write it, to the names of the inputs that are set
            to zero; "params.W_hf" is an entry of a dict.
        call: as in `Rung`.
        of: from a term to the only output that it is a term of, if there are others: they aren't
            looked at, for of them nothing is left out.

    Raises:
        KeyError: if there is no such input.
    """

    def alone(zeros: tuple[str, ...]) -> Callable[[], Arrays]:
        def given() -> Arrays:
            made = inputs()
            for name in zeros:
                *path, last = name.split(".")
                holder = made
                for key in path:
                    holder[key] = dict(holder[key])
                    holder = holder[key]
                holder[last] = np.zeros_like(holder[last])
            return made

        given()  # a name that isn't there is the author's mistake
        return given

    def looked_at(term: str) -> Callable[[Arrays], Arrays]:
        name = (of or {}).get(term)
        return (lambda given: {name: right(given)[name]}) if name else right

    return tuple(
        matches(
            f"only {term} matters",
            alone(zeros),
            looked_at(term),
            f"With {listed(zeros)} at zero, only {term} is left.",
            call,
        )
        for term, zeros in terms.items()
    )


def gradient(
    inputs: Callable[[], Arrays],
    loss: Callable[[Arrays], float],
    call: Callable | None = None,
    **of: str,
) -> Rung:
    """The outputs are gradients: centred differences in float64 must agree.

    Args:
        inputs: makes the inputs.
        loss: from the inputs to the number whose gradient is asked for.
        call: as in `Rung`.
        of: for each output the name of the input that it is the gradient with respect to.
    """

    def right(given: Arrays) -> Arrays:
        return {
            name: numerical_gradient(lambda: loss(given), given[moved])
            for name, moved in of.items()
        }

    return matches(
        "equal to centred differences of the loss",
        inputs,
        right,
        "Moving each number up and down a little gives a different gradient.",
        call,
    )


def holds(
    name: str,
    inputs: Callable[[], Arrays],
    call: Callable[[Callable, Arrays], Arrays],
    sentence: str,
    known: bool = False,
) -> Rung:
    """A property: the call gives pairs of outputs, `…` and `… expected`, that must be equal.

    Args:
        name: what holds once the rung is passed.
        inputs: makes the inputs.
        call: from the learner's function and the inputs to the pairs.
        sentence: what to say before the first difference.
        known: whether `… expected` is right for sure. By default both come from the learner's own
            function, so neither is called right.
    """

    def judge(_: Arrays, outputs: Arrays) -> Problem | None:
        expected = {
            key.removesuffix(" expected"): value
            for key, value in outputs.items()
            if key.endswith(" expected")
        }
        problem = unlike(outputs, expected) if known else unequal(outputs, expected)
        if problem is None:
            return None
        return Problem(f"{sentence} {problem.sentence}", problem.details, problem.errors)

    return Rung(name, inputs, judge, call)


def refuses(
    name: str,
    inputs: Callable[[], Arrays],
    asked: Callable[[Arrays], dict[str, tuple]],
    sentence: str,
) -> Rung:
    """A ValueError for whatever has no answer.

    Args:
        name: what holds once the rung is passed.
        inputs: makes the inputs.
        asked: from the inputs to the arguments of each call, by what is asked for.
        sentence: what to say behind the first that was taken.
    """

    def refused(function: Callable, arguments: tuple) -> bool:
        try:
            function(*arguments)
        except ValueError:
            return True
        except Unusable as failure:  # from a function in a sandbox: what it raised, in words
            return "ValueError" in str(failure)
        return False

    def call(function: Callable, given: Arrays) -> Arrays:
        return {one: refused(function, arguments) for one, arguments in asked(given).items()}

    def judge(_: Arrays, outputs: Arrays) -> Problem | None:
        taken = [one for one, well in outputs.items() if not well]
        return Problem(f"{taken[0]} {sentence}") if taken else None

    return Rung(name, inputs, judge, call)


DRAWN = "the generator decides, and nothing else"


def drawn(
    inputs: Callable[[], Arrays],
    draw: Callable[[Callable, Arrays, np.random.Generator], np.ndarray],
) -> Rung:
    """What is random comes from the generator that was handed in, and moves it on.

    Args:
        inputs: makes the inputs, with a "seed".
        draw: from the learner's function, the inputs and a generator to an array in which two
            draws differ.
    """

    def call(function: Callable, given: Arrays) -> Arrays:
        rng, same, other = (np.random.default_rng(given["seed"] + k) for k in (0, 0, 1))
        first, later = draw(function, given, rng), draw(function, given, rng)
        return {
            "same seed, same entries": np.array_equal(first, draw(function, given, same)),
            "other seed, other entries": not np.array_equal(first, draw(function, given, other)),
            "later draw, other entries": not np.array_equal(first, later),
        }

    def judge(_: Arrays, outputs: Arrays) -> Problem | None:
        if not outputs["same seed, same entries"]:
            return Problem(
                "Two generators with the same seed gave different results: draw from the rng that "
                "is handed in, and from nothing else."
            )
        if not outputs["other seed, other entries"]:
            return Problem("Generators with different seeds gave the same result: rng isn't used.")
        if not outputs["later draw, other entries"]:
            return Problem(
                "Two calls with one generator gave the same result: draw from rng itself, not from "
                "a copy of it, or the same entries are chosen for ever."
            )
        return None

    return Rung(DRAWN, inputs, judge, call)


def unequal(outputs: Arrays, others: Arrays) -> Problem | None:
    """The first output that isn't the same the other way, as a `Problem`; neither is called right.

    A value that isn't finite is a problem too, even where both ways agree on it.
    """
    for name, value in _flat(others).items():
        value = np.asarray(value)
        if value.dtype.kind == "f" and not np.isfinite(value).all():
            where = np.argwhere(~np.isfinite(value))[0]
            number = value[tuple(where)]
            return Problem(f"{name}{_at(where)} is {number}: not a finite number.")
    return unlike(outputs, others, own=True)


def unlike(outputs: Arrays, expected: Arrays, own: bool = False) -> Problem | None:
    """The first output that isn't as expected, as a `Problem` with its worst entry, else None.

    NaN is expected only where NaN is; `own` says that what is expected is the learner's own, too.

    Tolerance: rounding of float64 grows to some 1e-12 in these small cases, wrong answers differ by
    1e-3 and more, so 1e-7 tells them apart; what comes as float32 is held to 1e-4.
    """
    flat_outputs, flat_expected = _flat(outputs), _flat(expected)
    if problem := _first_of_another_shape(flat_outputs, flat_expected):
        return problem
    flat_outputs, flat_expected = _in_parts(flat_outputs, flat_expected)
    errors = {}
    first = None
    for name, right in flat_expected.items():
        got, right = np.asarray(flat_outputs[name]), np.asarray(right)
        if right.dtype.kind == "f" and not np.isfinite(got[np.isfinite(right)]).all():
            where = np.argwhere(~np.isfinite(got) & np.isfinite(right))[0]
            return Problem(f"{name}{_at(where)} is {got[tuple(where)]}: not a finite number.")
        tolerance = 1e-4 if got.dtype == np.float32 else 1e-7
        scale = max(1.0, np.abs(right * 1.0)[np.isfinite(right)].max(initial=0.0))
        if right.dtype.kind == "b":
            wrong = got.astype(float) != right
        else:
            wrong = ~np.isclose(got, right, rtol=tolerance, atol=tolerance * scale, equal_nan=True)
        errors[name] = _relative_error(got, right)
        if wrong.any() and first is None:
            off = np.nan_to_num(np.abs(got - right * 1.0), nan=np.inf)
            where = np.argwhere(wrong)[np.argmax(off[wrong])]
            first = (name, got, right, where)
    if first is None:
        return None
    name, got, right, where = first
    at = tuple(where)
    details = {}
    if right.ndim and right.size <= 24:
        what = name.removeprefix("the ")
        other = f"your {what}, the other way" if own else f"expected {what}"
        details = {other: right, f"your {what}": got}
    mine, wanted = _told_apart(got[at], right[at])
    numbers = f"{name}{_at(where)} is {mine}"
    if own:
        return Problem(f"{numbers} one way and {wanted} the other.", details, errors)
    sentence = f"{numbers}; it should be {wanted}."
    if other := _stands_at(name, flat_outputs, flat_expected):
        sentence += f" What you return as {other} would be right for {name}: "
        if _whole(other) == _whole(name):
            sentence += "have the real and the imaginary part changed places?"
        else:
            sentence += f"are {RIGHT_ORDER} {_order(flat_expected, (name, other))}."
    return Problem(sentence, details, errors)


def _stands_at(name: str, outputs: Arrays, expected: Arrays) -> str | None:
    """Another output that holds what is expected of this one, and isn't expected to."""
    right = np.asarray(expected[name])
    if right.size < 2:  # one number can be right by chance
        return None
    for other, got in outputs.items():
        got = np.asarray(got)
        if other == name or other not in expected or got.shape != right.shape:
            continue
        if np.allclose(got, right, equal_nan=True) and not np.allclose(expected[other], right):
            return other
    return None


def _order(names: Iterable[str], moved: Iterable[str]) -> str:
    """The results in their order; where only gradients have changed places, these alone.

    To a tape a function gives its gradients apart from its value.
    """
    names = list(dict.fromkeys(map(_whole, names)))
    if all(_whole(name).startswith("d") for name in moved):
        names = [name for name in names if name.startswith("d")]
    return ", ".join(names)


def _whole(name: str) -> str:
    """The name of complex numbers, from that of one of their two parts."""
    return name.removeprefix("Re ").removeprefix("Im ")


def _first_of_another_shape(outputs: Arrays, expected: Arrays) -> Problem | None:
    """The first output that is missing or of the wrong shape, as a `Problem`, else None."""
    for name in expected:
        if name not in outputs:
            return Problem(f"{name} is missing from what was returned.")
    got = {name: np.shape(outputs[name]) for name in expected}
    wanted = {name: np.shape(right) for name, right in expected.items()}
    for name, shape in wanted.items():
        if got[name] == shape:
            continue
        sentence = f"{name} has shape {got[name]}; it should be {shape or 'a single number'}."
        if sorted(got.values()) == sorted(wanted.values()):
            moved = [one for one in wanted if got[one] != wanted[one]]
            sentence += f" Are {RIGHT_ORDER} {_order(wanted, moved)}."
        elif sorted(got[name]) == sorted(shape):
            sentence += " The sizes are right, but the axes are in another order."
        return Problem(sentence)
    return None


def what_came_in(given: Arrays, call: Callable | None) -> dict[str, Arrays]:
    """A rung's inputs as details of a `Problem`: arrays by their shapes, and what is no array.

    The latter only where the inputs are the arguments as they stand: a call of the rung's own may
    make a generator of a seed.
    """
    flat = _flat(given)
    details = {"the shapes that came in": {n: np.shape(v) for n, v in flat.items() if np.ndim(v)}}
    if call is None:
        details["with"] = {name: v for name, v in flat.items() if not np.ndim(v)}
    return {label: values for label, values in details.items() if values}


def _relative_error(got: np.ndarray, right: np.ndarray) -> np.ndarray:
    got, right = got.astype(float), right.astype(float)
    return np.abs(got - right) / np.maximum(1e-8, np.abs(got) + np.abs(right))


def _flat(arrays: Arrays) -> Arrays:
    """Dicts inside the dict, as name['key']."""
    flat = {}
    for name, value in arrays.items():
        if isinstance(value, dict):
            flat |= {f"{name}['{key}']": entry for key, entry in value.items()}
        else:
            flat[name] = value
    return flat


def parts_of(name: str, numbers: np.ndarray) -> Arrays:
    """Real and imaginary part of complex numbers, each under its name."""
    return {f"Re {name}": numbers.real, f"Im {name}": numbers.imag}


def _in_parts(outputs: Arrays, expected: Arrays) -> tuple[Arrays, Arrays]:
    """The same with what is complex, here or there, in two parts."""
    ours, right = dict(outputs), {}
    for name, value in expected.items():
        pair = np.asarray(outputs[name]), np.asarray(value)
        if "c" in (pair[0].dtype.kind, pair[1].dtype.kind):
            ours |= parts_of(name, pair[0])
            right |= parts_of(name, pair[1])
        else:
            right[name] = value
    return ours, right


def _at(where: np.ndarray) -> str:
    return f"[{', '.join(str(int(i)) for i in where)}]" if len(where) else ""


def _told_apart(got: Any, right: Any) -> tuple[str, str]:
    """Two numbers as text, with as many digits as it takes to see that they differ."""
    for digits in (6, 9, 12, 17):
        both = _number(got, digits), _number(right, digits)
        if both[0] != both[1]:
            break
    return both


def _number(value: Any, digits: int) -> str:
    return str(bool(value)) if isinstance(value, np.bool_) else f"{float(value):.{digits}g}"
