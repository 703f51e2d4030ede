"""Which of Keras's losses can be taken chunk by chunk, and what each is divided by.

A loss at every step is as a rule a sum over the steps, divided by one number. Then each chunk has a
loss of its own, and the whole is a weighted mean of them. A loss that mixes steps, or that nobody
knows, is taken once, over all steps together.
"""

import keras
import tensorflow as tf

# Of these, a step's loss depends on that step's outputs alone.
BY_STEP = {
    getattr(keras.losses, name)
    for name in (
        "BinaryCrossentropy",
        "BinaryFocalCrossentropy",
        "CategoricalCrossentropy",
        "CategoricalFocalCrossentropy",
        "CosineSimilarity",
        "Hinge",
        "Huber",
        "KLDivergence",
        "LogCosh",
        "MeanAbsoluteError",
        "MeanAbsolutePercentageError",
        "MeanSquaredError",
        "MeanSquaredLogarithmicError",
        "Poisson",
        "SparseCategoricalCrossentropy",
        "SquaredHinge",
    )
}
SPARSE = keras.losses.SparseCategoricalCrossentropy
# Of these, an output means something beside the others alone.
OF_CLASSES = {
    SPARSE,
    keras.losses.CategoricalCrossentropy,
    keras.losses.CategoricalFocalCrossentropy,
}
MEANS = ("mean", "sum_over_batch_size")


def instance_of(loss):
    """The Keras loss that `compile` was given, as an object; None if it is none of Keras's own.

    Args:
        loss: a name, a function or a `keras.losses.Loss`.
    """
    if isinstance(loss, keras.losses.Loss):
        return loss
    if isinstance(loss, str) and loss.lower() not in ("crossentropy", "ce"):
        loss = keras.losses.get(loss)
    # "mse" is a function for Keras: the one that a class stands around.
    return next((kind() for kind in BY_STEP if kind().fn is loss), None)


def the_one(loss):
    """What `compile` was given, but of a list or dict of one loss that loss itself.

    Keras would not find out which output a name in a dict means where there is one output alone.
    Of several outputs the name means one.
    """
    inside = isinstance(loss, list | tuple | dict) and keras.tree.flatten(loss)
    return inside[0] if inside and len(inside) == 1 else loss


def is_by_step(loss, y, out):
    """Whether a loss is a sum over steps of what each step's own outputs give.

    Args:
        loss: a `keras.losses.Loss`, or None.
        y: targets, (B, T, ...).
        out: outputs, (B, T, c).
    """
    if type(loss) not in BY_STEP or loss.reduction in (None, "none"):
        return False
    if type(loss) is SPARSE:
        fits = len(y.shape) == 2 or (len(y.shape) == 3 and y.shape[-1] == 1)
    else:
        fits = len(y.shape) == 3 and y.shape[-1] == out.shape[-1]
    return _is_plain(loss) and fits


def is_mean_of_steps(loss):
    """Whether a loss is the mean over all steps of what each step's own outputs give.

    Args:
        loss: a `keras.losses.Loss`, or None.
    """
    return type(loss) in BY_STEP and loss.reduction in MEANS and _is_plain(loss)


def _is_plain(loss):
    """Whether one of `BY_STEP` looks along the last axis, and at every step."""
    # Some keep their axis out of the config.
    config = {**loss.get_config(), **loss._fn_kwargs}
    return config.get("axis", -1) == -1 and config.get("ignore_class") is None


def counted(loss, y, mask):
    """Which steps Keras counts: the real ones, but none of a class that the loss ignores.

    Args:
        loss: a `keras.losses.Loss`, or None.
        y: targets, (B, C, ...).
        mask: (B, C), or None.

    Returns:
        (B, C), or None: all of them.
    """
    ignored = None if type(loss) is not SPARSE else loss.get_config()["ignore_class"]
    if ignored is None:
        return mask
    some = tf.reshape(tf.not_equal(tf.cast(y, tf.int64), ignored), tf.shape(y)[:2])
    return some if mask is None else mask & some


def divisor(loss, count, weight, mask, dtype):
    """What Keras divides the sum over some steps by.

    Args:
        loss: a `keras.losses.Loss`, or None for one that is a mean over steps.
        count: steps of all sequences.
        weight: sample weights (B, C), or None.
        mask: (B, C), the steps that are `counted`, or None.
        dtype: of the result.
    """
    if not is_mean(loss):
        return tf.ones((), dtype)
    by_weight = loss is not None and loss.reduction == "mean_with_sample_weight"
    if by_weight and not (weight is None and mask is None):
        weight = tf.cast(mask, dtype) if weight is None else tf.cast(weight, dtype)
        if mask is not None:
            weight *= tf.cast(mask, dtype)
        return tf.reduce_sum(weight)
    return tf.cast(count if mask is None else tf.math.count_nonzero(mask), dtype)


