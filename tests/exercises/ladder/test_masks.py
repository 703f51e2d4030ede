"""Masks whose entries fall each on its own pass, and nothing that ties them together."""

import numpy as np
import pytest

from course_lib.exercises.ladder.masks import tied

SHAPE, P = (5, 40, 100), 0.3


def draws(seed=1):
    """Uniform numbers for five masks."""
    return np.random.default_rng(seed).random(SHAPE)


def turned_every_second(u):
    """What one call drops is what the one before kept, were the two as likely."""
    u = u.copy()
    u[1::2] = 1 - u[:-1:2]
    return u < P


TIED = {
    "sorted": lambda u: np.sort(u.ravel()).reshape(SHAPE) < P,
    "sorted in each mask": lambda u: np.sort(u.reshape(5, -1)).reshape(SHAPE) < P,
    "sorted along rows": lambda u: np.sort(u, axis=2) < P,
    "as many each time": lambda u: (
        u.reshape(5, -1).argsort().argsort().reshape(SHAPE) < P * u[0].size
    ),
    "rows": lambda u: np.broadcast_to(u[:, :, :1], SHAPE) < P,
    "columns": lambda u: np.broadcast_to(u[:, :1], SHAPE) < P,
    "pairs of columns": lambda u: np.repeat(u[:, :, ::2], 2, axis=2) < P,
    "pairs of rows": lambda u: np.repeat(u[:, ::2], 2, axis=1) < P,
    "one half a copy of the other": lambda u: np.tile(u[:, :, :50], 2) < P,
    "antithetic columns": lambda u: np.concatenate([u[:, :, :50], 1 - u[:, :, :50]], axis=2) < P,
    "a neighbour never falls": lambda u: (u < 2 * P) & (np.arange(100) % 2 == 0),
    "one mask for ever": lambda u: np.broadcast_to(u[:1], SHAPE) < P,
    "every second mask turned round": turned_every_second,
    "more and more": lambda u: u < 2 * P * np.linspace(0, 1, 100),
}


@pytest.mark.parametrize("seed", range(20))
def test_independent_masks_pass(seed):
    assert tied(draws(seed) < P, P) is None
    assert tied(draws(seed).reshape(5, 4000) < 0.9, 0.9) is None
    assert tied(draws(seed).reshape(5, 1, 4000) < 0.5, 0.5) is None


@pytest.mark.parametrize("how", TIED)
def test_whatever_ties_entries_together_is_seen(how):
    assert tied(TIED[how](draws()), P) is not None


def test_the_probability_is_the_one_that_was_asked_for():
    assert tied(draws() < 0.4, P) is not None
