"""Exercise: an LRU as a layer of Keras, the fast form of `lru_forward`."""

import keras
import numpy as np
import tensorflow as tf

from course_lib.exercises.calling.guard import Unusable, with_article
from course_lib.exercises.diagonal.cases import lru_params
from course_lib.exercises.exercise import Arrays, Exercise, Hint
from course_lib.exercises.ladder.beyond_one_case import large_numbers, own_settings
from course_lib.exercises.ladder.cell_calls import added, followed, loaded
from course_lib.exercises.ladder.graph_rungs import (
    compiles,
    equal_to_twin,
    fit_for_a_gpu,
    no_loop_over_time,
    reaches_every_weight,
    traceable,
)
from course_lib.exercises.ladder.made_again import same_when_loaded
from course_lib.exercises.ladder.nothing_added import only_what_was_asked
from course_lib.exercises.ladder.rungs import by_hand, irregular, matches
from course_lib.graphs import (
    by_xla,
    gpu_report,
    gradient_sizes,
    nodes,
    own_twin,
    stumble,
    trace,
)
from course_lib.layers.by_hand.lru import LRULayer
from course_lib.scratch.diagonal import init_lru, lru_backward, lru_forward

WEIGHTS = ("nu_log", "theta_log", "gamma_log", "B_re", "B_im", "C_re", "C_im", "D")


def in_real_parts(params: Arrays) -> Arrays:
    """The weights of the layer, real, in its order."""
    B, C = params["B"], params["C"]
    parts = {"B_re": B.real, "B_im": B.imag, "C_re": C.real, "C_im": C.imag}
    return {name: (params | parts)[name].copy() for name in WEIGHTS}


def sequence() -> Arrays:
    """Two sequences of six steps, two inputs, three units, five outputs; float64."""
    return {"x": irregular(2, 6, 2), **in_real_parts(lru_params())}


def one_step() -> Arrays:
    """T = 1."""
    given = sequence()
    return {**given, "x": given["x"][:, :1]}


def far_out() -> Arrays:
    """Fourteen steps; one unit keeps nearly all of its state.

    One keeps so little that its powers come to 0, by which nobody may divide.
    """
    return {**sequence(), "x": irregular(2, 14, 2), "nu_log": np.array([-30.0, 4.0, 0.0])}


def far_from_zero() -> Arrays:
    """Inputs up to 100."""
    given = sequence()
    return {**given, "x": 100 * given["x"]}


def one_unit() -> Arrays:
    """A quarter of a turn and a half left at each step; two steps, the second without input."""
    return {
        "x": np.array([[[1.0], [0.0]]]),
        "nu_log": np.log([np.log(2)]),
        "theta_log": np.log([np.pi / 2]),
        "gamma_log": np.log([3.0]),
        "B_re": np.array([[1.0]]),
        "B_im": np.array([[1.0]]),
        "C_re": np.array([[2.0]]),
        "C_im": np.array([[-1.0]]),
        "D": np.array([[10.0]]),
    }


def single() -> Arrays:
    """The same numbers in float32."""
    return {name: value.astype(np.float32) for name, value in sequence().items()}


def sizes() -> Arrays:
    """How large a fresh layer is to be, and what its weights are drawn by."""
    return {"m": 2, "units": 3, "outputs": 5, "seed": 7}


def layer_of(layer_class, given: Arrays):
    """A layer that holds the given weights."""
    x, *weights = given.values()
    layer = layer_class(len(given["nu_log"]), given["D"].shape[1], dtype=x.dtype.name)
    layer.build((None, None, x.shape[2]))
    if [w.shape for w in layer.get_weights()] != [w.shape for w in weights]:
        raise Unusable("The layer doesn't have the eight weights that its stub makes.")
    layer.set_weights(weights)
    return layer


def outputs_of(layer, x):
    """What `call` gives, a tensor of three axes."""
    y = layer(x)
    if not tf.is_tensor(y):
        kind = with_article(type(y).__name__)
        raise Unusable(f"call returned {kind}; it returns one tensor, the outputs of all steps.")
    return y


