"""Figures of chapter 3: gated cells.

First what is measured, then what is drawn. A figure that needs a measurement takes it as its
argument, so that the page can print the numbers that the figure shows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from course_lib.figures.moving import Handle, Moving
from course_lib.figures.numbers import brief
from course_lib.figures.slider import Slider, slider
from course_lib.figures.style import CYCLE, closed, pyplot
from course_lib.scratch.gated import (
    gru_step,
    init_gru_params,
    init_lstm_params,
    lstm_step,
    sigmoid,
)
from course_lib.scratch.rnn import init_params, rnn_step

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

CELLS = ("vanilla", "gru", "lstm")
NAMES = {"vanilla": "vanilla", "gru": "GRU", "lstm": "LSTM"}
GATES = {"vanilla": 1, "gru": 3, "lstm": 4}  # blocks of weights, one for each gate and candidate
# The letters of `course_lib.scratch.gated` in the order of Keras's columns.
COLUMNS = {"gru": "zrh", "lstm": "ifco"}
LOOKS = dict(zip(CELLS, (CYCLE[1], CYCLE[2], CYCLE[0]), strict=True))
BLUE, RED, GREEN = (CYCLE[i]["color"] for i in range(3))
# The insides of the boxes of a diagram: a gate's, a candidate's, a plain operation's.
INSIDE = {True: "#DCEBF5", False: "#FBE6D9", None: "white"}
PULSES = (1, 25)  # steps at which a memory is written to

Step = Callable[[np.ndarray, np.ndarray], np.ndarray]


# What is measured


def weight_count(cell: str, m: int, n: int) -> int:
    """Return how many weights and biases a cell of n units with m inputs has."""
    return GATES[cell] * n * (m + n + 1)


def units_for(cell: str, m: int, budget: int) -> int:
    """Return the most units whose weights stay within a budget."""
    n = 1
    while weight_count(cell, m, n + 1) <= budget:
        n += 1
    return n


def fresh(cell: str, m: int, n: int, keep_bias: float = 0.0, seed: int = 0) -> dict:
    """Return fresh weights; `keep_bias` is that of the gate that keeps: b_f, or the GRU's b_z."""
    if cell == "vanilla":
        params = init_params(m, n, 1, seed=seed)
        return {name: params[name] for name in ("W_xh", "W_hh", "b_h")}
    if cell == "lstm":
        return init_lstm_params(m, n, seed=seed, forget_bias=keep_bias)
    params = init_gru_params(m, n, seed=seed)
    params["b_z"] += keep_bias
    return params


def from_keras(cell: str, weights: Sequence[np.ndarray]) -> dict:
    """Return a trained Keras cell's weights as the `params` of its NumPy step, in float64.

    Args:
        cell: "vanilla", "gru" (with reset_after=False) or "lstm".
        weights: input kernel, recurrent kernel and bias, as `get_weights` gives them.
    """
    W_x, W_h, b = (np.asarray(w, np.float64) for w in weights)
    if cell == "vanilla":
        return {"W_xh": W_x, "W_hh": W_h, "b_h": b}
    letters = COLUMNS[cell]
    params = {}
    for i, g in enumerate(letters):
        columns = np.s_[i * W_h.shape[0] : (i + 1) * W_h.shape[0]]
        params |= {f"W_x{g}": W_x[:, columns], f"W_h{g}": W_h[:, columns], f"b_{g}": b[columns]}
    return params


def step_of(cell: str, params: dict) -> tuple[Step, int]:
    """Return (step, n): the cell as a function of input and whole state, which gives the next.

    The whole state of the LSTM is h and c side by side, (batch, 2n); h comes first.
    """
    if cell == "vanilla":
        weights = params["W_xh"], params["W_hh"], params["b_h"]
        return lambda x_t, state: rnn_step(x_t, state, *weights), len(params["b_h"])
    if cell == "gru":
        return lambda x_t, state: gru_step(x_t, state, params), len(params["b_h"])
    n = len(params["b_c"])

    def step(x_t: np.ndarray, state: np.ndarray) -> np.ndarray:
        h_t, c_t, _ = lstm_step(x_t, state[:, :n], state[:, n:], params)
        return np.concatenate([h_t, c_t], axis=1)

    return step, n


