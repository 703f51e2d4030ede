"""A class graded on a Dask cluster, of which a worker is killed while it works."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter

import pytest
from a_class import solved, write

from course_lib.instructor.results.ledger import NAME

distributed = pytest.importorskip("distributed")
WRONG = "def rnn_step(x_t, h_prev, W_xh, W_hh, b_h):\n    return x_t @ W_xh + h_prev @ W_hh + b_h\n"
STUDENTS = 24


def command(students, out, *more):
    return [sys.executable, "-m", "course_lib.cli", "validate", str(students), f"--out={out}",
            "--exercise=rnn_step", *more]  # fmt: skip


def keys(out):
    try:
        lines = (out / NAME).read_text().splitlines()
    except FileNotFoundError:
        return []
    return [entry["key"] for entry in map(json.loads, lines[1:])]


@pytest.mark.slow
def test_a_killed_worker_loses_nothing_and_nothing_counts_twice(tmp_path, kind, still_running):
    students, out = tmp_path / "students", tmp_path / "out"
    for number in range(STUDENTS):
        answer = {"rnn_step": WRONG} if number % 3 == 0 else {}
        write(students / f"s{number:02}.ipynb", solved(1, **answer))
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None, worker_dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        workers = client.run(os.getpid)
        assert len(workers) == 2
        run = subprocess.Popen(
            command(students, out, f"--scheduler={cluster.scheduler_address}"),
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        began = time.monotonic()
        while len(keys(out)) < 3 and run.poll() is None and time.monotonic() - began < 120:
            time.sleep(0.02)
        assert run.poll() is None, run.communicate()[0]
        victim = next(iter(workers.values()))
        os.kill(victim, signal.SIGKILL)
        assert len(keys(out)) < STUDENTS
        said, _ = run.communicate(timeout=300)
        assert run.returncode == 0, said
        assert not still_running([victim])
    graded = Counter(keys(out))
    assert len(graded) == STUDENTS
    assert set(graded.values()) == {1}
    results = json.loads((out / "results.json").read_text())["students"]
    assert [s["student"] for s in results] == [f"s{n:02}" for n in range(STUDENTS)]
    outcomes = [s["exercises"][0]["outcome"] for s in results]
    assert outcomes == ["passed" if n % 3 else "not right yet" for n in range(STUDENTS)]
    # The same verdicts as on this machine, from the same ledger.
    again = subprocess.run(command(students, out), capture_output=True, text=True)
    assert f"{STUDENTS} of {STUDENTS} were graded before" in again.stderr


def test_a_scheduler_that_is_not_there_is_said(tmp_path, monkeypatch, capsys):
    from course_lib.instructor.command import dask_cluster
    from course_lib.instructor.command.command_line import run

    monkeypatch.setattr(dask_cluster, "CONNECT", 1)
    write(tmp_path / "in" / "a.ipynb", solved(1))
    code = run([tmp_path / "in"], tmp_path / "out", 1, "1/1", 5.0, 60.0, 1024, None, None,
               ["rnn_step"], False, False, "tcp://127.0.0.1:9")  # fmt: skip
    assert code == 2
    assert "no Dask scheduler at tcp://127.0.0.1:9" in capsys.readouterr().err


def test_a_worker_with_another_course_is_refused():
    from course_lib.instructor.command.dask_cluster import grade_here
    from course_lib.instructor.errors import BadUsage

    with pytest.raises(BadUsage, match="another version"):
        grade_here({"course": "another"}, "anna", [], [])
