"""Exercise: the callback that ends a training and goes back to its best epoch."""

import functools
from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from course_lib.exercises.calling.guard import Unusable
from course_lib.exercises.exercise import Arrays, Exercise, Hint, Problem, Rung
from course_lib.exercises.ladder.graph_rungs import fit_for_a_gpu
from course_lib.exercises.ladder.rungs import by_hand, matches
from course_lib.graphs import gpu_report, trace
from course_lib.layers.early_stopping import EarlyStopping

WATCHED = "watched"
MOST = 16  # epochs that a script may have
RUN, WEIGHTS, STATISTICS = "epochs run", "epoch of the weights", "epoch of the statistics"


def a_bump() -> Arrays:
    """Best in the third epoch; the eighth would be better still, and is never reached."""
    return {"losses": np.array([3.0, 2.0, 1.0, 1.5, 1.25, 1.75, 1.5, 0.5]), "patience": 3}


def two_bumps() -> Arrays:
    """Each bump is shorter than the patience, both together are longer."""
    losses = np.array([5.0, 4.0, 4.5, 4.25, 3.0, 3.5, 3.25, 2.0, 2.5, 2.25])
    return {"losses": losses, "patience": 3}


def falling_again() -> Arrays:
    """Every epoch but one is better than the one before it, and none better than the first."""
    return {"losses": np.array([1.0, 3.0, 2.5, 2.0, 1.5, 0.5]), "patience": 4}


def long_enough() -> Arrays:
    """The training ends by itself, while there is patience left; its losses are large numbers."""
    return {"losses": np.array([2e12, 1e12, 1.5e12]), "patience": 5}


def level() -> Arrays:
    """The same loss again is no better; the best is 0, which a truth value takes for none."""
    return {"losses": np.array([1.0, 0.0, 0.0, 0.0, -0.5]), "patience": 2}


def no_bump() -> Arrays:
    """The first epoch that wasn't better is the last."""
    return {"losses": np.array([2.0, 1.0, 1.5, 0.5]), "patience": 1}


def small_steps() -> Arrays:
    """Falls of 0.75 are too small alone; the third makes them enough, and one is exactly it.

    A min_delta above 1 is no share of anything, with other numbers neither.
    """
    losses = np.array([6.0, 5.25, 4.5, 3.75, 2.25, 1.5, 3.0, 2.625])
    return {"losses": losses, "patience": 3, "min_delta": np.array(1.5)}


def tiny_falls() -> Arrays:
    """Losses of a millionth, above zero and below it; two falls are a millionth of that.

    In float32, as `fit` has them on most days, these numbers are exact.
    """
    losses = np.array([2.0, 1.0, 1.0 - 2**-20, -1.0, -1.0 - 2**-20, -0.5, -0.75, -2.0])
    return {"losses": losses * 2**-20, "patience": 2}


def two_at_once() -> Arrays:
    """Two trainings with a callback each; one fall is too small for the other one's min_delta."""
    losses = np.array([5.0, 4.0, 4.5, 3.5, 3.75, 3.625, 4.0, 1.0])
    return {
        "losses": losses,
        "patience": 3,
        "min_delta": np.array(0.25),
        "other": np.array([2.0, 1.0, 1.5]),
        "other patience": 1,
        "other min_delta": np.array(0.75),
    }


def slow_fall() -> Arrays:
    """Always lower, but after the second epoch not by enough until patience is at its end."""
    losses = np.array([9.0, 8.0, 7.875, 7.75, 7.625, 0.0])
    return {"losses": losses, "patience": 3, "min_delta": np.array(0.5)}


def nan_first() -> Arrays:
    """The first epoch has no number; some have none later, of which the last end the training."""
    losses = np.array([np.nan, 2.0, 1.0, np.nan, 1.5, 0.75, np.nan, np.nan, np.nan, 0.9])
    return {"losses": losses, "patience": 3}


def nan_always() -> Arrays:
    """No epoch has a number."""
    return {"losses": np.full(5, np.nan), "patience": 3}


def by_default() -> Arrays:
    """A small fall, a long bump, and neither setting given."""
    return {"losses": np.array([2.0, 1.0, 0.999, 1.5, 1.25, 1.75, 1.5])}


def twice() -> Arrays:
    """Two trainings; the second begins without a number, and is worse than the first all along."""
    first, second = np.array([2.0, 1.0, 1.5]), np.array([np.nan, 9.0, 7.0, 8.0, 7.5, 6.0])
    return {"losses": first, "later": second, "patience": 2}


def nonsense() -> Arrays:
    """No patience, a negative one, a negative difference; and what is no nonsense."""
    return {"patience": np.array([0, -1, 2, 1]), "min_delta": np.array([0, 0, -1, 0])}


