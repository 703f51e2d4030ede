"""Answers to `scan_backward`, written from its notebook alone; each cell is one."""

import numpy as np


def combine(first, second):
    a_1, b_1 = first
    a_2, b_2 = second
    a = a_1 * a_2
    b = a_2 * b_1 + b_2
    return a, b


def scan(a, b, h_0, join=combine):
    kind = np.result_type(a, b, h_0)
    A, B = np.array(a, dtype=kind), np.array(b, dtype=kind)
    B[:, 0] += A[:, 0] * h_0
    T = A.shape[1]
    reach = 1
    while reach < T:
        A[:, reach:], B[:, reach:] = join(
            (A[:, :-reach], B[:, :-reach]), (A[:, reach:], B[:, reach:])
        )
        reach *= 2
    h = B
    return h


# %% single: the factor of the own step on the way back
def scan_backward(dh, a, h, h_0):
    factors = a.conj()
    db = scan(factors[:, ::-1], dh[:, ::-1], np.zeros_like(dh[:, 0]))[:, ::-1]
    before = np.concatenate([h_0[:, None], h[:, :-1]], axis=1)
    da = db * before.conj()
    dh_0 = a[:, 0].conj() * db[:, 0]
    return da, db, dh_0


# %% single: no conjugate at all
def scan_backward(dh, a, h, h_0):
    factors = np.concatenate([a[:, 1:], np.zeros_like(a[:, :1])], axis=1)
    db = scan(factors[:, ::-1], dh[:, ::-1], np.zeros_like(dh[:, 0]))[:, ::-1]
    before = np.concatenate([h_0[:, None], h[:, :-1]], axis=1)
    da = db * before
    dh_0 = a[:, 0] * db[:, 0]
    return da, db, dh_0


# %% single: no conjugate on the factors
def scan_backward(dh, a, h, h_0):
    factors = np.concatenate([a[:, 1:], np.zeros_like(a[:, :1])], axis=1)
    db = scan(factors[:, ::-1], dh[:, ::-1], np.zeros_like(dh[:, 0]))[:, ::-1]
    before = np.concatenate([h_0[:, None], h[:, :-1]], axis=1)
    da = db * before.conj()
    dh_0 = a[:, 0].conj() * db[:, 0]
    return da, db, dh_0


# %% single: no conjugate on the states
def scan_backward(dh, a, h, h_0):
    factors = np.concatenate([a[:, 1:], np.zeros_like(a[:, :1])], axis=1).conj()
    db = scan(factors[:, ::-1], dh[:, ::-1], np.zeros_like(dh[:, 0]))[:, ::-1]
    before = np.concatenate([h_0[:, None], h[:, :-1]], axis=1)
    da = db * before
    dh_0 = a[:, 0].conj() * db[:, 0]
    return da, db, dh_0


# %% single: the states after the step in da
def scan_backward(dh, a, h, h_0):
    factors = np.concatenate([a[:, 1:], np.zeros_like(a[:, :1])], axis=1).conj()
    db = scan(factors[:, ::-1], dh[:, ::-1], np.zeros_like(dh[:, 0]))[:, ::-1]
    before = h
    da = db * before.conj()
    dh_0 = a[:, 0].conj() * db[:, 0]
    return da, db, dh_0


# %% single: no factor for the first state
def scan_backward(dh, a, h, h_0):
    factors = np.concatenate([a[:, 1:], np.zeros_like(a[:, :1])], axis=1).conj()
    db = scan(factors[:, ::-1], dh[:, ::-1], np.zeros_like(dh[:, 0]))[:, ::-1]
    before = np.concatenate([h_0[:, None], h[:, :-1]], axis=1)
    da = db * before.conj()
    dh_0 = db[:, 0]
    return da, db, dh_0


# %% single: da from dh, not from all that comes back
def scan_backward(dh, a, h, h_0):
    factors = np.concatenate([a[:, 1:], np.zeros_like(a[:, :1])], axis=1).conj()
    db = scan(factors[:, ::-1], dh[:, ::-1], np.zeros_like(dh[:, 0]))[:, ::-1]
    before = np.concatenate([h_0[:, None], h[:, :-1]], axis=1)
    da = dh * before.conj()
    dh_0 = a[:, 0].conj() * db[:, 0]
    return da, db, dh_0


