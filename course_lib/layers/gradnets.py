"""GradNets in Keras, and the layers that they are compared with.

The maths of `course_lib.scratch.gradnets`. The late gate g is one variable for
the whole network: a `LateGate` holds it, and hands it to every gradual layer.

    x = keras.Input((784,))
    g = LateGate()(x)
    h = keras.layers.Dense(50, activation="relu")(x)
    for _ in range(48):
        h = GReLUDense(50, form="gain")(h, g)

`course_lib.layers.gate_schedule.GateSchedule` opens it while `fit` runs.
"""

from functools import partial

import keras
from keras import ops

from course_lib.layers.double import begins_at, in_double
from course_lib.layers.sizes import (
    checked_seed,
    checked_units,
    with_checks,
)
from course_lib.scratch.gradnets import FORMS
from course_lib.values import FROM_0, FROM_0_TO_1, checked_number


def interpolate(early, late, g):
    """The general form, (1 - g) early + g late; see `scratch.gradnets`."""
    return (1 - g) * early + g * late


def grelu(u, g):
    """Gradual ReLU on the pre-activation; see `scratch.gradnets`."""
    return ops.where(u > 0, u, (1 - g) * u)


def gain(alpha):
    """What keeps a mean square through it; see `scratch.gradnets`."""
    return ops.sqrt(2 / (1 + alpha**2))


@keras.saving.register_keras_serializable("course_lib")
class LateGate(keras.layers.Layer):
    """The late gate g: a scalar variable that no gradient changes.

    Args:
        g: its value until somebody assigns another, from 0 to 1.
    """

    def __init__(self, g=0.0, **kwargs):
        super().__init__(**kwargs)
        self.start = checked_number(g, "g", FROM_0_TO_1)
        self.g = self.add_weight(
            name="g",
            shape=(),
            initializer=begins_at(self.start),
            trainable=False,
        )
        self.built = True

    def call(self, x):
        """The gate, a scalar tensor; x only ties it to a network's input."""
        return ops.cast(self.g, self.compute_dtype)

    def compute_mask(self, x, mask=None):
        """None: a gate has no steps."""
        return None

    def get_config(self):
        """What Keras stores to build the same layer again."""
        return {**super().get_config(), "g": self.start}


def _fresh(initializer):
    """An initializer of its own: one that is shared draws the same twice."""
    initializer = keras.initializers.get(initializer)
    if isinstance(initializer, keras.initializers.Initializer):
        return initializer.clone()
    return initializer