def called_once(layer_class, given: Arrays) -> Arrays:
    """The outputs."""
    return {"y": keras.ops.convert_to_numpy(outputs_of(layer_of(layer_class, given), given["x"]))}


def in_complex_numbers(given: Arrays) -> Arrays:
    """The weights as `init_lru` has them."""
    params = {name: given[name] for name in ("nu_log", "theta_log", "gamma_log", "D")}
    complex_ones = {one: given[f"{one}_re"] + 1j * given[f"{one}_im"] for one in "BC"}
    return params | complex_ones


def with_own_twin(layer_class, given: Arrays) -> Arrays:
    """The outputs; beside them, the learner's own NumPy."""
    outputs = called_once(layer_class, given)
    twin = own_twin(layer_class, "lru_forward")
    if twin is not None:
        params = in_complex_numbers(given)
        start = np.zeros((len(given["x"]), len(given["nu_log"])), complex)
        outputs["y by your twin"] = twin(given["x"], start, params)[0]
    return outputs


def fresh(layer_class, given: Arrays, **settings):
    """A layer as it begins."""
    m, n, k, seed = map(int, given.values())
    layer = layer_class(n, k, seed=seed, **settings)
    layer.build((None, None, m))
    return layer


def beginnings(layer_class, given: Arrays) -> Arrays:
    """The weights of a fresh layer, of the default dtype, by their names."""
    return dict(zip(WEIGHTS, fresh(layer_class, given).get_weights(), strict=True))


def beginnings_beside_another(layer_class, given: Arrays) -> Arrays:
    """The same, after a layer was made that is to begin with another seed."""
    _, n, k, seed = map(int, given.values())
    return beginnings(followed(layer_class, n, k, seed=seed + 1), given)


def as_init_lru(given: Arrays) -> Arrays:
    """The same by `init_lru`."""
    return in_real_parts(init_lru(*map(int, given.values())))


def made_again(layer_class, given: Arrays) -> Arrays:
    """What a layer is that is made from the configuration of another, and how it begins."""
    layer = fresh(layer_class, given, dtype="float64")

    def look(again) -> Arrays:
        again.build((None, None, given["m"]))
        first, weights = layer.get_weights(), again.get_weights()
        alike = all(map(np.array_equal, first, weights))
        return {
            "units": len(weights[0]),
            "outputs": weights[-1].shape[1],
            "dtype": weights[0].dtype.name,
            "seed": given["seed"] if alike else "another",
        }

    return loaded(layer, look)


def called_with(given: Arrays) -> Arrays:
    """What that layer is made with."""
    return {"dtype": "float64"} | {name: given[name] for name in ("units", "outputs", "seed")}


def two_batches(layer_class, given: Arrays) -> Arrays:
    """The sequences after another batch."""
    layer = layer_of(layer_class, given)
    layer(-given["x"])
    return {"y": keras.ops.convert_to_numpy(layer(given["x"]))}


def in_numpy(given: Arrays) -> Arrays:
    """What lru_forward makes of the same numbers, from a state of zero."""
    params = in_complex_numbers(given)
    start = np.zeros((len(given["x"]), len(given["nu_log"])), complex)
    return {"y": lru_forward(given["x"], start, params)[0]}


def beside_the_loss(layer_class, given: Arrays) -> Arrays:
    """What a training would move the weights by, beside the loss."""
    return added(layer_of(layer_class, given), given["x"])


def spec(given: Arrays, T=None):
    """Sequences of T steps, or of any number of them, in a batch of any size."""
    return tf.TensorSpec((None, T, given["x"].shape[2]), given["x"].dtype)


def traced(layer_class, given: Arrays) -> Arrays:
    """Whether the graph can be made before batch and number of steps are known."""
    layer = layer_of(layer_class, given)
    return {"stumbles over": stumble(lambda: trace(layer, spec(given)))}


def graph_sizes(layer_class, given: Arrays) -> Arrays:
    """How many operations the graph has for ten and for twenty steps."""
    layer = layer_of(layer_class, given)
    return {f"operations at T={T}": len(nodes(trace(layer, spec(given, T)))) for T in (10, 20)}