MOVED = "epochs that didn't go on from the weights of the one before"
NO_LOSSES = np.full(3, np.nan)
OF_THIRD = " in the third training"
OF_OTHER = " in the other training"


class Scripted(keras.Model):
    """A model whose validation losses are written down beforehand.

    Its weights and its statistics, which no gradient moves, say of which epoch they are.
    """

    def __init__(self):
        super().__init__(dtype="float64")
        self.w = self.add_weight(shape=(2,), initializer="zeros")
        self.mean = self.add_weight(shape=(2,), initializer="zeros", trainable=False)
        self.epoch = tf.Variable(0)
        self.script = tf.Variable(np.zeros(MOST))
        self.built = True
        self.moved = np.array(0)  # epochs that began with other weights than the one before left

    @property
    def metrics(self):
        """None: `fit` then reports what the steps give, and no mean of its own."""
        return []

    def call(self, x):
        """Anything."""
        return x * self.w + self.mean

    def train_step(self, data):
        """One epoch; the training loss falls for ever."""
        epoch = tf.cast(self.epoch.assign_add(1), tf.float64)
        self.w.assign([epoch, epoch])
        self.mean.assign([-epoch, -epoch])
        return {"loss": 1 / epoch}

    def test_step(self, data):
        """What the script has for this epoch."""
        return {"loss": self.script[self.epoch - 1]}


@functools.cache
def scripted(which: str) -> Scripted:
    """The watched one, or another; each is made once, for all checks."""
    model = Scripted()
    model.compile("sgd", "mse", run_eagerly=False, jit_compile=False)
    return model


def by_fit(model: Scripted, callback, epochs: int, begins: int) -> int:
    """Train by Keras; the number of epochs that were run."""
    data = np.zeros((2, 2)), np.zeros((2, 2))
    how = {"batch_size": 2, "verbose": 0, "validation_data": data, "initial_epoch": begins}
    return len(model.fit(*data, epochs=begins + epochs, callbacks=[callback], **how).epoch)


def as_fit_does(
    model: Scripted, callback, epochs: int, begins: int, meanwhile: Callable = lambda: None
) -> int:
    """What `fit` does with a callback, less its preparations, which take far longer.

    Args:
        model, callback, epochs, begins: as in `by_fit`.
        meanwhile: what happens elsewhere after each epoch.
    """
    watchers = keras.callbacks.CallbackList([callback], model=model)
    watchers.on_train_begin()
    for epoch in range(begins, begins + epochs):
        watchers.on_epoch_begin(epoch)
        left = float(epoch - begins)
        model.moved = model.moved + int(float(model.w[0]) != left or float(model.mean[0]) != -left)
        losses = {**model.train_step(None), "val_loss": model.test_step(None)["loss"]}
        watchers.on_epoch_end(epoch, {name: float(loss) for name, loss in losses.items()})
        meanwhile()
        if model.stop_training:
            break
    watchers.on_train_end()
    return epoch + 1 - begins


def trained(callback, losses: np.ndarray, begins=0, train=as_fit_does, which=WATCHED) -> Arrays:
    """Train by a script; say how long it took, and what the model has at the end."""
    if not isinstance(callback, keras.callbacks.Callback):
        raise Unusable("The class isn't a subclass of keras.callbacks.Callback.")
    model = scripted(which)
    model.script.assign(np.pad(losses, (0, MOST - len(losses))))
    for variable in (model.epoch, model.w, model.mean):
        variable.assign(tf.zeros_like(variable))
    model.stop_training = False
    model.moved = np.array(0)
    epochs = train(model, callback, len(losses), begins)
    return {
        RUN: np.array(epochs),
        WEIGHTS: np.array(float(model.w[0])),
        STATISTICS: np.array(-float(model.mean[0])),
    }


def settings(given: Arrays) -> Arrays:
    """What a callback is made with."""
    names = [name for name in ("patience", "min_delta") if name in given]
    return {name: np.asarray(given[name]).item() for name in names}


def run(callback_class, given: Arrays) -> Arrays:
    """One training."""
    return trained(callback_class(**settings(given)), given["losses"])


def in_fit(callback_class, given: Arrays) -> Arrays:
    """The same by Keras's own loop."""
    return trained(callback_class(**settings(given)), given["losses"], train=by_fit)


def how_long(callback_class, given: Arrays) -> Arrays:
    """The number of epochs alone."""
    return {RUN: run(callback_class, given)[RUN]}


def weights_alone(callback_class, given: Arrays) -> Arrays:
    """Without the statistics."""
    outputs = run(callback_class, given)
    return {RUN: outputs[RUN], WEIGHTS: outputs[WEIGHTS]}


