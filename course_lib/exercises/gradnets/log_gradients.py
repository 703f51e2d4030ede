"""Exercise: norms and histograms for TensorBoard, out of a traced step."""

import functools
import tempfile
import weakref
from pathlib import Path

import numpy as np
import tensorflow as tf

from course_lib.exercises.calling.guard import Unusable
from course_lib.exercises.exercise import Arrays, Exercise, Hint, Problem, Rung
from course_lib.exercises.ladder.graph_rungs import equal_to_twin, fit_for_a_gpu, traceable
from course_lib.exercises.ladder.rungs import by_hand, irregular, matches
from course_lib.graphs import gpu_report, own_twin, stumble, trace
from course_lib.layers.log_gradients import log_gradients
from course_lib.scratch.gradnets import gradient_norms
from course_lib.words import listed

NUMBERS = "whether the norm is a number, with a NaN in the first layer and inf in the last,"
STEPS, EVERY = 5, 2  # steps that are taken, and which of them count: 0, 2 and 4


def small() -> Arrays:
    """Three layers; the gradient shrinks on its way down."""
    return {
        "first/W": irregular(5, 4, shift=1, scale=1e-3),
        "first/b": irregular(4, shift=2, scale=1e-3),
        "middle/W": irregular(4, 3, shift=3, scale=0.1),
        "middle/b": irregular(3, shift=4, scale=0.1),
        "last/W": irregular(3, 2, shift=5, scale=4.0),
        "last/b": irregular(2, shift=6, scale=4.0),
    }


def one_layer() -> Arrays:
    """Where only the number of the step counts."""
    return {name: gradient for name, gradient in small().items() if name.startswith("last")}


def two_layers() -> Arrays:
    """3² + 4² + 12² = 13²; opposite signs that cancel in a mean."""
    return {
        "first/W": np.array([[3.0], [-4.0]]),
        "first/b": np.array([12.0]),
        "last/W": np.array([[5.0, -5.0]]),
        "last/b": np.array([-5.0, 5.0]),
    }


def some_are_missing() -> Arrays:
    """No gradient reaches the bias of the middle layer, nor the matrix of the last one.

    So None stands behind a gradient, and before one.
    """
    given = small()
    del given["middle/b"], given["last/W"]
    return given


def any_shapes() -> Arrays:
    """A kernel of three axes, with a scalar beside it; each is large in the norm."""
    return {
        "first/W": irregular(2, 3, 2, shift=1),
        "first/b": np.array(2.0),
        "last/W": irregular(3, 2, shift=5, scale=4.0),
        "last/b": irregular(2, shift=6, scale=4.0),
    }


def layers_of(given: Arrays) -> Arrays:
    """One dict a layer, as gradient_norms has them."""
    layers: Arrays = {}
    for name, gradient in given.items():
        layer, weight = name.split("/")
        layers.setdefault(layer, {})[weight] = gradient
    return layers


def blown_up(given: Arrays) -> Arrays:
    """An entry of the first layer is NaN, and one of the last is infinite."""
    gradients = {name: np.array(gradient) for name, gradient in given.items()}
    gradients["first/W"][1, 2] = np.nan
    gradients["last/b"][0] = np.inf
    return gradients


def as_tensors(given: Arrays, dtype=tf.float64):
    """The gradients as a tape gives them; None where it gives none."""
    return {
        layer: [tf.constant(own[w], dtype) if w in own else None for w in ("W", "b")]
        for layer, own in layers_of(given).items()
    }


def plain(norms) -> np.ndarray:
    """The norms that were returned, as an array."""
    if norms is None:
        raise Unusable("log_gradients returned None: is the `return` missing?")
    return np.asarray(norms)


@functools.cache
def last_run() -> dict:
    """What `written_by` found last, of which function, and with what."""
    return {}


def written_by(function, given: Arrays):
    """What a traced step returned each time, and what stands in the file.

    Three rungs look at the same run: tracing it takes longer than all else.
    """
    last, numbers = last_run(), {n: (g.shape, g.tobytes()) for n, g in given.items()}
    came_in = (numbers, tf.config.functions_run_eagerly())
    if last.get("came in") != came_in or last["function"]() is not function:
        last.clear()
        found = run_and_read(function, given)
        last.update({"function": weakref.ref(function), "came in": came_in, "found": found})
    return last["found"]


