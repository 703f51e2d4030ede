"""Exercise: states are recomputed, and memory grows with the root of T."""

from dataclasses import replace

import keras
import numpy as np
import tensorflow as tf

from course_lib.exercises.calling.guard import Unusable, with_article
from course_lib.exercises.exercise import Arrays, Exercise, Hint, Problem, Rung
from course_lib.exercises.ladder.graph_rungs import (
    compiles,
    equal_to_twin,
    fit_for_a_gpu,
    traceable,
)
from course_lib.exercises.ladder.rungs import irregular, matches
from course_lib.graphs import (
    alive_at_once,
    by_xla,
    computed_by,
    gpu_report,
    most_in_one_array,
    nodes,
    own_twin,
    program_size,
    stumble,
    trace,
)
from course_lib.scratch.bptt import rnn_backward
from course_lib.scratch.rnn import rnn_forward
from course_lib.training.by_hand.bptt import checkpointed

GRADIENTS = ("dx", "dh_0", "dW_xh", "dW_hh", "db_h")
SHORT, LONG = 9, 36  # steps, of which the second is four times the first: its root is twice that
FOURFOLD = 2.5  # what grows with the root of T comes to 2 and a little, what grows with T to 4


def sequence() -> Arrays:
    """Two sequences of five steps, three inputs, four units; float64. 5 is no square.

    Large inputs by small weights: whoever clips what comes in gets something else.
    """
    return {
        "dh_last": irregular(2, 4, shift=5),
        "x": irregular(2, 5, 3, scale=20.0),
        "h_0": irregular(2, 4, shift=1, scale=0.6),
        "W_xh": irregular(3, 4, shift=2, scale=0.04),
        "W_hh": irregular(4, 4, shift=3, scale=0.7),
        "b_h": irregular(4, shift=4, scale=0.5),
    }


def four_steps() -> Arrays:
    """As many steps as a square has."""
    return {**sequence(), "x": irregular(2, 4, 3, shift=7, scale=20.0)}


def a_prime_number() -> Arrays:
    """As many steps as no pieces of one length are, whatever that length."""
    return {**sequence(), "x": irregular(2, 23, 3, shift=8, scale=20.0)}


def three_steps() -> Arrays:
    """A whole piece and a shorter one, for what each piece makes slower."""
    given = sequence()
    return {**given, "x": given["x"][:, :3]}


def one_step() -> Arrays:
    """One sequence of a single step."""
    given = sequence()
    own = {name: given[name][:1] for name in ("dh_last", "h_0")}
    return {**given, **own, "x": given["x"][:1, :1]}


def wide() -> Arrays:
    """One input and sixteen units, so that the states are what takes memory."""
    return {
        "dh_last": irregular(2, 16, shift=5),
        "x": irregular(2, LONG, 1),
        "h_0": irregular(2, 16, shift=1, scale=0.6),
        "W_xh": irregular(1, 16, shift=2, scale=0.8),
        "W_hh": irregular(16, 16, shift=3, scale=0.3),
        "b_h": irregular(16, shift=4, scale=0.5),
    }


def there_and_back(function, dh_last, arguments) -> list:
    """Last state and gradients as tensors."""
    with tf.GradientTape() as tape:
        tape.watch(arguments)
        h_last = function(*arguments)
    if not tf.is_tensor(h_last):
        kind = with_article(type(h_last).__name__)
        raise Unusable(f"checkpointed returned {kind}; it gives one tensor, the last state.")
    if h_last.shape.rank != 2:
        raise Unusable(
            f"checkpointed gives a tensor of shape {tuple(h_last.shape)}; the state after the last "
            "step is (batch, n). All states together would need the memory that is to be saved."
        )
    found = tape.gradient(h_last, arguments, output_gradients=dh_last, unconnected_gradients="zero")
    return [h_last, *found]


def both_passes(function, given: Arrays) -> Arrays:
    """The last state, and what comes back to the arguments."""
    dh_last, *arguments = (tf.constant(value) for value in given.values())
    found = there_and_back(function, dh_last, arguments)
    return {
        name: keras.ops.convert_to_numpy(value)
        for name, value in zip(("h_last", *GRADIENTS), found, strict=True)
    }


def called_again(function, given: Arrays) -> Arrays:
    """`both_passes`, after a call with other numbers of the same shapes."""
    both_passes(function, {name: value / 2 for name, value in given.items()})
    return both_passes(function, given)


