"""What a user gives, held against what a model takes: one sentence where it doesn't fit."""

import inspect
import math
import operator

import keras
import numpy as np
import tensorflow as tf

from course_lib.online import losses
from course_lib.values import FROM_0, checked_number, plain_number

NO_STEPS = "The sequences have no steps; T is 1 or more."


def count(name, value, least=1):
    """A number of steps or of sequences, or a seed, as an int.

    Raises:
        ValueError: it is none, or below the least.
    """
    whole = None if isinstance(value, bool) else _as_whole(value)
    if whole is None or whole < least:
        raise ValueError(f"{name} is {value!r}; give a whole number, {least} or more.")
    return whole


def _as_whole(value):
    try:
        return operator.index(value)
    except TypeError:
        return None


def number(name, value):
    """A size or a weight, as a float.

    Raises:
        ValueError: it is none, below 0 or without end.
    """
    return checked_number(value, name, FROM_0)


def readout(given, dtype):
    """A readout as a layer.

    Args:
        given: the number of outputs, or a layer.
        dtype: of the linear readout that a number stands for.

    Raises:
        ValueError: it is neither.
    """
    if isinstance(given, keras.layers.Layer):
        return given
    whole = None if isinstance(given, bool) else _as_whole(given)
    if whole is None or whole < 1:
        raise ValueError(f"readout is {given!r}; give the number of outputs, or a layer.")
    return keras.layers.Dense(whole, dtype=dtype)


def mask_value(given):
    """What an input at a step that is none is equal to, or None.

    Raises:
        ValueError: it is no number, or nothing is equal to it.
    """
    if given is not None and math.isnan(plain_number(given)):
        raise ValueError(
            f"mask_value is {given!r}; give a number that the inputs of padded steps are equal to."
        )
    return given


def tensors(a):
    """Targets or weights as tensors: a list of numbers is an array, a list of arrays is several."""
    if isinstance(a, list | tuple) and all(np.isscalar(n) for n in keras.tree.flatten(a)):
        return _real(a)
    return keras.tree.map_structure(_real, a)


def _real(a):
    """A target or weight as a tensor; None, if an output has none."""
    if a is None:
        return None
    if isinstance(a, tf.RaggedTensor):
        raise ValueError("The targets or sample weights have different lengths: pad them to one.")
    a = tf.convert_to_tensor(a)
    if not _is_real(a.dtype):
        raise ValueError(
            f"Targets and sample weights are real numbers; these are of type {a.dtype.name}."
        )
    return a


def _is_real(dtype):
    return dtype.is_floating or dtype.is_integer or dtype.is_bool


def inputs(x, built_for=None):
    """Sequences as a tensor.

    Args:
        x: (batch, T, m).
        built_for: m, where it is known.

    Raises:
        ValueError: they are something else.
    """
    if isinstance(x, tf.RaggedTensor):
        raise ValueError(
            "The sequences have different lengths: pad them to one, and give the model mask_value."
        )
    several = isinstance(x, list | tuple) and any(len(np.shape(a)) > 2 for a in x)
    if several or isinstance(x, dict):
        raise ValueError("Inputs are one array (batch, T, m), not several.")
    x = tf.convert_to_tensor(x)
    shape(x.shape, built_for)
    if x.shape[1] is None:  # the graph finds it out as it runs
        with tf.control_dependencies([tf.debugging.assert_positive(tf.shape(x)[1], NO_STEPS)]):
            x = tf.identity(x)
    if not _is_real(x.dtype):
        raise ValueError(f"Inputs are real numbers; these are of type {x.dtype.name}.")
    return x


def some(x):
    """See that there are sequences at all, of which Keras says nothing or much else.

    Args:
        x: what `fit` takes; of anything but an array or tensor nothing is known yet.

    Raises:
        ValueError: there are none.
    """
    if len(getattr(x, "shape", ())) and x.shape[0] == 0:
        raise ValueError("There are no sequences: give at least one.")


def shape(given, built_for=None):
    """See that a shape is that of sequences.

    Args:
        given: a `tf.TensorShape`.
        built_for: m, where it is known.

    Raises:
        ValueError: it isn't.
    """
    if given.rank != 3:
        raise ValueError(f"Inputs are (batch, T, m); these have the shape {given}.")
    if given[1] == 0:
        raise ValueError(NO_STEPS)
    if given[2] is None:
        raise ValueError(f"Inputs are (batch, T, m), m known; these have the shape {given}.")
    if built_for not in (None, given[2]):
        raise ValueError(f"The model was built for {built_for} inputs; x has {given[2]}.")


