"""Answers to `bptt_gradient`, written from its notebook alone; each cell is one, with what is wrong."""

import keras
import numpy as np
import tensorflow as tf


# %% single: tanh's slope is left out on the way back
def bptt_gradient(x, h_0, W_xh, W_hh, b_h):
    @tf.custom_gradient
    def states(x, h_0, W_xh, W_hh, b_h):
        a = tf.transpose(x @ W_xh + b_h, (1, 0, 2))
        h = tf.scan(lambda h, a_t: tf.tanh(a_t + h @ W_hh), a, h_0)

        def backward(dh):
            dh = tf.transpose(dh, (1, 0, 2))
            da = tf.scan(
                lambda da, now: now[0] + da @ tf.transpose(W_hh),
                (dh, h),
                tf.zeros_like(h_0),
                reverse=True,
            )
            before = tf.concat([h_0[None], h[:-1]], axis=0)
            dx = tf.einsum("tbn,mn->btm", da, W_xh)
            dh_0 = da[0] @ tf.transpose(W_hh)
            dW_xh = tf.einsum("btm,tbn->mn", x, da)
            dW_hh = tf.einsum("tbk,tbn->kn", before, da)
            db_h = tf.reduce_sum(da, axis=(0, 1))
            return dx, dh_0, dW_xh, dW_hh, db_h

        return tf.transpose(h, (1, 0, 2)), backward

    return states(x, h_0, W_xh, W_hh, b_h)


# %% single: W_hh isn't transposed on the way back
def bptt_gradient(x, h_0, W_xh, W_hh, b_h):
    @tf.custom_gradient
    def states(x, h_0, W_xh, W_hh, b_h):
        a = tf.transpose(x @ W_xh + b_h, (1, 0, 2))
        h = tf.scan(lambda h, a_t: tf.tanh(a_t + h @ W_hh), a, h_0)

        def backward(dh):
            dh = tf.transpose(dh, (1, 0, 2))
            da = tf.scan(
                lambda da, now: (now[0] + da @ W_hh) * (1 - now[1] ** 2),
                (dh, h),
                tf.zeros_like(h_0),
                reverse=True,
            )
            before = tf.concat([h_0[None], h[:-1]], axis=0)
            dx = tf.einsum("tbn,mn->btm", da, W_xh)
            dh_0 = da[0] @ tf.transpose(W_hh)
            dW_xh = tf.einsum("btm,tbn->mn", x, da)
            dW_hh = tf.einsum("tbk,tbn->kn", before, da)
            db_h = tf.reduce_sum(da, axis=(0, 1))
            return dx, dh_0, dW_xh, dW_hh, db_h

        return tf.transpose(h, (1, 0, 2)), backward

    return states(x, h_0, W_xh, W_hh, b_h)


# %% single: dW_hh from the states after each step, not before
def bptt_gradient(x, h_0, W_xh, W_hh, b_h):
    @tf.custom_gradient
    def states(x, h_0, W_xh, W_hh, b_h):
        a = tf.transpose(x @ W_xh + b_h, (1, 0, 2))
        h = tf.scan(lambda h, a_t: tf.tanh(a_t + h @ W_hh), a, h_0)

        def backward(dh):
            dh = tf.transpose(dh, (1, 0, 2))
            da = tf.scan(
                lambda da, now: (now[0] + da @ tf.transpose(W_hh)) * (1 - now[1] ** 2),
                (dh, h),
                tf.zeros_like(h_0),
                reverse=True,
            )
            before = tf.concat([h_0[None], h[:-1]], axis=0)
            dx = tf.einsum("tbn,mn->btm", da, W_xh)
            dh_0 = da[0] @ tf.transpose(W_hh)
            dW_xh = tf.einsum("btm,tbn->mn", x, da)
            dW_hh = tf.einsum("tbk,tbn->kn", h, da)
            db_h = tf.reduce_sum(da, axis=(0, 1))
            return dx, dh_0, dW_xh, dW_hh, db_h

        return tf.transpose(h, (1, 0, 2)), backward

    return states(x, h_0, W_xh, W_hh, b_h)


