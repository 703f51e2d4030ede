"""What the benchmarks share: rounds, ratios, a child's memory, provenance. No test is timed."""

import json

import pytest

from course_lib.benchmarks import measure


def test_every_round_calls_each_once_and_begins_elsewhere():
    called = []
    variants = {name: (lambda name=name: called.append(name)) for name in "abc"}
    seconds = measure.interleaved(variants, rounds=4)
    assert "".join(called) == "abcbcacababc"
    assert {name: len(s) for name, s in seconds.items()} == {"a": 4, "b": 4, "c": 4}
    assert all(s > 0 for each in seconds.values() for s in each)


def test_a_round_can_hold_more_calls():
    called = []
    measure.interleaved({"a": lambda: called.append(1)}, rounds=2, calls=3)
    assert len(called) == 6


def test_who_waits_is_told_how_long(monkeypatch, capsys):
    monkeypatch.setattr(measure, "SAID_EVERY", 0)
    measure.interleaved({"a": lambda: None, "b": lambda: None}, rounds=3)
    words, beside = capsys.readouterr()
    assert words == ""
    first, *others = beside.splitlines()
    assert "2 variants are timed, 3 rounds" in first
    assert [line.split(",")[0].strip() for line in others] == ["1 of 3 rounds", "2 of 3 rounds"]


def test_a_ratio_is_taken_round_by_round():
    """The machine was ten times slower in the last round; the two compare as in the others."""
    assert measure.ratio([2.0, 2.0, 20.0], [1.0, 1.0, 10.0]) == 2.0
    assert measure.ratio([1.0, 1.0], [4.0, 4.0]) == 0.25


def test_no_bar_is_reached_by_rounding():
    for ratio in (measure.ratio([1.001], [1.0]), measure.ratio([1.0], [1.0]) + 1e-9):
        assert not measure.COMPARED["<="](ratio, 1.0)
    assert not measure.COMPARED[">="](measure.ratio([9.996], [1.0]), 10.0)


def test_a_summary_is_in_milliseconds():
    expected = {"median_ms": 3.0, "lower_quartile_ms": 2.0, "upper_quartile_ms": 4.0}
    assert measure.summary([0.005, 0.001, 0.003, 0.002, 0.004]) == expected


def hold(mib):
    """Takes so much memory, and gives it back."""
    return {"length": len(bytearray(mib * 2**20))}


def fail():
    raise ValueError("on purpose")


@pytest.fixture
def importable(monkeypatch):
    """These functions, by a name that a child can import them by."""
    import sys
    from pathlib import Path

    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    for function in (hold, fail):
        monkeypatch.setattr(function, "__module__", Path(__file__).stem)
    return sys.platform


def test_the_peak_is_that_of_the_child_alone(importable):
    """Not that of this process, which has had far more; and also of what is given back."""
    here = bytearray(300 * 2**20)
    small, large = measure.in_child(hold, 1), measure.in_child(hold, 150)
    del here
    assert small["length"] == 2**20
    if importable != "win32":
        assert 140 < large["peak_mib"] - small["peak_mib"] < 160
        assert small["peak_mib"] < 200


def test_a_failing_child_says_why(importable):
    with pytest.raises(RuntimeError, match=r"fail\(\) failed:[^$]*ValueError: on purpose"):
        measure.in_child(fail)


@pytest.mark.parametrize("quick", [False, True])
@pytest.mark.parametrize("out", [None, "here/it.json"])
def test_what_is_stored_and_where(quick, out, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = measure.store("lstm", {"ratio": 2.0}, quick, out and tmp_path / out)
    assert set(result) == {"name", "command", "date", "versions", "hardware", "ratio"}
    assert result["command"] == "course bench lstm" + (" --quick" if quick else "")
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    where = out or (None if quick else "benchmarks/results/bench-lstm.json")
    assert files == ([tmp_path / where] if where else [])
    assert all(json.loads(file.read_text()) == result for file in files)
