"""Bug hunt: an accuracy that belongs to another network than the one that training leads to."""

import numpy as np

from course_lib.exercises.exercise import Arrays, Exercise, Hint, Problem, Rung
from course_lib.exercises.ladder.rungs import holds, irregular, matches, shapes
from course_lib.scratch.gradnets import final_accuracy, grelu


def small() -> Arrays:
    """Eleven rows in batches of four: the last one is shorter. The gate is half open."""
    return {
        "x": irregular(11, 3, shift=1, scale=2),
        "labels": np.array([1, 2, 2, 2, 0, 2, 1, 2, 0, 1, 0]),
        "W": irregular(3, 6, shift=7, scale=2),
        "V": irregular(6, 3, shift=2),
        "g_now": 0.5,
        "g_end": 1.0,
        "size": 4,
    }


def stopped_early() -> Arrays:
    """A gate that ends at 0.6, not at 1."""
    return {**small(), "g_now": 0.1, "g_end": 0.6}


def closing() -> Arrays:
    """A gate that ends further shut than it is now."""
    return {**small(), "g_now": 1.0, "g_end": 0.2}


def one_row() -> Arrays:
    """A single row, which is right."""
    given = small()
    return {**given, "x": given["x"][:1], "labels": given["labels"][:1]}


def votes() -> Arrays:
    """Five rows whose logits stand there as they are, for each gate and for dropout."""
    right = np.array([[1.0, 0.0]] * 5)
    return {
        "logits at the end": np.where([[1], [1], [1], [0], [0]], right, 1 - right),
        "logits now": np.where([[1], [0], [0], [0], [0]], right, 1 - right),
        "labels": np.zeros(5, dtype=int),
        "size": 5,
    }


def short_last_batch() -> Arrays:
    """The same five rows, four at once: 3 of 4 are right, then 0 of 1."""
    return {**votes(), "size": 4}


def network_of(given: Arrays):
    """One hidden GReLU layer; its dropout, when it is on, leaves every third unit.

    With it too, other gates give other accuracies.
    """

    def network(x, g, training):
        h = grelu(x @ given["W"], g)
        if training:
            h = h * (3.0 * (np.arange(h.shape[1]) % 3 == 0))
        return h @ given["V"]

    return network


def called(function, given: Arrays) -> Arrays:
    """The accuracy of that network."""
    x, labels, _, _, g_now, g_end, size = given.values()
    return {"accuracy": function(network_of(given), x, labels, g_now, g_end, size)}


def counted(function, given: Arrays) -> Arrays:
    """The accuracy where x holds numbers of rows, the logits are looked up, and calls are noted."""
    at_the_end, now, labels, size = given.values()
    gates, trainings, rows = [], [], []

    def network(x, g, training):
        gates.append(float(g))
        trainings.append(bool(training))
        rows.append(len(x))
        logits = (at_the_end if g == 1.0 else now)[x[:, 0]]
        return -logits if training else logits

    accuracy = function(network, np.arange(5)[:, None], labels, 0.5, 1.0, size)
    return {
        "accuracy": accuracy,
        "gates": np.unique(gates),
        "in training": any(trainings),
        "rows": sum(rows),
    }


def three_of_five(given: Arrays, outputs: Arrays) -> Problem | None:
    """3 of 5 rows are right at the end; how the network was called is told as it was seen."""
    accuracy = float(outputs["accuracy"])
    if abs(accuracy - 0.6) < 1e-6:
        return None
    seen = []
    if any(g != 1.0 for g in outputs["gates"]):
        gates = " and ".join(f"{g:g}" for g in outputs["gates"])
        seen.append(f"with g = {gates}, and the last gate is 1")
    if outputs["in training"]:
        seen.append("with training=True")
    if outputs["rows"] != 5:
        seen.append(f"for {int(outputs['rows'])} rows, and there are 5")
    sentence = f"accuracy is {accuracy:.6g}; it should be 0.6."
    if seen:
        sentence += f" network was called {'; '.join(seen)}."
    rows = (
        "with its last gate and without dropout, rows 1 to 3 are right, 4 and 5 are wrong: 3 of 5"
    )
    return Problem(sentence, {"the rows": rows, "rows at once": given["size"]})


def many_rows() -> Arrays:
    """More rows than are handed over at once by default."""
    return {"x": irregular(250, 2), "labels": np.arange(250) % 2, "size": 40}


def rows_at_once(function, given: Arrays) -> Arrays:
    """The most rows that the network gets at once, with a size and without."""
    x, labels, size = given.values()
    found = {}
    for name, settings in ((f"with size={size}", (size,)), ("without a size", ())):
        seen = []

        def network(x, g, training, seen=seen):
            seen.append(len(x))
            return x

        function(network, x, labels, 0.5, 1.0, *settings)
        found[f"rows at once {name}"] = max(seen, default=0)
        found[f"rows at once {name} expected"] = np.array(settings[0] if settings else 100)
    return found


