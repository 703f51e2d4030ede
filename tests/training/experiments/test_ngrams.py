"""N-grams with backoff: probabilities, worked out by hand and held against a slow definition."""

from collections import Counter, defaultdict

import numpy as np
import pytest

from course_lib.training.experiments.ngrams import NGrams


def slow(train, context, character, n, c):
    """The definition, with dictionaries."""
    if n == 0:
        return 1 / c
    context = context[len(context) - (n - 1) :]
    counts = defaultdict(Counter)
    for i in range(len(train) - n + 1):
        counts[tuple(train[i : i + n - 1])][train[i + n - 1]] += 1
    seen = counts[tuple(context)]
    shorter = slow(train, context, character, n - 1, c)
    if not seen:
        return shorter
    total, kinds = sum(seen.values()), len(seen)
    return (seen[character] + kinds * shorter) / (total + kinds)


@pytest.mark.parametrize("n", [1, 2, 3, 5])
def test_it_is_its_definition(n):
    rng = np.random.default_rng(n)
    train, new = rng.integers(0, 4, 60), rng.integers(0, 5, 40)
    bits = NGrams(train, n, 5).bits(new)
    right = [
        -np.log2(slow(train.tolist(), new[: i + n - 1].tolist(), new[i + n - 1], n, 5))
        for i in range(len(new) - n + 1)
    ]
    np.testing.assert_allclose(bits, right, rtol=1e-12)


def test_a_unigram_by_hand():
    # a a b: two kinds; p(a) = (2 + 2/2) / (3 + 2), p(b) = (1 + 2/2) / (3 + 2)
    grams = NGrams(np.array([0, 0, 1]), 1, 2)
    np.testing.assert_allclose(grams.next(np.array([], int)), [0.6, 0.4])


@pytest.mark.parametrize("n", [1, 2, 4, 6])
def test_what_may_follow_adds_up_to_one(n):
    rng = np.random.default_rng(0)
    grams = NGrams(rng.integers(0, 6, 300), n, 7)
    for _ in range(5):
        p = grams.next(rng.integers(0, 7, 9))
        assert p.shape == (7,)
        assert (p > 0).all()
        np.testing.assert_allclose(p.sum(), 1)


def test_what_can_not_be_counted_is_refused():
    with pytest.raises(ValueError, match="take 1"):
        NGrams(np.zeros(5, int), 0, 3)
    with pytest.raises(ValueError, match="take fewer"):
        NGrams(np.zeros(50, int), 12, 68)
