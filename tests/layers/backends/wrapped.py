"""What every backend is asked of layers inside Keras's own."""

import keras
import numpy as np
from differentiate import differentiated
from keras import ops
from made import F64, MASKS, SCANNED, STEPWISE, B, M, N, T, numbers, with_weights

from course_lib.layers import ResidualBlock, stacked_rnn
from course_lib.layers.gradnets import HighwayDense, ReZeroDense

# In JAX, Keras's RNN shows a state where a mask begins a sequence; so here all begin with a step.
GAPS = MASKS["gaps"] | (np.arange(T) == 0)


def every_layer(**options):
    """Name, a function that makes a layer of sequences, and whether it takes a mask everywhere."""
    for name, cell in STEPWISE.items():
        yield (
            name,
            lambda cell=cell, **kw: keras.layers.RNN(cell(**options), **options, **kw),
            name != "lru",
        )
    for name, layer in SCANNED.items():
        yield f"{name} at once", lambda layer=layer, **kw: layer(**options, **kw), True


def ask(answers, name, layer, x, **given):
    """Store a layer's outputs and gradients, its weights drawn anew."""
    layer.build(x.shape)
    with_weights(layer)
    run = differentiated(lambda x: [ops.cast(layer(x, **given), "float64")], layer)
    for kind, found in zip(("output", "by argument", "by weight"), run([x]), strict=True):
        for number, a in enumerate(found):
            answers[f"{name}, {kind} {number}"] = a


def wrapped(answers):
    """Both directions, one cell above another, a layer at each step, a mask with gaps."""
    x = numbers(B, T, M)
    for name, make, masks in every_layer(**F64):
        mask = GAPS if masks else None
        ask(answers, f"{name}, every step", make(return_sequences=True), x, mask=mask)
        ask(answers, f"{name}, last step", make(), x, mask=mask)
        zero = make(return_sequences=True, zero_output_for_mask=True)
        if masks:
            ask(answers, f"{name}, zero at gaps", zero, x, mask=GAPS)
        both = keras.layers.Bidirectional(make(return_sequences=True), **F64)
        ask(answers, f"{name}, both ways", both, x)
    cells = [cell(**F64) for name, cell in STEPWISE.items()]
    above = keras.layers.RNN(keras.layers.StackedRNNCells(cells, **F64), **F64)
    ask(answers, "all cells, one above another", above, x)
    for layer in (ReZeroDense(M, **F64), HighwayDense(M, **F64)):
        at_each = keras.layers.TimeDistributed(layer, **F64)
        ask(answers, f"{type(layer).__name__} at each step", at_each, x)
    two = two_readouts()
    # By name: backends have them in different orders.
    run = differentiated(lambda x: [two(x)[name] for name in ("every_step", "end")], two)
    for kind, found in zip(("output", "by argument", "by weight"), run([x]), strict=True):
        for number, a in enumerate(found):
            answers[f"two readouts, {kind} {number}"] = a


def two_readouts(**options):
    """A network with a network inside it, and two outputs."""
    options = options or F64
    inputs = keras.Input((T, M), dtype=options["dtype"])
    h = stacked_rnn("lstm", N, 2, return_sequences=True, **options)(inputs)
    block = ResidualBlock(SCANNED["lru with outputs"](return_sequences=True, **options), **options)
    h = block(h)
    last = SCANNED["mingru"](**options)(h)
    outputs = {
        "every_step": keras.layers.Dense(2, **options)(h),
        "end": keras.layers.Dense(3, **options)(last),
    }
    return with_weights(keras.Model(inputs, outputs))