def jacobian(step: Step, x_t: np.ndarray, state: np.ndarray) -> np.ndarray:
    """Return ∂state_t / ∂state_{t-1}, entry (j, i) for output j and input i, at one state.

    By complex steps: an imaginary change of 1e-30 comes out as the derivative, exact to rounding,
    for every cell alike.

    Args:
        step: as `step_of` gives it.
        x_t: shape (m,).
        state: shape (size,).
    """
    size = len(state)
    moved = state + 1e-30j * np.eye(size)
    return step(np.broadcast_to(x_t, (size, len(x_t))), moved).imag.T / 1e-30


def gradient_norms(cell: str, params: dict, x: np.ndarray, back: int) -> np.ndarray:
    """How long the gradient of a loss at the last h is, k steps before, for k = 0 … back.

    At the last step it is a random direction of length one; what is returned is the root of the
    mean square over all directions, and the geometric mean over the sequences. It is the gradient
    with respect to the whole state, for the LSTM h and c.

    Args:
        cell: "vanilla", "gru" or "lstm".
        params: its weights.
        x: inputs, shape (sequences, T, m), T at least `back`.
        back: how many steps to go back.
    """
    norms = np.zeros((len(x), back + 1))
    for one, row in zip(x, norms, strict=True):
        row[:] = _norms(_jacobians(cell, params, one, back), step_of(cell, params)[1])
    return _geometric(norms)


def _jacobians(cell: str, params: dict, one: np.ndarray, back: int) -> list[np.ndarray]:
    """The Jacobians of the last steps of a sequence (T, m), the last step first."""
    step, n = step_of(cell, params)
    states = [np.zeros((1, 2 * n if cell == "lstm" else n))]
    for x_t in one:
        states.append(step(x_t[None], states[-1]))
    return [jacobian(step, one[-k], states[-k - 1][0]) for k in range(1, back + 1)]


def _norms(jacobians: list[np.ndarray], n: int) -> list[float]:
    """The length of the gradient after each step back, (back + 1,): root of the mean square."""
    gradients, norms = np.eye(n, len(jacobians[0])), [1.0]  # one row for each direction of h
    for J in jacobians:
        gradients = gradients @ J
        norms.append(float(np.linalg.norm(gradients) / np.sqrt(n)))
    return norms


def _geometric(norms: np.ndarray) -> np.ndarray:
    """The geometric mean over the first axis."""
    return np.exp(np.log(np.maximum(norms, 1e-300)).mean(axis=0))


def fresh_norms(
    keep_bias: float, back: int = 50, m: int = 4, budget: int = 4500, sequences: int = 3
) -> dict[str, np.ndarray]:
    """`gradient_norms` of the three cells, fresh, with about the same number of weights."""
    x = np.random.default_rng(1).normal(size=(sequences, 2 * back, m))
    return {
        cell: gradient_norms(cell, fresh(cell, m, units_for(cell, m, budget), keep_bias), x, back)
        for cell in CELLS
    }


def copy_norms(cell: str, delay: int, seeds: Sequence[int], **settings: Any) -> list[float]:
    """What is left of a gradient in the fresh networks of the copy task, one number for each seed.

    It goes back from the step at which the last symbol is due to the step at which it was read.

    Args:
        cell: "vanilla", "gru" or "lstm".
        delay: steps to wait.
        seeds: of the examples and the weights, as in the training.
        settings: fields of the experiment's `Config` that differ from its defaults.
    """
    from course_lib.training.experiments import delays
    from course_lib.training.seeding import seed_everything

    config = delays.Config(task="copy", **settings)
    left = []
    for seed in seeds:
        x, _ = delays.examples(config, 3, delay, 3 * seed)
        seed_everything(seed)
        network = delays.network(config, cell, x.shape[1:])
        if config.chrono:
            delays.start_chrono(network.layers[0].layers[0].cell, x.shape[1], seed)
        params = from_keras(cell, network.layers[0].get_weights())
        back = delay + config.length
        left.append(gradient_norms(cell, params, x.astype(np.float64), back)[-1])
    return left


