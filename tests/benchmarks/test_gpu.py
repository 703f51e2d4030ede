"""course gpu: its parts run in processes of their own, and whatever fails, the rest is kept."""

import json
import subprocess
import sys
import time
from dataclasses import replace

import pytest
from typer.testing import CliRunner

from course_lib.benchmarks import gpu
from course_lib.benchmarks.on_gpu.devices import PRETENDED
from course_lib.cli import app
from course_lib.training import gpu_audit

ROW = {"T": 8, "ms": {"one": 1.0}}
GOOD = {"seconds": 1.0, "rows": [ROW]}


@pytest.fixture
def program(monkeypatch):
    """Let parts run a piece of Python in place of what they do; `file` is where rows go."""

    def use(text):
        def start(part, share, device, quick, seconds, file):
            file.touch()
            line = f"from pathlib import Path; file = Path({str(file)!r})\n{text}"
            with file.with_suffix(".errors").open("wb") as errors:
                return subprocess.Popen([sys.executable, "-c", line], stderr=errors)

        monkeypatch.setattr(gpu, "_start", start)

    return use


def only(**part):
    """The result of one part."""
    parts = {"one": gpu.Part("none", **{"seconds": 60, **part})}
    ((name, result),) = gpu.run(parts, PRETENDED, True, time.monotonic() + 60)
    assert name == "one"
    return result


@pytest.mark.slow
def test_a_part_runs_on_the_device_that_is_taken_for_a_gpu(tmp_path, capfd, monkeypatch):
    unhurried = replace(gpu.PARTS["memory"], seconds=gpu.ALL)  # on a busy machine
    monkeypatch.setitem(gpu.PARTS, "memory", unhurried)
    code = gpu.main(quick=True, out=tmp_path / "it.json", only="memory", device=PRETENDED)
    assert code == 0
    stored = json.loads((tmp_path / "it.json").read_text())
    assert stored["name"] == "bench-gpu"
    assert stored["command"] == "course gpu --quick --only memory"
    assert stored["versions"]["course-lib"]
    rows = stored["parts"]["memory"]["rows"]
    assert [(row["T"], row["rule"]) for row in rows] == [
        (T, rule) for T in (8, 16) for rule in ("chunked", "bptt")
    ]
    assert "memory: 4 rows in" in capfd.readouterr().out


def test_without_a_gpu_it_says_so_and_audits(monkeypatch):
    monkeypatch.setattr(gpu, "SEES", {"tensorflow": lambda: False, "jax": lambda: False})
    for audited, code in ((0, 0), (1, 1), (2, 0)):  # 2: this TensorFlow can't tell
        monkeypatch.setattr(gpu_audit, "main", lambda audited=audited: audited)
        done = CliRunner().invoke(app, ["gpu"])
        assert done.exit_code == code
        assert "No GPU is seen here" in done.output


@pytest.mark.parametrize(
    ("tensorflow", "jax", "parts"),
    [(True, True, gpu.PARTS), (True, False, gpu.PARTS), (False, True, gpu.PARTS_IN_JAX)],
)
def test_jax_is_taken_where_tensorflow_sees_no_gpu(tensorflow, jax, parts, monkeypatch, tmp_path):
    monkeypatch.setattr(gpu, "SEES", {"tensorflow": lambda: tensorflow, "jax": lambda: jax})
    monkeypatch.setattr(gpu, "run", lambda parts, *_: ((name, GOOD) for name in parts))
    assert gpu.main(out=tmp_path / "it.json") == 0
    assert set(json.loads((tmp_path / "it.json").read_text())["parts"]) == set(parts)


def test_one_part_asks_for_the_backend_that_it_runs_on(monkeypatch, capsys):
    monkeypatch.setattr(gpu, "SEES", {"tensorflow": lambda: False, "jax": lambda: True})
    monkeypatch.setattr(gpu, "run", lambda parts, *_: ((name, GOOD) for name in parts))
    monkeypatch.setattr(gpu_audit, "main", lambda: 0)
    assert gpu.main(only="scans-jax") == 0
    assert "scans-jax: 1 rows" in capsys.readouterr().out
    gpu.main(only="cells")
    assert "No GPU is seen here" in capsys.readouterr().out


def test_a_part_that_there_is_not():
    done = CliRunner().invoke(app, ["gpu", "--only", "cell"])
    assert done.exit_code == 2
    assert "There is no part 'cell'. There is: steps-float32" in done.output


