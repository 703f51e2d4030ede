"""The parts in JAX, in processes of their own, with its CPU in the place of the GPU."""

import time
from dataclasses import replace
from importlib.util import find_spec

import pytest

from course_lib.benchmarks import gpu
from course_lib.benchmarks.on_gpu.devices import PRETENDED


@pytest.mark.backends
@pytest.mark.skipif(find_spec("jax") is None, reason="for this, pip install jax")
@pytest.mark.parametrize("name", gpu.PARTS_IN_JAX)
def test_a_part_in_jax_does_all_of_its_rows(name, monkeypatch):
    monkeypatch.setenv("JAX_PLATFORMS", "cpu")
    parts = {name: replace(gpu.PARTS_IN_JAX[name], seconds=gpu.ALL)}  # on a busy machine
    ((_, result),) = gpu.run(parts, PRETENDED, True, time.monotonic() + gpu.ALL)
    assert gpu.fine(result), result
    assert not any("failed" in row or "left_out" in row for row in result["rows"])
