"""Whatever a learner's function does ends in a sentence, and the notebook goes on."""

import functools
import importlib
import os
import re
import signal
import sys
import time
import types

import numpy as np
import pytest
import tensorflow as tf

from course_lib.exercises import check
from course_lib.exercises.calling import guard
from course_lib.exercises.calling.guard import Guarded, Unusable
from course_lib.exercises.registry import get
from course_lib.exercises.report import NOT_RIGHT, NOT_WRITTEN
from course_lib.instructor.sandbox.inside.messages import pack, unpack
from course_lib.scratch.bptt import rnn_step_backward

posix = pytest.mark.skipif(not hasattr(signal, "SIGALRM"), reason="time limits need POSIX signals")


def report_on(answer):
    return check(answer, exercise="rnn_step")


@pytest.mark.parametrize(
    "message",
    [
        "Graph execution error:\n\nDetected at node mod defined at (most recent call last):\n"
        '  File "a.py", line 3, in <module>\n\n  File "a.py", line 2, in f\n\n'
        "Integer division by zero\n\t [[{{node mod}}]] [Op:__inference_f_8]",
        "Integer division by zero\n\t [[{{node mod}}]] [Op:__inference_<lambda>_8]",
        "Integer division by zero [Op:FloorMod] name: ",
    ],
)
def test_of_a_graph_that_failed_what_went_wrong_is_said_and_no_file(message):
    def fails(*_):
        raise ArithmeticError(message)

    sentence = report_on(fails).sentence
    assert "ArithmeticError: Integer division by zero, at the line" in sentence


@pytest.mark.parametrize(
    "message",
    [
        "cannot compute GreaterEqual as input #1(zero-based) was expected to be a float tensor but "
        "is a double tensor [Op:GreaterEqual] name:",
        "TensorArray dtype is float32 but Op is trying to write dtype float64 ",
        "Input 'b' of 'MatMul' Op has type float64 that does not match type float32 of "
        "argument 'a'.",
        "`x` and `y` must have the same dtype, got tf.float64 != tf.float32.",
        "Tensor conversion requested dtype float64 for Tensor with dtype float32: <tf.Tensor: 1.0>",
    ],
)
def test_what_tensorflow_says_of_two_types_is_explained(message):
    def meets(*_):
        raise TypeError(message)

    assert "take the dtype from what comes in" in report_on(meets).sentence


@pytest.mark.parametrize(
    "message",
    [
        "cannot compute AddV2 as input #1(zero-based) was expected to be a complex128 tensor but "
        "is a double tensor [Op:AddV2] name:",
        "Input 'b' of 'MatMul' Op has type complex64 that does not match type float32 of "
        "argument 'a'.",
        "Tensor conversion requested dtype float64 for Tensor with dtype complex128: 1j",
        "Tensors in list passed to 'values' of 'ConcatV2' Op have types [complex128, float64] that "
        "don't all match.",
    ],
)
def test_a_complex_number_beside_a_real_one_is_no_matter_of_precision(message):
    def meets(*_):
        raise TypeError(message)

    sentence = report_on(meets).sentence
    assert "tf.math.real" in sentence
    assert "float32 and float64" not in sentence


@pytest.mark.parametrize(
    "code", [lambda x: x.max(), lambda x: x.T, lambda x: np.zeros_like(x, dtype=x.dtype)]
)
@pytest.mark.parametrize("in_a_graph", [False, True])
def test_numpy_on_a_tensor_is_told(code, in_a_graph):
    def calls(*_):
        return (tf.function(code) if in_a_graph else code)(tf.ones((2, 3)))

    assert "write it with functions of tf" in report_on(calls).sentence


@pytest.mark.parametrize(
    ("p", "explained"),
    [((np.nan, 1.0), "infinity over infinity"), ((0.5, 0.6), "Divide them by their sum")],
)
def test_what_numpy_says_of_bad_probabilities_is_explained(p, explained):
    def draws(*_):
        return np.random.default_rng(0).choice(2, p=p)

    assert explained in report_on(draws).sentence


