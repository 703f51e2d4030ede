"""The scan h_t = a_t h_{t-1} + b_t: a recurrence of units that work alone.

Two steps are one step of the same form: first (a, b), then (a', b'), is
(a' a, a' b + b'). So they can be put together in any grouping, and a machine
with many cores needs log T rounds for T steps (Hillis and Steele, 1986). On a
CPU the plain loop is faster. Both stand here behind one name. The gradient of
a scan is a scan that runs back, so no tape records the steps.

Time is the first axis inside: what belongs to one step lies side by side.
"""

import tensorflow as tf

METHODS = ("auto", "loop", "log")


def scan(a, b, start=None, axis=1, reverse=False, method="auto"):
    """Every h_t = a_t h_{t-1} + b_t, elementwise, with h_0 = start.

    It can be differentiated by a, b and start, as often as you like, and
    compiles with XLA. T and the batch may be unknown when the graph is made.

    Args:
        a: what is left of h after a step. The shape of b, or 1 along an axis
            where it is the same for all; a vector (n,) has one decay a unit.
        b: what comes in, shape (batch, T, n), real or complex; (T, batch, n)
            if axis is 0.
        start: h_0, shape (batch, n), or 1 along an axis; None is zero.
        axis: where time stands, 0 or 1. With 0 nothing is transposed.
        reverse: run from the last step to the first, h_t = a_t h_{t+1} + b_t;
            start is then what stands behind the last step.
        method: "loop", one step after the other; "log", about log2 T rounds
            over all steps at once, which is more arithmetic; "auto", "log"
            where TensorFlow sees a GPU or a TPU, else "loop".

    Returns:
        All h_t, shape and type of b; empty if T is 0.

    Raises:
        ValueError: a shape doesn't fit, or axis or method is something else.
        TypeError: b is of whole numbers, or a or start is of another type.
    """
    if axis not in (0, 1):
        raise ValueError(f"axis is {axis!r}; time is axis 0 or axis 1.")
    if method not in METHODS:
        raise ValueError(
            f"method is {method!r}; choose one of {', '.join(METHODS)}."
        )
    a, b, start = _checked(a, b, start, axis)
    if axis == 1:
        a, b = _time_first(a), _time_first(b)
    if reverse:
        a, b = tf.reverse(a, [0]), tf.reverse(b, [0])
    if method == "auto":
        method = "log" if sees_accelerator() else "loop"
    h = _forth(a, b, start, *RUNS[method])
    if reverse:
        h = tf.reverse(h, [0])
    return _time_first(h) if axis == 1 else h


def sees_accelerator():
    """Whether TensorFlow sees a GPU or a TPU."""
    kinds = ("GPU", "TPU")
    return any(tf.config.list_logical_devices(kind) for kind in kinds)


def _forth(a, b, start, forth, back):
    """h_t = a_t h_{t-1} + b_t; a (T or 1, ...), b (T, B, n), start (B, n)."""

    @tf.custom_gradient
    def run(a, b, start):
        h = forth(a, b, start)

        def gradient(dh):
            g = _back(tf.math.conj(a), dh, forth, back)
            # h_{t-1} of every t; with T = 0, of none.
            before = tf.concat([tf.zeros_like(h[:1]) + start, h[:-1]], axis=0)
            da = _summed(g * tf.math.conj(before), a)
            dstart = tf.reduce_sum(tf.math.conj(a)[:1] * g[:1], axis=0)
            return da, g, dstart

        return h, gradient

    return run(a, b, start)


def _back(a, u, forth, back):
    """g_t = u_t + a_{t+1} g_{t+1}: what a scan does to gradients."""

    @tf.custom_gradient
    def run(a, u):
        g = back(a, u)

        def gradient(dg):
            start = tf.zeros(tf.shape(u)[1:], u.dtype)
            h = _forth(tf.math.conj(a), dg, start, forth, back)
            after = tf.concat([tf.zeros_like(g[:1]), h[:-1]], axis=0)
            return _summed(after * tf.math.conj(g), a), h

        return g, gradient

    return run(a, u)


def _loop_forth(a, b, start):
    T = tf.shape(b)[0]

    def step(t, h, out):
        h = _of_step(a, t) * h + b[t]
        return t + 1, h, out.write(t, h)

    out = tf.TensorArray(b.dtype, T, element_shape=b.shape[1:])
    *_, out = tf.while_loop(
        lambda t, *_: t < T, step, (0, start, out), maximum_iterations=T
    )
    return out.stack()


