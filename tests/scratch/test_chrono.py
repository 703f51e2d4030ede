"""Biases for memories of many lengths: by what a gate leaves, and by their spread."""

import numpy as np
import pytest

from course_lib.scratch.gated import chrono_biases, sigmoid


def test_memories_reach_from_two_steps_to_the_span():
    _, b_f = chrono_biases(10_000, 40, seed=1)
    memories = 1 / (1 - sigmoid(b_f))
    assert 2 <= memories.min() < 2.1
    assert 39.9 < memories.max() <= 40
    assert memories.mean() == pytest.approx(21, abs=0.5)


def test_what_is_let_go_is_taken_up():
    b_i, b_f = chrono_biases(50, 12)
    assert sigmoid(b_i) + sigmoid(b_f) == pytest.approx(np.ones(50), abs=1e-12)


def test_a_generator_goes_on_from_where_it_is():
    rng = np.random.default_rng(3)
    first, second = chrono_biases(4, 9, rng)[1], chrono_biases(4, 9, rng)[1]
    assert np.array_equal(first, chrono_biases(4, 9, 3)[1])
    assert not np.array_equal(first, second)


@pytest.mark.parametrize("span", [2, 0, float("nan")])
def test_no_memory_is_shorter_than_two_steps(span):
    with pytest.raises(ValueError, match="from 2 steps"):
        chrono_biases(4, span)
