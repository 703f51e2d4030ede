"""Exercise: the callback that opens late gates while `fit` runs."""

import functools

import keras
import numpy as np
import tensorflow as tf

from course_lib.exercises.calling.guard import Unusable
from course_lib.exercises.exercise import Arrays, Exercise, Hint, Problem, Rung
from course_lib.exercises.ladder.beyond_one_case import own_settings
from course_lib.exercises.ladder.cell_calls import followed
from course_lib.exercises.ladder.graph_rungs import fit_for_a_gpu
from course_lib.exercises.ladder.rungs import matches
from course_lib.graphs import gpu_report, in_graphs, trace
from course_lib.layers.gate_schedule import GateSchedule
from course_lib.scratch.gradnets import late_gate

STEPS = 5  # of an epoch


def ten_steps() -> Arrays:
    """Two epochs; the gate opens early and is open before the end."""
    return {"epochs": 2, "end": np.array(7.0), "start": np.array(2.0)}


def stops_early() -> Arrays:
    """From a gate that is a little open to one that stops halfway."""
    ends = {"first": np.array(0.1), "last": np.array(0.6)}
    return {"epochs": 2, "end": np.array(8.0), "start": np.array(1.0), **ends}


def shuts() -> Arrays:
    """From a gate that is nearly open to one that is nearly shut."""
    return {**stops_early(), "first": np.array(0.9), "last": np.array(0.2)}


def by_default() -> Arrays:
    """One epoch; all that has a default is left out."""
    return {"epochs": 1, "end": np.array(4.0)}


def nonsense() -> Arrays:
    """A line of no length, one that runs back, gates beyond both ends; and what is no nonsense."""
    return {
        "end": np.array([3, 2, 9, 9, 9, 9]),
        "start": np.array([3, 5, 0, 0, 0, 0]),
        "first": np.array([0, 0, -1, 0, 2, 1]),
        "last": np.array([1, 1, 1, 3, 1, 0]),
    }


class Gated(keras.layers.Layer):
    """Multiplies with a gate of its own, and keeps each gate that a step has really computed with.

    In float64, so that a schedule is seen to the last digit.
    """

    def __init__(self, **kwargs):
        super().__init__(dtype="float64", **kwargs)
        self.g = self.add_weight(shape=(), initializer="zeros", trainable=False)
        self.seen = self.add_weight(shape=(40,), initializer="zeros", trainable=False)
        self.at = self.add_weight(shape=(), initializer="zeros", dtype="int32", trainable=False)

    def call(self, x, training=False):
        """Note the gate, in the graph, and let x through by its share."""
        if training:
            here = keras.ops.one_hot(self.at.value, 40, dtype="float64")
            self.seen.assign_add(here * self.g)
            self.at.assign_add(1)
        return x * (1 + self.g)


@functools.cache
def nothing_to_learn() -> tf.data.Dataset:
    """The batches of an epoch; of arrays, each `fit` would make such a pipeline anew."""
    x, y = np.zeros((2 * STEPS, 3)), np.zeros((2 * STEPS, 2))
    return tf.data.Dataset.from_tensor_slices((x, y)).batch(2)


@functools.cache
def traced_network():
    """A model with two gates and its graph's variables: made and traced once, for all checks."""
    gates = [Gated(), Gated()]
    inside = keras.Sequential([gates[1], keras.layers.Dense(2, dtype="float64")])
    model = keras.Sequential([keras.Input((3,)), gates[0], inside])
    model.compile(keras.optimizers.SGD(0.01), "mse", run_eagerly=False, jit_compile=False)
    return model, gates, [gate.g for gate in gates]


def network():
    """The model and its gates, as if no step had been taken."""
    model, gates, variables = traced_network()
    for gate, g in zip(gates, variables, strict=True):
        vars(gate)["g"] = g  # a callback may have put another thing there
        for variable in (g, gate.seen, gate.at):
            variable.assign(keras.ops.zeros_like(variable))
    model.optimizer.iterations.assign(0)
    return model, list(gates)


def fitted(model, callback, epochs) -> None:
    """Train for some epochs of five steps, always by the graph that is there already."""
    if not isinstance(callback, keras.callbacks.Callback):
        raise Unusable("The class isn't a subclass of keras.callbacks.Callback.")
    with in_graphs():
        model.fit(nothing_to_learn(), epochs=epochs, shuffle=False, callbacks=[callback], verbose=0)


