"""A wrong answer gets a name on evidence only, and of two faults the first."""

import numpy as np
import pytest

from course_lib.exercises import check
from course_lib.exercises.checker import MORE
from course_lib.exercises.climbing import Outcome
from course_lib.exercises.recognition import agree


def products_the_wrong_way_round(dh_t, x_t, h_prev, h_t, W_xh, W_hh):
    da_t = dh_t * (1 - h_t**2)
    return W_xh.T @ da_t, da_t @ W_hh.T, x_t.T @ da_t, h_prev.T @ da_t, da_t.sum(0)


def shifted_by_the_mean(logits, labels):
    z = logits - logits.mean(-1, keepdims=True)
    log_p = z - np.log(np.exp(z).sum(-1, keepdims=True))
    return -np.take_along_axis(log_p, labels[..., None], -1).mean()


def softmax_then_log(logits, labels):
    exp = np.exp(logits)
    p = exp / exp.sum(-1, keepdims=True)
    return -np.log(np.take_along_axis(p, labels[..., None], -1)).mean()


def test_two_products_that_fail_are_not_one_mistake():
    report = check(products_the_wrong_way_round, "rnn_step_backward")
    assert not report.ok
    assert report.mistake is None


def test_being_infinite_at_the_same_place_is_no_evidence():
    assert check(shifted_by_the_mean, "cross_entropy_from_logits").mistake is None
    # But one that breaks for the same reason does so at every size, and is known.
    assert "exp overflows" in check(softmax_then_log, "cross_entropy_from_logits").sentence


@pytest.mark.parametrize("expression", ["W_xh @ x_t", "np.matmul(W_xh, x_t)"])
def test_the_same_failure_on_the_same_operands_is_one_mistake(tmp_path, expression):
    path = tmp_path / "mine.py"
    path.write_text(
        "import numpy as np\n"
        "def rnn_step(x_t, h_prev, W_xh, W_hh, b_h):\n"
        f"    inward = {expression}\n"
        "    return np.tanh(inward + W_hh @ h_prev + b_h)\n"
    )
    namespace = {}
    exec(compile(path.read_text(), str(path), "exec"), namespace)
    assert check(namespace["rnn_step"]).mistake == "weights first"


def test_an_equal_text_alone_is_not():
    def other_operands(x_t, h_prev, W_xh, W_hh, b_h):
        return np.tanh(x_t @ W_xh + W_hh @ h_prev + b_h)

    assert check(other_operands, "rnn_step").mistake != "weights first"


def test_of_two_faults_the_first_is_named_and_more_is_said():
    def two(x_t, h_prev, W_xh, W_hh, b_h):
        return 2 * np.tanh(W_xh @ x_t + W_hh @ h_prev)

    report = check(two, "rnn_step")
    assert report.mistake == "weights first"
    assert report.sentence.endswith(MORE)


def test_small_numbers_must_agree_as_closely_as_large_ones():
    small = Outcome({"g": np.array([1e-7, 2e-7])})
    other = Outcome({"g": np.array([1e-7, 3e-7])})
    assert agree(small, small)
    assert not agree(small, other)


def test_operands_that_hold_themselves_or_raise_end_in_a_sentence():
    def in_itself(*_):
        held = []
        held.append(held)
        return held @ held

    class Own:
        shape = property(lambda self: 1 / 0)
        __matmul__ = property(lambda self: 1 / 0)

    assert "raised TypeError" in check(in_itself, "rnn_step").sentence
    assert "raised ZeroDivisionError" in check(lambda *_: Own() @ Own(), "rnn_step").sentence
