"""Whatever an argument is given: it works, or one sentence of ours says what to give instead."""

import inspect
import re
import traceback

import keras
import numpy as np
import pytest

from course_lib import data, layers, online
from course_lib.data.warped import warped
from course_lib.layers import gradnets
from course_lib.layers.by_hand.lru import LRULayer
from course_lib.layers.cudnn import gru_for_a_gpu
from course_lib.layers.early_stopping import EarlyStopping
from course_lib.layers.gate_schedule import GateSchedule
from course_lib.layers.pipeline import padded_batches
from course_lib.values import checked_switch, plain_number

NAN, INF = float("nan"), float("inf")
NO_NUMBERS = [NAN, INF, -INF, np.float64(NAN), np.float32(INF), "3", "", {}, object(), object]
NO_NUMBERS += [np.array([0.5, 0.5, 0.5]), (1, 2, 3), [None], 1j]
ODD = [None, True, -1, 0, 0.5, 3.0, np.int8(3), np.uint8(3), np.float32(0.5), 10**400]
ODD += [np.array(3), np.array(0.5), np.array([3]), [3], (1, 2), np.bool_(True)]
BATCH = [np.zeros((4, 3), "float32"), np.ones((6, 3), "float32")]

NEEDED = {
    layers.LRU: {"units": 3},
    layers.LRUCell: {"units": 3},
    layers.MinGRU: {"units": 3},
    layers.MinGRUCell: {"units": 3},
    layers.LSTMCell: {"units": 3},
    layers.LSTMVariantCell: {"units": 3},
    layers.GRUCell: {"units": 3},
    layers.VanillaRNNCell: {"units": 3},
    layers.ResidualBlock: {"recurrence": layers.MinGRU(3)},
    layers.RecurrentClassifier: {},
    layers.recurrent_classifier: {"cell": layers.GRUCell, "units": 3},
    layers.stacked_rnn: {"cell": "gru", "units": 3},
    layers.training_fraction: {"x": np.arange(4), "y": np.arange(4), "fraction": 0.5},
    layers.compile_classifier: {"model": keras.Sequential([keras.layers.Dense(2)])},
    gradnets.LateGate: {},
    gradnets.GReLUDense: {"units": 3},
    gradnets.ReZeroDense: {"units": 3},
    gradnets.HighwayDense: {"units": 3},
    gradnets.GradualActivation: {},
    gradnets.GradualDropout: {"rate": 0.5},
    gradnets.GradualBatchNorm: {},
    gradnets.GradualRNNCell: {"units": 3},
    gru_for_a_gpu: {"units": 3},
    EarlyStopping: {},
    GateSchedule: {"gates": [gradnets.LateGate()], "end": 4},
    LRULayer: {"units": 3, "outputs": 2},
    padded_batches: {"sequences": BATCH, "labels": [0, 1], "batch_size": 2, "bounds": [5]},
    online.LeakyRNNCell: {"units": 3},
    online.SparseRNNCell: {"units": 3, "connections": 1},
    online.TurningRNNCell: {"gamma": [0.1], "omega": [1.0]},
    online.StackCell: {"parts": [online.LeakyRNNCell(3)]},
    online.Kernel: {"units": 3},
    online.ModesKernel: {"units": 3, "gamma": [[0.1] * 3], "omega": [[0.0] * 3]},
    online.OnlineRNN: {"cell": online.LeakyRNNCell(3), "readout": 2},
    online.OnlineScan: {"layers": layers.LRU(3), "readout": 2},
    online.chunk_length: {"steps": 7},
    data.adding_problem: {"n": 2, "T": 8},
    data.copy_memory: {"n": 2, "delay": 4},
    data.copy_memory_chance: {"delay": 4},
    data.noisy_sine: {"n": 2, "T": 8},
    data.noisy_sine_chance: {},
    data.noisy_sine_floor: {},
    data.anbn: {"n": 2},
    data.anbn_stream: {"n": 2, "T": 8},
    data.anbn_floor: {},
    data.anbn_chance: {},
    warped: {"x": np.zeros((2, 28, 28), "float32"), "seed": 1},
}
MODELS = {
    "OnlineRNN.compile": lambda: online.OnlineRNN(online.LeakyRNNCell(3), 2, True),
    "OnlineScan.compile": lambda: online.OnlineScan(layers.LRU(3), 2),
    "OnlineRNN.stream": lambda: streaming(online.OnlineRNN(online.LeakyRNNCell(3), 2, True)),
    "OnlineScan.stream": lambda: streaming(online.OnlineScan(layers.LRU(3), 2)),
}
# Keras sees to these, or they are data.
NOT_OURS = {"args", "kwargs", "rnn", "dtype", "model", "x", "y", "activation", "kernel_initializer"}
NOT_OURS |= {"bias_initializer", "recurrent_initializer", "jit_compile", "learning_rate"}
NOT_OURS |= {"optimizer", "loss", "metrics", "kernel_optimizer"}
HUGE = {"units", "outputs", "steps", "pixels", "layers", "classes", "readout", "n", "T", "delay"}
HUGE |= {"symbols", "length", "max_n", "connections", "batch_size", "modes", "seed", "labels"}


def streaming(model):
    model.build((2, 5, 3))
    model.compile("sgd", "mse", rule="bptt")
    return model


