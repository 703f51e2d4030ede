"""What a class was called with goes through its configuration, and nothing of it is ignored."""

import functools
import inspect

import keras
import numpy as np
import pytest

from course_lib.exercises import check
from course_lib.exercises.checker import check_function
from course_lib.exercises.ladder.cell_calls import from_a_file
from course_lib.exercises.ladder.made_again import same_when_loaded
from course_lib.exercises.registry import get, ids

SAVED = "saved and loaded, it is the same "


@functools.cache
def classes():
    """Of every exercise whose answer is a class, the arguments of the class."""
    found = {}
    for one in ids():
        reference = get(one).reference
        if isinstance(reference, type):
            parameters = inspect.signature(reference).parameters.values()
            found[one] = [p for p in parameters if p.kind is not p.VAR_KEYWORD]
    return found


def stored():
    """Each argument that a configuration holds, and the dtype, which every layer's holds."""
    return [
        (one, name)
        for one, parameters in classes().items()
        if "get_config" in vars(get(one).reference)
        for name in (*(p.name for p in parameters), "dtype")
    ]


def with_defaults():
    return [
        (one, p.name)
        for one, parameters in classes().items()
        for p in parameters
        if p.default is not p.empty
    ]


def test_there_are_classes_that_are_saved():
    assert len({one for one, _ in stored()}) >= 6
    assert ("LSTMCell", "forget_bias") in stored()
    assert ("GRUCell", "reset_after") in stored()


@pytest.mark.slow
@pytest.mark.parametrize(("one", "argument"), stored())
def test_an_argument_that_get_config_forgets(one, argument):
    reference = get(one).reference

    def get_config(self):
        config = reference.get_config(self)
        del config[argument]
        return config

    report = check(type(one, (reference,), {"get_config": get_config}), one)
    assert report.failed.startswith(SAVED)
    others = {name for exercise, name in stored() if exercise == one} - {argument, "activation"}
    assert not any(f"hold `{other}`" in report.sentence for other in others)


@pytest.mark.slow
@pytest.mark.parametrize("one", sorted({one for one, _ in stored()}))
def test_a_get_config_that_returns_what_update_returns(one):
    def get_config(self):
        return keras.layers.Layer.get_config(self).update({})

    report = check(type(one, (get(one).reference,), {"get_config": get_config}), one)
    assert "get_config returns None" in report.sentence


@pytest.mark.slow
@pytest.mark.parametrize(("one", "argument"), with_defaults())
def test_an_argument_that_the_class_ignores(one, argument):
    reference = get(one).reference
    signature = inspect.signature(reference)

    def __init__(self, *given, **named):
        bound = signature.bind(*given, **named)
        bound.arguments.pop(argument, None)
        reference.__init__(self, *bound.args, **bound.kwargs)

    assert not check(type(one, (reference,), {"__init__": __init__}), one).ok


class FixesTheBias(keras.layers.LSTMCell):
    """A class below Keras's that doesn't take what its own configuration holds."""

    def __init__(self, units, bias=2.5, **kwargs):
        super().__init__(units, bias_initializer=keras.initializers.Constant(bias), **kwargs)


class ForgetsTheBias(keras.layers.LSTMCell):
    """A class below Keras's with an argument that Keras's configuration knows nothing of."""

    def __init__(self, units, bias=2.5, **kwargs):
        super().__init__(units, **{"bias_initializer": keras.initializers.Constant(bias), **kwargs})
        self.bias_initializer = keras.initializers.Constant(bias)


def bias_of(cell):
    cell.build((None, 2))
    return cell.get_weights()[-1][0]


def test_what_keras_stores_of_its_own_cell_is_made_again_by_keras():
    assert bias_of(from_a_file(FixesTheBias(3, 1.5, unit_forget_bias=False))) == 1.5
    assert bias_of(from_a_file(ForgetsTheBias(3, 1.5, unit_forget_bias=False))) == 2.5


def test_a_variable_in_a_configuration_is_told():
    class HoldsItsGate(keras.layers.Layer):
        def __init__(self, g=0.0, **kwargs):
            super().__init__(**kwargs)
            self.g = self.add_weight(shape=(), initializer=keras.initializers.Constant(g))

        def get_config(self):
            return {**super().get_config(), "g": self.g}

    with pytest.raises(TypeError, match="`g` is a tensor or a variable"):
        from_a_file(HoldsItsGate())


def nothing():
    return {}


KEPT = {"refused": "", "name kept": True, "dtype": "float64"}


@pytest.mark.parametrize(
    ("outputs", "sentence"),
    [
        (KEPT | {"seed": 7, "h": np.ones(2)}, ""),
        ({"refused": "no seed."}, "can't make the cell again: no seed. What"),
        (KEPT | {"dtype": "float32", "seed": 7, "h": np.ones(2)}, "has lost its dtype"),
        (KEPT | {"name kept": False, "seed": 7, "h": np.ones(2)}, "has lost its name"),
        (KEPT | {"seed": 8, "h": np.ones(2)}, "has another seed"),
        (KEPT | {"seed": "another"}, "must hold `seed`"),
        (KEPT | {"seed": 7, "h": np.zeros(2)}, "something else. h[0]"),
    ],
)
def test_what_the_rung_says(outputs, sentence):
    rung = same_when_loaded(
        "cell",
        nothing,
        lambda _: {"dtype": "float64", "seed": 7},
        None,
        lambda _: {"h": np.ones(2)},
    )
    problem = rung.judge({}, outputs)
    said = problem.sentence if problem else ""
    assert sentence in said
    assert bool(said) == bool(sentence)


def twice(u):
    return keras.ops.tanh(2 * u)


@pytest.mark.slow
@pytest.mark.parametrize("activation", ["tanh", keras.activations.tanh, keras.ops.tanh, twice])
def test_a_function_in_a_configuration_is_made_again_where_keras_does_it(activation, tmp_path):
    class Raw(get("GradualActivation").reference):
        def get_config(self):
            return {**super().get_config(), "activation": self.activation}

    layer, path = Raw(activation), tmp_path / "network.keras"
    keras.Sequential([keras.Input((3,)), layer]).save(path)

    def by_keras():
        return keras.saving.load_model(path, custom_objects={"Raw": Raw})

    ways = by_keras, lambda: from_a_file(layer)
    if activation is twice:
        for way in ways:
            with pytest.raises(TypeError):
                way()
    else:
        assert ways[0]().layers[-1].activation is ways[1]().activation


NAMED = ["VanillaRNNCell", "GRUCell", "LSTMCell", "GradualActivation", "GradualDropout", "LRULayer"]


@pytest.mark.parametrize("one", NAMED)
def test_a_layer_that_hands_on_a_part_of_its_keywords_alone_is_told_what_it_lost(one):
    exercise = get(one)

    class Nameless(exercise.reference):
        def __init__(self, *args, name=None, **kwargs):
            super().__init__(*args, **kwargs)

    report = check_function(exercise, Nameless)
    assert not report.ok
    assert "has lost its name" in report.sentence
