"""Answers to `chunked_trace`, written from its notebook alone; each cell is one, with what is wrong."""

import keras
import numpy as np
import tensorflow as tf


# %% single: what comes in doesn't fade before the chunk's first step
def chunked_trace(E_0, v, d, credit, gamma, C):
    def chunk(E, dW, v, d, credit):
        K = tf.shape(v)[1]
        steps = tf.cast(tf.range(K), v.dtype)
        gap = steps[None, :] - steps[:, None]
        faded = tf.exp(-gamma * tf.maximum(gap, 0)[:, :, None])
        table = tf.where(gap[:, :, None] >= 0, faded, tf.zeros_like(faded))
        later = tf.einsum("sti,bti->bsi", table, credit)
        dW += tf.einsum("bsp,bsn->pn", v, d * later)
        since_border = tf.exp(-gamma * steps[:, None])
        border = tf.einsum("tn,btn->bn", since_border, credit)
        dW += tf.einsum("bpn,bn->pn", E, border)
        to_end = tf.exp(-gamma * (tf.cast(K, v.dtype) - 1 - steps)[:, None])
        E = E * tf.exp(-gamma * tf.cast(K, v.dtype))
        E += tf.einsum("bsp,bsn->bpn", v, d * to_end)
        return E, dW

    T = tf.shape(v)[1]
    C = tf.minimum(C, T)
    whole = T // C

    def turn(k, E, dW):
        def cut(z):
            return tf.slice(z, [0, k * C, 0], [-1, C, -1])

        return k + 1, *chunk(E, dW, cut(v), cut(d), cut(credit))

    dW = tf.zeros_like(E_0[0])
    _, E, dW = tf.while_loop(lambda k, *_: k < whole, turn, (0, E_0, dW))
    rest = whole * C
    E, dW = chunk(E, dW, v[:, rest:], d[:, rest:], credit[:, rest:])
    return dW, E


# %% single: the remainder is lost
def chunked_trace(E_0, v, d, credit, gamma, C):
    def chunk(E, dW, v, d, credit):
        K = tf.shape(v)[1]
        steps = tf.cast(tf.range(K), v.dtype)
        gap = steps[None, :] - steps[:, None]
        faded = tf.exp(-gamma * tf.maximum(gap, 0)[:, :, None])
        table = tf.where(gap[:, :, None] >= 0, faded, tf.zeros_like(faded))
        later = tf.einsum("sti,bti->bsi", table, credit)
        dW += tf.einsum("bsp,bsn->pn", v, d * later)
        since_border = tf.exp(-gamma * (steps[:, None] + 1))
        border = tf.einsum("tn,btn->bn", since_border, credit)
        dW += tf.einsum("bpn,bn->pn", E, border)
        to_end = tf.exp(-gamma * (tf.cast(K, v.dtype) - 1 - steps)[:, None])
        E = E * tf.exp(-gamma * tf.cast(K, v.dtype))
        E += tf.einsum("bsp,bsn->bpn", v, d * to_end)
        return E, dW

    T = tf.shape(v)[1]
    C = tf.minimum(C, T)
    whole = T // C

    def turn(k, E, dW):
        def cut(z):
            return tf.slice(z, [0, k * C, 0], [-1, C, -1])

        return k + 1, *chunk(E, dW, cut(v), cut(d), cut(credit))

    dW = tf.zeros_like(E_0[0])
    _, E, dW = tf.while_loop(lambda k, *_: k < whole, turn, (0, E_0, dW))
    rest = whole * C
    return dW, E


