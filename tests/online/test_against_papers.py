"""Every rule, with random cells, sizes, masks, losses and pieces, against the papers' equations.

The other side is NumPy alone: one sequence and one step at a time, a cell as its formula stands,
and all derivatives of a step by complex steps (Squire and Trapp, 1998), exact to rounding. The
influence of every weight on every unit is there in full, and each rule is what it leaves of that.
"""

import keras
import numpy as np
import pytest
import tensorflow as tf

from course_lib.layers import GRUCell, LSTMCell, LSTMVariantCell, VanillaRNNCell
from course_lib.layers.gradnets import GradualRNNCell
from course_lib.online import (
    OTHER_RULES,
    RULES,
    LeakyRNNCell,
    OnlineRNN,
    SparseRNNCell,
    TurningRNNCell,
)
from course_lib.online.noise import signs

F64 = {"dtype": "float64"}
KERAS = keras.layers
TINY = 1e-30
CASES = 4  # of each rule


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def leaky(left, phi=np.tanh):
    """h of one step, with (1 - left) of it new."""

    def step(P, state, x):
        return [
            left * state[0] + (1 - left) * phi(x @ P["W_x"] + state[0] @ P["W_h"] + P.get("b", 0))
        ]

    return step


def gradual(P, state, x):
    u = x @ P["W_x"] + state[0] @ P["W_h"] + P["b"]
    return [0.7 * u + 0.3 * np.tanh(u)]


def relu(a):
    return np.where(a.real > 0, a, 0 * a)


def turning(gamma, omega):
    def step(P, state, x):
        z = state[0][: len(gamma)], state[0][len(gamma) :]
        cos, sin = np.exp(-gamma) * np.cos(omega), np.exp(-gamma) * np.sin(omega)
        kept = np.concatenate([cos * z[0] - sin * z[1], sin * z[0] + cos * z[1]])
        scale = np.tile(np.sqrt(1 - np.exp(-2 * gamma)), 2)
        return [kept + scale * np.tanh(x @ P["W_x"] + state[0] @ P["W_h"] + P["b"])]

    return step


def lstm(P, state, x):
    h, c = state
    i, f, g, o = np.split(x @ P["W_x"] + h @ P["W_h"] + P.get("b", 0), 4)
    see = [P.get(name, np.zeros(len(h))) for name in ("p_i", "p_f", "p_o")]
    c = sigmoid(f + see[1] * c) * c + sigmoid(i + see[0] * c) * np.tanh(g)
    return [sigmoid(o + see[2] * c) * np.tanh(c), c]


def gru(reset_after):
    def step(P, state, x):
        h = state[0]
        n, b = len(h), P.get("b", np.zeros(3 * len(h)))
        of_x, of_h = b if reset_after else (b, np.zeros(3 * n))
        of_x = x @ P["W_x"] + of_x
        z, r = np.split(sigmoid((of_x + h @ P["W_h"] + of_h)[: 2 * n]), 2)
        W_g = P["W_h"][:, 2 * n :]
        heard = r * (h @ W_g + of_h[2 * n :]) if reset_after else (r * h) @ W_g
        return [z * h + (1 - z) * np.tanh(of_x[2 * n :] + heard)]

    return step


LEAKS = (0.9, 0.2)
# name -> a function of n and a generator, to the cell, its formula, and what a unit keeps by leak
CELLS = {
    "vanilla": lambda n, _: (VanillaRNNCell(n, **F64), leaky(0.0), 0.0),
    "leaky": lambda n, _: (LeakyRNNCell(n, leak=0.6, **F64), leaky(0.4), 0.4),
    "relu": lambda n, _: (LeakyRNNCell(n, "relu", leak=0.6, **F64), leaky(0.4, relu), 0.4),
    "leaks": lambda n, _: (
        LeakyRNNCell(n, leak=LEAKS, **F64),
        leaky(1 - np.geomspace(*LEAKS, n)),
        1 - np.geomspace(*LEAKS, n),
    ),
    "gradual": lambda n, _: (GradualRNNCell(n, g=0.3, **F64), gradual, 0.0),
    "keras simple": lambda n, _: (KERAS.SimpleRNNCell(n, **F64), leaky(0.0), 0.0),
    "no biases": lambda n, _: (
        KERAS.SimpleRNNCell(n, use_bias=False, **F64),
        leaky(0.0),
        0.0,
    ),
    "sparse": lambda n, rng: (
        SparseRNNCell(n, int(rng.integers(n)), leak=0.6, **F64),
        leaky(0.4),
        0.4,
    ),
    "turning": lambda n, rng: (
        TurningRNNCell(*(a := (rng.uniform(0.05, 0.5, n), rng.uniform(0, 3, n))), **F64),
        turning(*a),
        np.tile(np.exp(-a[0]) * np.cos(a[1]), 2),
    ),
    "lstm": lambda n, _: (LSTMCell(n, **F64), lstm, 0.0),
    "keras lstm": lambda n, _: (KERAS.LSTMCell(n, use_bias=False, **F64), lstm, 0.0),
    "peepholes": lambda n, _: (LSTMVariantCell(n, peepholes=True, **F64), lstm, 0.0),
    "gru": lambda n, _: (GRUCell(n, reset_after=True, **F64), gru(True), 0.0),
    "gru, reset first": lambda n, _: (GRUCell(n, **F64), gru(False), 0.0),
    "keras gru": lambda n, _: (KERAS.GRUCell(n, **F64), gru(True), 0.0),
    "keras gru, reset first": lambda n, _: (
        KERAS.GRUCell(n, reset_after=False, use_bias=False, **F64),
        gru(False),
        0.0,
    ),
}
VANILLA = ["vanilla", "leaky", "relu", "leaks", "gradual", "keras simple", "no biases", "sparse"]
ONLY = {"rtrl": VANILLA, "uoro": VANILLA, "snap2": ["sparse"]}
NAMES = {
    **dict.fromkeys(("W_xh", "W_x", "kernel"), "W_x"),
    **dict.fromkeys(("W_hh", "W_h", "recurrent_kernel"), "W_h"),
    **dict.fromkeys(("b_h", "b", "bias"), "b"),
    **{name: name for name in ("p_i", "p_f", "p_o")},
}