def with_any_size(function, given: Arrays) -> Arrays:
    """The accuracy does not depend on how many rows are handed over at once."""
    sizes = (1, 2, 4, 10, 11, 100)
    shares = [float(called(function, {**given, "size": size})["accuracy"]) for size in sizes]
    whole = float(called(function, {**given, "size": 11})["accuracy"])
    return {"accuracy": np.array(shares), "accuracy expected": np.full(len(sizes), whole)}


def row_by_row(given: Arrays) -> Arrays:
    """The definition: each row alone, at the last gate, without dropout."""
    network = network_of(given)
    right = 0
    for i, label in enumerate(given["labels"]):
        scores = network(given["x"][i : i + 1], given["g_end"], False)[0]
        right += max(range(len(scores)), key=lambda k: scores[k]) == label
    return {"accuracy": right / len(given["labels"])}


EXERCISE = Exercise(
    reference=final_accuracy,
    title="The accuracy of the wrong network",
    goal="Report the accuracy of the network that training leads to, and not that of any other.",
    difficulty=2,
    minutes=15,
    returns={"accuracy": "number"},
    equivalent={
        "for start in range(0, len(x), size): -> for start in reversed(list(range(0, len(x), "
        "size))):": "a count doesn't depend on the order of the batches",
        "in range(0, len(x), size): -> in range(0, len(labels), size):": "there is one label a row",
        "logits.argmax(axis=-1) == labels[rows -> logits.argmax(axis=1) == labels[rows": (
            "logits have two axes"
        ),
        "return float(right / len(x)) -> return right / len(x)": (
            "the quotient is np.float64, which is a float"
        ),
        "float(right / len(x)) -> float(right / len(labels))": "there is one label a row",
    },
    ladder=(
        shapes(small, called, accuracy=()),
        Rung("five rows by hand, all at once", votes, three_of_five, counted),
        Rung("the same five rows, four at once", short_last_batch, three_of_five, counted),
        holds(
            "it doesn't matter how many rows are passed at once",
            small,
            with_any_size,
            "The accuracy changes with size, which should only save memory.",
        ),
        matches("equal to the definition, row by row", small, row_by_row, call=called),
        matches("one row alone", one_row, row_by_row, "With a single row:", called),
        matches(
            "also when the gate ends before 1",
            stopped_early,
            row_by_row,
            "This gate ends at 0.6.",
            called,
        ),
        matches(
            "also when the gate closes", closing, row_by_row, "It goes from 1 back to 0.2.", called
        ),
        holds(
            "size rows at once, 100 by default",
            many_rows,
            rows_at_once,
            "size says how many rows network gets at once, so that memory is enough for them.",
            known=True,
        ),
    ),
    promises={
        "network: a function": "five rows by hand, all at once",
        "network: training says": "five rows by hand, all at once",
        "x: inputs": "it runs, and the shapes are right",
        "labels: right": "equal to the definition, row by row",
        "g_now: the late": "five rows by hand, all at once",
        "g_end: the late": ("also when the gate ends before 1", "also when the gate closes"),
        "size: rows": "size rows at once, 100 by default",
        "size: the last ones": "the same five rows, four at once",
        "The share of": (
            "it runs, and the shapes are right",
            "equal to the definition, row by row",
        ),
    },
    hints=(
        Hint(
            "What is wrong with it? It runs.",
            "Three things. Whose accuracy is it: which gate does the network get, and in which "
            "mode does it run? And what is a mean of shares, when one of the batches is smaller?",
        ),
        Hint(
            "Which gate is the right one?",
            "The network with a half-open gate is scaffolding: nobody will use it. Measure with "
            "the gate where training ends. That need not be 1.",
            fits=(
                "also when the gate ends before 1",
                "also when the gate closes",
                "gate of the moment",
                "gate at one",
                "wider of two gates",
            ),
        ),
        Hint(
            "Batches of four give a different number than all at once.",
            "Three of four right and none of one is three of five, 0.6. The mean of 3/4 and 0/1 is "
            "0.375. Count the right answers, and divide once, by the number of rows.",
            fits=(
                "mean of shares",
                "last batch dropped",
                "last rows never asked",
                "divided by whole batches",
                "shares times size",
                "it doesn't matter how many rows are passed at once",
                "last batch alone",
            ),
        ),
    ),
)


