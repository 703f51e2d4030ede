"""Two replicas take the step that one takes. In a process of its own, which has two devices."""

import json
import subprocess
import sys
import textwrap

import pytest

SCRIPT = """
    import itertools
    import json
    import keras
    import numpy as np
    import tensorflow as tf

    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, 2 * [tf.config.LogicalDeviceConfiguration()])
    from course_lib.layers import LRU
    from course_lib.online import LeakyRNNCell, OnlineRNN, OnlineScan

    # One for all: in a second one, TensorFlow counts its exchanges from the start again, and takes
    # them for those of the first one.
    strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])

    def one_cell():
        return LeakyRNNCell(3)

    def stack():
        return [LeakyRNNCell(3), keras.layers.GRUCell(4)]

    def model_of(cells, rule, sequences, **settings):
        keras.utils.set_random_seed(0)
        model = OnlineRNN(cells(), 2, sequences)
        model.compile("sgd", "mse", rule=rule, samples=2, jit_compile=False, **settings)
        return model

    def scans():
        keras.utils.set_random_seed(0)
        model = OnlineScan(LRU(3, seed=0), 2)
        model.compile("sgd", "mse", rule="bptt", jit_compile=False)
        return model

    def trained(model, sequences):
        rng = np.random.default_rng(0)
        x = rng.normal(size=(4, 6, 2)).astype("float32")
        y = rng.normal(size=(4, 6, 2) if sequences else (4, 2)).astype("float32")
        with model.distribute_strategy.scope():
            model.build((None, 6, 2))
        start = [w.numpy() for w in model.trainable_weights]
        of_kernel = model.kernel.weights if hasattr(model, "kernel") else []
        kernel = [w.numpy() for w in of_kernel]
        loss = model.fit(x, y, batch_size=4, shuffle=False, verbose=0).history["loss"][0]
        moved = [w.numpy() - a for w, a in zip(model.trainable_weights, start)]
        kernel = max((np.abs(w.numpy() - a).max() for w, a in zip(of_kernel, kernel)), default=0)
        return np.concatenate([np.ravel(a) for a in moved]), loss, kernel

    found = []
    cases = [*itertools.product([one_cell], ("kernl", "rtrl", "bptt"), (False, True))]
    cases += [(one_cell, "kernl_modes", False), (stack, "kernl", True), (stack, "snap1", False)]
    cases.append((scans, "bptt", False))
    for cells, rule, sequences in cases:
        make = scans if cells is scans else lambda: model_of(cells, rule, sequences)
        one, loss, kernel = trained(make(), sequences)
        with strategy.scope():
            model = make()
        two, loss_of_two, kernel_of_two = trained(model, sequences)
        found.append({
            "cells": cells.__name__,
            "rule": rule,
            "step": float(np.abs(one).max()),
            "off": float(np.abs(one - two).max()),
            "loss_off": float(abs(loss - loss_of_two)),
            "kernel": float(kernel),
            "kernel_of_two": float(kernel_of_two),
        })
    def inside():
        return model_of(one_cell, "kernl", True, update_every=2)

    def exact():
        model = OnlineScan(LRU(3, return_sequences=True), 2)
        model.compile("sgd", "mse", jit_compile=False)
        return model

    def refusal(of, *given):
        try:
            of(*given)
        except ValueError as error:
            return str(error)

    refusals = {}
    for make in (inside, exact):
        alone = make()
        with strategy.scope():
            refusals[make.__name__] = refusal(make), refusal(trained, alone, True)
    print(json.dumps([found, refusals]))
"""


@pytest.fixture(scope="module")
def replicas():
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(SCRIPT)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.slow
def test_two_replicas_take_the_step_of_one(replicas):
    for case in replicas[0]:
        assert case["step"] > 1e-4, case
        assert case["off"] < 1e-6, case
        assert case["loss_off"] < 1e-6, case
        if case["rule"].startswith(
            "kernl"
        ):  # each replica has noise of its own; the step is as long
            assert 0.4 < case["kernel_of_two"] / case["kernel"] < 2.5, case


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "sentence"), [("inside", "leave out update_every."), ("exact", "take bptt.")]
)
def test_what_they_can_not_do_is_said_by_compile(replicas, model, sentence):
    """And by `fit`, of a model that was compiled for one device."""
    for said in replicas[1][model]:
        assert said.endswith(sentence)
