"""JAX and PyTorch give the numbers that TensorFlow gives, each in a process of its own."""

import importlib.util
import itertools
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

HERE = Path(__file__).parent
BACKENDS = ("tensorflow", "jax", "torch")
INSTALLED = [name for name in BACKENDS if importlib.util.find_spec(name) is not None]
# How far apart two backends may be, as a part of the largest number.
CASES = {
    "recurrences": 1e-10,
    "scans": 1e-10,
    "others": 1e-10,
    "pieces": 1e-10,
    "training": 1e-6,  # Keras reckons losses in 32 bits
    "callbacks": 1e-5,
    "fused": 1e-5,  # Keras's own layers round to 32 bits on the way
    "policies": 0.1,  # 16 bits, with other sums in another order
    "noise": 0,
    "wrapped": 1e-10,
    "narrow": 0.1,
}
LAYER_NORM = 1e-8  # of a block: TensorFlow has Keras's epsilon in 32 bits
DENSE = 1e-6  # of Keras's own: PyTorch rounds to 32 bits on the way
NARROW = {"mixed_float16": 0.01, "mixed_bfloat16": 0.05}  # from 64 bits, on the same backend
CARRIED = {"float64": 1e-9, "mixed_float16": 0.01, "mixed_bfloat16": 0.05}
SECONDS = 900  # a process takes one minute on a quiet machine

pytestmark = pytest.mark.backends
every_other = pytest.mark.parametrize("backend", BACKENDS[1:])


def programs(*arguments):
    """Run `cases.py` with every backend that is here, side by side; what each one printed."""
    command = [sys.executable, str(HERE / "cases.py"), *map(str, arguments)]
    same = {"JAX_ENABLE_X64": "1", "JAX_PLATFORMS": "cpu", "KERAS_TORCH_DEVICE": "cpu"}
    same |= {"CUDA_VISIBLE_DEVICES": "", "TF_CPP_MIN_LOG_LEVEL": "3"}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    started = {
        backend: subprocess.Popen(
            command, env=os.environ | same | {"KERAS_BACKEND": backend}, **pipes
        )
        for backend in INSTALLED
    }
    try:
        done = {name: one.communicate(timeout=SECONDS) for name, one in started.items()}
    finally:
        for one in started.values():
            one.kill()
    for name, (_, errors) in done.items():
        assert started[name].returncode == 0, f"{name}: {errors[-3000:]}"
    return {name: printed for name, (printed, _) in done.items()}


def need(backend):
    if backend not in INSTALLED:
        pytest.skip(f"{backend} is not installed here; pip install -e '.[backends]' installs it")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """What all backends that are here have answered and saved."""
    folder = tmp_path_factory.mktemp("backends")
    programs("answer", folder)
    return folder


@every_other
@pytest.mark.parametrize("case", CASES)
def test_the_same_numbers(request, backend, case):
    """Values and gradients, of all that the case asks, and of nothing less."""
    need(backend)
    folder = request.getfixturevalue("folder")
    true, found = (np.load(folder / f"{name} {case}.npz") for name in (BACKENDS[0], backend))
    assert sorted(found.files) == sorted(true.files)
    apart = {}
    for name in true.files:
        one, other = true[name], found[name]
        assert one.dtype.kind == other.dtype.kind, name
        assert one.shape == other.shape, name
        if one.dtype.kind in "USb":
            np.testing.assert_array_equal(one, other, name)
            continue
        largest = max(1.0, np.abs(one).max(initial=0))
        allowed = max(CASES[case], LAYER_NORM if name.startswith("block") else 0)
        allowed = max(allowed, DENSE if name.startswith("two readouts") else 0)
        far = np.abs(one - other).max(initial=0) / largest
        if not far <= allowed:
            apart[name] = far
        assert np.isfinite(one).all(), name
    assert apart == {}


@every_other
@pytest.mark.parametrize("policy", NARROW)
def test_16_bits_are_near_64(request, backend, policy):
    """Outputs and gradients, as a part of the largest number; TensorFlow's too."""
    need(backend)
    folder = request.getfixturevalue("folder")
    for one in (BACKENDS[0], backend):
        found, apart = np.load(folder / f"{one} narrow.npz"), {}
        names = [name.removeprefix("float64: ") for name in found.files if "float64" in name]
        assert len(names) > 20
        for name in names:
            true = found[f"float64: {name}"]
            far = np.abs(found[f"{policy}: {name}"] - true).max() / np.abs(true).max()
            if not far <= NARROW[policy]:
                apart[name] = far
        assert apart == {}, one


@pytest.fixture(scope="module")
def loaded(folder):
    """For each backend that is here, how far what it loads is from what was saved."""
    printed = programs("load", folder)
    return {
        name: [line.split("\t") for line in text.splitlines()] for name, text in printed.items()
    }


@pytest.mark.parametrize(
    ("saved", "backend"),
    [pair for pair in itertools.product(BACKENDS, repeat=2) if set(pair) != {"tensorflow"}],
)
def test_saved_with_one_and_loaded_with_another(request, saved, backend):
    need(saved)
    need(backend)
    lines = request.getfixturevalue("loaded")[backend]
    apart = {name: float(far) for stem, name, far in lines if stem.startswith(f"{saved}-")}
    carried = {name: far for name, far in apart.items() if name.startswith("in the middle")}
    assert len(carried) == 12
    # In 16 bits, two backends add up in another order, and round.
    far = {n: a for n, a in carried.items() if not a <= CARRIED[n.split(", ")[-1]]}
    assert far == {}
    apart = {name: far for name, far in apart.items() if name not in carried}
    assert len(apart) > 10
    # A Dense layer of Keras has 32 bits in PyTorch.
    assert {name: far for name, far in apart.items() if not far <= 1e-6} == {}