def lstm_paths(
    keep_bias: float,
    back: int = 50,
    m: int = 4,
    budget: int = 4500,
    sequences: int = 3,
    seeds: Sequence[int] = (0, 1, 2),
) -> dict[str, float]:
    """What is left of the gradient in fresh LSTMs, with parts of it switched off.

    In the Jacobian of a step, c_{t-1} acts through f_t alone. So its columns are the direct path,
    and multiplied by σ(b) / f_t they are what gates that all stand at σ(b) would make of it. The
    columns of h_{t-1} are the side paths.

    Args:
        keep_bias: b_f.
        back: how many steps to go back.
        m: inputs.
        budget: of weights.
        sequences: the same for each network.
        seeds: of the weights.

    Returns:
        What is left after `back` steps, as `gradient_norms` measures it, and its geometric mean
        over the networks: of the direct path with "even" gates and with the "actual" ones; of all
        paths with gates that are "even, all" and "actual, all"; and of what goes through "h only".
        Of the products of the units' forget gates alone, the "median" and the "largest".
    """
    n = units_for("lstm", m, budget)
    x = np.random.default_rng(1).normal(size=(sequences, 2 * back, m))
    memory, side = np.arange(2 * n) >= n, np.arange(2 * n) < n
    left: dict[str, list[float]] = {}
    for seed in seeds:
        params = fresh("lstm", m, n, keep_bias, seed)
        for one in x:
            actual = _jacobians("lstm", params, one, back)
            gates = np.array([np.diag(J)[n:] for J in actual])
            scales = np.ones((back, 2 * n))
            scales[:, n:] = sigmoid(np.float64(keep_bias)) / gates
            even = [J * scale for J, scale in zip(actual, scales, strict=True)]
            for name, jacobians in {
                "even": [J * memory for J in even],
                "actual": [J * memory for J in actual],
                "even, all": even,
                "actual, all": actual,
                "h only": [J * side for J in actual],
            }.items():
                left.setdefault(name, []).append(_norms(jacobians, n)[-1])
            products = gates.prod(axis=0)
            left.setdefault("median", []).append(float(np.median(products)))
            left.setdefault("largest", []).append(float(products.max()))
    return {name: float(_geometric(np.array(values))) for name, values in left.items()}


def run_normed_lstm(params: dict, images: np.ndarray) -> dict[str, np.ndarray]:
    """`run_lstm` with layer norm: of x_t W_x and of h_{t-1} W_h, each, and of c_t on its way out.

    Gains are 1 and shifts 0, as at the start of training. Source: Ba et al., 2016.
    """
    W_x, W_h = (np.hstack([params[f"W_{at}{g}"] for g in "ifoc"]) for at in "xh")
    b = np.hstack([params[f"b_{g}"] for g in "ifoc"])
    h = c = np.zeros((len(images), W_h.shape[0]))
    steps = []
    for t in range(images.shape[1]):
        a = _normed(images[:, t] @ W_x) + _normed(h @ W_h) + b
        i, f, o, candidate = np.split(a, 4, axis=1)
        i, f, o, candidate = sigmoid(i), sigmoid(f), sigmoid(o), np.tanh(candidate)
        c = f * c + i * candidate
        h = o * np.tanh(_normed(c))
        steps.append({"i": i, "f": f, "o": o, "candidate": candidate, "c_t": c, "h": h})
    return {name: np.stack([step[name] for step in steps], axis=1) for name in steps[0]}


def _normed(a: np.ndarray) -> np.ndarray:
    variance = a.var(axis=1, keepdims=True)
    return (a - a.mean(axis=1, keepdims=True)) / np.sqrt(variance + 1e-3)


def stuck(run: dict[str, np.ndarray]) -> float:
    """The share of a run's gates that are open or shut to within a twentieth."""
    gates = np.concatenate([run[g] for g in "ifo"])
    return float(np.mean((gates < 0.05) | (gates > 0.95)))


def pulse_memory(
    f: float, i: float = 1.0, steps: int = 50, pulses: tuple[int, ...] = PULSES
) -> np.ndarray:
    """One memory with a fixed forget gate: c_1 … c_steps, with something to write at the pulses.

    The candidate is 1. The input gate opens to `i` at the pulses, and is shut at other steps.
    """
    c = np.zeros(steps + 1)
    for t in range(1, steps + 1):
        c[t] = f * c[t - 1] + i * (t in pulses)
    return c[1:]