# %% single: zeros fill the last chunk: E fades too often
def chunked_trace(E_0, v, d, credit, gamma, C):
    def chunk(E, dW, v, d, credit):
        K = tf.shape(v)[1]
        steps = tf.cast(tf.range(K), v.dtype)
        gap = steps[None, :] - steps[:, None]
        faded = tf.exp(-gamma * tf.maximum(gap, 0)[:, :, None])
        table = tf.where(gap[:, :, None] >= 0, faded, tf.zeros_like(faded))
        later = tf.einsum("sti,bti->bsi", table, credit)
        dW += tf.einsum("bsp,bsn->pn", v, d * later)
        since_border = tf.exp(-gamma * (steps[:, None] + 1))
        border = tf.einsum("tn,btn->bn", since_border, credit)
        dW += tf.einsum("bpn,bn->pn", E, border)
        to_end = tf.exp(-gamma * (tf.cast(K, v.dtype) - 1 - steps)[:, None])
        E = E * tf.exp(-gamma * tf.cast(K, v.dtype))
        E += tf.einsum("bsp,bsn->bpn", v, d * to_end)
        return E, dW

    missing = (-tf.shape(v)[1]) % C
    pad = [[0, 0], [0, missing], [0, 0]]
    v, d, credit = (tf.pad(z, pad) for z in (v, d, credit))
    T = tf.shape(v)[1]
    whole = T // C

    def turn(k, E, dW):
        def cut(z):
            return tf.slice(z, [0, k * C, 0], [-1, C, -1])

        return k + 1, *chunk(E, dW, cut(v), cut(d), cut(credit))

    dW = tf.zeros_like(E_0[0])
    _, E, dW = tf.while_loop(lambda k, *_: k < whole, turn, (0, E_0, dW))
    rest = whole * C
    E, dW = chunk(E, dW, v[:, rest:], d[:, rest:], credit[:, rest:])
    return dW, E


# %% single: the table looks back, not forward
def chunked_trace(E_0, v, d, credit, gamma, C):
    def chunk(E, dW, v, d, credit):
        K = tf.shape(v)[1]
        steps = tf.cast(tf.range(K), v.dtype)
        gap = steps[None, :] - steps[:, None]
        faded = tf.exp(-gamma * tf.maximum(gap, 0)[:, :, None])
        table = tf.where(gap[:, :, None] >= 0, faded, tf.zeros_like(faded))
        later = tf.einsum("tsi,bti->bsi", table, credit)
        dW += tf.einsum("bsp,bsn->pn", v, d * later)
        since_border = tf.exp(-gamma * (steps[:, None] + 1))
        border = tf.einsum("tn,btn->bn", since_border, credit)
        dW += tf.einsum("bpn,bn->pn", E, border)
        to_end = tf.exp(-gamma * (tf.cast(K, v.dtype) - 1 - steps)[:, None])
        E = E * tf.exp(-gamma * tf.cast(K, v.dtype))
        E += tf.einsum("bsp,bsn->bpn", v, d * to_end)
        return E, dW

    T = tf.shape(v)[1]
    C = tf.minimum(C, T)
    whole = T // C

    def turn(k, E, dW):
        def cut(z):
            return tf.slice(z, [0, k * C, 0], [-1, C, -1])

        return k + 1, *chunk(E, dW, cut(v), cut(d), cut(credit))

    dW = tf.zeros_like(E_0[0])
    _, E, dW = tf.while_loop(lambda k, *_: k < whole, turn, (0, E_0, dW))
    rest = whole * C
    E, dW = chunk(E, dW, v[:, rest:], d[:, rest:], credit[:, rest:])
    return dW, E


