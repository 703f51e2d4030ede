"""A stack of LSTM layers that reads a sequence and gives logits for its class.

Row vectors, batch first, time second. Float64 in gives float64 out. The four
functions are what a stack is made of; three of them mend a bug of an old
notebook: one cell for all layers and dropout that never ends (the practical of
2017), and outputs put side by side instead of one after the other (a notebook
of 2018).
"""

import numpy as np

from course_lib.scratch.gated import init_lstm_params, lstm_step


def fresh_cells(m, n, layers, seed=0):
    """First weights of a stack of LSTM layers, each layer with its own.

    The first layer reads the inputs, each later one the states of the layer
    below it.

    Args:
        m: number of inputs.
        n: number of units of every layer.
        layers: how many layers.
        seed: seed of the generator; the same seed gives the same weights
            everywhere.

    Returns:
        A list with one dict of weights a layer, as `init_lstm_params` makes
        them.
    """
    rng = np.random.default_rng(seed)
    return [
        init_lstm_params(m if layer == 0 else n, n, rng)
        for layer in range(layers)
    ]


def collect_outputs(x, params):
    """Run one LSTM layer over sequences and collect its state at every step.

    State and memory are zero before the first step.

    Args:
        x: inputs, shape (batch, T, m).
        params: the layer's weights, a dict as for `lstm_step`.

    Returns:
        h: the states h_1 … h_T, shape (batch, T, n): what the layer above
            reads.
    """
    batch, T, _ = x.shape
    n = params["W_hc"].shape[0]
    h_t = c_t = np.zeros((batch, n), dtype=params["W_hc"].dtype)
    outputs = []
    for t in range(T):
        h_t, c_t, _ = lstm_step(x[:, t], h_t, c_t, params)
        outputs.append(h_t)
    return np.stack(outputs, axis=1)


def dropout_between_layers(h, rate, training, rng):
    """Dropout on the way from one layer to the next.

    In training each entry is dropped, that is, set to zero, with probability
    `rate`, on its own; what is kept is divided by 1 - rate, so that the mean
    stays what it was. At evaluation nothing happens. Source: Srivastava et
    al., 2014; between layers only, not over time: Zaremba et al., 2014.

    Args:
        h: states of the layer below, shape (batch, T, n).
        rate: probability to drop an entry, from 0 to below 1.
        training: True in training, False at evaluation.
        rng: a generator, as `np.random.default_rng(seed)` gives it; at
            evaluation it may be None.

    Returns:
        What the layer above reads, shape (batch, T, n).
    """
    if not training:
        return h
    kept = rng.random(h.shape) >= rate
    return np.where(kept, h / (1 - rate), 0.0)


def stacked_forward(x, layers, readout, rate=0.0, training=False, rng=None):
    """Read sequences with a stack of LSTM layers; give logits of their class.

    Args:
        x: inputs, shape (batch, T, m).
        layers: list of the layers' weights, the lowest layer first, each a
            dict as for `lstm_step`.
        readout: dict with W_hy (n, c) and b_y (c,), n units in the top layer.
        rate: rate of the dropout between two layers.
        training: whether the dropout acts.
        rng: generator of the dropout; without training it may be None.

    Returns:
        logits: from the top layer's last state, shape (batch, c).
    """
    # IMPLEMENT-ME: the logits; each layer has read what the one below it put
    # out, with some of it missing in training
    h = collect_outputs(x, layers[0])
    for params in layers[1:]:
        h = dropout_between_layers(h, rate, training, rng)
        h = collect_outputs(h, params)
    logits = h[:, -1] @ readout["W_hy"] + readout["b_y"]
    # END IMPLEMENT-ME
    return logits