def found(gates) -> Arrays:
    """Which gates the steps have found, and where the gates stand at last."""
    for gate in gates:
        if not hasattr(gate.g, "assign"):
            raise Unusable(
                "After the training, the layer's g is no longer a variable: the callback has "
                "replaced it with something that the graph doesn't know. Assign to the variable "
                "instead."
            )
    taken = int(gates[0].at.numpy())
    return {
        "gate of each step": gates[0].seen.numpy()[:taken],
        "second gate of each step": gates[1].seen.numpy()[:taken],
        "gates at the end": np.array([gate.g.numpy() for gate in gates]),
    }


def run(callback_class, given: Arrays) -> Arrays:
    """One training."""
    model, gates = network()
    fitted(model, callback_class(list(gates), **settings(given)), given["epochs"])
    return found(gates)


def beside_another(callback_class, given: Arrays) -> Arrays:
    """One training, with a callback after which another was made, for no gates and other steps."""
    other = {"end": 90, "start": 3, "first": 1.0, "last": 0.9}
    return run(followed(callback_class, [], **other), given)


def settings(given: Arrays) -> dict[str, float]:
    """What a callback is made with."""
    return {name: float(value) for name, value in given.items() if name != "epochs"}


def gates_at(given: Arrays, steps) -> np.ndarray:
    """The schedule, at each of these steps."""
    first, last = given.get("first", 0.0), given.get("last", 1.0)
    parts = [late_gate(step, given.get("start", 0), given["end"]) for step in steps]
    return first + (last - first) * np.array(parts)


def in_numpy(given: Arrays) -> Arrays:
    """The schedule, step by step."""
    steps = given["epochs"] * STEPS
    each = gates_at(given, range(steps))
    at_the_end = np.repeat(gates_at(given, [steps]), 2)
    return {
        "gate of each step": each,
        "second gate of each step": each,
        "gates at the end": at_the_end,
    }


def first_gate(given: Arrays) -> Arrays:
    """What the schedule has for the first of the two gates."""
    expected = in_numpy(given)
    return {"gate of each step": expected["gate of each step"]}


def resumed(callback_class, given: Arrays) -> Arrays:
    """One epoch; then a new callback goes on with the same model for the rest, and another one for
    one epoch more. Before that, somebody shuts the gates.

    Nobody tells `fit` that it goes on: the number of the epoch starts at 0 again, as it does where
    a run was stopped within an epoch. Only the optimizer knows.
    """
    model, gates = network()
    fitted(model, callback_class(list(gates), **settings(given)), 1)
    fitted(model, callback_class(list(gates), **settings(given)), given["epochs"] - 1)
    if all(hasattr(gate.g, "assign") for gate in gates):
        for gate in gates:
            gate.g.assign(0.0)
    fitted(model, callback_class(list(gates), **settings(given)), 1)
    return found(gates)


def resumed_in_numpy(given: Arrays) -> Arrays:
    """The schedule, step by step, as if nothing had come in between."""
    return in_numpy({**given, "epochs": given["epochs"] + 1})


def cut_short(callback_class, given: Arrays) -> Arrays:
    """A training that ends in the middle of the line, and where it leaves the gates."""
    outputs = run(callback_class, {**given, "epochs": 1})
    return {"gates at the end": outputs["gates at the end"]}


def end_of_it(given: Arrays) -> Arrays:
    """The gates after five steps."""
    return {"gates at the end": np.repeat(gates_at(given, [STEPS]), 2)}


def refusals(callback_class, given: Arrays) -> Arrays:
    """Whether each of the settings is refused."""
    refused = []
    for end, start, first, last in zip(*given.values(), strict=True):
        try:
            callback_class([], end=end, start=start, first=first, last=last)
            refused.append(False)
        except ValueError:
            refused.append(True)
    return {"refused": np.array(refused)}


def all_refused(_: Arrays, outputs: Arrays) -> Problem | None:
    """Each of them."""
    if outputs["refused"].tolist() == [True] * 5 + [False]:
        return None
    if outputs["refused"][-1]:
        return Problem(
            "A schedule that shuts its gates, from 1 to 0, is valid too, but it was refused."
        )
    return Problem(
        "A schedule whose end is not after its start, or whose gate goes beyond 0 or 1, was "
        "accepted silently: __init__ has lines that refuse it. Leave them in."
    )