def run_and_read(function, given: Arrays):
    """Run a traced step several times; what it returned, and what stands in the file.

    It is traced as a step under `tf.function` is, in which AutoGraph makes an operation of an `if`.
    Gradients grow from step to step, so that one step's numbers are told from another's.
    """
    with tempfile.TemporaryDirectory() as folder:
        writer = tf.summary.create_file_writer(folder)
        gradients = as_tensors(given)

        def one_step(number, gradients):
            return function(writer, gradients, number, EVERY)

        signature, returned = (tf.constant(0, tf.int64), gradients), []
        step = trace(one_step, *signature, autograph=True)
        for number in range(STEPS):
            factor = tf.constant(number + 1, tf.float64)
            grown = {
                name: [None if g is None else factor * g for g in layer]
                for name, layer in gradients.items()
            }
            returned.append(plain(step(tf.constant(number, tf.int64), grown)))
        writer.close()
        return np.array(returned), events(folder)


def events(folder: str) -> Arrays:
    """What an event file holds: each curve as its steps and values."""
    found: Arrays = {}
    for file in sorted(Path(folder).rglob("*tfevents*")):
        # A Dataset would take longer to make than all steps of a check together.
        for record in tf.compat.v1.io.tf_record_iterator(str(file)):
            event = tf.compat.v1.Event.FromString(record)
            for value in event.summary.value:
                number = tf.make_ndarray(value.tensor)
                if number.dtype.kind not in "biuf":
                    raise Unusable(f'Under "{value.tag}" the file holds text, and no numbers.')
                found.setdefault(value.tag, []).append((event.step, number.astype(float)))
    return found


def norms_alone(function, given: Arrays) -> Arrays:
    """The norms of one step, outside a graph."""
    with tempfile.TemporaryDirectory() as folder:
        writer = tf.summary.create_file_writer(folder)
        norms = plain(function(writer, as_tensors(given), tf.constant(1, tf.int64)))
        writer.close()
    return {"norms": norms}


def beside_the_twin(function, given: Arrays) -> Arrays:
    """The norms; beside them, the learner's own NumPy."""
    outputs = norms_alone(function, given)
    twin = own_twin(function, "gradient_norms")
    if twin is not None:
        outputs["norms by your twin"] = np.asarray(twin(list(layers_of(given).values())))
    return outputs


def in_numpy(given: Arrays) -> Arrays:
    """What gradient_norms makes of the same numbers."""
    return {"norms": gradient_norms(list(layers_of(given).values()))}


def which_are_numbers(function, given: Arrays) -> np.ndarray:
    """Of which layers the norm is a finite number."""
    return np.isfinite(norms_alone(function, given)["norms"])


def traced(function, given: Arrays) -> Arrays:
    """Whether a step can be traced before its number is known."""
    with tempfile.TemporaryDirectory() as folder:
        writer = tf.summary.create_file_writer(folder)
        specs = tf.TensorSpec((), tf.int64)
        gradients = as_tensors(given)

        def one_step(number):
            return function(writer, gradients, number)

        over = stumble(lambda: trace(one_step, specs, autograph=True))
        writer.close()
    return {"stumbles over": over}


def at_each_step(function, given: Arrays) -> Arrays:
    """The norms that one graph returned at each step."""
    returned, _ = written_by(function, given)
    return {"norms of each step": returned, NUMBERS: which_are_numbers(function, blown_up(given))}


def growing(given: Arrays) -> Arrays:
    """The norms times 1, 2, 3 …"""
    norms = in_numpy(given)["norms"]
    return {
        "norms of each step": np.outer(np.arange(1.0, STEPS + 1), norms),
        NUMBERS: np.isfinite(in_numpy(blown_up(given))["norms"]),
    }


def curves(function, given: Arrays) -> Arrays:
    """The curves of the norms, as they stand in the file."""
    _, found = written_by(function, given)
    if found and not any(f"gradient norm/{layer}" in found for layer in layers_of(given)):
        there = ", ".join(f'"{tag}"' for tag in list(found)[:4])
        raise Unusable(
            "The file has none of the curves that are asked for: they are called "
            f'"gradient norm/NAME", with the name of a layer. In the file are {there}.'
        )
    for tag in (f"gradient norm/{layer}" for layer in layers_of(given)):
        if any(np.ndim(value) for _, value in found.get(tag, [])):
            raise Unusable(
                f'Under "{tag}" the file holds a histogram: what is drawn as a curve is one number '
                "a step, a scalar."
            )
    return {
        f"{part} of {layer}": np.array([one[index] for one in found.get(tag, [])], float)
        for layer in layers_of(given)
        for tag in [f"gradient norm/{layer}"]
        for index, part in enumerate(("steps", "values"))
    }


