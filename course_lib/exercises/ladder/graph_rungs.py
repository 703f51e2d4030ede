"""The rungs that look at a traced graph; the judging half.

A *speed up* exercise has `returns={}`, and each of its rungs brings a `call`: a function at the top
of the exercise's file that traces what the learner wrote, with the help of `course_lib.graphs`, and
gives plain numbers and words. What is made here judges them, and never sees a tensor.
"""

import re
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from course_lib.exercises.exercise import BY_TWIN, WITHOUT_XLA, Arrays, Problem, Rung
from course_lib.exercises.ladder.rungs import remembering, unlike

# Words of XLA where the size of some array isn't known before the graph runs.
WANTS_SIZES = (
    "must be a compile-time constant",
    "Incompatible shapes",
    "dynamic sized slice",
    "Input and output shapes of loop body do not match",
)
PYTHON = "PyFunc"  # in the words of XLA: an operation that runs Python
NO_KERNEL = r"unsupported operations.*?: (\w+) \(No registered '\1' OpKernel"
OF_THE_GRAPH = r" when trying to compile graph \S+ on XLA_\w+"  # a name that nobody has given
ON_A_GPU = "nothing in it keeps it from a GPU"
EXACT = 1e-10  # float64, sums of a few dozen terms: rounding alone stays below 1e-13

STUMBLES = {
    "NumPy": "NumPy, int() and float() can't work here: while TensorFlow traces the code, a tensor "
    "holds no numbers yet. Go on with the tensor, by functions of TensorFlow or of keras.ops.",
    "numbers": "A tensor is asked for its numbers, as `.numpy()` and np.array do, and while "
    "TensorFlow traces the code it holds none yet: go on with the tensor itself.",
    "if": "A Python `if` decides once, while the code is traced, and a tensor holds no numbers "
    "then: compute both cases and choose between them entry by entry, or use tf.cond.",
    "for": "A Python `for` can't walk over a tensor while the code is traced, and it is traced as "
    "Keras does it, without AutoGraph: use an operation that works on all of it, or a TensorFlow "
    "loop. (Inside a tf.function of its own, a `for` over tf.range is translated into one.)",
    "length": "A size is taken from the shape in Python, where it may be None: the batch, and the "
    "number of time steps, are known only when the graph runs. Ask the tensor: tf.shape(x).",
    "variable": "A variable is made while the step is computed, so each trace would make another "
    "one: make weights once, beforehand.",
    "scan": "keras.ops.scan and keras.ops.associative_scan go over several tensors only where the "
    "length of these is known while the code is traced, and here it is known when the graph runs: "
    "use tf.scan, or put the tensors side by side in one.",
    "dtype": "Numbers of float32 and float64 meet: take the dtype from what comes in, or from the "
    "layer, not from a default.",
}


def traceable(inputs: Callable[[], Arrays], call: Callable) -> Rung:
    """TensorFlow can trace it before the sizes are known that the signature leaves open.

    Args:
        inputs: makes the inputs.
        call: gives "stumbles over", the word of `course_lib.graphs.stumble`.
    """

    def judge(_: Arrays, outputs: Arrays) -> Problem | None:
        over = str(outputs["stumbles over"])
        return Problem(STUMBLES[over]) if over else None

    name = "TensorFlow can trace it, whatever the size of the batch"
    return Rung(name, inputs, judge, call, in_a_graph=True)


def no_loop_over_time(inputs: Callable[[], Arrays], call: Callable) -> Rung:
    """The graph is the same size for any number of time steps.

    Args:
        inputs: makes the inputs.
        call: gives "operations at T=10" and "operations at T=20", each the number of `nodes`.
    """

    def judge(_: Arrays, outputs: Arrays) -> Problem | None:
        short, long = (int(outputs[f"operations at T={T}"]) for T in (10, 20))
        if short == long:
            return None
        if long < short:  # no loop does that
            return Problem(
                f"The graph has {short} operations for 10 time steps and {long} for 20, which was "
                "traced after it. A graph must depend neither on the number of steps nor on what "
                "an earlier call has left behind, such as a tensor kept in an attribute: compute "
                "at each call all that it needs."
            )
        how = " step by step" if long - short >= 20 - 10 else ""  # not where it goes in rounds
        return Problem(
            f"The graph has {short} operations for 10 time steps and {long} for 20: a Python loop "
            f"is written out{how} while the code is traced. The loop itself has to be in the "
            "graph, once."
        )

    name = "the graph doesn't grow with the number of time steps"
    return Rung(name, inputs, judge, call, by_verdict=True, in_a_graph=True)