def for_a_gpu(callback_class, given: Arrays) -> Arrays:
    """The graph that the gates belong to, after a step has used the callback."""
    model, gates = network()
    fitted(model, callback_class(list(gates), **settings(given)), 1)
    return gpu_report(trace(gates[0], tf.TensorSpec((None, 3), tf.float64)))


EACH = "each step finds its own gate, and all gates move"
RESUMED = "a run that goes on keeps its place"

EXERCISE = Exercise(
    reference=GateSchedule,
    title="The clock of a network",
    goal="Open the gates of a network while Keras trains it, in a graph that was traced long ago.",
    difficulty=2,
    minutes=30,
    kind="speed up",
    no_twin="It has no NumPy form, since it is about Keras's own training loop.",
    runs_on="Keras calls it between the steps of a training, which run on a GPU if there is one.",
    returns={},
    ladder=(
        matches(
            "each step finds its own gate",
            ten_steps,
            first_gate,
            "In two epochs of five steps, the gate opens from step 2 to step 7.",
            call=run,
        ),
        matches(EACH, ten_steps, in_numpy, call=run),
        matches("arguments that are left out have their defaults", by_default, in_numpy, call=run),
        matches("the gate may begin and stop elsewhere", stops_early, in_numpy, call=run),
        own_settings(stops_early, in_numpy, beside_another),
        matches(
            "the gate may shut, too",
            shuts,
            in_numpy,
            "The gate goes from 0.9 to 0.2.",
            call=run,
        ),
        matches(
            "it leaves the gates as the last step has left the network",
            stops_early,
            end_of_it,
            "The training ended in the middle of the line.",
            call=cut_short,
        ),
        matches(
            RESUMED,
            ten_steps,
            resumed_in_numpy,
            "After each epoch a new callback went on with the same model; before the third, "
            "somebody had shut its gates.",
            call=resumed,
        ),
        Rung("it refuses what isn't a schedule", nonsense, all_refused, refusals),
        fit_for_a_gpu(ten_steps, for_a_gpu),
    ),
    equivalent={
        "super().__init__() -> super()": "fit hands over the model that Keras's __init__ asks for",
        "late_gate(0, start, end) -> late_gate(1, start, end)": (
            "only its refusal matters here, whatever the step"
        ),
        "late_gate(0, start, end) -> late_gate(-1, start, end)": "as above",
        "for value in (first, last): -> for value in reversed(list((first, last))):": (
            "each is looked at, whichever comes first"
        ),
        "for value in (first, last): -> for value in (last, first):": "as above",
        "self.last = (first, last) -> self.last = (first, value)": "after the loop it is `last`",
        "self, batch, logs=None): -> self, batch, logs=0):": "nothing looks at the logs",
        "on_train_end(self, logs=None): -> on_train_end(self, logs…):": (
            "fit always hands over the logs, and nothing looks at them"
        ),
        "for gate in self.gates: -> for gate in reversed(list(self.gates)):": (
            "all gates move, in any order, before the step"
        ),
        "on_train_batch_begin(0) -> on_train_batch_begin(…1)": "the optimizer counts, not `batch`",
        "self.gates, self.start, self.end = (gates, start, end); self.first, self.last = "
        "(first, last) -> …": "the order is free",
    },
    promises={
        "It counts the optimizer's steps": RESUMED,
        "With `steps_per_execution`": "scaffold: Keras calls the method once for each execution",
        "gates: a list": EACH,
        "end: the step": "each step finds its own gate",
        "start: the step": "each step finds its own gate",
        "first: the value": ("the gate may begin and stop elsewhere", "the gate may shut, too"),
        "last: the value": ("the gate may begin and stop elsewhere", "the gate may shut, too"),
        "below 1 the gate stops": "the gate may begin and stop elsewhere",
        "ValueError": "it refuses what isn't a schedule",
        "on_train_batch_begin: The step that follows": "each step finds its own gate",
    },
    hints=(
        Hint(
            "Which number is the step?",
            "Think of the second epoch, and of a run that was stopped and goes on tomorrow with a "
            "new callback. Which of the counters at hand goes on counting: `batch`, one of your "
            "own, or one that is saved with the model?",
        ),
        Hint(
            "My gate moves, and the network doesn't notice.",
            "The graph of the step holds on to the *variable* that the layer had when it was "
            "traced. If the name `g` is bound to something new, the graph goes on with the old "
            "variable. Change what is in it.",
            fits=("NameRebound",),
        ),
        Hint(
            "What about the end?",
            "No step follows the last one, so nobody sets the gate once more. But the network is "
            "evaluated then. The schedule knows where the gate stands after so many steps.",
            fits=(
                "it leaves the gates as the last step has left the network",
                "NothingAtTheEnd",
                "OpenAtTheEnd",
            ),
        ),
        Hint(
            "Show me the recipe.",
            "`int(self.model.optimizer.iterations)` is the number of steps taken so far. Put it "
            "into `late_gate` with `self.start` and `self.end`: that is the share of the way from "
            "`self.first` to `self.last`. Give the result to `gate.g.assign` for each gate in "
            "`self.gates`. At the end do the same once more.",
        ),
    ),
)


