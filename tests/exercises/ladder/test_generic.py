"""What every function promises: float64 out, and results that a later call leaves alone."""

import copy
import dataclasses
import inspect
import pickle

import numpy as np
import pytest

from course_lib.exercises.checker import check_function
from course_lib.exercises.ladder.generic import complete
from course_lib.exercises.ladder.rungs import WHOLE_NUMBERS
from course_lib.exercises.registry import get, ids

# Results are no arrays here (cells, True and False, a number of Python's), or exact in float32 too,
# as the codes of characters are.
WITHOUT_DIGITS = {
    *("fresh_cells", "stop_gate", "gradient_check", "final_accuracy"),
    *("carried_windows", "sample_with_temperature"),
}
WITHOUT_ARRAYS = {*WITHOUT_DIGITS, "cross_entropy_from_logits"}
# What a few inputs decide doesn't show in digits, and why.
NEEDS_NO_DIGITS = {
    "numerical_gradient": {"w": "no copy is what the loss looks at, and other rungs say so"},
    "grelu_backward": {"u": "only its sign matters"},
}
# What may be kept of an earlier call, and why.
MAY_BE_KEPT = {}
FUNCTIONS = [one for one in ids() if get(one).returns and get(one).kind != "project"]


def every_array(value, change, path=()):
    """Nested values with each array changed."""
    if isinstance(value, dict):
        return {key: every_array(one, change, (*path, key)) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(every_array(v, change, (*path, i)) for i, v in enumerate(value))
    if isinstance(value, np.ndarray | float):
        return change(np.asarray(value), path)
    return value


def changed(function, change):
    """The function, each array of its result changed."""
    return lambda *args, **named: every_array(function(*args, **named), change)


def single(array, _):
    cut = {"float64": np.float32, "complex128": np.complex64}
    return array.astype(cut.get(array.dtype.name, array.dtype))


def rounded(array, path):
    return single(array, path).astype(array.dtype)


@pytest.mark.parametrize("one", [one for one in FUNCTIONS if one not in WITHOUT_DIGITS])
@pytest.mark.parametrize("change", [single, rounded])
def test_what_is_cut_to_float32_is_refused(one, change):
    exercise = get(one)
    report = check_function(
        exercise, lambda *a, **k: every_array(exercise.reference(*a, **k), change)
    )
    assert report.failed == "float64 in, float64 out"
    assert "float32" in report.sentence


def test_inputs_that_are_cut_are_noticed_as_well():
    exercise = get("rnn_step")
    report = check_function(exercise, lambda *a: exercise.reference(*every_array(a, rounded)))
    assert report.failed == "float64 in, float64 out"


def test_a_small_number_against_a_division_by_zero_may_stay():
    exercise = get("rnn_step")
    assert check_function(exercise, lambda *a: exercise.reference(*a) * (1 - 1e-9)).ok


@pytest.mark.parametrize("one", [one for one in FUNCTIONS if one not in WITHOUT_ARRAYS])
def test_a_buffer_that_all_calls_share_is_refused(one):
    exercise, buffers = get(one), {}

    def kept(array, path):
        buffer = buffers.setdefault((path, array.shape, array.dtype.str), np.empty_like(array))
        buffer[...] = array
        return buffer

    report = check_function(
        exercise, lambda *a, **k: every_array(exercise.reference(*a, **k), kept)
    )
    assert report.failed == "a second call"
    assert "changed the result of an earlier call" in report.sentence


def test_a_cache_that_is_never_renewed_is_refused():
    def shape(v):
        return v.shape if isinstance(v, np.ndarray) else repr(v)

    exercise, results = get("masked_rnn_forward"), {}

    def remembers(*arguments):
        key = tuple(map(shape, arguments))
        results.setdefault(key, exercise.reference(*arguments))
        return copy.deepcopy(results[key])

    assert not check_function(exercise, remembers).ok
    alone = dataclasses.replace(exercise, ladder=exercise.ladder[-1:])
    results.clear()
    assert "compute the result again" in check_function(alone, remembers).sentence


def test_what_the_caller_handed_in_is_the_callers_to_change():
    """rnn_forward's cache holds its own arguments, and may."""
    exercise = get("rnn_forward")

    def views(x, h_0, W_xh, W_hh, b_h):
        h, _ = exercise.reference(x, h_0, W_xh, W_hh, b_h)
        return h, (x[:], h_0[:], h, W_xh[:], W_hh[:])

    assert check_function(exercise, views).ok


def test_single_precision_is_asked_for_where_it_is_promised():
    exercise = get("rnn_forward")
    promised = complete(dataclasses.replace(exercise, ladder=exercise.ladder[:-2], single=True))
    assert check_function(promised, exercise.reference).ok

    def doubles(*arguments):
        h, cache = exercise.reference(*arguments)
        return h.astype(float), cache

    report = check_function(promised, doubles)
    assert report.failed == "float32 in, float32 out"
    assert check_function(exercise, doubles).ok == (not exercise.single)


WITH_WHOLE_NUMBERS = [
    one for one in FUNCTIONS if any(rung.name == WHOLE_NUMBERS for rung in get(one).ladder)
]


@pytest.mark.parametrize("one", WITH_WHOLE_NUMBERS)
def test_what_whole_numbers_become_is_looked_at_as_well(one):
    """As from an array on the way that has their dtype, while the result has another."""
    exercise = get(one)

    def of_whole_numbers(value):
        if isinstance(value, dict | list | tuple):
            return any(map(of_whole_numbers, value.values() if isinstance(value, dict) else value))
        return isinstance(value, np.ndarray) and value.dtype.kind in "iu"

    def rounds(*arguments):
        results = exercise.reference(*arguments)
        if not of_whole_numbers(arguments):
            return results
        return every_array(results, lambda array, _: np.trunc(array))

    assert not check_function(exercise, rounds, named=False).ok


@pytest.mark.parametrize("one", [one for one in FUNCTIONS if one not in WITHOUT_DIGITS])
def test_whichever_input_is_cut_to_float32_it_is_noticed(one):
    exercise = get(one)
    digits = [rung for rung in exercise.ladder if rung.name == "float64 in, float64 out"]
    exercise = dataclasses.replace(exercise, ladder=tuple(digits))
    passed = {
        name
        for place, name in enumerate(inspect.signature(exercise.reference).parameters)
        if cuts_unnoticed(exercise, place)
    }
    assert passed == set(NEEDS_NO_DIGITS.get(one, ()))


def cuts_unnoticed(exercise, place):
    """Whether an answer passes that cuts one of its arguments, and there is something to cut."""
    cut = []

    def single_digits(array, path):
        short = rounded(array, path)
        cut.append(not np.array_equal(short, array, equal_nan=True))
        return short

    def answer(*arguments, **named):
        arguments = list(arguments)
        if place < len(arguments):
            arguments[place] = every_array(arguments[place], single_digits)
        return exercise.reference(*arguments, **named)

    return check_function(exercise, answer, named=False).ok and any(cut)


@pytest.mark.parametrize("one", [one for one in FUNCTIONS if one not in WITHOUT_ARRAYS])
def test_what_is_kept_of_earlier_calls_is_not_gone_on_from(one):
    """Results are kept by all the arguments but one."""
    exercise = get(one)
    passed = {
        name
        for place, name in enumerate(inspect.signature(exercise.reference).parameters)
        if forgets_unnoticed(exercise, place)
    }
    assert passed == set(MAY_BE_KEPT.get(one, ()))


def forgets_unnoticed(exercise, place):
    """Whether an answer passes that doesn't see when one of its arguments has other numbers."""
    results, wrong = {}, []

    def forgets(*arguments, **named):
        if not 0 <= place < len(arguments) or any(map(callable, arguments)):
            return exercise.reference(*arguments, **named)
        shapes = every_array(arguments[place], lambda array, _: array.shape)
        rest = (*arguments[:place], *arguments[place + 1 :])
        key = str(shapes), pickle.dumps((rest, named))
        if key in results:
            kept, now = results[key]
            wrong.append(now != pickle.dumps(arguments[place]))
        else:
            kept = exercise.reference(*arguments, **named)
            results[key] = kept, pickle.dumps(arguments[place])
        return copy.deepcopy(kept)

    return check_function(exercise, forgets, named=False).ok and any(wrong)
