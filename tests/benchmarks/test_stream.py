"""The benchmark of the stream: what it measures, and that its numbers can go wrong."""

import itertools
import json
from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from course_lib.benchmarks import stream
from course_lib.cli import app
from course_lib.training import stored_result

TINY = stream.Sizes(steps=40, piece=2, calls=5, units=3, inputs=2)


@pytest.mark.slow
def test_it_measures_time_and_memory(monkeypatch, tmp_path):
    memory = iter([100, 200, 205, 210, 215, 220, 225, 230, 235, 250])
    monkeypatch.setattr(stream, "resident_mib", lambda: next(memory))
    monkeypatch.setattr(stream, "QUICK", TINY)
    out = tmp_path / "bench.json"
    done = CliRunner().invoke(app, ["bench", "stream", "--quick", "--json", "--out", str(out)])
    assert done.exit_code == 0, done.output
    result = json.loads(out.read_text())
    assert result["growth_mib"] == 50
    assert "growth_mib: 50 (<= 10: NOT reached)" in done.output
    assert len(result["tenths"]) == 10
    assert result["sizes"]["steps"] == 40
    first, last = (result["tenths"][k]["processor_ms_a_step"] for k in (1, -1))
    assert result["last_tenth_over_second"] == pytest.approx(last / first, abs=0.01)
    latency = result["latency_ms"]
    assert 0 < latency["median"] <= latency["percentile_99"]


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="this system doesn't say")
def test_memory_is_read_from_the_system():
    before = stream.resident_mib()
    held = bytearray(50 * 2**20)
    held[::4096] = b"x" * len(held[::4096])
    assert 40 < stream.resident_mib() - before < 80


def test_where_the_system_does_not_say_no_memory_is_told(monkeypatch, tmp_path):
    monkeypatch.setattr(stream, "Path", lambda _: tmp_path / "status")
    assert stream.resident_mib() is None


def test_what_the_page_says_of_a_stream():
    """A million steps need no more memory and no more time a step than the first ones."""
    stored = stored_result("bench-stream")
    assert stored["sizes"]["steps"] == 1_000_000
    assert stored["growth_mib"] <= 10
    assert stored["last_tenth_over_second"] <= 1.1


def test_time_is_told_in_milliseconds_a_step(monkeypatch):
    """Each call takes half a second by this clock, and learns from ten steps."""
    clock = itertools.count(step=0.5)
    monkeypatch.setattr(stream, "time", SimpleNamespace(
        process_time=clock.__next__, perf_counter=clock.__next__,
    ))  # fmt: skip
    monkeypatch.setattr(stream, "_stream", lambda sizes: SimpleNamespace(learn=lambda x, y: None))
    found = stream.run(sizes=stream.Sizes(steps=1_000, piece=10, calls=50))
    assert [tenth["processor_ms_a_step"] for tenth in found["tenths"]] == [50.0] * 10
    assert found["last_tenth_over_second"] == 1
    assert found["latency_ms"] == {"median": 500, "percentile_99": 500}