def left_alone(callback_class, given: Arrays) -> Arrays:
    """One training, and how many epochs did not go on from the weights of the one before."""
    outputs = run(callback_class, given)
    return {**outputs, MOVED: scripted(WATCHED).moved}


def decided_and_left_alone(given: Arrays) -> Arrays:
    """The weights are put back when the training is over, not before."""
    return {**decided(given), MOVED: np.array(0)}


def again(callback_class, given: Arrays) -> Arrays:
    """One callback, three trainings: the second counts its epochs on, the third is all NaN."""
    callback = callback_class(**settings(given))
    trained(callback, given["losses"])
    second = trained(callback, given["later"], begins=len(given["losses"]))
    third = trained(callback, NO_LOSSES)
    return {**second, **{f"{name}{OF_THIRD}": value for name, value in third.items()}}


def side_by_side(callback_class, given: Arrays) -> Arrays:
    """One training; after each of its epochs another one runs, with a callback of its own."""
    callback = callback_class(**settings(given))
    other, found = callback_class(**settings(other_of(given))), {}

    def meanwhile():
        found.update(trained(other, given["other"], which="another"))

    train = functools.partial(as_fit_does, meanwhile=meanwhile)
    outputs = trained(callback, given["losses"], train=train)
    return {**outputs, **{f"{name}{OF_OTHER}": value for name, value in found.items()}}


def other_of(given: Arrays) -> Arrays:
    """What the other training of two has."""
    return {
        "losses": given["other"],
        "patience": given["other patience"],
        "min_delta": given["other min_delta"],
    }


def decided_side_by_side(given: Arrays) -> Arrays:
    """Each as if it were alone."""
    other = decided(other_of(given))
    return {**decided(given), **{f"{name}{OF_OTHER}": value for name, value in other.items()}}


def refusals(callback_class, given: Arrays) -> Arrays:
    """Whether each of the settings is refused."""
    refused = []
    for patience, min_delta in zip(*given.values(), strict=True):
        try:
            callback_class(patience=int(patience), min_delta=float(min_delta))
            refused.append(False)
        except ValueError:
            refused.append(True)
    return {"refused": np.array(refused)}


def for_a_gpu(callback_class, given: Arrays) -> Arrays:
    """The graph of the model that the callback has watched."""
    run(callback_class, given)
    return gpu_report(trace(scripted(WATCHED), tf.TensorSpec((None, 2), tf.float64)))


def best_of(losses: np.ndarray, patience: int = 3, min_delta: float = 0.0) -> tuple[int, int]:
    """How many epochs are run, and which is the best, counted from 1; 0 if none has a number."""
    best = 0
    for epoch in range(1, len(losses) + 1):
        loss = losses[epoch - 1]
        if not np.isnan(loss) and (best == 0 or losses[best - 1] - loss > min_delta):
            best = epoch
        if epoch - best == patience:
            break
    return epoch, best


def decided(given: Arrays) -> Arrays:
    """What the callback must come to, by the definition."""
    epochs, best = best_of(given["losses"], **settings(given))
    return {RUN: epochs, WEIGHTS: float(best or epochs), STATISTICS: float(best or epochs)}


def decided_weights(given: Arrays) -> Arrays:
    """Without the statistics."""
    expected = decided(given)
    return {RUN: expected[RUN], WEIGHTS: expected[WEIGHTS]}


def decided_again(given: Arrays) -> Arrays:
    """The second and the third training, as if there had been none before."""
    second, third = (
        decided({"losses": losses, "patience": given["patience"]})
        for losses in (given["later"], NO_LOSSES)
    )
    return {**second, **{f"{name}{OF_THIRD}": value for name, value in third.items()}}


def all_refused(_: Arrays, outputs: Arrays) -> Problem | None:
    """The first three."""
    if outputs["refused"].tolist() == [True, True, True, False]:
        return None
    if outputs["refused"][-1]:
        return Problem("A patience of 1 is one too; it was refused.")
    return Problem(
        "A patience below 1, or a min_delta below 0, was silently accepted: __init__ has lines "
        "that refuse it. Leave them in."
    )


BUMPS = "patience begins anew with every better epoch"
FROM_BEST = "an epoch is measured by the best one, not by the one before it"
BY_ITSELF = "a training that is long enough goes back as well"
SHORTEST = "a patience of one epoch allows none"
EQUAL = "the same loss again is no better"
DELTA = "a fall of less than min_delta counts as none"
SLOW = "small falls don't hide behind one another"
NAN = "NaN is no number, and never the best"
NO_NUMBER = "without a single number the weights stay as they are"
WHOLE = "the whole network goes back, its statistics too"
TINY = "a fall counts however small it is, and below zero too"
ON_ITS_OWN = "two callbacks don't know of each other"
DEFAULTS = "arguments that are left out have their defaults"
ANEW = "a second training begins anew"

