"""Gated cells: a gate, a step of the GRU, a step of the LSTM and back.

Row vectors, batch first. Float64 in gives float64 out. Sources: Hochreiter and
Schmidhuber, "Long short-term memory", 1997; the forget gate is that of Gers,
Schmidhuber and Cummins, "Learning to forget", 2000; the GRU is that of Cho et
al., "Learning phrase representations using RNN encoder-decoder", 2014.

The weights stand in a dict `params`. The last letter of a key says what they
compute:

    GRU    r reset gate, z update gate, h candidate
    LSTM   i input gate, f forget gate, o output gate, c candidate

For each letter g there are W_xg (m, n), W_hg (n, n) and b_g (n,).
"""

import numpy as np


def sigmoid(a):
    """1 / (1 + exp(-a)), entry by entry, for an array of any shape.

    Written with tanh, which never overflows: exp(-a) would, at a = -1000.
    """
    return 0.5 * (1 + np.tanh(0.5 * a))


def gate(x_t, h_prev, W_x, W_h, b):
    """A gate: one logistic regression for each unit.

    Args:
        x_t: input of this step, shape (batch, m).
        h_prev: state after the previous step, shape (batch, n).
        W_x: weights of the input, shape (m, n).
        W_h: weights of the state, shape (n, n).
        b: bias, shape (n,).

    Returns:
        How far the gate is open for each unit, shape (batch, n): 0 is shut,
        1 is open.
    """
    return sigmoid(x_t @ W_x + h_prev @ W_h + b)


def forget_bias_for(steps, left=0.5):
    """The bias with which a gate keeps a share of a memory over some steps.

    While nothing but its bias reaches a forget gate, it multiplies the memory
    by the same number at every step. Source: Tallec and Ollivier, "Can
    recurrent neural networks warp time?", 2018.

    Args:
        steps: number of steps, above 0, a number or an array; up to 1e15.
        left: the share of the memory that is left after them, between 0 and 1.

    Returns:
        bias: a number, or an array like `steps`.

    Raises:
        ValueError: `left` is not between 0 and 1, or `steps` not above 0.
    """
    if not 0 < left < 1 or np.any(steps <= 0):
        raise ValueError("left lies between 0 and 1, and steps above 0.")
    # IMPLEMENT-ME: a gate that sees nothing but this keeps the given share for
    # that many steps; it is right to the last digits even for long times
    bias = -np.log(np.expm1(-np.log(left) / steps))
    # END IMPLEMENT-ME
    return bias


def gru_step(x_t, h_prev, params):
    """One step of the GRU: a mixture of the old state and a candidate.

    The reset gate says how much of the old state the candidate sees. The
    update gate says how much of the old state is kept: where z is 1, h_t is
    h_prev. The reset is applied before the product with W_hh; cuDNN applies it
    after, which is another model (`GRUCell` has both).

    Args:
        x_t: input of this step, shape (batch, m).
        h_prev: state after the previous step, shape (batch, n).
        params: dict with W_xr, W_xz, W_xh (m, n), W_hr, W_hz, W_hh (n, n) and
            b_r, b_z, b_h (n,).

    Returns:
        h_t: the new state, shape (batch, n).
    """
    # IMPLEMENT-ME: the new state; the two gates decide how much of the old one
    # it keeps, and how much of the old one its new part sees
    r = gate(x_t, h_prev, params["W_xr"], params["W_hr"], params["b_r"])
    z = gate(x_t, h_prev, params["W_xz"], params["W_hz"], params["b_z"])
    candidate = np.tanh(
        x_t @ params["W_xh"] + (r * h_prev) @ params["W_hh"] + params["b_h"]
    )
    h_t = z * h_prev + (1 - z) * candidate
    # END IMPLEMENT-ME
    return h_t


def lstm_step(x_t, h_prev, c_prev, params):
    """One step of the LSTM: a memory that is added to, and a view of it.

    The forget gate says how much of the memory is kept: where f is 1 all of
    it, where f is 0 nothing. The input gate says how much of the candidate is
    added, the output gate how much of the memory is shown as h_t.

    Args:
        x_t: input of this step, shape (batch, m).
        h_prev: state after the previous step, shape (batch, n).
        c_prev: memory after the previous step, shape (batch, n).
        params: dict with W_xi, W_xf, W_xo, W_xc (m, n), W_hi, W_hf, W_ho, W_hc
            (n, n) and b_i, b_f, b_o, b_c (n,). Add nothing to b_f, which
            `init_lstm_params` starts at one.

    Returns:
        h_t: the new state, shape (batch, n).
        c_t: the new memory, shape (batch, n).
        cache: dict with x_t, h_prev, c_prev, the gates i, f, o, the candidate
            and c_t: what the step back needs, and what a plot of the gates
            shows.
    """
    # IMPLEMENT-ME: the new memory and the new state, and everything else that
    # the cache below keeps, under the names used there
    i = gate(x_t, h_prev, params["W_xi"], params["W_hi"], params["b_i"])
    f = gate(x_t, h_prev, params["W_xf"], params["W_hf"], params["b_f"])
    o = gate(x_t, h_prev, params["W_xo"], params["W_ho"], params["b_o"])
    candidate = np.tanh(
        x_t @ params["W_xc"] + h_prev @ params["W_hc"] + params["b_c"]
    )
    c_t = f * c_prev + i * candidate
    h_t = o * np.tanh(c_t)
    # END IMPLEMENT-ME
    cache = {
        "x_t": x_t,
        "h_prev": h_prev,
        "c_prev": c_prev,
        "i": i,
        "f": f,
        "o": o,
        "candidate": candidate,
        "c_t": c_t,
    }
    return h_t, c_t, cache


