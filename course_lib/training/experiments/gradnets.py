"""Fifty and two hundred layers on MNIST: GradNets beside what else makes such depth trainable.

All methods have the same first and last layer, data, batches, optimiser (plain SGD whose rate falls
to zero along a cosine) and the same way to choose its rate: a short run for each rate of one grid,
and the best accuracy on validation images. Where no short run does better than guessing, each rate
gets a whole run. The accuracy that counts is that of the network at its last late gate; no network
with a half-open gate is reported. The test set chooses nothing.
"""

import functools
import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from course_lib.data import Mnist
from course_lib.layers.gradnets import GReLUDense, HighwayDense, LateGate, ReZeroDense
from course_lib.scratch.gradnets import late_gate, stop_gate
from course_lib.training.experiments.vanilla_mnist import split
from course_lib.training.seeding import seed_everything

FIRST = "he_normal"  # first layer and, unless a method says otherwise, the layers with a ReLU
NOTEBOOK_WEIGHTS = keras.initializers.TruncatedNormal(stddev=0.1)
NOTEBOOK_BIASES = keras.initializers.Constant(0.1)


@dataclass(frozen=True)
class Method:
    """A kind of hidden layer, and how its late gate moves.

    `gate` is (first, last): "stop" stands for g* of the network's depth.
    """

    layer: Callable[[int], keras.layers.Layer]
    gate: tuple[float | str, float | str] | None = None
    notebook_ends: bool = False  # the 2015 notebook's weights in the first and the last layer too


def _grelu(form: str, **settings: Any) -> Callable[[int], keras.layers.Layer]:
    return lambda units: GReLUDense(units, form, **settings)


METHODS: dict[str, Method] = {
    "plain-he": Method(_grelu("pre-activation", kernel_initializer=FIRST), (1, 1)),
    "plain-orthogonal": Method(_grelu("pre-activation"), (1, 1)),
    "highway": Method(lambda units: HighwayDense(units, kernel_initializer=NOTEBOOK_WEIGHTS)),
    "rezero": Method(lambda units: ReZeroDense(units, kernel_initializer=FIRST)),
    "tat": Method(_grelu("gain"), ("stop", "stop")),
    "identity": Method(
        _grelu("identity", kernel_initializer=NOTEBOOK_WEIGHTS, bias_initializer=NOTEBOOK_BIASES),
        (0, 1),
        notebook_ends=True,
    ),
    "grelu": Method(_grelu("pre-activation"), (0, 1)),
    "grelu-gain-stop": Method(_grelu("gain"), (0, "stop")),
}


@dataclass(frozen=True)
class Config:
    """What a run is made of; stored with its result."""

    depth: int = 50  # layers with weights; all but the first and the last are hidden ones
    units: int = 50
    batch_size: int = 50
    epochs: int = 20
    anneal_epochs: int = 10  # g moves from its first to its last value in these
    rates: tuple[float, ...] = (0.1, 0.03, 0.01, 0.003)
    trial_epochs: int = 4  # of the run that chooses a rate
    trial: str = "short"  # a whole run in so few epochs, or "cut": the beginning of the long one
    seeds: tuple[int, ...] = (0, 1, 2)
    validation: int = 5_000


QUICK = {
    "depth": 10,
    "epochs": 2,
    "anneal_epochs": 1,
    "trial_epochs": 1,
    "rates": (0.03, 0.01),
    "seeds": (0,),
    "validation": 1_000,
}


def build_model(method: str, depth: int = Config.depth, units: int = Config.units) -> keras.Model:
    """A network from images (batch, 784) to logits (batch, 10), its late gate at the first value.

    Args:
        method: a key of `METHODS`.
        depth: number of layers with weights, at least 3.
        units: width of all layers but the last.
    """
    chosen = METHODS[method]

    def ends() -> dict[str, Any]:
        if not chosen.notebook_ends:
            return {}
        weights = NOTEBOOK_WEIGHTS.clone()  # one that is shared would draw the same twice
        return {"kernel_initializer": weights, "bias_initializer": NOTEBOOK_BIASES}

    x = keras.Input((784,))
    h = keras.layers.Dense(
        units, activation="relu", name="first", **{"kernel_initializer": FIRST, **ends()}
    )(x)
    gate = (LateGate(gate_at(method, depth, 0), name="gate")(x),) if chosen.gate else ()
    for _ in range(depth - 2):
        h = chosen.layer(units)(h, *gate)
    return keras.Model(x, keras.layers.Dense(10, name="last", **ends())(h))


def gate_at(method: str, depth: int, part: float) -> float:
    """The late gate when `part` of its way is done, from 0 to 1."""
    first, last = (
        _stop(depth - 2) if end == "stop" else end for end in METHODS[method].gate or (1, 1)
    )
    return float(first + (last - first) * part)


_stop = functools.cache(stop_gate)  # a schedule asks for it at every step