EXERCISE = Exercise(
    reference=EarlyStopping,
    title="Stop, and go back",
    goal="End a training that no longer helps, and leave the network as it was at its best.",
    difficulty=2,
    minutes=30,
    kind="speed up",
    no_twin="It has no NumPy form, since it is about Keras's own training loop.",
    runs_on="Keras calls it after each epoch of a training, which runs on a GPU if there is one.",
    returns={},
    ladder=(
        by_hand(
            a_bump,
            how="epoch 3 is the best, 1.0; after epochs 4, 5 and 6 patience is at its end",
            call=how_long,
            **{RUN: np.array(6)},
        ),
        matches(
            "it goes back to the best epoch",
            a_bump,
            decided_weights,
            "The weights of each epoch are its number, counted from 1.",
            weights_alone,
        ),
        matches(WHOLE, a_bump, decided, "A network may have weights that no gradient moves.", run),
        matches(
            BUMPS,
            two_bumps,
            decided_and_left_alone,
            "Two bumps, each shorter than the patience.",
            left_alone,
        ),
        matches(
            FROM_BEST,
            falling_again,
            decided,
            "The loss has a peak and falls again, but not to where it was.",
            run,
        ),
        matches(EQUAL, level, decided, "A loss that stays level, at 0, gains nothing.", run),
        matches(SHORTEST, no_bump, decided, "With patience=1.", run),
        matches(
            BY_ITSELF,
            long_enough,
            decided,
            "The training ended at its last epoch, which was not its best; its losses are large.",
            run,
        ),
        matches(NAN, nan_first, decided, "Some epochs have a loss of NaN, the first one too.", run),
        matches(NO_NUMBER, nan_always, decided, "The loss is NaN in every epoch.", run),
        matches(
            DELTA,
            small_steps,
            decided,
            "With min_delta=1.5; the best epoch is one that was better by more than that.",
            run,
        ),
        matches(
            SLOW,
            slow_fall,
            decided,
            "Each is lower, but only the second by more than min_delta.",
            run,
        ),
        matches(TINY, tiny_falls, decided, "Losses of about a millionth.", run),
        matches(DEFAULTS, by_default, decided, call=run),
        matches(
            ANEW,
            twice,
            decided_again,
            "The same callback watched three trainings; this is about the second, or the third, "
            "whose losses are NaN.",
            again,
        ),
        matches(
            ON_ITS_OWN,
            two_at_once,
            decided_side_by_side,
            "Between its epochs another network was trained, with a callback of its own and other "
            "settings: what belongs to one callback is kept on self, not on the class, which all "
            "share.",
            side_by_side,
        ),
        Rung("it refuses what is no patience", nonsense, all_refused, refusals),
        matches("Keras's own fit obeys it", a_bump, decided, call=in_fit),
        fit_for_a_gpu(a_bump, for_a_gpu),
    ),
    promises={
        "It judges by `val_loss`": "a case small enough to do by hand",
        "An epoch is better if": (FROM_BEST, EQUAL, DELTA, SLOW, TINY),
        "the first one that has a number": (NAN, BY_ITSELF),
        "A loss of NaN": (NAN, NO_NUMBER),
        "Keras has a callback of the same name": "scaffold: it says where to find the library's",
        "patience: training ends": (
            *("a case small enough to do by hand", BUMPS, SHORTEST, DEFAULTS),
        ),
        "at least 1": "it refuses what is no patience",
        "min_delta: a smaller fall": (DELTA, SLOW, DEFAULTS),
        "ValueError": "it refuses what is no patience",
        "on_epoch_end: To end the training": "a case small enough to do by hand",
        "on_train_end: If no epoch had a number": NO_NUMBER,
    },
    equivalent={
        "super().__init__() -> super()": "fit hands over the model that Keras's __init__ asks for",
        "…logs=None): -> …": "fit always hands over the logs",
        "self.patience = patience; self.min_delta = min_delta -> …": "the order is free",
        "self.best = np.inf; self.waited = 0 -> …": "the order is free",
        "self.waited = 0; self.kept = None -> …": "the order is free",
        "self.best = logs['val_loss']; self.waited = 0 -> …": "the order is free",
        "self.waited = 0; self.kept = self.model.get_weights() -> …": "the order is free",
    },
    hints=(
        Hint(
            "What has to be remembered from epoch to epoch?",
            "You see one loss at a time. What must you know of the past to say whether this one is "
            "better, how long that is ago, and what to go back to?",
        ),
        Hint(
            "It goes back, and the weights are those of the last epoch.",
            "Which of these is a copy: a list of the model's variables, or a list of what was in "
            "them at that moment? Training goes on changing the variables. And a model has more "
            "than `trainable_weights`.",
            fits=(
                "it goes back to the best epoch",
                "the whole network goes back, its statistics too",
                "LastWeights",
                "TrainedWeightsOnly",
            ),
        ),
        Hint(
            "NaN gets in my way.",
            "With NaN on either side, `<`, `<=`, `>` and `>=` are all False. So ask for what must "
            "be true of a better epoch, not for the opposite; and begin with a best loss that "
            "every number lies below.",
            fits=(
                "NaN is no number, and never the best",
                "without a single number the weights stay as they are",
                "FirstIsBest",
                "NotWorse",
            ),
        ),
        Hint(
            "Show me the recipe.",
            "`on_train_begin`: the best loss is `np.inf`, nothing was waited for, nothing is kept. "
            "`on_epoch_end`: if `logs['val_loss'] < self.best - self.min_delta`, note it, wait "
            "from 0 again and keep `self.model.get_weights()`, which are copies; else wait one "
            "more, and at `self.patience` set `self.model.stop_training = True`. `on_train_end`: "
            "`self.model.set_weights` of what was kept, if anything.",
        ),
    ),
)