@pytest.mark.parametrize(
    ("written_to", "added", "explained"),
    [
        (np.zeros(2, int), 0.5, "by .astype(float)"),
        (np.zeros(2, int), 0.5j, "by .astype(complex)"),
        (np.zeros(2), 0.5j, "by .astype(complex)"),
    ],
)
def test_what_numpy_says_of_an_array_that_cannot_take_it_is_explained(written_to, added, explained):
    def adds(*_):
        there = written_to.copy()
        there += added
        return there

    assert explained in report_on(adds).sentence


def test_other_errors_are_left_alone():
    def fails(*_):
        raise TypeError("of another kind")

    assert report_on(fails).sentence.endswith('`raise TypeError("of another kind")`.')


@posix
@pytest.mark.parametrize("swallow", [False, True])
def test_an_endless_loop_is_stopped(monkeypatch, swallow):
    monkeypatch.setattr(guard.limit, "TIME_LIMIT", 0.3)

    def forever(*_):
        while True:
            try:
                time.sleep(0.01)
            except Exception:  # what a learner's own handler must not swallow
                if not swallow:
                    raise

    started = time.monotonic()
    report = report_on(forever)
    assert "still running" in report.sentence
    assert time.monotonic() - started < 5


@posix
def test_a_limit_that_was_swallowed_where_nothing_can_be_raised_still_counts(monkeypatch):
    monkeypatch.setattr(guard.limit, "TIME_LIMIT", 0.3)

    class Late:
        def __del__(self):  # Python throws away what is raised here
            for _ in range(10**9):
                pass

    def late(*arguments):
        Late()
        return get("rnn_step").reference(*arguments)

    assert "still running" in report_on(late).sentence


@posix
def test_only_work_counts_as_long_as_it_is_not_forever():
    """On a machine that is busy with other things, an honest answer waits; it isn't stopped."""

    started = time.monotonic()
    with guard.time_limit(0.3):
        time.sleep(0.6)
    with pytest.raises(guard.TookTooLong), guard.time_limit(0.3):
        time.sleep(30)
    assert time.monotonic() - started < 10  # 0.3 seconds, so many times as `BUSY` says

    def works():
        while True:
            pass

    started = time.process_time()
    with pytest.raises(guard.TookTooLong), guard.time_limit(0.3):
        works()
    assert time.process_time() - started < 2


@posix
def test_a_module_is_loaded_to_its_end(tmp_path, monkeypatch):
    """TensorFlow loads parts of itself at first use; one that is cut off never loads again."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(guard.limit, "BUSY", 100)  # however busy the machine is
    (tmp_path / "loaded_late.py").write_text(
        "import time\n"
        "until = time.process_time() + 0.5\n"
        "while time.process_time() < until:\n"
        "    pass\n"
        "whole = True\n"
    )

    def works():
        importlib.import_module("loaded_late")
        while True:  # the limit holds again as soon as it is there
            pass

    with pytest.raises(guard.TookTooLong), guard.time_limit(0.3):
        works()
    assert sys.modules["loaded_late"].whole


@posix
def test_a_module_that_never_ends_is_stopped_all_the_same(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "loaded_for_ever.py").write_text("while True:\n    pass\n")
    started = time.monotonic()
    with pytest.raises(guard.TookTooLong), guard.time_limit(0.3):
        importlib.import_module("loaded_for_ever")
    assert time.monotonic() - started < 10


@posix
def test_the_callers_own_alarm_survives():
    fired = []
    before = signal.signal(signal.SIGALRM, lambda *_: fired.append(True))
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        with guard.time_limit(5):
            pass
        time.sleep(0.4)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert fired


def test_what_tensorflow_says_comes_before_the_way_there():
    import tensorflow as tf

    @tf.function
    def inner():
        return tf.ones([2]) @ tf.ones([3, 3])

    sentence = report_on(lambda *_: inner()).sentence
    assert "raised ValueError: Shape must be rank 2 but is rank 1" in sentence


def test_an_exception_names_its_kind_and_line():
    def broken(x_t, *_):
        return x_t.no_such_thing

    report = report_on(broken)
    assert report.outcome == NOT_RIGHT
    assert "raised AttributeError" in report.sentence
    assert "`return x_t.no_such_thing`" in report.sentence
    assert "x_t = (2, 3)" in str(report)  # the shapes that came in


@pytest.mark.parametrize("wrong", [lambda codes, *_: (codes, codes), lambda codes, *_: codes / ""])
def test_sizes_that_came_in_as_numbers_stand_beside_the_shapes(wrong):
    """A shape of (3, 2, 4) says nothing to who doesn't know that there were 2 lanes."""
    text = str(check(wrong, "carried_windows"))
    assert "codes = (30,)" in text
    assert re.search(r"with:\s+lanes = 2\s+window = 4", text)


