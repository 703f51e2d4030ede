"""What a hand-in opens is found and named; what a library opens for itself is its own."""

import contextlib
import importlib.resources
import os
import pkgutil
import socket
import sqlite3
import subprocess
import sys
import threading
from importlib.machinery import SourceFileLoader, SourcelessFileLoader
from pathlib import Path

import pytest
import tensorflow as tf

from course_lib.exercises.calling.guard import Unusable
from course_lib.exercises.projects import outside
from course_lib.exercises.projects.opening import nothing_opened


def datagram():
    return socket.socket(socket.AF_INET, socket.SOCK_DGRAM)


@pytest.mark.parametrize(
    ("reach", "named"),
    [
        (lambda: Path("labels.npz").read_bytes(), "'labels.npz'"),
        (lambda: SourceFileLoader("x", "y.npz").get_data("y.npz"), "'y.npz'"),
        (lambda: SourceFileLoader("x", "y.npz").set_data("y.npz", b""), "y.npz"),
        (lambda: SourcelessFileLoader("x", "y.npz").get_code("x"), "'y.npz'"),
        (lambda: SourceFileLoader("x", "y.npz").get_data(12345), "12345"),
        (lambda: pkgutil.get_data("course_lib", "y.npz"), "y.npz"),
        (lambda: importlib.resources.files("course_lib").joinpath("y.npz").read_bytes(), "y.npz"),
        (lambda: os.system("true"), "true"),
        (lambda: subprocess.run(["true"]), "'true'"),
        (lambda: sqlite3.connect("labels.db"), "'labels.db'"),
        (lambda: os.execv("/nowhere/true", ["true"]), "'/nowhere/true'"),
        (lambda: socket.create_connection(("127.0.0.1", 9)), "'127.0.0.1'"),
        (lambda: socket.socket().connect(("127.0.0.1", 9)), "'127.0.0.1:9'"),
        (lambda: datagram().sendto(b"x", ("127.0.0.1", 9)), "'127.0.0.1:9'"),
        (lambda: datagram().sendmsg([b"x"], [], 0, ("127.0.0.1", 9)), "'127.0.0.1:9'"),
        (lambda: socket.gethostbyname("localhost"), "'localhost'"),
    ],
)  # fmt: skip
def test_what_is_opened_is_named_even_if_the_failure_is_hidden(reach, named):
    def hides():
        with contextlib.suppress(Exception):
            reach()

    with pytest.raises(Unusable, match=f"It opened .*{named}.* weights and x"), nothing_opened():
        hides()


def test_another_thread_and_whoever_comes_afterwards_may_open_files(tmp_path):
    file = tmp_path / "a.txt"
    file.write_text("text")
    read = []
    with nothing_opened():
        thread = threading.Thread(target=lambda: read.append(file.read_text()))
        thread.start()
        thread.join()
    assert [*read, file.read_text()] == ["text", "text"]


def test_an_import_may_open_its_module_and_keep_what_it_compiled(tmp_path, monkeypatch):
    """Which Python does once, where a library was just installed: in a first check."""
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "imported_late.py").write_text("x = 3\n")
    with nothing_opened():
        import imported_late
    assert imported_late.x == 3
    assert list(tmp_path.glob("__pycache__/imported_late*.pyc"))
    (tmp_path / "reads.py").write_text("from pathlib import Path\nPath('y.npz').read_bytes()\n")
    hidden = contextlib.suppress(Exception)
    with pytest.raises(Unusable, match=r"y\.npz"), nothing_opened(), hidden:
        import reads  # noqa: F401


def test_a_library_may_open_what_it_needs_while_it_is_imported(tmp_path, monkeypatch):
    """As Keras does with its settings; what it is asked for later is the hand-in's own reach."""
    (tmp_path / "settings.json").write_text("{}")
    (tmp_path / "a_library.py").write_text(
        "from pathlib import Path\n"
        "FILE = Path(__file__).with_name('settings.json')\n"
        "SETTINGS = FILE.read_text()\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(outside, "LIBRARIES", {str(tmp_path)})
    with nothing_opened():
        import a_library
    assert a_library.SETTINGS == "{}"
    hidden = contextlib.suppress(PermissionError)
    with pytest.raises(Unusable, match=r"settings\.json"), nothing_opened(), hidden:
        a_library.FILE.read_text()


def test_nothing_is_written_to_nowhere():
    """Which is how TensorFlow is kept quiet while it is loaded."""
    with nothing_opened(), open(os.devnull, "w") as nowhere:
        nowhere.write("text")


def test_tensorflow_may_write_down_what_it_traces():
    """A loop over a tensor is rewritten, and the result is imported from a file."""

    @tf.function
    def total(x):
        sum_of_all = tf.zeros((), x.dtype)
        for one in x:
            sum_of_all += one
        return sum_of_all

    with nothing_opened():
        assert total(tf.constant([1.0, 2.0])).numpy() == 3