class _Wrong(EarlyStopping):
    """What the mistakes share: the reference in parts."""

    def on_train_begin(self, logs=None):
        """Forget everything."""
        self.best, self.before, self.waited, self.kept = np.inf, np.inf, 0, None

    def better(self, loss):
        """Whether the epoch is."""
        return loss < self.best - self.min_delta

    def note(self, loss):
        """A better epoch."""
        self.best, self.waited = loss, 0
        self.kept = self.model.get_weights()

    def waits(self):
        """Another epoch."""
        self.waited += 1
        if self.waited >= self.patience:
            self.model.stop_training = True

    def on_epoch_end(self, epoch, logs=None):
        """As the reference, from parts."""
        loss = logs["val_loss"]
        if self.better(loss):
            self.note(loss)
        else:
            self.waits()
        self.before = loss

    def on_train_end(self, logs=None):
        """As the reference."""
        if self.kept is not None:
            self.model.set_weights(self.kept)


@EXERCISE.mistake(
    "It stops at the right time, but the network has the weights of the last epoch. Three ways "
    "lead there: nothing is put back; or weights are kept after every epoch, not only after a "
    "better one; or no copies are kept, but the variables themselves, which training goes on "
    "changing."
)
class LastWeights(_Wrong):
    """Nothing is put back."""

    def on_train_end(self, logs=None):
        """Too late."""


@EXERCISE.mistake(
    "The best loss begins at a number, and where all losses lie above it no epoch is ever better. "
    "The first one is better than none, however large its loss: begin at infinity."
)
class BestBeginsAtANumber(_Wrong):
    """self.best = 1000."""

    def on_train_begin(self, logs=None):
        """Large enough for most losses."""
        super().on_train_begin(logs)
        self.best = 1000.0


@EXERCISE.mistake(
    "An epoch is compared with the one before it. After a peak a loss may fall for long and still "
    "be worse than the best: compare with the best so far."
)
class EpochBefore(_Wrong):
    """loss < the loss before."""

    def better(self, loss):
        """One unlucky epoch is enough, or none ever is."""
        return loss < self.before - self.min_delta


@EXERCISE.mistake(
    "What is kept belongs to the best epoch, but the patience is counted by the epoch before: a "
    "loss that falls after a peak may still be worse than the best, and then it counts as waited."
)
class PatienceByTheEpochBefore(_Wrong):
    """Waits while the loss falls, however high."""

    def on_epoch_end(self, epoch, logs=None):
        """Two comparisons, and the second is with the epoch before."""
        loss = logs["val_loss"]
        if self.better(loss):
            self.best, self.kept = loss, self.model.get_weights()
        if loss < self.before - self.min_delta:
            self.waited = 0
        else:
            self.waits()
        self.before = loss


@EXERCISE.mistake(
    "All epochs that were not better are counted together: patience is for epochs in a row, so a "
    "better one sets the count back to 0."
)
class NeverPatientAgain(_Wrong):
    """The count isn't set back."""

    def note(self, loss):
        """Without the count."""
        waited = self.waited
        super().note(loss)
        self.waited = waited