def schedule(method: str, config: Config, rate: float, steps: int) -> tuple[np.ndarray, np.ndarray]:
    """Learning rate and late gate of each step of a run with `steps` steps per epoch.

    Returns:
        Two arrays of shape (epochs, steps), float32.
    """
    total, end = config.epochs * steps, config.anneal_epochs * steps
    rates = [rate * (1 + math.cos(math.pi * step / total)) / 2 for step in range(total)]
    gates = [gate_at(method, config.depth, late_gate(step, 0, end)) for step in range(total)]
    return tuple(np.array(a, np.float32).reshape(config.epochs, steps) for a in (rates, gates))


def mean_cross_entropy(labels: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """The loss, from logits, as a mean over the batch."""
    return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits))


def sgd_epoch(
    model: keras.Model,
    loss_function: Callable[[tf.Tensor, tf.Tensor], tf.Tensor] = mean_cross_entropy,
    jit_compile: bool = True,
) -> Callable[..., tuple]:
    """One epoch of plain SGD as one compiled loop, with the weights as arguments.

    Args:
        model: from `build_model`.
        loss_function: of labels (batch,) and logits (batch, 10).
        jit_compile: compile the loop with XLA.

    Returns:
        A function of: weights, a list as `model.trainable_variables`; x (steps, batch, 784);
        y (steps, batch); rates (steps,); gates (steps,). It gives the new weights; losses and
        norms of the whole gradient, (steps,) each; and for each weight matrix the mean over the
        epoch of the root mean square of its gradient's entries, (matrices,). It stops after a step
        whose gradient is not finite; the steps not taken have loss and norm 0.
    """
    matrices = [i for i, w in enumerate(model.trainable_variables) if len(w.shape) == 2]

    @tf.function(jit_compile=jit_compile, autograph=False)
    def epoch(weights, x, y, rates, gates):
        steps = x.shape[0]

        def step(i, weights, losses, norms, matrix_rms):
            with tf.GradientTape() as tape:
                tape.watch(weights)
                fixed = [gates[i]] if model.non_trainable_variables else []
                logits, _ = model.stateless_call(weights, fixed, x[i], training=True)
                loss = loss_function(y[i], logits)
            gradients = tape.gradient(loss, weights)
            squares = [tf.reduce_sum(gradient**2) for gradient in gradients]
            rms = [tf.sqrt(tf.reduce_mean(gradients[k] ** 2)) for k in matrices]
            return (
                i + 1,
                [w - rates[i] * gradient for w, gradient in zip(weights, gradients, strict=True)],
                tf.tensor_scatter_nd_update(losses, [[i]], [loss]),
                tf.tensor_scatter_nd_update(norms, [[i]], [tf.sqrt(tf.add_n(squares))]),
                matrix_rms + tf.stack(rms) / steps,
            )

        dtype = weights[0].dtype
        zeros = tf.zeros([steps], dtype)
        start = (0, weights, zeros, zeros, tf.zeros([len(matrices)], dtype))

        def go_on(i, weights, losses, norms, matrix_rms):
            return (i < steps) & tf.math.is_finite(norms[tf.maximum(i - 1, 0)])

        return tf.while_loop(go_on, step, start)[1:]

    return epoch


def train(
    model: keras.Model,
    epoch_function: Callable[..., tuple],
    data: Mnist,
    parts: tuple[np.ndarray, np.ndarray],
    rates: np.ndarray,
    gates: np.ndarray,
    seed: int,
    batch_size: int,
) -> dict[str, Any]:
    """Train from the model's weights; the model ends with the last finite epoch's weights.

    Args:
        model: from `build_model`.
        epoch_function: from `sgd_epoch(model)`.
        data: MNIST.
        parts: indices of the training and of the validation images.
        rates, gates: learning rate and late gate of each step, shape (epochs, steps).
        seed: seed of the order of the images.
        batch_size: images in a step.

    Returns:
        Curves with one entry an epoch, `gradient_rms` (epochs, matrices), and
        `non_finite_step`: the first step whose gradient was not finite, counted from 0 over the
        whole run, or None. The run ends with that epoch.
    """
    rng = np.random.default_rng(seed)
    training, validation = parts
    pixels = data.x_train.reshape(len(data.x_train), -1)
    labels = data.y_train.astype(np.int32)
    test = data.x_test.reshape(len(data.x_test), -1)
    weights = [tf.convert_to_tensor(w) for w in model.trainable_variables]
    names = ("loss", "gate", "validation_accuracy", "test_accuracy", "gradient_rms")
    curves: dict[str, list] = {name: [] for name in names}
    bad = None
    for number, (rate, gate) in enumerate(zip(rates, gates, strict=True)):
        steps = len(rate)
        chosen = rng.permutation(training)[: steps * batch_size].reshape(steps, batch_size)
        new, losses, norms, rms = epoch_function(
            weights, pixels[chosen], labels[chosen], rate, gate
        )
        finite = np.isfinite(norms) & np.isfinite(losses)
        if not finite.all():
            bad = number * steps + int(np.argmin(finite))
            break
        weights = new
        _assign(model, weights, gate[-1])
        curves["loss"].append(float(np.mean(losses)))
        curves["gate"].append(float(gate[-1]))
        curves["gradient_rms"].append([float(f"{r:.3g}") for r in rms.numpy()])
        for name, x, y in (
            ("validation_accuracy", pixels[validation], labels[validation]),
            ("test_accuracy", test, data.y_test),
        ):
            curves[name].append(accuracy(model, x, y))
    return {**curves, "non_finite_step": bad}


