"""What every backend of Keras is asked: the same numbers in, so the same numbers out.

A program, since a backend is chosen once in a process. It writes its answers into a folder.
"""

import itertools
import sys
import time
from pathlib import Path

import keras
import numpy as np
from carried import load_carried, save_carried
from differentiate import differentiated, inner_gradient
from keras import ops
from made import F64, GATE, MASKS, SCANNED, STEPWISE, B, M, N, T, networks, numbers, with_weights
from narrow import narrow
from wrapped import wrapped

from course_lib.layers import (
    CELLS,
    LRU,
    MinGRU,
    RecurrentClassifier,
    ResidualBlock,
    fused_layer,
    recurrent_classifier,
    scan,
    stacked_rnn,
)
from course_lib.layers.early_stopping import EarlyStopping
from course_lib.layers.gate_schedule import GateSchedule
from course_lib.layers.gradnets import (
    GradualActivation,
    GradualBatchNorm,
    GradualDropout,
    GReLUDense,
    HighwayDense,
    LateGate,
    ReZeroDense,
)
from course_lib.scratch.gradnets import FORMS


def asked(answers, name, function, arguments, layer=None):
    """Store outputs and gradients."""
    store(answers, name, differentiated(function, layer)(arguments))


def store(answers, name, results):
    for kind, found in zip(("output", "by argument", "by weight"), results, strict=True):
        for number, x in enumerate(found):
            answers[f"{name}, {kind} {number}"] = x


def recurrent_layers():
    """Name, layer, and masks: all cells step by step, and what takes the steps at once."""
    few, end, gaps = ["none"], ["none", "end"], ["none", "gaps"]
    forth = {"return_sequences": True, "return_state": True, **F64}
    for name, cell in STEPWISE.items():
        # In JAX, Keras's RNN shows a state where a mask begins a sequence, and takes no mask if the
        # cell shows none of its states.
        masks = few if name == "lru" else end
        yield f"RNN of {name}", keras.layers.RNN(cell(**F64), **forth), masks
    for name, layer in SCANNED.items():
        yield name, layer(method="loop", **forth), MASKS
        yield f"{name}, log", layer(method="log", **forth), gaps
        back = {"go_backwards": True, "return_state": True, **F64}
        yield f"{name}, back", layer(method="loop", **back), MASKS
        yield f"{name}, back, log", layer(method="log", **back), gaps


def recurrences(answers):
    """With masks, from zero and from another state."""
    for name, layer, masks in recurrent_layers():
        layer.build((B, T, M))
        with_weights(layer)
        sizes = layer.state_size if isinstance(layer.state_size, list | tuple) else [N]
        start = [numbers(B, n, seed=5 + i) for i, n in enumerate(sizes)]

        def run(x, *more, layer=layer, sizes=sizes):
            states, mask = more[: len(sizes)], more[len(sizes) :]
            return layer(x, initial_state=list(states), mask=mask[0] if mask else None)

        run = differentiated(run, layer)
        for kind in masks:
            given = [] if kind == "none" else [MASKS[kind]]
            store(answers, f"{name}, mask {kind}", run([numbers(B, T, M), *start], *given))
        if "gaps" in masks:  # padding may be no number
            x = np.where(MASKS["gaps"][..., None], numbers(B, T, M), np.nan)
            store(answers, f"{name}, padded with NaN", run([x, *start], MASKS["gaps"]))
        answers[f"{name}, from zero"] = ops.convert_to_numpy(layer(numbers(B, T, M))[0])


def fused(answers):
    """The layers of Keras that stand for our cells; in JAX their tanh has 32 bits."""
    for name in ("lstm", "gru_reset_after"):
        layer = fused_layer(CELLS[name](N, **F64), return_sequences=True)
        layer.build((B, T, M))
        asked(
            answers,
            name,
            lambda x, layer=layer: [layer(x)],
            [numbers(B, T, M)],
            with_weights(layer),
        )


def scans(answers):
    """Both methods and directions; shapes with ones; no steps; the gradient's gradient."""
    shapes = (((2, 6, 3), (2, 3)), ((2, 1, 3), (3,)), ((3,), ()), ((1, 6, 1), (2, 1)))
    for dtype, method, back in itertools.product(
        ("float64", "complex128"), ("loop", "log"), (False, True)
    ):

        def run(*x, method=method, back=back):
            return [scan(*x, reverse=back, method=method)]

        told = f"scan {dtype}, {method}{', back' if back else ''}"
        for a, start in shapes:
            for steps in (6, 1, 0) if a == (2, 6, 3) else (6,):
                decays = 0.6 * numbers(*a, dtype=dtype)
                if a == (2, 6, 3):
                    decays = decays[:, :steps]
                b = numbers(2, steps, 3, dtype=dtype, seed=1)
                h_0 = numbers(*start, dtype=dtype, seed=2)
                asked(answers, f"{told}, a {decays.shape}, T {steps}", run, [decays, b, h_0])
        x = [0.6 * numbers(2, 4, 3, dtype=dtype), numbers(2, 4, 3, dtype=dtype, seed=1)]
        asked(answers, f"{told}, twice", inner_gradient(run), [*x, numbers(2, 3, dtype=dtype)])
    asked(answers, "scan, time first", lambda a, b: [scan(a, b, axis=0)], [numbers(4, 2, 3)] * 2)


