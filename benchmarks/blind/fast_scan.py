"""Answers to `fast_scan`, written from its notebook alone; each cell is one, with what is wrong."""

import keras
import numpy as np
import tensorflow as tf


# %% single: the factors on the way back aren't conjugated
def fast_scan(a, b, h_0):
    @tf.custom_gradient
    def states(a, b, h_0):
        a, b = (tf.transpose(z, (1, 0, 2)) for z in (a, b))

        def run(a, b, h_0, reverse=False):
            return tf.scan(
                lambda h, now: now[0] * h + now[1],
                (a, b),
                h_0,
                reverse=reverse,
            )

        h = run(a, b, h_0)

        def backward(dh):
            dh = tf.transpose(dh, (1, 0, 2))
            factors = tf.concat([a[1:], tf.zeros_like(a[:1])], axis=0)
            db = run(factors, dh, tf.zeros_like(h_0), reverse=True)
            before = tf.concat([h_0[None], h[:-1]], axis=0)
            da = db * tf.math.conj(before)
            dh_0 = tf.math.conj(a[0]) * db[0]
            da, db = (tf.transpose(z, (1, 0, 2)) for z in (da, db))
            return da, db, dh_0

        return tf.transpose(h, (1, 0, 2)), backward

    return states(a, b, h_0)


# %% single: the factors of this step in place of the next
def fast_scan(a, b, h_0):
    @tf.custom_gradient
    def states(a, b, h_0):
        a, b = (tf.transpose(z, (1, 0, 2)) for z in (a, b))

        def run(a, b, h_0, reverse=False):
            return tf.scan(
                lambda h, now: now[0] * h + now[1],
                (a, b),
                h_0,
                reverse=reverse,
            )

        h = run(a, b, h_0)

        def backward(dh):
            dh = tf.transpose(dh, (1, 0, 2))
            factors = a
            db = run(tf.math.conj(factors), dh, tf.zeros_like(h_0), reverse=True)
            before = tf.concat([h_0[None], h[:-1]], axis=0)
            da = db * tf.math.conj(before)
            dh_0 = tf.math.conj(a[0]) * db[0]
            da, db = (tf.transpose(z, (1, 0, 2)) for z in (da, db))
            return da, db, dh_0

        return tf.transpose(h, (1, 0, 2)), backward

    return states(a, b, h_0)


# %% single: da from the states after each step
def fast_scan(a, b, h_0):
    @tf.custom_gradient
    def states(a, b, h_0):
        a, b = (tf.transpose(z, (1, 0, 2)) for z in (a, b))

        def run(a, b, h_0, reverse=False):
            return tf.scan(
                lambda h, now: now[0] * h + now[1],
                (a, b),
                h_0,
                reverse=reverse,
            )

        h = run(a, b, h_0)

        def backward(dh):
            dh = tf.transpose(dh, (1, 0, 2))
            factors = tf.concat([a[1:], tf.zeros_like(a[:1])], axis=0)
            db = run(tf.math.conj(factors), dh, tf.zeros_like(h_0), reverse=True)
            before = tf.concat([h_0[None], h[:-1]], axis=0)
            da = db * tf.math.conj(h)
            dh_0 = tf.math.conj(a[0]) * db[0]
            da, db = (tf.transpose(z, (1, 0, 2)) for z in (da, db))
            return da, db, dh_0

        return tf.transpose(h, (1, 0, 2)), backward

    return states(a, b, h_0)


# %% single: dh_0 without its factor
def fast_scan(a, b, h_0):
    @tf.custom_gradient
    def states(a, b, h_0):
        a, b = (tf.transpose(z, (1, 0, 2)) for z in (a, b))

        def run(a, b, h_0, reverse=False):
            return tf.scan(
                lambda h, now: now[0] * h + now[1],
                (a, b),
                h_0,
                reverse=reverse,
            )

        h = run(a, b, h_0)

        def backward(dh):
            dh = tf.transpose(dh, (1, 0, 2))
            factors = tf.concat([a[1:], tf.zeros_like(a[:1])], axis=0)
            db = run(tf.math.conj(factors), dh, tf.zeros_like(h_0), reverse=True)
            before = tf.concat([h_0[None], h[:-1]], axis=0)
            da = db * tf.math.conj(before)
            dh_0 = db[0]
            da, db = (tf.transpose(z, (1, 0, 2)) for z in (da, db))
            return da, db, dh_0

        return tf.transpose(h, (1, 0, 2)), backward

    return states(a, b, h_0)


