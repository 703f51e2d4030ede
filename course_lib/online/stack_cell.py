"""Cells on top of each other, with layers below and between them, as one Keras cell."""

import keras

from course_lib.layers import LRUCell, ResidualBlock
from course_lib.layers.scanned import ScannedRNN
from course_lib.layers.sizes import checked_units

# Of Keras's layers that are told whether they are in training, those that do not care.
ALIKE = (keras.layers.Dense, keras.layers.EinsumDense)
# What a model of scans is made of.
SCANNED = "an LRU, a MinGRU, or a list of these and of ResidualBlocks,"


def as_cell(parts):
    """One cell of what a user gives for one: a cell, or a list from below.

    Raises:
        TypeError: it is neither.
        ValueError: a cell has no units; or see `StackCell`.
    """
    if isinstance(parts, StackCell):
        return parts
    if not isinstance(parts, list | tuple):
        _check_scanned(parts)
        if not isinstance(parts, keras.layers.Layer) or not _is_cell(parts):
            raise TypeError(f"{parts!r} is no cell: give one, such as LeakyRNNCell(32), or a list.")
        if hasattr(parts, "cell"):
            raise TypeError(f"{type(parts).__name__} reads whole sequences: give its cell.")
        _check_own(parts)
        return parts
    if len(parts) == 1 and hasattr(parts[0], "state_size"):
        return as_cell(parts[0])
    return StackCell(parts)


def cells_of(cell):
    """The cells that a cell consists of, from below: those of a stack, or the cell itself."""
    return cell.cells if isinstance(cell, StackCell) else [cell]


@keras.saving.register_keras_serializable("course_lib")
class StackCell(keras.layers.Layer):
    """Several cells as one: at each step, a cell reads what the one below has just said.

    Layers without a state may stand below a cell. They see one step at a time, (batch, m). The
    output is that of the top cell; the state is a list of all states, those of the top cell first.

    Args:
        parts: cells and layers, from below. The last one is a cell.

    Raises:
        TypeError: a part is neither a cell nor a layer.
        ValueError: a part that can't stand in a stack; the message says what to do.
    """

    def __init__(self, parts, **kwargs):
        if not isinstance(parts, list | tuple):
            raise TypeError(f"parts is {parts!r}; give a list of cells and layers, from below.")
        parts = list(parts)
        _check(parts)
        super().__init__(**{"dtype": parts[-1].dtype_policy, **kwargs})
        self.parts = parts
        self.cells = [part for part in parts if _is_cell(part)]
        self.units = self.cells[-1].units
        self.state_size = [size for cell in reversed(self.cells) for size in _sizes(cell)]

    @property
    def levels(self):
        """Pairs, from below: the layers under a cell, a list, and the cell."""
        pairs, layers = [], []
        for part in self.parts:
            if _is_cell(part):
                pairs.append((layers, part))
                layers = []
            else:
                layers.append(part)
        return pairs

    def build(self, input_shape):
        """Make the weights of all parts.

        Raises:
            ValueError: a layer gives a cell something else than (batch, k).
        """
        shape = (None, input_shape[-1])
        for part in self.parts:
            if _is_cell(part) and len(shape) != 2:
                raise ValueError(
                    f"A cell of a stack reads (batch, k) at a step; the layer below {part.name}"
                    f" gives {shape}. Put a Flatten between them."
                )
            if not _is_cell(part):
                shape = part(keras.KerasTensor(shape, self.compute_dtype)).shape
                continue
            if not part.built:
                part.build(shape)
                part.built = True
            shape = (None, part.units)

    def call(self, x_t, states, training=False):
        """One step: the top cell's output (batch, n), and all new states."""
        after, states = [], list(states)
        for layers, cell in reversed(self.levels):
            count = len(_sizes(cell))
            after.insert(0, (layers, cell, states[:count]))
            states = states[count:]
        out, new = x_t, []
        for layers, cell, state in after:
            for layer in layers:
                out = layer(out)
            out, state = cell(out, state)
            new = [*(state if isinstance(state, list | tuple) else [state]), *new]
        return out, new

    def get_initial_state(self, batch_size=None):
        """What each cell begins with."""
        states = []
        for cell in reversed(self.cells):
            own = getattr(cell, "get_initial_state", None)
            if own is None:
                zeros = [(batch_size, n) for n in _sizes(cell)]
                states += [keras.ops.zeros(shape, self.compute_dtype) for shape in zeros]
            else:
                states += keras.tree.flatten(own(batch_size=batch_size))
        return states

    def get_config(self):
        """What Keras stores to build the same stack again."""
        parts = [keras.saving.serialize_keras_object(part) for part in self.parts]
        return {**super().get_config(), "parts": parts}

    @classmethod
    def from_config(cls, config):
        """The stack of a config."""
        parts = [keras.saving.deserialize_keras_object(part) for part in config.pop("parts")]
        return cls(parts, **config)