@EXERCISE.mistake(
    "Training never ends before its last epoch: once patience has run out, `self.model."
    "stop_training` is to be True."
)
class NeverStops(_Wrong):
    """It waits for good, or tells nobody."""

    def waits(self):
        """Nothing comes of it."""


@EXERCISE.mistake(
    "The count stays at 1, so a patience above 1 never runs out: each epoch that wasn't better "
    "adds one to it, by `+=`, where `=` puts another number in its place."
)
class CountStaysAtOne(_Wrong):
    """`=` for `+=`."""

    def waits(self):
        """Each epoch is the first of its row."""
        self.waited = 0
        super().waits()


@EXERCISE.mistake(
    "The first epoch stays the best one for ever: a better epoch becomes the one that the next "
    "ones are compared with."
)
class FirstForEver(_Wrong):
    """The best is set once."""

    def better(self, loss):
        """Only the first."""
        return self.kept is None


@EXERCISE.mistake(
    "It waits one epoch too long: training ends after `patience` epochs without a better one, and "
    "no further epoch."
)
class OneTooMany(_Wrong):
    """waited > patience."""

    def waits(self):
        """Asks too late."""
        if self.waited >= self.patience:
            self.model.stop_training = True
        self.waited += 1


@EXERCISE.mistake(
    "It stops one epoch too early: `patience` epochs that are not better have to be over."
)
class OneTooFew(_Wrong):
    """Counts the best epoch too."""

    def waits(self):
        """Counted from 1."""
        self.waited += 1
        if self.waited >= self.patience - 1:
            self.model.stop_training = True


@EXERCISE.mistake(
    "After each epoch that isn't better the best weights are put back, while the training goes on: "
    "so it begins again and again from the same place, and never gets over a bump. They are put "
    "back once, in on_train_end."
)
class BackAfterEachEpoch(_Wrong):
    """Restores in the middle of the training."""

    def waits(self):
        """Wait, and go back."""
        super().waits()
        if self.kept is not None:
            self.model.set_weights(self.kept)


@EXERCISE.mistake(
    "The weights from before training are kept as well, and put back if no epoch had a number: "
    "then there is no best epoch, and the weights stay as they are."
)
class BackToTheBeginning(_Wrong):
    """get_weights in on_train_begin."""

    def on_train_begin(self, logs=None):
        """As if the beginning were an epoch."""
        super().on_train_begin()
        self.kept = self.model.get_weights()


@EXERCISE.mistake(
    "A second training begins with the best loss of the one before, though the count of epochs "
    "begins anew: forget the loss and the weights too, in on_train_begin."
)
class CountForgottenOnly(_Wrong):
    """The best loss is set in __init__."""

    def __init__(self, patience=3, min_delta=0.0):
        super().__init__(patience, min_delta)
        super().on_train_begin()

    def on_train_begin(self, logs=None):
        """The count alone."""
        self.waited = 0


@EXERCISE.mistake(
    "The loss and the count begin anew with a training, but what was kept is still that of the one "
    "before: if no epoch of the new one has a number, those old weights are put back."
)
class KeptFromTheTrainingBefore(_Wrong):
    """Two of three are forgotten."""

    def __init__(self, patience=3, min_delta=0.0):
        super().__init__(patience, min_delta)
        super().on_train_begin()

    def on_train_begin(self, logs=None):
        """All but the weights."""
        kept = self.kept
        super().on_train_begin()
        self.kept = kept


@EXERCISE.mistake(
    "It goes back only where patience ran out. A training that ends at its last epoch has a best "
    "one as well: on_train_end comes in both cases."
)
class BackOnlyIfStopped(_Wrong):
    """Restores where it stops."""

    def waits(self):
        """Stop, and go back at once."""
        super().waits()
        if self.waited >= self.patience and self.kept is not None:
            self.model.set_weights(self.kept)

    def on_train_end(self, logs=None):
        """Nothing."""


@EXERCISE.mistake(
    "Only the trained weights go back. What a layer counts by itself, such as the means of a "
    "BatchNormalization, stays that of the last epoch: the two don't belong together."
)
class TrainedWeightsOnly(_Wrong):
    """trainable_weights."""

    def note(self, loss):
        """A part of the weights."""
        super().note(loss)
        self.kept = [w.numpy() for w in self.model.trainable_weights]

    def on_train_end(self, logs=None):
        """That part."""
        for w, value in zip(self.model.trainable_weights, self.kept or (), strict=False):
            w.assign(value)


@EXERCISE.mistake("min_delta is ignored: a fall smaller than that counts as none.")
class AnyFall(_Wrong):
    """loss < best."""

    def better(self, loss):
        """However little."""
        return loss < self.best


