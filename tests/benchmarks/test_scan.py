"""The benchmark of the scan, on few numbers: its fields, and that it looks before it compares."""

import numpy as np
import pytest

from course_lib.benchmarks import scan
from course_lib.training import stored_result

SMALL = scan.Sizes(batch=2, steps=6, units=3)


@pytest.mark.slow
def test_its_fields(monkeypatch):
    monkeypatch.setattr(scan, "QUICK_ROUNDS", 2)
    monkeypatch.setattr(scan, "memory_ratio", lambda rule, sizes: 1.0)
    result = scan.run(quick=True, sizes=SMALL)
    assert set(scan.BARS) <= set(result)
    assert result["max_error"] < 1e-12
    assert set(result["variants"]) == {*scan.WRITTEN, *(f"{name}, XLA" for name in scan.XLA)}
    assert result["rounds"] == 2


@pytest.mark.slow
def test_memory_is_looked_at_in_a_process_of_its_own():
    for rule in ("exact", "bptt"):
        assert scan.memory(rule, {"batch": 2, "steps": 300, "units": 3})["before_mib"] > 0


def test_two_scans_are_not_compared(monkeypatch):
    monkeypatch.setattr(scan, "XLA", ())
    monkeypatch.setattr(scan, "memory_ratio", lambda rule, sizes: 1.0)
    true = scan.forward
    monkeypatch.setattr(
        scan, "forward", lambda name: true(name) if name != "ours, log" else lambda a, b: a * b
    )
    with pytest.raises(RuntimeError, match="ours, log and ours don't give the same numbers"):
        scan.run(quick=True, sizes=SMALL)


@pytest.mark.parametrize("xla", [False, True])
@pytest.mark.parametrize("wrong", ["ours", "ours, log"])
def test_the_largest_error_is_found_in_either_way_and_by_either_compiler(wrong, xla, monkeypatch):
    def build(name, sizes, dtype, by_xla=False):
        return lambda: [np.full(3, 1.5 if (name, by_xla) == (wrong, xla) else 1.0)]

    monkeypatch.setattr(scan, "build", build)
    assert scan.max_error(SMALL) == 0.5


def test_all_variants_give_the_same():
    for name in scan.WRITTEN:
        for one, other in zip(
            scan.build(name, SMALL, "float64")(),
            scan.build("ours", SMALL, "float64")(),
            strict=True,
        ):
            np.testing.assert_allclose(one, other, rtol=0, atol=1e-12)
    with pytest.raises(ValueError, match="choose one of ours, "):
        scan.build("theirs", SMALL)


def test_the_stored_benchmark_reaches_its_bars():
    bench = stored_result("bench-scan")
    for name, (sign, bar) in scan.BARS.items():
        assert bench[name] >= bar if sign == ">=" else bench[name] <= bar
