"""Pieces of a run: side by side, one after another where they must, kept when the run is killed."""

import importlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from course_lib.training.pieces import Piece, finish
from course_lib.training.workers import WorkerError

HERE = Path(__file__).parent


@pytest.fixture
def pieces(monkeypatch):
    """The functions of some_pieces, which other processes find as well."""
    monkeypatch.syspath_prepend(HERE)
    return importlib.import_module("some_pieces")


def words(file):
    return [line.split()[0] for line in file.read_text().splitlines()]


def of(*needed):
    return lambda done: needed


def test_what_pieces_give_is_had_by_name_and_the_longest_begins(pieces, tmp_path):
    seen, said = tmp_path / "seen", {}
    needed = [Piece(w, pieces.note, (seen, w, c), c) for w, c in (("a", 1), ("b", 3), ("c", 2))]
    done = finish(of(*needed), processes=1, say=said.__setitem__)
    assert done == said == {"a": 1, "b": 3, "c": 2}
    assert words(seen) == ["b", "c", "a"]


def test_several_processes_share_the_pieces(pieces, tmp_path):
    two = [Piece(word, pieces.meet, (tmp_path, word, 2)) for word in "ab"]
    assert finish(of(*two), processes=2) == {"a": True, "b": True}


def test_a_piece_may_follow_from_what_others_gave():
    def plan(done):
        yield Piece("first", pow, (3, 2))
        if "first" in done:
            yield Piece("second", pow, (done["first"], 2))

    assert finish(plan, processes=2) == {"first": 9, "second": 81}


def test_no_process_is_made_for_nothing():
    assert finish(of(), processes=1) == {}


def test_what_is_missing_is_done_when_the_run_is_started_again(pieces, tmp_path):
    seen, file = tmp_path / "seen", tmp_path / "unfinished" / "run.json"
    first = Piece("a", pieces.note, (seen, "a", 1), cost=2)
    plan = of(first, Piece("b", pieces.fail_once, (tmp_path / "failed", 2)))
    with pytest.raises(ArithmeticError):
        finish(plan, file, made_of={"units": (1, 2)}, processes=1)
    assert finish(plan, file, {"units": (1, 2)}, processes=1) == {"a": 1, "b": 2}
    assert words(seen) == ["a"]
    assert [path.name for path in file.parent.iterdir()] == ["run.json"]


def test_pieces_of_another_run_are_not_used(pieces, tmp_path):
    seen, file = tmp_path / "seen", tmp_path / "run.json"
    for units in (1, 2):
        plan = of(Piece("a", pieces.note, (seen, "a", units)))
        finish(plan, file, {"units": units}, processes=1)
    assert words(seen) == ["a", "a"]
    assert json.loads(file.read_text())["pieces"] == {"a": 2}


def test_a_process_that_was_ended_is_said_to_be(tmp_path):
    with pytest.raises(WorkerError, match="Start the run again"):
        finish(of(Piece("a", os._exit, (3,))), tmp_path / "run.json", processes=1)


def test_each_process_has_one_thread_and_no_gpu(monkeypatch):
    monkeypatch.delenv("TF_NUM_INTRAOP_THREADS", raising=False)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    names = ("TF_NUM_INTRAOP_THREADS", "CUDA_VISIBLE_DEVICES")
    done = finish(of(*(Piece(name, os.getenv, (name,)) for name in names)), processes=1)
    assert done == dict(zip(names, ("1", "-1"), strict=True))


KILLED = """
import os, sys, time
from pathlib import Path
from some_pieces import linger
from course_lib.training.pieces import Piece, finish
if __name__ == "__main__":
    finish(lambda done: [Piece("a", linger, (Path(sys.argv[1]),))], processes=1)
"""


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_a_run_that_is_killed_leaves_no_process(tmp_path, still_running):
    script, file = tmp_path / "run.py", tmp_path / "pid"
    script.write_text(KILLED)
    path = os.pathsep.join(map(str, (HERE, HERE.parents[1])))
    run = subprocess.Popen([sys.executable, script, file], env={**os.environ, "PYTHONPATH": path})
    try:
        wait_for(file.exists)
        child = int(file.read_text())
        assert still_running([child], patience=0)
    finally:
        run.kill()
        run.wait()
    assert not still_running([child], patience=60)


def wait_for(what):
    end = time.monotonic() + 60
    while not what():
        assert time.monotonic() < end
        time.sleep(0.05)