@EXERCISE.mistake(
    "min_delta is on the wrong side: an epoch that is a little *worse* counts as better. The loss "
    "must lie below the best one less min_delta."
)
class WrongSide(_Wrong):
    """loss < best + min_delta."""

    def better(self, loss):
        """Even if it is worse."""
        return loss < self.best + self.min_delta


@EXERCISE.mistake(
    "Every lower loss becomes the one to beat, even where the fall was too small to count. So a "
    "loss that falls slowly and steadily is never better: compare with the last epoch that was."
)
class LowestCreeps(_Wrong):
    """The best loss moves without an epoch being better."""

    def on_epoch_end(self, epoch, logs=None):
        """Note the lowest in any case."""
        super().on_epoch_end(epoch, logs)
        if logs["val_loss"] < self.best:
            self.best = logs["val_loss"]


@EXERCISE.mistake(
    "The lowest loss makes the best epoch here, and only the patience looks at min_delta: "
    "where the fall was too small, neither the loss nor the weights are those of a better epoch."
)
class LowestKeptToo(_Wrong):
    """min_delta for the count alone."""

    def on_epoch_end(self, epoch, logs=None):
        """The lowest is noted in any case, with its weights."""
        loss = logs["val_loss"]
        enough = self.better(loss)
        if loss < self.best:
            self.best, self.kept = loss, self.model.get_weights()
        if enough:
            self.waited = 0
        else:
            self.waits()


@EXERCISE.mistake(
    "min_delta is taken for a share of the best loss: it is a difference, so a loss is better that "
    "lies below the best one minus min_delta."
)
class ShareOfTheBest(_Wrong):
    """A product in place of a difference."""

    def better(self, loss):
        """Lower by such a part."""
        return loss < self.best * (1 - self.min_delta)


@EXERCISE.mistake(
    "A first epoch without a number becomes the best, and no later loss is lower than NaN, since "
    "`<` with NaN is always False: begin with a loss that every number lies below."
)
class FirstIsBest(_Wrong):
    """None at the beginning: so does Keras's own."""

    def on_train_begin(self, logs=None):
        """No best yet."""
        super().on_train_begin()
        self.best = None

    def better(self, loss):
        """The first always is."""
        return self.best is None or loss < self.best - self.min_delta


@EXERCISE.mistake(
    "The best loss begins at a number that hardly any loss lies below, such as 0, so no epoch is "
    "better: begin at np.inf, which any number is below."
)
class ZeroIsBest(_Wrong):
    """best = 0.0."""

    def on_train_begin(self, logs=None):
        """No loss is that low."""
        super().on_train_begin(logs)
        self.best = 0.0


@EXERCISE.mistake(
    "Epoch 0 becomes the best whatever its loss, and if that is NaN, nothing lies below it: the "
    "first epoch that has a number is better than none, and that need not be epoch 0."
)
class EpochZeroIsBest(_Wrong):
    """epoch == 0 or loss < best."""

    def on_epoch_end(self, epoch, logs=None):
        """By the number of the epoch."""
        if epoch == 0:
            self.best = np.inf
            self.note(logs["val_loss"])
        else:
            super().on_epoch_end(epoch, logs)


@EXERCISE.mistake(
    "NaN counts as better: `not loss >= best` is True for it, since `>=` with NaN is always False. "
    "Ask whether the loss is lower."
)
class NotWorse(_Wrong):
    """not loss >= best."""

    def better(self, loss):
        """The opposite, denied."""
        return not loss >= self.best - self.min_delta


@EXERCISE.mistake(
    "An epoch whose loss is NaN isn't counted. It is an epoch that isn't better, and patience ends "
    "with such ones as well; a network that gives nothing but NaN would train for ever."
)
class NaNIsSkipped(_Wrong):
    """As if it had not been."""

    def on_epoch_end(self, epoch, logs=None):
        """Numbers only."""
        if not np.isnan(logs["val_loss"]):
            super().on_epoch_end(epoch, logs)


@EXERCISE.mistake(
    "NaN ends the training at once: it is an epoch that isn't better, no more, and patience may "
    "outlast it."
)
class StopsAtNaN(_Wrong):
    """One is enough."""

    def waits(self):
        """Or the time is up."""
        super().waits()

    def on_epoch_end(self, epoch, logs=None):
        """Look for NaN first."""
        super().on_epoch_end(epoch, logs)
        if np.isnan(logs["val_loss"]):
            self.model.stop_training = True


@EXERCISE.mistake(
    "The same loss again counts as better: a fall is asked for. A network that has stopped "
    "learning would train for ever."
)
class LevelIsBetter(_Wrong):
    """<=."""

    def better(self, loss):
        """Or equal."""
        return loss <= self.best - self.min_delta and loss < np.inf