def _is_cell(part):
    return hasattr(part, "state_size")


def _sizes(cell):
    return keras.tree.flatten(cell.state_size)


def _check(parts):
    """See that parts can stand on each other, and that each of their steps stands by itself."""
    for part in parts:
        if not isinstance(part, keras.layers.Layer):
            raise TypeError(f"{part!r} is neither a cell nor a layer: a stack is a list of these.")
        name = type(part).__name__
        _check_scanned(part)
        if hasattr(part, "cell"):
            raise TypeError(f"{name} reads whole sequences; a stack needs its cell.")
        if _is_cell(part):
            _check_own(part)
            _check_cell(part)
        else:
            _check_layer(part)
    if not parts or not _is_cell(parts[-1]):
        raise ValueError(
            "The last of a stack is a cell; what stands above it belongs in the readout."
        )
    if len({id(part) for part in parts}) < len(parts):
        raise ValueError("A cell or layer stands in the stack twice: make one for each place.")
    policies = {leaf.dtype_policy.name for part in parts for leaf in _leaves(part)}
    if len(policies) > 1:
        raise ValueError(
            f"The parts of a stack have different dtypes, {' and '.join(sorted(policies))}: give"
            " all of them the same dtype."
        )


def _check_scanned(part):
    """See that a part isn't one that has its exact traces elsewhere.

    Raises:
        TypeError: it is.
    """
    if isinstance(part, ScannedRNN | ResidualBlock | LRUCell):
        raise TypeError(
            f"No rule is written for the step of {type(part).__name__}: give {SCANNED} to"
            " OnlineScan, which carries their exact traces."
        )


def _check_own(cell):
    """See that a cell is one, shows its units, which the rules blame, and has no loss of its own.

    Raises:
        TypeError: it is several.
        ValueError: it has no units, shows something else, or has a loss.
    """
    if isinstance(cell, StackCell | keras.layers.StackedRNNCells):
        name = type(cell).__name__
        raise TypeError(f"{name} is a stack of its own: give one list of all cells.")
    checked_units(getattr(cell, "units", None))
    if cell.activity_regularizer is not None:
        raise ValueError(
            f"{type(cell).__name__} can't have an activity_regularizer: leave it out, or write the"
            " penalty into the loss."
        )
    shown = getattr(cell, "output_size", None)
    if shown not in (None, cell.units):
        raise ValueError(
            f"{type(cell).__name__} has {cell.units} units and shows {shown} numbers: give a cell"
            " whose output is its state, and put what makes of it something else into the readout."
        )


def _check_cell(cell):
    if getattr(cell, "dropout", 0) or getattr(cell, "recurrent_dropout", 0):
        raise ValueError(
            "A stack doesn't know dropout inside a cell: leave it out there, or put a Dropout into"
            " the readout."
        )


def _check_layer(layer):
    for leaf in _leaves(layer):
        name = type(leaf).__name__
        if leaf._call_has_training_arg and not isinstance(leaf, ALIKE):
            raise ValueError(
                f"{name} may act differently in training, which a layer in a stack can't: leave it"
                " out, or put it into the readout."
            )
        if getattr(leaf, "activity_regularizer", None) is not None:
            raise ValueError(f"{name} in a stack can't have an activity_regularizer: leave it out.")
        if isinstance(leaf, keras.layers.Masking) or getattr(leaf, "mask_zero", False):
            raise ValueError(f"{name} can't mask steps in a stack: give the model mask_value.")


def _leaves(part):
    """The layers that a layer consists of, without those that only hold others."""
    holds = (keras.Sequential, keras.src.models.Functional)
    return [leaf for leaf in part._flatten_layers() if not isinstance(leaf, holds)]
