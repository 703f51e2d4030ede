"""Exercise: signal propagation, up through a deep network and down again."""

import numpy as np

from course_lib.exercises.exercise import Arrays, Exercise, Hint
from course_lib.exercises.ladder.rungs import by_hand, irregular, matches, shapes
from course_lib.scratch.gradnets import layer_backward, layer_forward, mean_cosine, propagate


def small() -> Arrays:
    """Three inputs, four layers of three units, in the authors' form."""
    return {
        "x": irregular(3, 3, shift=1),
        "weights": irregular(4, 3, 3, shift=2, scale=1.5),
        "g": 0.4,
        "form": "pre-activation",
        "bias": 0.0,
    }


def with_gain_and_bias() -> Arrays:
    """Gain and bias together."""
    return {**small(), "g": 0.7, "form": "gain", "bias": 0.3}


def towards_the_input() -> Arrays:
    """The notebook's form, where the gradient has two ways down."""
    return {**small(), "g": 0.6, "form": "identity", "bias": 0.1}


def one_unit() -> Arrays:
    """Two inputs of one unit, two layers with weights 2 and -1."""
    return {
        "x": np.array([[3.0], [-1.0]]),
        "weights": np.array([[[2.0]], [[-1.0]]]),
        "g": 0.5,
        "form": "pre-activation",
        "bias": 0.0,
    }


def turning() -> Arrays:
    """Closed gate and layers that turn the plane, no bias: nothing may grow or shrink."""
    angles = np.array([0.3, 1.1, -0.7, 2.0, 0.5])
    turns = np.array([[np.cos(angles), np.sin(angles)], [-np.sin(angles), np.cos(angles)]])
    return {
        "x": irregular(3, 2, shift=1),
        "weights": turns.transpose(2, 0, 1),
        "g": 0.0,
        "form": "pre-activation",
    }


def one_layer() -> Arrays:
    """depth = 1."""
    given = small()
    return {**given, "weights": given["weights"][:1]}


def different_widths() -> Arrays:
    """Five inputs, then four units, then two."""
    return {
        "x": irregular(3, 5, shift=1),
        "W_1": irregular(5, 4, shift=2),
        "W_2": irregular(4, 2, shift=3),
        "g": 0.5,
        "form": "gain",
        "bias": 0.2,
    }


def split(given: Arrays) -> tuple:
    """The arguments, with the weights as a list."""
    weights = given.get("weights", [given[name] for name in given if name.startswith("W_")])
    return given["x"], list(weights), given["g"], given["form"], given["bias"]


def called(function, given: Arrays) -> Arrays:
    """The three results by name."""
    arguments = split(given) if "bias" in given else split({**given, "bias": None})[:-1]
    return dict(zip(("rms", "cosines", "backward"), function(*arguments), strict=True))


def states_from(l: int, h: np.ndarray, given: Arrays) -> list:
    """h_l, …, h_depth when h stands at layer l."""
    _, weights, g, form, bias = split(given)
    states = [h]
    for W in weights[l:]:
        states.append(layer_forward(states[-1], W, g, form, bias)[0])
    return states


def measured(given: Arrays) -> Arrays:
    """Scales and cosines from their definitions, the backward one by centred differences."""
    states = states_from(0, given["x"], given)
    rms = [np.sqrt(sum(float(e) ** 2 for e in h.flat) / h.size) for h in states]
    backward, step = [], 1e-6
    for l, h in enumerate(states):
        squares = 0.0
        for unit in range(h.shape[1]):
            move = step * (np.arange(h.shape[1]) == unit)
            above, below = (states_from(l, h + sign * move, given)[-1] for sign in (1, -1))
            squares += np.sum(((above - below) / (2 * step)) ** 2, axis=-1)
        backward.append(np.sqrt(np.mean(squares) / h.shape[1]))
    cosines = [mean_cosine(h) for h in states]
    return {"rms": np.array(rms), "cosines": np.array(cosines), "backward": np.array(backward)}


def unchanged(given: Arrays) -> Arrays:
    """What came in, at every layer."""
    ones = np.ones(len(given["weights"]) + 1)
    x = given["x"]
    return {
        "rms": ones * np.sqrt(np.mean(x**2)),
        "cosines": ones * mean_cosine(x),
        "backward": ones,
    }


