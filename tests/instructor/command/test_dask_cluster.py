"""A class graded on a Dask cluster, of which a worker is killed while it works."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter

import pytest
from a_class import solved, write

from course_lib.instructor.command import dask_cluster
from course_lib.instructor.command.command_line import run
from course_lib.instructor.command.dask_cluster import grade_here
from course_lib.instructor.command.grader_pool import graded
from course_lib.instructor.errors import BadUsage
from course_lib.instructor.intake.find import find
from course_lib.instructor.intake.read import Submission
from course_lib.instructor.results.ledger import NAME, course_key

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
    monkeypatch.setattr(dask_cluster, "CONNECT", 1)
    write(tmp_path / "in" / "a.ipynb", solved(1))
    code = run([tmp_path / "in"], tmp_path / "out", 1, "1/1", 5.0, 60.0, 1024, None, None,
               ["rnn_step"], False, False, "tcp://127.0.0.1:9")  # fmt: skip
    assert code == 2
    assert "no Dask scheduler at tcp://127.0.0.1:9" in capsys.readouterr().err


@pytest.mark.parametrize("fails", [1, 2])
def test_a_client_that_does_not_start_is_started_once_more(tmp_path, monkeypatch, capsys, fails):
    """On a busy machine Dask's thread may not have begun when Dask looks, and it says nothing."""
    tried = []

    def starts(address, **_):
        tried.append(address)
        if len(tried) <= fails:
            raise AssertionError
        raise OSError("nobody there")

    monkeypatch.setattr(distributed, "Client", starts)
    write(tmp_path / "in" / "a.ipynb", solved(1))
    code = run([tmp_path / "in"], tmp_path / "out", 1, "1/1", 5.0, 60.0, 1024, None, None,
               ["rnn_step"], False, False, "tcp://127.0.0.1:9")  # fmt: skip
    assert code == 2
    assert tried == ["tcp://127.0.0.1:9"] * 2
    said = " ".join(capsys.readouterr().err.split())
    assert ("(nobody there)" if fails == 1 else "Dask could not start here") in said
    assert "Traceback" not in said


@pytest.fixture
def cluster():
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, worker_dashboard_address=None
    ) as one:
        yield one


@pytest.fixture
def client(cluster):
    with distributed.Client(cluster) as one:
        yield one


def on(cluster, students, out):
    """Validate a class on a cluster; the code to exit with."""
    return run([students], out, 1, "1/1", 5.0, 60.0, 1024, None, None, ["rnn_step"], False, False,
               cluster.scheduler_address)  # fmt: skip


@pytest.mark.slow
def test_a_worker_without_the_course_is_named(tmp_path, cluster, client, capsys):
    """It ended over the first submission that it was sent, and the run waited for ever."""
    write(tmp_path / "in" / "a.ipynb", solved(1))
    first, *_ = client.nthreads()
    client.run(exec, "import sys; sys.modules.update(course_lib=None)", workers=[first])
    assert on(cluster, tmp_path / "in", tmp_path / "out") == 2
    said = capsys.readouterr().err
    assert f"1 of 2 workers don't have this version of the course ({first})" in said
    assert "Traceback" not in said
    assert len(client.nthreads()) == 2


@pytest.mark.slow
def test_a_large_notebook_is_nothing_to_talk_about(tmp_path, cluster, capsys, recwarn):
    write(tmp_path / "in" / "a.ipynb", solved(1) | {"pictures": "x" * (12 << 20)})
    assert on(cluster, tmp_path / "in", tmp_path / "out") == 0
    assert not [one for one in recwarn if "large graph" in str(one.message)]
    assert "large graph" not in capsys.readouterr().err


@pytest.mark.slow
def test_a_cluster_that_loses_its_last_worker_is_not_waited_for(
    tmp_path, cluster, client, capsys, monkeypatch
):
    monkeypatch.setattr(dask_cluster, "ALL_GONE", 1)
    monkeypatch.setattr(dask_cluster, "LOOK", 0.5)
    waits = "def rnn_step(*arguments):\n    import time\n    time.sleep(30)\n"
    write(tmp_path / "in" / "a.ipynb", solved(1, rnn_step=waits))
    under_way = threading.Event()

    def retire():
        under_way.wait(60)
        client.retire_workers(list(client.nthreads()))

    def as_they_come(*arguments):
        under_way.set()
        return original(*arguments)

    original = dask_cluster._as_they_come
    monkeypatch.setattr(dask_cluster, "_as_they_come", as_they_come)
    retired = threading.Thread(target=retire)
    retired.start()
    assert on(cluster, tmp_path / "in", tmp_path / "out") == 2
    retired.join()
    assert "has no workers any more. The same command goes on" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize("seen", [True, False], ids=["as seen", "while it is fetched"])
