"""What a student's function does to its arguments is done to those on this side."""

import numpy as np
import pytest

from course_lib.instructor.sandbox.arguments import follow

AFTER = np.array([5.0, 6.0])


@pytest.mark.parametrize(
    "inside",
    [
        lambda one: {"x": one},
        lambda one: [1, one],
        lambda one: (one, one.copy()),
        lambda one: {"weights": {"W": one}},
        lambda one: [[one], {"b": 2.0}],
        lambda one: {"pairs": [(one, 1)]},
    ],
    ids=["dict", "list", "tuple", "dict in a dict", "list in a list", "tuple in a list"],
)
def test_an_array_is_changed_where_it_lies(inside):
    own = np.array([1.0, 2.0])
    follow(inside(own), inside(AFTER.copy()))
    np.testing.assert_array_equal(own, AFTER)


def test_names_come_and_go():
    mine = {"kept": np.zeros(2), "gone": np.zeros(1)}
    follow(mine, {"kept": np.ones(2), "new": np.ones(3)})
    assert mine.keys() == {"kept", "new"}
    np.testing.assert_array_equal(mine["kept"], [1, 1])
    np.testing.assert_array_equal(mine["new"], [1, 1, 1])


@pytest.mark.parametrize(
    "other", [np.ones(3), np.ones((2, 1)), np.ones(2, np.float32)], ids=["length", "axes", "dtype"]
)
def test_what_does_not_fit_takes_the_place_of_a_name_and_is_left_out_of_a_list(other):
    own = np.zeros(2)
    mine, row = {"x": own}, [own]
    follow(mine, {"x": other})
    assert mine["x"] is other
    follow(row, [other])
    assert row[0] is own
    np.testing.assert_array_equal(own, [0, 0])


def test_a_number_or_a_text_that_is_an_array_now_is_taken():
    mine = {"rate": 0.1, "name": "a", "weights": {"W": 1.0}}
    theirs = {"rate": np.ones(1), "name": "a", "weights": np.ones(2)}
    follow(mine, theirs)
    assert mine["rate"] is theirs["rate"]
    assert mine["name"] == "a"
    assert mine["weights"] is theirs["weights"]


def test_what_may_not_be_written_stays():
    own = np.zeros(2)
    own.flags.writeable = False
    follow({"x": own}, {"x": np.ones(2)})
    np.testing.assert_array_equal(own, [0, 0])


def test_random_numbers_go_on_where_the_function_left_off():
    mine, theirs = np.random.default_rng(0), np.random.default_rng(0)
    theirs.normal(size=5)
    follow([mine], [theirs])
    assert mine.normal() == theirs.normal()
