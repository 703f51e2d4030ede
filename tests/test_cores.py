"""What a process is told before it loads the libraries."""

import contextlib
import os
from concurrent.futures import Executor, Future
from typing import ClassVar

import pytest

from course_lib import cores
from course_lib.exercises.proving import prove, survivors
from course_lib.training import pieces

ALL = cores.ONE_THREAD | cores.HASTY_XLA


@pytest.fixture
def nothing_set(monkeypatch):
    for name in ALL:
        monkeypatch.setenv(name, "the user's")  # so that all is put back afterwards
        monkeypatch.delenv(name)


def compile_in_haste():
    cores.compile_in_haste()
    return os.environ["XLA_FLAGS"]


def handed_down():
    with cores.handed_down(cores.HASTY_XLA):
        return os.environ["XLA_FLAGS"]


@pytest.mark.parametrize("tell", [compile_in_haste, handed_down])
def test_the_users_own_setting_counts_more(monkeypatch, nothing_set, tell):
    assert tell() == cores.HASTY_XLA["XLA_FLAGS"]
    monkeypatch.setenv("XLA_FLAGS", "the user's")
    assert tell() == "the user's"
    assert os.environ["XLA_FLAGS"] == "the user's"


def test_what_is_handed_down_is_gone_after_the_block(nothing_set):
    with contextlib.suppress(KeyError), cores.handed_down(cores.ONE_THREAD, cores.HASTY_XLA):
        assert ALL.items() <= os.environ.items()
        raise KeyError
    assert not ALL.keys() & os.environ.keys()


class Noting(Executor):
    """A pool that runs nothing, and notes with which settings its processes would begin."""

    began: ClassVar[list[dict[str, str]]] = []

    def __init__(self, *_, **__):
        self.began.clear()

    def submit(self, *_, **__):
        self.began.append({name: os.environ.get(name) for name in cores.ONE_THREAD})
        nothing = Future()
        nothing.set_result([])
        return nothing


def some_proofs():
    return list(prove.prove_side_by_side(["rnn_step", "grelu"], 1))


def some_mutants():
    return survivors.fates(["rnn_step"], sample=1)


def some_pieces():
    return pieces.finish(lambda _: [pieces.Piece(name, print, (), 1) for name in "ab"], processes=2)


@pytest.mark.parametrize(
    ("of", "run"), [(prove, some_proofs), (survivors, some_mutants), (pieces, some_pieces)]
)
def test_side_by_side_no_process_begins_with_the_threads_of_all_cores(
    monkeypatch, nothing_set, of, run
):
    """Two pools of threads on two cores wait for each other: 43 seconds in place of two."""
    monkeypatch.setattr(of, "ProcessPoolExecutor", Noting)
    monkeypatch.setattr(cores, "workers", lambda: 2)
    run()
    assert Noting.began
    assert all(began == cores.ONE_THREAD for began in Noting.began)


@pytest.mark.parametrize(
    ("cores_allowed", "memory", "expected"),
    [
        (4, 100, 4),
        (4, 9, 3),
        (4, 8.9, 2),
        (4, 1, 1),
        (1, 100, 1),
    ],
)  # fmt: skip
def test_as_many_processes_as_cores_and_memory_allow(monkeypatch, cores_allowed, memory, expected):
    """Memory in GiB, of which each process has three."""
    system = {"SC_PAGE_SIZE": 4096, "SC_PHYS_PAGES": int(memory * 2**30) // 4096}
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(cores_allowed)), raising=False)
    monkeypatch.setattr(os, "sysconf", system.get, raising=False)
    assert cores.workers() == expected
    assert cores.workers(3 * cores.MEMORY_OF_ONE) == max(1, min(cores_allowed, int(memory // 9)))


def test_where_nothing_is_known_of_memory_the_cores_count(monkeypatch):
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 6)

    def unknown(name):
        raise ValueError(name)

    monkeypatch.setattr(os, "sysconf", unknown, raising=False)
    assert cores.workers() == 6
    monkeypatch.delattr(os, "sysconf", raising=False)
    assert cores.workers() == 6
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert cores.workers() == 1