def frozen(made: int, trained: int) -> Problem | None:
    """Weights that no optimizer moves; Keras lists them last, whatever the order they came in.

    Args:
        made: how many weights were made.
        trained: how many of them can be trained.
    """
    if trained == made:
        return None
    return Problem(
        f"Of the {made} weights that build made, {trained} can be trained: where trainable is "
        "False, no optimizer moves a weight, and all of these are to be learned."
    )


def reaches_every_weight(inputs: Callable[[], Arrays], call: Callable, *names: str) -> Rung:
    """The tape finds its way to each weight, and what arrives is neither zero nor NaN.

    Args:
        inputs: makes the inputs.
        call: gives "gradients", from `course_lib.graphs.gradient_sizes`.
        names: weights that must be among them.
    """

    def judge(_: Arrays, outputs: Arrays) -> Problem | None:
        sizes = outputs["gradients"]
        for name in names:
            if name not in sizes:
                there = ", ".join(sizes) or "none"
                return Problem(f"{name} is not among the weights that are trained: {there}.")
        for name, size in sizes.items():
            if np.isnan(size):
                return Problem(
                    f"No gradient reaches {name}: the loss doesn't depend on it, or something on "
                    "the way (NumPy, a rounding, tf.stop_gradient) has cut the tape."
                )
            if not 0 < size < np.inf:
                return Problem(f"The gradient to {name} is {size}: it can't be trained.")
        return None

    return Rung("a gradient reaches every weight", inputs, judge, call)


def traced_once(
    inputs: Callable[[], Arrays], call: Callable, losses: Callable[[Arrays], list[float]]
) -> Rung:
    """Other sizes of the batch don't make TensorFlow trace again, and the losses are theirs.

    Args:
        inputs: makes the inputs.
        call: gives, of the batches after the first, "batches", "new sizes" (how many have a size
            that had not been there), "traces": how often Python ran the step, and "for graphs":
            whether it ran it to make a graph; and "losses", of all the batches.
        losses: what they should be.
    """
    # TensorFlow's own way out, reduce_retracing, takes two more for any number of sizes.
    most = 2

    def judge(given: Arrays, outputs: Arrays) -> Problem | None:
        batches, sizes, traces = (int(outputs[n]) for n in ("batches", "new sizes", "traces"))
        if traces <= most:
            return wrong_loss(losses(given), outputs["losses"])
        if traces >= batches:
            why = (
                "each time for a new graph. Have one made once, and keep it."
                if outputs["for graphs"]
                else "it isn't traced at all. Have it traced once, and keep that."
            )
            return Problem(f"After the first batch, Python ran the step for {batches} more: {why}")
        return Problem(
            f"After the first batch, TensorFlow traced the step {traces} times more, for {sizes} "
            "new sizes in the batches. Say beforehand which sizes may differ, or let TensorFlow "
            "find out."
        )

    def wrong_loss(right: list[float], found: np.ndarray) -> Problem | None:
        for k, (one, other) in enumerate(zip(right, found, strict=True)):
            if not np.isclose(one, other, rtol=1e-6):
                return Problem(
                    f"When batches of several sizes follow each other, the loss of batch {k + 1} "
                    f"is {other:.6g}; it should be {one:.6g}. Is something kept from the first "
                    "batch, such as its size?"
                )
        return None

    name = "traced once, for batches of any size"
    return Rung(name, inputs, judge, call, by_verdict=True, in_a_graph=True)


