"""A size that is none is one sentence, whatever class or function it is given to."""

import inspect
import json

import keras
import numpy as np
import pytest

from course_lib import layers, online
from course_lib.layers import gradnets
from course_lib.layers.by_hand.lru import LRULayer

NONE = [0, -1, 2.0, 2.5, float("nan"), True, "4", None, [3]]
MORE = {
    online.SparseRNNCell: {"connections": 1},
    online.ModesKernel: {"gamma": [[0.1] * 3], "omega": [[0.0] * 3]},
}


def sized():
    """All that is public and begins with a number of units."""
    for module in (layers, online, gradnets):
        for name, thing in vars(module).items():
            public = name in getattr(module, "__all__", [name]) and not name.startswith("_")
            own = callable(thing) and thing.__module__.startswith("course_lib")
            if public and own and "units" in inspect.signature(thing).parameters:
                yield thing


ALL = list(dict.fromkeys(sized()))
SIZED = [thing for thing in ALL if thing is not layers.recurrent_classifier]


def made(thing, units):
    if thing in (layers.stacked_rnn, layers.StackedRNN):
        return thing("gru", units)
    return thing(units=units, **MORE.get(thing, {}))


def test_all_are_found():
    names = {thing.__name__ for thing in ALL}
    assert names >= {"VanillaRNNCell", "LSTMCell", "LSTMVariantCell", "GRUCell", "LRU", "MinGRU"}
    assert names >= {"GReLUDense", "HighwayDense", "GradualRNNCell", "LeakyRNNCell", "Kernel"}
    assert names >= {"stacked_rnn", "RecurrentClassifier"}


@pytest.mark.parametrize("thing", SIZED, ids=lambda thing: thing.__name__)
def test_a_number_of_units_is_whole_and_above_zero(thing):
    for units in NONE:
        with pytest.raises(ValueError, match=r"^units is .*; give a whole number above 0\.$"):
            made(thing, units)
    made(thing, 3)
    new = made(thing, np.int64(3))
    if isinstance(new, keras.layers.Layer) and hasattr(new, "units"):
        assert type(new.units) is int
        assert type(new).from_config(new.get_config()).units == 3


@pytest.mark.parametrize("name", ["steps", "pixels", "layers", "classes"])
def test_a_classifier_has_sizes(name):
    for size in NONE:
        with pytest.raises(ValueError, match=rf"^{name} is .*; give a whole number above 0\.$"):
            layers.RecurrentClassifier(units=3, **{name: size})


def test_what_learners_write_is_looked_at_from_outside():
    for cell in (layers.VanillaRNNCell, layers.LSTMCell, layers.GRUCell):
        assert "checked_units" not in inspect.getsource(cell)
        assert "units" in inspect.signature(cell).parameters
    for units in NONE:
        with pytest.raises(ValueError, match=r"^units is "):
            layers.recurrent_classifier(layers.GRUCell, units)


def test_a_stack_has_layers():
    for count in NONE:
        with pytest.raises(ValueError, match=r"^layers is .*; give a whole number above 0\.$"):
            layers.stacked_rnn("gru", 3, count)


def seeded():
    """All layers that are public and take a seed, but those that learners write: see below."""
    for module in (layers, online):
        for name in module.__all__:
            thing = getattr(module, name)
            takes = callable(thing) and "seed" in inspect.signature(thing).parameters
            if takes and thing is not layers.training_fraction:
                yield thing


SEEDED = [*dict.fromkeys(seeded())]


def made_with(thing, seed):
    if thing is layers.stacked_rnn:
        return thing("gru", 3, 2, dropout=0.1, seed=seed)
    if thing is layers.ResidualBlock:
        return thing(layers.MinGRU(3), dropout=0.1, seed=seed)
    if thing is online.TurningRNNCell:
        return thing([0.1, 0.2], [0.0, 1.0], seed=seed)
    return thing(units=3, seed=seed, **MORE.get(thing, {}))