def curves_in_numpy(given: Arrays) -> Arrays:
    """Steps 0, 2, 4, and the norms at those."""
    steps, expected = np.arange(0, STEPS, EVERY), {}
    for layer, norm in zip(layers_of(given), in_numpy(given)["norms"], strict=True):
        expected[f"steps of {layer}"] = steps.astype(float)
        expected[f"values of {layer}"] = ((steps + 1) * norm).astype(np.float32).astype(float)
    return expected


def histograms(function, given: Arrays) -> Arrays:
    """At which steps there are histograms, and what those of the first one hold."""
    _, found = written_by(function, given)
    outputs = {}
    for layer in layers_of(given):
        points = found.get(f"gradient/{layer}", [])
        tables = [table for _, table in points]
        if not tables or np.ndim(tables[0]) != 2:
            raise Unusable(f'The file has no histogram "gradient/{layer}".')
        left, right, counts = tables[0].T
        outputs[f"entries of {layer}"] = counts.sum()
        outputs[f"mean square of {layer}"] = np.sum(counts * ((left + right) / 2) ** 2)
        outputs[f"below zero of {layer}"] = counts[right <= 0].sum()
        outputs[f"steps of {layer}"] = np.array([step for step, _ in points])
    return outputs


def whole_histograms(given: Arrays, outputs: Arrays) -> Problem | None:
    """Every entry once; the squares add up to the norm's, within the width of a bin.

    Then the steps: what is wrong with the entries says more.
    """
    for layer, own in layers_of(given).items():
        if outputs[f"steps of {layer}"][0] != 0:
            continue  # a later step has larger gradients; that this one is missing is said below
        entries = np.concatenate([np.ravel(g) for g in own.values()])
        if outputs[f"entries of {layer}"] != entries.size:
            of = "those of the biases included"
            if len(own) < 2:
                of = f"and for its {'biases' if 'W' in own else 'matrix'} stands None"
            return Problem(
                f"The histogram of the layer {layer} counts {outputs[f'entries of {layer}']:.0f} "
                f"entries; its gradients have {entries.size}, {of}."
            )
        near = np.abs(entries).max() / 31  # the bin around zero has both signs
        below = np.count_nonzero(entries < -near)
        signs = abs(outputs[f"below zero of {layer}"] - below) <= 1  # one may lie on a border
        square = np.isclose(outputs[f"mean square of {layer}"], np.sum(entries**2), rtol=0.3)
        if not (square and signs):
            return Problem(
                f"The histogram of the layer {layer} isn't that of its gradients: the entries "
                "themselves, with their signs, one by one."
            )
    count = list(range(0, STEPS, EVERY))
    for layer in layers_of(given):
        steps = outputs[f"steps of {layer}"].tolist()
        if steps != count:
            return Problem(
                f"Steps 0 to {STEPS - 1} were taken with every={EVERY}. The file has a histogram "
                f"of the layer {layer} for each of the steps {listed(map(str, steps))}; it should "
                f"have one for each of {listed(map(str, count))}."
            )
    return None


def every_step_by_default(function, given: Arrays) -> Arrays:
    """Which of a few steps are written when nobody says how many, and when all are to be."""
    return {
        "steps written": steps_written(function, given, (0, 1, 50, 99, 100, 150, 200)),
        "steps written with every=1": steps_written(function, given, (0, 1, 2, 3), 1),
    }


def steps_written(function, given: Arrays, numbers: tuple[int, ...], *every: int) -> np.ndarray:
    """Which of these steps are in the file."""
    with tempfile.TemporaryDirectory() as folder:
        writer = tf.summary.create_file_writer(folder)
        for number in numbers:
            function(writer, as_tensors(given), tf.constant(number, tf.int64), *every)
        writer.close()
        found = events(folder)
    layer = next(iter(layers_of(given)))
    steps = [step for step, _ in found.get(f"gradient norm/{layer}", [])]
    return np.array(steps, float)