def test_leaving_the_interpreter_is_refused():
    assert "exit()" in report_on(lambda *_: sys.exit(3)).sentence


def test_deep_recursion_is_a_sentence():
    def again(*arguments):
        return again(*arguments)

    assert "RecursionError" in report_on(again).sentence


def test_a_megabyte_of_printing_is_kept_out(capsys):
    def chatty(x_t, h_prev, W_xh, W_hh, b_h):
        print("x" * 1_000_000)
        return np.tanh(x_t @ W_xh + h_prev @ W_hh + b_h)

    report = report_on(chatty)
    assert report.ok
    assert capsys.readouterr().out == ""
    assert report.printed >= 1_000_000
    assert len(str(report)) < 2_000
    assert "printed" in str(report)


def test_changing_an_argument_is_noticed_by_name():
    def in_place(x_t, h_prev, W_xh, W_hh, b_h):
        h_prev += 1
        return np.tanh(x_t @ W_xh + (h_prev - 1) @ W_hh + b_h)

    assert "changed its argument h_prev in place" in report_on(in_place).sentence


@pytest.mark.parametrize(
    ("change", "advice"),
    [
        (lambda layers: layers.pop(), "take nothing out of it and put nothing in"),
        (lambda layers: layers.append(layers[0]), "take nothing out of it and put nothing in"),
        (lambda layers: layers[0]["b_i"].fill(0), "work on copies of the arrays in it"),
    ],
)
def test_what_is_to_be_done_instead_fits_what_was_changed(change, advice):
    def stacked_forward(x, layers, readout, rate=0.0, training=False, rng=None):
        change(layers)
        return np.zeros((len(x), len(readout["b_y"])))

    sentence = check(stacked_forward).sentence
    assert "changed its argument layers in place" in sentence
    assert advice in sentence


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (None, "`return` missing"),
        ([[1.0]], "is a list"),
        ((np.ones((2, 4)), 1), "returned a tuple of 2"),
        (np.ones((4, 2)), "shape (4, 2)"),
        (np.array(["a"]), "should hold real numbers"),
        (np.array([None]), "should hold real numbers"),
        ("text", "is a str"),
        (np.ones((2, 4), complex), "should hold real numbers"),
    ],
)
def test_what_can_not_be_judged_gets_a_sentence(result, expected):
    report = report_on(lambda *_: result)
    assert report.outcome == NOT_RIGHT
    assert expected in str(report)
    assert "Traceback" not in str(report)


def test_complex_numbers_are_taken_where_the_exercise_asks_for_them():
    def turned(z):
        return 1j * z

    asked = guard.Guarded(turned, "turned", {"z": "complex"})
    assert asked(np.ones(2)).dtype == complex
    with pytest.raises(guard.Unusable, match="should hold real numbers"):
        guard.Guarded(turned, "turned", {"z": "array"})(np.ones(2))


@pytest.mark.parametrize("exercise", ["ring", "propagate"])
def test_one_array_with_a_row_for_each_result_is_unpacked(exercise):
    reference = get(exercise).reference
    assert check(lambda *given: np.array(reference(*given)), exercise=exercise).ok


def test_an_array_that_is_one_of_two_results_is_not_taken_for_both():
    report = check(lambda x, z_0, params: x @ params["D"], exercise="lru_forward")
    assert report.outcome == NOT_RIGHT
    assert "returned an array of shape (2, " in report.sentence
    assert "it returns 2 things: y, z" in report.sentence


