"""What a process is told before it loads the libraries."""

import os

import pytest

from course_lib import cores


@pytest.mark.parametrize(
    ("tell", "name", "value"),
    [
        (cores.take_one_thread, "OMP_NUM_THREADS", "1"),
        (cores.compile_in_haste, "XLA_FLAGS", cores.HASTY_XLA["XLA_FLAGS"]),
    ],
)
def test_the_users_own_setting_counts_more(monkeypatch, tell, name, value):
    for asked in (cores.ONE_THREAD, cores.HASTY_XLA):
        for one in asked:
            monkeypatch.setenv(one, "the user's")  # so that all is put back afterwards
            monkeypatch.delenv(one)
    tell()
    assert os.environ[name] == value
    monkeypatch.setenv(name, "the user's")
    tell()
    assert os.environ[name] == "the user's"


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
