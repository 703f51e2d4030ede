"""The judgements that ladders share can fail, and say where."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from course_lib.exercises.calling.guard import Unusable
from course_lib.exercises.exercise import Arrays
from course_lib.exercises.ladder.rungs import (
    by_hand,
    floating,
    holds,
    irregular,
    isolating,
    matches,
    refuses,
    shapes,
    unlike,
)


def inputs() -> Arrays:
    return {"x": np.array([1.0, 2.0])}


@given(st.lists(st.integers(1, 4), min_size=1, max_size=3), st.floats(0, 5))
def test_irregular_numbers_are_the_same_each_time_and_never_alike(shape, shift):
    numbers = irregular(*shape, shift=shift)
    assert numbers.shape == tuple(shape)
    assert np.array_equal(numbers, irregular(*shape, shift=shift))
    assert np.abs(numbers).max() <= 1
    assert len(np.unique(numbers)) == numbers.size


def test_complex_numbers_are_told_by_their_parts():
    right = {"z": np.array([1 + 2j, 3j])}
    assert unlike({"z": np.array([1 + 2j, 3j])}, right) is None
    assert unlike({"z": np.array([1 + 2j, 0])}, right).sentence == "Im z[1] is 0; it should be 3."
    assert unlike({"z": np.array([1.0, 0.0])}, right).sentence.startswith("Im z[1] is 0")
    assert "not a finite number" in unlike({"z": np.array([np.nan, 3j])}, right).sentence
    assert unlike({"y": np.array([1 + 1j])}, {"y": np.ones(1)}).sentence.startswith("Im y[0] is 1")


def test_what_is_called_by_an_article_is_shown_without():
    details = unlike({"the last state": np.ones(2)}, {"the last state": np.zeros(2)}).details
    assert list(details) == ["expected last state", "your last state"]


def test_unlike_names_the_worst_entry():
    problem = unlike(
        {"a": np.array([[1.0, 2.0], [3.0, 9.0]])}, {"a": np.arange(1.0, 5).reshape(2, 2)}
    )
    assert problem.sentence == "a[1, 1] is 9; it should be 4."
    assert unlike({"a": np.arange(4.0)}, {"a": np.arange(4.0)}) is None


@pytest.mark.parametrize(
    ("got", "right", "words"),
    [
        ({}, {"a": 1.0}, "a is missing"),
        ({"a": np.ones(3)}, {"a": np.ones(2)}, "shape"),
        ({"a": np.array([1.0, np.nan])}, {"a": np.ones(2)}, "not a finite number"),
        ({"a": {"w": np.ones(2)}}, {"a": {"w": np.zeros(2)}}, "a['w'][0]"),
        ({"a": np.array(False)}, {"a": np.array(True)}, "is False; it should be True"),
        ({"a": np.array(1 + 1e-6)}, {"a": np.array(1.0)}, "should be 1"),
    ],
)
def test_unlike_sees_every_kind_of_difference(got, right, words):
    assert words in unlike(got, right).sentence


@pytest.mark.parametrize("by", [1.0, 1e-3, -2e-6, 6e-7])
def test_numbers_that_differ_are_shown_so_that_one_sees_it(by):
    sentence = unlike({"a": np.array([-2 + by])}, {"a": np.array([-2.0])}).sentence
    mine, wanted = sentence.removeprefix("a[0] is ").removesuffix(".").split("; it should be ")
    assert float(mine) - float(wanted) == pytest.approx(by, rel=1e-2)
    assert len(mine) <= 12


def test_single_precision_is_held_to_its_own_tolerance():
    right = {"a": np.array([1.0])}
    assert unlike({"a": np.array([1.00001], np.float32)}, right) is None
    assert unlike({"a": np.array([1.01], np.float32)}, right) is not None


def test_each_builder_accepts_the_right_and_refuses_the_wrong():
    right, wrong = {"y": np.array([2.0, 4.0])}, {"y": np.array([2.0, 5.0])}
    rungs = [
        by_hand(inputs, "2 × 1, 2 × 2", y=np.array([2.0, 4.0])),
        matches("double", inputs, lambda given: {"y": 2 * given["x"]}),
    ]
    for rung in rungs:
        assert rung.judge(inputs(), right) is None
        assert "y[1] is 5; it should be 4" in rung.judge(inputs(), wrong).sentence
    shape = shapes(inputs, y=(2,))
    assert shape.judge(inputs(), right) is None
    assert "(1,)" in shape.judge(inputs(), {"y": np.ones(1)}).sentence
    keys = shapes(inputs, g={"a": (2,), "b": ()})
    assert keys.judge(inputs(), {"g": {"a": np.ones(2), "b": np.array(1.0)}}) is None
    assert "keys" in keys.judge(inputs(), {"g": {"a": np.ones(2)}}).sentence
    assert "g['a']" in keys.judge(inputs(), {"g": {"a": np.ones(3), "b": np.ones(())}}).sentence
    assert "keys" in keys.judge(inputs(), {"g": {"a": np.ones(2), "b": 1.0, "c": 1.0}}).sentence
    open_one = shapes(inputs, more_in=("g",), g={"a": (2,)})
    assert open_one.judge(inputs(), {"g": {"a": np.ones(2), "c": np.ones(3)}}) is None
    assert "keys" in open_one.judge(inputs(), {"g": {"c": np.ones(3)}}).sentence
    dtype = floating(inputs, "y")
    assert dtype.judge(inputs(), right) is None
    assert "int" in dtype.judge(inputs(), {"y": np.array([2, 4])}).sentence


def test_a_property_compares_pairs():
    rung = holds("same", inputs, lambda f, given: {}, "They differ.")
    pair = {"h": np.ones(2), "h expected": np.ones(2)}
    assert rung.judge(inputs(), pair) is None
    assert rung.judge(inputs(), {**pair, "h": np.zeros(2)}).sentence.startswith("They differ. h[0]")


def test_neither_side_of_a_property_is_called_right():
    rung = holds("same", inputs, lambda f, given: {}, "They differ.")
    pair = {"h": np.zeros(2), "h expected": np.ones(2)}
    sentence = rung.judge(inputs(), pair).sentence
    assert sentence == "They differ. h[0] is 0 one way and 1 the other."
    both = {"h": np.full(2, np.nan), "h expected": np.full(2, np.nan)}
    assert "not a finite number" in rung.judge(inputs(), both).sentence
    known = holds("same", inputs, lambda f, given: {}, "They differ.", known=True)
    assert "it should be 1" in known.judge(inputs(), pair).sentence


def test_nan_is_expected_only_where_nan_is():
    right = {"a": np.array([np.nan, 1.0])}
    assert unlike({"a": np.array([np.nan, 1.0])}, right) is None
    assert "a[0] is 3" in unlike({"a": np.array([3.0, 1.0])}, right).sentence
    assert "a[1] is nan" in unlike({"a": np.array([np.nan, np.nan])}, right).sentence


def test_a_term_is_isolated_by_zeros_in_all_the_others():
    def given() -> Arrays:
        return {"a": np.ones(2), "params": {"w": np.ones(2), "b": np.ones(2)}}

    def total(inputs: Arrays) -> Arrays:
        return {"y": inputs["a"] * inputs["params"]["w"] + inputs["params"]["b"]}

    only_a, only_b = isolating(given, total, {"a * w": ("params.b",), "b": ("a", "params.w")})
    assert only_a.name == "only a * w matters"
    assert not only_a.inputs()["params"]["b"].any()
    assert given()["params"]["b"].all()
    assert only_a.judge(only_a.inputs(), {"y": np.ones(2)}) is None
    without_b = {"y": np.zeros(2)}
    assert "With a and params.w at zero" in only_b.judge(only_b.inputs(), without_b).sentence
    with pytest.raises(KeyError):
        isolating(given, total, {"b": ("no_such",)})


def test_a_term_of_one_result_says_nothing_of_the_others():
    def both(inputs: Arrays) -> Arrays:
        return {"y": inputs["a"] + inputs["b"], "z": inputs["c"]}

    def given() -> Arrays:
        return {"a": np.ones(2), "b": np.ones(2), "c": np.ones(2)}

    (only_a,) = isolating(given, both, {"a": ("b",)}, of={"a": "y"})
    assert only_a.judge(only_a.inputs(), {"y": np.ones(2), "z": np.zeros(2)}) is None
    assert only_a.judge(only_a.inputs(), {"y": np.zeros(2), "z": np.ones(2)}) is not None


def test_what_has_no_answer_is_to_be_refused():
    rung = refuses("no root", dict, lambda _: {"x=-1": (-1.0,), "x=-4": (-4.0,)}, "has no root.")

    def of_the_first(x):
        if x == -1:
            raise ValueError("no")
        return 0.0

    def other_error(x):
        raise Unusable("TypeError: no")

    def in_a_sandbox(x):
        raise Unusable("ValueError: no")

    def said(function):
        problem = rung.judge({}, rung.call(function, {}))
        return problem.sentence if problem else ""

    assert said(of_the_first) == "x=-4 has no root."
    assert said(other_error) == "x=-1 has no root."
    assert said(in_a_sandbox) == ""


def test_parts_that_changed_places_are_not_taken_for_results_in_another_order():
    beta = {"beta": np.array([[4 + 3j, 1 - 2j]]), "gamma": np.array([[1.0, 5.0]])}
    sentence = unlike({**beta, "beta": beta["beta"].imag + 1j * beta["beta"].real}, beta).sentence
    assert sentence.endswith("have the real and the imaginary part changed places?")
    assert "order" not in sentence


def test_gradients_that_changed_places_are_listed_without_what_a_function_returns():
    h, da, db = np.ones((1, 2)), np.array([[1.0, 2.0]]), np.array([[3.0, 4.0]])
    expected = {"h": h, "da": da, "db": db}
    ends = "in the right order? It is da, db."
    assert unlike({"h": h, "da": db, "db": da}, expected).sentence.endswith(ends)
    turned = {name: value * 1j for name, value in expected.items()}
    exchanged = {**turned, "da": turned["db"], "db": turned["da"]}
    assert unlike(exchanged, turned).sentence.endswith(ends)
    other_shape = {**expected, "db": np.ones((1, 3))}
    exchanged = {**other_shape, "da": other_shape["db"], "db": da}
    assert unlike(exchanged, other_shape).sentence.endswith(ends)
    assert unlike({**expected, "h": da, "da": h}, expected).sentence.endswith("It is h, da, db.")
