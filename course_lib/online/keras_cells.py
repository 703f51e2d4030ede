"""Keras's own cells, as they are: what the rules ask of them."""

import keras

from course_lib.online.cells import ACTIVATIONS, DYNAMICS, LSTMDynamics, VanillaDynamics
from course_lib.online.gated_cells import GRUDynamics, ResetFirstDynamics


def _plain(cell, **expected):
    """See that a cell has the step that is known, and no noise of its own.

    Raises:
        ValueError: another activation, or dropout.
    """
    for name, phi in expected.items():
        if getattr(cell, name) is not phi:
            raise ValueError(
                f"The rules know {type(cell).__name__} with {name}={phi.__name__!r} alone; take"
                " that, or the rule bptt."
            )
    if cell.dropout or cell.recurrent_dropout:
        raise ValueError(
            f"The rules don't know dropout inside {type(cell).__name__}: leave it out there, put a"
            " Dropout into the readout, or take the rule bptt."
        )


class _OfKeras:
    """Where a cell of Keras has its weights."""

    def weights(self):
        """The recurrent kernel, the kernel, and the bias if any."""
        bias = [] if self.cell.bias is None else [self.cell.bias]
        return [self.cell.recurrent_kernel, self.cell.kernel, *bias]


class SimpleRNNDynamics(_OfKeras, VanillaDynamics):
    """`keras.layers.SimpleRNNCell`, tanh or ReLU."""

    def __init__(self, cell):
        super().__init__(cell)
        known = {name: getattr(keras.activations, name) for name in ACTIVATIONS}
        name = next((name for name, phi in known.items() if phi is cell.activation), None)
        _plain(cell, activation=known[name or "tanh"])
        self._phi = ACTIVATIONS[name]

    @property
    def _activation(self):
        return self._phi


class KerasLSTMDynamics(_OfKeras, LSTMDynamics):
    """`keras.layers.LSTMCell`; its columns stand as ours do."""

    def __init__(self, cell):
        super().__init__(cell)
        _plain(
            cell, activation=keras.activations.tanh, recurrent_activation=keras.activations.sigmoid
        )


class KerasGRUDynamics(_OfKeras, GRUDynamics):
    """`keras.layers.GRUCell` with reset_after."""


class KerasResetFirstDynamics(_OfKeras, ResetFirstDynamics):
    """`keras.layers.GRUCell` without reset_after."""


def gru(cell):
    """The dynamics of Keras's GRU, by its convention."""
    _plain(cell, activation=keras.activations.tanh, recurrent_activation=keras.activations.sigmoid)
    return KerasGRUDynamics(cell) if cell.reset_after else KerasResetFirstDynamics(cell)


DYNAMICS[keras.layers.SimpleRNNCell] = SimpleRNNDynamics
DYNAMICS[keras.layers.GRUCell] = gru
DYNAMICS[keras.layers.LSTMCell] = KerasLSTMDynamics