def gradients(layer_class, given: Arrays) -> Arrays:
    """What reaches each weight from a loss at all steps."""
    layer = layer_of(layer_class, given)
    sizes = gradient_sizes(
        lambda: tf.reduce_sum(tf.square(layer(given["x"]))), layer.trainable_variables
    )
    return {"gradients": sizes}


def way_back(layer_class, given: Arrays) -> Arrays:
    """The gradient of half the squares of all outputs, by each weight."""
    layer = layer_of(layer_class, given)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.square(layer(given["x"]))) / 2
    weights = [w.value for w in layer.trainable_variables]
    grads = tape.gradient(loss, weights, unconnected_gradients="zero")
    return {f"gradient by {name}": grad.numpy() for name, grad in zip(WEIGHTS, grads, strict=True)}


def way_back_in_numpy(given: Arrays) -> Arrays:
    """The same by lru_backward."""
    params = in_complex_numbers(given)
    start = np.zeros((len(given["x"]), len(given["nu_log"])), complex)
    y, z = lru_forward(given["x"], start, params)
    grads, _ = lru_backward(y @ np.conj(params["C"]).T, given["x"], start, z, params)
    dC = np.einsum("bti,btk->ik", np.conj(z), y)
    grads |= {"B_re": grads["B"].real, "B_im": grads["B"].imag, "C_re": dC.real, "C_im": dC.imag}
    grads["D"] = np.einsum("btj,btk->jk", given["x"], y)
    return {f"gradient by {name}": grads[name] for name in WEIGHTS}


def compiled(layer_class, given: Arrays) -> Arrays:
    """The sequences read by a graph that XLA has compiled."""
    layer = layer_of(layer_class, given)

    def make(**settings):
        return trace(layer, spec(given), **settings)

    return by_xla(make, [given["x"]], lambda y: {"y": y})


def for_a_gpu(layer_class, given: Arrays) -> Arrays:
    """The graph of a training step's two passes."""
    given = {name: value.astype(np.float32) for name, value in given.items()}
    layer = layer_of(layer_class, given)

    def both_passes(x):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(tf.square(layer(x)))
        return tape.gradient(loss, [w.value for w in layer.trainable_weights])

    return gpu_report(trace(both_passes, spec(given)))