def with_own_twin(function, given: Arrays) -> Arrays:
    """`both_passes`; beside it, the learner's own NumPy."""
    outputs = both_passes(function, given)
    twin = own_twin(function, "rnn_backward")
    if twin is not None:
        dh_last, x, h_0, W_xh, W_hh, b_h = given.values()
        h, states = h_0, []
        for t in range(x.shape[1]):
            h = np.tanh(x[:, t] @ W_xh + h @ W_hh + b_h)
            states.append(h)
        h = np.stack(states, axis=1)
        dh = np.zeros_like(h)
        dh[:, -1] = dh_last
        for name, value in zip(GRADIENTS, twin(dh, (x, h_0, h, W_xh, W_hh)), strict=True):
            outputs[f"{name} by your twin"] = value
    return outputs


def in_numpy(given: Arrays) -> Arrays:
    """What rnn_forward and rnn_backward make of the same numbers."""
    dh_last, *arguments = given.values()
    h, cache = rnn_forward(*arguments)
    dh = np.zeros_like(h)
    dh[:, -1] = dh_last
    return {"h_last": h[:, -1], **dict(zip(GRADIENTS, rnn_backward(dh, cache), strict=True))}


def specs(given: Arrays, T=None) -> list:
    """The arguments with a batch of any size; T steps, or as many as are given."""
    free = {"dh_last": (None,), "x": (None, T or given["x"].shape[1]), "h_0": (None,)}
    return [
        tf.TensorSpec((*free.get(name, ()), *value.shape[len(free.get(name, ())) :]), value.dtype)
        for name, value in given.items()
    ]


def graph_of_both(function, given: Arrays, T=None, **settings):
    """The graph of both passes."""

    def both(dh_last, *arguments):
        return there_and_back(function, dh_last, list(arguments))

    return trace(both, *specs(given, T), **settings)


def traced(function, given: Arrays) -> Arrays:
    """Whether both passes can be traced before the batch is known."""
    return {"stumbles over": stumble(lambda: graph_of_both(function, given))}


def sizes(function, given: Arrays) -> Arrays:
    """How large the program of both passes is, for few steps and for four times as many.

    "states" says how many states the longer one computes, those that are computed again included;
    "operations", how long the way there is; "side by side", how many states, or how many of
    something else that is as wide, stand in one array: a loop's bytes don't tell what stands
    outside of it. XLA's program, which takes longest, is made only where these leave anything
    open. Where XLA can't make one, "kept" says how many states are there at once.
    """
    function = getattr(function, "python_function", function)  # below tf.function

    def both(dh_last, *arguments):
        return there_and_back(function, dh_last, list(arguments))

    dh_last, x, *others = (tf.constant(value) for value in given.values())
    computed = computed_by("Tanh", both, dh_last, x, *others)
    found = {"states": computed / others[0].shape.num_elements()}
    there = [tf.TensorSpec(one.shape, one.dtype) for one in (x, *others)]

    def count_operations(T: int) -> None:
        there[0] = tf.TensorSpec((len(x), T, x.shape[2]), x.dtype)
        found[f"operations at T={T}"] = len(nodes(trace(function, *there)))

    for T in (SHORT, LONG):
        count_operations(T)
    if computed_once(found) or grown(found, "operations"):
        return found
    # Of few steps, pieces of one length make hardly more than a root does.
    count_operations(4 * LONG)
    if grown(found, "operations", short=LONG):
        return found
    batch, n = others[0].shape
    for T, stretched in ((LONG, x), (4 * LONG, tf.tile(x, (1, 4, 1)))):
        most = most_in_one_array(n, both, dh_last, stretched, *others)
        found[f"side by side at T={T}"] = most // (batch * n)
    if wide_as_the_sequence(found) or grown(found, "side by side", short=LONG):
        return found
    try:
        for T in (SHORT, LONG):
            for name, size in program_size(both, dh_last, x[:, :T], *others).items():
                found[f"{name} at T={T}"] = size
    except (ValueError, tf.errors.OpError):  # a loop in a function that TensorFlow traces by itself
        for T, stretched in ((LONG, x), (4 * LONG, tf.tile(x, (1, 4, 1)))):
            alive = alive_at_once("Tanh", both, dh_last, stretched, *others)
            found[f"kept at T={T}"] = alive // others[0].shape.num_elements()
    return found


def computed_once(sizes: Arrays) -> bool:
    """Whether each state is computed about once, and so none is forgotten."""
    return LONG <= sizes["states"] < 1.5 * LONG


