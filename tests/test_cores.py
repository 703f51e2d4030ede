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
