"""Two replicas take the step that one takes. In a process of its own, which has two devices."""

import json
import subprocess
import sys
import textwrap

import pytest

SCRIPT = """
    import json
    import keras
    import numpy as np
    import tensorflow as tf

    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, 2 * [tf.config.LogicalDeviceConfiguration()])
    from course_lib.online import LeakyRNNCell, OnlineRNN

    def model_of(rule, sequences, **settings):
        keras.utils.set_random_seed(0)
        model = OnlineRNN(LeakyRNNCell(3), 2, sequences)
        model.compile("sgd", "mse", rule=rule, samples=2, jit_compile=False, **settings)
        return model

    def trained(model, sequences):
        rng = np.random.default_rng(0)
        x = rng.normal(size=(4, 6, 2)).astype("float32")
        y = rng.normal(size=(4, 6, 2) if sequences else (4, 2)).astype("float32")
        with model.distribute_strategy.scope():
            model.build((None, 6, 2))
        start = [w.numpy() for w in model.trainable_weights]
        loss = model.fit(x, y, batch_size=4, shuffle=False, verbose=0).history["loss"][0]
        moved = [w.numpy() - a for w, a in zip(model.trainable_weights, start)]
        beta = np.abs(model.kernel.beta.numpy() - np.eye(3)).max()
        return np.concatenate([np.ravel(a) for a in moved]), loss, beta

    found = []
    for rule in ("kernl", "rtrl", "bptt"):
        for sequences in (False, True):
            one, loss, beta = trained(model_of(rule, sequences), sequences)
            with tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]).scope():
                model = model_of(rule, sequences)
            two, loss_of_two, beta_of_two = trained(model, sequences)
            found.append({
                "rule": rule,
                "step": float(np.abs(one).max()),
                "off": float(np.abs(one - two).max()),
                "loss_off": float(abs(loss - loss_of_two)),
                "kernel": float(beta),
                "kernel_of_two": float(beta_of_two),
            })
    with tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]).scope():
        model = model_of("kernl", True, update_every=2)
    try:
        trained(model, True)
        refusal = ""
    except ValueError as error:
        refusal = str(error)
    print(json.dumps([found, refusal]))
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
        if case["rule"] == "kernl":  # each replica has noise of its own; the step is as long
            assert 0.4 < case["kernel_of_two"] / case["kernel"] < 2.5, case


@pytest.mark.slow
def test_they_do_not_update_inside_a_sequence(replicas):
    assert "update_every" in replicas[1]