EXERCISE = Exercise(
    reference=LRULayer,
    title="An LRU for Keras",
    goal="Write the layer in the form that Keras trains: real weights, complex states, any "
    "batch, any length.",
    difficulty=2,
    minutes=30,
    kind="speed up",
    twin="lru_forward",
    uses=("fast_scan",),
    returns={},
    ladder=(
        matches("one step alone", one_step, in_numpy, "With T = 1:", called_once),
        by_hand(
            one_unit,
            how="lam = 0.5 i;  z_1 = 3 (1 + i) × 1 = 3 + 3 i;  z_2 = 0.5 i (3 + 3 i) = "
            "-1.5 + 1.5 i\nRe(z (2 - i)) = 2 Re z + Im z;  y_1 = 9 + 10 × 1 = 19;  y_2 = -1.5",
            call=called_once,
            y=np.array([[[19.0], [-1.5]]]),
        ),
        equal_to_twin("lru_forward", far_out, in_numpy, with_own_twin),
        matches("in float32 too", single, in_numpy, "In float32:", called_once),
        matches(
            "a batch is not affected by the one before",
            sequence,
            in_numpy,
            "After another batch, the sequences give a different result: each begins at zero.",
            call=two_batches,
        ),
        matches(
            "the weights begin as init_lru has them",
            sizes,
            as_init_lru,
            "A fresh layer's weights are those of init_lru, by the seed that came in.",
            beginnings,
        ),
        own_settings(sizes, as_init_lru, beginnings_beside_another),
        large_numbers(far_from_zero, in_numpy, called_once),
        only_what_was_asked(sequence, beside_the_loss),
        same_when_loaded("layer", sizes, called_with, made_again),
        traceable(sequence, traced),
        no_loop_over_time(sequence, graph_sizes),
        reaches_every_weight(sequence, gradients, *WEIGHTS),
        matches(
            "the gradient goes back through all steps",
            sequence,
            way_back_in_numpy,
            "The outputs are right, but training follows a gradient that is not theirs.",
            call=way_back,
        ),
        compiles(sequence, in_numpy, compiled),
        fit_for_a_gpu(sequence, for_a_gpu),
    ),
    promises={
        "Its weights are real": "a gradient reaches every weight",
        "B is B_re": "a case small enough to do by hand",
        "units: complex": "equal to lru_forward, to 1e-10 in float64",
        "outputs: numbers": "equal to lru_forward, to 1e-10 in float64",
        "seed: of": "the weights begin as init_lru has them",
        "kwargs: what": "in float32 too",
        "build: input_shape": "scaffold: build stands in the stub",
        "build: input_shape: batch and T": (
            "TensorFlow can trace it, whatever the size of the batch"
        ),
    },
    hints=(
        Hint(
            "Why are the weights real?",
            "An optimizer like Adam keeps the mean of a gradient's square, number by number. Of "
            "which numbers should that be for something complex? With two real weights the "
            "question doesn't come up. Where do you put them together?",
        ),
        Hint(
            "What are the shapes?",
            "`fast_scan` takes a and b of shape (batch, T, n). b comes from x. lam is (n,), the "
            "same for every sequence and step; b can tell you how many there are of both.",
            fits=(
                "LoopInPython",
                "TensorFlow can trace it, whatever the size of the batch",
                "the graph doesn't grow with the number of time steps",
            ),
        ),
        Hint(
            "How do I get a real output from complex states?",
            "Re(z C) = Re z Re C - Im z Im C: two real products, which a GPU does faster than a "
            "complex one.",
            fits=("PartsAdded", "RealPartsFirst", "SizeOfTheProduct"),
        ),
        Hint(
            "Show me the recipe.",
            "`lam = tf.exp(tf.complex(-tf.exp(nu_log), tf.exp(theta_log)))`; b is `tf.complex` of "
            "`tf.exp(gamma_log)` times `x @ B_re` and the same times `x @ B_im`; a is "
            "`tf.broadcast_to(lam, tf.shape(b))`; `fast_scan` from zeros; then the two products "
            "and `x @ D`.",
        ),
    ),
)


class _Base(keras.layers.Layer):
    """The reference with parts to replace; for mistakes."""

    def __init__(self, units, outputs, seed=0, **kwargs):
        super().__init__(**kwargs)
        self.units, self.outputs, self.seed = units, outputs, seed

    def build(self, input_shape):
        """As in the reference."""
        LRULayer.build(self, input_shape)

    def lam(self):
        """The eigenvalues."""
        return tf.exp(tf.complex(-tf.exp(self.nu_log), tf.exp(self.theta_log)))

    def gain(self):
        """What the input is multiplied by."""
        return tf.exp(self.gamma_log)

    def parts(self, x):
        """What comes in, the real part and the imaginary one."""
        return self.gain() * (x @ self.B_re), self.gain() * (x @ self.B_im)

    def states(self, x):
        """By TensorFlow's own scan."""
        b = tf.complex(*self.parts(x))
        lam = self.lam()
        by_time = tf.transpose(b, (1, 0, 2))
        z = tf.scan(lambda z, b_t: lam * z + b_t, by_time, tf.zeros_like(b[:, 0]))
        return tf.transpose(z, (1, 0, 2))

    def read(self, z):
        """The real part of the product."""
        return tf.math.real(z) @ self.C_re - tf.math.imag(z) @ self.C_im

    def call(self, x):
        """The outputs."""
        return self.read(self.states(x)) + x @ self.D


@EXERCISE.mistake(
    "gamma is missing: what comes in is multiplied by exp(gamma_log), so no gradient would reach "
    "that weight either."
)
class WithoutGamma(_Base):
    """x B alone."""

    def gain(self):
        """One."""
        return tf.ones_like(self.gamma_log)


