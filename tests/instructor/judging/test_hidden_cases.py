import json

import pytest
from a_class import answer_code, solved

from course_lib.instructor.judging.hidden_cases import load_cases


def test_an_own_hidden_case_decides(verdicts, tmp_path):
    one = {
        "x_t": [[30.0]],
        "h_prev": [[0.5]],
        "W_xh": [[0.5]],
        "W_hh": [[-1.0]],
        "b_h": [0.3],
    }
    file = tmp_path / "cases.json"
    file.write_text(json.dumps({"rnn_step": [one]}))
    clipped = answer_code("rnn_step").replace("return h_t", "return h_t * (np.max(x_t) != 30)")
    found = verdicts(solved(1, rnn_step=clipped), ["rnn_step"], load_cases(file))["rnn_step"]
    assert found.outcome == "not right yet"
    assert found.hidden
    assert "30" not in found.sentence
    found = verdicts(solved(1), ["rnn_step"], load_cases(file))["rnn_step"]
    assert found.outcome == "passed"


CASE = {"x_t": [[30.0]], "h_prev": [[0.5]], "W_xh": [[0.5]], "W_hh": [[-1.0]], "b_h": [0.3]}


def without(name):
    return {one: value for one, value in CASE.items() if one != name}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ("[]", "must hold an object"),
        ({"no_such": []}, "no exercise called no_such"),
        ({"rnn_step": {}}, "a list of cases"),
        ({"rnn_step": "x"}, "a list of cases"),
        ({"rnn_step": [3]}, "case 1 of rnn_step must be an object: x_t, h_prev"),
        ({"rnn_step": [CASE, {}]}, "case 2 of rnn_step: x_t is missing"),
        ({"rnn_step": [without("b_h")]}, "b_h is missing"),
        ({"rnn_step": [{**CASE, "b": [1.0]}]}, "there is no argument b, only x_t"),
        ({"rnn_step": [{**CASE, "x_t": "text"}]}, "can't do it"),
        ({"rnn_step": [{**CASE, "x_t": [[1.0], [1.0, 2.0]]}]}, "the lists in x_t make no array"),
        ({"rnn_step": [{**CASE, "x_t": [[1.0, 2.0]]}]}, "can't do it"),
        ({"train_step": []}, "is checked in TensorFlow"),
    ],
)
def test_cases_that_do_not_fit_are_said(tmp_path, content, said):
    file = tmp_path / "cases.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    with pytest.raises(ValueError, match=said):
        load_cases(file)


def test_a_file_that_is_no_text_is_said(tmp_path):
    file = tmp_path / "cases.json"
    file.write_bytes(b"\xff\xfe\xff")
    with pytest.raises(ValueError, match="no text"):
        load_cases(file)


def test_the_order_of_names_in_a_case_does_not_matter(tmp_path):
    file = tmp_path / "cases.json"
    file.write_text(json.dumps({"rnn_step": [dict(reversed(CASE.items()))]}))
    assert list(load_cases(file)["rnn_step"][0]) == list(CASE)