EXERCISE = Exercise(
    reference=propagate,
    title="Signal propagation",
    goal="Follow a signal up through a deep network and a gradient down, and measure both at every "
    "layer.",
    difficulty=2,
    minutes=35,
    returns={"rms": "array", "cosines": "array", "backward": "array"},
    equivalent={
        "cosines, backward = np.zeros((3, depth -> cosines, backward = -np.zeros((3, depth": (
            "it is zero still, and every entry is overwritten"
        ),
        "cosines, backward = np.zeros((3, depth + 1) -> cosines, backward = np.ones((3, depth "
        "+ 1)": "every entry is overwritten",
        "n = h.shape[-1] -> n = h.shape[1]": "h has two axes",
        "dh = np.broadcast_to(np -> dh = -np.broadcast_to(np": "only squares of dh are looked at",
        "dh = np.broadcast_to(np.eye(n, dtype=h.dtype)[:, None], (n, *h.shape)) -> dh = "
        "np.eye(n, dtype=h.dtype)[:, None]": (
            "the batch comes in by broadcasting, with the first layer on the way down"
        ),
        "dtype=h.dtype)[:, None], (n, *h.shape -> dtype=h.dtype)[::-1, None], (n, *h.shape": (
            "the order of the units at the top is lost in the sum over them"
        ),
        "broadcast_to(np.eye(n, dtype=h.dtype)[:, None], (n,  -> broadcast_to(np.eye(n)[:, "
        "None], (n, ": "backward is an array of float64 in any case",
        "backward[depth] = np.sqrt(np.mean(np.sum(dh ** 2, axis=0))) -> backward[depth] = "
        "np.mean(np.sum(dh ** 2, axis=0))": "at the top it is the root of 1",
        "np.mean(np.sum(dh ** 2, axis=0))) -> np.mean(np.sum(dh, axis=0)))": (
            "at the top dh is the identity, of which one entry in each column, or row, is 1"
        ),
        "mean(np.sum(dh ** 2, axis=0))) -> mean(np.sum(dh ** 3, axis=0)))": (
            "at the top dh is the identity, of which one entry in each column, or row, is 1"
        ),
        "mean(np.sum(dh ** 2, axis=0))) -> mean(np.sum(dh ** 1, axis=0)))": (
            "at the top dh is the identity, of which one entry in each column, or row, is 1"
        ),
        "sum(dh ** 2, axis=0))) -> sum(dh ** 2, axis=-1)))": (
            "at the top dh is the identity, of which one entry in each column, or row, is 1"
        ),
        "dh = layer_backward(dh -> dh = -layer_backward(dh": "only squares of dh are looked at",
    },
    ladder=(
        shapes(small, called, rms=(5,), cosines=(5,), backward=(5,)),
        by_hand(
            one_unit,
            how="3 goes to 6 and on to -6 × 0.5 = -3;  -1 goes to -2 × 0.5 = -1 and on to 1\n"
            "rms: √((9 + 1)/2) = 2.236068, √((36 + 1)/2) = 4.301163, √((9 + 1)/2) = 2.236068\n"
            "the two have opposite signs all the way: each cosine is -1\n"
            "slopes on the way down: layer 2 has -0.5 and -1, layer 1 has 2 and 1\n"
            "backward: 1 at the top, then √((0.25 + 1)/2) = 0.790569, then √((1 + 1)/2) = 1",
            call=called,
            rms=np.sqrt([5.0, 18.5, 5.0]),
            cosines=np.array([-1.0, -1.0, -1.0]),
            backward=np.array([1.0, np.sqrt(0.625), 1.0]),
        ),
        matches(
            "layers that only turn change nothing while the gate is closed",
            turning,
            unchanged,
            "A closed gate makes the network linear, and a turn keeps lengths and angles; without "
            "a word on it the bias is 0.",
            called,
        ),
        matches(
            "equal to the definitions, the way down to centred differences",
            small,
            measured,
            call=called,
        ),
        matches("also with gain and bias", with_gain_and_bias, measured, call=called),
        matches(
            "also in the form that goes towards the layer's input",
            towards_the_input,
            measured,
            call=called,
        ),
        matches("one layer alone", one_layer, measured, "With one layer:", called),
        matches("layers may differ in width", different_widths, measured, call=called),
    ),
    promises={
        "With h_0 = x": "equal to the definitions, the way down to centred differences",
        "x: inputs": "it runs, and the shapes are right",
        "weights: list": "layers may differ in width",
        "g: the late gate": "layers that only turn change nothing while the gate is closed",
        "form: a word": (
            "also with gain and bias",
            "also in the form that goes towards the layer's input",
        ),
        "bias: a number": "also with gain and bias",
        "rms: root": ("it runs, and the shapes are right", "a case small enough to do by hand"),
        "cosines: mean": "equal to the definitions, the way down to centred differences",
        "backward: RMS that": (
            "it runs, and the shapes are right",
            "a case small enough to do by hand",
        ),
        "backward: it is the Frobenius": (
            "equal to the definitions, the way down to centred differences"
        ),
    },
    hints=(
        Hint(
            "Where does entry 0 come from?",
            "There are depth layers and depth + 1 places to measure: entry 0 is about the input, "
            "entry l about what layer l puts out. So measure once before the loop, and once after "
            "each layer.",
        ),
        Hint(
            "The way up is right, the way down isn't.",
            "Go from the top. Layer l needs its own weights and its own u, of the way up: layers "
            "are counted from 1, and lists from 0. What `layer_backward` returns belongs to "
            "`h_{l-1}`. And `backward[depth]` is measured before the loop.",
            fits=(
                "equal to the definitions, the way down to centred differences",
                "from top to bottom",
                "down in the order of up",
                "top left out",
                "every layer from the top",
                "one place too high",
                "outputs for pre activations",
                "last u for all",
                "index of the layer",
                "bottom left out",
            ),
        ),
        Hint(
            "What is the root of what, exactly?",
            "`dh` has shape (n, batch, units): one gradient for each unit at the top. Independent "
            "gradients add up by their squares, so sum `dh**2` over axis 0. Over batch and units, "
            "the other two axes, take the mean; then the root.",
            fits=(
                "mean over all axes",
                "added before squaring",
                "summed over the units",
                "root forgotten on the way down",
                "root before the mean",
                "norm on the way down",
                "plain mean over the batch",
            ),
        ),
        Hint(
            "Show me the recipe.",
            "Up: for each W `h, u = layer_forward(h, W, g, form, bias)`; keep u, and note the root "
            "of the mean of `h**2` and `mean_cosine(h)`, as for x before the loop. Down: for l "
            "from depth to 1 `dh = layer_backward(dh, us[l - 1], weights[l - 1], g, form)`. Each "
            "time, and before the loop, note the root of the mean of `np.sum(dh**2, axis=0)`.",
        ),
    ),
)