# %% single: the border's credit is forgotten: each chunk starts from nothing
def chunked_trace(E_0, v, d, credit, gamma, C):
    def chunk(E, dW, v, d, credit):
        K = tf.shape(v)[1]
        steps = tf.cast(tf.range(K), v.dtype)
        gap = steps[None, :] - steps[:, None]
        faded = tf.exp(-gamma * tf.maximum(gap, 0)[:, :, None])
        table = tf.where(gap[:, :, None] >= 0, faded, tf.zeros_like(faded))
        later = tf.einsum("sti,bti->bsi", table, credit)
        dW += tf.einsum("bsp,bsn->pn", v, d * later)
        since_border = tf.exp(-gamma * (steps[:, None] + 1))
        border = tf.einsum("tn,btn->bn", since_border, credit)
        to_end = tf.exp(-gamma * (tf.cast(K, v.dtype) - 1 - steps)[:, None])
        E = E * tf.exp(-gamma * tf.cast(K, v.dtype))
        E += tf.einsum("bsp,bsn->bpn", v, d * to_end)
        return E, dW

    T = tf.shape(v)[1]
    C = tf.minimum(C, T)
    whole = T // C

    def turn(k, E, dW):
        def cut(z):
            return tf.slice(z, [0, k * C, 0], [-1, C, -1])

        return k + 1, *chunk(E, dW, cut(v), cut(d), cut(credit))

    dW = tf.zeros_like(E_0[0])
    _, E, dW = tf.while_loop(lambda k, *_: k < whole, turn, (0, E_0, dW))
    rest = whole * C
    E, dW = chunk(E, dW, v[:, rest:], d[:, rest:], credit[:, rest:])
    return dW, E


# %% single: d is missing in the gradient
def chunked_trace(E_0, v, d, credit, gamma, C):
    def chunk(E, dW, v, d, credit):
        K = tf.shape(v)[1]
        steps = tf.cast(tf.range(K), v.dtype)
        gap = steps[None, :] - steps[:, None]
        faded = tf.exp(-gamma * tf.maximum(gap, 0)[:, :, None])
        table = tf.where(gap[:, :, None] >= 0, faded, tf.zeros_like(faded))
        later = tf.einsum("sti,bti->bsi", table, credit)
        dW += tf.einsum("bsp,bsn->pn", v, later)
        since_border = tf.exp(-gamma * (steps[:, None] + 1))
        border = tf.einsum("tn,btn->bn", since_border, credit)
        dW += tf.einsum("bpn,bn->pn", E, border)
        to_end = tf.exp(-gamma * (tf.cast(K, v.dtype) - 1 - steps)[:, None])
        E = E * tf.exp(-gamma * tf.cast(K, v.dtype))
        E += tf.einsum("bsp,bsn->bpn", v, d * to_end)
        return E, dW

    T = tf.shape(v)[1]
    C = tf.minimum(C, T)
    whole = T // C

    def turn(k, E, dW):
        def cut(z):
            return tf.slice(z, [0, k * C, 0], [-1, C, -1])

        return k + 1, *chunk(E, dW, cut(v), cut(d), cut(credit))

    dW = tf.zeros_like(E_0[0])
    _, E, dW = tf.while_loop(lambda k, *_: k < whole, turn, (0, E_0, dW))
    rest = whole * C
    E, dW = chunk(E, dW, v[:, rest:], d[:, rest:], credit[:, rest:])
    return dW, E


# %% single: one trace and one border credit for the whole batch
def chunked_trace(E_0, v, d, credit, gamma, C):
    def chunk(E, dW, v, d, credit):
        K = tf.shape(v)[1]
        steps = tf.cast(tf.range(K), v.dtype)
        gap = steps[None, :] - steps[:, None]
        faded = tf.exp(-gamma * tf.maximum(gap, 0)[:, :, None])
        table = tf.where(gap[:, :, None] >= 0, faded, tf.zeros_like(faded))
        later = tf.einsum("sti,bti->bsi", table, credit)
        dW += tf.einsum("bsp,bsn->pn", v, d * later)
        since_border = tf.exp(-gamma * (steps[:, None] + 1))
        border = tf.einsum("tn,btn->bn", since_border, credit)
        dW += tf.einsum("bpn,cn->pn", E, border)
        to_end = tf.exp(-gamma * (tf.cast(K, v.dtype) - 1 - steps)[:, None])
        E = E * tf.exp(-gamma * tf.cast(K, v.dtype))
        E += tf.einsum("bsp,bsn->bpn", v, d * to_end)
        return E, dW

    T = tf.shape(v)[1]
    C = tf.minimum(C, T)
    whole = T // C

    def turn(k, E, dW):
        def cut(z):
            return tf.slice(z, [0, k * C, 0], [-1, C, -1])

        return k + 1, *chunk(E, dW, cut(v), cut(d), cut(credit))

    dW = tf.zeros_like(E_0[0])
    _, E, dW = tf.while_loop(lambda k, *_: k < whole, turn, (0, E_0, dW))
    rest = whole * C
    E, dW = chunk(E, dW, v[:, rest:], d[:, rest:], credit[:, rest:])
    return dW, E