@pytest.mark.parametrize("thing", SEEDED, ids=lambda thing: thing.__name__)
def test_a_seed_is_whole(thing):
    for seed in (3.0, "a", True, [3]):
        with pytest.raises(ValueError, match=r"^seed is .*; give a whole number, or None\.$"):
            made_with(thing, seed)
    shape = (None, 784) if thing is layers.RecurrentClassifier else (None, 5, 2)
    numbers = []
    for seed in (3, np.int64(3), np.uint8(3)):  # 7 * 3 + 250 would leave eight bits
        layer = made_with(thing, seed)
        if thing is not layers.stacked_rnn:
            assert type(layer.get_config()["seed"]) is int
        layer.build(shape)
        numbers.append([w.numpy() for w in layer.weights])
    made_with(thing, None).build(
        (None, 784) if thing is layers.RecurrentClassifier else (None, 5, 2)
    )
    if thing in (layers.LRU, layers.LRUCell, online.TurningRNNCell):
        for same in numbers[1:]:
            for one, other in zip(numbers[0], same, strict=True):
                np.testing.assert_array_equal(one, other)


BY_LEARNERS = {
    gradnets.GradualDropout: {"rate": 0.5},
    LRULayer: {"units": 3, "outputs": 2},
}


@pytest.mark.parametrize("layer", BY_LEARNERS, ids=lambda layer: layer.__name__)
def test_a_seed_of_a_layer_that_learners_write_is_whole(layer):
    for seed in (3.0, "a", True, [3]):
        with pytest.raises(ValueError, match=r"^seed is .*; give a whole number, or None\.$"):
            layer(**BY_LEARNERS[layer], seed=seed)
    for seed in (3, np.int64(3), np.uint8(3)):
        config = json.loads(json.dumps(layer(*BY_LEARNERS[layer].values(), seed).get_config()))
        assert config["seed"] == 3
        again = layer.from_config(config)
        assert again.get_config() == config
    assert layer(**BY_LEARNERS[layer], seed=None).seed is None
    with pytest.raises(TypeError, match=r"__init__\(\) missing 1 required positional argument"):
        layer(**dict(list(BY_LEARNERS[layer].items())[1:]))


def test_layers_that_learners_write_draw_the_same_from_numpys_seed():
    x, g = np.ones((2, 5, 4), "float32"), np.float32(1.0)
    drops = (gradnets.GradualDropout(0.5, seed=seed) for seed in (3, np.int64(3)))
    np.testing.assert_array_equal(*(drop(x, keras.ops.array(g), training=True) for drop in drops))
    np.testing.assert_array_equal(*(LRULayer(3, 2, seed=seed)(x) for seed in (3, np.int64(3))))


def test_the_sizes_of_a_layer_that_learners_write_are_whole():
    for name in ("units", "outputs"):
        for size in NONE:
            with pytest.raises(ValueError, match=rf"^{name} is .*; give a whole number above 0\.$"):
                LRULayer(**{"units": 3, "outputs": 2, name: size})


@pytest.mark.parametrize(
    "draw",
    [
        lambda seed: LRULayer(3, 2, seed=seed),
        lambda seed: online.Kernel(3, seed=seed),
        lambda seed: online.Kernel(3).start(1.0, 2.0, seed),
        lambda seed: online.SparseRNNCell(3, 1, seed=seed),
        lambda seed: layers.training_fraction(np.arange(4), np.arange(4), 0.5, seed),
    ],
)
def test_what_numpy_draws_has_no_seed_below_zero(draw):
    with pytest.raises(ValueError, match=r"^seed is -1; give a whole number, 0 or more, or None"):
        draw(-1)


def test_two_leaks_may_stand_in_an_array():
    cell = online.LeakyRNNCell(4, leak=np.array([0.9, 0.1]))
    again = online.LeakyRNNCell.from_config(cell.get_config())
    np.testing.assert_allclose(again.leaks, np.geomspace(0.9, 0.1, 4))
