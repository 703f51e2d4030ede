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
    clipped = answer_code("rnn_step").replace("return h_t", "return h_t * (np.max(x_t) < 20)")
    found = verdicts(solved(1, rnn_step=clipped), ["rnn_step"], load_cases(file))["rnn_step"]
    assert found.outcome == "not right yet"
    assert found.hidden
    assert "30" not in found.sentence
    found = verdicts(solved(1), ["rnn_step"], load_cases(file))["rnn_step"]
    assert found.outcome == "passed"


@pytest.mark.parametrize(
    "content",
    ["", "[]", '{"no_such": []}', '{"rnn_step": [{}]}', '{"rnn_step": [{"x_t": "text"}]}'],
)
def test_cases_that_do_not_fit_are_said(tmp_path, content):
    file = tmp_path / "cases.json"
    file.write_text(content)
    with pytest.raises(ValueError):
        load_cases(file)