def test_a_dict_in_the_place_of_another_result_is_not_to_be_made_an_array():
    reference = get("lstm_step_backward").reference

    def grads_too_early(*given):
        dx_t, dh_prev, dc_prev, grads = reference(*given)
        return dx_t, dh_prev, grads, dc_prev

    assert check(grads_too_early, exercise="lstm_step_backward").sentence == (
        "dc_prev is a dict, and grads isn't. Are the results in the right order? It is dx_t, "
        "dh_prev, dc_prev, grads."
    )


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_numbers_that_are_not_finite_are_named(value):
    report = report_on(lambda x_t, h_prev, *_: h_prev * 0 + value)
    assert f"h_t[0, 0] is {value}: not a finite number" in report.sentence


def test_a_result_of_several_things_names_them():
    report = check(lambda *_: np.ones(3), exercise="rnn_forward")
    assert "2 things: h, cache" in report.sentence


@pytest.mark.parametrize(
    ("errors", "expected"),
    [
        ({"W": None, "b": 0.0}, "errors['W'] is None"),
        ({"W": "0.2", "b": 0.0}, "errors['W'] is a str; it should be a real number"),
        ({"W": np.zeros(2), "b": 0.0}, "errors['W'] has shape (2,); it should be a single number"),
        ({"W": 0.2, 0: 0.0}, "errors has the keys 'W', 0; it needs 'W', 'b'"),
        ([0.2, 0.0], "errors is a list of 2; return a dict"),
    ],
)
def test_a_dict_of_results_is_looked_into(errors, expected):
    assert expected in check(lambda *_: (False, errors), "gradient_check").sentence


def test_results_may_come_as_a_list_and_in_the_wrong_order_it_says_so():
    def backwards(*arguments):
        return list(rnn_step_backward(*arguments))[::-1]

    assert check(lambda *a: list(rnn_step_backward(*a)), "rnn_step_backward").ok
    assert "right order" in check(backwards, "rnn_step_backward").sentence


def test_an_exception_that_can_not_be_shown_is_a_sentence():
    class Hidden(Exception):
        def __str__(self):
            raise ValueError

    def hides(*_):
        raise Hidden

    assert "raised Hidden" in report_on(hides).sentence


@pytest.mark.parametrize("ends", [SystemExit, GeneratorExit, KeyboardInterrupt, ValueError])
def test_nor_does_an_exception_end_the_check_while_it_is_shown(ends):
    class Odd(Exception):
        def __str__(self):
            raise ends

    def fails(*_):
        raise Odd

    assert " raised Odd" in report_on(fails).sentence


def test_the_name_of_an_exception_is_one_short_line():
    def fails(*_):
        raise type("First\nsecond" + "x" * 10**5, (Exception,), {})

    sentence = report_on(fails).sentence
    assert "\n" not in sentence
    assert len(sentence) < 300


def test_a_library_that_implements_not_something_is_no_stub():
    def elsewhere(*_):
        raise NotImplementedError("Cannot convert a symbolic tensor")

    report = report_on(elsewhere)
    assert report.outcome == NOT_RIGHT
    assert "Cannot convert" in report.sentence


def test_a_decorator_does_not_hide_which_argument_changed():
    def change(x_t, h_prev, W_xh, W_hh, b_h):
        b_h += 1
        return x_t

    def hidden(*arguments):
        return change(*arguments)

    assert "argument number 5" in report_on(hidden).sentence
    assert "argument b_h" in report_on(functools.wraps(change)(hidden)).sentence


def test_a_stub_is_not_written_and_says_what_to_write():
    def stub(*_):
        raise NotImplementedError("IMPLEMENT-ME: the new state")

    report = report_on(stub)
    assert report.outcome == NOT_WRITTEN
    assert "Write in its place: the new state" in report.sentence


def test_what_is_not_a_function_gets_a_sentence():
    assert "not a function" in report_on(3).sentence


def test_the_environment_is_left_alone():
    before = dict(os.environ), np.geterr(), sys.stdout
    report_on(lambda *_: np.log(np.zeros((2, 4))))
    assert (dict(os.environ), np.geterr(), sys.stdout) == before


