"""What a hand-in takes from its notebook is found, and what is code or comes with it is not."""

import io
import ntpath
import types

import keras
import numpy as np
import pytest
import tensorflow as tf

from course_lib.exercises.projects import outside
from course_lib.exercises.projects.outside import as_before_a_call, data_from_outside

NET = """
class Net:
    def __init__(self):
        self.y = Y
    def __call__(self, w, x):
        return self.y
"""
SETUP = """
import logging
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
        ("EPS = np.float32(0.1)\ndef predict(w, x): return EPS", []),
        ("N = list(range(784))\ndef predict(w, x): return N", []),
        ("mean = Y\ndef predict(w, x): return x.mean()", []),  # an attribute of that name
        ("log = logging.getLogger('a')\ndef predict(w, x): log.info('a')", []),
        ("s = types.SimpleNamespace(act=np.tanh)\ndef predict(w, x): return s.act", []),
        ("s = types.SimpleNamespace(n=types.SimpleNamespace())\ndef predict(w, x): s", []),
        ("s = types.SimpleNamespace(n=types.SimpleNamespace(y=Y))\ndef predict(w, x): s", ["s"]),
        ("a = []\na.append(a)\ndef predict(w, x): return a", []),
        ("s = types.SimpleNamespace()\ns.s = s\ndef predict(w, x): return s", []),
        # Weights and answers in another form:
        ("N = list(range(1001))\ndef predict(w, x): return N", ["N"]),
        ("N = {'a': [(0,) * 600, (0,) * 600]}\ndef predict(w, x): return N", ["N"]),
        ("N = '0' * 9000\ndef predict(w, x): return N", ["N"]),
        ("N = 1 << 99_999\ndef predict(w, x): return N", ["N"]),
        (f"def predict(w, x): return {'0' * 9000!r}", ["a constant of predict"]),
        (f"def predict(w, x): return {[1] * 1001}", ["a constant of predict"]),
        (
            f"def predict(w, x):\n def inner(): return {b'0' * 9000!r}\n return inner",
            ["a constant of inner"],
        ),
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


def test_a_library_is_known_however_windows_writes_its_path(monkeypatch):
    monkeypatch.setattr(outside, "LIBRARIES", {r"C:\c\.venv\Lib\site-packages"})
    monkeypatch.setattr(outside.os.path, "normcase", ntpath.normcase)
    assert outside.is_in_a_library(r"c:\c\.venv\lib\site-packages\keras\__init__.py")
    assert outside.is_in_a_library("C:/c/.venv/Lib/site-packages/keras/__init__.py")
    assert not outside.is_in_a_library(r"C:\c\.venv\Lib\site-packages-of-mine\x.py")