# %% single: a trace is built at each step, in a loop over steps
def chunked_trace(E_0, v, d, credit, gamma, C):
    decay = tf.exp(-gamma)

    def turn(t, E, dW):
        E = E * decay + v[:, t, :, None] * d[:, t, None, :]
        return t + 1, E, dW + tf.einsum("bn,bpn->pn", credit[:, t], E)

    _, E, dW = tf.while_loop(
        lambda t, *_: t < tf.shape(v)[1],
        turn,
        (0, E_0, tf.zeros_like(E_0[0])),
    )
    return dW, E


# %% single: all chunks are written out by Python
def chunked_trace(E_0, v, d, credit, gamma, C):
    def chunk(E, dW, v, d, credit):
        K = tf.shape(v)[1]
        steps = tf.cast(tf.range(K), v.dtype)
        gap = steps[None, :] - steps[:, None]
        faded = tf.exp(-gamma * tf.maximum(gap, 0)[:, :, None])
        table = tf.where(gap[:, :, None] >= 0, faded, tf.zeros_like(faded))
        later = tf.einsum("sti,bti->bsi", table, credit)
        dW += tf.einsum("bsp,bsn->pn", v, d * later)
        since_border = tf.exp(-gamma * (steps[:, None] + 1))
        border = tf.einsum("tn,btn->bn", since_border, credit)
        dW += tf.einsum("bpn,bn->pn", E, border)
        to_end = tf.exp(-gamma * (tf.cast(K, v.dtype) - 1 - steps)[:, None])
        E = E * tf.exp(-gamma * tf.cast(K, v.dtype))
        E += tf.einsum("bsp,bsn->bpn", v, d * to_end)
        return E, dW

    T = v.shape[1]
    C = min(C, T)
    whole = T // C

    def turn(k, E, dW):
        def cut(z):
            return tf.slice(z, [0, k * C, 0], [-1, C, -1])

        return k + 1, *chunk(E, dW, cut(v), cut(d), cut(credit))

    dW = tf.zeros_like(E_0[0])
    k, E = 0, E_0
    while k < whole:
        k, E, dW = turn(k, E, dW)
    rest = whole * C
    E, dW = chunk(E, dW, v[:, rest:], d[:, rest:], credit[:, rest:])
    return dW, E


# %% double: no fading at the border, and a mean over the batch
def chunked_trace(E_0, v, d, credit, gamma, C):
    def chunk(E, dW, v, d, credit):
        K = tf.shape(v)[1]
        steps = tf.cast(tf.range(K), v.dtype)
        gap = steps[None, :] - steps[:, None]
        faded = tf.exp(-gamma * tf.maximum(gap, 0)[:, :, None])
        table = tf.where(gap[:, :, None] >= 0, faded, tf.zeros_like(faded))
        later = tf.einsum("sti,bti->bsi", table, credit)
        dW += tf.einsum("bsp,bsn->pn", v, d * later)
        since_border = tf.exp(-gamma * steps[:, None])
        border = tf.einsum("tn,btn->bn", since_border, credit)
        dW += tf.einsum("bpn,bn->pn", E, border)
        to_end = tf.exp(-gamma * (tf.cast(K, v.dtype) - 1 - steps)[:, None])
        E = E * tf.exp(-gamma * tf.cast(K, v.dtype))
        E += tf.einsum("bsp,bsn->bpn", v, d * to_end)
        return E, dW

    T = tf.shape(v)[1]
    C = tf.minimum(C, T)
    whole = T // C

    def turn(k, E, dW):
        def cut(z):
            return tf.slice(z, [0, k * C, 0], [-1, C, -1])

        return k + 1, *chunk(E, dW, cut(v), cut(d), cut(credit))

    dW = tf.zeros_like(E_0[0])
    _, E, dW = tf.while_loop(lambda k, *_: k < whole, turn, (0, E_0, dW))
    rest = whole * C
    E, dW = chunk(E, dW, v[:, rest:], d[:, rest:], credit[:, rest:])
    return dW / tf.cast(tf.shape(v)[0], dW.dtype), E


