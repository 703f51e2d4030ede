"""Exercise: KeRNL's gradient over a long sequence, the fast form of `chunk_border`."""

import numpy as np
import tensorflow as tf

from course_lib.exercises.calling.guard import Unusable, with_article
from course_lib.exercises.exercise import Arrays, Exercise, Hint, Problem, Rung
from course_lib.exercises.ladder.beyond_one_case import large_numbers
from course_lib.exercises.ladder.graph_rungs import (
    compiles,
    equal_to_twin,
    fit_for_a_gpu,
    traceable,
)
from course_lib.exercises.ladder.rungs import by_hand, irregular, isolating, matches
from course_lib.graphs import (
    by_xla,
    gpu_report,
    nodes,
    own_twin,
    step_by_step,
    stumble,
    trace,
    written,
)
from course_lib.online.by_hand.chunks import chunked_trace
from course_lib.scratch.kernl import chunk_border


def sequence(T=11, C=4) -> Arrays:
    """Two sequences of 11 steps in chunks of 4: one chunk is shorter."""
    return {
        "E_0": irregular(2, 5, 3),
        "v": irregular(2, T, 5, shift=1),
        "d": irregular(2, T, 3, shift=2) ** 2,
        "credit": irregular(2, T, 3, shift=3),
        "gamma": np.array([0.0, 0.3, 1.2]),
        "C": C,
    }


def far_from_zero() -> Arrays:
    """Traces, activities and credit that are large."""
    given = sequence()
    return given | {"E_0": 500 * given["E_0"], "v": 50 * given["v"], "credit": 50 * given["credit"]}


def one_chunk() -> Arrays:
    """The whole sequence is one chunk."""
    return sequence(T=4)


def two_chunks() -> Arrays:
    """Two chunks of three steps, nothing left over."""
    return sequence(T=6, C=3)


def shorter_than_a_chunk() -> Arrays:
    """A single step, and chunks of seven."""
    return sequence(T=1, C=7)


def chunks_of_one() -> Arrays:
    """Three steps, a border after each."""
    return sequence(T=3, C=1)


def forgetful() -> Arrays:
    """Units that forget everything within a step or two, in long chunks."""
    return {**sequence(T=70, C=32), "gamma": np.array([0.01, 30.0, 700.0])}


def one_weight() -> Arrays:
    """One weight, three steps in chunks of two; half of a trace is left at every step."""
    return {
        "E_0": np.array([[[8.0]]]),
        "v": np.array([[[2.0], [3.0], [1.0]]]),
        "d": np.ones((1, 3, 1)),
        "credit": np.array([[[10.0], [100.0], [1000.0]]]),
        "gamma": np.array([np.log(2)]),
        "C": 2,
    }


def long() -> Arrays:
    """Sixty steps in chunks of 20, and sizes that can't be taken for one another."""
    return {
        "E_0": irregular(3, 7, 23),
        "v": irregular(3, 60, 7, shift=1),
        "d": irregular(3, 60, 23, shift=2) ** 2,
        "credit": irregular(3, 60, 23, shift=3),
        "gamma": 0.1 + irregular(23, shift=4) ** 2,
        "C": 20,
    }


def many_chunks() -> Arrays:
    """Sixty steps in chunks of 3: traces of all chunks would be larger than what came in."""
    return {**long(), "C": 3}


def dW_and_E_T(returned):
    """The two results, apart."""
    if returned is None:
        raise Unusable("chunked_trace returned None: is the `return` missing?")
    if not isinstance(returned, tuple | list) or len(returned) != 2:
        kind = with_article(type(returned).__name__)
        raise Unusable(f"chunked_trace returned {kind}; it returns two tensors: dW, E_T.")
    return returned


def by_tensorflow(function, given: Arrays) -> Arrays:
    """The learner's function on tensors."""
    *arrays, C = given.values()
    dW, E_T = dW_and_E_T(function(*map(tf.constant, arrays), int(C)))
    return {"dW": np.asarray(dW), "E_T": np.asarray(E_T)}


def without_a_graph(function, given: Arrays) -> Arrays:
    """The same, step by step: a size of 1 that a graph knows may be stretched, for all it knows."""
    with step_by_step():
        return by_tensorflow(function, given)


def beside_the_twin(function, given: Arrays) -> Arrays:
    """The same, and the learner's own NumPy."""
    outputs = by_tensorflow(function, given)
    twin = own_twin(function, "chunk_border")
    if twin is not None:
        dW, E_T = in_chunks(twin, given)
        outputs |= {"dW by your twin": dW, "E_T by your twin": E_T}
    return outputs


