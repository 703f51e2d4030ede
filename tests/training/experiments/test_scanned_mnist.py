"""Pixel MNIST by diagonal layers: short runs of each kind, and what the stored ones hold."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from course_lib.training import stored_result
from course_lib.training.experiments import EXPERIMENTS
from course_lib.training.experiments.scanned_mnist import KINDS, STEPS, Config, network
from course_lib.training.reproduce import reproduce

PIXELS = [name for name in EXPERIMENTS if name.startswith("lru-pixels")]


@pytest.mark.slow
@pytest.mark.parametrize("name", PIXELS)
def test_a_quick_run(name):
    result = reproduce(name, quick=True)
    losses = result["curves"]["seed 0"]["train_loss"]
    assert losses[1] < losses[0]
    accuracy = result["summary"]["test_accuracy"]
    assert len(accuracy) == 1
    assert result["summary"]["mean_test_accuracy"] == accuracy[0]


def test_what_is_not_an_order():
    with pytest.raises(ValueError, match='choose "rows" or "permuted"'):
        Config(order="columns")


@pytest.mark.parametrize("kind", KINDS)
def test_the_network_reads_784_steps(kind):
    model = network(Config(kind=kind, units=4, hidden=4, block_units=3), seed=0)
    assert model(np.zeros((2, 784, 1), np.float32)).shape == (2, 10)


@pytest.fixture
def double():
    """Keras in float64."""
    before = keras.config.floatx(), keras.config.dtype_policy()
    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")
    yield
    keras.config.set_floatx(before[0])
    keras.config.set_dtype_policy(before[1])


def test_backpropagation_and_traces_give_one_gradient_over_all_steps(double):
    """What the run by backpropagation learns is what exact traces would have learned."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(3, STEPS, 1)), rng.integers(10, size=3)
    found, weights = {}, None
    for kind in ("one", "traces"):
        model = network(Config(kind=kind, units=6, hidden=5), seed=0)
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile("sgd", loss, **({"rule": "exact"} if kind == "traces" else {}))
        weights = weights or model.get_weights()
        model.set_weights(weights)
        if kind == "traces":
            _, _, gradients = model.gradients(x, y)
        else:
            with tf.GradientTape() as tape:
                value = loss(y, model(x, training=True))
            gradients = tape.gradient(value, [w.value for w in model.trainable_variables])
        found[kind] = [np.asarray(one) for one in gradients]
    for one, other in zip(found["one"], found["traces"], strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-10, atol=1e-10 * np.abs(other).max())


def test_what_is_not_a_kind():
    with pytest.raises(ValueError, match="choose 'one' or 'traces' or 'online' or 'stack'"):
        Config(kind="two")


@pytest.mark.parametrize("name", PIXELS)
def test_the_epoch_is_chosen_on_validation(name):
    result = stored_result(name)
    config, summary = result["config"], result["summary"]
    assert config["train"] + config["validation"] == 60_000
    assert config["test"] == 10_000
    assert len(config["seeds"]) == 3
    for number, seed in enumerate(config["seeds"]):
        curves = result["curves"][f"seed {seed}"]
        assert {len(curve) for curve in curves.values()} == {config["epochs"]}
        chosen = int(np.argmin(curves["validation_loss"]))
        assert summary["chosen_epoch"][number] == chosen + 1
        assert summary["test_accuracy"][number] == round(curves["test_accuracy"][chosen], 4)
    mean = round(float(np.mean(summary["test_accuracy"])), 4)
    assert summary["mean_test_accuracy"] == mean


@pytest.mark.parametrize(
    ("name", "least"),
    [
        ("lru-pixels", 0.975),
        ("lru-pixels-traces", 0.975),
        ("lru-pixels-online", 0.96),
        ("lru-pixels-stack", 0.985),
    ],
)
def test_what_is_reached(name, least):
    """Updates inside the sequence cost a point; two blocks on top gain one."""
    result = stored_result(name)
    assert result["config"]["steps"] == 784
    assert result["summary"]["mean_test_accuracy"] >= least
    if name == "lru-pixels-online":
        assert result["config"]["update_every"] == 28