def attempts():
    """Pairs of a name, and what gives a function of one argument by its name."""
    for thing, needed in NEEDED.items():
        for name in inspect.signature(thing).parameters:
            yield thing.__name__, name, lambda thing=thing, needed=needed: (thing, needed)
    for told, make in MODELS.items():
        method = told.split(".")[1]
        for name in inspect.signature(getattr(make(), method)).parameters:
            given = {"rule": "kernl"} if told == "OnlineRNN.compile" else {}
            yield told, name, lambda make=make, m=method, given=given: (getattr(make(), m), given)


ALL = [a for a in attempts() if a[1] not in NOT_OURS]


def refusal(thing, needed, name, value):
    """The error, or None."""
    try:
        thing(**{**needed, name: value})
    except Exception as error:
        return error
    return None


@pytest.mark.parametrize(("told", "name", "of"), ALL, ids=[f"{a}.{b}" for a, b, _ in ALL])
def test_it_works_or_one_sentence_of_ours_says_what_to_give(told, name, of):
    thing, needed = of()
    for value in [*NO_NUMBERS, *ODD]:
        huge = isinstance(value, int) and value > 10**9 and name in HUGE
        if huge or (name == "cell" and value is object):  # that can be called
            continue
        error = refusal(thing, needed, name, value)
        if error is None:
            continue
        said = f"{told}({name}={value!r}): {type(error).__name__}: {error}"
        assert isinstance(error, ValueError | TypeError | NotImplementedError), said
        assert "/course_lib/" in traceback.extract_tb(error.__traceback__)[-1].filename, said
        assert re.fullmatch(r".*\.", str(error)), said


NUMBERS = {"dropout", "l2", "rate", "g", "gate_bias", "epsilon", "forget_bias", "clip_norm"}
NUMBERS |= {"r_min", "r_max", "max_phase", "fraction", "patience", "min_delta", "start", "end"}
NUMBERS |= {"first", "last", "noise", "gain", "shortest", "longest", "disturbance", "ramp"}
NUMBERS |= {"clock_speed", "seed", "batch_size", "units", "layers", "steps", "pixels", "classes"}
NUMBERS |= {"connections", "readout", "chunk", "samples", "update_every", "recurrent", "leak"}
SWITCHES = {"return_sequences", "fused", "stateful", "reset_after", "peepholes", "layer_norm"}
OF_LAYERS = {("OnlineScan", "layers")}
PLAIN = [a for a in ALL if a[1] in NUMBERS | SWITCHES and a[:2] not in OF_LAYERS]


@pytest.mark.parametrize(("told", "name", "of"), PLAIN, ids=[f"{a}.{b}" for a, b, _ in PLAIN])
def test_what_is_no_number_is_refused(told, name, of):
    thing, needed = of()
    for value in NO_NUMBERS:
        given = f"{told}({name}={value!r})"
        assert refusal(thing, needed, name, value) is not None, given


@pytest.mark.parametrize("number", [0.5, np.float32(0.5), np.float64(0.5), np.array(0.5)])
def test_a_number_of_numpys_does_what_pythons_does(number):
    for thing, name in (
        (layers.RecurrentClassifier, "l2"),
        (layers.RecurrentClassifier, "dropout"),
        (layers.LSTMCell, "forget_bias"),
        (layers.LRU, "max_phase"),
        (gradnets.HighwayDense, "gate_bias"),
        (gradnets.GradualRNNCell, "g"),
        (gradnets.GradualActivation, "g"),
        (online.LeakyRNNCell, "leak"),
        (online.LeakyRNNCell, "recurrent"),
        (online.TurningRNNCell, "gain"),
    ):
        value = thing(**{**NEEDED[thing], name: number}).get_config()[name]
        assert (type(value), value) == (float, 0.5), (thing, name)
    model = layers.RecurrentClassifier(4, 3, units=3, l2=number)
    model(np.zeros((2, 12), "float32"))
    assert {w.regularizer.l2 for w in model.kernels()} == {0.25}


def test_switches_and_numbers_by_hand():
    assert [checked_switch(x, "a") for x in (np.bool_(True), 0, 1)] == [True, False, True]
    for value in (2, -1, 0.0, "True", None, [True]):
        with pytest.raises(ValueError, match=r"^a is .*; give True or False\.$"):
            checked_switch(value, "a")
    assert [plain_number(x) for x in (3, np.uint8(3), np.array(3), 10**400)] == [3, 3, 3, INF]
    assert all(map(np.isnan, map(plain_number, (True, np.bool_(True), "3", None, [3], 1j))))


def test_labels_and_sequences_are_as_many():
    with pytest.raises(ValueError, match=r"^There are 2 sequences and 3 labels"):
        padded_batches(BATCH, [0, 1, 2], 2, [5])
    for bounds in ([5, 5], [5, 4], [0], [5.0], 5, "5"):
        with pytest.raises(ValueError, match=r"^bounds is .*each larger than the one before\.$"):
            padded_batches(BATCH, [0, 1], 2, bounds)
    orders = [
        [y.numpy().tolist() for _, y in padded_batches(BATCH, [0, 1], 1, [9], seed)]
        for seed in (3, np.uint8(3), np.int64(3))
    ]
    assert orders[0] == orders[1] == orders[2]


def test_an_epoch_without_val_loss_is_told_what_gives_it():
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    x = np.zeros((4, 2), "float32")
    with pytest.raises(ValueError, match=r"no val_loss: give fit validation_data"):
        model.fit(x, x[:, :1], verbose=0, callbacks=[EarlyStopping()])