class Paper:
    """One sequence under a rule; all weights of the cell side by side in one row."""

    def __init__(self, cell, step, left, rule, kernel):
        self.formula, self.rule, self.kernel = step, rule, kernel
        self.P = {NAMES[w.name]: w.numpy() for w in cell.trainable_variables}
        n = self.n = cell.units
        self.parts = len(keras.tree.flatten(cell.state_size))
        # The unit that a weight writes to; for an LSTM it is credited by way of its memory.
        writes = [np.broadcast_to(np.arange(a.shape[-1]) % n, a.shape) for a in self.P.values()]
        self.to = np.concatenate([a.ravel() for a in writes])
        self.credited = slice(self.parts * n - n, self.parts * n)
        self.left = left * np.ones(n)
        if hasattr(cell, "heard"):  # nothing reads the others
            self.P["W_h"] *= cell.heard
            self.exists = np.ones(len(self.to), bool)
            at = list(self.P).index("W_h")
            start = sum(a.size for a in list(self.P.values())[:at])
            self.exists[start : start + n * n] = cell.heard.ravel()
            self.reaches = (np.eye(n, dtype=bool) | cell.heard)[self.to].T
        else:
            self.exists = True
        self.state = [np.zeros(n) for _ in range(self.parts)]
        modes = 1 if kernel is None or rule != "kernl_modes" else len(kernel[1])
        self.E = np.zeros((modes, len(self.to)), complex)
        self.M = np.zeros((self.parts * n, len(self.to)))
        self.s, self.theta = np.zeros(n), np.zeros(len(self.to))
        self.moved = np.zeros(self.parts * n)
        self.omega = np.zeros((modes, n), complex)
        self.by_gamma = np.zeros(n)
        self.cut, self.now = False, None

    def split(self, row):
        ends = np.cumsum([a.size for a in self.P.values()])[:-1]
        parts = np.split(row, ends)
        return {k: a.reshape(self.P[k].shape) for k, a in zip(self.P, parts, strict=True)}

    def derivatives(self, x):
        """New state, and its derivatives by the old one and by all weights."""
        weights = np.concatenate([a.ravel() for a in self.P.values()])
        old = np.concatenate(self.state)

        def along(f, v):
            moved = [v + 1e-30j * unit for unit in np.eye(len(v))]
            return np.transpose([np.concatenate(f(a)).imag / 1e-30 for a in moved])

        J = along(lambda a: self.formula(self.P, np.split(a, self.parts), x + 0j), old)
        state = [a + 0j for a in self.state]
        of = along(lambda a: self.formula(self.split(a), state, x + 0j), weights)
        return self.formula(self.P, self.state, x), J, of * self.exists

    def take(self, x, real, noise, nu):
        """A step; what it tells of the kernel, or None."""
        if not real:
            return None
        if self.cut:
            self.M[:], self.cut = 0, False
        self.state, J, of_all = self.derivatives(x)
        own = of_all[self.credited][self.to, np.arange(len(self.to))]
        self.now = of_all[: self.n], own
        exact = np.diag(J[self.credited, self.credited])
        keeps = {"rflo": self.left, "rflo_random": self.left, "one_step": 0 * exact}
        keeps |= {"snap1": exact, "eprop": exact, "hybrid": exact}
        if self.rule == "kernl":
            keeps["kernl"] = np.exp(-self.kernel[1])
        if self.rule == "kernl_modes":
            keep = np.exp(-self.kernel[1] + 1j * self.kernel[2])
        else:
            keep = keeps.get(self.rule, 0 * exact)[None]
        self.E = keep[:, self.to] * self.E + own
        self.M = J @ self.M + of_all
        if self.rule == "snap2":
            self.M *= self.reaches
        if self.rule == "uoro":
            s, new = J @ self.s, nu @ of_all
            lengths = [np.linalg.norm(a) + TINY for a in (self.theta, s, new, nu)]
            rho = np.sqrt(lengths[0] / lengths[1]), np.sqrt(lengths[2] / lengths[3])
            self.s, self.theta = rho[0] * s + rho[1] * nu, self.theta / rho[0] + new / rho[1]
        if noise is None:
            return None
        self.moved = J @ self.moved
        self.moved[self.credited] += noise
        self.by_gamma = (keep[0] * (self.by_gamma - self.omega[0])).real
        self.omega = keep * self.omega + noise
        return self.moved[self.credited].copy(), self.omega.copy(), self.by_gamma

    def credit(self, dh):
        """The gradient of a loss at the state as it is."""
        if self.now is None:  # no step so far
            return np.zeros(len(self.to))
        if self.rule in ("rtrl", "snap2", "bptt", "tbptt"):
            return dh @ self.M[: self.n]
        if self.rule == "uoro":
            return (dh @ self.s) * self.theta
        of_h, own = self.now
        delta = dh if self.parts == 1 else dh * self.shown_of_memory()
        found = delta[self.to] * self.E[0].real
        if self.rule in ("kernl", "hybrid"):
            found = (delta @ self.kernel[0])[self.to] * self.E[0].real
        if self.rule == "kernl_modes":
            pairs = zip(*self.kernel[0], self.E, strict=True)
            found = sum(
                (delta @ cos)[self.to] * E.real + (delta @ sin)[self.to] * E.imag
                for cos, sin, E in pairs
            )
        # What a weight does within the step, but not by way of its own unit's credited state.
        return found + dh @ of_h - delta[self.to] * own

    def shown_of_memory(self):
        """∂h/∂c of an LSTM, o as c sees it."""
        h, c = self.state
        o = h / np.tanh(c)
        return o * (1 - np.tanh(c) ** 2) + h * (1 - o) * self.P.get("p_o", 0)