def run_lstm(params: dict, images: np.ndarray) -> dict[str, np.ndarray]:
    """Run the LSTM over images, row by row.

    Args:
        params: weights of `lstm_step`.
        images: shape (batch, T, m).

    Returns:
        i, f, o, candidate and c_t of every step, each of shape (batch, T, n), and the states h.
    """
    n = len(params["b_c"])
    h = c = np.zeros((len(images), n))
    kept: dict[str, list] = {name: [] for name in ("i", "f", "o", "candidate", "c_t", "h")}
    for t in range(images.shape[1]):
        h, c, cache = lstm_step(images[:, t], h, c, params)
        for name, values in kept.items():
            values.append(h if name == "h" else cache[name])
    return {name: np.stack(values, axis=1) for name, values in kept.items()}


def gru_conventions(seed: int = 0, batch: int = 5, m: int = 3, n: int = 6) -> dict[str, float]:
    """How far the two GRUs are apart with the same weights.

    Returns:
        Largest difference of one step with "random" weights; with the reset gate "open"; and with
        a "diagonal" W_hh, where one unit's candidate sees its own state alone.
    """
    params = init_gru_params(m, n, seed=seed)
    rng = np.random.default_rng(seed)
    x_t, h_prev = rng.normal(size=(batch, m)), rng.uniform(-1, 1, size=(batch, n))

    def difference(changed: dict) -> float:
        given = {**params, **changed}
        return float(np.abs(gru_step(x_t, h_prev, given) - _reset_after(x_t, h_prev, given)).max())

    return {
        "random": difference({}),
        "open": difference({"b_r": np.full(n, 50.0)}),
        "diagonal": difference({"W_hh": np.diag(rng.normal(size=n))}),
    }


def _reset_after(x_t: np.ndarray, h_prev: np.ndarray, params: dict) -> np.ndarray:
    from course_lib.scratch.gated import gate

    r, z = (gate(x_t, h_prev, params[f"W_x{g}"], params[f"W_h{g}"], params[f"b_{g}"]) for g in "rz")
    candidate = np.tanh(x_t @ params["W_xh"] + params["b_h"] + r * (h_prev @ params["W_hh"]))
    return z * h_prev + (1 - z) * candidate


# What is drawn


def gru_cell() -> Figure:
    """Draw the GRU: the state runs along the top, the gates stand below."""
    plt = pyplot()
    figure, ax = plt.subplots(figsize=(5.5, 4.3))
    ax.set(xlim=(-1.3, 10.2), ylim=(-0.8, 6.5))
    ax.axis("off")
    r, z, candidate, top, bus = 1.6, 4.4, 7.6, 6.0, 0.5
    _line(ax, [(0, bus), (candidate, bus)])
    _arrow(ax, (candidate, bus), (candidate, 1.7))
    for x in (r, z):
        _arrow(ax, (x, bus), (x, 1.7))
    _arrow(ax, (-0.3, top), (z - 0.33, top))  # the state, kept
    _arrow(ax, (z + 0.33, top), (candidate - 0.33, top))
    _arrow(ax, (candidate + 0.33, top), (9.3, top))
    _arrow(ax, (r, top), (r, 4.03))
    _arrow(ax, (r, 2.7), (r, 3.37))
    _line(ax, [(r + 0.33, 3.7), (6.0, 3.7), (6.0, 2.2)])
    _arrow(ax, (6.0, 2.2), (candidate - 0.66, 2.2))
    _line(ax, [(z, 3.3), (z, 4.1)], color="white", width=8)  # a bridge over the line below
    _arrow(ax, (z, 2.7), (z, top - 0.33))
    _line(ax, [(z, 4.8), (5.3, 4.8)])
    _arrow(ax, (6.7, 4.8), (candidate - 0.33, 4.8))
    _arrow(ax, (candidate, 2.7), (candidate, 4.47))
    _arrow(ax, (candidate, 5.13), (candidate, top - 0.33))
    _box(ax, r, 2.2, r"$r_t$", gate=True)
    _box(ax, z, 2.2, r"$z_t$", gate=True)
    _box(ax, candidate, 2.2, r"$\tilde h_t$", gate=False)
    _box(ax, 6.0, 4.8, r"$1-z_t$", gate=None)
    for x, y, sign in ((r, 3.7, "×"), (z, top, "×"), (candidate, 4.8, "×"), (candidate, top, "+")):
        _node(ax, x, y, sign)
    ax.text(-0.4, top, "$h_{t-1}$", ha="right", va="center")
    ax.text(9.4, top, "$h_t$", ha="left", va="center")
    ax.text(-0.1, bus, "$x_t$\n$h_{t-1}$", ha="right", va="center")
    ax.text(candidate + 0.15, 1.1, "$x_t$ only", ha="left", va="center", fontsize=11)
    _legend(ax)
    return closed(figure)