def accuracy(model: keras.Model, x: np.ndarray, y: np.ndarray) -> float:
    """Part of the images x (N, 784) that the model gives their label y (N,)."""
    logits = model.predict(x, batch_size=2_500, verbose=0)
    return float(np.mean(np.argmax(logits, axis=-1) == y))


def _assign(model: keras.Model, weights: list[tf.Tensor], gate: float) -> None:
    for variable, value in zip(model.trainable_variables, weights, strict=True):
        variable.assign(value)
    for variable in model.non_trainable_variables:
        variable.assign(gate)


def run(
    data: Mnist, seed: int, quick: bool = False, method: str = "grelu-gain-stop", **settings: Any
) -> dict[str, Any]:
    """Choose a learning rate for one method, then train it from several seeds.

    Args:
        data: MNIST as `load_mnist` gives it.
        seed: added to each of the seeds in the configuration; the split depends on it too.
        quick: a shallow network, few epochs.
        method: a key of `METHODS`.
        settings: fields of `Config` that shall differ from its defaults.

    Returns:
        A dict with `config`, `curves` (`trials`, one for each rate; `whole_trials`, as long as the
        runs, where none of the short ones did better than guessing and so told the rates apart;
        and `runs`, one for each seed) and `summary`.
    """
    config = replace(Config(**settings), **(QUICK if quick else {}))
    parts = split(len(data.x_train), config.validation, seed)
    steps = len(parts[0]) // config.batch_size
    model = build_model(method, config.depth, config.units)
    epoch_function = sgd_epoch(model)

    def trained(rate: float, run_seed: int, lengths: Config, epochs: int) -> dict[str, Any]:
        seed_everything(run_seed)
        fresh = build_model(method, config.depth, config.units)
        model.set_weights(fresh.get_weights())
        start = time.perf_counter()
        rates, gates = (a[:epochs] for a in schedule(method, lengths, rate, steps))
        curves = train(
            model, epoch_function, data, parts, rates, gates, run_seed, config.batch_size
        )
        print(
            f"{method} depth {config.depth} rate {rate} seed {run_seed}:"
            f" {[round(a, 4) for a in curves['validation_accuracy']]},"
            f" non-finite step: {curves['non_finite_step']},"
            f" {time.perf_counter() - start:.0f} s",
            flush=True,
        )
        return {"rate": rate, "seed": run_seed, **curves}

    short = config
    if config.trial == "short":
        short = replace(config, epochs=config.trial_epochs, anneal_epochs=config.trial_epochs / 2)
    first = seed + config.seeds[0]
    trials = [trained(rate, first, short, config.trial_epochs) for rate in config.rates]
    whole = []
    if max(map(_last_validation_accuracy, trials)) <= guessing(data.y_train[parts[1]]):
        whole = [trained(rate, first, config, config.epochs) for rate in config.rates]
    rate = max(whole or trials, key=_last_validation_accuracy)["rate"]
    runs = [trained(rate, seed + one, config, config.epochs) for one in config.seeds]
    return {
        "config": {
            **asdict(config),
            "method": method,
            "learning_rate": rate,
            "gate": [gate_at(method, config.depth, part) for part in (0, 1)],
            "train": len(parts[0]),
            "test": len(data.x_test),
            "data": data.name,
            "parameters": model.count_params(),
        },
        "curves": {
            "trials": [stored(t) for t in trials],
            **({"whole_trials": [stored(t) for t in whole]} if whole else {}),
            "runs": [stored(r) for r in runs],
        },
        "summary": summary(runs),
    }


def guessing(labels: np.ndarray) -> float:
    """The accuracy of who always says the commonest label, of labels (N,)."""
    return float(np.mean(labels == np.argmax(np.bincount(labels))))


def _last_validation_accuracy(trial: dict[str, Any]) -> float:
    """Nothing, if the trial ended early: a rate that gives NaN is never chosen over another."""
    return 0.0 if trial["non_finite_step"] is not None else trial["validation_accuracy"][-1]


def summary(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Accuracy of each seed's last network; 0 where a run ended at a step that was not finite."""
    finals = {
        name: [0.0 if r["non_finite_step"] is not None else r[name][-1] for r in runs]
        for name in ("validation_accuracy", "test_accuracy")
    }
    return {
        "non_finite_steps": [r["non_finite_step"] for r in runs],
        **{name: [round(a, 4) for a in values] for name, values in finals.items()},
        "mean_test_accuracy": round(float(np.mean(finals["test_accuracy"])), 4),
    }


def stored(curves: dict[str, Any]) -> dict[str, Any]:
    """The curves as they are stored: four digits, and of the gradients the first and last epoch."""
    short = {
        key: [round(v, 4) if isinstance(v, float) else v for v in value]
        if isinstance(value, list)
        else value
        for key, value in curves.items()
    }
    sizes = curves["gradient_rms"]
    return {**short, "gradient_rms": [sizes[0], sizes[-1]] if sizes else []}