@EXERCISE.mistake(
    "gamma_log is taken for the factor: it is the factor's logarithm, so what comes in is "
    "multiplied by exp(gamma_log)."
)
class GainItself(_Base):
    """gamma_log, not exponentiated."""

    def gain(self):
        """The weight as it is."""
        return tf.convert_to_tensor(self.gamma_log)


@EXERCISE.mistake("The units fade and don't turn: the imaginary part of the exponent is missing.")
class OnlyFading(_Base):
    """theta is left out."""

    def lam(self):
        """|lam|."""
        return tf.cast(tf.exp(-tf.exp(self.nu_log)), tf.complex(self.nu_log, 0 * self.nu_log).dtype)


@EXERCISE.mistake(
    "theta_log is taken for the phase: it is the phase's logarithm, so the units turn by "
    "exp(theta_log)."
)
class PhaseItself(_Base):
    """theta_log."""

    def lam(self):
        """Without the inner exp."""
        return tf.exp(tf.complex(-tf.exp(self.nu_log), tf.convert_to_tensor(self.theta_log)))


@EXERCISE.mistake(
    "The units grow at each step: |lam| is exp(-exp(nu_log)), which is below 1, and here the minus "
    "is missing."
)
class Growing(_Base):
    """exp(+exp(nu_log))."""

    def lam(self):
        """Above 1."""
        return tf.exp(tf.complex(tf.exp(self.nu_log), tf.exp(self.theta_log)))


@EXERCISE.mistake(
    "nu_log is taken for the rate of fading: it is the logarithm of that rate, so |lam| is "
    "exp(-exp(nu_log))."
)
class RateItself(_Base):
    """exp(-nu_log)."""

    def lam(self):
        """Without the inner exp."""
        return tf.exp(tf.complex(-tf.convert_to_tensor(self.nu_log), tf.exp(self.theta_log)))


@EXERCISE.mistake(
    "The units turn the other way round: the phase is plus exp(theta_log), not minus."
)
class TurningBack(_Base):
    """exp(-i phase)."""

    def lam(self):
        """The conjugate."""
        return tf.math.conj(_Base.lam(self))


@EXERCISE.mistake(
    "gamma multiplies the real part of x B alone. To scale a complex number is to scale both of "
    "its parts."
)
class GainOnRealPart(_Base):
    """gamma Re(x B) + i Im(x B)."""

    def parts(self, x):
        """One of them as it is."""
        return self.gain() * (x @ self.B_re), x @ self.B_im


@EXERCISE.mistake(
    "Both parts of what comes in are made with B_im: its real part is x B_re, times gamma."
)
class ImaginaryPartTwice(_Base):
    """B_im where B_re belongs."""

    def parts(self, x):
        """The same twice."""
        _, imaginary = super().parts(x)
        return imaginary, imaginary


@EXERCISE.mistake(
    "Both parts of what comes in are made with B_re: its imaginary part is x B_im, times gamma."
)
class RealPartTwice(_Base):
    """B_re where B_im belongs."""

    def parts(self, x):
        """The same twice."""
        real, _ = super().parts(x)
        return real, real


@EXERCISE.mistake(
    "gamma is computed from lam, sqrt(1 - |lam|²), which is only where it begins: from then on "
    "gamma_log is a weight of its own, and the factor is exp(gamma_log)."
)
class GainOfTheBeginning(_Base):
    """The formula of `init_lru`, at each call."""

    def gain(self):
        """What makes the states as large as the input."""
        return tf.sqrt(1 - tf.abs(self.lam()) ** 2)


@EXERCISE.mistake(
    "The imaginary part of B is left out of what comes in: x B is complex, so each unit is also "
    "pushed at a right angle."
)
class RealInput(_Base):
    """gamma Re(x B)."""

    def parts(self, x):
        """Nothing for the second."""
        real, imag = _Base.parts(self, x)
        return real, tf.zeros_like(imag)