def lstm_cell() -> Figure:
    """Draw the LSTM: the memory runs along the top, the state along the right."""
    plt = pyplot()
    figure, ax = plt.subplots(figsize=(5.5, 4.3))
    ax.set(xlim=(-1.3, 10.2), ylim=(-0.8, 6.5))
    ax.axis("off")
    f, i, candidate, o, out, top, bus = 1.2, 3.0, 4.8, 6.6, 8.2, 6.0, 0.5
    middle = (i + candidate) / 2
    _line(ax, [(0, bus), (o, bus)])
    for x in (f, i, candidate, o):
        _arrow(ax, (x, bus), (x, 1.7))
    _arrow(ax, (-0.3, top), (f - 0.33, top))  # the memory
    _arrow(ax, (f + 0.33, top), (middle - 0.33, top))
    _arrow(ax, (middle + 0.33, top), (9.3, top))
    _arrow(ax, (f, 2.7), (f, top - 0.33))
    for x, side in ((i, -0.33), (candidate, 0.33)):
        _line(ax, [(x, 2.7), (x, 4.0)])
        _arrow(ax, (x, 4.0), (middle + side, 4.0))
    _arrow(ax, (middle, 4.33), (middle, top - 0.33))
    _arrow(ax, (out, top), (out, 5.3))
    _arrow(ax, (out, 4.3), (out, 3.73))
    _line(ax, [(o, 2.7), (o, 3.4)])
    _arrow(ax, (o, 3.4), (out - 0.33, 3.4))
    _arrow(ax, (out + 0.33, 3.4), (9.3, 3.4))
    _box(ax, f, 2.2, r"$f_t$", gate=True)
    _box(ax, i, 2.2, r"$i_t$", gate=True)
    _box(ax, candidate, 2.2, r"$\tilde c_t$", gate=False)
    _box(ax, o, 2.2, r"$o_t$", gate=True)
    _box(ax, out, 4.8, "tanh", gate=None)
    for x, y, sign in ((f, top, "×"), (middle, top, "+"), (middle, 4.0, "×"), (out, 3.4, "×")):
        _node(ax, x, y, sign)
    ax.text(-0.4, top, "$c_{t-1}$", ha="right", va="center")
    ax.text(9.4, top, "$c_t$", ha="left", va="center")
    ax.text(9.4, 3.4, "$h_t$", ha="left", va="center")
    ax.text(-0.1, bus, "$x_t$\n$h_{t-1}$", ha="right", va="center")
    _legend(ax)
    return closed(figure)


def one_memory(f: float = 0.9, i: float = 1.0) -> Moving:
    """A memory that gets two pulses; the reader moves the forget gate and the input gate.

    Args:
        f, i: where the gates start.
    """
    plt = pyplot()
    figure, ax = plt.subplots(figsize=(5.5, 3.3))
    c = pulse_memory(f, i)
    look = {"color": BLUE, "marker": "o", "markersize": 4}
    (line,) = ax.plot(np.arange(1, len(c) + 1), c, **look)
    ax.set(ylim=(-0.1, 2.2), xlabel="step $t$", ylabel="memory $c_t$")
    return Moving(
        figure,
        {"memory": line},
        [Handle("forget gate f", 0, 1, 0.01, f), Handle("input gate i", 0, 1, 0.05, i)],
        formula="one_memory",
        data={"steps": len(c), "pulses": PULSES},
        told=_lasts(f),
        alt=f"Memory over {len(c)} steps. At steps {PULSES[0]} and {PULSES[1]} it jumps by i; from "
        "step to step the share f of it is kept.",
    )