def _rms(h):
    return np.sqrt(np.mean(h**2))


def _down(dh):
    return np.sqrt(np.mean(np.sum(dh**2, axis=0)))


def _propagate(x, weights, g, form, bias, size=_rms, back=_down, seen=lambda h, u: h):
    """The reference with one of its measures replaced; for mistakes."""
    h, us, hs = x, [], [x]
    for W in weights:
        h, u = layer_forward(h, W, g, form, bias)
        us.append(u)
        hs.append(seen(h, u))
    dh = np.broadcast_to(np.eye(h.shape[1])[:, None], (h.shape[1], *h.shape))
    backward = [back(dh)]
    for W, u in zip(weights[::-1], us[::-1], strict=True):
        dh = layer_backward(dh, u, W, g, form)
        backward.append(back(dh))
    return (
        np.array([size(h) for h in hs]),
        np.array([mean_cosine(h) for h in hs]),
        np.array(backward[::-1]),
    )


@EXERCISE.mistake(
    "rms holds mean squares: the root is missing, so a signal that halves seems to fall to a "
    "quarter."
)
def mean_square_for_rms(x, weights, g, form, bias=0.0):
    """np.mean(h**2)."""
    return _propagate(x, weights, g, form, bias, size=lambda h: np.mean(h**2))


@EXERCISE.mistake(
    "rms holds means of signed entries, which cancel: square first, then take the mean, then the "
    "root."
)
def mean_for_rms(x, weights, g, form, bias=0.0):
    """np.mean(h)."""
    return _propagate(x, weights, g, form, bias, size=np.mean)