def steps_of_any_kind(function, given: Arrays) -> Arrays:
    """Which steps are written if their numbers are Python's, or whole numbers of either width."""
    outputs = {}
    for kind, number in (
        ("Python's int", int),
        ("int32", lambda step: tf.constant(step, tf.int32)),
        ("int64", lambda step: tf.constant(step, tf.int64)),
    ):
        with tempfile.TemporaryDirectory() as folder:
            writer = tf.summary.create_file_writer(folder)
            for step in (0, 1, 2, 3):
                try:
                    function(writer, as_tensors(given), number(step), 3)
                except (TypeError, ValueError, tf.errors.OpError) as error:
                    reason = str(error).splitlines()[0][:120].rstrip(".")
                    raise Unusable(
                        f"With a step that is {kind} it fails ({reason}). The number of a step may "
                        "be any kind of whole number; TensorFlow's writer takes one of them."
                    ) from None
            writer.close()
            written = events(folder).get(f"gradient norm/{next(iter(layers_of(given)))}", [])
        outputs[f"steps written, {kind}"] = np.array([step for step, _ in written], float)
    return outputs


def each_third(_: Arrays) -> Arrays:
    """0 and 3, whatever the kind of number."""
    kinds = ("Python's int", "int32", "int64")
    return {f"steps written, {kind}": np.array([0.0, 3.0]) for kind in kinds}


def each_hundredth(_: Arrays) -> Arrays:
    """0, 100, 200; and all."""
    return {
        "steps written": np.array([0.0, 100.0, 200.0]),
        "steps written with every=1": np.arange(4.0),
    }


def for_a_gpu(function, given: Arrays) -> Arrays:
    """The graph of a step, in float32."""
    with tempfile.TemporaryDirectory() as folder:
        writer = tf.summary.create_file_writer(folder)
        gradients = as_tensors(given, tf.float32)

        def one_step(number):
            return function(writer, gradients, number)

        graph = trace(one_step, tf.TensorSpec((), tf.int64), autograph=True)
        report = gpu_report(graph)
        writer.close()
    return report


NORMS = "equal to gradient_norms, to 1e-10 in float64"
SHAPES = "gradients of any shapes, a scalar too"
CURVES = "the file has the curves, at the steps that count"
ANY_STEP = "the step may be a Python int, or a tensor of either width"
HISTOGRAMS = "the file has the histograms of all entries"