class _Wrong(GateSchedule):
    """What the mistakes share: another step that counts, or another way to set."""

    def now(self, batch):
        """The step that the schedule is asked for."""
        return int(self.model.optimizer.iterations)

    def value(self, step):
        """The gate at a step."""
        part = late_gate(step, self.start, self.end)
        return self.first + (self.last - self.first) * part

    def move(self, value):
        """All gates."""
        for gate in self.gates:
            gate.g.assign(value)

    def on_train_batch_begin(self, batch, logs=None):
        """As the reference, from parts."""
        self.move(self.value(self.now(batch)))

    def on_train_end(self, logs=None):
        """As the reference, from parts."""
        self.on_train_batch_begin(STEPS)


AT_THE_END = "It is right only where the training ends."


class _RightAtTheEnd(_Wrong):
    """Whatever counts during the training, at its end the optimizer's steps do."""

    def on_train_end(self, logs=None):
        """As the reference."""
        self.move(self.value(int(self.model.optimizer.iterations)))


BY_BATCH = (
    "`batch` begins at 0 again in every epoch, so that the gate shuts with each of them: count the "
    "steps of the whole training."
)


@EXERCISE.mistake(BY_BATCH)
class ByBatch(_Wrong):
    """The step within the epoch."""

    def now(self, batch):
        """Keras's argument."""
        return batch


@EXERCISE.mistake(
    f"{BY_BATCH} And where training ends nothing moves the gates, so they stay at the last step's."
)
class ByBatchAndNothingAtTheEnd(ByBatch):
    """The step within the epoch; on_train_end does nothing."""

    def on_train_end(self, logs=None):
        """Nothing."""


@EXERCISE.mistake(f"{BY_BATCH} {AT_THE_END}")
class ByBatchButAtTheEnd(_RightAtTheEnd, ByBatch):
    """The same, and where training ends the gate of that moment."""


@EXERCISE.mistake(
    f"{BY_BATCH} And where training ends, the gates are not at `last` either, unless all steps up "
    "to `end` have been taken."
)
class ByBatchAndOpenAtTheEnd(ByBatch):
    """The step within the epoch; the last value where training ends, whatever the step."""

    def on_train_end(self, logs=None):
        """The last value."""
        self.move(self.last)


@EXERCISE.mistake(
    "The gate is kept between first and last as if first were the smaller of the two. A schedule "
    "may shut its gates as well: limit the share of the way, not the gate."
)
class OnlyUpwards(_Wrong):
    """min(max(g, first), last)."""

    def value(self, step):
        """The line, cut at both ends."""
        part = (step - self.start) / (self.end - self.start)
        return min(max(self.first + (self.last - self.first) * part, self.first), self.last)


@EXERCISE.mistake(
    "The share of the way is cut off at first and last, as if it were the gate: it goes from 0 to "
    "1, and the gate is first plus that share of last - first."
)
class ShareForGate(_Wrong):
    """np.clip(late_gate(…), first, last)."""

    def value(self, step):
        """The share, between first and last."""
        return min(max(late_gate(step, self.start, self.end), self.first), self.last)


@EXERCISE.mistake(
    "The callback counts the steps itself, from 0. Where a run was stopped and goes on, a new one "
    "would shut the gates again: the optimizer's count goes on, and is saved with the model."
)
class OwnCounter(_Wrong):
    """self.step += 1."""

    steps = 0

    def now(self, batch):
        """Count the calls."""
        self.steps += 1
        return self.steps - 1


BY_EPOCH = (
    "The gate is set by epochs, and jumps from one to the next; the network should change a little "
    "at every step."
)


@EXERCISE.mistake(BY_EPOCH)
class ByEpoch(_Wrong):
    """Steps rounded to epochs."""

    def now(self, batch):
        """The first step of the epoch."""
        return int(self.model.optimizer.iterations) // STEPS * STEPS

    def on_train_end(self, logs=None):
        """At the last epoch's gate."""