def wide_as_the_sequence(sizes: Arrays) -> bool:
    """Whether one array holds as much as all states."""
    return sizes[f"side by side at T={LONG}"] >= LONG


def grown(sizes: Arrays, what: str, fixed: int = 0, short: int = SHORT) -> bool:
    """Whether four times the steps take far more than twice of something, beside a fixed part."""
    before, after = (int(sizes[f"{what} at T={T}"]) - fixed for T in (short, 4 * short))
    return after > FOURFOLD * before


def grows_with_the_root(given: Arrays, outputs: Arrays) -> Problem | None:
    """Four times the steps take twice the instructions and twice the memory, or about that."""
    for what, T in (("operations", SHORT), ("operations", LONG), ("instructions", SHORT)):
        if f"{what} at T={4 * T}" in outputs and grown(outputs, what, short=T):
            short, long = (int(outputs[f"{what} at T={steps}"]) for steps in (T, 4 * T))
            return Problem(
                f"The program has {short} {what} for {T} steps and {long} for {4 * T}: "
                "something is in it once for every step, or once for every piece, and the pieces "
                "don't get longer."
            )
    if computed_once(outputs):
        return Problem(
            f"{LONG} steps take {int(outputs['states'])} states: each is computed about once, so "
            "all of them are kept until the way back needs them, in one piece or in many. Forget "
            "those inside a piece, and compute them again on the way back."
        )
    if beside := beside_the_loops(given, outputs):
        return beside
    weights = sum(given[name].nbytes for name in ("W_xh", "W_hh", "b_h"))
    for what, T, fixed, said in (
        ("bytes", SHORT, weights, "a loop carries {:,} bytes"),
        ("kept", LONG, 0, "{} states are there at once"),
    ):
        if f"{what} at T={T}" in outputs and grown(outputs, what, fixed, T):
            short, long = (int(outputs[f"{what} at T={steps}"]) for steps in (T, 4 * T))
            return Problem(
                f"For {T} steps {said.format(short)}, for {4 * T} steps {said.format(long)}: "
                "memory grows with T, not with its root. States are computed again, but in pieces "
                "of the wrong length: on the way back all states of a piece are there at once, and "
                "those at the borders too. A piece as long as the sequence, or a fixed share of "
                "it, is too long, and a single step too short: with T, both the number of pieces "
                "and their length grow."
            )
    return None


def beside_the_loops(given: Arrays, outputs: Arrays) -> Problem | None:
    """No array grows with T that is as wide as the states."""
    name = "side by side at T={}".format
    if name(LONG) not in outputs:
        return None
    if wide_as_the_sequence(outputs):
        return Problem(
            f"One array holds {given['h_0'].shape[1]} numbers for each of {LONG} steps, as much as "
            "all states together: those of a piece as long as the sequence, say, or of all pieces "
            "side by side, or W_xh times all inputs. Cut shorter pieces, and let each make what it "
            "needs and give back its last state alone."
        )
    if grown(outputs, "side by side", short=LONG):
        short, long = (outputs[name(T)] for T in (LONG, 4 * LONG))
        return Problem(
            f"Of {LONG} steps at most {short} states stand in one array, of {4 * LONG} steps "
            f"{long}: the pieces get longer as fast as the sequence does. Their number has to grow "
            "with T too, and both only with its root."
        )
    return None


def with_the_cause(rung: Rung) -> Rung:
    """The same rung, which says of wrong numbers where they come from, if they show it."""

    def judge(given: Arrays, outputs: Arrays) -> Problem | None:
        problem = rung.judge(given, outputs)
        cause = problem and (unread(given, outputs) or cut_off(given, outputs))
        return replace(problem, sentence=cause) if cause else problem

    return replace(rung, judge=judge)


def unread(given: Arrays, outputs: Arrays) -> str:
    """Whether the state is that of a part of the sequence; how long a piece is doesn't matter."""
    _, x, *others = given.values()
    T, h_last = x.shape[1], outputs["h_last"]
    states, _ = rnn_forward(x, *others)
    if np.shape(h_last) != states[:, 0].shape:
        return ""
    for t in range(1, T):
        if np.allclose(h_last, states[:, t - 1]):
            return (
                f"With T = {T}: h_last is the state after step {t}, so the steps after it are "
                "never read. The last piece may be shorter than the others."
            )
        if np.allclose(h_last, rnn_forward(x[:, t:], *others)[0][:, -1]):
            return (
                f"With T = {T}: h_last is what the last {T - t} steps give from h_0. A piece "
                "begins with the state in which the piece before it ended."
            )
    return ""