@EXERCISE.hunt(
    "The number is that of a network that nobody will use, and it changes with size. What is "
    "passed to network besides x, and what does the mean at the end do with a short last batch?"
)
def accuracy_of_the_moment(network, x, labels, g_now, g_end, size=100):
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
    shares = []
    for start in range(0, len(x), size):
        rows = slice(start, start + size)
        logits = network(x[rows], g_now, True)
        shares.append(np.mean(logits.argmax(axis=-1) == labels[rows]))
    return float(np.mean(shares))


def _accuracy(network, x, labels, g, training, size, total=None):
    """The accuracy with some of its parts wrong; `total` makes one number of batches' shares."""
    counts, lengths = [], []
    for start in range(0, len(x), size):
        rows = slice(start, start + size)
        logits = network(x[rows], g, training)
        counts.append(np.sum(logits.argmax(axis=-1) == labels[rows]))
        lengths.append(len(labels[rows]))
    counts, lengths = np.array(counts), np.array(lengths)
    return sum(counts) / sum(lengths) if total is None else total(counts, lengths)


def _mean_of_shares(counts, lengths):
    return np.mean(counts / lengths)


@EXERCISE.mistake(
    "The gate is still the one of the moment, g_now: that is the half-open network, not the one "
    "that training leads to. Measure at g_end."
)
def gate_of_the_moment(network, x, labels, g_now, g_end, size=100):
    """The notebook's own bug, alone."""
    return _accuracy(network, x, labels, g_now, False, size)


@EXERCISE.mistake(
    "The dropout is still on: an evaluation isn't training, so the last argument of network must "
    "be False."
)
def dropout_on(network, x, labels, g_now, g_end, size=100):
    """training=True."""
    return _accuracy(network, x, labels, g_end, True, size)


@EXERCISE.mistake(
    "The network is the right one now, but the mean of the batches' shares counts a row of a short "
    "last batch more than any other: count the right answers, and divide once, by len(x)."
)
def mean_of_shares(network, x, labels, g_now, g_end, size=100):
    """np.mean(shares)."""
    return _accuracy(network, x, labels, g_end, False, size, _mean_of_shares)


@EXERCISE.mistake(
    "Two things are left: the dropout is still on, and the mean of shares counts the rows of a "
    "short last batch too much."
)
def gate_mended_alone(network, x, labels, g_now, g_end, size=100):
    """g_end, nothing else."""
    return _accuracy(network, x, labels, g_end, True, size, _mean_of_shares)


@EXERCISE.mistake(
    "Two things are left: the gate is still the one of the moment, and the mean of shares counts "
    "the rows of a short last batch too much."
)
def dropout_mended_alone(network, x, labels, g_now, g_end, size=100):
    """training=False, nothing else."""
    return _accuracy(network, x, labels, g_now, False, size, _mean_of_shares)


@EXERCISE.mistake(
    "The rows are counted correctly now, but it is still the accuracy of another network: look at "
    "the gate and at the mode that network is called with."
)
def mean_mended_alone(network, x, labels, g_now, g_end, size=100):
    """Rows counted, nothing else."""
    return _accuracy(network, x, labels, g_now, True, size)


@EXERCISE.mistake(
    "The gate is set to 1, but training may stop it earlier, where the network is at its best: "
    "g_end says where."
)
def gate_at_one(network, x, labels, g_now, g_end, size=100):
    """g = 1."""
    return _accuracy(network, x, labels, 1.0, False, size)