@EXERCISE.mistake(
    "rms holds standard deviations, which leave out the mean: ReLU makes the mean positive, and "
    "that is part of the signal. Use the root of the mean square."
)
def standard_deviation(x, weights, g, form, bias=0.0):
    """np.std."""
    return _propagate(x, weights, g, form, bias, size=np.std)


@EXERCISE.mistake(
    "rms holds means of absolute values: that is another measure of size, and always the smaller "
    "one. Square the entries, take the mean, then the root."
)
def mean_of_absolute_values(x, weights, g, form, bias=0.0):
    """np.abs(h).mean()."""
    return _propagate(x, weights, g, form, bias, size=lambda h: np.abs(h).mean())


@EXERCISE.mistake(
    "Each example's Frobenius norm is right, but over the batch their plain mean is taken: it is "
    "their root mean square, so take the mean of the squares, and the root last."
)
def plain_mean_over_the_batch(x, weights, g, form, bias=0.0):
    """The root for each example, then the mean."""
    return _propagate(
        x,
        weights,
        g,
        form,
        bias,
        back=lambda dh: np.mean(np.sqrt(np.sum(dh**2, axis=(0, 2)) / dh.shape[2])),
    )


@EXERCISE.mistake(
    "Every layer goes back through the u of the last one: on the way up each u is overwritten by "
    "the next. Keep them all, in a list."
)
def last_u_for_all(x, weights, g, form, bias=0.0):
    """u after the loop."""
    rms, cosines, backward = propagate(x, weights, g, form, bias)
    h = x
    for W in weights:
        h, u = layer_forward(h, W, g, form, bias)
    dh = np.broadcast_to(np.eye(h.shape[1])[:, None], (h.shape[1], *h.shape))
    for l in range(len(weights), 0, -1):
        dh = layer_backward(dh, u, weights[l - 1], g, form)
        backward[l - 1] = _down(dh)
    return rms, cosines, backward


@EXERCISE.mistake(
    "rms holds norms, which grow with the batch and the number of units: the mean is missing "
    "before the root."
)
def norm_for_rms(x, weights, g, form, bias=0.0):
    """np.linalg.norm(h)."""
    return _propagate(x, weights, g, form, bias, size=np.linalg.norm)


@EXERCISE.mistake(
    "The way back takes every form for the pre-activation form: in the others a layer has a gain, "
    "or a second way down, so hand `form` on to layer_backward as it came."
)
def one_form_on_the_way_back(x, weights, g, form, bias=0.0):
    """layer_backward(…, "pre-activation")."""
    rms, cosines, backward = propagate(x, weights, g, form, bias)
    h, us = x, []
    for W in weights:
        h, u = layer_forward(h, W, g, form, bias)
        us.append(u)
    dh = np.broadcast_to(np.eye(h.shape[1])[:, None], (h.shape[1], *h.shape))
    for l in range(len(weights), 0, -1):
        dh = layer_backward(dh, us[l - 1], weights[l - 1], g, "pre-activation")
        backward[l - 1] = _down(dh)
    return rms, cosines, backward


@EXERCISE.mistake(
    "The input is not measured: entry 0 of rms and cosines is about h_0 = x, before any layer."
)
def input_left_out(x, weights, g, form, bias=0.0):
    """Only the layers' outputs."""
    rms, cosines, backward = propagate(x, weights, g, form, bias)
    rms[0] = cosines[0] = 0.0
    return rms, cosines, backward


@EXERCISE.mistake(
    "The last layer's output is not measured, as when a loop measures what comes into each layer: "
    "rms and cosines have one entry more than there are layers, and the last is about h_depth."
)
def last_output_left_out(x, weights, g, form, bias=0.0):
    """Only the layers' inputs."""
    rms, cosines, backward = propagate(x, weights, g, form, bias)
    rms[-1] = cosines[-1] = 0.0
    return rms, cosines, backward


@EXERCISE.mistake(
    "What is measured are the pre-activations u: layer_forward returns y first, then u, and h_l "
    "is y."
)
def pre_activations_measured(x, weights, g, form, bias=0.0):
    """rms of u."""
    return _propagate(x, weights, g, form, bias, seen=lambda h, u: u)


