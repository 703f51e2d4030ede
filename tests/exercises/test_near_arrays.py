"""What counts as an array is the same for every exercise; whatever else comes gets a sentence."""

import collections

import numpy as np
import pytest

from course_lib.exercises import check
from course_lib.exercises.registry import get, ids
from course_lib.scratch.bptt import rnn_step_backward
from course_lib.scratch.clipping import clip_by_global_norm
from course_lib.scratch.rnn import rnn_step

ARRAYS = [
    one
    for one in ids()
    if set(get(one).returns.values()) == {"array"} and get(one).kind != "project"
]


def of_step(change):
    return check(lambda *a: change(rnn_step(*a)), exercise="rnn_step")


class Tensor:
    """Looks like a tensor of PyTorch."""

    __module__ = "torch"

    def __array__(self, *_, **__):
        return np.zeros((2, 4))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda h: h.tolist(), "is a list of 2; return a NumPy array"),
        (lambda h: tuple(h), "returned a tuple of 2; it returns one thing, h_t"),
        (lambda h: (h,), "Is there a comma too many"),
        (np.asmatrix, "is an np.matrix"),
        (np.ma.masked_invalid, "is a masked array"),
        (lambda h: h.astype(object), "object"),
        (lambda h: h.astype(complex), "complex128 entries"),
        (lambda h: h.astype(str), "should hold real numbers"),
        (lambda h: Tensor(), "tensor of PyTorch"),
        (lambda h: (row for row in h), "is a generator"),
        (lambda h: {"h_t": h}, "is a dict"),
        (lambda h: iter(h), "return a NumPy array"),
        (lambda h: np.float64(0.5), "shape ()"),
        (lambda h: 0.5, "is a float; return a NumPy array"),
        (lambda h: 0.0, "is the number 0.0: has anything been added to it?"),
    ],
)
def test_what_is_no_array_gets_a_sentence(change, words):
    report = of_step(change)
    if words == "is a generator":
        words = "returned a generator, which has computed nothing yet"
    assert words in report.sentence


@pytest.mark.parametrize(
    ("change", "helps"),
    [(lambda h: h.tolist(), True), (lambda h: {"h_t": h}, False), (lambda h: iter(h), False)],
)
def test_np_array_is_named_only_where_it_makes_one(change, helps):
    """Of a dict or an iterator it makes an array of one object."""
    assert ("np.stack or np.array makes one" in of_step(change).sentence) is helps


@pytest.mark.parametrize("change", [np.longdouble, np.asfortranarray, lambda h: h[::1]])
def test_arrays_of_every_honest_kind_pass(change):
    assert of_step(change).ok


def test_a_generator_function_is_told_to_return():
    def step(*arguments):
        yield rnn_step(*arguments)

    assert "leave out `yield`" in check(step, exercise="rnn_step").sentence


@pytest.mark.parametrize("one", ARRAYS)
def test_the_policy_is_that_of_all_exercises(one):
    exercise = get(one)

    def nearly(*arguments):
        result = exercise.reference(*arguments)
        return tuple(map(np.ndarray.tolist, result)) if type(result) is tuple else result.tolist()

    assert "return a NumPy array" in check(nearly, exercise=one).sentence


def test_several_results_may_come_in_any_sequence_and_a_mapping_in_any_dict():
    Five = collections.namedtuple("Five", "a b c d e")
    assert check(lambda *a: Five(*rnn_step_backward(*a)), exercise="rnn_step_backward").ok

    def ordered(*arguments):
        clipped, norm = clip_by_global_norm(*arguments)
        return collections.OrderedDict(clipped), norm

    def lists(*arguments):
        clipped, norm = clip_by_global_norm(*arguments)
        return {name: array.tolist() for name, array in clipped.items()}, norm

    assert check(ordered, exercise="clip_by_global_norm").ok
    assert "return a NumPy array" in check(lists, exercise="clip_by_global_norm").sentence


def test_a_key_that_is_no_name_gets_a_sentence():
    class Evil:
        def __repr__(self):
            raise SystemExit

    report = check(lambda *_: ({Evil(): 1.0}, 1.0), exercise="clip_by_global_norm")
    assert "keys are names" in report.sentence


def test_a_class_for_a_function_and_the_reverse():
    class Step:
        pass

    assert "it should be a function: begin with `def`" in check(Step, "rnn_step").sentence
    assert "it should be a class: begin with `class`" in check(rnn_step, "VanillaRNNCell").sentence


def test_a_class_that_forgets_its_base_is_told_so():
    class Cell(collections.UserDict):
        def __init__(self, units):
            self.units = units

    assert "doesn't call super().__init__()" in check(Cell, "VanillaRNNCell").sentence


def test_too_few_arguments_are_counted():
    sentence = check(lambda x_t, h_prev: x_t, exercise="rnn_step").sentence
    assert "takes 2 arguments; it is called with 5: x_t, h_prev" in sentence


def test_results_in_the_wrong_order_are_told_so_even_where_shapes_are_alike():
    def exchanged(*arguments):
        dx_t, dh_prev, dW_xh, dW_hh, db_h = rnn_step_backward(*arguments)
        return dx_t, dh_prev, dW_hh, dW_xh, db_h

    assert "right order" in check(exchanged, exercise="rnn_step_backward").sentence