def compiles(
    inputs: Callable[[], Arrays], right: Callable[[Arrays], Arrays], call: Callable
) -> Rung:
    """What XLA makes of it is right. What XLA refuses for want of a size passes all the same.

    Args:
        inputs: makes the inputs.
        right: from the inputs to the right outputs.
        call: gives "refused", from `course_lib.graphs.xla_refusal`, and unless it is refused the
            outputs; `course_lib.graphs.by_xla` gives all of it. Where there are outputs
            "… without XLA", and those are right, the fault is XLA's.
    """
    right = remembering(right)

    def judge(given: Arrays, outputs: Arrays) -> Problem | None:
        if refusal := str(outputs["refused"]):
            if _wants_bounds(refusal) or _wants_sizes(refusal):
                return None
            return not_compiled(refusal)
        problem = unlike(outputs, right(given))
        if problem and _right_without_xla(given, outputs):
            return None
        return problem and Problem(
            f"Compiled with XLA it gives something else. {problem.sentence}",
            problem.details,
            problem.errors,
        )

    def _right_without_xla(given: Arrays, outputs: Arrays) -> bool:
        expected = right(given)
        plain = {n: outputs.get(f"{n}{WITHOUT_XLA}") for n in expected}
        return all(one is not None for one in plain.values()) and unlike(plain, expected) is None

    def remark(given: Arrays, outputs: Arrays) -> str:
        refusal = str(outputs["refused"])
        if not refusal and unlike(outputs, right(given)):
            return (
                "Not so here, but it counts as right: without XLA the graph gives the right "
                "numbers, with XLA other ones, and no error says so. XLA lays out all memory "
                "beforehand, so no array may have a size that is computed while the graph runs, "
                "such as a slice whose length changes from turn to turn, or a TensorArray with "
                "dynamic_size=True. Where all have one length, it stays right."
            )
        if _wants_sizes(refusal):
            return (
                "Not so here, but it counts as right: XLA lays out all memory beforehand, so no "
                "array may have a size that is computed while the graph runs, such as a slice "
                "whose length changes from turn to turn. Where all have one length it compiles."
            )
        if not _wants_bounds(refusal):
            return ""
        return (
            "Not so here, but it counts as right: XLA lays out all memory beforehand, so a loop "
            "that fills a TensorArray, or that a tape goes back through, has to say how often it "
            "turns at most. With maximum_iterations=T in tf.while_loop, or with tf.scan, it "
            "compiles."
        )

    name = "compiles with XLA, and stays right"
    return Rung(name, inputs, judge, call, right=right.__wrapped__, remark=remark, in_a_graph=True)


def not_compiled(refusal: str) -> Problem:
    """What XLA refuses, in words that say what to do where that is known."""
    if PYTHON in refusal:
        return Problem(
            "It doesn't compile with XLA: a part of it calls back into Python, as "
            "tf.numpy_function and tf.py_function do, where no graph can go. Write it with "
            "operations of TensorFlow."
        )
    if missing := re.search(NO_KERNEL, refusal):
        return Problem(
            f"It doesn't compile with XLA, which knows no operation {missing[1]}. Where there is a "
            "GPU, Keras compiles a network with XLA unasked, and its training would end here: "
            "compute it by other operations."
        )
    words = re.sub(OF_THE_GRAPH, "", refusal).rstrip(".")
    return Problem(f"It doesn't compile with XLA: {words}.")


def _wants_bounds(refusal: str) -> bool:
    """Whether XLA refuses a loop because nobody says how often it turns at most."""
    return "fixed tensor list size" in refusal


def _wants_sizes(refusal: str) -> bool:
    """Whether XLA refuses what is right, because some array's size isn't known beforehand."""
    return any(words in refusal for words in WANTS_SIZES)


