"""When Keras can hand a whole recurrent layer to cuDNN, in one call.

`keras.layers.RNN` runs any cell, step by step. `keras.layers.LSTM` and
`keras.layers.GRU` hand the whole sequence to cuDNN where it can do what they
ask. The weights of our cells fit both.
"""

from functools import partial

import keras
import numpy as np
from keras import activations

from course_lib.layers.gru import GRUCell
from course_lib.layers.lstm import LSTMCell
from course_lib.layers.lstm_variant import LSTMVariantCell
from course_lib.layers.sizes import checked_function, checked_units
from course_lib.values import RATE, checked_number


def cudnn_refusals(layer):
    """Why cuDNN can't run a layer; an empty list if it can.

    The conditions are those of Keras 3 (`use_cudnn="auto"`). On top of them, a
    mask must end each sequence and not begin or interrupt it; that is a matter
    of the data.

    Args:
        layer: a recurrent layer, also one that is `Bidirectional`, or one of
            our cells. A cell by itself runs step by step; for a cell, this
            says why `fused_layer` can't make a layer for cuDNN.

    Returns:
        A list of sentences, one for each condition that is not met.
    """
    if isinstance(layer, LSTMVariantCell):
        return _of_a_variant(layer)
    if isinstance(layer, LSTMCell):
        return []
    if isinstance(layer, GRUCell):
        return _of_the_reset_gate(layer)
    if isinstance(layer, keras.layers.Bidirectional):
        both = layer.forward_layer, layer.backward_layer
        why = [one for way in both for one in cudnn_refusals(way)]
        return list(dict.fromkeys(why))
    if not hasattr(layer, "state_size"):
        return [
            f"{type(layer).__name__} is no recurrent layer: ask about each"
            " layer that is one."
        ]
    if not isinstance(layer, (keras.layers.LSTM, keras.layers.GRU)):
        cell = getattr(layer, "cell", None)
        of_which = "" if cell is None else f" with {type(cell).__name__}"
        return [
            "Keras calls cuDNN for keras.layers.LSTM and keras.layers.GRU"
            f" alone, not for {type(layer).__name__}{of_which}."
        ]
    why = []
    if not _known(layer.activation, "tanh"):
        why.append("The activation is not a tanh that Keras knows.")
    if not _known(layer.recurrent_activation, "sigmoid"):
        why.append("The gates have no sigmoid that Keras knows.")
    if layer.recurrent_dropout:
        why.append("It has dropout inside the recurrence.")
    if layer.unroll:
        why.append("It is unrolled.")
    if not layer.use_bias:
        why.append("It has no bias.")
    if layer.use_cudnn is False:
        why.append("It was told not to: use_cudnn=False.")
    if isinstance(layer, keras.layers.GRU):
        why += _of_the_reset_gate(layer)
    return why


def fused_layer(cell, **rnn):
    """The layer of Keras that computes what a cell of ours does, in one go.

    `set_weights(ours.get_weights())` carries the weights over, and back.

    Args:
        cell: an `LSTMCell` or a `GRUCell`, or an `LSTMVariantCell` with no
            option on; it stays as it is.
        rnn: further arguments, as of `keras.layers.RNN`.

    Returns:
        A `keras.layers.LSTM` or `keras.layers.GRU`, with weights of its own.

    Raises:
        ValueError: cuDNN has no such cell; the message says why.
    """
    why = cudnn_refusals(cell)
    if why:
        raise ValueError(
            f"This {type(cell).__name__} can't be fused. {' '.join(why)}"
        )
    settings = {"dtype": cell.dtype_policy, **rnn}
    if isinstance(cell, GRUCell):
        return keras.layers.GRU(cell.units, reset_after=True, **settings)
    return keras.layers.LSTM(
        cell.units,
        unit_forget_bias=False,
        bias_initializer=keras.initializers.Constant(
            np.repeat([0.0, cell.forget_bias, 0.0, 0.0], cell.units)
        ),
        **settings,
    )


def gru_for_a_gpu(units, dropout=0.0):
    """A GRU layer that cuDNN can run.

    Args:
        units: number of units, n.
        dropout: rate of the dropout on what the layer reads, in training.

    Returns:
        layer: from sequences (batch, T, m) to the last state (batch, n): a
            GRU with tanh, sigmoid gates, a bias, and its reset gate where
            cuDNN has it.
    """
    return keras.layers.GRU(units, dropout=dropout)


gru_for_a_gpu = checked_function(
    gru_for_a_gpu,
    units=checked_units,
    dropout=partial(checked_number, name="dropout", within=RATE),
)


def _known(activation, name):
    """Whether Keras takes a function for its own: it compares by identity."""
    places = [activations, keras.ops]
    if keras.backend.backend() == "tensorflow":
        import tensorflow

        places.append(tensorflow)
    return any(activation is getattr(place, name) for place in places)


def _of_a_variant(cell):
    why = []
    if cell.peepholes:
        why.append("cuDNN knows no peepholes.")
    if cell.layer_norm:
        why.append("cuDNN knows no layer norm inside the recurrence.")
    return why


def _of_the_reset_gate(layer):
    if layer.reset_after:
        return []
    return ["Its reset gate stands before the product: set reset_after=True."]