EXERCISE = Exercise(
    reference=log_gradients,
    title="Watch it while it trains",
    goal="Write each layer's gradient norm and histogram into a file for TensorBoard, from inside "
    "a step that is traced once.",
    difficulty=3,
    minutes=40,
    kind="speed up",
    twin="gradient_norms",
    runs_on="The norms are computed on a GPU if there is one; the file is written by the CPU.",
    returns={},
    ladder=(
        by_hand(
            two_layers,
            how="first: √(3² + 4² + 12²) = 13; last: √(4 × 5²) = 10",
            call=norms_alone,
            norms=np.array([13.0, 10.0]),
        ),
        equal_to_twin("gradient_norms", small, in_numpy, beside_the_twin),
        matches(SHAPES, any_shapes, in_numpy, "One layer has a cube and a scalar.", norms_alone),
        matches(
            "a weight without a gradient counts as nothing",
            some_are_missing,
            in_numpy,
            "The bias of the middle layer has None for a gradient, and so has the last matrix.",
            call=norms_alone,
        ),
        traceable(small, traced),
        matches("the norms are there at every step", small, growing, call=at_each_step),
        matches(
            CURVES,
            small,
            curves_in_numpy,
            f"Steps 0 to {STEPS - 1} were taken with every={EVERY}, and the file was opened.",
            call=curves,
        ),
        Rung(HISTOGRAMS, some_are_missing, whole_histograms, histograms),
        matches(
            "unless told, it writes each hundredth step",
            one_layer,
            each_hundredth,
            call=every_step_by_default,
        ),
        matches(ANY_STEP, one_layer, each_third, call=steps_of_any_kind),
        fit_for_a_gpu(small, for_a_gpu),
    ),
    promises={
        "To be called inside": ("TensorFlow can trace it, whatever the size of the batch", CURVES),
        "writer: from": CURVES,
        "gradients: a dict": (NORMS, SHAPES),
        "each layer has at least one": "scaffold: it is what the caller keeps",
        "Where a weight has none": ("a weight without a gradient counts as nothing", HISTOGRAMS),
        "step: number of the step": (CURVES, ANY_STEP),
        "every: only steps": (CURVES, "unless told, it writes each hundredth step"),
        "norms: shape": "the norms are there at every step",
        "Entry l is the L2 norm": (NORMS, "the norms are there at every step"),
        "The curve of it is called": (CURVES, HISTOGRAMS),
    },
    hints=(
        Hint(
            "Which of my lines run at every step?",
            "The step is traced once, with a number that isn't known yet. What does an `if` on it "
            "decide then, and when? What would `int(step)` be?",
        ),
        Hint(
            "What are the shapes?",
            "A layer has a list of tensors of several shapes, and perhaps a None. What you need of "
            "it is one row with all entries that there are; its length gives one number, the norm, "
            "and the row itself is what the histogram is about.",
            fits=(
                "a weight without a gradient counts as nothing",
                "the file has the histograms of all entries",
                "mean of entries",
                "without the root",
                "root of the mean",
                "norms added",
                "without biases",
                "histogram without biases",
                "norm in the histogram",
            ),
        ),
        Hint(
            "The file has every step, or none.",
            "TensorFlow asks a condition before each thing that it writes. The condition may be a "
            "tensor, so that it is evaluated each time the graph runs: look at "
            "`tf.summary.record_if`. And the writer has to know which step it is.",
            fits=(
                "the file has the curves, at the steps that count",
                "all steps",
                "steps in between",
                "always step zero",
                "zero in between",
            ),
        ),
        Hint(
            "Show me the recipe.",
            "For each layer, `tf.concat` the gradients that aren't None, each through "
            "`tf.reshape(g, [-1])`; `tf.norm` of that, and `tf.stack` of all norms. Cast the step "
            "to `tf.int64`. Within `writer.as_default(step=step)` and "
            "`tf.summary.record_if(tf.equal(step % every, 0))` call `write_scalar` and "
            "`write_histogram` for each layer.",
        ),
    ),
)


def _log(
    writer,
    gradients,
    step,
    every=100,
    *,
    entries=None,
    norm=tf.norm,
    shown=None,
    when=None,
    at=None,
    held=None,
):
    """The reference, with one part replaced; for the mistakes."""
    rows = {name: (entries or _entries)(layer) for name, layer in gradients.items()}
    norms = tf.stack([norm(values) for values in rows.values()])
    step = tf.cast(step, tf.int64)
    condition = tf.equal(step % every, 0) if when is None else when(step, every)
    with (
        writer.as_default(step=step if at is None else at),
        tf.summary.record_if(condition),
    ):
        for l, (name, values) in enumerate(rows.items()):
            _write("scalars", f"gradient norm/{name}", norms[l])
            _write("histograms", f"gradient/{name}", _table((shown or tf.identity)(values)))
    return norms if held is None else held(condition, norms)


def _entries(layer):
    return tf.concat([tf.reshape(g, [-1]) for g in layer if g is not None], axis=0)


def _write(kind, tag, data):
    plugin = tf.compat.v1.SummaryMetadata.PluginData(plugin_name=kind)
    about = tf.compat.v1.SummaryMetadata(plugin_data=plugin)
    tf.summary.write(tag, tf.cast(data, tf.float32), metadata=about)


def _table(entries, bins=31):
    entries = tf.boolean_mask(entries, tf.math.is_finite(entries))
    entries = tf.cast(entries, tf.float32)
    far = tf.maximum(tf.reduce_max(tf.abs(entries)), 1e-30)
    counts = tf.cast(tf.histogram_fixed_width(entries, [-far, far], bins), tf.float32)
    edges = far * tf.linspace(-1.0, 1.0, bins + 1)
    return tf.stack([edges[:-1], edges[1:], counts], axis=1)


@EXERCISE.mistake(
    "That is the mean of the entries and no norm: entries of opposite signs cancel. Square, add "
    "up, and take the root."
)
def mean_of_entries(writer, gradients, step, every=100):
    """The old notebook's line."""
    return _log(writer, gradients, step, every, norm=tf.reduce_mean)


