"""The scan h_t = a_t h_{t-1} + b_t: a recurrence of units that work alone.

Two steps are one step of the same form: first (a, b), then (a', b'), is
(a' a, a' b + b'). So they can be put together in any grouping, and a machine
with many cores needs log T rounds for T steps (Hillis and Steele, 1986). On a
CPU the plain loop is faster. Both stand here behind one name. The gradient of
a scan is a scan that runs back, so no tape records the steps.

Time is the first axis inside: what belongs to one step lies side by side.
"""

import keras
import numpy as np
from keras import ops
from keras.backend import standardize_dtype

from course_lib.layers.backend import (
    doubling,
    over_time,
    sees_accelerator,
    where,
)
from course_lib.layers.own_gradient import with_gradient

METHODS = ("auto", "loop", "log")


def scan(a, b, start=None, axis=1, reverse=False, method="auto"):
    """Every h_t = a_t h_{t-1} + b_t, elementwise, with h_0 = start.

    It can be differentiated by a, b and start, as often as you like, on every
    backend of Keras, and compiles with XLA. T and the batch may be unknown
    when TensorFlow makes the graph.

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
            where Keras computes on a GPU or a TPU, else "loop".

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
        a, b = ops.flip(a, 0), ops.flip(b, 0)
    if method == "auto":
        method = "log" if sees_accelerator() else "loop"
    h = _forth(a, b, start, *RUNS[method])
    if reverse:
        h = ops.flip(h, 0)
    return _time_first(h) if axis == 1 else h


def _forth(a, b, start, forth, back):
    """h_t = a_t h_{t-1} + b_t; a (T or 1, ...), b (T, B, n), start (B, n)."""

    def gradient(dh, h, a, b, start):
        g = _back(ops.conj(a), dh, forth, back)
        # h_{t-1} of every t; with T = 0, of none.
        first = ops.zeros_like(h[:1]) + start
        before = ops.concatenate([first, h[:-1]], axis=0)
        da = _summed(g * ops.conj(before), a)
        dstart = ops.sum(ops.conj(a)[:1] * g[:1], axis=0)
        return da, g, dstart

    return with_gradient(forth, gradient)(a, b, start)


def _back(a, u, forth, back):
    """g_t = u_t + a_{t+1} g_{t+1}: what a scan does to gradients."""

    def gradient(dg, g, a, u):
        start = ops.zeros(ops.shape(u)[1:], u.dtype)
        h = _forth(ops.conj(a), dg, start, forth, back)
        after = ops.concatenate([ops.zeros_like(g[:1]), h[:-1]], axis=0)
        return _summed(after * ops.conj(g), a), h

    return with_gradient(back, gradient)(a, u)


def _loop_forth(a, b, start):
    def step(h, a_t, b_t):
        h = a_t * h + b_t
        return h, h

    return over_time(step, start, a, b)


def _loop_back(a, u):
    def step(later, a_t, u_t):
        g = u_t + later
        return a_t * g, g

    nothing = ops.zeros(ops.shape(u)[1:], u.dtype)
    return over_time(step, nothing, a, u, reverse=True)


def _log_forth(a, b, start):
    first = ops.arange(ops.shape(b)[0])[:, None, None] == 0
    return _rounds(a, where(first, a * start + b, b), 1)


def _log_back(a, u):
    return _rounds(a if a.shape[0] == 1 else ops.roll(a, -1, 0), u, -1)


def _rounds(a, h, way):
    """Add to every step what comes from 1, 2, 4, ... steps away.

    Before the round of distance d, h_t holds what step t and the d - 1 before
    it bring, and a_t what is left of a state after these d steps.

    Args:
        a, h: decay and input of each step, (T or 1, ...) and (T, B, n).
        way: 1 if step t hears of t - 1, -1 if of t + 1.
    """
    T = ops.shape(h)[0]
    steps = ops.arange(T, dtype="int32")[:, None, None]
    if way == -1:
        steps = T - 1 - steps

    def join(d, a, h):
        far = steps >= d
        h = h + where(far, a * ops.roll(h, way * d, 0), ops.zeros_like(h))
        if a.shape[0] == 1:
            return a * a, h
        before = where(far, ops.roll(a, way * d, 0), ops.ones_like(a))
        return a * before, h

    return doubling(T, join, a, h)[1]


# method -> the scan, and the one that runs back
RUNS = {
    "loop": (_loop_forth, _loop_back),
    "log": (_log_forth, _log_back),
}


def _time_first(x):
    """The first two axes exchanged, there and back."""
    return ops.transpose(x, (1, 0, 2))


def _summed(x, like):
    """The sum of x along the axes that `like` had only one entry on."""
    axes = [i for i in range(3) if like.shape[i] == 1]
    return ops.sum(x, axes, keepdims=True) if axes else x


def _checked(a, b, start, axis):
    """Tensors of one type: a with three axes, start of the shape of a step."""
    b = ops.convert_to_tensor(b)
    dtype = standardize_dtype(b.dtype)
    if not dtype.startswith(("float", "bfloat", "complex")):
        raise TypeError(f"b is of type {dtype}; give real or complex numbers.")
    a = _as(dtype, a, "a")
    start = _as(dtype, 0 if start is None else start, "start")
    if len(_shape(b) or ()) != 3:
        raise ValueError(
            f"b has the shape {_shape(b)}; give three axes: batch, time, "
            "units."
        )
    if len(_shape(a) or ()) == 1:
        a = a[None, None]
    if len(_shape(a) or ()) != 3 or not _fits(a.shape, b.shape):
        raise ValueError(
            f"a has the shape {_shape(a)}, b has {_shape(b)}; give as many "
            "decays as inputs, or 1 along an axis."
        )
    step = b.shape[1 - axis], b.shape[2]
    if _shape(start) is None or not _fits(start.shape, step):
        raise ValueError(
            f"start has the shape {_shape(start)}; a state has the shape "
            f"{step}."
        )
    size = ops.shape(b)
    if None in (*a.shape, *b.shape):
        # What is unknown now may turn out as 1.
        a = ops.broadcast_to(
            a, [1 if n == 1 else size[i] for i, n in enumerate(a.shape)]
        )
    return a, b, ops.broadcast_to(start, (size[1 - axis], size[2]))


def _as(dtype, x, name):
    """A tensor of this type; a tensor of another type isn't changed to it."""
    real = not dtype.startswith("complex")
    given = isinstance(x, keras.Variable) or ops.is_tensor(x)
    try:
        if real and isinstance(x, np.ndarray) and np.iscomplexobj(x):
            raise TypeError("The imaginary part would be lost.")
        x = ops.convert_to_tensor(x, None if given else dtype)
        if standardize_dtype(x.dtype) != dtype:
            raise TypeError(f"It is of type {standardize_dtype(x.dtype)}.")
    except (TypeError, ValueError) as error:
        raise TypeError(f"{name} must be of b's type, {dtype}.") from error
    return x


def _shape(x):
    """Sizes; None if TensorFlow doesn't even know how many there are."""
    unknown = getattr(x.shape, "rank", 0) is None
    return None if unknown else tuple(x.shape)


def _fits(shape, whole):
    """Whether one shape can be broadcast to another, as far as is known."""
    return len(shape) <= len(whole) and all(
        n in (1, None) or size is None or n == size
        for n, size in zip(shape[::-1], whole[::-1], strict=False)
    )
