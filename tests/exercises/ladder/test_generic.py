"""What every function promises: float64 out, and results that a later call leaves alone."""

import copy
import dataclasses
import inspect
import pickle

import numpy as np
import pytest

from course_lib.exercises.calling.guard import CappedOutput
from course_lib.exercises.checker import check_function
from course_lib.exercises.ladder.climbing import climb, judge
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
# What no rung gives other numbers while all else stays, so that nobody can tell; and why.
OF_THE_STATE = "the state that is handed in beside it has other numbers, too"
WHOLE = "a whole number; another one goes with other shapes or a case of its own"
NEVER_ALONE = {
    "read_digits": {"size": WHOLE},
    "rnn_step_backward": dict.fromkeys(("x_t", "h_prev", "W_xh", "W_hh"), OF_THE_STATE),
    "numerical_gradient": dict.fromkeys(("loss", "w", "step"), "each loss is a new function"),
    "truncated_bptt": {"labels": WHOLE, "window": WHOLE},
    "update_on_window": {"labels": WHOLE},
    "lstm_step_backward": {"params": "the cache that is handed in beside it is another, too"},
    "grelu_backward": {"u": "only its sign matters"},
    "propagate": {"form": "a name; another one goes with other weights"},
    "gradual_dropout": {"training": "True or False; the other one goes with other numbers"},
    "scan": {"join": "a function, which is new for each rung"},
    "scan_backward": dict.fromkeys(("a", "h_0"), OF_THE_STATE),
}
# What is True or False changes alone, but not from one call to the next.
NEVER_NEXT = {"masked_rnn_forward": {"mask"}, "dropout_between_layers": {"training"}}
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
@pytest.mark.parametrize("kept", [1, None], ids=["the last result", "all results"])
def test_what_is_kept_of_earlier_calls_is_not_gone_on_from(one, kept):
    """Results are kept by all the arguments but one."""
    exercise = get(one)
    unnoticed, never_alone = set(), set()
    for place, name in enumerate(inspect.signature(exercise.reference).parameters):
        answer, wrong = that_forgets(exercise.reference, place, kept)
        if not refuses(exercise, answer):
            (unnoticed if any(wrong) else never_alone).add(name)
    assert unnoticed == set()
    never_next = NEVER_NEXT.get(one, set()) if kept else set()
    assert never_alone == set(NEVER_ALONE.get(one, ())) | never_next


def test_of_inputs_that_are_no_arguments_no_report_says_that_they_changed():
    """The cache and the state that are handed in are worked out of them."""
    exercise = get("rnn_step_backward")
    rung = exercise.ladder[-1]
    given, outputs = (
        rung.inputs(),
        climb(exercise, rung, exercise.reference, CappedOutput()).outputs,
    )
    others = {name: calls for name, calls in outputs.items() if "beside" in calls}
    for name, calls in others.items():
        changed = {**outputs, name: {**calls, "moved": calls["here"]}}
        told = f"where {name} alone" in rung.judge(given, changed).sentence
        assert told == (name in inspect.signature(exercise.reference).parameters)
    assert others.keys() - inspect.signature(exercise.reference).parameters.keys() == {"b_h"}


def test_names_of_inputs_are_no_names_of_calls():
    """Those of combine are first and second."""
    assert list(get("combine").ladder[-1].inputs())[1:] == ["first", "second"]


@pytest.mark.parametrize("wrong", [lambda a: a * np.nan, lambda a: a[..., None]])
def test_of_what_is_no_number_for_whole_numbers_no_dtype_is_blamed(wrong):
    exercise = get("rnn_step")
    rung = next(rung for rung in exercise.ladder if rung.name == WHOLE_NUMBERS)
    right = climb(exercise, rung, exercise.reference, CappedOutput()).outputs
    found = rung.judge(rung.inputs(), every_array(right, lambda array, _: wrong(array)))
    assert found.sentence == "h_t is wrong where whole numbers come in."
    found = rung.judge(rung.inputs(), every_array(right, lambda array, _: np.trunc(array)))
    assert "rounds" in found.sentence


def that_forgets(reference, place, kept):
    """An answer that doesn't see when one of its arguments has other numbers; and when it didn't.

    Args:
        reference: the right answer.
        place: of the argument.
        kept: how many results it keeps; None: all of them.
    """
    results, wrong = {}, []

    def forgets(*arguments):
        if place >= len(arguments):
            return reference(*arguments)
        known = [one if callable(one) else pickle.dumps(one) for one in arguments]
        now = known.pop(place)
        key = str(every_array(arguments[place], lambda array, _: array.shape)), *known
        if key in results:
            result, then = results[key]
            wrong.append(then != now)
        else:
            result = reference(*arguments)
            results[key] = copy.deepcopy(result), now
            while len(results) > (kept or np.inf):
                del results[next(iter(results))]
        return copy.deepcopy(result)

    return forgets, wrong


def refuses(exercise, answer):
    """Whether some rung does; no name is looked for, which takes longest."""
    for rung in reversed(exercise.ladder):
        if judge(rung, climb(exercise, rung, answer, CappedOutput())):
            return True
    return False