@EXERCISE.mistake(
    "Every layer gets the input x: the output of one layer is the input of the next, "
    "h, u = layer_forward(h, …)."
)
def every_layer_on_the_input(x, weights, g, form, bias=0.0):
    """h is never passed on."""
    rms, cosines, backward = [_rms(x)], [mean_cosine(x)], []
    us = []
    for W in weights:
        h, u = layer_forward(x, W, g, form, bias)
        us.append(u)
        rms.append(_rms(h))
        cosines.append(mean_cosine(h))
    dh = np.broadcast_to(np.eye(h.shape[1])[:, None], (h.shape[1], *h.shape))
    backward = [_down(dh)]
    for W, u in zip(weights[::-1], us[::-1], strict=True):
        dh = layer_backward(dh, u, W, g, form)
        backward.append(_down(dh))
    return np.array(rms), np.array(cosines), np.array(backward[::-1])


@EXERCISE.mistake(
    "The bias isn't passed on: layer_forward takes it as its last argument, and the gradient needs "
    "the u that it gave."
)
def bias_forgotten(x, weights, g, form, bias=0.0):
    """layer_forward(h, W, g, form)."""
    return _propagate(x, weights, g, form, 0.0)


@EXERCISE.mistake(
    "The mean goes over all three axes of dh: the first one counts the independent gradients, "
    "whose squares add up, so sum over axis 0 and take the mean over the other two."
)
def mean_over_all_axes(x, weights, g, form, bias=0.0):
    """np.mean(dh**2)."""
    return _propagate(x, weights, g, form, bias, back=_rms)


@EXERCISE.mistake(
    "The gradients are added before they are squared, so that they cancel or help each other: they "
    "are independent, so square first, then sum over axis 0."
)
def added_before_squaring(x, weights, g, form, bias=0.0):
    """np.sum(dh, axis=0)**2."""
    return _propagate(
        x, weights, g, form, bias, back=lambda dh: np.sqrt(np.mean(np.sum(dh, axis=0) ** 2))
    )


@EXERCISE.mistake(
    "backward holds mean squares: the root is missing there, after the sum and the mean."
)
def root_forgotten_on_the_way_down(x, weights, g, form, bias=0.0):
    """np.mean(np.sum(dh**2, axis=0))."""
    return _propagate(x, weights, g, form, bias, back=lambda dh: np.mean(np.sum(dh**2, axis=0)))


@EXERCISE.mistake(
    "The root is taken before the mean: over batch and units it is a mean square first, then one "
    "root of it."
)
def root_before_the_mean(x, weights, g, form, bias=0.0):
    """A mean of roots."""
    return _propagate(
        x, weights, g, form, bias, back=lambda dh: np.mean(np.sqrt(np.sum(dh**2, axis=0)))
    )


@EXERCISE.mistake(
    "backward is a norm: over batch and units it needs the mean of the squares, not their sum."
)
def norm_on_the_way_down(x, weights, g, form, bias=0.0):
    """np.linalg.norm(dh)."""
    return _propagate(x, weights, g, form, bias, back=np.linalg.norm)


@EXERCISE.mistake(
    "backward is upside down: it is 1 at the last layer, backward[depth], and entry 0 is what "
    "reaches the input."
)
def from_top_to_bottom(x, weights, g, form, bias=0.0):
    """In the order of the backward pass."""
    rms, cosines, backward = propagate(x, weights, g, form, bias)
    return rms, cosines, backward[::-1]


@EXERCISE.mistake(
    "The gradient is sent through the layers from the first to the last: it comes from the top, so "
    "go through weights and us in reverse."
)
def down_in_the_order_of_up(x, weights, g, form, bias=0.0):
    """zip(weights, us) without reversed."""
    rms, cosines, backward = propagate(x, weights, g, form, bias)
    h, us = x, []
    for W in weights:
        h, u = layer_forward(h, W, g, form, bias)
        us.append(u)
    dh = np.broadcast_to(np.eye(h.shape[1])[:, None], (h.shape[1], *h.shape))
    for l, (W, u) in enumerate(zip(weights, us, strict=True), start=1):
        dh = layer_backward(dh, u, W, g, form)
        backward[len(weights) - l] = _down(dh)
    return rms, cosines, backward