# %% single: the states in da aren't conjugated
def fast_scan(a, b, h_0):
    @tf.custom_gradient
    def states(a, b, h_0):
        a, b = (tf.transpose(z, (1, 0, 2)) for z in (a, b))

        def run(a, b, h_0, reverse=False):
            return tf.scan(
                lambda h, now: now[0] * h + now[1],
                (a, b),
                h_0,
                reverse=reverse,
            )

        h = run(a, b, h_0)

        def backward(dh):
            dh = tf.transpose(dh, (1, 0, 2))
            factors = tf.concat([a[1:], tf.zeros_like(a[:1])], axis=0)
            db = run(tf.math.conj(factors), dh, tf.zeros_like(h_0), reverse=True)
            before = tf.concat([h_0[None], h[:-1]], axis=0)
            da = db * before
            dh_0 = tf.math.conj(a[0]) * db[0]
            da, db = (tf.transpose(z, (1, 0, 2)) for z in (da, db))
            return da, db, dh_0

        return tf.transpose(h, (1, 0, 2)), backward

    return states(a, b, h_0)


# %% single: no gradient of its own
def fast_scan(a, b, h_0):
    a, b = (tf.transpose(z, (1, 0, 2)) for z in (a, b))
    h = tf.scan(lambda h, now: now[0] * h + now[1], (a, b), h_0)
    return tf.transpose(h, (1, 0, 2))


# %% single: h_0 is ignored: from zero
def fast_scan(a, b, h_0):
    @tf.custom_gradient
    def states(a, b, h_0):
        a, b = (tf.transpose(z, (1, 0, 2)) for z in (a, b))

        def run(a, b, h_0, reverse=False):
            return tf.scan(
                lambda h, now: now[0] * h + now[1],
                (a, b),
                h_0,
                reverse=reverse,
            )

        h = run(a, b, tf.zeros_like(h_0))

        def backward(dh):
            dh = tf.transpose(dh, (1, 0, 2))
            factors = tf.concat([a[1:], tf.zeros_like(a[:1])], axis=0)
            db = run(tf.math.conj(factors), dh, tf.zeros_like(h_0), reverse=True)
            before = tf.concat([h_0[None], h[:-1]], axis=0)
            da = db * tf.math.conj(before)
            dh_0 = tf.math.conj(a[0]) * db[0]
            da, db = (tf.transpose(z, (1, 0, 2)) for z in (da, db))
            return da, db, dh_0

        return tf.transpose(h, (1, 0, 2)), backward

    return states(a, b, h_0)


# %% single: a Python loop over the steps
def fast_scan(a, b, h_0):
    @tf.custom_gradient
    def states(a, b, h_0):
        a, b = (tf.transpose(z, (1, 0, 2)) for z in (a, b))

        def run(a, b, h_0, reverse=False):
            h, states = h_0, []
            order = range(a.shape[0])
            for t in reversed(order) if reverse else order:
                h = a[t] * h + b[t]
                states.append(h)
            return tf.stack(states[::-1] if reverse else states)

        h = run(a, b, h_0)

        def backward(dh):
            dh = tf.transpose(dh, (1, 0, 2))
            factors = tf.concat([a[1:], tf.zeros_like(a[:1])], axis=0)
            db = run(tf.math.conj(factors), dh, tf.zeros_like(h_0), reverse=True)
            before = tf.concat([h_0[None], h[:-1]], axis=0)
            da = db * tf.math.conj(before)
            dh_0 = tf.math.conj(a[0]) * db[0]
            da, db = (tf.transpose(z, (1, 0, 2)) for z in (da, db))
            return da, db, dh_0

        return tf.transpose(h, (1, 0, 2)), backward

    return states(a, b, h_0)