def kernel_of(model, rule, rng):
    """β and γ at random, or β by cosine and by sine, and the modes."""
    if not (rule in RULES and RULES[rule].has_kernel):
        return None
    beta = rng.normal(size=model.kernel.beta.shape)
    model.kernel.beta.assign(beta)
    if rule != "kernl_modes":
        model.kernel.log_gamma.assign(log_gamma := rng.normal(size=len(beta)) - 1)
        return beta, np.exp(log_gamma)
    gamma, omega = model.kernel.fixed
    sines = np.zeros_like(beta[: len(gamma)])
    sines[: model.kernel.turning] = beta[len(gamma) :]
    return (beta[: len(gamma)], sines), gamma, omega


def fit_of(samples, kernel, rule, turning):
    """What the regression of the kernel adds up, from its samples one by one."""
    moved, omega, by_gamma = (np.array(a) for a in zip(*samples, strict=True))
    if rule == "kernl_modes":
        cos, sin = kernel[0]
        error = np.einsum("rki,sri->sk", cos, omega.real) - moved
        error += np.einsum("rki,sri->sk", sin, omega.imag)
        features = np.concatenate([omega.real, omega.imag[:, :turning]], axis=1)
        of_beta = np.einsum("sk,sqi->qki", error, features)
        return (
            of_beta,
            np.einsum("sqi,spi->iqp", features, features),
            (error**2).sum(),
            (moved**2).sum(),
        )
    omega = omega[:, 0].real
    error = omega @ kernel[0].T - moved
    of_gamma = (error @ kernel[0] * by_gamma).sum(0) * (rule == "kernl")
    squares = [(a**2).sum(0) for a in (omega, by_gamma)]
    return error.T @ omega, of_gamma, *squares, (error**2).sum(), (moved**2).sum(), len(samples)


def close(found, expected):
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-9 * (1 + np.abs(b).max()))


