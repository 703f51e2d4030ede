"""The benchmark of KeRNL, on a small net: its fields, and that it looks before it compares."""

import numpy as np
import pytest

from course_lib.benchmarks import kernl


@pytest.mark.slow
def test_its_fields(monkeypatch):
    monkeypatch.setattr(kernl, "memory_ratio", lambda name, sizes: (1.0, {}))
    monkeypatch.setattr(kernl, "QUICK_ROUNDS", 2)
    result = kernl.run(quick=True, sizes=kernl.Sizes(batch=3, steps=12, units=4))
    assert set(kernl.BARS) <= set(result)
    assert result["bptt_memory_ratio_8192_over_1024"] == 1.0
    assert set(result["variants"]) - {"braintrace"} == {*kernl.WRITTEN, "bptt, XLA"}
    assert not result["curve"]
    assert ("braintrace" in result["variants"]) == (result["ratio_to_braintrace"] is not None)
    assert not result["rules"]


@pytest.mark.slow
def test_every_rule_is_measured(monkeypatch):
    def in_child(function, name, sizes):
        return {**function(name, sizes), "peak_mib": 1e4}

    monkeypatch.setattr(kernl.measure, "in_child", in_child)
    monkeypatch.setattr(kernl, "TIMINGS", 1)
    found = kernl.side_by_side(kernl.Sizes(batch=2, steps=6, units=3))
    assert {"kernl", "snap1", "uoro", "rtrl", "bptt", "tbptt"} <= set(found)
    assert [found[name]["steps"] for name in ("rtrl", "kernl")] == [4, 6]
    assert all(row["ms_a_step"] > 0 and row["mib"] > 0 for row in found.values())
    curve = kernl.curve(kernl.Sizes(batch=2, units=3), lengths=(4, 8))
    assert [(row["T"], row["rule"]) for row in curve] == [
        (T, rule) for T in (4, 8) for rule in ("chunked", "bptt")
    ]


def test_two_gradients_are_not_compared():
    one = [np.ones(3)]
    kernl._agree(one, one)
    with pytest.raises(RuntimeError, match="two gradients"):
        kernl._agree(one, [np.array([1.0, 1.0, 1.1])])


def test_braintrace_is_bptt_inside_a_chunk():
    pytest.importorskip("braintrace", reason="for this, pip install braintrace")
    sizes = kernl.Sizes(batch=3, steps=12, inputs=2, units=4)
    kernl._agree(kernl.build("braintrace", sizes)(), kernl.build("bptt", sizes)())
