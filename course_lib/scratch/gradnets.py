"""GradNets: a network that starts easy and is turned into the one we want.

One number g, the late gate, runs from 0 to 1 while the network is trained and
interpolates between an early computation and a late one. Almeida and Sauder,
arXiv 1511.06827, 2015. The exact forms here are those of public code, and each
function says whose: the first author's library `treeano`, whose GReLU, batch
normalisation and dropout are younger than the paper; or A. Zhang's notebook
`ZhangBanger/highway-vs-gradnet` (2015), whose GReLU is another one.

Every function works for any batch size; float64 in gives float64 out.
"""

import math

import numpy as np

FORMS = ("pre-activation", "gain", "identity")


def late_gate(step, start, end):
    """The schedule: 0 until `start`, 1 from `end` on, a straight line between.

    With start = 0 and end = tau it is min(t / tau, 1), the formula that the
    notebook quotes.

    Args:
        step: training steps done so far; a fraction of epochs works as well.
        start, end: the step where the line starts and the one where it ends,
            in the unit of `step`; start < end.

    Returns:
        g, a float from 0 to 1.

    Raises:
        ValueError: if `end` is not after `start`.
    """
    if not start < end:
        raise ValueError(
            f"start is {start} and end is {end}: end must be later."
        )
    return float(min(max((step - start) / (end - start), 0.0), 1.0))


def interpolate(early, late, g):
    """The general form, (1 - g) early + g late.

    Source: `GradNetInterpolationNode` of treeano.

    Args:
        early, late: arrays of one shape, the two computations' results.
        g: the late gate, a number from 0 to 1.

    Returns:
        An array of that shape: `early` at g = 0, `late` at g = 1.
    """
    return (1 - g) * early + g * late


def grelu(u, g):
    """Gradual ReLU on the pre-activation: the identity at g = 0, ReLU at 1.

    A mixture of u and relu(u) in the shares 1 - g and g, which is a leaky ReLU
    of slope 1 - g. Source: `GradualReLUNode` of treeano.

    Args:
        u: pre-activations, any shape; they may be whole numbers.
        g: the late gate, a number from 0 to 1.

    Returns:
        y: the shape of u.
    """
    # IMPLEMENT-ME: y, for any gate: u itself if it is shut, the ReLU of u if
    # it is open, and as much of each as the gate says in between
    y = np.where(u > 0, u, (1 - g) * u)
    # END IMPLEMENT-ME
    return y


def grelu_backward(dy, u, g):
    """Back through `grelu`.

    Args:
        dy: gradient of the loss with respect to y, the shape of u; or with
            more axes in front, one gradient for each entry there.
        u: the pre-activations of the forward pass.
        g: the late gate of the forward pass.

    Returns:
        du: the shape of dy. At u = 0, where there is no derivative, the slope
            of the negative side counts.
    """
    # IMPLEMENT-ME: the part of the gradient that reaches u, for any number of
    # axes in front
    du = np.where(u > 0, dy, (1 - g) * dy)
    # END IMPLEMENT-ME
    return du


def identity_grelu(x, u, g):
    """The notebook's GReLU: interpolates between the layer's input and ReLU.

    interpolate(x, relu(u), g): a skip connection with one gate for the whole
    network. At g = 0 the layer's weights have no effect at all, whereas
    `grelu` is then a linear layer that learns.

    Args:
        x: the layer's input, shape (batch, n).
        u: the layer's pre-activation, x W + b, the shape of x.
        g: the late gate, a number from 0 to 1.

    Returns:
        y: the shape of x.
    """
    return interpolate(x, np.maximum(u, 0), g)


def identity_grelu_backward(dy, u, g):
    """Back through `identity_grelu`, along its two ways.

    Args:
        dy: gradient with respect to y, the shape of u, or with more axes in
            front as in `grelu_backward`.
        u: the pre-activations of the forward pass.
        g: the late gate of the forward pass.

    Returns:
        dx: what reaches the input along the skip alone, the shape of dy; the
            way through the weights, du W^T, comes on top.
        du: gradient with respect to the pre-activation, the shape of dy.
    """
    return (1 - g) * dy, np.where(u > 0, g * dy, 0.0)


def gain(alpha):
    """The factor that gives a leaky ReLU's output its input's mean square.

    If u is normal with mean 0, half of its mean square is on the positive side
    and half on the negative, where the slope shrinks it by alpha^2. For GReLU
    alpha = 1 - g. It is also the output scale of TAT's leaky ReLU (Zhang,
    Botev and Martens, 2022), so that GReLU with it is an annealed TAT.

    Args:
        alpha: slope of the negative side.

    Returns:
        sqrt(2 / (1 + alpha^2)), a float: 1 for the identity, sqrt(2) for ReLU.
    """
    return math.sqrt(2 / (1 + alpha**2))