def _loop_back(a, u):
    T = tf.shape(u)[0]

    def step(left, later, out):
        t = left - 1
        g = u[t] + later
        return t, _of_step(a, t) * g, out.write(t, g)

    out = tf.TensorArray(u.dtype, T, element_shape=u.shape[1:])
    nothing = _nothing_like_a_step(u)
    *_, out = tf.while_loop(
        lambda left, *_: left > 0,
        step,
        (T, nothing, out),
        maximum_iterations=T,
    )
    return out.stack()


def _log_forth(a, b, start):
    first = tf.range(tf.shape(b)[0])[:, None, None] == 0
    return _rounds(a, tf.where(first, a * start + b, b), 1)


def _log_back(a, u):
    return _rounds(a if a.shape[0] == 1 else tf.roll(a, -1, 0), u, -1)


def _rounds(a, h, way):
    """Add to every step what comes from 1, 2, 4, ... steps away.

    Before the round of distance d, h_t holds what step t and the d - 1 before
    it bring, and a_t what is left of a state after these d steps.

    Args:
        a, h: decay and input of each step, (T or 1, ...) and (T, B, n).
        way: 1 if step t hears of t - 1, -1 if of t + 1.
    """
    T = tf.shape(h)[0]
    steps = (tf.range(T) if way == 1 else T - 1 - tf.range(T))[:, None, None]

    def join(d, a, h):
        far = steps >= d
        h += tf.where(far, a * tf.roll(h, way * d, 0), tf.zeros_like(h))
        if a.shape[0] == 1:
            return 2 * d, a * a, h
        before = tf.where(far, tf.roll(a, way * d, 0), tf.ones_like(a))
        return 2 * d, a * before, h

    *_, h = tf.while_loop(lambda d, *_: d < T, join, (1, a, h))
    return h


# method -> the scan, and the one that runs back
RUNS = {
    "loop": (_loop_forth, _loop_back),
    "log": (_log_forth, _log_back),
}


def _of_step(a, t):
    return a[0] if a.shape[0] == 1 else a[t]


def _nothing_like_a_step(b):
    return tf.ensure_shape(tf.zeros(tf.shape(b)[1:], b.dtype), b.shape[1:])


def _time_first(x):
    """The first two axes exchanged, there and back."""
    return tf.transpose(x, (1, 0, 2))


def _summed(x, like):
    """The sum of x along the axes that `like` had only one entry on."""
    axes = [i for i in range(3) if like.shape[i] == 1]
    return tf.reduce_sum(x, axes, keepdims=True) if axes else x


def _checked(a, b, start, axis):
    """Tensors of one type: a with three axes, start of the shape of a step."""
    b = tf.convert_to_tensor(b)
    if not (b.dtype.is_floating or b.dtype.is_complex):
        raise TypeError(
            f"b is of type {b.dtype.name}; give real or complex numbers."
        )
    a, start = (
        _as(b.dtype, a, "a"),
        _as(b.dtype, 0 if start is None else start, "start"),
    )
    if b.shape.rank != 3:
        raise ValueError(
            f"b has the shape {b.shape}; give three axes: batch, time, units."
        )
    if a.shape.rank == 1:
        a = a[None, None]
    if a.shape.rank != 3 or not _fits(a.shape, b.shape):
        raise ValueError(
            f"a has the shape {a.shape}, b has {b.shape}; give as many decays "
            "as inputs, or 1 along an axis."
        )
    step = b.shape[1 - axis : 2 - axis].concatenate(b.shape[2:])
    if not _fits(start.shape, step):
        raise ValueError(
            f"start has the shape {start.shape}; a state has the shape {step}."
        )
    size = tf.shape(b)
    if None in (*a.shape, *b.shape):
        # What is unknown now may turn out as 1.
        a = tf.broadcast_to(
            a, [1 if n == 1 else size[i] for i, n in enumerate(a.shape)]
        )
    start = tf.broadcast_to(start, [size[1 - axis], size[2]])
    return a, b, tf.ensure_shape(start, step)


def _as(dtype, x, name):
    try:
        return tf.convert_to_tensor(x, dtype=dtype)
    except (TypeError, ValueError) as error:
        raise TypeError(
            f"{name} must be of b's type, {dtype.name}."
        ) from error


def _fits(shape, whole):
    """Whether one shape can be broadcast to another, as far as is known."""
    return (
        shape.rank is not None
        and shape.rank <= whole.rank
        and all(
            n in (1, None) or size is None or n == size
            for n, size in zip(shape[::-1], whole[::-1], strict=False)
        )
    )