# %% single: scanned forward
def scan_backward(dh, a, h, h_0):
    factors = np.concatenate([a[:, 1:], np.zeros_like(a[:, :1])], axis=1).conj()
    db = scan(factors, dh, np.zeros_like(dh[:, 0]))
    before = np.concatenate([h_0[:, None], h[:, :-1]], axis=1)
    da = db * before.conj()
    dh_0 = a[:, 0].conj() * db[:, 0]
    return da, db, dh_0


# %% single: not turned back after the scan
def scan_backward(dh, a, h, h_0):
    factors = np.concatenate([a[:, 1:], np.zeros_like(a[:, :1])], axis=1).conj()
    db = scan(factors[:, ::-1], dh[:, ::-1], np.zeros_like(dh[:, 0]))
    before = np.concatenate([h_0[:, None], h[:, :-1]], axis=1)
    da = db * before.conj()
    dh_0 = a[:, 0].conj() * db[:, 0]
    return da, db, dh_0


# %% single: zeros for the state before the first step
def scan_backward(dh, a, h, h_0):
    factors = np.concatenate([a[:, 1:], np.zeros_like(a[:, :1])], axis=1).conj()
    db = scan(factors[:, ::-1], dh[:, ::-1], np.zeros_like(dh[:, 0]))[:, ::-1]
    before = np.concatenate([np.zeros_like(h[:, :1]), h[:, :-1]], axis=1)
    da = db * before.conj()
    dh_0 = a[:, 0].conj() * db[:, 0]
    return da, db, dh_0


# %% single: the zero stands in front
def scan_backward(dh, a, h, h_0):
    factors = np.concatenate([np.zeros_like(a[:, :1]), a[:, :-1]], axis=1).conj()
    db = scan(factors[:, ::-1], dh[:, ::-1], np.zeros_like(dh[:, 0]))[:, ::-1]
    before = np.concatenate([h_0[:, None], h[:, :-1]], axis=1)
    da = db * before.conj()
    dh_0 = a[:, 0].conj() * db[:, 0]
    return da, db, dh_0


# %% single: no conjugate for the first state only
def scan_backward(dh, a, h, h_0):
    factors = np.concatenate([a[:, 1:], np.zeros_like(a[:, :1])], axis=1).conj()
    db = scan(factors[:, ::-1], dh[:, ::-1], np.zeros_like(dh[:, 0]))[:, ::-1]
    before = np.concatenate([h_0[:, None], h[:, :-1]], axis=1)
    da = db * before.conj()
    dh_0 = a[:, 0] * db[:, 0]
    return da, db, dh_0


# %% single: the scan starts from the last gradient
def scan_backward(dh, a, h, h_0):
    factors = np.concatenate([a[:, 1:], a[:, :1]], axis=1).conj()
    db = scan(factors[:, ::-1], dh[:, ::-1], dh[:, -1])[:, ::-1]
    before = np.concatenate([h_0[:, None], h[:, :-1]], axis=1)
    da = db * before.conj()
    dh_0 = a[:, 0].conj() * db[:, 0]
    return da, db, dh_0


# %% double: no conjugate, and the states after the step in da
def scan_backward(dh, a, h, h_0):
    factors = np.concatenate([a[:, 1:], np.zeros_like(a[:, :1])], axis=1)
    db = scan(factors[:, ::-1], dh[:, ::-1], np.zeros_like(dh[:, 0]))[:, ::-1]
    before = h
    da = db * before
    dh_0 = a[:, 0] * db[:, 0]
    return da, db, dh_0


# %% right: a loop from the end
def scan_backward(dh, a, h, h_0):
    T = a.shape[1]
    db = np.zeros(dh.shape, np.result_type(dh, a))
    back = np.zeros_like(db[:, 0])
    for t in reversed(range(T)):
        db[:, t] = dh[:, t] + back
        back = np.conj(a[:, t]) * db[:, t]
    da = np.empty(db.shape, np.result_type(db, h, h_0))
    da[:, 0] = db[:, 0] * np.conj(h_0)
    da[:, 1:] = db[:, 1:] * np.conj(h[:, :-1])
    return da, db, back


# %% right: the first state as one more step
def scan_backward(dh, a, h, h_0):
    longer = np.concatenate([np.zeros_like(dh[:, :1]), dh], axis=1)
    f = np.concatenate([a, 0 * a[:, -1:]], axis=1).conj()
    G = np.flip(scan(np.flip(f, 1), np.flip(longer, 1), np.zeros_like(longer[:, 0])), 1)
    states = np.concatenate([h_0[:, None], h], axis=1)
    return G[:, 1:] * states[:, :-1].conj(), G[:, 1:], G[:, 0]