def gradual_dropout(x, p, g, rng, training=True):
    """Dropout that fades in: its probability is p g, from 0 at first to p.

    Inverted scaling: what is kept is scaled up in training, so that nothing
    is done at evaluation. Source: `GradualDropoutNode` of treeano.

    Args:
        x: any shape.
        p: probability that an entry is dropped at g = 1, at least 0, below 1.
        g: the late gate, a number from 0 to 1.
        rng: a numpy Generator; one uniform number is drawn for each entry of
            x, whatever g is. From the same seed, what is dropped at one g is
            dropped at any larger one too.
        training: False at evaluation.

    Returns:
        y: the shape of x.
        scale: what x was multiplied by, the shape of x; the backward pass
            is dy * scale.
    """
    scale = np.ones_like(x)
    # IMPLEMENT-ME: in training, scale says what becomes of each entry; p and
    # the gate decide how many are lost, and the mean stays where it was; at
    # evaluation nothing happens
    if training:
        keep = rng.random(x.shape) >= p * g
        scale = keep.astype(x.dtype) / (1 - p * g)
    # END IMPLEMENT-ME
    return x * scale, scale


def gradual_batch_norm(x, gamma, beta, g, epsilon=1e-5):
    """Batch normalisation that fades out, (1 - g) BN(x) + g x, in training.

    The other way round than the rest: what helps early is gone in the end. At
    g = 1 no row depends on its batch any more, and a test needs no stored
    mean or variance. Source: `GradualSimpleBatchNormalizationNode` of treeano.

    Args:
        x: shape (batch, n).
        gamma, beta: scale and shift of the normalised values, shape (n,).
        g: the late gate, a number from 0 to 1.
        epsilon: added to the variance, so that no division is by 0.

    Returns:
        y: shape (batch, n).
    """
    normal = (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + epsilon)
    return interpolate(gamma * normal + beta, x, g)


def cosine_map(c, alpha):
    """One layer's effect on the cosine of two inputs, in a very wide network.

    For the leaky ReLU of slope alpha with its `gain`, and weights that keep
    norms. Source: TAT (Zhang, Botev and Martens, 2022), as in
    `activation_transform.py` of deepmind/dks.

    Args:
        c: cosine before the layer, from -1 to 1.
        alpha: slope of the negative side, from 0 to 1.

    Returns:
        The cosine after the layer, a float.
    """
    c = min(max(c, -1.0), 1.0)  # rounding may have carried it past 1
    relu = (math.sqrt(1 - c**2) + (math.pi - math.acos(c)) * c) / math.pi
    return ((1 - alpha) ** 2 * relu + 2 * alpha * c) / (1 + alpha**2)


def stop_gate(depth, eta=0.9):
    """How far a late gate may open before all inputs come to look alike.

    Two inputs at right angles, whose cosine is 0, go through the layers, and
    each does to their cosine what `cosine_map` says, with the slope 1 - g. The
    wider the gate, the closer together they come out.

    Args:
        depth: number of layers, at least 1.
        eta: cosine that is just allowed behind the last layer, between 0 and
            1.

    Returns:
        g: the widest gate with a cosine of at most eta, from 0 to 1, to ten
            digits; 1 where even ReLU keeps to that.
    """

    # IMPLEMENT-ME: with g the two inputs have come exactly as close together
    # as they may, or g is 1
    def last_cosine(gate):
        c = 0.0
        for _ in range(depth):
            c = cosine_map(c, 1 - gate)
        return c

    if last_cosine(1.0) <= eta:
        return 1.0
    g, too_wide = 0.0, 1.0
    for _ in range(50):
        middle = (g + too_wide) / 2
        if last_cosine(middle) > eta:
            too_wide = middle
        else:
            g = middle
    # END IMPLEMENT-ME
    return g


def tat_slope(depth, eta=0.9):
    """The slope with which `depth` layers carry a cosine of 0 to `eta`.

    With a smaller slope all inputs come to look alike; with a larger one the
    network is more linear than it need be. Source: TAT, as `cosine_map`.

    Args:
        depth, eta: as in `stop_gate`.

    Returns:
        alpha, from 0 to 1; 0 where a plain ReLU already stays below `eta`.
    """
    return 1 - stop_gate(depth, eta)


def layer_forward(x, W, g, form, bias=0.0):
    """One layer of a GradNet.

    Args:
        x: the layer's input, shape (batch, m).
        W: weights, shape (m, n); for the form "identity" m = n.
        g: the late gate, a number from 0 to 1.
        form: "pre-activation" (`grelu`), "gain" (the same times its `gain`) or
            "identity" (`identity_grelu`).
        bias: a number, or shape (n,).

    Returns:
        y (batch, n), and u (batch, n), the pre-activation.

    Raises:
        ValueError: if `form` is none of the three.
    """
    if form not in FORMS:
        raise ValueError(f"form is {form!r}; choose one of {FORMS}.")
    u = x @ W + bias
    if form == "identity":
        return identity_grelu(x, u, g), u
    y = grelu(u, g)
    return (gain(1 - g) * y if form == "gain" else y), u


