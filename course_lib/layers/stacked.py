"""Recurrent layers on top of each other, each with a cell of its own."""

from functools import partial

import keras
from keras.src.backend import set_keras_mask

from course_lib.layers.cudnn import fused_layer
from course_lib.layers.gru import GRUCell
from course_lib.layers.lstm import LSTMCell
from course_lib.layers.lstm_variant import LSTMVariantCell
from course_lib.layers.scanned import check_steps, checked_mask, only_real
from course_lib.layers.sizes import checked_seed, checked_units
from course_lib.layers.vanilla import VanillaRNNCell
from course_lib.values import RATE, checked_number, checked_switch

# What makes a cell from the number of units, by the name used in a config.
CELLS = {
    "vanilla": VanillaRNNCell,
    "gru": GRUCell,
    "gru_reset_after": partial(GRUCell, reset_after=True),
    "lstm": LSTMCell,
    "lstm_peepholes": partial(LSTMVariantCell, peepholes=True),
    "lstm_layer_norm": partial(LSTMVariantCell, layer_norm=True),
}


@keras.saving.register_keras_serializable("course_lib")
class StackedRNN(keras.Sequential):
    """What `stacked_rnn` makes: recurrent layers in a row, with masks.

    A mask goes through every layer. It goes on to what follows the stack only
    if there still are steps to mask, in the order of the outputs: a layer of
    Keras that reads backwards leaves it as it was. Masked steps may hold
    anything: Keras's own layers lose their gradients if that is NaN.
    """

    def call(self, inputs, training=None, mask=None):
        """Outputs, (batch, T, n) or (batch, n); mask: (batch, T), or None."""
        check_steps(inputs)
        mask = checked_mask(mask, inputs)
        outputs = super().call(only_real(inputs, mask), training, mask)
        turned = self.compute_mask(inputs, mask)
        if self.layers[-1].go_backwards and turned is not None:
            set_keras_mask(keras.tree.flatten(outputs)[0], turned)
        return outputs

    def compute_mask(self, inputs, mask=None):
        """The mask of the output: that of its steps, or none after the end."""
        last = self.layers[-1]
        if mask is None or not last.return_sequences:
            return None
        return keras.ops.flip(mask, 1) if last.go_backwards else mask


def stacked_rnn(
    cell,
    units,
    layers=1,
    dropout=0.0,
    return_sequences=False,
    seed=None,
    dtype=None,
    fused=False,
    **rnn,
):
    """A stack of recurrent layers with dropout between them.

    Every layer gets a fresh cell, hence weights of its own. One cell object in
    two layers would mean one set of weights for both. The dropout is a Keras
    layer, so that it acts in training only; it draws anew at each step.

    Args:
        cell: a name in `CELLS`, or a function that makes a cell from the
            number of units and a `dtype`.
        units: number of units of every layer, n.
        layers: how many layers.
        dropout: rate of the dropout between two layers, from 0 to below 1.
        return_sequences: give the last layer's output at every step, shape
            (batch, T, n), not only after the last one, shape (batch, n).
        seed: seed of the dropout; None takes the global one.
        dtype: type or policy of every layer; None takes the global one.
        fused: take the layers of Keras that compute the same, each of them on
            a GPU one call of cuDNN. The weights fit both.
        rnn: further arguments of every `keras.layers.RNN`, as `stateful`.

    Returns:
        A `StackedRNN`, model and layer: sequences (batch, T, m) in.

    Raises:
        ValueError: `cell` is no known name, gives the same cell twice, or is
            to be fused and can't be; or `units` or `layers` is no whole number
            above 0, `seed` no whole number, `dropout` no rate, or a switch
            neither True nor False; or a layer would get from the one below
            what it can't read.
        TypeError: `cell` is a cell, not a way to make cells.
    """
    units, layers = checked_units(units), checked_units(layers, "layers")
    seed = checked_seed(seed)
    dropout = checked_number(dropout, "dropout", RATE)
    return_sequences = checked_switch(return_sequences, "return_sequences")
    fused = checked_switch(fused, "fused")
    if rnn.get("go_backwards") and layers > 1:
        raise ValueError(
            "With go_backwards each layer would turn round what the one below "
            "hands on, but not its mask: leave it out, and flip the sequences "
            "that the stack reads, and their mask."
        )
    if rnn.get("return_state") and layers > 1:
        raise ValueError(
            "With return_state each layer would hand its state to the next: "
            "leave it out, or take a single layer."
        )
    wrap = fused_layer if fused else keras.layers.RNN
    stack = []
    for number, fresh in enumerate(_fresh_cells(cell, units, layers, dtype)):
        last = number == layers - 1
        sequences = return_sequences or not last
        stack.append(
            wrap(fresh, return_sequences=sequences, dtype=dtype, **rnn)
        )
        if dropout and not last:
            own = None if seed is None else seed + number
            stack.append(keras.layers.Dropout(dropout, seed=own, dtype=dtype))
    model = StackedRNN(stack)
    if dtype is not None:
        # Else it would round what comes in to the global type.
        model.dtype_policy = keras.dtype_policies.get(dtype)
    return model


def checked_maker(cell, names=()):
    """What makes a cell of a number of units.

    Args:
        cell: a function, or one of the names.
        names: a dict of functions by their names; none: there are no names.

    Raises:
        ValueError: it is neither.
    """
    if isinstance(cell, str) and cell in names:
        return names[cell]
    if isinstance(cell, str) and names:
        raise ValueError(
            f"cell is {cell!r}; choose one of {', '.join(names)}."
        )
    if not callable(cell):
        named = f"one of {', '.join(names)}, or " if names else ""
        raise ValueError(
            f"cell is {cell!r}; give {named}a function that makes a cell from "
            "a number of units."
        )
    return cell


def _fresh_cells(cell, units, layers, dtype):
    if isinstance(cell, keras.layers.Layer):
        raise TypeError(
            "cell is one cell, which the layers would share; give a function "
            "that makes a cell, or a name."
        )
    cell = checked_maker(cell, CELLS)
    cells = [cell(units, dtype=dtype) for _ in range(layers)]
    if len({id(made) for made in cells}) < layers:
        raise ValueError(
            "cell gives the same object each time; make a new cell in it."
        )
    return cells