@posix
def test_a_module_that_never_ends_is_named(tmp_path, monkeypatch):
    """A loop that never ends isn't what to look for where a disk is slow."""
    (tmp_path / "inside_of_it.py").write_text("while True:\n    pass\n")
    (tmp_path / "never_ends.py").write_text("import inside_of_it\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(guard.limit, "TIME_LIMIT", 0.2)
    with (
        pytest.raises(guard.Unusable) as caught,
        guard.guarded("f", len, guard.CappedOutput()),
    ):
        import never_ends  # noqa: F401
    assert caught.value.kind == guard.OUT_OF_TIME
    assert str(caught.value) == (
        "f was still loading the module never_ends after 1 seconds: import it in a cell of its own "
        "first, at the top of the notebook. If that fails now, restart the kernel."
    )


def test_what_stands_in_a_dict_of_results_is_told_by_what_to_do():
    for entry, said in (
        ({"m": np.zeros(2)}, "is a dict too: give each array in it a key of its own in weights"),
        (1 << 99, "is an int of 64 bits or more"),
    ):
        step = Guarded(lambda entry=entry: {"adam": entry}, "step", {"weights": "mapping"})
        with pytest.raises(Unusable, match=said):
            step()


async def late():
    """Its coroutine has computed nothing."""


@pytest.mark.parametrize(
    "make",
    [
        lambda: np.asmatrix(np.eye(2)),
        lambda: np.ma.masked_array(np.eye(2)),
        lambda: (one for one in ()),
        late,
        lambda: tf.constant([1.0]),
        lambda: {"t": 1 << 70},
    ],
)
@pytest.mark.filterwarnings("ignore:coroutine")
def test_what_comes_out_of_a_sandbox_is_told_in_the_same_words(make):
    """There, of what is not plain only the name of its type is known."""

    def sentence(value):
        kind = "mapping" if isinstance(value, dict) else "array"
        with pytest.raises(Unusable) as problem:
            Guarded(lambda: value, "step", {"result": kind})()
        return str(problem.value)

    assert sentence(unpack(pack(make())[4:])) == sentence(make())


NAN = np.array([1.0, np.nan])


@pytest.mark.parametrize(
    ("was", "now", "same"),
    [
        (NAN, NAN.copy(), True),
        (NAN, -NAN, False),
        (NAN, NAN[::-1], False),
        (np.array([0.0, np.nan]), np.array([-0.0, -np.nan]), True),  # though their bytes differ
        (np.ones(2), np.ones(1), False),  # though they can be broadcast
        (np.ones(2), np.ones(2, np.float32), False),
        (np.ones(2), [1.0, 1.0], False),
        (np.array(["a"]), np.array(["a"]), True),
        ([NAN, (NAN,)], [NAN, (NAN.copy(),)], True),
        ([NAN], [NAN, NAN], False),
        ([np.ones(1), np.ones(1)], [np.ones(1), np.zeros(1)], False),
        ({"a": NAN, "b": [NAN]}, {"b": [NAN], "a": NAN}, True),
        ({"a": np.ones(1), "b": np.ones(1)}, {"a": np.ones(1), "b": np.zeros(1)}, False),
        ({"a": NAN}, {"a": NAN, "b": NAN}, False),
        ({"a": NAN}, {"b": NAN}, False),
        ({}, [], False),
        (1, 2, True),  # a number can't be changed behind anybody's back
    ],
)
def test_what_has_changed_is_an_array_or_what_holds_one(was, now, same):
    assert guard.same.same(was, now) == same


def test_of_a_class_the_line_is_told_whatever_else_it_holds():
    """An attribute that isn't a method may answer anything when it is asked for its code."""

    class Cell:
        table = types.SimpleNamespace(__code__=3)

        def call(self):
            raise ValueError("of its own")

    with pytest.raises(Unusable) as caught, guard.guarded("Cell", Cell, guard.CappedOutput()):
        Cell().call()
    assert str(caught.value).endswith(
        'ValueError: of its own, at the line `raise ValueError("of its own")`.'
    )