def spec(a):
    """The shape of an array or tensor, as TensorFlow has it, or None."""
    return None if a is None else tf.TensorSpec(getattr(a, "shape", np.shape(a)))


def rank(a):
    """How many axes an array, a tensor or a `tf.TensorSpec` has; None: it doesn't say."""
    return tf.TensorShape(getattr(a, "shape", None)).rank


def named(method, args, kwargs):
    """Arguments by their names, also those that were given by their place.

    Args:
        method: what they are for.
        args, kwargs: as a caller gives them.
    """
    given = inspect.signature(method).bind(*args, **kwargs).arguments
    more = given.pop("kwargs", {})
    return {**given, **more}


def class_weight(given, sequences):
    """See that classes can be weighted.

    Raises:
        ValueError: there is an output at every step, where Keras takes the place of a sequence's
            largest number, of all its steps, for its class.
    """
    if given is not None and sequences:
        raise ValueError(
            "class_weight takes one class for each sequence: with return_sequences, give"
            " sample_weight of shape (batch, T), the weight of each step's class."
        )


def targets(loss, x, y, weight, out, sequences, by_chunk=False):
    """See that targets and sample weights belong to the inputs, as far as shapes are known.

    Keras itself stretches targets of one step, or of one output, over all the others, and a single
    output is a class of probability 1 to it, whatever it is.

    Args:
        loss: what `compile` was given.
        x: inputs, (batch, T, m).
        y, weight: targets and sample weights, or None.
        out: outputs, or what has their shape.
        sequences: whether there is an output at every step.
        by_chunk: whether the loss is taken of chunks of steps, whatever loss it is.

    Raises:
        ValueError: they don't.
    """
    if keras.tree.is_nested(loss) and not keras.tree.is_nested(out):
        raise ValueError("The model has one output, and loss is several: give one.")
    if y is None:
        return
    if keras.tree.is_nested(out):
        for one, *rest in losses.of_outputs(out, loss, y, weight):
            targets(one, x, *rest, sequences, by_chunk)
        return
    # At the last step Keras takes a list of one for that one.
    if any(keras.tree.is_nested(a) and (sequences or len(a) > 1) for a in (y, weight)):
        raise ValueError(
            "The model has one output, and the targets or sample weights are several: give one"
            " array of each."
        )
    if keras.tree.is_nested(y) or keras.tree.is_nested(weight):
        return
    loss = losses.instance_of(loss)
    known = type(loss) in losses.BY_STEP
    usual = 3 if sequences else 2
    if not (known or by_chunk) or len(out.shape) != usual or y.shape.rank is None:
        return
    c, lead = out.shape[-1], tuple(x.shape[: usual - 1])
    if c == 1 and type(loss) in losses.OF_CLASSES:
        raise ValueError(
            f"{type(loss).__name__} compares the outputs of several classes, and of a single output"
            " learns nothing: give the readout as many outputs as there are classes, or take"
            " BinaryCrossentropy."
        )
    one_number = c == 1 or type(loss) is losses.SPARSE
    wanted = [(*lead, 1), lead] if one_number else []
    if type(loss) is not losses.SPARSE:
        wanted.append((*lead, c))
    shape = tuple(y.shape)
    if not known:  # by chunk: any target that has steps
        wanted, shape = [lead], shape[:2]
    if not any(_fit(shape, one) for one in wanted):
        hint = ""
        if type(loss) is losses.SPARSE and _fit(shape, (*lead, c)):
            hint = ", or take CategoricalCrossentropy for targets of zeros and ones"
        raise ValueError(
            f"The targets have the shape {_plain(y.shape)}; for these inputs and outputs give"
            f" {_plain(wanted[-1])}{hint}."
        )
    if weight is not None and weight.shape.rank is not None:
        allowed = [lead[:1], (lead[0], 1), lead]
        if sequences:
            allowed.append((*lead, 1))
        if not any(_fit(tuple(weight.shape), one) for one in allowed):
            raise ValueError(
                f"The sample weights have the shape {_plain(weight.shape)}; give"
                f" {' or '.join(dict.fromkeys(map(_plain, (lead[:1], lead))))}."
            )


def _fit(shape, wanted):
    return len(shape) == len(wanted) and all(
        None in (n, size) or n == size for n, size in zip(shape, wanted, strict=True)
    )


def _plain(shape):
    """A shape as it is written in the docs."""
    names = ["batch", "T", "c"]
    sizes = [str(n) if n is not None else name for n, name in zip(shape, names, strict=False)]
    sizes += [str(n) for n in tuple(shape)[3:]]
    return f"({', '.join(sizes)}{',' if len(sizes) == 1 else ''})"