def test_all_is_written_after_each_part(tmp_path, monkeypatch):
    out = tmp_path / "it.json"
    seen = []

    def run(parts, *_):
        if out.exists():
            seen.append(list(json.loads(out.read_text())["parts"]))
        yield from ((name, GOOD) for name in parts)

    monkeypatch.setattr(gpu, "run", run)
    assert gpu.main(out=out, device=PRETENDED) == 0
    together = ["steps-float32", "steps-float64", "exercises"]
    assert seen == [[*together, *list(gpu.PARTS)[3 : 3 + n]] for n in range(6)]
    stored = json.loads(out.read_text())
    assert set(stored["parts"]) == set(gpu.PARTS)
    assert stored["command"] == "course gpu"


def test_where_it_is_stored_by_itself(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(gpu, "run", lambda parts, *_: ((name, GOOD) for name in parts))
    for settings in ({"quick": True}, {"only": "cells"}):
        gpu.main(device=PRETENDED, **settings)
        assert not list(tmp_path.iterdir())
    gpu.main(device=PRETENDED)
    assert (tmp_path / "benchmarks" / "results" / "bench-gpu.json").exists()


def test_what_compares_runs_side_by_side_and_what_is_timed_alone():
    groups = [list(group) for group in gpu._groups(gpu.PARTS)]
    assert groups[0] == ["steps-float32", "steps-float64", "exercises"]
    assert all(len(group) == 1 for group in groups[1:])
    assert [name for group in groups for name in group] == list(gpu.PARTS)


def test_many_cores_share_what_is_not_timed(program, monkeypatch):
    monkeypatch.setattr(gpu.os, "cpu_count", lambda: 16)
    program("""
share = int(file.name.rpartition("-")[2])
file.write_text(f'{{"T": {share}}}\\n')
if share == 2:
    raise SystemExit("the third fell off")""")
    result = only(timed=False)
    assert result["rows"] == [{"T": share} for share in range(4)]
    assert result["error"] == "It ended with 1. the third fell off"
    assert gpu.Part("none", 60).shares == 1


def test_in_the_worst_case_the_last_part_has_time_and_all_takes_eight_minutes():
    *first, last = gpu._groups(gpu.PARTS)
    before = sum(max(part.seconds for part in group.values()) for group in first)
    assert all(part.seconds == 0 for part in last.values())
    assert before + 90 <= gpu.ALL
    assert gpu.ALL + gpu.GRACE < 8 * 60


def test_a_process_that_dies_keeps_its_rows(program):
    program("file.write_text('{\"T\": 8}\\n'); raise SystemExit('the GPU fell off')")
    result = only()
    assert result["rows"] == [{"T": 8}]
    assert result["error"] == "It ended with 1. the GPU fell off"
    assert not gpu.fine(result)


def test_a_process_that_hangs_is_stopped_and_keeps_its_rows(program, monkeypatch):
    monkeypatch.setattr(gpu, "GRACE", 1.0)
    program("file.write_text('{\"T\": 8}\\n'); import time; time.sleep(600)")
    result = only(seconds=1.0)
    assert result["rows"] == [{"T": 8}]
    assert result["stopped"] == "It was stopped after 2 seconds."
    assert gpu.fine(result)
    assert not gpu.fine({**result, "rows": []})


def test_a_part_that_can_not_begin_says_why():
    result = only()
    assert result["rows"] == []
    assert "No module named 'course_lib.benchmarks.on_gpu.none'" in result["error"]


@pytest.mark.parametrize(
    ("change", "well"),
    [
        ({}, True),
        ({"rows": []}, False),
        ({"error": "It ended with 1."}, False),
        ({"stopped": "It was stopped."}, True),
        ({"rows": [ROW, {"error": "RuntimeError: no"}]}, False),
        ({"rows": [ROW, {"ok": False}]}, False),
        ({"rows": [ROW, {"T": 9, "left_out": "There was no time left."}]}, True),
    ],
)
def test_what_is_well(change, well, monkeypatch, tmp_path, capsys):
    result = {**GOOD, **change}
    assert gpu.fine(result) == well
    monkeypatch.setattr(gpu, "run", lambda parts, *_: ((name, result) for name in parts))
    assert gpu.main(only="cells", device=PRETENDED) == (0 if well else 1)
    said = capsys.readouterr().out
    assert ("not right" in said) == any(
        "left" not in str(row) and row != ROW for row in result["rows"]
    )