def _lasts(f: float) -> str:
    """In words, for how long a forget gate of `f` remembers."""
    lasts = "for ever" if f == 1 else f"about {1 / (1 - f):.0f} step{'' if f < 1 / 3 else 's'}"
    left = 100 * f ** (PULSES[1] - 1 - PULSES[0])
    share = f"{left:.0f}\N{NO-BREAK SPACE}%"
    return f"Remembers {lasts}. {share} of the first pulse is left when the second comes."


def gradient_slider(by_bias: dict[float, dict[str, np.ndarray]]) -> Slider:
    """The gradient's length over the steps it has gone back, for several biases.

    Args:
        by_bias: for each bias of the keeping gates what `fresh_norms` gives.
    """
    frames = []
    for bias, norms in by_bias.items():
        plt = pyplot()
        figure, ax = plt.subplots(figsize=(5.5, 4.2))
        _norm_lines(ax, norms)
        alone = 1 / (1 + np.exp(-bias))
        steps = np.arange(len(norms["lstm"]))
        ax.semilogy(steps, alone**steps, color="black", linewidth=1.2, linestyle=(0, (1, 1)),
                    marker="", label=rf"$\sigma({bias:g})^k$")  # fmt: skip
        ax.set(ylim=(1e-12, 10), title=f"bias of $f$ and $z$: ${bias:g}$")
        figure.legend(loc="outside upper center", ncols=4, columnspacing=1, handlelength=2)
        ends = ", ".join(f"{NAMES[cell]} {brief(values[-1])}" for cell, values in norms.items())
        frames.append(
            (
                f"{bias:g}".replace("-", "\N{MINUS SIGN}"),
                figure,
                f"Length of the gradient over the steps that it has gone back, on a logarithmic "
                f"axis, with bias {bias:g}. After {len(steps) - 1} steps: {ends}.",
            )
        )
    return slider(frames, "bias of the gates that keep", start=list(by_bias).index(1))


def trained_gradients(norms: dict[str, np.ndarray]) -> Figure:
    """The same for trained networks on digits."""
    plt = pyplot()
    figure, ax = plt.subplots(figsize=(5.5, 3.6))
    _norm_lines(ax, norms)
    ax.legend(loc="lower left")
    return closed(figure)


def _norm_lines(ax: Axes, norms: dict[str, np.ndarray]) -> None:
    for cell, values in norms.items():
        ax.semilogy(values, **LOOKS[cell], markevery=5, label=NAMES[cell])
    ax.set(xlabel="steps back, $k$", ylabel="length of the gradient")


def gate_slider(images: np.ndarray, labels: np.ndarray, run: dict[str, np.ndarray]) -> Slider:
    """A digit, and the gates of every unit at each of its rows.

    Args:
        images: shape (digits, T, T).
        labels: the digit that each is.
        run: what `run_lstm` gives for them.
    """
    frames = []
    # One order of the units for all frames: by their mean forget gate.
    units = run["f"].mean(axis=(0, 1)).argsort()
    for k, label in enumerate(labels):
        plt = pyplot()
        figure, axes = plt.subplots(1, 4, figsize=(5.5, 3.6), sharey=True)
        axes[0].imshow(images[k], cmap="gray_r", aspect="auto")
        axes[0].set(title="image", ylabel="row", xticks=[], yticks=[0, 9, 18, 27])
        axes[0].set_yticklabels([1, 10, 19, 28])
        for ax, (name, title) in zip(
            axes[1:], {"f": "forget", "i": "input", "o": "output"}.items(), strict=True
        ):
            shown = ax.imshow(run[name][k][:, units], cmap="viridis", vmin=0, vmax=1, aspect="auto")
            ax.set(title=title, xlabel="unit", xticks=[])
        for ax in axes:
            ax.grid(visible=False)
        bar = figure.colorbar(shown, ax=axes, location="bottom", aspect=40, ticks=[0, 0.5, 1])
        bar.ax.set_xticklabels(["0: shut", "0.5", "1: open"])
        inked, blank = _by_ink(images[k], run["i"][k])
        frames.append(
            (
                str(label),
                figure,
                f"A handwritten {label} and beside it three pictures of 28 rows by "
                f"{len(units)} units: forget, input and output gate. The input gates average "
                f"{inked:.2f} in rows with ink and {blank:.2f} in rows without.",
            )
        )
    return slider(frames, "digit", start=3)


