"""What the layers whose loop is a scan have in common."""

import keras
import numpy as np
from keras import ops
from keras.src.backend import get_keras_mask

from course_lib.layers.backend import where
from course_lib.layers.double import in_double
from course_lib.layers.scan import METHODS, scan


class ScannedRNN(keras.layers.RNN):
    """A `keras.layers.RNN` whose cell takes all steps at once.

    It gives what `keras.layers.RNN(cell)` gives step by step, from any start
    state and with any mask, and has the same options: `return_sequences`,
    `return_state`, `go_backwards`, `stateful`, `zero_output_for_mask`. With
    16-bit policies what the steps add up stays in 32 bits, and so do the
    states that it hands out. Unlike Keras's own (3.15), a stateful layer is
    stored with the states where they stand; a mask that comes along with the
    inputs counts beside `initial_state` too; and with `go_backwards` it is
    handed on in the order of the outputs. With JAX, Keras carries the states
    of a stateful layer, its own too, from one call of the layer to the next,
    but not through `fit` and `predict`.

    Args:
        cell: a cell with `scan(x, states, mask, every_step, method)`, see
            `LRUCell`.
        method: how the scan is computed, see `course_lib.layers.scan`.
        kwargs: the options above, and what every layer of Keras takes.

    Raises:
        ValueError: there is no such method, or the layer shall be unrolled.
    """

    def __init__(self, cell, method="auto", **kwargs):
        if method not in METHODS:
            raise ValueError(
                f"method is {method!r}; choose one of {', '.join(METHODS)}."
            )
        if kwargs.get("unroll"):
            raise ValueError("unroll is for keras.layers.RNN.")
        super().__init__(cell, **kwargs)
        self.method = method

    def build(self, sequences_shape, initial_state_shape=None):
        """Make the weights of the cell; (batch, T, m) is read."""
        if len(sequences_shape) != 3 or sequences_shape[2] is None:
            raise ValueError(
                f"The inputs have the shape {tuple(sequences_shape)}; give "
                "(batch, T, m) with a known m."
            )
        super().build(sequences_shape, initial_state_shape)
        for number, state in enumerate(self._carried()):
            # Else 16-bit policies round what is carried, and PyTorch loses it.
            self.states[number] = keras.Variable(
                "zeros",
                shape=state.shape,
                dtype=state.dtype,
                trainable=False,
                autocast=False,
                name="rnn_state",
            )
        self._inputs = sequences_shape[2]

    def call(self, sequences, initial_state=None, mask=None, training=False):
        """Run over whole sequences.

        Args:
            sequences: shape (batch, T, m).
            initial_state: a list of the cell's states, (batch, n) each; None
                is zero, or where a stateful layer was left.
            mask: shape (batch, T), False at steps that are none: the states
                stay, and the output is the one before, or zero with
                `zero_output_for_mask`. None: the one that comes along with the
                inputs, as from `keras.layers.Masking`, if any.
            training: part of the interface; nothing here depends on it.

        Returns:
            Outputs, (batch, k) of the last step or (batch, T, k); with
            `return_state` also the states after the last step.

        Raises:
            ValueError: the inputs are no sequences of real numbers as the
                layer was built for, or mask or states don't fit.
        """
        if not _fits(sequences.shape, (None, None, self._inputs)):
            raise ValueError(
                f"The inputs have the shape {tuple(sequences.shape)}; give "
                f"(batch, T, {self._inputs}), as the layer was built."
            )
        check_steps(sequences)
        kind = keras.backend.standardize_dtype(sequences.dtype)
        if kind == "string" or kind.startswith("complex"):
            raise ValueError(
                f"The inputs are of type {kind}; give real numbers."
            )
        if mask is None:  # Keras looks for it beside one tensor alone
            mask = get_keras_mask(sequences)
        x = ops.cast(sequences, self.compute_dtype)
        states = self._start(x, initial_state)
        mask = checked_mask(mask, x)
        if self.go_backwards:
            x = ops.flip(x, 1)
            mask = None if mask is None else ops.flip(mask, 1)
        outputs, states = self.run(x, states, mask)
        # `keras.layers.Bidirectional` sets it where sequences come out.
        if mask is not None and self.zero_output_for_mask:
            real = mask if self.return_sequences else mask[:, -1]
            outputs = where(real[..., None], outputs, ops.zeros_like(outputs))
        if self.stateful:
            for kept, state in zip(self.states, states, strict=True):
                kept.assign(state)
        outputs = ops.cast(outputs, self.compute_dtype)
        return (outputs, *states) if self.return_state else outputs

    def run(self, x, states, mask):
        """Outputs and last states."""
        return self.cell.scan(
            x, states, mask, self.return_sequences, self.method
        )

    def _start(self, x, states):
        if states is None:
            if self.stateful:
                # PyTorch assigns in place, and the gradient needs the old one.
                states = [ops.copy(state) for state in self.states]
            else:
                states = self.get_initial_state(ops.shape(x)[0])
        elif not isinstance(states, list | tuple):
            states = [states]
        if len(states) != len(self.state_size):
            raise ValueError(
                f"{len(states)} initial states are given; {self.name} has "
                f"{len(self.state_size)}: {self.cell.STATES}."
            )
        states = [ops.cast(state, self.variable_dtype) for state in states]
        for state in states:
            if not _fits(state.shape, (x.shape[0], self.cell.units)):
                raise ValueError(
                    f"An initial state has the shape {tuple(state.shape)}; "
                    f"give (batch, {self.cell.units}), batch as in the inputs."
                )
        return states

    def compute_mask(self, sequences, mask=None):
        """The mask of the outputs: their last step comes first, if it does."""
        turned = self.go_backwards and mask is not None
        mask = ops.flip(mask, 1) if turned else mask
        return super().compute_mask(sequences, mask)

    def save_own_variables(self, store):
        """What Keras stores of the layer itself: where a stateful one is.

        Keras's own layers forget that, and begin at zero when loaded.
        """
        super().save_own_variables(store)
        for number, state in enumerate(self._carried()):
            store[f"carried_{number}"] = ops.convert_to_numpy(state)

    def load_own_variables(self, store):
        """Take it over; a state of other sizes means nothing here, nor none.

        The layer then begins at zero.
        """
        names = list(store.keys())
        stored = [name for name in names if name.startswith("carried_")]
        super().load_own_variables(
            {name: store[name] for name in names if name not in stored}
        )
        carried = self._carried()
        shapes = [np.shape(store[name]) for name in stored]
        if shapes == [tuple(state.shape) for state in carried]:
            for number, state in enumerate(carried):
                state.assign(np.asarray(store[f"carried_{number}"]))
        elif carried:
            self.reset_state()

    def _carried(self):
        return self.states if self.stateful and self.states else []

    def get_config(self):
        """What Keras stores to build the same layer again."""
        config = super().get_config()
        for name in ("cell", "unroll"):
            del config[name]
        return {**config, "method": self.method, **self.cell.settings}

    @classmethod
    def from_config(cls, config):
        """The layer of a config."""
        return cls(**config)


