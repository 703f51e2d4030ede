"""Answers to `scan`, written from its notebook alone; each cell is one."""

import numpy as np


def combine(first, second):
    a_1, b_1 = first
    a_2, b_2 = second
    a = a_1 * a_2
    b = a_2 * b_1 + b_2
    return a, b


# %% single: the spans are joined in the wrong order
def scan(a, b, h_0, join=combine):
    kind = np.result_type(a, b, h_0)
    A, B = np.array(a, dtype=kind), np.array(b, dtype=kind)
    B[:, 0] += A[:, 0] * h_0
    T = A.shape[1]
    reach = 1
    while reach < T:
        A[:, reach:], B[:, reach:] = join(
            (A[:, reach:], B[:, reach:]), (A[:, :-reach], B[:, :-reach])
        )
        reach *= 2
    h = B
    return h


# %% single: h_0 is added without its factor
def scan(a, b, h_0, join=combine):
    kind = np.result_type(a, b, h_0)
    A, B = np.array(a, dtype=kind), np.array(b, dtype=kind)
    B[:, 0] += h_0
    T = A.shape[1]
    reach = 1
    while reach < T:
        A[:, reach:], B[:, reach:] = join(
            (A[:, :-reach], B[:, :-reach]), (A[:, reach:], B[:, reach:])
        )
        reach *= 2
    h = B
    return h


# %% single: h_0 is ignored
def scan(a, b, h_0, join=combine):
    kind = np.result_type(a, b, h_0)
    A, B = np.array(a, dtype=kind), np.array(b, dtype=kind)
    T = A.shape[1]
    reach = 1
    while reach < T:
        A[:, reach:], B[:, reach:] = join(
            (A[:, :-reach], B[:, :-reach]), (A[:, reach:], B[:, reach:])
        )
        reach *= 2
    h = B
    return h


# %% single: h_0 is added to every step
def scan(a, b, h_0, join=combine):
    kind = np.result_type(a, b, h_0)
    A, B = np.array(a, dtype=kind), np.array(b, dtype=kind)
    B += A * h_0[:, None]
    T = A.shape[1]
    reach = 1
    while reach < T:
        A[:, reach:], B[:, reach:] = join(
            (A[:, :-reach], B[:, :-reach]), (A[:, reach:], B[:, reach:])
        )
        reach *= 2
    h = B
    return h


# %% single: one round too few
def scan(a, b, h_0, join=combine):
    kind = np.result_type(a, b, h_0)
    A, B = np.array(a, dtype=kind), np.array(b, dtype=kind)
    B[:, 0] += A[:, 0] * h_0
    T = A.shape[1]
    reach = 1
    while 2 * reach < T:
        A[:, reach:], B[:, reach:] = join(
            (A[:, :-reach], B[:, :-reach]), (A[:, reach:], B[:, reach:])
        )
        reach *= 2
    h = B
    return h


# %% single: the reach grows by one
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
        reach += 1
    h = B
    return h


# %% single: a loop with a join at every step
def scan(a, b, h_0, join=combine):
    span = (np.ones_like(a[:, 0]), h_0)
    h = []
    for t in range(a.shape[1]):
        span = join(span, (a[:, t], b[:, t]))
        h.append(span[1])
    return np.stack(h, axis=1)


# %% single: the caller's arrays are overwritten
def scan(a, b, h_0, join=combine):
    kind = np.result_type(a, b, h_0)
    A, B = np.asarray(a, dtype=kind), np.asarray(b, dtype=kind)
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


# %% single: the imaginary part of h_0 is lost
def scan(a, b, h_0, join=combine):
    A, B = a.copy(), b.copy()
    B[:, 0] = B[:, 0] + A[:, 0] * h_0
    T = A.shape[1]
    reach = 1
    while reach < T:
        A[:, reach:], B[:, reach:] = join(
            (A[:, :-reach], B[:, :-reach]), (A[:, reach:], B[:, reach:])
        )
        reach *= 2
    h = B
    return h


