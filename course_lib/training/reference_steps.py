"""The training steps that `course audit-gpu` looks at, by name.

A step more is one line in `STEPS`: a function from a number of time steps T to a `Step`. For a
compiled Keras model, with whatever `train_step` it has, `keras_step` makes the `Step`; what is no
Keras model fills one in by hand. Where there is no time axis, the function leaves T alone:

    "gradnet": lambda T: keras_step(build_gradnet(), shape=(784,)),
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from course_lib.layers import (
    CELLS,
    LRU,
    GRUCell,
    LSTMCell,
    LSTMVariantCell,
    MinGRU,
    RecurrentClassifier,
    ResidualBlock,
    VanillaRNNCell,
    compile_classifier,
)
from course_lib.layers.gradnets import (
    GradualBatchNorm,
    GradualDropout,
    GradualRNNCell,
    GReLUDense,
    HighwayDense,
    LateGate,
    ReZeroDense,
)
from course_lib.online import (
    OTHER_RULES,
    RULES,
    LeakyRNNCell,
    OnlineRNN,
    OnlineScan,
    SparseRNNCell,
    TurningRNNCell,
)
from course_lib.training.experiments import gradnets
from course_lib.training.experiments.forecast_model import Network
from course_lib.training.experiments.text_model import CharacterModel, training_step
from course_lib.training.experiments.vanilla_mnist import Config, build_model

BATCH = 4


@dataclass(frozen=True)
class Step:
    """A training step.

    Args:
        take: from a batch (x, y) to its loss, after forward, gradients and update, in TensorFlow.
        x: the batch's inputs.
        y: its targets.
        variables: all that it reads and changes, so that it can be taken twice from one start.
        silence: takes what is drawn at random (dropout, signs) out of `take`; None if nothing is.
            From one seed, XLA draws other numbers.
        cudnn: whether it is to run as cuDNN's kernel on a GPU.
    """

    take: Callable[[Any, Any], tf.Tensor]
    x: np.ndarray
    y: np.ndarray
    variables: Sequence[Any]
    silence: Callable[[], None] | None = None
    cudnn: bool = False


def keras_step(
    model: keras.Model,
    shape: tuple[int, ...],
    cudnn: bool = False,
    variables: Sequence[Any] = (),
) -> Step:
    """The step of a compiled model: its own `train_step`, with loss, optimizer and metrics.

    Args:
        model: gives logits (batch, c) or (batch, T, c); the labels are integers.
        shape: that of one example.
        cudnn: whether it is to run as cuDNN's kernel on a GPU.
        variables: what the step changes beyond the variables of the model and its optimizer.
    """
    rng = np.random.default_rng(0)
    x = rng.random((BATCH, *shape), np.float32)
    *rows, classes = model(x).shape  # makes the weights too
    model.optimizer.build(model.trainable_variables)
    dropouts = [layer for layer in model._flatten_layers() if getattr(layer, "rate", 0)]

    def silence() -> None:
        for layer in dropouts:
            layer.rate = 0.0

    return Step(
        take=lambda x, y: model.train_step((x, y))["loss"],
        x=x,
        y=rng.integers(0, classes, rows),
        variables=[
            *(*model.variables, *model.optimizer.variables),
            *(*model.metrics_variables, *variables),
        ],
        silence=silence if dropouts else None,
        cudnn=cudnn,
    )


def classifier_step(T: int, cell: str, **settings: Any) -> Step:
    """The step of a small `RecurrentClassifier`; the sizes change no operation."""
    model = RecurrentClassifier(T, 3, cell, units=8, classes=3, **settings)
    compile_classifier(model, clip_norm=1.0)
    return keras_step(model, (T, 3), cudnn=settings.get("fused", False))


def gradual_step() -> Step:
    """The step of a network with every gradual layer in it, and of what they are compared with."""
    x = keras.Input((12,))
    g = LateGate(0.4)(x)
    h = GReLUDense(8, form="gain")(x, g)
    h = GradualBatchNorm()(h, g)
    h = GradualDropout(0.3, seed=0)(h, g)
    h = GReLUDense(8, form="identity")(h, g)
    h = HighwayDense(8)(ReZeroDense(8)(h))
    return keras_step(compiled(keras.Model(x, keras.layers.Dense(3)(h))), (12,))


def gradual_cell_step(T: int) -> Step:
    """The step of the recurrent cell whose tanh is faded in."""
    recurrent = keras.layers.RNN(GradualRNNCell(8, g=0.4))
    layers = [keras.Input((T, 3)), recurrent, keras.layers.Dense(3)]
    return keras_step(compiled(keras.Sequential(layers)), (T, 3))


def scanned_step(T: int, layer: Any, method: str, masked: bool = True) -> Step:
    """The step of two layers whose loop is a scan, one over all steps and one for the last."""
    layers = [
        keras.Input((T, 3)),
        *([keras.layers.Masking(0.5)] if masked else []),
        layer(8, return_sequences=True, method=method),
        layer(8, method=method),
        keras.layers.Dense(3),
    ]
    return keras_step(compiled(keras.Sequential(layers)), (T, 3))


def online_scan_step(T: int, layers: list[Any], stateful: bool = False, **settings: Any) -> Step:
    """The step of a small `OnlineScan`, with windows so short that there are several."""
    model = OnlineScan(layers, 3, stateful=stateful)
    if stateful:
        model.build((BATCH, T, 3))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(global_clipnorm=1.0), loss, **settings)
    carried = model.memory.variables if stateful else ()
    return keras_step(model, (T, 3), variables=carried)


def compiled(model: keras.Model) -> keras.Model:
    """The model with an optimizer and a loss for logits."""
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model


def gradnets_step() -> Step:
    """One turn of the loop in which `course reproduce gradnets` trains."""
    model = gradnets.build_model("grelu-gain-stop", depth=5)
    loop = gradnets.sgd_epoch(model, jit_compile=False)

    def take(x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
        weights = [tf.convert_to_tensor(w) for w in model.trainable_variables]
        rate, gate = (tf.constant([value], weights[0].dtype) for value in (0.1, 0.4))
        new, losses, _, _ = loop(weights, x[None], y[None], rate, gate)
        for variable, value in zip(model.trainable_variables, new, strict=True):
            variable.assign(value)
        return losses[0]

    rng = np.random.default_rng(0)
    x = rng.random((BATCH, 784), np.float32)
    y = rng.integers(0, 10, BATCH).astype(np.int32)
    return Step(take, x, y, model.trainable_variables)


def online_step(
    T: int,
    rule: str,
    cell: Any = None,
    sequences: bool = False,
    stateful: bool = False,
    **settings: Any,
) -> Step:
    """The step of a small `OnlineRNN`. Its masks are on: they are operations too."""
    cell = cell or LeakyRNNCell(8, leak=0.5)
    model = OnlineRNN(cell, 3, sequences, mask_value=0.0, stateful=stateful)
    model.build((BATCH if stateful else None, T, 3))
    settings = {"chunk": 5, **settings} if "update_every" not in settings else settings
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(global_clipnorm=1.0), loss, rule=rule, **settings)
    carried = model.memory.variables if stateful else ()
    step = keras_step(model, (T, 3), variables=carried)
    if rule != "uoro":
        return step

    def silence() -> None:
        model.engine.learner.signs = tf.ones_like

    return replace(step, silence=silence)


def stack() -> list[Any]:
    """Two cells, with a layer below each."""
    cells = [LeakyRNNCell(8, leak=0.5) for _ in range(2)]
    return [keras.layers.Dense(5, "relu"), cells[0], keras.layers.LayerNormalization(), cells[1]]


def text_step(T: int) -> Step:
    """The step of a model of characters, on one window."""
    model = CharacterModel(c=6, units=5)
    codes = np.random.default_rng(0).integers(0, 6, (BATCH, T + 1))
    model(codes, model.begin(BATCH))
    optimizer = keras.optimizers.Adam(1e-2)
    step = training_step(model, optimizer, clip_norm=1.0)
    return Step(
        take=lambda x, y: step(x, y, model.begin(BATCH))[0],
        x=codes[:, :-1],
        y=codes[:, 1:],
        variables=[*model.variables, *optimizer.variables],
    )


def forecast_step(T: int) -> Step:
    """The step of a network that forecasts the next value."""
    network = Network(units=5, lookback=T, outputs=1, seed=0)
    values = np.random.default_rng(0).random((BATCH, T + 1), np.float32)
    return Step(
        take=lambda x, y: network.step(x, y),  # holds the network, which the method alone does not
        x=values[:, :-1],
        y=values[:, -1:],
        variables=[*network.model.variables, *network.optimizer.variables],
    )


# Every kind of cell that the rules know, with each of its steps.
ONLINE_CELLS: dict[str, Callable[[], keras.Layer]] = {
    "vanilla": lambda: VanillaRNNCell(8),
    "leaky": lambda: LeakyRNNCell(8, leak=0.5),
    "gradual": lambda: GradualRNNCell(8, g=0.4),
    "sparse": lambda: SparseRNNCell(8, 2, leak=0.5),
    "turning": lambda: TurningRNNCell([0.1, 0.2, 0.5], [0.3, 1, 2]),
    "lstm": lambda: LSTMCell(8),
    "peepholes": lambda: LSTMVariantCell(8, peepholes=True),
    "gru": lambda: GRUCell(8),
    "gru_reset_after": lambda: GRUCell(8, reset_after=True),
    "keras-rnn": lambda: keras.layers.SimpleRNNCell(8),
    "keras-lstm": lambda: keras.layers.LSTMCell(8),
    "keras-gru": lambda: keras.layers.GRUCell(8, reset_after=False),
    "keras-gru_reset_after": lambda: keras.layers.GRUCell(8),
}

STEPS: dict[str, Callable[[int], Step]] = {
    "vanilla-mnist": lambda T: keras_step(
        build_model(Config.units, Config.learning_rate, steps=T), (T, 28)
    ),
    **{cell: lambda T, cell=cell: classifier_step(T, cell) for cell in CELLS},
    "stacked": lambda T: classifier_step(T, "lstm", layers=2, dropout=0.3, l2=1e-3, seed=0),
    **{
        f"online-{rule}": lambda T, rule=rule: online_step(
            T, rule, ONLINE_CELLS["sparse"]() if rule == "snap2" else None
        )
        for rule in (*RULES, *OTHER_RULES)
    },
    # The hybrid asks a cell for all that any rule does.
    **{
        f"online-hybrid-{name}": lambda T, cell=cell: online_step(T, "hybrid", cell())
        for name, cell in ONLINE_CELLS.items()
    },
    "online-turning": lambda T: online_step(
        T, "kernl_modes", ONLINE_CELLS["turning"](), modes="cell"
    ),
    **{
        f"online-{rule}-gradual": lambda T, rule=rule: online_step(
            T, rule, ONLINE_CELLS["gradual"]()
        )
        for rule in ("kernl", "rtrl")
    },
    "online-kernl-lstm": lambda T: online_step(T, "kernl", LSTMCell(8)),
    "online-kernl-inside": lambda T: online_step(
        T, "kernl", LSTMCell(8), sequences=True, update_every=5
    ),
    "online-tbptt-inside": lambda T: online_step(T, "tbptt", sequences=True, update_every=5),
    **{
        f"online-{rule}-stream": lambda T, rule=rule: online_step(
            T, rule, sequences=True, stateful=True
        )
        for rule in ("kernl", "kernl_modes")
    },
    **{
        f"online-{rule}-stream-inside": lambda T, rule=rule: online_step(
            T, rule, sequences=True, stateful=True, update_every=5
        )
        for rule in ("kernl", "kernl_modes")
    },
    **{
        f"online-{rule}-stack": lambda T, rule=rule: online_step(T, rule, stack())
        for rule in ("kernl", "kernl_modes", "rtrl", "tbptt")
    },
    "online-kernl-stack-inside": lambda T: online_step(
        T,
        "kernl",
        [keras.layers.Dense(5), LSTMCell(8), LSTMCell(8)],
        sequences=True,
        update_every=5,
    ),
    "online-kernl-finite": lambda T: online_step(T, "kernl", disturbance=1e-3),
    "text": text_step,
    "forecast": forecast_step,
    "keras-lstm": lambda T: classifier_step(T, "lstm", fused=True),
    "keras-gru": lambda T: classifier_step(T, "gru_reset_after", fused=True),
    **{
        f"{name}-{method}": lambda T, layer=layer, method=method: scanned_step(T, layer, method)
        for name, layer in (("lru", LRU), ("mingru", MinGRU))
        for method in ("loop", "log")
    },
    "lru-last": lambda T: scanned_step(max(T, 8), LRU, "auto", masked=False),
    "online-lru": lambda T: online_scan_step(T, [LRU(8)], update_every=2),
    "online-mingru": lambda T: online_scan_step(T, [MinGRU(8)], chunk=2),
    "online-lru-stack": lambda T: online_scan_step(
        T, [ResidualBlock(LRU(8, return_sequences=True)), LRU(8, return_sequences=True)], chunk=2
    ),
    "online-lru-stream": lambda T: online_scan_step(T, [LRU(8)], stateful=True, chunk=2),
    **{
        f"online-{name}-inside": lambda T, layer=layer: online_scan_step(
            T, [layer(8, return_sequences=True)], update_every=2
        )
        for name, layer in (("lru", LRU), ("mingru", MinGRU))
    },
    "gradual": lambda T: gradual_step(),
    "gradual-cell": gradual_cell_step,
    "gradnets": lambda T: gradnets_step(),
}