# %% right: as the hints say
def chunked_trace(E_0, v, d, credit, gamma, C):
    def chunk(E, dW, v, d, credit):
        K = tf.shape(v)[1]
        steps = tf.cast(tf.range(K), v.dtype)
        gap = steps[None, :] - steps[:, None]
        faded = tf.exp(-gamma * tf.maximum(gap, 0)[:, :, None])
        table = tf.where(gap[:, :, None] >= 0, faded, tf.zeros_like(faded))
        later = tf.einsum("sti,bti->bsi", table, credit)
        dW += tf.einsum("bsp,bsn->pn", v, d * later)
        since_border = tf.exp(-gamma * (steps[:, None] + 1))
        border = tf.einsum("tn,btn->bn", since_border, credit)
        dW += tf.einsum("bpn,bn->pn", E, border)
        to_end = tf.exp(-gamma * (tf.cast(K, v.dtype) - 1 - steps)[:, None])
        E = E * tf.exp(-gamma * tf.cast(K, v.dtype))
        E += tf.einsum("bsp,bsn->bpn", v, d * to_end)
        return E, dW

    T = tf.shape(v)[1]
    C = tf.minimum(C, T)
    whole = T // C

    def turn(k, E, dW):
        def cut(z):
            return tf.slice(z, [0, k * C, 0], [-1, C, -1])

        return k + 1, *chunk(E, dW, cut(v), cut(d), cut(credit))

    dW = tf.zeros_like(E_0[0])
    _, E, dW = tf.while_loop(lambda k, *_: k < whole, turn, (0, E_0, dW))
    rest = whole * C
    E, dW = chunk(E, dW, v[:, rest:], d[:, rest:], credit[:, rest:])
    return dW, E


# %% right: the short chunk comes first; einsum all over
def chunked_trace(E_0, v, d, credit, gamma, C):
    n = E_0.shape[-1]
    T = tf.shape(v)[1]
    first = T % C

    def read(E, dW, begin, end):
        v_c, d_c, c_c = (z[:, begin:end] for z in (v, d, credit))
        length = end - begin
        clock = tf.cast(tf.range(length), gamma.dtype)
        distance = clock[:, None] - clock[None, :]  # [t, s]
        seen = tf.cast(distance >= 0, gamma.dtype)
        left = tf.exp(-tf.einsum("ts,n->tsn", distance * seen, gamma))
        left *= seen[:, :, None]
        blame = tf.einsum("tsn,btn->bsn", left, c_c) * d_c
        dW += tf.einsum("bsp,bsn->pn", v_c, blame)
        came_in = tf.exp(-tf.einsum("t,n->tn", clock + 1.0, gamma))
        dW += tf.einsum("bpn,btn,tn->pn", E, c_c, came_in)
        at_end = tf.exp(-tf.einsum("t,n->tn", clock[::-1], gamma))
        whole = tf.exp(-gamma * tf.cast(length, gamma.dtype))
        E = E * whole + tf.einsum("bsp,bsn->bpn", v_c, d_c * at_end)
        return E, dW

    E, dW = read(E_0, tf.zeros_like(E_0[0]), 0, first)

    def body(begin, E, dW):
        E, dW = read(E, dW, begin, begin + C)
        return begin + C, E, dW

    _, E, dW = tf.while_loop(lambda begin, E, dW: begin < T, body, (first, E, dW))
    return dW, E