def _by_ink(image: np.ndarray, gates: np.ndarray) -> tuple[float, float]:
    ink = image.max(axis=1) > 0
    return float(gates[ink].mean()), float(gates[~ink].mean())


def delays(
    results: dict[str, list[dict[str, Any]]], starts: dict[str, list[dict[str, Any]]] | None = None
) -> Figure:
    """Test loss over the delay, as a part of a guess's, one panel a task.

    Lines are means over the seeds, and bands reach from the lowest to the highest.

    Args:
        results: for each panel's title the stored results of
            `course_lib.training.experiments.delays`, one a seed.
        starts: for the last panel, by what the legend calls them, those of the LSTM alone with
            other first biases.
    """
    plt = pyplot()
    figure, axes = plt.subplots(len(results), 1, figsize=(5.5, 3.1 * len(results)))
    for number, (name, seeds) in enumerate((starts or {}).items(), start=len(CELLS)):
        _delay_line(axes[-1], seeds, "lstm", CYCLE[number], f"LSTM, {name}")
    for ax, (title, seeds) in zip(axes, results.items(), strict=True):
        for cell in CELLS:
            _delay_line(ax, seeds, cell, LOOKS[cell], NAMES[cell])
        ax.axhline(1, color="black", linewidth=1, linestyle=":")
        config = seeds[0]["config"]
        ax.set(title=title, ylabel="loss / guess's loss", xticks=config["delays"])
        ax.set_xlabel("length, steps" if config["task"] == "adding" else "delay, steps")
        ax.xaxis.set_major_formatter("{x:.0f}")
        ax.minorticks_off()
    axes[0].legend(loc="best")
    if starts:
        axes[-1].set_ylim(bottom=1e-4)  # room for the legend
        axes[-1].legend(loc="lower right", fontsize=10)
    return closed(figure)


def _delay_line(
    ax: Axes, seeds: list[dict[str, Any]], cell: str, look: dict[str, Any], label: str
) -> None:
    waits = seeds[0]["config"]["delays"]
    parts = [[one["summary"]["runs"][f"{cell} {w}"]["of_guess"] for w in waits] for one in seeds]
    _line_with_band(ax, waits, parts, look, label)


def _line_with_band(
    ax: Axes, x: list[int], of_seeds: list[list[float]], look: dict[str, Any], label: str
) -> None:
    ax.loglog(x, np.mean(of_seeds, axis=0), **look, label=label)
    low, high = np.min(of_seeds, axis=0), np.max(of_seeds, axis=0)
    ax.fill_between(x, low, high, color=look["color"], alpha=0.15, linewidth=0)


def fractions(seeds: list[dict[str, Any]]) -> Figure:
    """Test error over the size of the training set, with and without dropout.

    Args:
        seeds: the stored results of cells-mnist, one a seed: lines are means, bands reach from the
            lowest to the highest.
    """
    from course_lib.training.experiments.cells_mnist import run_name

    plt = pyplot()
    config = seeds[0]["config"]
    figure, axes = plt.subplots(1, 2, figsize=(5.5, 3.7), sharey=True)
    for ax, rate in zip(axes, config["dropout"], strict=True):
        for cell in CELLS:
            names = [run_name(cell, float(fraction), rate) for fraction in config["epochs"]]
            size = [seeds[0]["summary"][name]["train"] for name in names]
            errors = [
                [100 * (1 - one["summary"][name]["test_accuracy"]) for name in names]
                for one in seeds
            ]
            _line_with_band(ax, size, errors, LOOKS[cell], NAMES[cell])
        ax.set(title=f"dropout {rate:g}", xlabel="training images", xticks=size)
        ax.set_xticklabels([f"{s:,}" for s in size], fontsize=10)
        ax.minorticks_off()
    axes[0].set(ylabel="test error, %", yticks=[1, 2, 5, 10, 20, 50])
    axes[0].yaxis.set_major_formatter("{x:.0f}")
    axes[0].legend(loc="best")
    return closed(figure)