def in_chunks(border, given: Arrays):
    """The sequence chunk after chunk, in NumPy."""
    E, v, d, credit, gamma, C = given.values()
    dW = np.zeros(E.shape[1:])
    for start in range(0, v.shape[1], C):
        now = slice(start, start + C)
        part, E = border(E, v[:, now], d[:, now], credit[:, now], gamma)
        dW = dW + part
    return dW, E


def in_numpy(given: Arrays) -> Arrays:
    """What chunk_border makes of it."""
    dW, E_T = in_chunks(chunk_border, given)
    return {"dW": dW, "E_T": E_T}


def specs(given: Arrays, T=None) -> list:
    """Sequences of T steps, or any number of them, in a batch of any size."""
    free = {"E_0": (None,), "gamma": ()}
    return [
        tf.TensorSpec((*lead, *value.shape[len(lead) :]), value.dtype)
        for name, value in given.items()
        if name != "C"
        for lead in [free.get(name, (None, T))]
    ]


def graph(function, given: Arrays, T=None, C=None, **settings):
    """The graph, for T steps in chunks of C."""
    C = C or int(given["C"])
    return trace(lambda *tensors: function(*tensors, C), *specs(given, T), **settings)


def traced(function, given: Arrays) -> Arrays:
    """Whether it can be traced before batch and number of steps are known."""
    return {"stumbles over": stumble(lambda: graph(function, given))}


def graph_sizes(function, given: Arrays) -> Arrays:
    """How many operations there are for more chunks, and for longer ones."""
    return {
        "two chunks of 4": len(nodes(graph(function, given, 8, 4))),
        "four chunks of 4": len(nodes(graph(function, given, 16, 4))),
        "two chunks of 8": len(nodes(graph(function, given, 16, 8))),
        "two chunks of 16": len(nodes(graph(function, given, 32, 16))),
    }


def loops_stand_in_the_graph(_: Arrays, outputs: Arrays) -> Problem | None:
    """As many operations for more chunks, and for longer ones at most some more at each doubling.

    Who joins pairs of steps, pairs of pairs and so on needs a round more for twice the steps; who
    goes from step to step needs twice as many steps.
    """
    two, four, longer, longest = (int(size) for size in outputs.values())
    if two != four:
        return Problem(
            f"The graph has {two} operations for two chunks and {four} for four: the loop over "
            "chunks is Python's, written out while the code is traced. It has to be in the graph, "
            "once."
        )
    if longest - longer > longer - two:
        return Problem(
            f"The graph has {longer} operations for chunks of 8 and {longest} for chunks of 16: "
            "inside a chunk, Python goes from step to step. How much of each step is left at each "
            "other step is known beforehand, for all pairs at once."
        )
    return None


