"""What a hand-in takes from its notebook is found, and what is code or comes with it is not."""

import contextlib
import importlib.resources
import io
import ntpath
import os
import pkgutil
import subprocess
import sys
import threading
import types
from importlib.machinery import SourceFileLoader, SourcelessFileLoader
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from course_lib.exercises.calling.guard import Unusable
from course_lib.exercises.projects import outside
from course_lib.exercises.projects.outside import (
    as_before_a_call,
    data_from_outside,
    nothing_opened,
)

NET = """
class Net:
    def __init__(self):
        self.y = Y
    def __call__(self, w, x):
        return self.y
"""
SETUP = """
import types
from functools import partial, wraps
import numpy as np
Y = np.arange(3)
RATE = 0.5
NAMES = ["a", "b"]
ONES = [1.0, 2.0]
table = {"deep": [(Y,)]}
"""


def found(code, name="predict", **more):
    home = types.ModuleType("notebook").__dict__ | more
    exec(SETUP + code, home)
    return data_from_outside(home[name])


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("def predict(w, x): return Y", ["Y"]),
        ("def predict(w, x): return table", ["table"]),
        ("def predict(w, x, *, y=Y): return y", ["default number 1"]),
        ("def predict(w, x, a=1, y=Y): return y", ["default number 2"]),
        ("def predict(w, x): return [Y for _ in x]", ["Y"]),
        ("def predict(w, x):\n def inner(): return Y\n return inner()", ["Y"]),
        ("class Net:\n def call(self): return Y\ndef predict(w, x): return Net().call()", ["Y"]),
        ("def a(n): return b(n)\ndef b(n): return a(Y)\ndef predict(w, x): return a(1)", ["Y"]),
        ("def predict(w, x): return Y, table", ["Y", "table"]),
        ("def predict(w, x): return file", ["file"]),
        ("def two(y, w, x): return y\npredict = partial(two, Y)", ["argument 1 of partial"]),
        ("def two(w, x, y): return y\npredict = partial(two, y=Y)", ["argument 1 of partial"]),
        (f"{NET}predict = Net()", ["Net.y"]),
        (f"{NET}predict = Net().__call__", ["Net.y"]),
        (f"{NET}net = Net()\ndef predict(w, x): return net(w, x)", ["Net.y"]),
        (f"{NET}predict = lambda w, x, net=Net(): net(w, x)", ["Net.y"]),
        ("def predict(w, x): return predict.y\npredict.y = Y", ["predict.y"]),
        ("@wraps(len)\ndef predict(w, x): return table", ["table"]),
        # What is no data:
        ("def two(n, w, x): return n\npredict = partial(two, 2)", []),
        (f"{NET.replace('Y', '2')}predict = Net()", []),
        ("predict = np.vectorize(abs)", []),
        ("def predict(w, x): return np.tanh(x) * RATE", []),
        ("def predict(w, x): return NAMES, ONES", []),
        ("s = types.SimpleNamespace(cell='tanh', n=2)\ndef predict(w, x): return s.n", []),
        ("s = types.SimpleNamespace(n=2, y=Y)\ndef predict(w, x): return s.n", ["s"]),
        ("def predict(w, x, n=10): return n", []),
        ("def predict(w, x): return never_defined", []),
        ("class Net:\n def call(self): return 1\ndef predict(w, x): return Net().call()", []),
    ],
)
def test_data_of_the_notebook(code, expected):
    assert sorted(found(code, file=io.StringIO())) == sorted(expected)


@pytest.mark.parametrize("kept", ["predict.cache", "Net.cache"])
def test_what_a_function_filled_itself_is_emptied_wherever_it_lies(kept):
    home = types.ModuleType("notebook").__dict__
    code = "def predict(w, x): return predict.cache\npredict.cache = {}"
    if kept == "Net.cache":
        code = f"{NET.replace('self.y', 'self.cache')}predict = Net()".replace("Y", "{}")
    exec(SETUP + code, home)
    predict = home["predict"]
    assert data_from_outside(predict) == []
    predict.cache["w"] = home["Y"]
    assert data_from_outside(predict) == [kept]
    with as_before_a_call(predict, [kept]) as possible:
        assert possible
        assert predict(1, 2) == {}
    assert predict(1, 2)["w"] is home["Y"]


def test_a_model_that_has_its_weights_is_data_of_the_notebook():
    """It can be called, as a function; but where the hand-in is judged, it isn't there."""
    model = keras.Sequential([keras.layers.Dense(2)])
    code = "def predict(w, x): return model(x)"
    assert found(code, model=model) == []
    model.build((None, 3))
    assert found(code, model=model) == ["model"]


def test_a_function_that_tensorflow_has_traced_is_none():
    traced = tf.function(lambda x: x + 1)
    traced(tf.zeros(2))
    assert found("def predict(w, x): return traced(x)", traced=traced) == []
    assert data_from_outside(traced) == []


def test_a_cell_that_is_not_filled_yet_and_what_is_no_function():
    assert data_from_outside(np.tanh) == []
    assert data_from_outside(object()) == []

    def make():
        def predict(w, x):
            return late

        names = data_from_outside(predict)
        late = np.ones(1)
        return names, data_from_outside(predict)

    assert make() == ([], ["late"])


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
    import tensorflow as tf

    @tf.function
    def total(x):
        sum_of_all = tf.zeros((), x.dtype)
        for one in x:
            sum_of_all += one
        return sum_of_all

    with nothing_opened():
        assert total(tf.constant([1.0, 2.0])).numpy() == 3


def test_a_library_is_known_however_windows_writes_its_path(monkeypatch):
    monkeypatch.setattr(outside, "LIBRARIES", {r"C:\c\.venv\Lib\site-packages"})
    monkeypatch.setattr(outside.os.path, "normcase", ntpath.normcase)
    assert outside._is_in_a_library(r"c:\c\.venv\lib\site-packages\keras\__init__.py")
    assert outside._is_in_a_library("C:/c/.venv/Lib/site-packages/keras/__init__.py")
    assert not outside._is_in_a_library(r"C:\c\.venv\Lib\site-packages-of-mine\x.py")