# %% single: db is a mean over the batch
def bptt_gradient(x, h_0, W_xh, W_hh, b_h):
    @tf.custom_gradient
    def states(x, h_0, W_xh, W_hh, b_h):
        a = tf.transpose(x @ W_xh + b_h, (1, 0, 2))
        h = tf.scan(lambda h, a_t: tf.tanh(a_t + h @ W_hh), a, h_0)

        def backward(dh):
            dh = tf.transpose(dh, (1, 0, 2))
            da = tf.scan(
                lambda da, now: (now[0] + da @ tf.transpose(W_hh)) * (1 - now[1] ** 2),
                (dh, h),
                tf.zeros_like(h_0),
                reverse=True,
            )
            before = tf.concat([h_0[None], h[:-1]], axis=0)
            dx = tf.einsum("tbn,mn->btm", da, W_xh)
            dh_0 = da[0] @ tf.transpose(W_hh)
            dW_xh = tf.einsum("btm,tbn->mn", x, da)
            dW_hh = tf.einsum("tbk,tbn->kn", before, da)
            db_h = tf.reduce_sum(tf.reduce_mean(da, axis=1), axis=0)
            return dx, dh_0, dW_xh, dW_hh, db_h

        return tf.transpose(h, (1, 0, 2)), backward

    return states(x, h_0, W_xh, W_hh, b_h)


# %% single: no gradient of its own: TensorFlow derives it
def bptt_gradient(x, h_0, W_xh, W_hh, b_h):
    a = tf.transpose(x @ W_xh + b_h, (1, 0, 2))
    h = tf.scan(lambda h, a_t: tf.tanh(a_t + h @ W_hh), a, h_0)
    return tf.transpose(h, (1, 0, 2))


# %% single: dh_0 isn't carried through W_hh
def bptt_gradient(x, h_0, W_xh, W_hh, b_h):
    @tf.custom_gradient
    def states(x, h_0, W_xh, W_hh, b_h):
        a = tf.transpose(x @ W_xh + b_h, (1, 0, 2))
        h = tf.scan(lambda h, a_t: tf.tanh(a_t + h @ W_hh), a, h_0)

        def backward(dh):
            dh = tf.transpose(dh, (1, 0, 2))
            da = tf.scan(
                lambda da, now: (now[0] + da @ tf.transpose(W_hh)) * (1 - now[1] ** 2),
                (dh, h),
                tf.zeros_like(h_0),
                reverse=True,
            )
            before = tf.concat([h_0[None], h[:-1]], axis=0)
            dx = tf.einsum("tbn,mn->btm", da, W_xh)
            dh_0 = da[0]
            dW_xh = tf.einsum("btm,tbn->mn", x, da)
            dW_hh = tf.einsum("tbk,tbn->kn", before, da)
            db_h = tf.reduce_sum(da, axis=(0, 1))
            return dx, dh_0, dW_xh, dW_hh, db_h

        return tf.transpose(h, (1, 0, 2)), backward

    return states(x, h_0, W_xh, W_hh, b_h)


# %% double: dh_0 is left at zero, and dW_hh has its axes swapped
def bptt_gradient(x, h_0, W_xh, W_hh, b_h):
    @tf.custom_gradient
    def states(x, h_0, W_xh, W_hh, b_h):
        a = tf.transpose(x @ W_xh + b_h, (1, 0, 2))
        h = tf.scan(lambda h, a_t: tf.tanh(a_t + h @ W_hh), a, h_0)

        def backward(dh):
            dh = tf.transpose(dh, (1, 0, 2))
            da = tf.scan(
                lambda da, now: (now[0] + da @ tf.transpose(W_hh)) * (1 - now[1] ** 2),
                (dh, h),
                tf.zeros_like(h_0),
                reverse=True,
            )
            before = tf.concat([h_0[None], h[:-1]], axis=0)
            dx = tf.einsum("tbn,mn->btm", da, W_xh)
            dh_0 = tf.zeros_like(h_0)
            dW_xh = tf.einsum("btm,tbn->mn", x, da)
            dW_hh = tf.einsum("tbk,tbn->nk", before, da)
            db_h = tf.reduce_sum(da, axis=(0, 1))
            return dx, dh_0, dW_xh, dW_hh, db_h

        return tf.transpose(h, (1, 0, 2)), backward

    return states(x, h_0, W_xh, W_hh, b_h)