@EXERCISE.mistake(f"{BY_EPOCH} {AT_THE_END}")
class ByEpochButAtTheEnd(_RightAtTheEnd, ByEpoch):
    """The same, and where training ends the gate of that moment."""


LATE = (
    "Each step finds the gate of the step before it: what is set after a step comes one step late. "
    "on_train_batch_begin comes before the step, and `iterations` counts the steps that are done."
)


@EXERCISE.mistake(LATE)
class OneStepLate(_Wrong):
    """iterations - 1."""

    def now(self, batch):
        """The step before."""
        return max(int(self.model.optimizer.iterations) - 1, 0)


@EXERCISE.mistake(f"{LATE} {AT_THE_END}")
class OneStepLateButAtTheEnd(_RightAtTheEnd, OneStepLate):
    """The same, and where training ends the gate of that moment."""


@EXERCISE.mistake(
    "The gate is set after a step, for the next one, and nobody sets it before the first: that "
    "step finds the gate where it stood. on_train_batch_begin comes before each, the first too."
)
class AfterTheStep(_Wrong):
    """on_train_batch_end."""

    def on_train_batch_begin(self, batch, logs=None):
        """Nothing."""

    def on_train_batch_end(self, batch, logs=None):
        """For the next step."""
        self.move(self.value(int(self.model.optimizer.iterations)))

    def on_train_end(self, logs=None):
        """As the last step has left them."""


@EXERCISE.mistake(
    "The gate is set once, when the training begins, and stays there: it moves at every step, so "
    "set it in on_train_batch_begin."
)
class OnceATraining(_Wrong):
    """on_train_begin."""

    def on_train_begin(self, logs=None):
        """Once."""
        self.move(self.value(int(self.model.optimizer.iterations)))

    def on_train_batch_begin(self, batch, logs=None):
        """Nothing."""

    def on_train_end(self, logs=None):
        """For the evaluation."""
        self.on_train_begin()


@EXERCISE.mistake(
    "The line goes on beyond both of its ends: before `start` the gate stays at first, from `end` "
    "on at last. The share of the way is limited to 0 and 1, as `late_gate` does it."
)
class LineWithoutEnds(_Wrong):
    """(step - start) / (end - start)."""

    def value(self, step):
        """Not limited."""
        part = (step - self.start) / (self.end - self.start)
        return self.first + (self.last - self.first) * part


@EXERCISE.mistake(
    "The share of the way is measured from step 0, though it begins to count at `start`: there the "
    "gate jumps. It is (step - start) / (end - start)."
)
class JumpAtTheStart(_Wrong):
    """step / end, from start on."""

    def value(self, step):
        """Nothing until start, then at once a part of the way."""
        part = min(step / self.end, 1.0) if step >= self.start else 0.0
        return self.first + (self.last - self.first) * part


@EXERCISE.mistake(
    "A small part of the way is added at every step, wherever the step lies, though nothing should "
    "move before `start` and after `end`. Compute the gate from the number of the step."
)
class SomeMoreEachStep(_Wrong):
    """assign_add."""

    def on_train_batch_begin(self, batch, logs=None):
        """One part more."""
        for gate in self.gates:
            gate.g.assign_add((self.last - self.first) / (self.end - self.start))

    def on_train_end(self, logs=None):
        """The gate of that moment."""
        self.move(self.value(int(self.model.optimizer.iterations)))


EARLY = (
    "Each step finds the gate of the step after it: `iterations` is 0 before the first step, so "
    "nothing is to be added."
)


@EXERCISE.mistake(EARLY)
class OneStepEarly(_Wrong):
    """iterations + 1."""

    def now(self, batch):
        """Counted from 1."""
        return int(self.model.optimizer.iterations) + 1


@EXERCISE.mistake(f"{EARLY} {AT_THE_END}")
class OneStepEarlyButAtTheEnd(_RightAtTheEnd, OneStepEarly):
    """The same, and where training ends the gate of that moment."""


@EXERCISE.mistake(
    "The name g is bound to a new number, and the graph goes on with the variable that it was "
    "traced with: change the value of the variable, with its method assign."
)
class NameRebound(_Wrong):
    """gate.g = value."""

    def move(self, value):
        """Around Keras, which would refuse it for a layer's weight."""
        for gate in self.gates:
            gate.__dict__["g"] = value