def others(answers):
    """Layers of chapters 3 and 4, stacks and classifiers."""
    g, sequences = GATE, {"return_sequences": True, **F64}
    for name, layer, shapes in (
        *((f"grelu {form}", GReLUDense(M, form, **F64), [(B, M), g]) for form in FORMS),
        ("rezero", ReZeroDense(M, **F64), [(B, M)]),
        ("highway", HighwayDense(M, **F64), [(B, M)]),
        ("gradual activation", GradualActivation("tanh", **F64), [(B, M)]),
        ("gradual batch norm", GradualBatchNorm(**F64), [(B, M), g]),
        ("gradual dropout", GradualDropout(0.5, **F64), [(B, M), g]),
        ("late gate", LateGate(**F64), [(B, M)]),
        ("block of LRU", ResidualBlock(LRU(N, 2, **sequences), 0.1, **F64), [(B, T, M)]),
        ("block of MinGRU", ResidualBlock(MinGRU(N, **F64), **F64), [(B, T, M)]),
        ("every third", LRU(N, 2, every=3, **sequences), [(B, T, M)]),
        ("every third, log", LRU(N, every=3, method="log", **sequences), [(B, T, M)]),
        ("two LSTMs", stacked_rnn("lstm", N, 2, 0.2, **F64), [(B, T, M)]),
        ("classifier", RecurrentClassifier(4, 3, "gru", N, 2, 0.1, 0.01, **F64), [(B, 12)]),
        ("classifier, images", RecurrentClassifier(4, 3, "lstm", N, **F64), [(B, 2, 6)]),
    ):  # fmt: skip
        arguments = [numbers(*s) if isinstance(s, tuple) else s for s in shapes]
        layer(*(ops.convert_to_tensor(x) for x in arguments))
        asked(answers, name, lambda *x, layer=layer: [layer(*x)], arguments, with_weights(layer))
        if name == "gradual batch norm":
            train = lambda *x, layer=layer: [layer(*x, training=True)]  # noqa: E731
            asked(answers, f"{name}, training", train, arguments, layer)
    for kind, mask in MASKS.items():
        for whole in (False, True):
            block = ResidualBlock(LRU(N, 2, return_sequences=whole, **F64), **F64)
            block.build((B, T, M))
            with_weights(block)
            run = lambda x, block=block, mask=mask: [block(x, mask=mask)]  # noqa: E731
            asked(answers, f"block, {whole}, mask {kind}", run, [numbers(B, T, M)], block)


def pieces(answers):
    """Stateful layers, a piece of a sequence at a time, twice over."""
    x = numbers(B, T, M)
    for name, make in {
        "lstm": lambda **kw: keras.layers.RNN(STEPWISE["lstm"](**F64), **kw),
        "gru": lambda **kw: keras.layers.RNN(STEPWISE["gru"](**F64), **kw),
        **{f"{n} at once": m for n, m in SCANNED.items()},
    }.items():
        layer = make(stateful=True, return_sequences=True, **F64)
        layer.build((B, T, M))
        with_weights(layer)
        layer.reset_state()
        for turn in range(2):
            found = [layer(part) for part in (x[:, :4], x[:, 4:5], x[:, 5:])]
            answers[f"{name}, in pieces {turn}"] = ops.convert_to_numpy(ops.concatenate(found, 1))
        layer.reset_state()
        answers[f"{name}, after a reset"] = ops.convert_to_numpy(layer(x[:, :4]))


def training(answers):
    """A few steps of fit: losses and weights."""
    x = numbers(10, T, M)
    x[:5][~MASKS["end"]] = 0
    jit = keras.backend.backend() == "jax"  # what Keras does there by itself
    for name, model in networks():
        y = numbers(10, *model(x).shape[1:], seed=8)
        model.compile(keras.optimizers.SGD(0.05), "mse", jit_compile=jit)
        past = model.fit(x, y, batch_size=5, epochs=3, shuffle=False, verbose=0).history
        answers[f"{name}, losses"] = np.array(past["loss"])
        for number, w in enumerate(model.get_weights()):
            answers[f"{name}, weight {number}"] = w
        answers[f"{name}, predict"] = model.predict(x[:, :4], verbose=0)


class Notes(keras.callbacks.Callback):
    """Writes down the gate at each step."""

    def __init__(self, gates):
        super().__init__()
        self.gates, self.seen = gates, []

    def on_train_batch_begin(self, batch, logs=None):
        self.seen.append([float(ops.convert_to_numpy(gate.g)) for gate in self.gates])