@EXERCISE.mistake(
    "The imaginary part of what comes in has the wrong sign: B is B_re + i B_im, and x and gamma "
    "are real, so it is plus."
)
class InputConjugated(_Base):
    """gamma conj(x B)."""

    def parts(self, x):
        """A minus for the second."""
        real, imag = _Base.parts(self, x)
        return real, -imag


@EXERCISE.mistake(
    "The output is read before the step has been taken: y_t comes from z_t, in which x_t already "
    "is, and not from the state before it."
)
class OneStepLate(_Base):
    """z_{t-1}."""

    def states(self, x):
        """Zero, and all but the last."""
        z = _Base.states(self, x)
        return tf.concat([tf.zeros_like(z[:, :1]), z[:, :-1]], axis=1)


@EXERCISE.mistake(
    "The two products are added: i times i is -1, so the imaginary parts come off, Re z Re C - "
    "Im z Im C."
)
class PartsAdded(_Base):
    """A plus for a minus."""

    def read(self, z):
        """The wrong sign."""
        return tf.math.real(z) @ self.C_re + tf.math.imag(z) @ self.C_im


@EXERCISE.mistake(
    "Only real parts are read: Im z Im C has a share in the real part of the product too, and "
    "without it C_im never learns."
)
class RealPartsFirst(_Base):
    """Re z Re C."""

    def read(self, z):
        """Half of it."""
        return tf.math.real(z) @ self.C_re


@EXERCISE.mistake(
    "The size of z C is read: y_t is its real part, which can be negative, and has nothing to do "
    "with the imaginary one."
)
class SizeOfTheProduct(_Base):
    """|z C|."""

    def read(self, z):
        """tf.abs."""
        return tf.abs(tf.matmul(z, tf.complex(self.C_re.value, self.C_im.value)))


@EXERCISE.mistake(
    "The real part is taken twice, as where each unit stands for a conjugate pair: here a unit "
    "stands for itself, and y_t is Re(z C) + x D."
)
class ConjugatePairs(_Base):
    """2 Re(z C)."""

    def read(self, z):
        """As S4 and its kin have it."""
        return 2 * super().read(z)


@EXERCISE.mistake(
    "The two parts of C have changed places: C_re belongs to the real part of z, and C_im to the "
    "imaginary one."
)
class PartsOfCExchanged(_Base):
    """Re z Im C - Im z Re C."""

    def read(self, z):
        """By the other part."""
        return tf.math.real(z) @ self.C_im - tf.math.imag(z) @ self.C_re


@EXERCISE.mistake(
    "C_re reads the sizes of the states, |z|: a size doesn't say which way a unit has turned. Take "
    "Re z, and Im z for C_im."
)
class SizesOfTheStates(_Base):
    """|z| Re C."""

    def read(self, z):
        """tf.abs, too early."""
        return tf.abs(z) @ self.C_re


@EXERCISE.mistake(
    "Sine and cosine have changed places: of a number of size r and phase p the real part is "
    "r cos p, and the imaginary part r sin p."
)
class SineForCosine(_Base):
    """r (sin p + i cos p)."""

    def lam(self):
        """Its two parts exchanged."""
        lam = _Base.lam(self)
        return tf.complex(tf.math.imag(lam), tf.math.real(lam))


@EXERCISE.mistake(
    "nu_log and theta_log are taken as they are: both are logarithms, so lam is exp(-exp(nu_log) + "
    "i exp(theta_log))."
)
class LogarithmsThemselves(_Base):
    """exp(-nu_log + i theta_log)."""

    def lam(self):
        """Without both inner exp."""
        return tf.exp(tf.complex(-self.nu_log.value, self.theta_log.value))


@EXERCISE.mistake(
    "The eigenvalues are computed when the layer is built, and stay as they were when nu_log and "
    "theta_log change: compute them in `call`, from the weights of that moment."
)
class EigenvaluesOfTheBeginning(_Base):
    """lam in build."""

    def build(self, input_shape):
        """Once."""
        super().build(input_shape)
        self.first = keras.ops.convert_to_numpy(_Base.lam(self))

    def lam(self):
        """What it was."""
        return tf.constant(self.first)