def fit_for_a_gpu(inputs: Callable[[], Arrays], call: Callable) -> Rung:
    """Each operation has a kernel for a GPU, none calls back into Python, none widens to float64.

    Without a GPU this is all that can be seen. With one, TensorFlow runs everything on it unasked,
    and so all the other rungs too; the report says which of the two it was.

    Args:
        inputs: makes the inputs.
        call: gives the graph's `course_lib.graphs.gpu_report`.
    """

    def judge(_: Arrays, outputs: Arrays) -> Problem | None:
        if outputs["in Python"]:
            return Problem(
                f"{outputs['in Python']} calls back into Python, and a GPU would wait for it: "
                "write it with operations of TensorFlow."
            )
        if outputs["without a kernel"] and outputs["can tell"]:
            return Problem(
                f"TensorFlow can't run {outputs['without a kernel']} on a GPU, for the type of "
                "numbers that it works on here."
            )
        if outputs["widened"]:
            return Problem(
                "No float64 comes in here, as in training, but float64 comes out, which most GPUs "
                "compute far more slowly: take the dtype from what comes in, and keep it."
            )
        return None

    def remark(_: Arrays, outputs: Arrays) -> str:
        host, files = str(outputs["on the host"]), ""
        if host:
            files = f" What writes to the file ({host}) runs on the host, where the file is."
        if outputs["prints"]:
            files += (
                " XLA can't print, and where there is a GPU, Keras compiles a network with XLA "
                "unasked: once you have seen what you wanted, take tf.print away."
            )
        if outputs["gpu"]:
            rest = " but what writes to the file" if host else ""
            return f"All this{rest} ran on {outputs['gpu']}.{files}"
        if not outputs["can tell"]:
            return "No GPU here, and this build of TensorFlow can't tell what one would run."
        return (
            f"No GPU here. Instead the graph was audited: all {outputs['operations']} kinds of "
            f"operations in it have a kernel for one, and none calls back into Python.{files}"
        )

    return Rung(ON_A_GPU, inputs, judge, call, remark=remark, by_verdict=True, in_a_graph=True)


def exactly(rung: Rung) -> Rung:
    """A rung of `matches`, in float64 to 1e-10: for what `equal_to_twin` doesn't reach.

    Its oracle may not be a centred difference, which is right to fewer digits.
    """
    right = remembering(rung.right)

    def judge(given: Arrays, outputs: Arrays) -> Problem | None:
        return rung.judge(given, outputs) or _inexact(outputs, right(given), "what it should be")

    return replace(rung, judge=judge)


def equal_to_twin(
    twin: str,
    inputs: Callable[[], Arrays],
    right: Callable[[Arrays], Arrays],
    call: Callable,
) -> Rung:
    """Equal to what was built in NumPy, to 1e-10 in float64.

    The reference decides. Where the learner's own twin has passed, `call` runs it too, as it stands
    in the notebook, and the report says how far apart the two are.

    Args:
        twin: id of the exercise whose function this one is the fast form of.
        inputs: makes the inputs, in float64.
        right: the same in NumPy, by the reference.
        call: gives the outputs and, where `own_twin` finds one, each as "… by your twin" besides.
    """
    right = remembering(right)

    def judge(given: Arrays, outputs: Arrays) -> Problem | None:
        expected = right(given)
        return unlike(outputs, expected) or _inexact(outputs, expected, twin)

    def remark(_: Arrays, outputs: Arrays) -> str:
        own = [name for name in outputs if name.endswith(BY_TWIN)]
        if not own:
            return ""
        away = max(_apart(outputs[name.removesuffix(BY_TWIN)], outputs[name]) for name in own)
        differ = f"differ by at most {away:.1e}" if away else "agree in every digit"
        return f"Your own {twin} and this {differ}."

    name = f"equal to {twin}, to 1e-10 in float64"
    return Rung(name, inputs, judge, call, remark=remark, right=right.__wrapped__)


def _inexact(outputs: Arrays, expected: Arrays, what: str) -> Problem | None:
    """The first output that is further away than rounding in float64 explains."""
    for name, value in expected.items():
        got = np.asarray(outputs[name])
        if got.dtype != np.float64:
            return Problem(
                f"{name} comes as {got.dtype}, although everything that came in was float64: "
                "something in between has a dtype of its own."
            )
        away = _apart(got, value)
        if away > EXACT:
            return Problem(
                f"{name} is {away:.0e} away from {what}, more than rounding in float64 explains: "
                "somewhere in between float32 was used, or a small number such as 1e-8 was added."
            )
    return None


def _apart(got: np.ndarray, value: np.ndarray) -> float:
    """The largest difference, measured by the largest number where that is above 1."""
    scale = max(1.0, float(np.abs(value).max(initial=0.0)))
    return float(np.abs(got - np.asarray(value)).max(initial=0.0)) / scale