def layer_backward(dy, u, W, g, form):
    """Back through `layer_forward`, to its input.

    Args:
        dy: gradient with respect to y, shape (batch, n), or with more axes in
            front.
        u: the pre-activations of the forward pass, shape (batch, n).
        W, g, form: as in the forward pass.

    Returns:
        dx: shape (batch, m), with dy's axes in front.
    """
    if form == "identity":
        dx, du = identity_grelu_backward(dy, u, g)
        return dx + du @ W.T
    du = grelu_backward(dy, u, g)
    return (gain(1 - g) * du if form == "gain" else du) @ W.T


def mean_cosine(h):
    """Mean cosine over all pairs of different rows.

    Args:
        h: shape (batch, n), batch at least 2. A row of zeros points nowhere:
            its cosine with any other counts as 0.

    Returns:
        A float from -1 to 1.
    """
    norms = np.linalg.norm(h, axis=-1, keepdims=True)
    directions = h / np.where(norms > 0, norms, 1)
    pairs = np.triu_indices(len(h), k=1)
    return float(np.mean((directions @ directions.T)[pairs]))


def propagate(x, weights, g, form, bias=0.0):
    """How a signal fares on its way up a deep network, and a gradient down.

    With h_0 = x and h_l what layer l puts out, entry l of each result is about
    h_l, for l = 0 … depth.

    Args:
        x: inputs, shape (batch, n_0), batch at least 2.
        weights: list of the layers' weights, shapes (n_{l-1}, n_l).
        g: the late gate, the same in all layers.
        form: a word for `layer_forward`: "pre-activation", "gain" or
            "identity".
        bias: a number, the bias of every unit.

    Returns:
        rms: root mean square of h_l, shape (depth + 1,).
        cosines: mean cosine between different inputs' h_l, (depth + 1,).
        backward: RMS that a gradient has at h_l if its entries at the last
            layer are independent with mean square 1, shape (depth + 1,); it is
            the Frobenius norm of the Jacobian ∂h_depth/∂h_l over the root of
            n_l, as root mean square over the batch.
    """
    depth = len(weights)
    rms, cosines, backward = np.zeros((3, depth + 1))
    # IMPLEMENT-ME: rms and cosines are full, for the input and for the output
    # of every layer; h is the last output, and everything that the way back
    # will need is kept
    h, us = x, []
    rms[0], cosines[0] = np.sqrt(np.mean(h**2)), mean_cosine(h)
    for l, W in enumerate(weights, start=1):
        h, u = layer_forward(h, W, g, form, bias)
        us.append(u)
        rms[l], cosines[l] = np.sqrt(np.mean(h**2)), mean_cosine(h)
    # END IMPLEMENT-ME
    # One gradient for each unit k at the top, (n, batch, n): 1 at k, else 0.
    n = h.shape[-1]
    dh = np.broadcast_to(np.eye(n, dtype=h.dtype)[:, None], (n, *h.shape))
    # IMPLEMENT-ME: backward is full, from the last layer down to the input
    backward[depth] = np.sqrt(np.mean(np.sum(dh**2, axis=0)))
    for l in range(depth, 0, -1):
        dh = layer_backward(dh, us[l - 1], weights[l - 1], g, form)
        backward[l - 1] = np.sqrt(np.mean(np.sum(dh**2, axis=0)))
    # END IMPLEMENT-ME
    return rms, cosines, backward


def gradient_norms(grads):
    """Length of each layer's gradient: does it vanish or explode, and where?

    Args:
        grads: a list with one dict of gradient arrays, of any shapes, for each
            layer in order; left as they are.

    Returns:
        norms: shape (number of layers,). Entry l is the L2 norm of all entries
            of layer l's arrays together, weights and biases; never below 0.
    """
    return np.array(
        [np.sqrt(sum(np.sum(g**2) for g in layer.values())) for layer in grads]
    )


def final_accuracy(network, x, labels, g_now, g_end, size=100):
    """Accuracy of the network that training leads to, on held-back data.

    Args:
        network: a function of (x, g, training) that returns logits, shape
            (batch, c); training says whether its dropout is on.
        x: inputs, shape (N, m).
        labels: right classes, integers of shape (N,).
        g_now: the late gate at this step of training.
        g_end: the late gate at the end of training.
        size: rows that are handed to `network` at once; the last ones may be
            fewer.

    Returns:
        The share of the N rows that are classified correctly, from 0 to 1.
    """
    right = 0
    for start in range(0, len(x), size):
        rows = slice(start, start + size)
        logits = network(x[rows], g_end, False)
        right += np.sum(logits.argmax(axis=-1) == labels[rows])
    return float(right / len(x))
