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
    more = {"snap1", *(f"{name}, XLA" for name in kernl.WITH_XLA)}
    assert set(result["variants"]) - set(kernl.PEERS) == {*kernl.WRITTEN, *more}
    assert not result["curve"]
    installed = result["why_no_peer"] is None
    assert installed or "pip install braintrace" in result["why_no_peer"]
    for peer, ratio in (
        ("braintrace", "ratio_to_braintrace"),
        ("braintrace, trace alone", "snap1_ratio_to_drtrl"),
    ):
        assert installed == (peer in result["variants"]) == (result[ratio] is not None)
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


@pytest.mark.parametrize(
    ("peer", "ours"), [("braintrace", "bptt"), ("braintrace, trace alone", "snap1")]
)
def test_braintrace_gives_the_same_gradient(peer, ours):
    """In one chunk it is BPTT; the trace alone, with each unit's own weight in it, is SnAp-1."""
    pytest.importorskip("braintrace", reason="for this, pip install braintrace")
    sizes = kernl.Sizes(batch=3, steps=12, inputs=2, units=4)
    kernl._agree(kernl.build(peer, sizes)(), kernl.build(ours, sizes)())


def test_without_a_peer_the_ratio_is_none_and_says_why(capsys):
    result = {
        "variants": {"chunked": {"median_ms": 1, "lower_quartile_ms": 1, "upper_quartile_ms": 1}},
        **dict.fromkeys(kernl.BARS, 1.0),
        "snap1_ratio_to_drtrl": None,
        "why_no_peer": kernl.NO_PEER,
        "bptt_memory_ratio_8192_over_1024": 1.0,
    }
    kernl._show(result, as_json=False)
    assert "snap1_ratio_to_drtrl: not measured" in capsys.readouterr().out


def test_the_trace_of_its_own_cell_is_that_of_one_step():
    """D-RTRL leaves recurrent weights out of the trace: so it is no peer of SnAp-1 as it stands."""
    pytest.importorskip("braintrace", reason="for this, pip install braintrace")
    from course_lib.benchmarks import braintrace_peers

    sizes = kernl.Sizes(batch=3, steps=12, inputs=2, units=4)
    model, _, x, y = kernl.problem("one_step", sizes)
    found = braintrace_peers.trace(model, x, y, own_weight=False)()
    kernl._agree(found, kernl.build("one_step", sizes)())