def one_case(rule, name, rng):
    """A random model and random data, in one piece or several: gradients and fits of both sides."""
    units, batch, inputs, outputs = (int(k) for k in rng.integers(1, 5, 4))
    cell, formula, left = CELLS[name](units, rng)
    units, pieces = cell.units, rng.integers(1, 6, rng.integers(1, 4))
    T, (sequences, stateful, classes, summed) = sum(pieces), rng.integers(2, size=4)
    outputs += classes  # one class is none
    real = rng.random((batch, T)) < rng.choice([0.5, 0.8, 1.0])
    real[0] &= rng.random() < 0.8  # now and then a sequence that has not one step
    x = np.where(real[..., None], rng.normal(size=(batch, T, inputs)) + 0.1, 0)
    model = OnlineRNN(cell, outputs, sequences, mask_value=0.0, stateful=bool(stateful))
    model.build((batch if stateful else None, None, inputs))
    for w in model.trainable_variables:
        w.assign(0.7 * rng.normal(size=w.shape))
    kind = [keras.losses.MeanSquaredError, keras.losses.SparseCategoricalCrossentropy][classes]
    loss = kind(
        reduction="sum" if summed else "sum_over_batch_size",
        **({"from_logits": True} if classes else {}),
        **F64,
    )
    options = {"chunk": ["auto", int(rng.integers(1, 7))][rng.integers(2)]}
    options |= {"samples": int(rng.integers(1, 6)), "seed": int(rng.integers(100))}
    if rule == "kernl_modes":
        angles = [0.0, np.pi, *rng.uniform(0, np.pi, 2)]
        options["modes"] = [(rng.uniform(0, 0.5), a) for a in angles[: rng.integers(1, 5)]]
    model.compile("sgd", loss, rule=rule, jit_compile=False, **options)
    kernel = kernel_of(model, rule, rng)
    W, b = (w.numpy() for w in model.readout.trainable_variables)
    back = W.T if model.feedback is None else model.feedback.numpy()
    rows = [Paper(cell, formula, left, rule, kernel) for _ in range(batch)]
    disturbed, told = min(options["samples"], batch), []
    ends = np.cumsum(pieces) if stateful else [T]
    for start, end in zip([0, *ends[:-1]], ends, strict=True):
        shape = (batch, end - start) if sequences else (batch,)
        y = rng.integers(outputs, size=shape) if classes else rng.normal(size=(*shape, outputs))
        weight = rng.random(shape if rng.integers(2) else (batch,))
        wide = weight[:, None] if sequences and weight.ndim == 1 else weight
        wide = np.broadcast_to(wide, shape) * (real[:, start:end] if sequences else 1)
        count = real[:, start:end].sum() if sequences else batch
        wide = wide / (1 if summed else max(count, 1))
        reads_only = stateful and rng.random() < 0.2
        if reads_only:
            model.read_on(tf.constant(x[:, start:end]), model.memory)
        else:
            _, _, found, fit = model.gradients(x[:, start:end], y, weight)
        of_cell, of_W, of_b = np.zeros(len(rows[0].to)), 0 * W, 0 * b
        window = end - start if options["chunk"] == "auto" else options["chunk"]
        for t in range(start, end):
            seed = tf.constant([options["seed"], t])
            noise = signs(seed, 1, (disturbed, units), "float64").numpy()[0]
            nu = signs(seed, 1, (batch, units), "float64").numpy()[0]
            for k, row in enumerate(rows):
                if t == start and rule in ("bptt", "tbptt"):
                    row.M[:] = 0  # no tape outlives its call
                row.cut |= rule == "tbptt" and (end - t) % window == 0
                row.cut &= rule in ("bptt", "tbptt")
                psi = noise[k] if kernel is not None and k < disturbed else None
                told.append(row.take(x[k, t], real[k, t], psi, nu[k]))
                if reads_only or not (sequences or t == end - 1):
                    continue
                here = (k, t - start) if sequences else k
                out = row.state[0] @ W + b
                if classes:
                    dout = np.exp(out - out.max()) / np.exp(out - out.max()).sum()
                    dout[y[here]] -= 1
                else:
                    dout = 2 * (out - y[here]) / outputs
                dout = dout * wide[here]
                of_cell += row.credit(dout @ back)
                of_W, of_b = of_W + np.outer(row.state[0], dout), of_b + dout
        if reads_only:
            continue
        expected = [*rows[0].split(of_cell).values(), of_W, of_b]
        close([tf.convert_to_tensor(g).numpy() for g in found], expected)
        told = [sample for sample in told if sample is not None]
        if kernel is not None and told:
            turn = getattr(model.kernel, "turning", None)
            close([a.numpy() for a in fit], fit_of(told, kernel, rule, turn))
        told = []


def cases():
    """Some a rule; the cells take turns, from rule to rule."""
    for place, rule in enumerate((*RULES, *OTHER_RULES)):
        names = ONLY.get(rule, list(CELLS))
        for number in range(max(CASES, len(ONLY.get(rule, ())))):  # each cell of those few once
            yield rule, names[(CASES * place + number) % len(names)], place, number


@pytest.mark.slow
@pytest.mark.parametrize(("rule", "name", "place", "number"), cases())
def test_a_rule_is_what_its_paper_says(rule, name, place, number):
    one_case(rule, name, np.random.default_rng([place, number]))


def test_no_cell_is_left_out():
    assert {name for _, name, *_ in cases()} == set(CELLS)