@EXERCISE.mistake("The way past the units, x_t D, is missing.")
class NoWayPast(_Base):
    """Re(z C)."""

    def call(self, x):
        """Without D."""
        return self.read(self.states(x))


@EXERCISE.mistake(
    "Something is in single precision whatever the layer's dtype, by a cast to complex64 or to "
    "float32: what is made from tensors of the layer has the right precision by itself."
)
class InSinglePrecision(_Base):
    """A cast to complex64."""

    def states(self, x):
        """Cut, and made wide again."""
        z = tf.cast(_Base.states(self, x), tf.complex64)
        return tf.cast(z, tf.complex128 if x.dtype == tf.float64 else tf.complex64)


@EXERCISE.mistake(
    "The loop over time is Python's: the number of steps isn't known when the graph is made, and "
    "if it were, each step would be written out."
)
class LoopInPython(_Base):
    """A `for` over T."""

    def states(self, x):
        """Step by step."""
        b = tf.complex(*self.parts(x))
        z, states = tf.zeros_like(b[:, 0]), []
        for t in range(x.shape[1]):
            z = self.lam() * z + b[:, t]
            states.append(z)
        return tf.stack(states, axis=1)


@EXERCISE.mistake(
    "The last state of a batch is where the next one begins: a layer starts every batch at zero, "
    "unless it is asked to be stateful."
)
class KeepsItsState(_Base):
    """A state in the layer."""

    def states(self, x):
        """From where the last call ended."""
        b = tf.complex(*self.parts(x))
        lam, first = self.lam(), getattr(self, "kept", None)
        if first is None or tf.inside_function():
            first = tf.zeros_like(b[:, 0])
        by_time = tf.transpose(b, (1, 0, 2))
        z = tf.scan(lambda z, b_t: lam * z + b_t, by_time, first)
        if not tf.inside_function():
            self.kept = z[-1]
        return tf.transpose(z, (1, 0, 2))


@EXERCISE.mistake(
    "The gradient ends at the step that it comes from: the state is cut from the tape on its way "
    "to the next one, so what an early step has done for a late one is never learned."
)
class StatesCut(_Base):
    """tf.stop_gradient on the state that comes in."""

    def states(self, x):
        """Right, and kept from the tape."""
        b = tf.complex(*self.parts(x))
        lam = self.lam()
        by_time = tf.transpose(b, (1, 0, 2))
        z = tf.scan(lambda z, b_t: lam * tf.stop_gradient(z) + b_t, by_time, tf.zeros_like(b[:, 0]))
        return tf.transpose(z, (1, 0, 2))


@EXERCISE.mistake(
    "Only the output of the last step comes back: the layer gives one for each step, (batch, T, "
    "k), and whoever wants only the last takes it from there."
)
class LastOutputOnly(_Base):
    """y[:, -1]."""

    def call(self, x):
        """Without the axis of time."""
        return super().call(x)[:, -1]


@EXERCISE.alternative
class ByTensorFlowsOwnScan(_Base):
    """tf.scan, and its own gradient."""


@EXERCISE.alternative
class WithComplexProducts(_Base):
    """Complex matrices, put together at each call; a parallel scan of Keras's."""

    def states(self, x):
        """By keras.ops.associative_scan, over a length that is known, else by tf.scan."""
        B = tf.complex(self.B_re, self.B_im)
        b = tf.cast(self.gain(), B.dtype) * (tf.cast(x, B.dtype) @ B)
        by_time = tf.transpose(b, (1, 0, 2))
        lam = tf.complex(
            tf.exp(-tf.exp(self.nu_log)) * tf.cos(tf.exp(self.theta_log)),
            tf.exp(-tf.exp(self.nu_log)) * tf.sin(tf.exp(self.theta_log)),
        )
        z = tf.scan(lambda z, b_t: tf.add(tf.multiply(lam, z), b_t), by_time, 0 * b[:, 0])
        return tf.transpose(z, (1, 0, 2))

    def read(self, z):
        """One complex product."""
        return tf.math.real(tf.matmul(z, tf.complex(self.C_re, self.C_im)))