def callbacks(answers):
    """The gate opens during fit, also in a second run; the best epoch comes back."""
    x, y = numbers(10, 12), numbers(10, 2, seed=1)
    activation, gate = GradualActivation("tanh", **F64), LateGate(**F64)
    inputs = keras.Input((12,), dtype="float64")
    h = activation(keras.layers.Dense(6, **F64)(inputs))
    h = GReLUDense(6, **F64)(h, gate(inputs))
    model = keras.Model(inputs, keras.layers.Dense(2, **F64)(h))
    with_weights(model)
    model.compile(keras.optimizers.SGD(0.05), "mse")
    gates = [activation, gate]
    for run in range(2):
        notes = Notes(gates)
        past = model.fit(
            x, y, batch_size=5, epochs=3, shuffle=False, verbose=0,
            callbacks=[GateSchedule(gates, end=8, start=1), notes],
        ).history["loss"]  # fmt: skip
        answers[f"gates, run {run}"] = np.array(notes.seen)
        answers[f"gates, losses, run {run}"] = np.array(past)
        answers[f"gates, at the end of run {run}"] = np.array(
            [float(ops.convert_to_numpy(g.g)) for g in gates]
        )
    model.compile(keras.optimizers.SGD(0.8), "mse")
    past = model.fit(
        x, y, batch_size=5, epochs=9, shuffle=False, verbose=0,
        validation_data=(x, y), callbacks=[EarlyStopping(patience=2)],
    ).history["val_loss"]  # fmt: skip
    answers["stopped, losses"] = np.array(past)
    answers["stopped, afterwards"] = np.array(model.evaluate(x, y, verbose=0))
    answers["stopped, the best"] = np.array(min(past))
    made = recurrent_classifier(lambda n: CELLS["lstm"](n), N, layers=2, l2=0.1, steps=4, pixels=3)
    with_weights(made)
    made.compile(
        keras.optimizers.SGD(0.05), keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    )
    labels = np.arange(10) % 10
    answers["classifier, losses"] = np.array(
        made.fit(x, labels, batch_size=5, epochs=3, shuffle=False, verbose=0).history["loss"]
    )


def policies(answers):
    """In 16 bits: what type comes out; and roughly the numbers."""
    x = numbers(B, T, M, dtype="float32")
    for policy in ("mixed_float16", "mixed_bfloat16"):
        for name, model in networks(policy):
            answers[f"{name}, {policy}"] = ops.convert_to_numpy(ops.cast(model(x), "float32"))
    for policy in ("float32", "mixed_float16", "mixed_bfloat16"):
        for name, make in SCANNED.items():
            layer = make(dtype=policy, return_state=True)
            types = [keras.backend.standardize_dtype(one.dtype) for one in layer(x)]
            answers[f"types of {name}, {policy}"] = np.array(types)


def noise(answers):
    """Other entries are dropped at each call and in each step of fit."""
    layer = GradualDropout(0.5, seed=1)
    x, gate = np.ones((400, 50), "float32"), np.float32(0.8)
    first, second = (ops.convert_to_numpy(layer(x, gate, training=True)) for _ in range(2))
    answers["dropped, a rate of 0.4"] = np.array(round(float(np.mean(first == 0)), 1))
    answers["dropped, the mean stays"] = np.array(round(float(np.mean(first)), 1))
    answers["dropped, anew"] = np.array(not np.array_equal(first, second))
    inputs = keras.Input((50,))
    model = keras.Model(inputs, layer(inputs, ops.sum(0 * inputs[0]) + 1.0))
    model.compile("sgd", "mse")
    past = model.fit(x, 0 * x, batch_size=100, epochs=2, verbose=0).history["loss"]
    answers["dropped, anew in fit"] = np.array(len(set(past)) == 2)


def save(folder):
    for number, (name, model) in enumerate(networks()):
        file = folder / f"{keras.backend.backend()}-{number}"
        model.save(f"{file}.keras")
        np.savez(file, name=name, y=ops.convert_to_numpy(model(numbers(B, T, M))))
    (folder / "carried").mkdir(exist_ok=True)
    save_carried(folder / "carried")


def load(folder):
    """Answers of what all backends have saved: is the output theirs?"""
    for file in sorted(folder.glob("*.keras")):
        stored = np.load(file.with_suffix(".npz"))
        model = keras.models.load_model(file)
        y = ops.convert_to_numpy(model(numbers(B, T, M)))
        apart = np.abs(y - stored["y"]).max()
        print(f"{file.stem}\t{stored['name']}\t{apart}")
    for stem, name, apart in load_carried(folder / "carried"):
        print(f"{stem}\tin the middle: {name}\t{apart}")


CASES = (
    *(recurrences, fused, scans, others, pieces, training, callbacks, policies, noise),
    *(wrapped, narrow),
)


def main(verb, folder):
    folder = Path(folder)
    if verb == "load":
        return load(folder)
    for case in CASES:
        answers, began = {}, time.process_time()
        case(answers)
        print(case.__name__, len(answers), round(time.process_time() - began, 1), flush=True)
        np.savez(folder / f"{keras.backend.backend()} {case.__name__}", **answers)
    return save(folder)


if __name__ == "__main__":
    main(*sys.argv[1:])