def cut_off(given: Arrays, outputs: Arrays) -> str:
    """Whether no gradient comes to the first steps, as if the state before a piece were given."""
    dx, T = outputs["dx"], given["x"].shape[1]
    if np.shape(dx) != given["x"].shape:
        return ""
    reached = np.any(dx != 0, axis=(0, 2))
    first = int(np.argmax(reached))
    if not first or not reached[first:].all() or outputs["dh_0"].any():
        return ""
    return (
        f"With T = {T}: no gradient comes to the first {first} steps, nor to h_0. Nothing is to be "
        "cut, as truncated BPTT would: what is forgotten is computed again, and the gradient goes "
        "through all pieces."
    )


def compiled(function, given: Arrays) -> Arrays:
    """Both passes, by XLA."""

    def make(**settings):
        return graph_of_both(function, given, **settings)

    names = "h_last", *GRADIENTS
    return by_xla(make, given.values(), lambda found: dict(zip(names, found, strict=True)))


def for_a_gpu(function, given: Arrays) -> Arrays:
    """The graph of both passes, in float32."""
    given = {name: value.astype(np.float32) for name, value in given.items()}
    return gpu_report(graph_of_both(function, given))


EXERCISE = Exercise(
    reference=checkpointed,
    title="Memory that grows with the square root of T",
    goal="Read a long sequence and learn from it, without keeping all of its states.",
    difficulty=3,
    minutes=45,
    kind="speed up",
    twin="rnn_backward",
    uses=("rnn_backward",),
    returns={},
    ladder=(
        matches("one step alone", one_step, in_numpy, "With T = 1:", both_passes),
        with_the_cause(matches("four steps", four_steps, in_numpy, "With T = 4:", called_again)),
        with_the_cause(
            matches(
                "a prime number of steps", a_prime_number, in_numpy, "With T = 23:", both_passes
            )
        ),
        equal_to_twin("rnn_backward", sequence, in_numpy, with_own_twin),
        traceable(three_steps, traced),
        Rung("memory grows with the root of T", wide, grows_with_the_root, sizes, by_verdict=True),
        compiles(one_step, in_numpy, compiled),
        fit_for_a_gpu(three_steps, for_a_gpu),
    ),
    equivalent={
        "segment = int(np.ceil(np.sqrt(T))) -> segment = int(np.sqrt(T))": (
            "rounded down, what is kept grows with the root of T as well"
        ),
    },
    promises={
        "Source: ": "scaffold: where it comes from",
        "x: inputs": ("equal to rnn_backward, to 1e-10 in float64", "one step alone"),
        "x: What comes in": "equal to rnn_backward, to 1e-10 in float64",
        "h_0: state": "equal to rnn_backward, to 1e-10 in float64",
        "W_xh, W_hh, b_h": "equal to rnn_backward, to 1e-10 in float64",
        "T, at least": "one step alone",
        "h_last: the state": "equal to rnn_backward, to 1e-10 in float64",
    },
    hints=(
        Hint(
            "What could be forgotten?",
            "The way back needs every state once, from the last to the first. Which of them could "
            "you get back, if you had thrown them away, and what would you need for it?",
        ),
        Hint(
            "How many states should be kept?",
            "Cut 100 steps into pieces of K. You keep the states at the borders, 100/K of them, "
            "and while you go back through a piece, its K states. Draw the sum of both over K. "
            "Where is it smallest, and what is it there?",
            fits=("one piece", "two halves", "ten pieces", "pieces of one length", "step by step"),
        ),
        Hint(
            "How does TensorFlow forget?",
            "It keeps whatever a tape might need. `tf.recompute_grad` takes a function and gives "
            "one with the same value, of which only the arguments are kept: on the way back it is "
            "called again. Whatever needs a gradient must be among the arguments. What do "
            "you wrap: a step, a piece, or the whole sequence? And which of your loops may Python "
            "write out, the one over pieces or the one inside a piece?",
            fits=(
                "pieces without forgetting",
                "projected before",
                "stopped at the borders",
                "stopped before each piece",
            ),
        ),
        Hint(
            "Show me the recipe.",
            "A function that reads a piece: its arguments are the inputs of the piece, the state "
            "before it and the three weights, and `tf.foldl` over its steps gives the state after "
            "it. Wrap it with `tf.recompute_grad`, once. Then a Python loop over the borders, "
            "`range(0, T, K)` with K the square root of T, rounded up: the last piece may be "
            "shorter.",
        ),
    ),
)