# %% right: as the hints say
def bptt_gradient(x, h_0, W_xh, W_hh, b_h):
    @tf.custom_gradient
    def states(x, h_0, W_xh, W_hh, b_h):
        a = tf.transpose(x @ W_xh + b_h, (1, 0, 2))
        h = tf.scan(lambda h, a_t: tf.tanh(a_t + h @ W_hh), a, h_0)

        def backward(dh):
            dh = tf.transpose(dh, (1, 0, 2))
            da = tf.scan(
                lambda da, now: (now[0] + da @ tf.transpose(W_hh)) * (1 - now[1] ** 2),
                (dh, h),
                tf.zeros_like(h_0),
                reverse=True,
            )
            before = tf.concat([h_0[None], h[:-1]], axis=0)
            dx = tf.einsum("tbn,mn->btm", da, W_xh)
            dh_0 = da[0] @ tf.transpose(W_hh)
            dW_xh = tf.einsum("btm,tbn->mn", x, da)
            dW_hh = tf.einsum("tbk,tbn->kn", before, da)
            db_h = tf.reduce_sum(da, axis=(0, 1))
            return dx, dh_0, dW_xh, dW_hh, db_h

        return tf.transpose(h, (1, 0, 2)), backward

    return states(x, h_0, W_xh, W_hh, b_h)


# %% right: while loops with TensorArrays; weight gradients added up on the way
def bptt_gradient(x, h_0, W_xh, W_hh, b_h):
    return _states(x, h_0, W_xh, W_hh, b_h)


@tf.custom_gradient
def _states(x, h_0, W_xh, W_hh, b_h):
    T = tf.shape(x)[1]
    out = tf.TensorArray(x.dtype, T, element_shape=h_0.shape)

    def forward(t, h, out):
        h = tf.tanh(tf.gather(x, t, axis=1) @ W_xh + h @ W_hh + b_h)
        return t + 1, h, out.write(t, h)

    _, _, out = tf.while_loop(lambda t, *_: t < T, forward, (0, h_0, out))
    h = tf.transpose(out.stack(), [1, 0, 2])

    def grad(upstream):
        previous = tf.concat([h_0[:, None, :], h[:, :-1, :]], axis=1)
        dx = tf.TensorArray(x.dtype, T)

        def back(t, carried, dx, A, B, c):
            h_t = tf.gather(h, t, axis=1)
            x_t = tf.gather(x, t, axis=1)
            p_t = tf.gather(previous, t, axis=1)
            delta = (tf.gather(upstream, t, axis=1) + carried) * (1.0 - h_t * h_t)
            dx = dx.write(t, tf.matmul(delta, W_xh, transpose_b=True))
            A += tf.matmul(x_t, delta, transpose_a=True)
            B += tf.matmul(p_t, delta, transpose_a=True)
            c += tf.reduce_sum(delta, axis=0)
            carried = tf.matmul(delta, W_hh, transpose_b=True)
            return t - 1, carried, dx, A, B, c

        start = (
            T - 1,
            tf.zeros_like(h_0),
            dx,
            tf.zeros_like(W_xh),
            tf.zeros_like(W_hh),
            tf.zeros_like(b_h),
        )
        _, dh_0, dx, A, B, c = tf.while_loop(lambda t, *_: t >= 0, back, start)
        return tf.transpose(dx.stack(), [1, 0, 2]), dh_0, A, B, c

    return h, grad
