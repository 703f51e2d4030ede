"""Without TensorFlow: what is written in it says so, and the layers run."""

import importlib.util
import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.backends
# Keras imports JAX for its NumPy backend, which knows no gradients, too.
OTHERS = [("jax", "jax"), ("torch", "torch"), ("numpy", "jax")]


@pytest.fixture(params=OTHERS, ids=[backend for backend, _ in OTHERS])
def run(request):
    """A function that runs a program with a backend, in a Python that finds no TensorFlow."""
    backend, needed = request.param
    if importlib.util.find_spec(needed) is None:
        pytest.skip(f"{needed} is not installed here; pip install -e '.[backends]' installs it")

    def run(code):
        code = f"import sys\nsys.modules['tensorflow'] = None\n{code}"
        environment = os.environ | {"KERAS_BACKEND": backend, "CUDA_VISIBLE_DEVICES": ""}
        command = [sys.executable, "-c", code]
        return backend, subprocess.run(command, env=environment, capture_output=True, text=True)

    return run


INSTEAD = {
    "layers.training_step": "compile and fit",
    "layers.loops": "keras.layers.RNN",
    "layers.log_gradients": "a callback of your own with fit",
    "layers.by_hand.scan": "course_lib.layers.scan",
    "layers.by_hand": "course_lib.layers.scan",
    "online": "the layers of course_lib.layers with fit",
}


def test_what_is_tensorflows_names_what_to_use_instead(run):
    code = f"""
import importlib
for module in {list(INSTEAD)}:
    try:
        importlib.import_module("course_lib." + module)
        print("nothing was said")
    except ImportError as error:
        print(error)
"""
    backend, done = run(code)
    assert done.returncode == 0, done.stderr
    for said, instead in zip(done.stdout.splitlines(), INSTEAD.values(), strict=True):
        assert f"Keras runs on {backend} here: use {instead}, or start Python anew" in said


def test_the_layers_run(run):
    code = """
import numpy as np
import course_lib.layers.early_stopping, course_lib.layers.gate_schedule
from course_lib.layers import LRU, MinGRU, RecurrentClassifier, scan
from course_lib.layers.gradnets import GReLUDense
from course_lib.scratch.scan import scan_loop
from keras.ops import convert_to_numpy
rng = np.random.default_rng(0)
a, b, h_0 = (rng.normal(size=s).astype("float32") for s in ((2, 5, 3), (2, 5, 3), (2, 3)))
for method in ("loop", "log"):
    h = convert_to_numpy(scan(a, b, h_0, method=method))
    np.testing.assert_allclose(h, scan_loop(a, b, h_0), rtol=1e-4, atol=1e-5)
mask = np.array([[1, 1, 0, 1, 0], [0, 1, 1, 1, 1]], bool)
for layer in (LRU(4, 2), LRU(4, return_sequences=True), MinGRU(4, return_sequences=True)):
    print(*(tuple(y.shape) for y in (layer(b), layer(b, mask=mask))))
print(tuple(RecurrentClassifier(5, 3, "gru", 4)(b).shape))
print(tuple(GReLUDense(4)(h_0, h_0[0, 0]).shape))
"""
    _, done = run(code)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "(2, 2) (2, 2)",
        "(2, 5, 8) (2, 5, 8)",
        "(2, 5, 4) (2, 5, 4)",
        "(2, 10)",
        "(2, 4)",
    ]