in_double(ScannedRNN)


def check_steps(x):
    """See that sequences have steps, and as many as each other.

    Args:
        x: inputs, shape (batch, T, m).

    Raises:
        ValueError: they don't.
    """
    if hasattr(x, "to_tensor"):  # a RaggedTensor
        raise ValueError(
            "The sequences have different lengths: pad them to one, and "
            "give a mask."
        )
    if x.shape[1] == 0:
        raise ValueError("The sequences have no steps; T is 1 or more.")


def checked_mask(mask, x):
    """Which steps are real, as truth values; None: all of them are.

    Args:
        mask: what a layer was given.
        x: inputs, shape (batch, T, m).

    Raises:
        ValueError: it has another shape than (batch, T).
    """
    if mask is None:
        return None
    mask = ops.cast(mask, "bool")
    if not _fits(mask.shape, x.shape[:2]):
        raise ValueError(
            f"The mask has the shape {tuple(mask.shape)}; give "
            f"{tuple(x.shape[:2])}, as the inputs have it."
        )
    return mask


def only_real(x, mask):
    """The inputs, zero at masked steps, shape (batch, T, m).

    Those may hold anything, NaN too, and 0 times that is no 0: a gradient
    that counts for nothing would still be lost.

    Args:
        x: shape (batch, T, m).
        mask: shape (batch, T); None: all steps are real.
    """
    if mask is None:
        return x
    return where(mask[..., None], x, ops.zeros_like(x))


def held(outputs, mask):
    """At a masked step the output of the last real one before it, else zero.

    Args:
        outputs: shape (batch, T, k).
        mask: shape (batch, T).
    """
    keep = ops.cast(ops.logical_not(mask), outputs.dtype)[..., None]
    new = where(mask[..., None], outputs, ops.zeros_like(outputs))
    return scan(keep, new)


def last_real(x, mask=None):
    """What stands at the last real step, shape (batch, k); zero if none is.

    Args:
        x: shape (batch, T, k).
        mask: shape (batch, T); None: all steps are real.
    """
    if mask is None:
        return x[:, -1]
    batch, T, k = ops.shape(x)
    steps = ops.arange(1, T + 1, dtype="int32") * ops.cast(mask, "int32")
    # With initial, a batch of no sequences has no largest one either.
    last = ops.max(
        steps, axis=1, initial=0
    )  # 1, 2, ..., T; 0 if there is none
    place = ops.arange(batch, dtype="int32") * T + ops.maximum(last - 1, 0)
    found = ops.take(ops.reshape(x, (-1, k)), place, axis=0)
    return where((last > 0)[:, None], found, ops.zeros_like(found))


def checked_timescales(timescales):
    """Two time constants in steps, shortest first, as a tuple.

    Raises:
        ValueError: they are something else.
    """
    try:
        shortest, longest = (float(steps) for steps in timescales)
    except (TypeError, ValueError):
        shortest, longest = 0.0, 0.0
    if not 0 < shortest <= longest < float("inf"):
        raise ValueError(
            f"timescales is {timescales!r}; give the shortest and the longest "
            "time constant, in steps, above 0."
        )
    return shortest, longest


def _fits(shape, wanted):
    return len(shape) == len(wanted) and all(
        None in (n, size) or n == size
        for n, size in zip(shape, wanted, strict=True)
    )