def test_a_result_that_its_worker_took_with_it_is_made_again(
    tmp_path, cluster, client, monkeypatch, seen
):
    """Between the word that there is a result and its arrival, its worker may die."""
    for number in range(3):
        write(tmp_path / "in" / f"{number}.ipynb", solved(1))
    pids, died = client.run(os.getpid), []

    def dies(future):
        if not died:
            (holder,) = cluster.scheduler.tasks[future.key].who_has
            os.kill(pids[holder.address], signal.SIGKILL)
            died.append(future.key)
            while seen and future.status == "finished":
                time.sleep(0.01)

    def as_they_come(*arguments):
        for future in original(*arguments):
            dies(future)
            yield future

    original = dask_cluster._as_they_come
    monkeypatch.setattr(dask_cluster, "_as_they_come", as_they_come)
    assert on(cluster, tmp_path / "in", tmp_path / "out") == 0
    assert len(died) == 1
    assert len(keys(tmp_path / "out")) == 3


@pytest.mark.slow
def test_a_result_that_went_with_the_last_worker_is_not_waited_for(
    tmp_path, cluster, client, monkeypatch, capsys
):
    monkeypatch.setattr(dask_cluster, "ALL_GONE", 1)
    monkeypatch.setattr(dask_cluster, "LOOK", 0.5)
    write(tmp_path / "in" / "a.ipynb", solved(1))

    def as_they_come(*arguments):
        for future in original(*arguments):
            if client.nthreads():
                cluster.scale(0)
            while client.nthreads():
                time.sleep(0.05)
            yield future

    original = dask_cluster._as_they_come
    monkeypatch.setattr(dask_cluster, "_as_they_come", as_they_come)
    assert on(cluster, tmp_path / "in", tmp_path / "out") == 2
    assert "has no workers any more. The same command goes on" in capsys.readouterr().err


@pytest.mark.slow
def test_a_scheduler_that_ends_is_said(tmp_path, cluster, client, monkeypatch, capsys):
    write(tmp_path / "in" / "a.ipynb", solved(1))

    def as_they_come(*arguments):
        for future in original(*arguments):
            client.shutdown()
            yield future

    original = dask_cluster._as_they_come
    monkeypatch.setattr(dask_cluster, "_as_they_come", as_they_come)
    assert on(cluster, tmp_path / "in", tmp_path / "out") == 2
    said = capsys.readouterr().err
    assert "was lost. The same command goes on from here" in said
    assert "Traceback" not in said


def test_a_worker_with_another_course_is_refused():
    with pytest.raises(BadUsage, match="another version"):
        grade_here({"course": "another"}, Submission("anna"))


@pytest.mark.slow
def test_a_worker_says_of_a_hand_in_what_is_said_here(tmp_path, kind):
    """Also of what can only be said with all of it in view, not with the notebooks alone."""
    there = tmp_path / "in"
    write(there / "plain" / "01-vanilla-rnn.ipynb", solved(1))
    imports = {"rnn_step": "import helpers.own\n" + WRONG}
    write(there / "package" / "01-vanilla-rnn.ipynb", solved(1, **imports))
    (there / "package" / "helpers").mkdir()
    (there / "package" / "helpers" / "own.py").write_text("x = 1\n")
    (there / "no notebook").mkdir()
    (there / "no notebook" / "notes.txt").write_text("later")
    (there / "damaged.zip").write_bytes(b"PK")
    write(there / "too large" / "01-vanilla-rnn.ipynb", {"cells": [], "x": "x" * (51 << 20)})
    setup = {"kind": kind, "seconds": 5.0, "budget": 60.0, "memory": 1 << 30, "cases": "",
             "seed": 3, "wanted": ["rnn_step"], "secret": []}  # fmt: skip
    class_ = find([there]).submissions
    here = dict(graded([(one, one.student) for one in class_], setup, 1))
    setup["course"] = course_key()
    on_a_worker = {one.student: grade_here(setup, one.load()) for one in class_}
    assert len(here) == 5
    assert on_a_worker == here