@EXERCISE.mistake(
    "The way down takes the layers' u from the top and their weights from the bottom: a layer goes "
    "back through its own of both, so reverse weights as well."
)
def weights_in_the_order_of_up(x, weights, g, form, bias=0.0):
    """zip(weights, reversed(us))."""
    rms, cosines, backward = propagate(x, weights, g, form, bias)
    h, us = x, []
    for W in weights:
        h, u = layer_forward(h, W, g, form, bias)
        us.append(u)
    dh = np.broadcast_to(np.eye(h.shape[1])[:, None], (h.shape[1], *h.shape))
    for l, (W, u) in enumerate(zip(weights, us[::-1], strict=True), start=1):
        dh = layer_backward(dh, u, W, g, form)
        backward[len(weights) - l] = _down(dh)
    return rms, cosines, backward


@EXERCISE.mistake(
    "The top is not measured: backward[depth] is that of the unit gradients themselves, 1, before "
    "any layer."
)
def top_left_out(x, weights, g, form, bias=0.0):
    """Only the loop."""
    rms, cosines, backward = propagate(x, weights, g, form, bias)
    backward[-1] = 0.0
    return rms, cosines, backward


@EXERCISE.mistake(
    "Each layer gets the gradient of the top: what layer_backward returns is the gradient for the "
    "layer below, dh = layer_backward(dh, …)."
)
def every_layer_from_the_top(x, weights, g, form, bias=0.0):
    """dh is never passed on."""
    rms, cosines, backward = propagate(x, weights, g, form, bias)
    h, us = x, []
    for W in weights:
        h, u = layer_forward(h, W, g, form, bias)
        us.append(u)
    dh = np.broadcast_to(np.eye(h.shape[1])[:, None], (h.shape[1], *h.shape))
    for l, (W, u) in enumerate(zip(weights, us, strict=True)):
        backward[l] = _down(layer_backward(dh, u, W, g, form))
    return rms, cosines, backward


@EXERCISE.mistake(
    "What layer l brings back is written to backward[l]: it is the gradient at the layer's input, "
    "h_{l-1}, so it belongs to backward[l - 1]."
)
def one_place_too_high(x, weights, g, form, bias=0.0):
    """backward[l] = … in the loop over l."""
    rms, cosines, backward = propagate(x, weights, g, form, bias)
    return rms, cosines, np.concatenate([[0.0], backward[:-1]])


@EXERCISE.mistake(
    "layer_backward is given the layer's output where it needs u: the slope is decided by the "
    "pre-activation, so keep each u on the way up."
)
def outputs_for_pre_activations(x, weights, g, form, bias=0.0):
    """hs[l] for us[l - 1]."""
    rms, cosines, backward = propagate(x, weights, g, form, bias)
    h, hs = x, []
    for W in weights:
        h, _ = layer_forward(h, W, g, form, bias)
        hs.append(h)
    dh = np.broadcast_to(np.eye(h.shape[1])[:, None], (h.shape[1], *h.shape))
    for l in range(len(weights), 0, -1):
        dh = layer_backward(dh, hs[l - 1], weights[l - 1], g, form)
        backward[l - 1] = _down(dh)
    return rms, cosines, backward


@EXERCISE.mistake(
    "layer_forward's two results are swapped, so the network goes on with u, as if it were linear: "
    "y comes first, h, u = layer_forward(…)."
)
def results_swapped(x, weights, g, form, bias=0.0):
    """u, h = layer_forward(…)."""
    h, us, hs = x, [], [x]
    for W in weights:
        u, h = layer_forward(h, W, g, form, bias)
        us.append(u)
        hs.append(h)
    dh = np.broadcast_to(np.eye(h.shape[1])[:, None], (h.shape[1], *h.shape))
    backward = [_down(dh)]
    for W, u in zip(weights[::-1], us[::-1], strict=True):
        dh = layer_backward(dh, u, W, g, form)
        backward.append(_down(dh))
    rms, cosines = [_rms(h) for h in hs], [mean_cosine(h) for h in hs]
    return np.array(rms), np.array(cosines), np.array(backward[::-1])


@EXERCISE.mistake(
    "The lists are one place short of l: layers count from 1 and lists from 0, so layer l has "
    "weights[l - 1] and us[l - 1]."
)
def index_of_the_layer(x, weights, g, form, bias=0.0):
    """us[l], weights[l]."""
    return propagate(x, [weights[l] for l in range(1, len(weights) + 1)], g, form, bias)