def early_stopping(result: dict[str, Any]) -> Figure:
    """Training and validation loss of a run, with the epoch whose weights were kept.

    Args:
        result: a stored result of lstm-mnist.
    """
    plt = pyplot()
    figure, ax = plt.subplots(figsize=(5.5, 3.4))
    curves, chosen = result["curves"], result["summary"]["chosen_epoch"]
    epochs = np.arange(1, len(curves["train_loss"]) + 1)
    ax.semilogy(epochs, curves["train_loss"], **CYCLE[1], label="training")
    ax.semilogy(epochs, curves["validation_loss"], **CYCLE[0], label="validation")
    ax.plot(chosen, curves["validation_loss"][chosen - 1], "o", markersize=15, color="none",
            markeredgecolor="black", markeredgewidth=1.5, label="kept")  # fmt: skip
    ax.set(xlabel="epoch", ylabel="loss", xticks=epochs)
    ax.legend(loc="lower left")
    return closed(figure)


def dropout_survival(rates: Sequence[float] = (0.1, 0.3, 0.5), steps: int = 28) -> Figure:
    """What is left of a memory if dropout acts on it at every step, and between layers."""
    plt = pyplot()
    figure, ax = plt.subplots(figsize=(5.5, 3.5))
    t = np.arange(1, steps + 1)
    for rate, look in zip(rates, CYCLE, strict=False):
        ax.semilogy(t, (1 - rate) ** t, **look, markevery=4, label=f"on $c$, rate {rate:g}")
    ax.semilogy(t, np.full(steps, 1 - rates[1]), color="black", linewidth=1.5, marker="",
                linestyle=(0, (1, 1)), label=f"between layers, {rates[1]:g}")  # fmt: skip
    ax.set(xlabel="step $t$", ylabel="units never dropped")
    figure.legend(loc="outside upper center", ncols=2)
    return closed(figure)


def _box(ax: Axes, x: float, y: float, text: str, gate: bool | None) -> None:
    """Draw a gate (True), a candidate (False), or a plain operation (None)."""
    from matplotlib.patches import FancyBboxPatch

    shape = "round,pad=0,rounding_size=0.18" if gate is not False else "square,pad=0"
    ax.add_patch(
        FancyBboxPatch((x - 0.66, y - 0.5), 1.32, 1.0, boxstyle=shape, facecolor=INSIDE[gate],
                       edgecolor="black", zorder=3)
    )  # fmt: skip
    ax.text(x, y, text, ha="center", va="center", zorder=4, fontsize=12 if gate is None else 14)


def _node(ax: Axes, x: float, y: float, sign: str) -> None:
    ax.plot(x, y, marker="o", markersize=19, color="white", markeredgecolor="black", zorder=3)
    ax.text(x, y, sign, ha="center", va="center_baseline", zorder=4, fontsize=15)


def _line(ax: Axes, points: Sequence, color: str = "black", width: float = 1.6) -> None:
    x, y = zip(*points, strict=True)
    ax.plot(x, y, color=color, linewidth=width, linestyle="-", marker="", zorder=1)


def _arrow(ax: Axes, start: tuple, end: tuple) -> None:
    ax.annotate(
        "", end, start,
        arrowprops={"arrowstyle": "-|>", "color": "black", "linewidth": 1.6, "shrinkA": 0,
                    "shrinkB": 0, "mutation_scale": 14},
        zorder=2,
    )  # fmt: skip


def _legend(ax: Axes) -> None:
    for x, text, gate in ((0.2, "gate, $\\sigma$", True), (4.2, "candidate, tanh", False)):
        _swatch(ax, x, gate)
        ax.text(x + 0.75, -0.45, text, ha="left", va="center", fontsize=12)


def _swatch(ax: Axes, x: float, gate: bool) -> None:
    from matplotlib.patches import Rectangle

    ax.add_patch(Rectangle((x, -0.7), 0.6, 0.5, facecolor=INSIDE[gate], edgecolor="black"))
