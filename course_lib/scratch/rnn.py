"""The vanilla RNN: one step, a sequence, sequences of different length.

Row vectors, batch first, time second. Source of the recurrence: Elman,
"Finding structure in time", 1990. Float64 in gives float64 out; the arrays of
one call share a dtype, whole numbers apart.
"""

import numpy as np


def rnn_step(x_t, h_prev, W_xh, W_hh, b_h):
    """One step of the vanilla RNN: from input and old state to the new state.

    Args:
        x_t: input of this step, shape (batch, m).
        h_prev: state after the previous step, shape (batch, n).
        W_xh: input-to-hidden weights, shape (m, n).
        W_hh: hidden-to-hidden weights, shape (n, n).
        b_h: bias, shape (n,).

    Returns:
        h_t: the new state, shape (batch, n), every entry between -1 and 1.
    """
    # IMPLEMENT-ME: h_t holds what the network remembers of the sequence up to
    # and including x_t, squashed into its range
    h_t = np.tanh(x_t @ W_xh + h_prev @ W_hh + b_h)
    # END IMPLEMENT-ME
    return h_t


def rnn_forward(x, h_0, W_xh, W_hh, b_h):
    """Run the RNN over sequences and keep what the backward pass will need.

    Args:
        x: inputs, shape (batch, T, m).
        h_0: state before the first step, shape (batch, n).
        W_xh, W_hh, b_h: the weights of `rnn_step`, the same at every step.

    Returns:
        h: the states h_1 … h_T, shape (batch, T, n).
        cache: the tuple (x, h_0, h, W_xh, W_hh), all that BPTT needs.
    """
    batch, T, _ = x.shape
    h = np.zeros(
        (batch, T, W_hh.shape[0]),
        dtype=np.result_type(x, h_0, W_hh, np.float32),
    )
    # IMPLEMENT-ME: h holds the state after every step; each step has started
    # from the state that the step before it left behind
    h_t = h_0
    for t in range(T):
        h_t = rnn_step(x[:, t], h_t, W_xh, W_hh, b_h)
        h[:, t] = h_t
    # END IMPLEMENT-ME
    cache = (x, h_0, h, W_xh, W_hh)
    return h, cache


def masked_rnn_forward(x, mask, h_0, W_xh, W_hh, b_h):
    """Run the RNN over padded sequences of different length.

    At a padded step the state is carried over unchanged and the output is
    zero, so that what stands in the padding can't change any result.

    Args:
        x: padded inputs, shape (batch, T, m).
        mask: shape (batch, T), True where the step is real, False where it is
            padding, which may stand anywhere in a sequence.
        h_0: state before the first step, shape (batch, n).
        W_xh, W_hh, b_h: the weights of `rnn_step`.

    Returns:
        h: the states at real steps, zero at padded ones, shape (batch, T, n).
        h_last: the state after each sequence's last real step, or its h_0
            where it has none, (batch, n).
    """
    batch, T, _ = x.shape
    h = np.zeros(
        (batch, T, W_hh.shape[0]),
        dtype=np.result_type(x, h_0, W_hh, np.float32),
    )
    h_last = h_0
    # IMPLEMENT-ME: whatever is in the padding, h and h_last are as if each
    # sequence had been read alone, and without it
    for t in range(T):
        real = mask[:, t, None]
        h_last = np.where(
            real, rnn_step(x[:, t], h_last, W_xh, W_hh, b_h), h_last
        )
        h[:, t] = np.where(real, h_last, 0.0)
    # END IMPLEMENT-ME
    return h, h_last


def read_digits(images, white, params, size=100):
    """What a trained network says about digits that it reads row by row.

    Args:
        images: grey levels, shape (N, T, m); 0 is black.
        white: the grey level that was 1 in training, where 0 was black too.
        params: the trained weights, a dict with W_xh (m, n), W_hh (n, n),
            b_h (n,), W_hy (n, c) and b_y (c,).
        size: how many digits are read at once; the last ones may be fewer.

    Returns:
        Logits, shape (N, c), in the order of the images. The logits of a
        digit depend on this digit alone.
    """
    logits = []
    for start in range(0, len(images), size):
        x = images[start : start + size] / white
        h, _ = rnn_forward(
            x,
            np.zeros((len(x), params["W_hh"].shape[0])),
            params["W_xh"],
            params["W_hh"],
            params["b_h"],
        )
        logits.append(h[:, -1] @ params["W_hy"] + params["b_y"])
    return np.concatenate(logits)


def init_params(
    m, n, c, seed=0, recurrent="orthogonal", radius=1.0, dtype=np.float64
):
    """Weights for a vanilla RNN with a linear readout.

    Args:
        m, n, c: numbers of inputs, units and classes.
        seed: seed of the generator; the same seed gives the same weights
            everywhere.
        recurrent: how W_hh starts: "orthogonal" (Saxe et al., 2014),
            "identity" (Le et al., 2015) or "gaussian". Each is scaled so that
            its spectral radius is `radius`.
        radius: the largest absolute eigenvalue of W_hh.
        dtype: floating type of every array.

    Returns:
        A dict with W_xh (m, n), W_hh (n, n), b_h (n,), W_hy (n, c), b_y (c,).

    Raises:
        ValueError: if `recurrent` is none of the three.
    """
    rng = np.random.default_rng(seed)
    W_xh = rng.normal(size=(m, n)) / np.sqrt(m)
    if recurrent == "orthogonal":
        q, r = np.linalg.qr(rng.normal(size=(n, n)))
        W_hh = q * np.sign(np.diag(r))
    elif recurrent == "identity":
        W_hh = np.eye(n)
    elif recurrent == "gaussian":
        W_hh = rng.normal(size=(n, n))
        W_hh /= np.abs(np.linalg.eigvals(W_hh)).max()
    else:
        raise ValueError(
            f"recurrent is {recurrent!r}; choose 'orthogonal', 'identity' or "
            "'gaussian'."
        )
    params = {
        "W_xh": W_xh,
        "W_hh": radius * W_hh,
        "b_h": np.zeros(n),
        "W_hy": rng.normal(size=(n, c)) / np.sqrt(n),
        "b_y": np.zeros(c),
    }
    return {name: array.astype(dtype) for name, array in params.items()}
