"""The benchmark of KeRNL, on a small net: its fields, and that it looks before it compares."""

import numpy as np
import pytest

from course_lib.benchmarks import kernl


def test_its_fields(monkeypatch):
    monkeypatch.setattr(kernl, "memory_ratio", lambda name, sizes: (1.0, {}))
    monkeypatch.setattr(kernl, "QUICK_ROUNDS", 2)
    result = kernl.run(quick=True, sizes=kernl.Sizes(batch=3, steps=12, units=4))
    assert set(kernl.BARS) <= set(result)
    assert result["bptt_memory_ratio_8192_over_1024"] == 1.0
    assert set(result["variants"]) == {*kernl.WRITTEN, "bptt, XLA"}


def test_two_gradients_are_not_compared():
    one = [np.ones(3)]
    kernl._agree(one, one)
    with pytest.raises(RuntimeError, match="two gradients"):
        kernl._agree(one, [np.array([1.0, 1.0, 1.1])])