def lstm_step_backward(dh_t, dc_t, cache, params):
    """One step back through `lstm_step`.

    Args:
        dh_t: gradient of the loss with respect to h_t, shape (batch, n).
        dc_t: gradient that reaches c_t from the next step's memory, shape
            (batch, n); what comes through h_t is not in it.
        cache: the dict that `lstm_step` returned.
        params: the weights of the step.

    Returns:
        dx_t (batch, m), dh_prev (batch, n), dc_prev (batch, n), and grads, a
        dict with the keys and shapes of `params`.
    """
    i, f, o = cache["i"], cache["f"], cache["o"]
    candidate = cache["candidate"]
    tanh_c = np.tanh(cache["c_t"])
    # IMPLEMENT-ME: what the lines below still need: in da, for each letter,
    # the gradient at the sum that is squashed there; and what arrives at the
    # memory of the step before
    dc = dc_t + dh_t * o * (1 - tanh_c**2)
    da = {
        "i": dc * candidate * i * (1 - i),
        "f": dc * cache["c_prev"] * f * (1 - f),
        "o": dh_t * tanh_c * o * (1 - o),
        "c": dc * i * (1 - candidate**2),
    }
    dc_prev = dc * f
    # END IMPLEMENT-ME
    dx_t = sum(da[g] @ params[f"W_x{g}"].T for g in "ifoc")
    dh_prev = sum(da[g] @ params[f"W_h{g}"].T for g in "ifoc")
    grads = {}
    for g in "ifoc":
        grads[f"W_x{g}"] = cache["x_t"].T @ da[g]
        grads[f"W_h{g}"] = cache["h_prev"].T @ da[g]
        grads[f"b_{g}"] = da[g].sum(axis=0)
    return dx_t, dh_prev, dc_prev, grads


def init_gru_params(m, n, seed=0, dtype=np.float64):
    """Weights for `gru_step`.

    Args:
        m, n: numbers of inputs and units.
        seed: seed of the generator; the same seed gives the same weights
            everywhere.
        dtype: floating type of every array.

    Returns:
        A dict with W_xg (m, n), W_hg (n, n), orthogonal, and b_g (n,), zero,
        for g in r, z and h.
    """
    return _init("rzh", m, n, seed, dtype)


def init_lstm_params(m, n, seed=0, forget_bias=1.0, dtype=np.float64):
    """Weights for `lstm_step`.

    Args:
        m, n: numbers of inputs and units.
        seed: seed of the generator, or a generator, which goes on from where
            it is.
        forget_bias: every entry of b_f. One keeps the forget gates open at the
            start, so that the memory, and its gradient, last (Gers et al.,
            2000; Jozefowicz et al., 2015).
        dtype: floating type of every array.

    Returns:
        A dict with W_xg (m, n), W_hg (n, n), orthogonal, and b_g (n,), zero
        but for b_f, for g in i, f, o and c.
    """
    params = _init("ifoc", m, n, seed, dtype)
    params["b_f"] += forget_bias
    return params


def chrono_biases(n, span, seed=0):
    """Initial biases that give the units of an LSTM memories of many lengths.

    While nothing but its bias reaches it, a forget gate of log u keeps the
    share u / (1 + u) of the memory at each step: a memory of 1 + u steps. With
    u uniform between 1 and span - 1, the units' memories reach from two steps
    to the span. The input gate takes up what the forget gate lets go, so its
    bias is the negative. Source: Tallec and Ollivier, 2018.

    Args:
        n: number of units.
        span: steps of the longest memory that the task asks for, above 2.
        seed: seed of the generator, or a generator, which goes on from where
            it is.

    Returns:
        b_i: initial bias of the input gates, shape (n,).
        b_f: that of the forget gates, shape (n,).

    Raises:
        ValueError: `span` is not above 2.
    """
    if not span > 2:
        raise ValueError(f"span is {span}; memories reach from 2 steps to it.")
    b_f = np.log(np.random.default_rng(seed).uniform(1, span - 1, n))
    return -b_f, b_f


def _init(letters, m, n, seed, dtype):
    rng = np.random.default_rng(seed)
    params = {}
    for g in letters:
        q, r = np.linalg.qr(rng.normal(size=(n, n)))
        params[f"W_x{g}"] = rng.normal(size=(m, n)) / np.sqrt(m)
        params[f"W_h{g}"] = q * np.sign(np.diag(r))
        params[f"b_{g}"] = np.zeros(n)
    return {name: array.astype(dtype) for name, array in params.items()}
