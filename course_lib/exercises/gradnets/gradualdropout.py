"""Exercise: dropout that fades in, as a layer: the fast form of `gradual_dropout`."""

import keras
import numpy as np
import tensorflow as tf

from course_lib.exercises.calling.guard import Unusable
from course_lib.exercises.exercise import Arrays, Exercise, Hint, Problem, Rung
from course_lib.exercises.ladder.beyond_one_case import large_numbers, own_settings
from course_lib.exercises.ladder.cell_calls import followed, loaded
from course_lib.exercises.ladder.graph_rungs import fit_for_a_gpu, not_compiled, traceable
from course_lib.exercises.ladder.made_again import same_when_loaded
from course_lib.exercises.ladder.masks import on_their_own
from course_lib.exercises.ladder.nothing_added import only_what_was_asked
from course_lib.exercises.ladder.rungs import irregular, matches
from course_lib.graphs import gpu_report, stumble, trace, xla_refusal
from course_lib.layers.gradnets import GradualDropout
from course_lib.scratch.gradnets import gradual_dropout

MANY = 4_000  # entries
SEED = 3
NOISE = 0.05  # a share of so many is as near to the probability, by six standard errors


def half_open() -> Arrays:
    """Many entries, none of them near 0, a rate of several digits, and a gate that is half open."""
    return {"x": 1.5 + irregular(40, MANY // 40), "rate": np.array(0.6375), "g": np.array(0.5)}


def far_from_zero() -> Arrays:
    """Inputs up to 1,500 and beyond, with either sign."""
    given = half_open()
    return {**given, "x": 1000 * given["x"] * np.where(np.arange(given["x"].shape[1]) % 2, 1, -1)}


def shut() -> Arrays:
    """The gate is shut."""
    return {**half_open(), "g": np.array(0.0)}


def opened() -> Arrays:
    """The gate is open; one sequence of two units, so that no axis is left out by chance.

    With one draw for a whole row, or one for each unit, no share comes near the rate.
    """
    given = half_open()
    return {**given, "x": given["x"].reshape(1, -1, 2), "g": np.array(1.0)}


def rates() -> Arrays:
    """Rates that make no sense, and two that do."""
    return {"rates": np.array([-0.1, 1.0, 1.5, 0.0, 0.9])}


def layer_of(layer_class, given: Arrays, **settings):
    """A layer in float64, with a seed."""
    return layer_class(float(given["rate"]), **{"seed": SEED, "dtype": "float64", **settings})


def plain(y) -> np.ndarray:
    """What the layer gave, in numbers."""
    if y is None:
        raise Unusable("call returned None: is the `return` missing?")
    return keras.ops.convert_to_numpy(y)


def kept(layer_class, given: Arrays) -> Arrays:
    """What is dropped, and by how much the rest was scaled."""
    x, g = given["x"], given["g"]
    y = plain(layer_of(layer_class, given)(x, tf.constant(g), training=True))
    if y.shape != x.shape:
        raise Unusable(f"y has shape {y.shape}; it has the shape of x, {x.shape}.")
    if y.dtype != x.dtype:
        raise Unusable(f"y comes as {y.dtype}; a layer of dtype {x.dtype} answers in {x.dtype}.")
    scales = scales_of(y, x)
    return {
        "smallest scale": scales.min(),
        "largest scale": scales.max(),
        "about rate g dropped": as_often(y, given["rate"], g),
    }


def scales_of(y: np.ndarray, x: np.ndarray) -> np.ndarray:
    """What the entries that were kept were multiplied by; 0 if none was."""
    return y[y != 0] / x[y != 0] if np.any(y) else np.zeros(1)


def spread(layer_class, given: Arrays) -> Arrays:
    """The smallest and the largest scale."""
    y = plain(layer_of(layer_class, given)(given["x"], tf.constant(given["g"]), training=True))
    scales = scales_of(y, given["x"])
    return {"smallest scale": scales.min(), "largest scale": scales.max()}


def spread_in_numpy(given: Arrays) -> Arrays:
    """One scale for all that is kept."""
    scale = 1 / (1 - given["rate"] * given["g"])
    return {"smallest scale": scale, "largest scale": scale}


def beside_another(layer_class, given: Arrays) -> Arrays:
    """What is dropped by a layer after which another was made, of a smaller rate."""
    return kept(followed(layer_class, float(given["rate"]) / 4, seed=SEED, dtype="float64"), given)


def beside_the_loss(layer_class, given: Arrays) -> Arrays:
    """Whether the layer has penalties, or says that it is frozen."""
    layer = layer_of(layer_class, given)
    plain(layer(given["x"], tf.constant(given["g"])))
    return {"penalties": len(layer.losses), "constraints": 0, "trainable": bool(layer.trainable)}


def as_often(y: np.ndarray, rate, g) -> bool:
    """Whether about as many entries were dropped as the gate says."""
    return bool(abs(np.mean(y == 0) - rate * g) < NOISE)


def scaled(given: Arrays) -> Arrays:
    """By the same number wherever nothing was dropped."""
    x, rate, g = given.values()
    _, scale = gradual_dropout(x, float(rate), float(g), np.random.default_rng(1))
    return {
        "smallest scale": scale[scale > 0].min(),
        "largest scale": scale.max(),
        "about rate g dropped": True,
    }


def evaluated(layer_class, given: Arrays) -> Arrays:
    """At evaluation; said, and not said."""
    x, g = given["x"], tf.constant(given["g"])
    layer = layer_of(layer_class, given)
    return {"y": plain(layer(x, g, training=False)), "y unless told": plain(layer(x, g))}


def untouched(given: Arrays) -> Arrays:
    """x itself."""
    return {"y": given["x"], "y unless told": given["x"]}


def drawn(layer_class, given: Arrays) -> Arrays:
    """Which masks are alike: of two calls, of two runs of one graph, of rows, of two layers."""
    x, g = tf.constant(given["x"]), tf.constant(given["g"])
    layer, same = layer_of(layer_class, given), layer_of(layer_class, given)
    other, zero, naught = (layer_of(layer_class, given, seed=seed) for seed in (4, 0, 0))

    def masks(one):
        return plain(one(x, g, training=True)) == 0

    first, second, of_same, of_other = masks(layer), masks(layer), masks(same), masks(other)
    graph = trace(lambda: layer(x, g, training=True))
    runs = [plain(graph()) == 0 for _ in range(2)]
    return {
        "call after call": alike(first, second),
        "run after run of a graph": alike(*runs),
        "row by row": alike(first[0], first[1]),
        "column by column": alike(first[:, 0], first[:, 1]),
        "of one seed": alike(first, of_same),
        "of two seeds": alike(first, of_other),
        "of seed 0": alike(masks(zero), masks(naught)),
    }


def alike(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether two masks are the same, entry by entry."""
    return bool(np.array_equal(a, b))


def drawn_anew(_: Arrays, outputs: Arrays) -> Problem | None:
    """Alike where, and only where, the seed says so."""
    if outputs["call after call"]:
        return Problem(
            "Two calls in a row drop the same entries: the noise starts again with each of them. "
            "What it is drawn from has to be kept from call to call."
        )
    if outputs["run after run of a graph"]:
        return Problem(
            "Each run of one graph drops the same entries. The noise was drawn once, in Python, "
            "while the graph was traced, and is a constant of the graph now."
        )
    if outputs["row by row"] or outputs["column by column"]:
        return Problem("Whole rows or columns are dropped together: each entry has its own draw.")
    if not outputs["of one seed"]:
        return Problem("Two layers with the same seed drop different entries at their first call.")
    if not outputs["of seed 0"]:
        return Problem(
            "Two layers with seed=0 drop different entries at their first call: 0 is a seed like "
            "any other, though its truth value is False."
        )
    if outputs["of two seeds"]:
        return Problem("Two layers with different seeds drop the same entries.")
    return None


def made_again(layer_class, given: Arrays) -> Arrays:
    """By what a layer scales that is made from the configuration of another, and what it drops."""
    x, g = given["x"], tf.constant(given["g"])
    layer = layer_of(layer_class, given)

    def look(again) -> Arrays:
        first, y = (plain(one(x, g, training=True)) for one in (layer, again))
        same = alike(first == 0, y == 0)
        return {
            "rate": 1 - 1 / np.max(y / x),  # the gate is open
            "dtype": y.dtype.name,
            "seed": SEED if same else "another",
        }

    return loaded(layer, look)


def called_with(given: Arrays) -> Arrays:
    """What that layer is made with."""
    return {"rate": given["rate"], "dtype": given["x"].dtype.name, "seed": SEED}


def masks(layer_class, given: Arrays) -> Arrays:
    """What one layer drops, call after call."""
    layer, x, g = layer_of(layer_class, given), tf.constant(given["x"]), tf.constant(given["g"])
    return {"dropped": np.stack([plain(layer(x, g, training=True)) == 0 for _ in range(5)])}


def traced(layer_class, given: Arrays) -> Arrays:
    """Whether the graph can be made before batch and gate are known."""
    layer = layer_of(layer_class, given)
    return {"stumbles over": stumble(lambda: trace(training(layer), *signature(given)))}


def training(layer):
    """The layer as training calls it."""
    return lambda x, g: layer(x, g, training=True)


def signature(given: Arrays):
    """Any number of rows, and a gate."""
    return (
        tf.TensorSpec((None, given["x"].shape[1]), tf.float64),
        tf.TensorSpec((), tf.float64),
    )


def gate_moves(layer_class, given: Arrays) -> Arrays:
    """Shares and scales of one graph at three gates."""
    layer, x = layer_of(layer_class, given), tf.constant(given["x"])
    graph = trace(training(layer), *signature(given))
    outputs = {}
    for g in (0.0, 0.5, 1.0):
        y = plain(graph(x, tf.constant(g, tf.float64)))
        outputs[f"about rate g dropped at g={g}"] = as_often(y, given["rate"], g)
        outputs[f"scale at g={g}"] = scales_of(y, given["x"]).max()
    return outputs


def as_the_gate_says(given: Arrays) -> Arrays:
    """rate g is dropped, the rest is scaled up."""
    rate, expected = float(given["rate"]), {}
    for g in (0.0, 0.5, 1.0):
        expected[f"about rate g dropped at g={g}"] = True
        expected[f"scale at g={g}"] = np.array(1 / (1 - rate * g))
    return expected


def gradient(layer_class, given: Arrays) -> Arrays:
    """Whether the gradient of the sum is what x was multiplied by, as in NumPy dy * scale."""
    x = tf.constant(given["x"])
    layer = layer_of(layer_class, given)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = layer(x, tf.constant(given["g"]), training=True)
    dx = tape.gradient(y, x)
    if dx is None:
        raise Unusable("No gradient goes back to x: something in call has cut the tape.")
    return {"dx is dy times scale": bool(np.allclose(plain(dx) * given["x"], plain(y)))}


def is_scale(_: Arrays, outputs: Arrays) -> Problem | None:
    """As gradual_dropout's second result has it."""
    if outputs["dx is dy times scale"]:
        return None
    return Problem("On the way back, the gradient isn't multiplied by what x was multiplied by.")


def refusals(layer_class, given: Arrays) -> Arrays:
    """Whether each of the rates is refused, and whether a layer can be made again."""
    refused = []
    for rate in given["rates"]:
        try:
            layer_class(float(rate))
            refused.append(False)
        except ValueError:
            refused.append(True)
    return {"refused": np.array(refused)}


def three_refused(given: Arrays, outputs: Arrays) -> Problem | None:
    """Those below 0, and from 1 on."""
    for rate, refused in zip(given["rates"], outputs["refused"], strict=True):
        if refused == (0 <= rate < 1):
            return Problem(f"A rate of {rate:g} is {'refused' if refused else 'taken'}.")
    return None


def by_xla(layer_class, given: Arrays) -> Arrays:
    """A graph that XLA has compiled, at evaluation and in training."""
    layer = layer_of(layer_class, given)
    outputs = {}

    def run():
        compiled = trace(training(layer), *signature(given), jit_compile=True)
        y = plain(compiled(tf.constant(given["x"]), tf.constant(given["g"])))
        outputs["well"] = as_often(y, given["rate"], given["g"])

    return {"refused": xla_refusal(run), **outputs}


def compiled_well(_: Arrays, outputs: Arrays) -> Problem | None:
    """It compiles, and drops what it should."""
    if outputs["refused"]:
        return not_compiled(str(outputs["refused"]))
    if not outputs["well"]:
        return Problem("Compiled with XLA, the layer drops more or less than rate g.")
    return None


def for_a_gpu(layer_class, given: Arrays) -> Arrays:
    """The graph of both passes."""
    layer = layer_of(layer_class, given, dtype="float32")

    def both_passes(x, g):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = layer(x, g, training=True)
        return tape.gradient(y, x)

    width = given["x"].shape[1]
    specs = tf.TensorSpec((None, width), tf.float32), tf.TensorSpec((), tf.float32)
    return gpu_report(trace(both_passes, *specs))


SCALED = "as much is dropped, and the rest is scaled, as in gradual_dropout"
ANEW = "each call draws new numbers, a traced one too"
EVALUATED = "at evaluation nothing happens"

EXERCISE = Exercise(
    reference=GradualDropout,
    title="Noise in a graph",
    goal="Write gradual dropout as a layer whose noise is new at every step, in a graph that is "
    "traced once.",
    difficulty=2,
    minutes=25,
    kind="speed up",
    twin="gradual_dropout",
    returns={},
    ladder=(
        matches(
            "a shut gate drops nothing",
            shut,
            scaled,
            "With the gate shut nothing is dropped and nothing scaled.",
            call=kept,
        ),
        matches(SCALED, half_open, scaled, call=kept),
        matches(
            "with an open gate too",
            opened,
            scaled,
            f"One sequence of {MANY // 2:,} steps, (1, {MANY // 2}, 2), with an open gate.",
            call=kept,
        ),
        large_numbers(far_from_zero, spread_in_numpy, spread),
        own_settings(half_open, scaled, beside_another),
        only_what_was_asked(half_open, beside_the_loss),
        matches(EVALUATED, half_open, untouched, call=evaluated),
        Rung("the gradient passes where x passed", half_open, is_scale, gradient),
        traceable(half_open, traced),
        matches(
            "one graph serves all gates",
            half_open,
            as_the_gate_says,
            "The graph was traced before the gate was known, and then run at three of them.",
            call=gate_moves,
        ),
        Rung(ANEW, half_open, drawn_anew, drawn),
        same_when_loaded("layer", opened, called_with, made_again),
        on_their_own(half_open, masks, lambda given: float(given["rate"] * given["g"])),
        Rung("it refuses what isn't a rate", rates, three_refused, refusals),
        Rung("compiles with XLA, and stays right", half_open, compiled_well, by_xla),
        fit_for_a_gpu(half_open, for_a_gpu),
    ),
    promises={
        "rate: probability that": (SCALED, "no entry says what becomes of another"),
        "at other gates it is rate * g": ("one graph serves all gates", SCALED),
        "seed: seed of what is dropped": ANEW,
        "two layers with the same one": ANEW,
        "Each call draws anew": ANEW,
        "kwargs: what every layer": SCALED,
        "ValueError: if the rate": "it refuses what isn't a rate",
        "call: x: any shape": (SCALED, "with an open gate too"),
        "call: g: the late gate": "one graph serves all gates",
        "call: training: whether": EVALUATED,
        "at evaluation y is x": EVALUATED,
        "call: y: the shape of x": SCALED,
    },
    hints=(
        Hint(
            "When is the noise drawn?",
            "TensorFlow runs your Python once, while it traces the layer, and then runs the graph "
            "at every step. Which of your lines run once, and which are operations that run again?",
        ),
        Hint(
            "The same entries are dropped at every step.",
            "A seed that is a plain number gives the same noise each time. Something has to "
            "remember, from run to run of the graph, how much has been drawn: a variable. Keras "
            "has a class for it, and it is made once.",
            fits=("SeedAsANumber", "GeneratorInCall"),
        ),
        Hint(
            "What are the sizes?",
            "The noise has the shape of x, and the batch is None while the graph is traced: ask "
            "the tensor for its shape. The gate is a tensor as well: compute with it, and choose "
            "entry by entry.",
            fits=(
                "TensorFlow can trace it, whatever the size of the batch",
                "WholeRows",
                "WholeColumns",
                "IfOnTheGate",
            ),
        ),
        Hint(
            "Show me the recipe.",
            "In `__init__` keep a `keras.random.SeedGenerator(seed)`. In `call`, return x "
            "unless it is training. Else draw `keras.random.uniform(keras.ops.shape(x), "
            "dtype=x.dtype, seed=self.seed_generator)`, and with `keras.ops.where` take "
            "x / (1 - rate g) where the noise is at least rate g, and 0 elsewhere.",
        ),
    ),
)


class _Wrong(GradualDropout):
    """What the mistakes share: noise, and what is made of it, from elsewhere."""

    def noise(self, x):
        """One number from 0 to 1 for each entry."""
        shape = keras.ops.shape(x)
        return keras.random.uniform(shape, dtype=x.dtype, seed=self.seed_generator)

    def drop(self, x, g, noise):
        """x with entries dropped."""
        p = self.rate * g
        return keras.ops.where(noise >= p, x / (1 - p), 0.0)

    def call(self, x, g, training=False):
        """As the reference, from parts."""
        return self.drop(x, g, self.noise(x)) if training else x


@EXERCISE.mistake(
    "What the noise comes from is Python's, such as a generator of NumPy or a count on self: it is "
    "asked once, while TensorFlow traces the layer, and the noise is a constant of the graph. "
    "Every step drops the same entries. Draw by keras.random, from a SeedGenerator of __init__."
)
class NoiseOfNumPy(_Wrong):
    """rng.random, as in chapter 4's NumPy."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.rng = np.random.default_rng(self.seed)

    def noise(self, x):
        """Right, as long as nothing is traced; the batch must be known."""
        size = x.shape[0] or 40
        return keras.ops.convert_to_tensor(self.rng.random((size, *x.shape[1:])), x.dtype)


@EXERCISE.mistake(
    "NumPy draws the noise, and needs the size of the batch, which isn't known while the layer is "
    "traced; known or not, such noise would be a constant of the graph. Draw by keras.random, with "
    "keras.ops.shape(x) and a SeedGenerator of __init__."
)
class NoiseOfAKnownSize(_Wrong):
    """rng.random(x.shape)."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.rng = np.random.default_rng(self.seed)

    def noise(self, x):
        """Fails where the batch is None."""
        return tf.constant(self.rng.random(x.shape), dtype=x.dtype)


@EXERCISE.mistake(
    "NumPy draws the noise, from a generator that every call makes anew of the seed: each call "
    "drops the same entries, and the size of the batch isn't known while the layer is traced. "
    "Draw by keras.random, from a SeedGenerator that __init__ makes once."
)
class NoiseOfNumPyFromTheSeed(_Wrong):
    """np.random.default_rng(self.seed) in call."""

    def noise(self, x):
        """The same each time; fails where the batch is None."""
        rng = np.random.default_rng(self.seed)
        return tf.constant(rng.random(x.shape), dtype=x.dtype)


@EXERCISE.mistake(
    "The noise is normal, and so it lies below the probability far more often than it should: "
    "uniform noise between 0 and 1 lies below q with probability q."
)
class NormalNoise(_Wrong):
    """keras.random.normal."""

    def noise(self, x):
        """Half of it below zero."""
        shape = keras.ops.shape(x)
        return keras.random.normal(shape, dtype=x.dtype, seed=self.seed_generator)


@EXERCISE.mistake(
    "The seed is a plain number, so every call draws the same noise: a SeedGenerator, made "
    "once in __init__, remembers how much was drawn."
)
class SeedAsANumber(_Wrong):
    """seed=self.seed."""

    def noise(self, x):
        """From the beginning each time."""
        return keras.random.uniform(keras.ops.shape(x), dtype=x.dtype, seed=self.seed)


@EXERCISE.mistake(
    "The generator is made in call. Each trace, and each call outside a graph, starts its noise "
    "again: make it once, in __init__."
)
class GeneratorInCall(_Wrong):
    """A new SeedGenerator each time."""

    def noise(self, x):
        """A generator for one call."""
        seed = keras.random.SeedGenerator(self.seed)
        return keras.random.uniform(keras.ops.shape(x), dtype=x.dtype, seed=seed)


@EXERCISE.mistake(
    "Two layers with the same `seed` drop different entries, so no run can be repeated: the noise "
    "must start from the seed that the layer was made with, and from nothing else."
)
class SeedIgnored(_Wrong):
    """A generator without the seed."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.seed_generator = keras.random.SeedGenerator()


@EXERCISE.mistake(
    "`training` is ignored: at evaluation entries are dropped too, and each evaluation gives "
    "another result."
)
class AlwaysTraining(_Wrong):
    """Drops whatever it is told."""

    def call(self, x, g, training=False):
        """Without a look at training."""
        return self.drop(x, g, self.noise(x))


@EXERCISE.mistake(
    "Nothing is ever dropped: in training each entry is dropped with probability rate g, and what "
    "is kept is divided by 1 - rate g."
)
class NeverDrops(_Wrong):
    """return x."""

    def call(self, x, g, training=False):
        """Without dropout."""
        return x


@EXERCISE.mistake(
    "The condition is reversed: all is kept in training, and entries are dropped at evaluation. It "
    "is at evaluation that x comes out as it is."
)
class OnlyAtEvaluation(_Wrong):
    """if training: return x."""

    def call(self, x, g, training=False):
        """Turned round."""
        return super().call(x, g, not training)


@EXERCISE.mistake(
    "The gate is ignored: the full rate is there from the first step on, and nothing fades in."
)
class FullRateAtOnce(_Wrong):
    """Ordinary dropout."""

    def drop(self, x, g, noise):
        """At the full rate."""
        return super().drop(x, 1.0, noise)


@EXERCISE.mistake(
    "The gate works the wrong way round: at g = 0 the full rate is dropped, and nothing at g = 1. "
    "The rate fades in, from 0 at g = 0 to the whole of it at g = 1."
)
class FadesOut(_Wrong):
    """rate (1 - g)."""

    def drop(self, x, g, noise):
        """Dropout at the beginning only."""
        return super().drop(x, 1 - g, noise)


@EXERCISE.mistake(
    "x is mixed with its dropout, (1 - g) x + g dropout(x), so that a dropped entry only gets "
    "smaller: what fades in is the probability, rate g."
)
class Interpolated(_Wrong):
    """As an activation fades in."""

    def drop(self, x, g, noise):
        """Dropout at the full rate, by its share."""
        return (1 - g) * x + g * super().drop(x, 1.0, noise)


@EXERCISE.mistake(
    "What is kept isn't scaled up, so the mean shrinks as the gate opens, while at evaluation x is "
    "to come out as it is: divide by the probability to be kept."
)
class NotScaled(_Wrong):
    """Without 1 / (1 - p)."""

    def drop(self, x, g, noise):
        """x or 0."""
        return keras.ops.where(noise >= self.rate * g, x, 0.0)


@EXERCISE.mistake(
    "The rest is scaled by 1 / (1 - rate), whatever the gate: what is dropped now is rate g, and "
    "the scale goes with that."
)
class ScaledByTheFullRate(_Wrong):
    """1 / (1 - rate)."""

    def drop(self, x, g, noise):
        """Two different probabilities."""
        return keras.ops.where(noise >= self.rate * g, x / (1 - self.rate), 0.0)


@EXERCISE.mistake(
    "Dropped and kept are swapped: an entry is dropped with probability rate g, so where the "
    "noise is below that."
)
class ExchangedDropAndKeep(_Wrong):
    """noise < p is kept."""

    def drop(self, x, g, noise):
        """The wrong way round."""
        p = self.rate * g
        return keras.ops.where(noise < p, x / (1 - p), 0.0)


@EXERCISE.mistake(
    "One number is drawn for a whole row, so that examples are dropped and not units: the noise "
    "has the shape of x."
)
class WholeRows(_Wrong):
    """Noise of shape (batch, 1)."""

    def noise(self, x):
        """One number a row."""
        shape = (keras.ops.shape(x)[0], 1)
        return keras.random.uniform(shape, dtype=x.dtype, seed=self.seed_generator)


@EXERCISE.mistake(
    "One number is drawn for a whole column, so that a unit is dropped for all examples of the "
    "batch at once: the noise has the shape of x."
)
class WholeColumns(_Wrong):
    """Noise of shape (1, n)."""

    def noise(self, x):
        """One number a column."""
        shape = (1, *keras.ops.shape(x)[1:])
        return keras.random.uniform(shape, dtype=x.dtype, seed=self.seed_generator)


@EXERCISE.mistake(
    "y comes as float32, whatever dtype the layer was made with: either something is cast on the "
    "way, or `super().__init__` never hears of the dtype, which is among kwargs."
)
class AlwaysSingle(_Wrong):
    """A cast."""

    def drop(self, x, g, noise):
        """As it should be, in float32."""
        return keras.ops.cast(super().drop(x, g, noise), "float32")


@EXERCISE.mistake(
    "An `if` on the gate, yours or that in keras.random.dropout, is decided while the graph is "
    "traced, and a tensor has no value then. No case is needed: at g = 0 no uniform noise is below "
    "rate g."
)
class IfOnTheGate(_Wrong):
    """A shortcut for the shut gate."""

    def call(self, x, g, training=False):
        """Draws nothing while the gate is shut."""
        if not training or g == 0:
            return x
        return self.drop(x, g, self.noise(x))


@EXERCISE.alternative
class FromParts(_Wrong):
    """A method for each part."""


@EXERCISE.alternative
class WithAMask(GradualDropout):
    """A product with a mask; TensorFlow's own generator, whose state is a variable as well."""

    def __init__(self, rate, seed=None, **kwargs):
        super().__init__(rate, seed, **kwargs)
        self.generator = tf.random.Generator.from_seed(0 if seed is None else seed)

    def call(self, x, g, training=False):
        """x times the scale."""
        if training:
            keep = 1 - self.rate * tf.cast(g, x.dtype)
            mask = self.generator.uniform(tf.shape(x), dtype=x.dtype) < keep
            x = x * (tf.cast(mask, x.dtype) / keep)
        return x


@EXERCISE.alternative
class WithFloor(GradualDropout):
    """The whole part of noise plus the probability to be kept, as dropout was written long ago."""

    def call(self, x, g, training=False):
        """floor(noise + keep) is 1 with probability keep."""
        keep = 1 - self.rate * g
        noise = keras.random.uniform(keras.ops.shape(x), dtype=x.dtype, seed=self.seed_generator)
        dropped = x * keras.ops.floor(noise + keep) / keep
        return dropped if training else x