def _read(x, h, W_xh, W_hh, b_h):
    """The state after a piece."""
    by_time = tf.transpose(x @ W_xh + b_h, (1, 0, 2))
    return tf.foldl(lambda h, a: tf.tanh(a + h @ W_hh), by_time, h)


def _in_pieces(arguments, segment, read=_read, carry=lambda h, h_0: h, last=True):
    """The reference with one of its parts replaced; for mistakes."""
    x, h_0, *weights = arguments
    T, h = x.shape[1], h_0
    read = tf.recompute_grad(read)
    length = segment(T)
    starts = range(0, T, length) if last else range(0, max(T - length + 1, 1), length)
    for start in starts:
        h = read(x[:, start : start + length], carry(h, h_0), *weights)
    return h


def _root(T):
    return int(np.ceil(np.sqrt(T)))


@EXERCISE.mistake(
    "Nothing is forgotten: the tape keeps what every step made, as it always does. Say what is to "
    "be computed again, piece by piece."
)
def all_states_kept(*arguments):
    """The loop as it is."""
    return _read(*arguments)


@EXERCISE.mistake(
    "The whole sequence is computed again at once, so on the way back all of its states are there "
    "after all: cut it into pieces, and go back through one after the other."
)
def one_piece(*arguments):
    """recompute_grad around everything."""
    return tf.recompute_grad(_read)(*arguments)


@EXERCISE.mistake(
    "The sequence is read in pieces, but each piece's states are kept: a loop in pieces forgets "
    "nothing by itself. Say of each piece that it is to be computed again."
)
def pieces_without_forgetting(x, h_0, *weights):
    """No recompute_grad."""
    length, h = _root(x.shape[1]), h_0
    for start in range(0, x.shape[1], length):
        h = _read(x[:, start : start + length], h, *weights)
    return h


@EXERCISE.mistake(
    "The piece takes the weights from around it. What is computed again has gradients for its own "
    "arguments, so the weights get none: hand them in as well."
)
def weights_from_around(x, h_0, *weights):
    """A closure."""
    length, h = _root(x.shape[1]), h_0
    piece = tf.recompute_grad(lambda x, h: _read(x, h, *weights))
    for start in range(0, x.shape[1], length):
        h = piece(x[:, start : start + length], h)
    return h


