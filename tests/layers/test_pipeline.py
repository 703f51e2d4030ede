"""Batches of ragged sequences: by hand, and as the model that is fed with them sees it."""

import numpy as np
import pytest

from course_lib.layers.pipeline import padded_batches


def three():
    return [np.full((length, 2), length, float) for length in (3, 1, 3)], np.array([30, 10, 31])


def test_by_hand():
    sequences, labels = three()
    batches = list(padded_batches(sequences, labels, 2, [3]).as_numpy_iterator())
    short, long = sorted(batches, key=lambda batch: batch[0][0].shape[1])
    (x, mask), y = short
    assert (x.tolist(), mask.tolist(), y.tolist()) == ([[[1, 1]]], [[True]], [10])
    (x, mask), y = long
    assert x.tolist() == [[[3, 3]] * 3] * 2
    assert mask.all()
    assert sorted(y.tolist()) == [30, 31]


def test_without_bounds_all_share_one_bucket():
    ((x, mask), _), *others = padded_batches(*three(), 3, []).as_numpy_iterator()
    assert others == []
    assert x.shape == (3, 3, 2)
    assert sorted(mask.sum(axis=1)) == [1, 3, 3]
    assert not x[~mask].any()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_dtype_stays(dtype):
    sequences, labels = three()
    (x, _), _ = next(iter(padded_batches([s.astype(dtype) for s in sequences], labels, 3, [])))
    assert x.dtype == dtype


def test_each_pass_has_its_own_order_and_the_seed_decides_all_of_them():
    sequences = [np.full((1, 1), i, float) for i in range(20)]

    def orders(seed):
        batches = padded_batches(sequences, np.arange(20), 5, [2], seed)
        return [np.concatenate([y.numpy() for _, y in batches]).tolist() for _ in range(2)]

    first, second = orders(1)
    assert first != second
    assert sorted(first) == sorted(second) == list(range(20))
    assert orders(1) == [first, second]
    assert orders(2)[0] != first