def is_mean(loss):
    """Whether Keras divides a loss: one that it doesn't know is a mean."""
    return loss is None or loss.reduction in (*MEANS, "mean_with_sample_weight")


def at_every_step(loss, y, out, weight, mask=None):
    """Targets and sample weights in the shapes that Keras takes for a loss at every step.

    Args:
        loss: what `compile` was given.
        y: targets; (B, T) of a single output become (B, T, 1).
        out: outputs, (B, T, c).
        weight: sample weights; one a sequence counts for each of its steps. Or None.
        mask: of the outputs, or None. There targets and weights of a loss of `BY_STEP` become
            zero: padding may hold anything, NaN or a class -1 too.
    """
    if keras.tree.is_nested(y):
        return _several_at_every_step(loss, y, out, weight)
    weight = of_steps(weight, y)
    if mask is not None and type(instance_of(loss)) in BY_STEP:
        y, weight = _at_real_steps(y, mask), _at_real_steps(weight, mask)
    odd = mask is not None or weight is not None
    return one_output(y, out, instance_of(loss), odd), weight


def _several_at_every_step(loss, y, out, weight):
    """The same for each of several outputs."""
    parts = of_outputs(out, loss, y, weight)
    if not parts:
        return y, weight
    fitted = [at_every_step(kind, a, o, w) for kind, a, w, o in parts]
    y, weights = (keras.tree.pack_sequence_as(out, list(a)) for a in zip(*fitted, strict=True))
    return y, None if weight is None else weights


def of_outputs(out, loss, y, weight):
    """What belongs to each of several outputs: its loss, target and sample weight, and itself.

    These tuples come in the order of `keras.tree.flatten`. There are none if names or numbers
    don't fit, which Keras has words for.

    Args:
        out: a flat dict or list of outputs.
        loss, y, weight: by name or number as the outputs are; one alone counts for all.
    """
    named = isinstance(out, dict)
    keys = sorted(out) if named else range(len(out)) if isinstance(out, list | tuple) else ()

    def part(a, key):
        if not keras.tree.is_nested(a):
            return a
        if isinstance(a, dict) != named or not (named or len(a) == len(out)):
            raise LookupError
        return a.get(key) if named else a[key]

    try:
        parts = [(*(part(a, key) for a in (loss, y, weight)), out[key]) for key in keys]
    except LookupError:
        return []
    odd = any(part[1] is None or any(map(keras.tree.is_nested, part)) for part in parts)
    return [] if odd else parts


def of_steps(weight, y):
    """Sample weights of every step, (B, T): one a sequence, (B,) or (B, 1), counts for all of its.

    Args:
        weight: sample weights, or None.
        y: targets, (B, T, ...).
    """
    if weight is None or len(y.shape) < 2:
        return weight
    if len(weight.shape) == 1:
        weight = weight[:, None]
    if len(weight.shape) > 2 or weight.shape[1] != 1:
        return weight
    return tf.broadcast_to(weight, tf.shape(y)[:2])


def _at_real_steps(a, mask):
    """Targets or weights (B, T, ...), zero at masked steps; None stays None."""
    if a is None:
        return None
    here = tf.reshape(mask, (*tf.unstack(tf.shape(mask)), *(len(a.shape) - 2) * [1]))
    return tf.where(here, a, tf.zeros_like(a))


def one_output(y, out, loss, odd):
    """Targets (B, T) of a single output as (B, T, 1).

    Keras itself averages those over time first. Then no mask and no sample weight fits any more.

    Args:
        y: targets.
        out: outputs, (B, T, c).
        loss: a `keras.losses.Loss`, or None.
        odd: whether there is a mask or a weight.
    """
    if loss is None or type(loss) is SPARSE:
        return y
    single = len(y.shape) == 2 and len(out.shape) == 3 and out.shape[-1] == 1
    return y[..., None] if single and (odd or type(loss) in AVERAGED) else y


# Of these, the mean over outputs and then over steps is the mean over both, in any order.
AVERAGED = BY_STEP - {
    SPARSE,
    keras.losses.CategoricalCrossentropy,
    keras.losses.CategoricalFocalCrossentropy,
    keras.losses.CosineSimilarity,
    keras.losses.KLDivergence,
}