@EXERCISE.mistake(
    "Two pieces halve the memory, but half of T still grows with T: when the sequence gets longer, "
    "there must be both more pieces and longer ones."
)
def two_halves(*arguments):
    """T/2 steps a piece."""
    return _in_pieces(arguments, lambda T: max(1, (T + 1) // 2))


@EXERCISE.mistake(
    "There are never more than ten pieces, so in a long sequence each of them is a tenth of it: "
    "the number of pieces grows with the root of T, like their length."
)
def ten_pieces(*arguments):
    """T/10 steps a piece, all of which are side by side."""

    def read(x, h, W_xh, W_hh, b_h):
        by_time = tf.transpose(x, (1, 0, 2))
        return tf.scan(lambda h, x_t: tf.tanh(x_t @ W_xh + h @ W_hh + b_h), by_time, h)[-1]

    return _in_pieces(arguments, lambda T: -(-T // 10), read)


@EXERCISE.mistake(
    "Beside the pieces waits something as long as the sequence and as wide as the states, such as "
    "the product of all inputs with W_xh, or all states put together: leave both to the pieces."
)
def projected_before(x, h_0, W_xh, W_hh, b_h):
    """x @ W_xh once, as it is fastest."""
    a, h, length = x @ W_xh + b_h, h_0, _root(x.shape[1])
    piece = tf.recompute_grad(
        lambda a, h, W_hh: tf.foldl(
            lambda h, a_t: tf.tanh(a_t + h @ W_hh), tf.transpose(a, (1, 0, 2)), h
        )
    )
    for start in range(0, x.shape[1], length):
        h = piece(a[:, start : start + length], h, W_hh)
    return h


@EXERCISE.mistake(
    "The pieces always have the same length, so their number grows with T, and so do the states "
    "that are kept: the length of a piece depends on T."
)
def pieces_of_one_length(*arguments):
    """Three steps a piece."""
    return _in_pieces(arguments, lambda T: 3)


@EXERCISE.mistake(
    "Each step is a piece of its own, so the state of every step is kept: a longer piece keeps "
    "one state for many steps."
)
def step_by_step(*arguments):
    """recompute_grad around a step."""
    return _in_pieces(arguments, lambda T: 1)


@EXERCISE.mistake(
    "The steps after the last whole piece are never read: let the last piece be shorter."
)
def rest_dropped(*arguments):
    """T // K pieces."""
    return _in_pieces(arguments, _root, last=False)


@EXERCISE.mistake(
    "Every piece begins with h_0: it has to begin with the state in which the piece before it "
    "ended."
)
def state_reset(*arguments):
    """h_0 at each border."""
    return _in_pieces(arguments, _root, carry=lambda h, h_0: h_0)


@EXERCISE.mistake(
    "The gradient is stopped at the borders. That is truncated BPTT, and it gives a different "
    "gradient: here nothing is cut, only forgotten and computed again."
)
def stopped_at_the_borders(*arguments):
    """Truncated BPTT."""
    return _in_pieces(
        arguments,
        _root,
        carry=lambda h, h_0: h if h is h_0 else tf.stop_gradient(h),
    )


@EXERCISE.mistake(
    "The gradient is stopped in front of every piece, the first one too, so that h_0 gets none: "
    "here nothing is cut, only forgotten and computed again."
)
def stopped_before_each_piece(*arguments):
    """tf.stop_gradient of whatever state a piece begins with."""
    return _in_pieces(arguments, _root, carry=lambda h, h_0: tf.stop_gradient(h))


@EXERCISE.mistake(
    "The state is passed on in NumPy, and there the tape ends: while TensorFlow traces the code a "
    "tensor holds no numbers."
)
def state_in_numpy(*arguments):
    """np.array at the border."""
    return _in_pieces(
        arguments,
        _root,
        carry=lambda h, h_0: h if h is h_0 else tf.constant(np.array(h)),
    )


@EXERCISE.alternative
def traced_by_itself(*arguments):
    """tf.function around it, through which XLA can't see."""
    return tf.function(checkpointed)(*arguments)


@EXERCISE.alternative
def by_a_gradient_of_its_own(x, h_0, W_xh, W_hh, b_h):
    """Borders kept by hand; on the way back a tape for one piece after the other."""
    T = x.shape[1]
    length = int(np.sqrt(T))
    pieces = [(start, min(start + length, T)) for start in range(0, T, length)]

    @tf.custom_gradient
    def last_state(x, h_0, W_xh, W_hh, b_h):
        borders = [h_0]
        for start, end in pieces:
            borders.append(_read(x[:, start:end], borders[-1], W_xh, W_hh, b_h))

        def backward(dh):
            dx, sums = [], [tf.zeros_like(w) for w in (W_xh, W_hh, b_h)]
            for (start, end), h in zip(reversed(pieces), reversed(borders[:-1]), strict=True):
                inputs = [x[:, start:end], h, W_xh, W_hh, b_h]
                with tf.GradientTape() as tape:
                    tape.watch(inputs)
                    end_state = _read(*inputs)
                dx_part, dh, *more = tape.gradient(end_state, inputs, output_gradients=dh)
                dx.insert(0, dx_part)
                sums = [a + b for a, b in zip(sums, more, strict=True)]
            return tf.concat(dx, axis=1), dh, *sums

        return borders[-1], backward

    return last_state(x, h_0, W_xh, W_hh, b_h)


@EXERCISE.alternative
def by_a_gradient_of_its_own_and_traced_by_itself(*arguments):
    """What a tape records inside a custom gradient, it does step by step only."""
    return tf.function(by_a_gradient_of_its_own)(*arguments)


@EXERCISE.alternative
def with_steps_written_out_in_a_piece(x, h_0, W_xh, W_hh, b_h):
    """tf.scan inside, its last entry; pieces by tf.split."""
    T = x.shape[1]
    length = max(1, round(T**0.5))
    sizes = [length] * (T // length) + ([T % length] if T % length else [])

    @tf.recompute_grad
    def piece(inputs, h, u, w, b):
        steps = tf.transpose(inputs, (1, 0, 2))
        return tf.scan(lambda h, x_t: tf.nn.tanh(x_t @ u + h @ w + b), steps, h)[-1]

    h = h_0
    for inputs in tf.split(x, sizes, axis=1):
        h = piece(inputs, h, W_xh, W_hh, b_h)
    return h