@EXERCISE.mistake(
    "The short last batch is left out, and with it some of the rows: go on until the last row, and "
    "divide by len(x)."
)
def last_batch_dropped(network, x, labels, g_now, g_end, size=100):
    """Whole batches only."""
    whole = max(len(x) // size, 1) * size
    return _accuracy(network, x[:whole], labels[:whole], g_end, False, size)


@EXERCISE.mistake(
    "Only the first batch is asked and counted: go on through all the rows, size of them at a time."
)
def first_batch_alone(network, x, labels, g_now, g_end, size=100):
    """No loop."""
    return _accuracy(network, x[:size], labels[:size], g_end, False, size)


@EXERCISE.mistake(
    "The rows of a short last batch are never given to network, though len(x) counts them: there "
    "is a batch for each start in range(0, len(x), size), the last one too."
)
def last_rows_never_asked(network, x, labels, g_now, g_end, size=100):
    """Whole batches only, over all rows."""
    whole = len(x) // size * size
    if not whole:
        return 0.0
    return _accuracy(network, x[:whole], labels[:whole], g_end, False, size) * whole / len(x)


@EXERCISE.mistake(
    "Only whole batches of size rows are asked and counted, and with fewer rows than size that is "
    "none at all: let the last batch be shorter, and divide by len(x)."
)
def whole_batches_alone(network, x, labels, g_now, g_end, size=100):
    """range(len(x) // size), over the rows that were asked."""
    whole = len(x) // size * size
    if not whole:
        return 0.0
    return _accuracy(network, x[:whole], labels[:whole], g_end, False, size)


@EXERCISE.mistake(
    "The right answers are divided by the number of rows in whole batches, batches × size: the "
    "last batch has fewer, so divide by len(x)."
)
def divided_by_whole_batches(network, x, labels, g_now, g_end, size=100):
    """/ (number of batches * size)."""
    return _accuracy(
        network, x, labels, g_end, False, size, lambda counts, _: sum(counts) / (len(counts) * size)
    )


@EXERCISE.mistake(
    "Each batch's share is multiplied by size to get its right answers, but the last batch has "
    "fewer rows than size: count the right answers themselves."
)
def shares_times_size(network, x, labels, g_now, g_end, size=100):
    """The sum of the shares, times size, over the number of rows."""
    return _accuracy(
        network,
        x,
        labels,
        g_end,
        False,
        size,
        lambda counts, lengths: size * np.sum(counts / lengths) / sum(lengths),
    )


@EXERCISE.mistake(
    "The wider of the two gates is taken: training may end with a gate that is further shut than "
    "the one of now. g_end alone counts."
)
def wider_of_two_gates(network, x, labels, g_now, g_end, size=100):
    """max(g_now, g_end)."""
    return _accuracy(network, x, labels, max(g_now, g_end), False, size)


@EXERCISE.mistake(
    "That is the accuracy of the last batch alone: each turn of the loop overwrites the one "
    "before, so add up the right answers."
)
def last_batch_alone(network, x, labels, g_now, g_end, size=100):
    """= for +=."""
    return _accuracy(
        network, x, labels, g_end, False, size, lambda counts, lengths: counts[-1] / lengths[-1]
    )


@EXERCISE.mistake("That is the share of wrong answers: the accuracy is the share of right ones.")
def error_rate(network, x, labels, g_now, g_end, size=100):
    """1 - accuracy."""
    return 1 - final_accuracy(network, x, labels, g_now, g_end, size)


@EXERCISE.mistake("That is the number of right answers: divide it by the number of rows, len(x).")
def number_of_right_answers(network, x, labels, g_now, g_end, size=100):
    """The count."""
    return len(x) * final_accuracy(network, x, labels, g_now, g_end, size)


@EXERCISE.mistake(
    "Every batch is compared with the first labels: a batch that begins at row `start` has the "
    "labels from there on, labels[start : start + size]."
)
def first_labels_for_all(network, x, labels, g_now, g_end, size=100):
    """labels[: len(logits)]."""
    hits = 0
    for start in range(0, len(x), size):
        answers = network(x[start : start + size], g_end, False).argmax(axis=-1)
        hits += np.sum(answers == labels[: len(answers)])
    return hits / len(x)


@EXERCISE.mistake(
    "Every turn of the loop takes all the rows again: a batch is x[start : start + size], with the "
    "labels of these rows."
)
def all_rows_in_every_turn(network, x, labels, g_now, g_end, size=100):
    """x for x[rows], and labels for labels[rows]."""
    hits = 0
    for _ in range(0, len(x), size):
        hits += np.sum(network(x, g_end, False).argmax(axis=-1) == labels)
    return hits / len(x)


@EXERCISE.mistake("That is a percentage: return the share, from 0 to 1.")
def percentage(network, x, labels, g_now, g_end, size=100):
    """100 times too large."""
    return 100 * final_accuracy(network, x, labels, g_now, g_end, size)


@EXERCISE.mistake(
    "The number is right, but network gets all the rows at once, whatever size is: data that don't "
    "fit into memory together come size rows at a time."
)
def all_at_once(network, x, labels, g_now, g_end, size=100):
    """No batches at all."""
    return np.mean(np.argmax(network(x, g_end, False), axis=1) == labels)


@EXERCISE.mistake(
    "size is ignored: a hundred rows go to network at once, whatever the caller says there "
    "is memory for."
)
def size_ignored(network, x, labels, g_now, g_end, size=100):
    """The default for good."""
    return _accuracy(network, x, labels, g_end, False, 100)


@EXERCISE.alternative
def answers_first(network, x, labels, g_now, g_end, size=100):
    """All the answers, then one mean."""
    parts = [x[i : i + size] for i in range(0, len(x), size)]
    answers = np.concatenate([network(part, g_end, False).argmax(-1) for part in parts])
    return np.count_nonzero(answers == labels) / labels.size


@EXERCISE.alternative
def weighted_mean(network, x, labels, g_now, g_end, size=100):
    """Shares, weighted by the rows of their batch."""
    shares, weights = [], []
    for i in range(0, len(x), size):
        right = network(x[i : i + size], g_end, False).argmax(1) == labels[i : i + size]
        shares.append(right.mean())
        weights.append(right.size)
    return np.average(shares, weights=weights)