class _Dense(keras.layers.Layer):
    """What the dense layers below share: u = x W + b."""

    def __init__(
        self,
        units,
        kernel_initializer="orthogonal",
        bias_initializer="zeros",
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.units = checked_units(units)
        self.kernel_initializer = _fresh(kernel_initializer)
        self.bias_initializer = _fresh(bias_initializer)

    def build(self, input_shape, *_):
        """Make W (m, n) and b (n,)."""
        self.W = self.add_weight(
            name="W",
            shape=(input_shape[-1], self.units),
            initializer=self.kernel_initializer,
        )
        self.b = self.add_weight(
            name="b", shape=(self.units,), initializer=self.bias_initializer
        )

    def pre_activation(self, x):
        return ops.matmul(x, self.W) + self.b

    def get_config(self):
        """What Keras stores to build the same layer again."""
        initializers = {
            name: keras.initializers.serialize(getattr(self, name))
            for name in ("kernel_initializer", "bias_initializer")
        }
        return {**super().get_config(), "units": self.units, **initializers}


def _check_square(layer, input_shape):
    if input_shape[-1] != layer.units:
        raise ValueError(
            f"{type(layer).__name__} adds its input to its output: give it"
            f" as many units as its input has, {input_shape[-1]}, not"
            f" {layer.units}; or put a Dense layer before it."
        )


@keras.saving.register_keras_serializable("course_lib")
class GReLUDense(_Dense):
    """A dense layer with gradual ReLU; `scratch.gradnets.layer_forward`.

    A plain ReLU layer is the form "pre-activation" at g = 1. TAT's leaky ReLU
    (Zhang, Botev and Martens, 2022) is the form "gain" at g = 1 - alpha.

    Args:
        units: number of units, n.
        form: "pre-activation", "gain" or "identity".
        kernel_initializer, bias_initializer: as in `keras.layers.Dense`. At
            g = 0 the first two forms are linear layers: orthogonal weights
            keep the norm of all that passes.

    Raises:
        ValueError: if `form` is none of the three; in the form "identity"
            also if the input has not `units` entries.
    """

    def __init__(self, units, form="gain", **kwargs):
        super().__init__(units, **kwargs)
        if not isinstance(form, str) or form not in FORMS:
            raise ValueError(f"form is {form!r}; choose one of {FORMS}.")
        self.form = form

    def build(self, x_shape, g_shape=None):
        """Make W (m, n) and b (n,)."""
        if self.form == "identity":
            _check_square(self, x_shape)
        super().build(x_shape)

    def call(self, x, g):
        """The layer.

        Args:
            x: input, shape (batch, m).
            g: the late gate, a scalar.

        Returns:
            y: shape (batch, n).
        """
        u = self.pre_activation(x)
        if self.form == "identity":
            return interpolate(x, ops.relu(u), g)
        y = grelu(u, g)
        return gain(1 - g) * y if self.form == "gain" else y

    def compute_output_shape(self, x_shape, g_shape=None):
        """The shape (batch, n)."""
        return (*x_shape[:-1], self.units)

    def get_config(self):
        """What Keras stores to build the same layer again."""
        return {**super().get_config(), "form": self.form}


@keras.saving.register_keras_serializable("course_lib")
class ReZeroDense(_Dense):
    """y = x + a relu(x W + b), a learned and 0 at first.

    Source: Bachlechner et al., 2020.

    Args:
        units: number of units, n, that of the input.
        kernel_initializer, bias_initializer: as in `keras.layers.Dense`.

    Raises:
        ValueError: if the input has not `units` entries.
    """

    def build(self, x_shape):
        """Make W (n, n), b (n,) and the scalar a."""
        _check_square(self, x_shape)
        super().build(x_shape)
        self.a = self.add_weight(name="a", shape=(), initializer="zeros")

    def call(self, x):
        """The layer: x and y have the shape (batch, n)."""
        return x + self.a * ops.relu(self.pre_activation(x))


@keras.saving.register_keras_serializable("course_lib")
class HighwayDense(_Dense):
    """y = t relu(x W + b) + (1 - t) x, the gate t = sigmoid(x W_t + b_t).

    Each unit opens its own gate for each example, whereas a GradNet has one
    gate that the clock opens. Source: Srivastava, Greff and Schmidhuber, 2015.

    Args:
        units: number of units, n, that of the input.
        gate_bias: b_t at first; below 0 the layer passes its input on.
        kernel_initializer, bias_initializer: as in `keras.layers.Dense`; the
            gate's weights are initialised as W.

    Raises:
        ValueError: if the input has not `units` entries.
    """

    def __init__(self, units, gate_bias=-2.0, **kwargs):
        super().__init__(units, **kwargs)
        self.gate_bias = checked_number(gate_bias, "gate_bias")

    def build(self, x_shape):
        """Make W, W_t (n, n) and b, b_t (n,)."""
        _check_square(self, x_shape)
        super().build(x_shape)
        n = self.units
        self.W_t = self.add_weight(
            name="W_t",
            shape=(n, n),
            initializer=_fresh(self.kernel_initializer),
        )
        self.b_t = self.add_weight(
            name="b_t",
            shape=(n,),
            initializer=begins_at(self.gate_bias),
        )

    def call(self, x):
        """The layer: x and y have the shape (batch, n)."""
        t = ops.sigmoid(ops.matmul(x, self.W_t) + self.b_t)
        return interpolate(x, ops.relu(self.pre_activation(x)), t)

    def get_config(self):
        """What Keras stores to build the same layer again."""
        return {**super().get_config(), "gate_bias": self.gate_bias}


@keras.saving.register_keras_serializable("course_lib")
class GradualActivation(keras.layers.Layer):
    """An activation that fades in: (1 - g) u + g activation(u).

    The late gate g is a variable of the layer. Whoever trains the network
    moves it, and a graph that was traced before sees each move; no gradient
    changes it, and it is saved with the network.

    Args:
        activation: what the layer becomes at g = 1: a name that Keras knows,
            such as "tanh", or a function.
        g: the late gate until somebody assigns another, from 0 to 1.
        kwargs: what every layer of Keras takes, such as its dtype.
    """

    def __init__(self, activation="relu", g=0.0, **kwargs):
        super().__init__(**kwargs)
        # IMPLEMENT-ME: the layer has a late gate, called g, that a callback
        # can set at any time and that no optimizer ever touches; and it keeps
        # what it was called with
        self.activation = keras.activations.get(activation)
        self.start = float(g)
        self.g = self.add_weight(
            name="g",
            shape=(),
            initializer=keras.initializers.Constant(self.start),
            trainable=False,
        )
        self.built = True
        # END IMPLEMENT-ME

    def call(self, u):
        """The layer.

        Args:
            u: pre-activations, any shape.

        Returns:
            y: the shape and the dtype of u.
        """
        # IMPLEMENT-ME: y at the gate of the moment when it is computed, also
        # in a graph that was made when the gate stood elsewhere
        y = (1 - self.g) * u + self.g * self.activation(u)
        # END IMPLEMENT-ME
        return y

    def get_config(self):
        """What Keras stores, so that `from_config` makes the same layer."""
        # IMPLEMENT-ME: everything that the class was called with, in a form
        # that a file can hold
        return {
            **super().get_config(),
            "activation": keras.activations.serialize(self.activation),
            "g": self.start,
        }
        # END IMPLEMENT-ME


@keras.saving.register_keras_serializable("course_lib")
class GradualDropout(keras.layers.Layer):
    """Dropout whose rate fades in: `gradual_dropout` as a layer of Keras.

    Args:
        rate: probability that an entry is dropped at g = 1, at least 0 and
            below 1; at other gates it is rate * g.
        seed: seed of what is dropped; two layers with the same one drop the
            same. Each call draws anew, a traced one too.
        kwargs: what every layer of Keras takes, such as its dtype.

    Raises:
        ValueError: if the rate is out of range.
    """

    def __init__(self, rate, seed=None, **kwargs):
        super().__init__(**kwargs)
        if not 0 <= rate < 1:
            raise ValueError(
                f"The rate is {rate}: it must be at least 0 and below 1."
            )
        self.rate = rate
        self.seed = seed
        # IMPLEMENT-ME: what the layer's noise will come from exists
        self.seed_generator = keras.random.SeedGenerator(seed)
        # END IMPLEMENT-ME
        self.built = True

    def call(self, x, g, training=False):
        """The layer.

        Args:
            x: any shape.
            g: the late gate, a scalar.
            training: whether the network is trained; at evaluation y is x.

        Returns:
            y: the shape of x.
        """
        # IMPLEMENT-ME: y as your NumPy gives it, with other entries dropped
        # each time, however often the graph has run
        if not training:
            return x
        drop = self.rate * g
        noise = keras.random.uniform(
            keras.ops.shape(x), dtype=x.dtype, seed=self.seed_generator
        )
        y = keras.ops.where(noise >= drop, x / (1 - drop), 0.0)
        # END IMPLEMENT-ME
        return y

    def compute_output_shape(self, x_shape, g_shape=None):
        """The shape of x."""
        return x_shape

    def get_config(self):
        """What Keras stores to build the same layer again."""
        mine = {"rate": self.rate, "seed": self.seed}
        return {**super().get_config(), **mine}


with_checks(
    GradualActivation,
    g=partial(checked_number, name="g", within=FROM_0_TO_1),
)
with_checks(
    GradualDropout,
    rate=partial(checked_number, name="rate"),
    seed=checked_seed,
)


@keras.saving.register_keras_serializable("course_lib")
class GradualBatchNorm(keras.layers.Layer):
    """(1 - g) BN(x) + g x; `scratch.gradnets.gradual_batch_norm`.

    In training BN takes mean and variance from the batch. At evaluation it
    takes the running ones, which no longer matter once g is 1.

    Args:
        epsilon: added to the variance, so that no division is by 0.
    """

    def __init__(self, epsilon=1e-5, **kwargs):
        super().__init__(**kwargs)
        self.epsilon = epsilon = checked_number(epsilon, "epsilon", FROM_0)
        self.batch_norm = keras.layers.BatchNormalization(
            epsilon=epsilon, dtype=self.dtype_policy
        )

    def build(self, x_shape, g_shape=None):
        """Make gamma, beta and the running mean and variance, (n,) each."""
        self.batch_norm.build(x_shape)

    def call(self, x, g, training=False, x_mask=None):
        """The layer.

        Args:
            x: shape (batch, n) or (batch, T, n).
            g: the late gate, a scalar.
            training: whether mean and variance are those of the batch, and
                move the running ones; else the running ones are taken.
            x_mask: shape (batch, T), False at steps that don't count in mean
                and variance. None: the one that comes along with x, if any.

        Returns:
            y: the shape of x.
        """
        normed = self.batch_norm(x, training=training, mask=x_mask)
        return interpolate(normed, x, g)

    def compute_output_shape(self, x_shape, g_shape=None):
        """The shape of x."""
        return x_shape

    def get_config(self):
        """What Keras stores to build the same layer again."""
        return {**super().get_config(), "epsilon": self.epsilon}


@keras.saving.register_keras_serializable("course_lib")
class GradualRNNCell(keras.layers.Layer):
    """A recurrent cell whose tanh is faded in; for `keras.layers.RNN`.

    u = x_t W_xh + h_{t-1} W_hh + b_h and h_t = (1 - g) u + g tanh(u). At g = 0
    with W_hh = I, as it starts, the state keeps the sum of all that came in;
    at g = 1 it is the vanilla cell. The variable g belongs to the cell.

    Args:
        units: number of units, n.
        g: the late gate until somebody assigns another value, from 0 to 1.
        recurrent_initializer: of W_hh; a copy of it, so that cells that share
            one begin with different weights.
        kwargs: what every layer of Keras takes, such as its dtype.

    Raises:
        ValueError: `units` is no whole number above 0, or g not from 0 to 1.
    """

    def __init__(
        self, units, g=0.0, recurrent_initializer="identity", **kwargs
    ):
        super().__init__(**kwargs)
        units = checked_units(units)
        self.units = self.state_size = self.output_size = units
        self.start = checked_number(g, "g", FROM_0_TO_1)
        self.recurrent_initializer = _fresh(recurrent_initializer)
        # Not in `build`: a schedule sets it before the first batch has come.
        self.g = self.add_weight(
            name="g",
            shape=(),
            initializer=begins_at(self.start),
            trainable=False,
        )

    def build(self, input_shape):
        """Make W_xh (m, n), W_hh (n, n), b_h (n,)."""
        m, n = input_shape[-1], self.units
        self.W_xh = self.add_weight(name="W_xh", shape=(m, n))
        self.W_hh = self.add_weight(
            name="W_hh", shape=(n, n), initializer=self.recurrent_initializer
        )
        self.b_h = self.add_weight(name="b_h", shape=(n,), initializer="zeros")

    def call(self, x_t, states, training=False):
        """One step, as in `VanillaRNNCell`."""
        u = (
            ops.matmul(x_t, self.W_xh)
            + ops.matmul(states[0], self.W_hh)
            + self.b_h
        )
        g = ops.cast(self.g, u.dtype)
        h_t = interpolate(u, ops.tanh(u), g)
        return h_t, [h_t]

    def get_config(self):
        """What Keras stores to build the same cell again."""
        return {
            **super().get_config(),
            "units": self.units,
            "g": self.start,
            "recurrent_initializer": keras.initializers.serialize(
                self.recurrent_initializer
            ),
        }


def _same_steps(self, x, mask=None):
    """The mask of the input: what a layer does to a step stays in it."""
    return mask


# Out here, since learners write two of the classes.
for layer in (
    GReLUDense,
    ReZeroDense,
    HighwayDense,
    GradualActivation,
    GradualDropout,
    GradualBatchNorm,
):
    layer.compute_mask = _same_steps

for layer in (
    GReLUDense,
    ReZeroDense,
    HighwayDense,
    GradualActivation,
    GradualBatchNorm,
    GradualRNNCell,
):
    in_double(layer)