# %% single: only the b are written back
def scan(a, b, h_0, join=combine):
    kind = np.result_type(a, b, h_0)
    A, B = np.array(a, dtype=kind), np.array(b, dtype=kind)
    B[:, 0] += A[:, 0] * h_0
    T = A.shape[1]
    reach = 1
    while reach < T:
        _, B[:, reach:] = join((A[:, :-reach], B[:, :-reach]), (A[:, reach:], B[:, reach:]))
        reach *= 2
    h = B
    return h


# %% single: combine in place of the join that was given
def scan(a, b, h_0, join=combine):
    kind = np.result_type(a, b, h_0)
    A, B = np.array(a, dtype=kind), np.array(b, dtype=kind)
    B[:, 0] += A[:, 0] * h_0
    T = A.shape[1]
    reach = 1
    while reach < T:
        A[:, reach:], B[:, reach:] = combine(
            (A[:, :-reach], B[:, :-reach]), (A[:, reach:], B[:, reach:])
        )
        reach *= 2
    h = B
    return h


# %% single: a loop without join at all
def scan(a, b, h_0, join=combine):
    h, state = [], h_0
    for t in range(a.shape[1]):
        state = a[:, t] * state + b[:, t]
        h.append(state)
    return np.stack(h, axis=1)


# %% single: by cumulative products, which vanish
def scan(a, b, h_0, join=combine):
    P = np.cumprod(a, axis=1)
    return P * (h_0[:, None] + np.cumsum(b / P, axis=1))


# %% single: neighbours are joined along the batch
def scan(a, b, h_0, join=combine):
    kind = np.result_type(a, b, h_0)
    A, B = np.array(a, dtype=kind), np.array(b, dtype=kind)
    B[:, 0] += A[:, 0] * h_0
    T = A.shape[1]
    reach = 1
    while reach < T:
        A[:, reach:], B[:, reach:] = join(
            (np.roll(A, reach, axis=0)[:, :-reach], np.roll(B, reach, axis=0)[:, :-reach]),
            (A[:, reach:], B[:, reach:]),
        )
        reach *= 2
    h = B
    return h


# %% double: h_0 without its factor, and one round too few
def scan(a, b, h_0, join=combine):
    kind = np.result_type(a, b, h_0)
    A, B = np.array(a, dtype=kind), np.array(b, dtype=kind)
    B[:, 0] += h_0
    T = A.shape[1]
    reach = 1
    while 2 * reach < T:
        A[:, reach:], B[:, reach:] = join(
            (A[:, :-reach], B[:, :-reach]), (A[:, reach:], B[:, reach:])
        )
        reach *= 2
    h = B
    return h


# %% right: recursion: halves of even length
def scan(a, b, h_0, join=combine):
    def spans(A, B):
        T = A.shape[1]
        if T == 1:
            return A, B
        even = T - T % 2
        pair = join((A[:, 0:even:2], B[:, 0:even:2]), (A[:, 1:even:2], B[:, 1:even:2]))
        odd = spans(*pair)
        out = [np.empty(A.shape, np.result_type(A, B)), np.empty(A.shape, np.result_type(A, B))]
        for whole, one, two in zip(out, (A, B), odd):
            whole[:, 0] = one[:, 0]
            whole[:, 1::2] = two
        if T > 2:
            later = A[:, 2::2].shape[1]
            rest = join((odd[0][:, :later], odd[1][:, :later]), (A[:, 2::2], B[:, 2::2]))
            out[0][:, 2::2], out[1][:, 2::2] = rest
        return out

    A, B = spans(a, b)
    return A * h_0[:, None] + B


# %% right: new arrays in each round, h_0 at the end
def scan(a, b, h_0, join=combine):
    span, reach = (a, b), 1
    while reach < a.shape[1]:
        early = tuple(one[:, :-reach] for one in span)
        late = tuple(one[:, reach:] for one in span)
        done = tuple(one[:, :reach] for one in span)
        span = tuple(np.concatenate(two, axis=1) for two in zip(done, join(early, late)))
        reach = reach << 1
    return span[0] * h_0[:, np.newaxis] + span[1]