@EXERCISE.mistake(
    "It watches the training loss, which falls as long as you train: look at `val_loss`, on data "
    "that the weights are not fitted to."
)
class TrainingLoss(_Wrong):
    """logs["loss"]."""

    def on_epoch_end(self, epoch, logs=None):
        """The wrong entry."""
        super().on_epoch_end(epoch, {"val_loss": logs["loss"]})


@EXERCISE.mistake(
    "A higher loss counts as better here. That is right for an accuracy; a loss is better if it is "
    "lower."
)
class HigherIsBetter(_Wrong):
    """Another sign."""

    def on_epoch_end(self, epoch, logs=None):
        """-loss."""
        super().on_epoch_end(epoch, {"val_loss": -logs["val_loss"]})


@EXERCISE.mistake(
    "The comparison is turned round: a loss *above* the best one less min_delta counts as better. "
    "It has to lie below."
)
class Greater(_Wrong):
    """loss > best - min_delta; the first number is the best one all the same."""

    def better(self, loss):
        """Where less is meant."""
        first = self.kept is None and not np.isnan(loss)
        return first or loss > self.best - self.min_delta


@EXERCISE.mistake(
    "Whatever a second training finds, it goes on waiting from where the first one stopped: set "
    "the count of epochs back to 0 in on_train_begin."
)
class CountNotForgotten(_Wrong):
    """The count is set in __init__ alone."""

    def __init__(self, patience=3, min_delta=0.0):
        super().__init__(patience, min_delta)
        self.waited = 0

    def on_train_begin(self, logs=None):
        """All but the count."""
        waited = self.waited
        super().on_train_begin()
        self.waited = waited


@EXERCISE.mistake(
    "A second training still knows the best loss of the first: forget everything whenever a "
    "training begins, and not only once."
)
class NeverForgets(_Wrong):
    """What belongs in on_train_begin stands in __init__."""

    def __init__(self, patience=3, min_delta=0.0):
        super().__init__(patience, min_delta)
        super().on_train_begin()

    def on_train_begin(self, logs=None):
        """Nothing."""


@EXERCISE.alternative
class ByEpochs(EarlyStopping):
    """All losses are kept; the wait is a difference of epochs."""

    def on_train_begin(self, logs=None):
        """No epoch yet."""
        self.losses, self.best_epoch, self.weights = [], None, []

    def on_epoch_end(self, epoch, logs=None):
        """Count by positions in the list."""
        self.losses.append(float(logs["val_loss"]))
        here = len(self.losses) - 1
        bar = np.inf if self.best_epoch is None else self.losses[self.best_epoch]
        if self.losses[here] < bar - self.min_delta:
            self.best_epoch = here
            self.weights = [np.array(w) for w in self.model.weights]
        last = -1 if self.best_epoch is None else self.best_epoch
        self.model.stop_training = here - last >= self.patience

    def on_train_end(self, logs=None):
        """One by one."""
        for w, value in zip(self.model.weights, self.weights, strict=False):
            w.assign(value)


@EXERCISE.alternative
class KerasOwn(keras.callbacks.EarlyStopping):
    """The library's, told about NaN in front."""

    def __init__(self, patience=3, min_delta=0.0):
        super().__init__(
            "val_loss", min_delta=min_delta, patience=patience, restore_best_weights=True
        )
        if patience < 1 or min_delta < 0:
            raise ValueError("No patience.")

    def on_epoch_end(self, epoch, logs=None):
        """Without a best epoch, NaN only lets time pass."""
        if self.best is None and np.isnan(logs["val_loss"]):
            self.wait += 1
            self.model.stop_training = self.wait >= self.patience
            return
        super().on_epoch_end(epoch, logs)


@EXERCISE.alternative
class CountingDown(EarlyStopping):
    """Lives that are left, as tf.Variables' values."""

    def on_train_begin(self, logs=None):
        """All lives, and weights to go back to from the start."""
        self.lives, self.lowest, self.copies = self.patience, float("inf"), None

    def on_epoch_end(self, epoch, logs=None):
        """A fall brings all lives back."""
        fall = self.lowest - logs["val_loss"]
        if np.isfinite(logs["val_loss"]) and fall > self.min_delta:
            self.lives, self.lowest = self.patience, logs["val_loss"]
            self.copies = [tf.identity(w.value) for w in self.model.weights]
            return
        self.lives -= 1
        if self.lives == 0:
            self.model.stop_training = True

    def on_train_end(self, logs=None):
        """Copies back into the variables."""
        if self.copies:
            for w, copy in zip(self.model.weights, self.copies, strict=True):
                w.assign(copy)