# %% single: the order of the gradients: db, da
def fast_scan(a, b, h_0):
    @tf.custom_gradient
    def states(a, b, h_0):
        a, b = (tf.transpose(z, (1, 0, 2)) for z in (a, b))

        def run(a, b, h_0, reverse=False):
            return tf.scan(
                lambda h, now: now[0] * h + now[1],
                (a, b),
                h_0,
                reverse=reverse,
            )

        h = run(a, b, h_0)

        def backward(dh):
            dh = tf.transpose(dh, (1, 0, 2))
            factors = tf.concat([a[1:], tf.zeros_like(a[:1])], axis=0)
            db = run(tf.math.conj(factors), dh, tf.zeros_like(h_0), reverse=True)
            before = tf.concat([h_0[None], h[:-1]], axis=0)
            da = db * tf.math.conj(before)
            dh_0 = tf.math.conj(a[0]) * db[0]
            da, db = (tf.transpose(z, (1, 0, 2)) for z in (da, db))
            return db, da, dh_0

        return tf.transpose(h, (1, 0, 2)), backward

    return states(a, b, h_0)


# %% double: the wrong factors, and no conjugation
def fast_scan(a, b, h_0):
    @tf.custom_gradient
    def states(a, b, h_0):
        a, b = (tf.transpose(z, (1, 0, 2)) for z in (a, b))

        def run(a, b, h_0, reverse=False):
            return tf.scan(
                lambda h, now: now[0] * h + now[1],
                (a, b),
                h_0,
                reverse=reverse,
            )

        h = run(a, b, h_0)

        def backward(dh):
            dh = tf.transpose(dh, (1, 0, 2))
            factors = a
            db = run(factors, dh, tf.zeros_like(h_0), reverse=True)
            before = tf.concat([h_0[None], h[:-1]], axis=0)
            da = db * before
            dh_0 = tf.math.conj(a[0]) * db[0]
            da, db = (tf.transpose(z, (1, 0, 2)) for z in (da, db))
            return da, db, dh_0

        return tf.transpose(h, (1, 0, 2)), backward

    return states(a, b, h_0)


# %% right: as the hints say
def fast_scan(a, b, h_0):
    @tf.custom_gradient
    def states(a, b, h_0):
        a, b = (tf.transpose(z, (1, 0, 2)) for z in (a, b))

        def run(a, b, h_0, reverse=False):
            return tf.scan(
                lambda h, now: now[0] * h + now[1],
                (a, b),
                h_0,
                reverse=reverse,
            )

        h = run(a, b, h_0)

        def backward(dh):
            dh = tf.transpose(dh, (1, 0, 2))
            factors = tf.concat([a[1:], tf.zeros_like(a[:1])], axis=0)
            db = run(tf.math.conj(factors), dh, tf.zeros_like(h_0), reverse=True)
            before = tf.concat([h_0[None], h[:-1]], axis=0)
            da = db * tf.math.conj(before)
            dh_0 = tf.math.conj(a[0]) * db[0]
            da, db = (tf.transpose(z, (1, 0, 2)) for z in (da, db))
            return da, db, dh_0

        return tf.transpose(h, (1, 0, 2)), backward

    return states(a, b, h_0)


# %% right: log T rounds of joins, forward and backward, in a loop in the graph
def _spans(a, b):
    """States from zero: every entry is joined with the one `reach` before."""
    T = tf.shape(a)[1]

    def shifted(z, reach, fill):
        return tf.concat(
            [tf.fill(tf.shape(z[:, :reach]), tf.cast(fill, z.dtype)), z[:, : T - reach]], axis=1
        )

    def body(reach, A, B):
        B = A * shifted(B, reach, 0) + B
        A = A * shifted(A, reach, 1)
        return 2 * reach, A, B

    shape = tf.TensorShape([None, None, a.shape[2]])
    return tf.while_loop(
        lambda reach, A, B: reach < T,
        body,
        (1, a, b),
        shape_invariants=(tf.TensorShape([]), shape, shape),
    )[2]


@tf.custom_gradient
def fast_scan(a, b, h_0):
    first = b[:, :1] + a[:, :1] * h_0[:, None]
    h = _spans(a, tf.concat([first, b[:, 1:]], axis=1))

    def grad(dh):
        back = tf.math.conj(tf.concat([a[:, 1:], tf.zeros_like(a[:, :1])], axis=1))
        turned = _spans(tf.reverse(back, [1]), tf.reverse(dh, [1]))
        G = tf.reverse(turned, [1])
        old = tf.concat([h_0[:, None], h[:, :-1]], axis=1)
        return (tf.math.conj(old) * G, G, tf.math.conj(a[:, 0]) * G[:, 0])

    return h, grad