@EXERCISE.mistake(
    "The way down stops one layer early, and backward[0] stays 0: it goes on through the first "
    "layer, whose input is h_0, and is measured there too."
)
def bottom_left_out(x, weights, g, form, bias=0.0):
    """range(depth, 1, -1)."""
    rms, cosines, backward = propagate(x, weights, g, form, bias)
    backward[0] = 0.0
    return rms, cosines, backward


@EXERCISE.mistake(
    "The squares are summed over the units of the layer and averaged over the gradients; it is the "
    "other way round: the gradients stand on axis 0, and their squares add up."
)
def summed_over_the_units(x, weights, g, form, bias=0.0):
    """axis=-1."""
    return _propagate(
        x, weights, g, form, bias, back=lambda dh: np.sqrt(np.mean(np.sum(dh**2, axis=-1)))
    )


@EXERCISE.mistake(
    "layer_backward is given transposed weights: it takes W as in the forward pass, and transposes "
    "it itself."
)
def transposed_on_the_way_down(x, weights, g, form, bias=0.0):
    """W.T."""
    rms, cosines, backward = propagate(x, weights, g, form, bias)
    h, us = x, []
    for W in weights:
        h, u = layer_forward(h, W, g, form, bias)
        us.append(u)
    dh = np.broadcast_to(np.eye(h.shape[1])[:, None], (h.shape[1], *h.shape))
    for l in range(len(weights), 0, -1):
        dh = layer_backward(dh, us[l - 1], weights[l - 1].T, g, form)
        backward[l - 1] = _down(dh)
    return rms, cosines, backward


@EXERCISE.mistake(
    'Every form is treated as "pre-activation": pass form on to layer_forward and layer_backward.'
)
def form_ignored(x, weights, g, form, bias=0.0):
    """A fixed form."""
    return propagate(x, weights, g, "pre-activation", bias)


@EXERCISE.mistake(
    "Both scales are mean squares: the root is missing on the way up and on the way down."
)
def no_root_anywhere(x, weights, g, form, bias=0.0):
    """Squares throughout."""
    rms, cosines, backward = propagate(x, weights, g, form, bias)
    return rms**2, cosines, backward**2


@EXERCISE.alternative
def with_jacobians(x, weights, g, form, bias=0.0):
    """The Jacobian of each layer and example, multiplied up; Frobenius norms at the end."""
    hs, jacobians = [x], []
    for W in weights:
        h, u = layer_forward(hs[-1], W, g, form, bias)
        hs.append(h)
        units = np.broadcast_to(np.eye(h.shape[1])[:, None], (h.shape[1], *h.shape))
        jacobians.append(layer_backward(units, u, W, g, form).transpose(1, 0, 2))
    product = np.broadcast_to(np.eye(h.shape[1]), (len(x), h.shape[1], h.shape[1]))
    backward = [1.0]
    for jacobian in jacobians[::-1]:
        product = product @ jacobian
        norms = np.linalg.norm(product, axis=(1, 2))
        backward.insert(0, np.sqrt(np.mean(norms**2) / product.shape[2]))
    rms = np.array([np.linalg.norm(h) / np.sqrt(h.size) for h in hs])
    return rms, np.array([mean_cosine(h) for h in hs]), np.array(backward)


@EXERCISE.alternative
def with_lists(x, weights, g, form, bias=0.0):
    """Lists that grow; einsum for the squares."""
    h, kept = x, []
    rms, cosines = [_rms(x)], [mean_cosine(x)]
    for W in weights:
        h, u = layer_forward(h, W, g, form, bias)
        kept.append((W, u))
        rms += [_rms(h)]
        cosines += [mean_cosine(h)]
    dh = np.stack([np.tile(row, (len(x), 1)) for row in np.eye(h.shape[1])])
    backward = [np.sqrt(np.einsum("kbn,kbn->", dh, dh) / h.size)]
    while kept:
        W, u = kept.pop()
        dh = layer_backward(dh, u, W, g, form)
        backward = [np.sqrt(np.einsum("kbn,kbn->", dh, dh) / (len(x) * len(W))), *backward]
    return np.array(rms), np.array(cosines), np.array(backward)
