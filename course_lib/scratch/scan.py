"""The scan: a recurrence that is linear in its state, in log T rounds.

h_t = a_t h_{t-1} + b_t, entry by entry. Two such steps, one after the other,
are again a step of this kind, so spans of steps can be joined in any grouping.
Source: Blelloch, "Prefix sums and their applications", 1990; the rounds here
are those of Hillis and Steele, "Data parallel algorithms", 1986.

Real or complex. The gradient of a complex number z is ∂L/∂Re z + i ∂L/∂Im z,
as TensorFlow has it: a factor f on the way forward is conj(f) on the way back.
"""

import numpy as np


def scan_loop(a, b, h_0):
    """The recurrence as it stands, one step after the other.

    Args:
        a: what is kept of the state at each step, shape (batch, T, n).
        b: what is added at each step, shape (batch, T, n).
        h_0: state before the first step, shape (batch, n).

    Returns:
        h: states h_1 … h_T, shape (batch, T, n).
    """
    h = np.zeros(b.shape, dtype=np.result_type(a, b, h_0))
    h_t = h_0
    for t in range(b.shape[1]):
        h_t = a[:, t] * h_t + b[:, t]
        h[:, t] = h_t
    return h


def combine(first, second):
    """Two neighbouring spans of steps as one span.

    A span is a pair (a, b): it takes the state h before its first step to
    a h + b after its last one, entry by entry.

    Args:
        first: the earlier span, two arrays of one shape.
        second: the span that follows it, two arrays of that shape.

    Returns:
        a, b: the span that does what the two do, one after the other.
    """
    # IMPLEMENT-ME: whatever the state before the earlier span, the joint span
    # leaves the state that the later one would leave
    a = first[0] * second[0]
    b = second[0] * first[1] + second[1]
    # END IMPLEMENT-ME
    return a, b


def scan(a, b, h_0, join=combine):
    """All states of h_t = a_t h_{t-1} + b_t, in log T rounds.

    Any of a, b and h_0 may be complex, and then h is too.

    Args:
        a, b: shape (batch, T, n); T is 1 or more.
        h_0: state before the first step, shape (batch, n).
        join: joins two spans, like `combine`; works on arrays of any shape.
            It is called at most 2 log2(T) times, rounded up.

    Returns:
        h: states h_1 … h_T, shape (batch, T, n).
    """
    # IMPLEMENT-ME: h holds every state, and join was called no more often than
    # promised above
    dtype = np.result_type(a, b, h_0)
    A, B = a.astype(dtype), b.astype(dtype)
    B[:, 0] += a[:, 0] * h_0
    reach = 1
    while reach < b.shape[1]:
        earlier = A[:, :-reach], B[:, :-reach]
        later = A[:, reach:], B[:, reach:]
        A[:, reach:], B[:, reach:] = join(earlier, later)
        reach *= 2
    h = B
    # END IMPLEMENT-ME
    return h


def scan_backward(dh, a, h, h_0):
    """The gradient of a scan: another scan, which runs from the end.

    Args:
        dh: shape (batch, T, n); dh[:, t] is the gradient that reaches h_t from
            its own step, not through later states.
        a: what was kept at each step, shape (batch, T, n).
        h: states of the scan, shape (batch, T, n).
        h_0: state before the first step, shape (batch, n).

    Returns:
        da, db (batch, T, n) and dh_0 (batch, n): the gradients of a, b, h_0;
        of complex numbers, ∂L/∂Re + i ∂L/∂Im.
    """
    # IMPLEMENT-ME: each result says how the loss changes with what it is named
    # after, at this step and through all later ones
    a_next = np.concatenate([a[:, 1:], np.zeros_like(a[:, :1])], axis=1)
    nothing = np.zeros_like(dh[:, 0])
    backwards = scan(np.conj(a_next[:, ::-1]), dh[:, ::-1], nothing)
    db = backwards[:, ::-1]
    h_prev = np.concatenate([h_0[:, None], h[:, :-1]], axis=1)
    da = db * np.conj(h_prev)
    dh_0 = np.conj(a[:, 0]) * db[:, 0]
    # END IMPLEMENT-ME
    return da, db, dh_0