@EXERCISE.mistake("Only the first of the gates is moved: the list holds all of them.")
class FirstGateOnly(_Wrong):
    """gates[0]."""

    def move(self, value):
        """One gate."""
        self.gates[0].g.assign(value)


@EXERCISE.mistake(
    "The way begins at `start`, and is `end` steps long, so that it ends `start` steps too late: "
    "`end` is the step at which it ends, not how many steps it takes."
)
class StartAsOffset(_Wrong):
    """late_gate(step - start, 0, end)."""

    def value(self, step):
        """The way moved by start."""
        part = late_gate(step - self.start, 0, self.end)
        return self.first + (self.last - self.first) * part


@EXERCISE.mistake(
    "The share of the way is added to first as it is, and cut off at last: the gate gets there too "
    "early. What is added is the same share of the way from first to last, which is last - first."
)
class ShareAddedAsItIs(_Wrong):
    """min(first + part, last)."""

    def value(self, step):
        """first, and the share of a way from 0 to 1."""
        return min(self.first + late_gate(step, self.start, self.end), self.last)


@EXERCISE.mistake(
    "start is ignored: before that step the gates stay at first, and the way to last begins there."
)
class FromTheFirstStep(_Wrong):
    """As if start were 0."""

    def value(self, step):
        """From step 0 to end."""
        return self.first + (self.last - self.first) * late_gate(step, 0, self.end)


@EXERCISE.mistake(
    "first and last are ignored: the schedule's share is that of the way from one to the "
    "other, not of the way from 0 to 1."
)
class AlwaysFromZeroToOne(_Wrong):
    """The share of the way itself."""

    def value(self, step):
        """late_gate alone."""
        return late_gate(step, self.start, self.end)


@EXERCISE.mistake(
    "first is ignored: the gate goes from 0 to last. It begins at first, and the share of "
    "the way is multiplied by what lies between the two, last - first."
)
class FromZeroToLast(_Wrong):
    """last part."""

    def value(self, step):
        """As if first were 0."""
        return self.last * late_gate(step, self.start, self.end)


@EXERCISE.mistake(
    "The way ends at 1, whatever is asked for: `last` is where the gate stops, and may lie below, "
    "so the way from first is last - first long."
)
class AlwaysToOne(_Wrong):
    """first + (1 - first) * share."""

    def value(self, step):
        """last is not looked at."""
        return self.first + (1 - self.first) * late_gate(step, self.start, self.end)


@EXERCISE.mistake(
    "The share of the way is multiplied by last, and first is added on top: at the end the gate "
    "is too far open by first. The way is last - first long."
)
class WayTooLong(_Wrong):
    """first + last part."""

    def value(self, step):
        """The way measured from 0."""
        return self.first + self.last * late_gate(step, self.start, self.end)


@EXERCISE.mistake(
    "At the end the gates stay where the last step found them. That step has been taken too, so "
    "the network belongs to the gate that comes after it."
)
class NothingAtTheEnd(_Wrong):
    """on_train_end does nothing."""

    def on_train_end(self, logs=None):
        """Nothing."""


@EXERCISE.mistake(
    "At the end the gates are opened all the way, wherever the training stopped: a network whose "
    "training was cut short belongs to the gate that it had."
)
class OpenAtTheEnd(_Wrong):
    """self.last, whatever the step."""

    def on_train_end(self, logs=None):
        """The last value."""
        self.move(self.last)


@EXERCISE.alternative
class FromParts(_Wrong):
    """A method for each part."""


@EXERCISE.alternative
class WithInterp(keras.callbacks.Callback):
    """np.interp, weights set as arrays, the count taken as the epoch begins."""

    def __init__(self, gates, end, start=0, first=0.0, last=1.0):
        super().__init__()
        if end <= start or not (0 <= first <= 1 and 0 <= last <= 1):
            raise ValueError("That is no schedule.")
        self.late, self.line = list(gates), ([start, end], [first, last])

    def on_epoch_begin(self, epoch, logs=None):
        """Steps before this epoch."""
        self.before = self.model.optimizer.iterations.numpy()

    def on_train_batch_begin(self, batch, logs=None):
        """Keras's batch, on top of what went before."""
        self.put(self.before + batch)

    def on_train_end(self, logs=None):
        """The next one."""
        self.put(self.model.optimizer.iterations.numpy())

    def put(self, step):
        """Into all variables."""
        for one in self.late:
            one.g.assign(keras.ops.convert_to_tensor(np.interp(step, *self.line), one.g.dtype))
