"""What the exercises count."""

import json

import pytest

from course_lib.instructor.errors import BadUsage
from course_lib.instructor.judging.verdict import OUTCOMES
from course_lib.instructor.results.pages.class_data import class_data
from course_lib.instructor.results.points import (
    NOTHING,
    holds_none,
    load_weights,
    none_is_ours,
    share,
    total,
)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\xff", "is no text in UTF-8"),
        (b'{"rnn_step": }', "is not JSON"),
        (b"[" * 100_000, "is not JSON"),
        (b"[1]", "must hold an object"),
        (b'{"rnn_stepp": 1}', "there is no exercise called 'rnn_stepp'"),
        (b'{"rnn_step": true}', "the weight of rnn_step must be a number"),
        (b'{"rnn_step": "2"}', "the weight of rnn_step must be a number"),
        (b'{"rnn_step": NaN}', "the weight of rnn_step must be 0 or more"),
        (b'{"rnn_step": Infinity}', "the weight of rnn_step must be 0 or more"),
        (b'{"rnn_step": -0.5}', "the weight of rnn_step must be 0 or more"),
    ],
)
def test_what_is_wrong_in_a_file_of_weights_is_said(content, said, tmp_path):
    file = tmp_path / "weights.json"
    file.write_bytes(content)
    with pytest.raises(BadUsage, match=f"{file}.* {said}"):
        load_weights(file, ["rnn_step"])


def test_what_a_file_names_counts_so_much_and_the_rest_one_point(tmp_path):
    file = tmp_path / "weights.json"
    file.write_text('{"rnn_step": 0, "rnn_forward": 2.5, "gru_step": 9}')
    assert load_weights(file, ["rnn_step", "rnn_forward", "rnn_backward"]) == {
        "rnn_step": 0.0, "rnn_forward": 2.5, "rnn_backward": 1.0,
    }  # fmt: skip


def verdict(outcome, **more):
    return {"exercise": "rnn_step", "outcome": outcome, "hidden": False, "failed": None} | {
        "held": 0, "rungs": 4, **more,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("one", "earned"),
    [
        (verdict("passed", held=4), 1),
        (verdict("passed", held=0, rungs=0), 1),
        (verdict("passed", held=3, rungs=3, mark=3), 1),
        (verdict("not right yet", held=1, rungs=3, mark=1), 1 / 3),
        (verdict("not right yet", held=3, failed="a case"), 3 / 4),
        (verdict("not right yet", held=4, failed="a hidden case", hidden=True), 4 / 5),
        (verdict("not right yet", held=4, failed="other numbers", hidden=True), 0),
        (verdict("not right yet", held=3, failed="other numbers"), 3 / 4),
        (verdict("not right yet", rungs=0), 0),
        *((verdict(nothing, held=4), 0) for nothing in NOTHING),
    ],
)
def test_what_is_earned(one, earned):
    assert share(one) == pytest.approx(earned)
    assert total({"exercises": [one, one]}, {"rnn_step": 3, "gru_step": 4}) == (
        pytest.approx(6 * earned),
        7,
    )


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_notebooks_hold_none_of_it_if_all_is_missing_and_only_then(outcome):
    student = {"notebooks": ["a.ipynb", "b.ipynb"], "exercises": [verdict("missing")]}
    other = student | {"exercises": [verdict("missing"), verdict(outcome)]}
    assert holds_none(student)
    assert holds_none(other) == (outcome == "missing")
    assert not holds_none(student | {"notebooks": []})
    assert none_is_ours([student, student]).startswith("None of the 4 notebooks holds")
    assert bool(none_is_ours([student, other])) == (outcome == "missing")
    assert none_is_ours([student | {"notebooks": []}]) == none_is_ours([]) == ""


def test_the_data_of_a_page_hold_each_cell_once_with_points_to_four_digits():
    one = verdict("not right yet", held=1, sentence="No.", mistake=None, printed="", remarks=[])
    student = {"student": "ada", "points": 2.3333, "remarks": [], "exercises": [one | {"rungs": 3}]}
    twin = student | {"student": "ben"}
    text = "".join(class_data([student, twin], {"rnn_step": 7.0}, {"ada": "a", "ben": "b"}))
    data = json.loads(text)
    cell = {"outcome": OUTCOMES.index("not right yet"), "points": 2.3333, "sentence": "No."}
    assert [row["cells"] for row in data["students"]] == [[cell], [0]]
    assert [(row["name"], row["page"]) for row in data["students"]] == [("ada", "a"), ("ben", "b")]
    assert data["exercises"][0]["of"] == 7