def what_is_built(function, given: Arrays) -> Arrays:
    """How often something as large as all traces is written, and the largest tensor.

    "traces at once" is how many times all traces fit exactly into one tensor, at most.
    """
    shapes = written(lambda: by_tensorflow(function, given))
    sizes, of_all = [int(np.prod(shape)) for shape in shapes], given["E_0"].size
    at_once = [size // of_all for size in sizes if size % of_all == 0]
    return {
        "traces": sizes.count(of_all),
        "traces at once": max(at_once, default=0),
        "largest": max(sizes, default=0),
    }


def few_traces(given: Arrays, outputs: Arrays) -> Problem | None:
    """Fewer than one a step, one after the other or side by side."""
    T, traces = given["v"].shape[1], int(outputs["traces"])
    if int(outputs["traces at once"]) >= given["C"]:
        return Problem(
            f"With C = {given['C']}, a tensor holds {outputs['traces at once']} times as many "
            "numbers as all traces: something of their size is built for each step, if only to be "
            "summed. Let one product of v with the rest do both (tf.einsum, tf.matmul)."
        )
    if traces < T:
        return None
    return Problem(
        f"In {T} steps something of the size of all traces is written {traces} times: traces are "
        "built step by step, as before. Inside a chunk they aren't needed; one product for all of "
        "a chunk's steps gives what leaves it."
    )


def nothing_large(given: Arrays, outputs: Arrays) -> Problem | None:
    """Nothing that grows faster than what came in."""
    came = max(given[name].size for name in ("E_0", "v", "d", "credit"))
    largest = int(outputs["largest"])
    if largest <= 2 * came:
        return None
    return Problem(
        f"The largest tensor that came in holds {came:,} numbers, and one of {largest:,} is built. "
        "For all chunks at once, or all pairs of steps, memory grows with the sequence faster than "
        "the sequence itself: let one chunk be done before the next begins."
    )


def compiled(function, given: Arrays) -> Arrays:
    """The same, by XLA."""
    *arrays, _ = given.values()

    def make(**settings):
        return graph(function, given, **settings)

    return by_xla(
        make, arrays, lambda found: dict(zip(("dW", "E_T"), dW_and_E_T(found), strict=True))
    )


def for_a_gpu(function, given: Arrays) -> Arrays:
    """The graph in float32."""
    small = {
        name: value if name == "C" else value.astype(np.float32) for name, value in given.items()
    }
    return gpu_report(graph(function, small))


EXERCISE = Exercise(
    reference=chunked_trace,
    title="A long sequence, chunk after chunk",
    goal="Let TensorFlow run your chunks over a sequence of any length, in a few products each.",
    difficulty=3,
    minutes=60,
    kind="speed up",
    twin="chunk_border",
    returns={},
    ladder=(
        by_hand(
            one_weight,
            how="traces: 8 × 0.5 + 2 = 6, then 6 × 0.5 + 3 = 6, then 6 × 0.5 + 1 = 4\n"
            "dW = 10 × 6 + 100 × 6 + 1000 × 4 = 4660",
            call=without_a_graph,
            dW=np.array([[4660.0]]),
            E_T=np.array([[[4.0]]]),
        ),
        matches("the whole sequence as one chunk", one_chunk, in_numpy, call=by_tensorflow),
        *isolating(
            two_chunks,
            in_numpy,
            {"what came in with E_0": ("v",), "what happens inside": ("E_0",)},
            call=by_tensorflow,
        ),
        matches("two chunks, and the border between them", two_chunks, in_numpy, "", by_tensorflow),
        equal_to_twin("chunk_border", sequence, in_numpy, beside_the_twin),
        large_numbers(far_from_zero, in_numpy, by_tensorflow),
        matches(
            "a sequence shorter than a chunk",
            shorter_than_a_chunk,
            in_numpy,
            "With T = 1 and C = 7:",
            call=by_tensorflow,
        ),
        matches("chunks of one step", chunks_of_one, in_numpy, "With C = 1:", by_tensorflow),
        matches(
            "right for units that forget at once",
            forgetful,
            in_numpy,
            "With gamma up to 700 and chunks of 32 steps:",
            call=by_tensorflow,
        ),
        Rung("no trace is built inside a chunk", long, few_traces, what_is_built, by_verdict=True),
        Rung(
            "nothing larger than what came in",
            many_chunks,
            nothing_large,
            what_is_built,
            by_verdict=True,
        ),
        traceable(sequence, traced),
        Rung(
            "the graph doesn't grow with the chunks or their length",
            sequence,
            loops_stand_in_the_graph,
            graph_sizes,
            by_verdict=True,
        ),
        compiles(sequence, in_numpy, compiled),
        fit_for_a_gpu(sequence, for_a_gpu),
    ),
    promises={
        "All tensors have": (
            "equal to chunk_border, to 1e-10 in float64",
            "nothing in it keeps it from a GPU",
        ),
        "The length of": "TensorFlow can trace it, whatever the size of the batch",
        "E_0: traces": "only what came in with E_0 matters",
        "v: what": "a case small enough to do by hand",
        "d: derivatives": "a case small enough to do by hand",
        "credit: dh": "a case small enough to do by hand",
        "gamma: decay": "right for units that forget at once",
        "C: steps": (
            "the whole sequence as one chunk",
            "a sequence shorter than a chunk",
            "chunks of one step",
        ),
        "C: Where T": "equal to chunk_border, to 1e-10 in float64",
        "dW: shape": "equal to chunk_border, to 1e-10 in float64",
        "E_T: the traces": "two chunks, and the border between them",
    },
    hints=(
        Hint(
            "Where do I begin?",
            "Your `chunk_border` has a loop over steps, and around it stood a loop over chunks. "
            "Which of the two has to run in order, because each turn needs the last turn's "
            "result? And which one only seems to?",
        ),
        Hint(
            "What does a chunk look like without a loop?",
            "Draw a table, C × C: row s is a step, column t a loss. Each entry holds what is left "
            "of step s at t, one number per unit: `exp(-gamma * (t - s))`, and 0 below the "
            "diagonal. Its shape is (C, C, n). Credit has (batch, C, n). Which axis goes?",
            fits=(
                "table turned over",
                "fading divided out",
                "step after step",
                "a trace for each step",
                "only what happens inside matters",
                "right for units that forget at once",
                "no trace is built inside a chunk",
                "nothing larger than what came in",
            ),
        ),
        Hint(
            "T is not a multiple of C.",
            "Zeros added at the end make E fade too often. But where the borders lie doesn't "
            "matter: what is left over can be a chunk of its own, before or after the loop, of "
            "`T % C` steps, and it may even be empty. If it is, asking for its first step fails, "
            "and sums over its steps don't.",
            fits=(
                "rest is lost",
                "filled up behind",
                "shorter chunk afresh",
                "a sequence shorter than a chunk",
                "chunks of one step",
            ),
        ),
        Hint(
            "Show me the recipe.",
            "A helper that takes E, dW and the tensors of one chunk: `later` is "
            '`tf.einsum("sti,bti->bsi", table, credit)`, and the rest are the products of '
            "`chunk_border`, the border's credit as the sum over t of `exp(-gamma * (t + 1))` by "
            "credit. `tf.while_loop` over `T // C` chunks carries the number of the chunk, E and "
            "dW; each turn cuts its steps with `tf.slice(v, [0, k * C, 0], [-1, C, -1])`. Take T "
            "from `tf.shape(v)`, and C no larger than T. After the loop, the helper once more.",
        ),
    ),
)


def _table(C, gamma):
    """What is left of each step at each later one."""
    lag = tf.range(C) - tf.range(C)[:, None]
    ahead = tf.cast(lag[..., None] >= 0, gamma.dtype)
    return ahead * tf.exp(-gamma * tf.cast(tf.maximum(lag, 0)[..., None], gamma.dtype))


def _chunk(E, v, d, credit, gamma, first=1):
    """One chunk, as it should be; what comes in fades `first` times before its first loss."""
    C = tf.shape(v)[1]
    t = tf.cast(tf.range(C), gamma.dtype)[:, None]
    later = tf.einsum("sti,bti->bsi", _table(C, gamma), credit)
    at_border = tf.einsum("ti,bti->bi", tf.exp(-gamma * (t + first)), credit)
    dW = tf.einsum("bsj,bsi->ji", v, later * d) + tf.einsum("bi,bji->ji", at_border, E)
    left = tf.einsum("bsj,bsi->bji", v, tf.exp(-gamma * t[::-1]) * d)
    return dW, tf.exp(-gamma * tf.cast(C, gamma.dtype)) * E + left


def _over_chunks(chunk, E_0, v, d, credit, gamma, C, rest=True):
    """A chunk's function over all chunks, and over what is left; for mistakes and alternatives."""
    T = tf.shape(v)[1]
    C = tf.maximum(1, tf.minimum(C, T))  # a mistake may leave no step at all

    def body(k, E, dW):
        part, E = chunk(E, *(tf.slice(a, [0, k * C, 0], [-1, C, -1]) for a in (v, d, credit)))
        return k + 1, tf.ensure_shape(E, shape), tf.ensure_shape(dW + part, shape[1:])

    dW, shape = tf.zeros_like(E_0[0]), E_0.shape
    _, E, dW = tf.while_loop(lambda k, *_: k < T // C, body, (0, E_0, dW))
    if rest:
        part, E = chunk(E, *(a[:, T // C * C :] for a in (v, d, credit)))
        dW += part
    return dW, E


def _all_chunks(E_0, v, d, credit, gamma, C):
    """As it should be."""

    def chunk(E, v, d, credit):
        return _chunk(E, v, d, credit, gamma)

    return _over_chunks(chunk, E_0, v, d, credit, gamma, C)


@EXERCISE.mistake(
    "The steps after the last full chunk are lost: where T is not a multiple of C, one chunk is "
    "shorter."
)
def rest_is_lost(E_0, v, d, credit, gamma, C):
    """T // C chunks, and no more."""

    def chunk(E, v, d, credit):
        return _chunk(E, v, d, credit, gamma)

    return _over_chunks(chunk, E_0, v, d, credit, gamma, C, rest=False)


@EXERCISE.mistake(
    "In the shorter chunk, what came in fades as in a full one, over C steps: a chunk of T % C "
    "steps fades it only that often."
)
def short_chunk_fades_like_a_full_one(E_0, v, d, credit, gamma, C):
    """C for the chunk's own number of steps."""
    full = tf.cast(tf.minimum(C, tf.shape(v)[1]), gamma.dtype)

    def chunk(E, v, d, credit):
        part, after = _chunk(E, v, d, credit, gamma)
        steps = tf.cast(tf.shape(v)[1], gamma.dtype)
        return part, after + (tf.exp(-gamma * full) - tf.exp(-gamma * steps)) * E

    return _over_chunks(chunk, E_0, v, d, credit, gamma, C)


@EXERCISE.mistake(
    "Only full chunks are read: what comes after the last one is lost, and of a sequence shorter "
    "than C nothing is read. The last chunk has as many steps as are left."
)
def full_chunks_only(E_0, v, d, credit, gamma, C):
    """T // C chunks of C steps, none where T is below C."""
    whole = tf.shape(v)[1] // C * C
    return _all_chunks(E_0, *(a[:, :whole] for a in (v, d, credit)), gamma, C)


@EXERCISE.mistake(
    "A step gets no credit for the loss of its own moment: of step s all is left at t = s, "
    "exp(0) = 1, so the table holds t >= s, and not t > s."
)
def own_step_left_out(E_0, v, d, credit, gamma, C):
    """A table without its diagonal."""

    def chunk(E, v, d, credit):
        dW, E_C = _chunk(E, v, d, credit, gamma)
        return dW - tf.einsum("bsj,bsi->ji", v, credit * d), E_C

    return _over_chunks(chunk, E_0, v, d, credit, gamma, C)


@EXERCISE.mistake(
    "Over the shorter chunk the traces that come in fade by C steps, as over a full one: they fade "
    "by as many as it has."
)
def fades_like_a_full_one(E_0, v, d, credit, gamma, C):
    """exp(-gamma C) everywhere."""

    def chunk(E, v, d, credit):
        dW, E_C = _chunk(E, v, d, credit, gamma)
        own = tf.exp(-gamma * tf.cast(tf.shape(v)[1], gamma.dtype))
        return dW, E_C + (tf.exp(-gamma * C) - own) * E

    T = tf.shape(v)[1]
    whole = T // C * C
    dW, E = _all_chunks(E_0, *(a[:, :whole] for a in (v, d, credit)), gamma, C)
    read = whole > 0
    dW, E = tf.where(read, dW, tf.zeros_like(dW)), tf.where(read, E, E_0)
    part, E = chunk(E, *(a[:, whole:] for a in (v, d, credit)))
    return dW + part, E


@EXERCISE.mistake(
    "The sequence is filled up with zeros to full chunks. They add nothing to dW, but E_T fades at "
    "each of them too, and zeros in front would fade E_0: let one chunk be shorter."
)
def filled_up_behind(E_0, v, d, credit, gamma, C):
    """Zeros at the end."""
    more = [[0, 0], [0, -v.shape[1] % C], [0, 0]]

    def chunk(E, v, d, credit):
        return _chunk(E, v, d, credit, gamma)

    padded = [tf.pad(a, more) for a in (v, d, credit)]
    return _over_chunks(chunk, E_0, *padded, gamma, C)


@EXERCISE.mistake(
    "Each chunk begins with traces of zero: what leaves one chunk comes into the next, and E_0 "
    "into the first."
)
def every_chunk_afresh(E_0, v, d, credit, gamma, C):
    """E isn't handed on."""

    def chunk(E, v, d, credit):
        return _chunk(tf.zeros_like(E), v, d, credit, gamma)

    return _over_chunks(chunk, E_0, v, d, credit, gamma, C)


@EXERCISE.mistake(
    "What leaves the last full chunk doesn't reach the shorter one: its losses see the traces that "
    "come in, too."
)
def shorter_chunk_afresh(E_0, v, d, credit, gamma, C):
    """Zeros where the rest begins; E itself fades on."""
    T = tf.shape(v)[1]
    whole = T // tf.minimum(C, T) * tf.minimum(C, T)

    def chunk(E, v, d, credit):
        return _chunk(E, v, d, credit, gamma)

    dW, E = _over_chunks(chunk, E_0, v, d, credit, gamma, C, rest=False)
    part, left = chunk(tf.zeros_like(E), *(a[:, whole:] for a in (v, d, credit)))
    return dW + part, E * tf.exp(-gamma * tf.cast(T - whole, gamma.dtype)) + left


@EXERCISE.mistake(
    "At a border the traces of each sequence meet the credit of all of them: a sequence's credit "
    "goes to its own traces, so both have the same letter for the batch in tf.einsum."
)
def sequences_mixed_at_the_border(E_0, v, d, credit, gamma, C):
    """Summed over the batch before they are multiplied."""

    def chunk(E, v, d, credit):
        _, E_C = _chunk(E, v, d, credit, gamma)
        inside, _ = _chunk(tf.zeros_like(E), v, d, credit, gamma)
        t = tf.cast(tf.range(tf.shape(v)[1]), gamma.dtype)[:, None]
        border = tf.einsum("ti,bti->i", tf.exp(-gamma * (t + 1)), credit)
        return inside + border * tf.reduce_sum(E, axis=0), E_C

    return _over_chunks(chunk, E_0, v, d, credit, gamma, C)


@EXERCISE.mistake(
    "dW is a mean over the batch: it is the sum, and whoever wants a mean divides the credit."
)
def mean_over_the_batch(E_0, v, d, credit, gamma, C):
    """Divided by the number of sequences."""
    dW, E = _all_chunks(E_0, v, d, credit, gamma, C)
    return dW / tf.cast(tf.shape(v)[0], dW.dtype), E


@EXERCISE.mistake(
    "What a chunk adds to the traces doesn't fade inside it: if k more steps follow a step, "
    "exp(-gamma * k) of what it added is left at the border."
)
def added_without_fading(E_0, v, d, credit, gamma, C):
    """A plain sum over the chunk's steps."""

    def chunk(E, v, d, credit):
        dW, _ = _chunk(E, v, d, credit, gamma)
        whole = tf.exp(-gamma * tf.cast(tf.shape(v)[1], gamma.dtype)) * E
        return dW, whole + tf.einsum("bsj,bsi->bji", v, d)

    return _over_chunks(chunk, E_0, v, d, credit, gamma, C)


@EXERCISE.mistake(
    "The right numbers, by way of a trace for every step of a chunk, (batch, C, p, n), that is "
    "summed afterwards: name both axes that go in one tf.einsum, and nothing of the kind is built."
)
def a_trace_for_each_step(E_0, v, d, credit, gamma, C):
    """An outer product, then a sum."""

    def chunk(E, v, d, credit):
        dW, E_C = _chunk(E, v, d, credit, gamma)
        later = tf.einsum("sti,bti->bsi", _table(tf.shape(v)[1], gamma), credit)
        inside = tf.einsum("bsj,bsi->ji", v, later * d)
        return dW - inside + tf.reduce_sum(v[..., None] * (later * d)[:, :, None], (0, 1)), E_C

    return _over_chunks(chunk, E_0, v, d, credit, gamma, C)


@EXERCISE.mistake(
    "Every chunk begins with E_0: what leaves one chunk comes into the next, and only the first "
    "begins with E_0."
)
def every_chunk_from_E_0(E_0, v, d, credit, gamma, C):
    """E isn't handed on, but E_0 again."""

    def chunk(E, v, d, credit):
        return _chunk(E_0, v, d, credit, gamma)

    return _over_chunks(chunk, E_0, v, d, credit, gamma, C)


@EXERCISE.mistake(
    "A loss gives no credit to what came before its chunk: the traces that come in get the chunk's "
    "credit too, each loss faded by its distance from the border."
)
def credit_stops_at_the_border(E_0, v, d, credit, gamma, C):
    """Truncated."""

    def chunk(E, v, d, credit):
        _, E_C = _chunk(E, v, d, credit, gamma)
        return _chunk(tf.zeros_like(E), v, d, credit, gamma)[0], E_C

    return _over_chunks(chunk, E_0, v, d, credit, gamma, C)


@EXERCISE.mistake(
    "The traces that come in aren't faded before the chunk's first step sees them: from the border "
    "to the first loss it is one step, not none."
)
def border_not_faded(E_0, v, d, credit, gamma, C):
    """exp(-gamma * t) instead of t + 1."""

    def chunk(E, v, d, credit):
        return _chunk(E, v, d, credit, gamma, first=0)

    return _over_chunks(chunk, E_0, v, d, credit, gamma, C)


@EXERCISE.mistake(
    "What came into a chunk fades by one step too few on its way out: it goes through all the "
    "steps of the chunk, C of them, and not C - 1."
)
def fades_one_step_too_few(E_0, v, d, credit, gamma, C):
    """exp(-gamma (C - 1))."""

    def chunk(E, v, d, credit):
        dW, after = _chunk(E, v, d, credit, gamma)
        steps = tf.cast(tf.shape(v)[1], gamma.dtype)
        return dW, after + (tf.exp(-gamma * (steps - 1)) - tf.exp(-gamma * steps)) * E

    return _over_chunks(chunk, E_0, v, d, credit, gamma, C)


@EXERCISE.mistake(
    "The traces that came in have faded over the whole chunk before they meet its credit: use them "
    "as they came in, exp(-gamma (t + 1)) does the fading, and let them fade afterwards."
)
def faded_before_they_are_used(E_0, v, d, credit, gamma, C):
    """E is overwritten too early."""

    def chunk(E, v, d, credit):
        steps = tf.cast(tf.shape(v)[1], gamma.dtype)
        dW, _ = _chunk(tf.exp(-gamma * steps) * E, v, d, credit, gamma)
        return dW, _chunk(E, v, d, credit, gamma)[1]

    return _over_chunks(chunk, E_0, v, d, credit, gamma, C)


@EXERCISE.mistake(
    "The credit is multiplied by the derivative at the step of the loss: d belongs to the step "
    "whose v is multiplied, so it comes after the sum over the later losses."
)
def derivative_of_the_later_step(E_0, v, d, credit, gamma, C):
    """d * credit into the table."""

    def chunk(E, v, d, credit):
        border, _ = _chunk(E, tf.zeros_like(v), d, credit, gamma)
        inside, _ = _chunk(tf.zeros_like(E), v, tf.ones_like(d), d * credit, gamma)
        return border + inside, _chunk(E, v, d, credit, gamma)[1]

    return _over_chunks(chunk, E_0, v, d, credit, gamma, C)


@EXERCISE.mistake(
    "The table of fading is turned over: a step gets credit for losses before it. What is left of "
    "step s at t is 0 where t comes before s."
)
def table_turned_over(E_0, v, d, credit, gamma, C):
    """Rows for columns."""

    def chunk(E, v, d, credit):
        dW, E_C = _chunk(E, v, d, credit, gamma)
        table = _table(tf.shape(v)[1], gamma)
        right = tf.einsum("sti,bti->bsi", table, credit)
        wrong = tf.einsum("tsi,bti->bsi", table, credit)
        return dW + tf.einsum("bsj,bsi->ji", v, (wrong - right) * d), E_C

    return _over_chunks(chunk, E_0, v, d, credit, gamma, C)


@EXERCISE.mistake(
    "In a long chunk, a unit that forgets fast gives NaN: 0 / 0 where the fading is divided out "
    "again, 0 times infinity where it is taken backwards in time. Take it over the difference "
    "t - s at once, and only where that isn't below 0."
)
def fading_divided_out(E_0, v, d, credit, gamma, C):
    """A running sum in place of the table."""

    def chunk(E, v, d, credit):
        t = tf.cast(tf.range(tf.shape(v)[1]), gamma.dtype)[:, None]
        fade = tf.exp(-gamma * t)
        later = tf.cumsum(fade * credit, axis=1, reverse=True) / fade
        dW, E_C = _chunk(E, v, d, tf.zeros_like(credit), gamma)
        border = tf.exp(-gamma) * tf.reduce_sum(fade * credit, axis=1)
        dW += tf.einsum("bsj,bsi->ji", v, later * d) + tf.einsum("bi,bji->ji", border, E)
        return dW, E_C

    return _over_chunks(chunk, E_0, v, d, credit, gamma, C)


@EXERCISE.mistake(
    "The loop is in the graph, but it goes from step to step and carries the traces along: that is "
    "right, but no faster than before."
)
def step_after_step(E_0, v, d, credit, gamma, C):
    """The recursion as it stands."""
    v, d, credit = (tf.transpose(a, (1, 0, 2)) for a in (v, d, credit))

    def body(t, E, dW):
        E = E * tf.exp(-gamma) + v[t][:, :, None] * d[t][:, None, :]
        return t + 1, E, dW + tf.einsum("bi,bji->ji", credit[t], E)

    T = tf.shape(v)[0]
    _, E, dW = tf.while_loop(lambda t, *_: t < T, body, (0, E_0, tf.zeros_like(E_0[0])))
    return dW, E


@EXERCISE.mistake(
    "The whole sequence is taken as a single chunk: the table then has T × T entries for each "
    "unit, and memory grows with the square of T."
)
def a_single_chunk(E_0, v, d, credit, gamma, C):
    """C isn't used."""
    return _chunk(E_0, v, d, credit, gamma)


@EXERCISE.mistake(
    "The loop over chunks is Python's: the number of steps isn't known when the graph is made, and "
    "if it were, each chunk would be written out."
)
def loop_in_python(E_0, v, d, credit, gamma, C):
    """A `for` over chunks."""
    E, dW = E_0, tf.zeros_like(E_0[0])
    for start in range(0, v.shape[1], C):
        now = slice(start, start + C)
        part, E = _chunk(E, v[:, now], d[:, now], credit[:, now], gamma)
        dW += part
    return dW, E


@EXERCISE.mistake(
    "NumPy computes the decay: while TensorFlow traces the code, gamma holds no numbers. Use "
    "TensorFlow's exponential."
)
def numpy_inside(E_0, v, d, credit, gamma, C):
    """np.exp."""
    decay = np.exp(-gamma)
    return chunked_trace(E_0, v, d, credit, -tf.math.log(decay), C)


@EXERCISE.mistake(
    "The table of fading isn't cut off: a step gets credit for losses before it as well, as if "
    "the distance had no sign. Below the diagonal it is 0."
)
def table_on_both_sides(E_0, v, d, credit, gamma, C):
    """exp(-gamma |t - s|)."""

    def chunk(E, v, d, credit):
        C = tf.shape(v)[1]
        before = tf.transpose(_table(C, gamma), [1, 0, 2]) - tf.eye(C, dtype=v.dtype)[..., None]
        more = tf.einsum("sti,bti->bsi", before, credit)
        dW, E_C = _chunk(E, v, d, credit, gamma)
        return dW + tf.einsum("bsj,bsi->ji", v, more * d), E_C

    return _over_chunks(chunk, E_0, v, d, credit, gamma, C)


@EXERCISE.mistake(
    "The table of fading isn't cut off: at a loss before a step the distance is negative, and "
    "exp(-gamma * distance) grows with it. A step has no part in what came before it, so 0 belongs "
    "there."
)
def table_grows_backwards(E_0, v, d, credit, gamma, C):
    """exp(-gamma (t - s)) for all t and s."""

    def chunk(E, v, d, credit):
        t = tf.cast(tf.range(tf.shape(v)[1]), gamma.dtype)
        lag = (t - t[:, None])[..., None]
        before = tf.where(lag < 0, tf.exp(-gamma * lag), tf.zeros_like(gamma))
        more = tf.einsum("sti,bti->bsi", before, credit)
        dW, E_C = _chunk(E, v, d, credit, gamma)
        return dW + tf.einsum("bsj,bsi->ji", v, more * d), E_C

    return _over_chunks(chunk, E_0, v, d, credit, gamma, C)


@EXERCISE.mistake(
    "d is used nowhere: what a weight moves goes through the squashing, whose derivative at step s "
    "is d[:, s], in the gradient and in the traces alike."
)
def d_ignored(E_0, v, d, credit, gamma, C):
    """As if the unit were linear."""
    return _all_chunks(E_0, v, tf.ones_like(d), credit, gamma, C)


@EXERCISE.mistake(
    "gamma is taken for what is left after a step: it is a rate, and exp(-gamma) is left."
)
def gamma_for_what_is_left(E_0, v, d, credit, gamma, C):
    """gamma ** k for exp(-k gamma)."""
    rate = -tf.math.log(tf.maximum(gamma, gamma.dtype.as_numpy_dtype(1e-37)))
    return _all_chunks(E_0, v, d, credit, rate, C)


@EXERCISE.mistake(
    "E_0 isn't used: the first chunk begins with traces of zero, as if nothing had come before it."
)
def begins_with_zeros(E_0, v, d, credit, gamma, C):
    """zeros_like(E_0)."""
    return _all_chunks(tf.zeros_like(E_0), v, d, credit, gamma, C)


@EXERCISE.alternative
def by_doubling(E_0, v, d, credit, gamma, C):
    """Credit joined over pairs of steps, pairs of pairs and so on, in log C rounds of Python's."""

    def chunk(E, v, d, credit):
        length, later, reach = tf.shape(v)[1], credit, 1
        while reach < C:
            moved = tf.pad(later[:, reach:], [[0, 0], [0, reach], [0, 0]])[:, :length]
            later += tf.exp(-gamma * reach) * moved
            reach *= 2
        t = tf.cast(tf.range(length), gamma.dtype)[:, None]
        at_border = tf.einsum("ti,bti->bi", tf.exp(-gamma * (t + 1)), credit)
        dW = tf.einsum("bsj,bsi->ji", v, later * d) + tf.einsum("bi,bji->ji", at_border, E)
        left = tf.einsum("bsj,bsi->bji", v, tf.exp(-gamma * t[::-1]) * d)
        return dW, tf.exp(-gamma * tf.cast(length, gamma.dtype)) * E + left

    return _over_chunks(chunk, E_0, v, d, credit, gamma, C)


@EXERCISE.alternative
def by_leaky_sums(E_0, v, d, credit, gamma, C):
    """Inside a chunk a loop of TensorFlow's over vectors; the shorter chunk comes first."""
    decay = tf.exp(-gamma)

    def chunk(E, v, d, credit):
        back = tf.scan(
            lambda later, now: now + decay * later,
            tf.transpose(credit, (1, 0, 2)),
            tf.zeros_like(E[:, 0]),
            reverse=True,
        )
        later = tf.transpose(back, (1, 0, 2))
        fade = tf.math.cumprod(tf.ones_like(d) * decay, axis=1, exclusive=True, reverse=True)
        border = tf.reduce_sum(later[:, :1] * decay, axis=1)
        dW = tf.einsum("bsj,bsi->ji", v, later * d) + tf.einsum("bi,bji->ji", border, E)
        left = tf.matmul(v, fade * d, transpose_a=True)
        return dW, E * tf.exp(-gamma * tf.cast(tf.shape(v)[1], gamma.dtype)) + left

    return _over_chunks(chunk, E_0, v, d, credit, gamma, C)


@EXERCISE.alternative
def rest_first(E_0, v, d, credit, gamma, C):
    """The shorter chunk first, the loop by positions."""
    T = tf.shape(v)[1]
    short = T % C
    dW, E = _chunk(E_0, v[:, :short], d[:, :short], credit[:, :short], gamma)
    shape = E_0.shape
    size = tf.minimum(C, T)

    def body(start, E, dW):
        part, E = _chunk(
            E, *(tf.slice(a, [0, start, 0], [-1, size, -1]) for a in (v, d, credit)), gamma
        )
        return start + size, tf.ensure_shape(E, shape), tf.ensure_shape(dW + part, shape[1:])

    _, E, dW = tf.while_loop(lambda start, *_: start < T, body, (short, E, dW))
    return dW, E