@EXERCISE.mistake("The root is missing: that is the sum of the squares.")
def without_the_root(writer, gradients, step, every=100):
    """The squared norm."""
    return _log(writer, gradients, step, every, norm=lambda v: tf.reduce_sum(v * v))


@EXERCISE.mistake(
    "That is the root of the mean square, which doesn't grow with the number of entries; a norm is "
    "the root of their sum."
)
def root_of_the_mean(writer, gradients, step, every=100):
    """RMS."""
    return _log(writer, gradients, step, every, norm=lambda v: tf.sqrt(tf.reduce_mean(v * v)))


@EXERCISE.mistake(
    "The norms of a layer's weights and biases are added. The norm of all entries together is the "
    "root of the sum of *all* squares."
)
def norms_added(writer, gradients, step, every=100):
    """|W| + |b|."""
    sums = {
        name: tf.add_n([tf.norm(g) for g in layer if g is not None])
        for name, layer in gradients.items()
    }
    names = iter(sums)
    return _log(writer, gradients, step, every, norm=lambda _: sums[next(names)])


@EXERCISE.mistake(
    "Of each layer the gradient of the matrix alone is in the norm, and not that of the biases: "
    "all of a layer's gradients belong to it."
)
def without_biases(writer, gradients, step, every=100):
    """layer[0]."""
    return _log(writer, gradients, step, every, entries=lambda layer: tf.reshape(layer[0], [-1]))


@EXERCISE.mistake(
    "`.numpy()` or `int` takes the number out of the step, and while the step is traced there is "
    "none: go on with the tensor."
)
def number_taken_out(writer, gradients, step, every=100):
    """step.numpy()."""
    return _log(writer, gradients, tf.constant(step.numpy()), every)


@EXERCISE.mistake(
    "The layers are put into the order of their names. The norms come in the order in which the "
    "dict holds the layers, which is that of the network."
)
def sorted_by_name(writer, gradients, step, every=100):
    """sorted(gradients)."""
    return _log(writer, {name: gradients[name] for name in sorted(gradients)}, step, every)


@EXERCISE.mistake(
    "The norms are right, and in the file they stand under each other's names: the names were "
    "walked through in another order than the norms."
)
def names_in_another_order(writer, gradients, step, every=100):
    """Names sorted, norms not."""
    _log(writer, dict(zip(sorted(gradients), gradients.values(), strict=True)), step, every)
    return tf.stack([tf.norm(_entries(layer)) for layer in gradients.values()])


@EXERCISE.mistake(
    "What isn't finite is left out of the norm, as it has to be of the histogram. But a layer "
    "whose gradient blows up is what one watches for: its norm is NaN or infinite, and shows it."
)
def norm_of_what_is_finite(writer, gradients, step, every=100):
    """boolean_mask before the norm too."""

    def norm(values):
        return tf.norm(tf.boolean_mask(values, tf.math.is_finite(values)))

    return _log(writer, gradients, step, every, norm=norm)


@EXERCISE.mistake(
    "The points of a curve are numbered 0, 1, 2: the writer gets how many were written before, "
    "and needs the number of the step."
)
def counted_in_hundreds(writer, gradients, step, every=100):
    """step // every."""
    return _log(writer, gradients, step, every, at=tf.cast(step, tf.int64) // every)


@EXERCISE.mistake(
    "Step 0 is left out. `every` divides it too, and where the training began is worth a look."
)
def not_the_first_step(writer, gradients, step, every=100):
    """step > 0 as well."""

    def when(step, every):
        return (step > 0) & tf.equal(step % every, 0)

    return _log(writer, gradients, step, every, when=when)


@EXERCISE.mistake(
    "Every step is written, whatever `every` says: a file of all steps soon is larger than the "
    "network, and writing it takes longer than the training."
)
def all_steps(writer, gradients, step, every=100):
    """Without a condition."""
    return _log(writer, gradients, step, every, when=lambda step, every: tf.constant(True))


@EXERCISE.mistake(
    "The steps in between are written, and those that `every` divides are left out: the condition "
    "is the wrong way round."
)
def steps_in_between(writer, gradients, step, every=100):
    """step % every as the condition."""
    return _log(
        writer, gradients, step, every, when=lambda step, every: tf.not_equal(step % every, 0)
    )


@EXERCISE.mistake(
    "The steps are counted from 1, so that what is written comes one step early: step 0 counts, "
    "and then each that `every` divides."
)
def counted_from_one(writer, gradients, step, every=100):
    """(step + 1) % every."""
    return _log(
        writer, gradients, step, every, when=lambda step, every: tf.equal((step + 1) % every, 0)
    )


@EXERCISE.mistake(
    "The steps that are written leave a remainder of 1. Where `every` divides the number of a "
    "step, the remainder is 0."
)
def remainder_of_one(writer, gradients, step, every=100):
    """step % every == 1."""
    return _log(writer, gradients, step, every, when=lambda step, every: tf.equal(step % every, 1))


@EXERCISE.mistake(
    "The step's number goes to the writer as it came in, and it may come as int32: the writer "
    "wants int64, so cast it."
)
def number_as_it_came(writer, gradients, step, every=100):
    """Without tf.cast."""
    return _log(writer, gradients, step, every, at=step)


@EXERCISE.mistake(
    "The histogram has the entries of the first gradient alone, that of the layer's matrix. The "
    "biases belong to the layer as well."
)
def histogram_without_biases(writer, gradients, step, every=100):
    """layer[0], in the histogram only."""
    layers = iter(gradients.values())
    return _log(writer, gradients, step, every, shown=lambda _: tf.reshape(next(layers)[0], [-1]))


@EXERCISE.mistake(
    "The writer doesn't get the number of the step, so that all points of a curve lie at one place."
)
def always_step_zero(writer, gradients, step, every=100):
    """step=0."""
    return _log(writer, gradients, step, every, at=tf.constant(0, tf.int64))


@EXERCISE.mistake(
    "The norms are zero at the steps that aren't written. They are wanted at every step; only the "
    "writing is left out."
)
def zero_in_between(writer, gradients, step, every=100):
    """Norms under the condition too."""
    return _log(
        writer,
        gradients,
        step,
        every,
        held=lambda now, norms: tf.where(now, norms, tf.zeros_like(norms)),
    )


@EXERCISE.mistake(
    "The histogram is that of the squares of the entries. With their signs, it shows as well "
    "whether they pull to one side."
)
def squares_in_the_histogram(writer, gradients, step, every=100):
    """The squares."""
    return _log(writer, gradients, step, every, shown=lambda values: values * values)


@EXERCISE.mistake(
    "The histogram is that of the sizes of the entries: their signs are lost, and with them "
    "whether all pull to one side."
)
def sizes_in_the_histogram(writer, gradients, step, every=100):
    """|g|."""
    return _log(writer, gradients, step, every, shown=tf.abs)


@EXERCISE.mistake(
    "The histogram holds one number, the norm: it is to show how the entries themselves are spread."
)
def norm_in_the_histogram(writer, gradients, step, every=100):
    """A histogram of a single number."""
    return _log(writer, gradients, step, every, shown=lambda values: tf.norm(values)[None])


@EXERCISE.alternative
def from_parts(writer, gradients, step, every=100):
    """Other names, a square root."""
    return _log(writer, gradients, step, every, norm=lambda v: tf.sqrt(tf.reduce_sum(v**2)))


@EXERCISE.alternative
def with_cond(writer, gradients, step, every=100):
    """tf.cond around the writing; norms by the global norm, which skips None by itself."""
    norms = [tf.linalg.global_norm(layer) for layer in gradients.values()]
    step = tf.cast(step, tf.int64)

    def written():
        with writer.as_default(step=step):
            for norm, (name, layer) in zip(norms, gradients.items(), strict=True):
                _write("scalars", f"gradient norm/{name}", norm)
                _write("histograms", f"gradient/{name}", _table(_entries(layer)))
        return True

    tf.cond(tf.math.floormod(step, every) > 0, lambda: False, written)
    return tf.convert_to_tensor(norms)


@EXERCISE.alternative
def with_if(writer, gradients, step, every=100):
    """A Python `if`, of which AutoGraph makes an operation in a tf.function."""
    rows = [_entries(layer) for layer in gradients.values()]
    norms = tf.stack([tf.norm(row) for row in rows])
    step = tf.cast(step, tf.int64)
    if step % every == 0:
        with writer.as_default(step=step):
            for name, row, norm in zip(gradients, rows, tf.unstack(norms), strict=True):
                _write("scalars", f"gradient norm/{name}", norm)
                _write("histograms", f"gradient/{name}", _table(row))
    return norms
