"""Exercise: a pipeline for sequences of different length, which feeds the masks of this chapter."""

import itertools

import numpy as np
import tensorflow as tf

from course_lib.exercises.calling.guard import Unusable, with_article
from course_lib.exercises.exercise import Arrays, Exercise, Hint, Problem, Rung
from course_lib.exercises.ladder.rungs import irregular
from course_lib.graphs import pipeline_operations
from course_lib.layers.pipeline import padded_batches

BATCH, BOUNDS = 4, [6, 11]
MANY, FEW = 77, 9  # sequences; the order of a few can be that of the data by chance
SEED, ANOTHER_SEED = 3, 4
# More sequences than a buffer that somebody writes down without counting, and how many of them are
# looked at: that none of the LAST is among the FIRST happens by chance once in 10**15 times.
CROWD, FIRST, LAST, IN_A_CROWD = 12_000, 400, 1_000, 40  # the last is the size of a batch
MOST = 10 * MANY  # batches of a pass that are looked at: one that doesn't end has more


def ragged(N: int = MANY) -> Arrays:
    """Sequences of 1 to 15 steps; some steps that are real hold nothing but zeros.

    Each has a label of its own, and no small integer type holds them all.
    """
    lengths = 1 + (7 * np.arange(N)) % 15
    given = {
        "steps": irregular(lengths.sum(), 3),
        "lengths": lengths,
        "labels": 50_021 * np.arange(N),
    }
    for sequence in sequences_of(given)[::5]:
        sequence[1:3] = sequence[max(1, len(sequence) - 1) :] = 0.0
    return given


def few() -> Arrays:
    """As many as two or three batches hold."""
    return ragged(FEW)


def few_in_float32() -> Arrays:
    """The same in single precision."""
    given = few()
    return {**given, "steps": given["steps"].astype(np.float32)}


def each_length_once() -> Arrays:
    """Five in each range: more orders than chance can repeat."""
    return ragged(15)


def some() -> Arrays:
    """Each length three times."""
    return ragged(45)


def crowd() -> Arrays:
    """Sequences of one to three steps, of which there are many, each with a number of its own."""
    lengths = 1 + np.arange(CROWD) % 3
    steps = np.arange(1.0, 1 + lengths.sum())[:, None]
    return {"steps": steps, "lengths": lengths, "labels": np.arange(CROWD) % 10}


def sequences_of(given: Arrays) -> list:
    """The steps, cut into sequences."""
    return np.split(given["steps"], np.cumsum(given["lengths"])[:-1])


# What TensorFlow says of sequences cut from a ragged tensor, and what is meant.
OF_RAGGED = {
    "RaggedTensorSpec": "A sequence cut from a ragged tensor is itself a ragged one until a map "
    "has passed it on: TensorFlow can't put it into a padded batch yet.",
    "no attribute 'to_tensor'": "Inside a map, a sequence cut from a ragged tensor is no ragged "
    "one any more, so it has no `to_tensor`.",
}


def dataset_of(padded_batches, given: Arrays, seed=SEED, batch_size=BATCH):
    """What the function makes of the sequences; it isn't handed a seed of None."""
    seeds = () if seed is None else (seed,)
    sequences, labels, bounds = sequences_of(given), given["labels"], list(BOUNDS)
    before = list(sequences), given["steps"].copy(), labels.copy()
    try:
        dataset = padded_batches(sequences, labels, batch_size, bounds, *seeds)
    except (AttributeError, TypeError, ValueError) as error:
        for words, said in OF_RAGGED.items():
            if words in str(error):
                raise Unusable(said) from error
        raise
    if not isinstance(dataset, tf.data.Dataset):
        kind = "nothing" if dataset is None else with_article(type(dataset).__name__)
        raise Unusable(f"padded_batches returned {kind}; it returns a tf.data.Dataset.")
    same = {
        "sequences": [*map(id, sequences)] == [*map(id, before[0])]
        and np.array_equal(given["steps"], before[1]),
        "labels": np.array_equal(labels, before[2]),
        "bounds": bounds == BOUNDS,
    }
    for name, unchanged in same.items():
        if not unchanged:
            raise Unusable(
                f"padded_batches changed its argument {name} in place, which the caller still "
                "needs as it was: work on a copy."
            )
    return dataset


def first_of(dataset, batches: int):
    """The first batches, by TensorFlow's own `take`: nothing that the learner calls so is asked.

    So what comes are the batches of the chain whose operations are looked at, and of no other.
    """
    return tf.data.Dataset.take(dataset, batches)


def one_pass(dataset) -> list:
    """The batches of a pass, as arrays x, mask and y; for so few, making it fast takes longest."""
    as_it_stands = tf.data.Options()
    as_it_stands.autotune.enabled = False
    as_it_stands.experimental_optimization.apply_default_optimizations = False
    as_it_stands.threading.private_threadpool_size = 1
    batches = []
    for batch in first_of(dataset, MOST).with_options(as_it_stands).as_numpy_iterator():
        try:
            (x, mask), y = batch
        except (TypeError, ValueError):
            raise Unusable("An element of the dataset is not of the form ((x, mask), y).") from None
        batches.append((np.asarray(x), np.asarray(mask), np.asarray(y)))
    return batches


def forms(padded_batches, given: Arrays) -> Arrays:
    """Axes and dtypes of the first batch."""
    x, mask, y = one_pass(first_of(dataset_of(padded_batches, given), 1))[0]
    return {
        "x comes as": x.dtype.name,
        "mask comes as": mask.dtype.name,
        "axes of x, mask, y": f"{x.ndim}, {mask.ndim}, {y.ndim}",
        "batch first": len(x) == len(mask) == len(y) <= BATCH,
        "time second": x.ndim > 1 and mask.ndim > 1 and x.shape[1] == mask.shape[1],
    }


def well_formed(given: Arrays, outputs: Arrays) -> Problem | None:
    """((x, mask), y), as promised."""
    axes = outputs["axes of x, mask, y"]
    if axes != "3, 2, 1":
        return Problem(f"x, mask and y have {axes} axes; they should have 3, 2 and 1.")
    if not outputs["batch first"] or not outputs["time second"]:
        return Problem(
            "In x (batch, T, m), mask (batch, T) and y (batch,) the sizes don't fit, or there are "
            f"more than batch_size = {BATCH} sequences in a batch."
        )
    if outputs["mask comes as"] != "bool":
        return Problem(f"mask comes as {outputs['mask comes as']}; it holds True and False.")
    dtype = given["steps"].dtype.name
    if outputs["x comes as"] != dtype:
        return Problem(
            f"Sequences of {dtype} come out as {outputs['x comes as']}: keep their dtype."
        )
    return None


def numbers_of(batches: list, given: Arrays) -> list:
    """For each batch the positions of its sequences in the data, by their first steps; -1: none."""
    where = {one[0].tobytes(): i for i, one in enumerate(sequences_of(given))}
    return [np.array([where.get(row[0].tobytes(), -1) for row in x]) for x, _, _ in batches]


def census(padded_batches, given: Arrays) -> Arrays:
    """Who comes in two passes, and with which label."""
    dataset = dataset_of(padded_batches, given)
    found = {}
    for turn in ("first", "second"):
        batches = one_pass(dataset)
        met = np.concatenate([np.zeros(0, int), *numbers_of(batches, given)])
        labels = np.concatenate([np.zeros(0, int), *(y for _, _, y in batches)])
        known = met >= 0
        found[turn] = {
            "ends": len(batches) < MOST,
            "not known by their first step": int((~known).sum()),
            "met": len(set(met[known].tolist())),
            "met again": int(known.sum()) - len(set(met[known].tolist())),
            "labels right": np.array_equal(labels[known], np.asarray(given["labels"])[met[known]]),
        }
    return found


def all_are_there(given: Arrays, outputs: Arrays) -> Problem | None:
    """Each once, with its label."""
    count = len(given["labels"])
    for turn, found in outputs.items():
        if found["not known by their first step"]:
            return Problem(
                "Not every row of x begins with the first step of a sequence: padding comes after "
                "a sequence, and the order in time stays."
            )
        if found["met"] == count and not found["ends"]:
            return Problem(
                f"When each sequence has come once, the {turn} pass doesn't end: they come again, "
                "and again. A pass is over after the last one, so nothing is repeated in the chain."
            )
        if found["met again"]:
            return Problem(
                f"In the {turn} pass, {found['met again']} sequences came more than once."
            )
        if found["met"] < count:
            return Problem(
                f"Of {count} sequences, {found['met']} came in the {turn} pass: some are lost, "
                "such as those of a batch that couldn't be filled."
            )
        if not found["labels right"]:
            return Problem("The labels are mixed up: a sequence comes with the label of another.")
    return None


def padding(padded_batches, given: Arrays) -> Arrays:
    """How often something wrong stands at real steps, and at the others.

    Counts, because a mask with holes and a mask that is too short are not the same mistake.
    """
    sequences = sequences_of(given)
    batches = one_pass(dataset_of(padded_batches, given))
    lost = taken = changed = filled = too_long = 0
    for (x, mask, _), numbers in zip(batches, numbers_of(batches, given), strict=True):
        if x.shape[:2] != mask.shape:
            longest = given["lengths"][numbers].max()
            where = " It is x that is longer than its longest sequence."
            raise Unusable(
                f"A batch x of shape {x.shape} has a mask of shape {mask.shape}: a mask has one "
                "entry for each step of each sequence, of the padding too."
                f"{where if x.shape[1] > longest else ''}"
            )
        lengths = given["lengths"][numbers]
        real = np.arange(x.shape[1]) < lengths[:, None]
        lost += int((real & ~mask).sum())
        taken += int((mask & ~real).sum())
        for row, i in zip(x, numbers, strict=True):
            own = sequences[i]
            changed += not np.array_equal(row[: len(own)], own)
            filled += np.count_nonzero(row[len(own) :])
        too_long += x.shape[1] != lengths.max()
    return {
        "a real step is masked": lost,
        "padding isn't masked": taken,
        "a sequence changed": changed,
        "padding isn't zero": filled,
        "longer than the longest": too_long,
    }


PADDING = {
    "a real step is masked": "The mask is False at a real step. It is True at as many steps as "
    "the sequence has, also at those that hold nothing but zeros, and False at the padding.",
    "padding isn't masked": "The mask is True at a step that is padding.",
    "a sequence changed": "The steps of a sequence have changed in the pipeline.",
    "padding isn't zero": "The padding should hold zeros.",
    "longer than the longest": "A batch is longer than its longest sequence: it ends where that "
    "one does, not at a length that was set beforehand.",
}


def well_padded(_: Arrays, outputs: Arrays) -> Problem | None:
    """All five hold."""
    return next((Problem(PADDING[name]) for name, found in outputs.items() if found), None)


def company(padded_batches, given: Arrays) -> Arrays:
    """Who shares a batch with whom, how full the batches are, and in which order they come."""
    batches = numbers_of(one_pass(dataset_of(padded_batches, given)), given)
    bucket = np.searchsorted(BOUNDS, given["lengths"], side="right")
    order = np.concatenate(batches)
    return {
        "lengths from one range": all(len(set(bucket[numbers])) == 1 for numbers in batches),
        "smaller batches": sum(len(numbers) < BATCH for numbers in batches),
        "ranges": len(set(bucket)),
        "moved about": bool(abs(np.corrcoef(order, np.arange(len(order)))[0, 1]) < 0.5),
    }


def two_passes(padded_batches, given: Arrays) -> Arrays:
    """What the next pass has of its own."""
    dataset = dataset_of(padded_batches, given)
    first, second = (numbers_of(one_pass(dataset), given) for _ in range(2))
    return {
        "another order in the next pass": not _same(first, second),
        "another company in the next pass": _sets(first) != _sets(second),
    }


def repeated(padded_batches, given: Arrays) -> Arrays:
    """Whether a seed, and the default, says all about the order."""

    def order(seed):
        return numbers_of(one_pass(dataset_of(padded_batches, given, seed)), given)

    zero = order(0)
    by_default = _same(zero, order(None))
    same = by_default or _same(zero, order(0))
    return {
        "the same by the same seed": same,
        "by default the seed 0": by_default,
        "though by a seed other than 0 it is": not same and _same(order(SEED), order(SEED)),
    }


def of_other_seeds(padded_batches, given: Arrays) -> Arrays:
    """Whether another seed says something else."""
    orders = [
        numbers_of(one_pass(dataset_of(padded_batches, given, seed)), given)
        for seed in (0, 1, SEED, ANOTHER_SEED)
    ]
    pairs = itertools.combinations(orders, 2)
    return {"another by another seed": not any(_same(one, other) for one, other in pairs)}


def _same(one: list, other: list) -> bool:
    return [numbers.tolist() for numbers in one] == [numbers.tolist() for numbers in other]


def _sets(batches: list) -> set:
    return {frozenset(numbers.tolist()) for numbers in batches}


def from_afar(padded_batches, given: Arrays) -> Arrays:
    """Whether one that stands far back in the data can come early."""
    every = dataset_of(padded_batches, given, batch_size=IN_A_CROWD)
    dataset = first_of(every, FIRST // IN_A_CROWD)
    found = np.concatenate([np.zeros(0, int), *numbers_of(one_pass(dataset), given)])
    return {"one of the last comes early": bool(np.any(found >= CROWD - LAST))}


ORDER = {
    "one of the last comes early": f"Of {CROWD:,} sequences, none of the last {LAST:,} is among "
    f"the first {FIRST} that come: the shuffle holds a part of the data at a time. Its buffer has "
    "to be as large as the data, however much there is.",
    "moved about": "The sequences come nearly in the order of the data: the shuffle must hold all "
    "of them, not a few neighbours.",
    "another order in the next pass": "Every pass has the same order: shuffle again for each pass.",
    "another company in the next pass": "The batches come in a different order, but each holds "
    "the same sequences in every pass: shuffle the sequences before you make batches of them.",
    "the same by the same seed": "The same seed gives a different order, so no run can be "
    "repeated: pass the seed on to whatever shuffles.",
    "by default the seed 0": "Without a seed, the order should be that of seed 0.",
    "another by another seed": "A different seed gives the same order: pass the seed on to "
    "whatever shuffles.",
}


def in_good_company(given: Arrays, outputs: Arrays) -> Problem | None:
    """Buckets, then shuffling."""
    if not outputs["lengths from one range"]:
        return Problem(
            f"A batch holds sequences from both sides of one of the bounds {BOUNDS}, so the short "
            "ones get more padding than they need. A length that is a bound belongs to the longer "
            "ones."
        )
    if outputs["smaller batches"] > outputs["ranges"]:
        return Problem(
            f"{outputs['smaller batches']} batches are smaller than batch_size; of each range of "
            "lengths only one has to be."
        )
    return in_good_order(given, outputs)


def in_good_order(_: Arrays, outputs: Arrays) -> Problem | None:
    """Whatever was looked at of the order is so."""
    return next(
        (Problem(said) for name, said in ORDER.items() if not outputs.get(name, True)), None
    )


def operations(padded_batches, given: Arrays) -> Arrays:
    """What the batches are made by."""
    found = pipeline_operations(dataset_of(padded_batches, given))
    in_python = sorted(op for op in found if "PyFunc" in op)
    return {"in Python": ", ".join(in_python)}


def no_python(_: Arrays, outputs: Arrays) -> Problem | None:
    """No PyFunc."""
    if not outputs["in Python"]:
        return None
    return Problem(
        "Each batch waits for Python: there is a generator or a py_function in the pipeline "
        f"({outputs['in Python']}). Pass all the data in at once, and let TensorFlow operations do "
        "the rest."
    )


EXERCISE = Exercise(
    reference=padded_batches,
    title="Batches of sequences of different length",
    goal="Feed a network sequences of different length, shuffled and with little padding.",
    difficulty=3,
    minutes=45,
    kind="speed up",
    no_twin="It has no NumPy form: TensorFlow makes the batches while a network trains on others.",
    runs_on="It runs on the CPU, beside a GPU if there is one.",
    returns={},
    ladder=(
        Rung("the batches have the promised form", few, well_formed, forms),
        Rung(
            "every sequence once per pass, with its label", each_length_once, all_are_there, census
        ),
        Rung(
            "padding where a sequence has ended, and a mask that says so",
            each_length_once,
            well_padded,
            padding,
        ),
        Rung("similar lengths together", ragged, in_good_company, company),
        Rung("in a new order each time", some, in_good_order, two_passes, by_verdict=True),
        Rung(
            "the same order by the same seed",
            each_length_once,
            in_good_order,
            repeated,
            by_verdict=True,
        ),
        Rung(
            "another order by another seed",
            each_length_once,
            in_good_order,
            of_other_seeds,
            by_verdict=True,
        ),
        Rung("however many there are, all are shuffled", crowd, in_good_order, from_afar),
        Rung("no line of Python runs", few, no_python, operations),
        Rung("float32 in, float32 out", few_in_float32, well_formed, forms),
    ),
    equivalent={
        "sequence_mask(length)), y)).prefetch(tf.data.AUTOTUNE) -> sequence_mask(length)), y))": (
            "it only decides when the batches are made"
        ),
        "labels)).shuffle(len(sequences), seed=seed).map -> labels)).shuffle(len(labels), "
        "seed=seed).map": "there are as many labels as sequences",
    },
    promises={
        "Each pass gives every sequence once": (
            "every sequence once per pass, with its label",
            "in a new order each time",
            "however many there are, all are shuffled",
        ),
        "all orders follow from the seed": (
            "the same order by the same seed",
            "another order by another seed",
        ),
        "The lengths in a batch": "similar lengths together",
        "Batches that can't be filled": "every sequence once per pass, with its label",
        "No line of Python runs": "no line of Python runs",
        "sequences: a list": ("the batches have the promised form", "float32 in, float32 out"),
        "labels: N integers": "every sequence once per pass, with its label",
        "batch_size: how many": "the batches have the promised form",
        "bounds: where one range": "similar lengths together",
        "bounds: a length that equals": "similar lengths together",
        "seed: of the shuffling": (
            "the same order by the same seed",
            "another order by another seed",
        ),
        "batches: a `tf.data.Dataset`": (
            "the batches have the promised form",
            "padding where a sequence has ended, and a mask that says so",
        ),
        "batches: T is the length": "padding where a sequence has ended, and a mask that says so",
    },
    hints=(
        Hint(
            "Where do I begin?",
            "A dataset is a chain: what goes in at the left, and what happens to it, in which "
            "order? Would it matter if you shuffled after the batches were made? If you padded "
            "before you knew which sequences share a batch?",
        ),
        Hint(
            "My sequences are not one array.",
            "N arrays of shapes (T_i, m) don't fit into one array, but all their steps one after "
            "the other do: (T_1 + … + T_N, m). Keep the N lengths beside it. TensorFlow has a "
            "tensor for just this, a ragged one, which a dataset cuts into sequences again.",
            fits=(
                "python generator",
                "the batches have the promised form",
                "no line of Python runs",
            ),
        ),
        Hint(
            "How do I tell padding from real steps?",
            "Not by what they hold: a real step can be all zeros. Let each sequence carry its "
            "length through the chain, beside its steps and its label. What is masked follows "
            "from the lengths, once a batch is made.",
            fits=(
                "mask from zeros",
                "features counted",
                "padded with minus one",
                "mask of numbers",
                "last step masked",
            ),
        ),
        Hint(
            "Show me the recipe.",
            "`tf.RaggedTensor.from_row_lengths` of all steps, then "
            "`tf.data.Dataset.from_tensor_slices` of (ragged, labels), `.shuffle` with a buffer "
            "of N and the seed, `.map` to `(x, tf.shape(x)[0], y)`, `.bucket_by_sequence_length` "
            "with a function that gives the length, the bounds and one batch size for each "
            "bucket, `.map` to `((x, tf.sequence_mask(length)), y)`, and `.prefetch`.",
        ),
    ),
)


def _source(sequences, labels):
    steps = np.concatenate(sequences)
    ragged = tf.RaggedTensor.from_row_lengths(steps, [len(one) for one in sequences])
    data = tf.data.Dataset.from_tensor_slices((ragged, labels))
    return data.map(lambda x, y: (x, tf.shape(x)[0], y))


def _bucketed(dataset, batch_size, bounds, **settings):
    return dataset.bucket_by_sequence_length(
        lambda x, length, y: length, bounds, [batch_size] * (len(bounds) + 1), **settings
    )


def _masked(dataset):
    return dataset.map(lambda x, length, y: ((x, tf.sequence_mask(length)), y))


# Those that take longest to tell apart stand first, and so are found first.
@EXERCISE.mistake("The seed isn't used, so no run can be repeated: pass it to shuffle.")
def seed_forgotten(sequences, labels, batch_size, bounds, seed=0):
    """shuffle without seed."""
    data = _source(sequences, labels).shuffle(len(labels))
    return _masked(_bucketed(data, batch_size, bounds))


@EXERCISE.mistake(
    "A seed of 0 is taken for none: 0 counts as False, in `seed or …` and in `if seed`. It is a "
    "seed like any other, so pass it on as it is."
)
def seed_0_for_none(sequences, labels, batch_size, bounds, seed=0):
    """seed or None."""
    data = _source(sequences, labels).shuffle(len(labels), seed or None)
    return _masked(_bucketed(data, batch_size, bounds))


@EXERCISE.mistake(
    "The order is always that of one seed, whatever `seed` says: pass the argument to shuffle."
)
def one_seed_for_all(sequences, labels, batch_size, bounds, seed=0):
    """shuffle(…, seed=0)."""
    data = _source(sequences, labels).shuffle(len(labels), 0)
    return _masked(_bucketed(data, batch_size, bounds))


@EXERCISE.mistake(
    "Every pass has the same order: it was shuffled once and for all. Leave it to the dataset to "
    "shuffle anew in each pass, without reshuffle_each_iteration=False, and with no cache behind."
)
def shuffled_once(sequences, labels, batch_size, bounds, seed=0):
    """One order for all passes."""
    data = _source(sequences, labels)
    data = data.shuffle(len(labels), seed, reshuffle_each_iteration=False)
    return _masked(_bucketed(data, batch_size, bounds))


@EXERCISE.mistake(
    "The batches are shuffled, not the sequences: each batch has the same sequences in every "
    "pass. Shuffle before batches are made."
)
def shuffled_too_late(sequences, labels, batch_size, bounds, seed=0):
    """shuffle stands behind the bucketing."""
    data = _bucketed(_source(sequences, labels), batch_size, bounds)
    return _masked(data.shuffle(len(labels), seed))


@EXERCISE.mistake(
    "The mask is taken from the numbers: a real step that holds nothing but zeros counts as "
    "padding. Only the length of a sequence tells where it ends."
)
def mask_from_zeros(sequences, labels, batch_size, bounds, seed=0):
    """As keras.layers.Masking does it."""
    data = _bucketed(_source(sequences, labels).shuffle(len(labels), seed), batch_size, bounds)
    return data.map(lambda x, length, y: ((x, tf.reduce_any(x != 0, axis=2)), y))


@EXERCISE.mistake(
    "Sequences and labels are shuffled separately, so they no longer belong together: put them "
    "into one dataset, then shuffle."
)
def labels_shuffled_apart(sequences, labels, batch_size, bounds, seed=0):
    """Two datasets, zipped too late."""
    data = _source(sequences, labels)
    others = tf.data.Dataset.from_tensor_slices(labels).shuffle(len(labels), seed + 1)
    data = data.shuffle(len(labels), seed).map(lambda x, length, y: (x, length))
    data = tf.data.Dataset.zip((data, others)).map(lambda pair, y: (*pair, y))
    return _masked(_bucketed(data, batch_size, bounds))


@EXERCISE.mistake(
    "The sequences come in the order of the data, or nearly so: shuffle all of them, which a "
    "buffer as large as the data does. A smaller one mixes neighbours only."
)
def small_buffer(sequences, labels, batch_size, bounds, seed=0):
    """shuffle(batch_size)."""
    data = _source(sequences, labels).shuffle(batch_size, seed)
    return _masked(_bucketed(data, batch_size, bounds))


@EXERCISE.mistake(
    "The buffer of the shuffle has a size of its own, so that of more data than that it mixes "
    "neighbours only: take the number of sequences, len(sequences)."
)
def buffer_of_a_thousand(sequences, labels, batch_size, bounds, seed=0):
    """shuffle(1000)."""
    data = _source(sequences, labels).shuffle(1000, seed)
    return _masked(_bucketed(data, batch_size, bounds))


@EXERCISE.mistake(
    "Short and long sequences share a batch, and the short ones are mostly padding: put sequences "
    "of similar length together, with bucket_by_sequence_length or group_by_window."
)
def no_buckets(sequences, labels, batch_size, bounds, seed=0):
    """padded_batch over everything."""
    data = _source(sequences, labels).shuffle(len(labels), seed)
    return _masked(data.padded_batch(batch_size, ([None, None], [], [])))


@EXERCISE.mistake(
    "Batches that couldn't be filled are dropped, so their sequences are never seen in this pass: "
    "leave drop_remainder out."
)
def rest_dropped(sequences, labels, batch_size, bounds, seed=0):
    """drop_remainder=True."""
    data = _source(sequences, labels).shuffle(len(labels), seed)
    return _masked(_bucketed(data, batch_size, bounds, drop_remainder=True))


@EXERCISE.mistake(
    "All batches are padded to the longest sequence of the whole data: then a batch of short ones "
    "costs as much as one of long ones. Pad each to its own longest."
)
def padded_to_the_longest(sequences, labels, batch_size, bounds, seed=0):
    """Padded before anything else."""
    longest = max(map(len, sequences))
    x = np.zeros((len(sequences), longest, sequences[0].shape[1]), sequences[0].dtype)
    for row, one in zip(x, sequences, strict=True):
        row[: len(one)] = one
    lengths = np.array([len(one) for one in sequences], np.int32)
    data = tf.data.Dataset.from_tensor_slices((x, lengths, labels)).shuffle(len(labels), seed)
    data = _bucketed(data, batch_size, bounds)
    return data.map(lambda x, length, y: ((x, tf.sequence_mask(length, longest)), y))


@EXERCISE.mistake(
    "The padding comes before the sequences, which is the default of pad_sequences: the mask then "
    "begins with False, which cuDNN's kernel can't take, and h at step t isn't that of step t."
)
def padded_in_front(sequences, labels, batch_size, bounds, seed=0):
    """padding="pre"."""
    data = _bucketed(_source(sequences, labels).shuffle(len(labels), seed), batch_size, bounds)

    def in_front(x, length, y):
        x = tf.reverse(tf.reverse_sequence(x, length, seq_axis=1), axis=[1])
        return (x, tf.reverse(tf.sequence_mask(length), axis=[1])), y

    return data.map(in_front)


@EXERCISE.mistake(
    "A Python generator feeds the dataset, and the network waits for it at each sequence: begin "
    "with what TensorFlow itself holds, such as a ragged tensor of all sequences."
)
def python_generator(sequences, labels, batch_size, bounds, seed=0):
    """from_generator."""
    m, dtype = sequences[0].shape[1], sequences[0].dtype
    form = [
        tf.TensorSpec(shape, one)
        for shape, one in (((None, m), dtype), ((), tf.int32), ((), tf.int64))
    ]
    data = tf.data.Dataset.from_generator(
        lambda: ((x, len(x), y) for x, y in zip(sequences, labels, strict=True)),
        output_signature=tuple(form),
    )
    return _masked(_bucketed(data.shuffle(len(labels), seed), batch_size, bounds))


@EXERCISE.mistake(
    "The mask holds numbers. A layer of Keras wants True and False, and so do tf.where and `&`."
)
def mask_of_numbers(sequences, labels, batch_size, bounds, seed=0):
    """tf.sequence_mask(…, dtype=tf.float32)."""
    data = _bucketed(_source(sequences, labels).shuffle(len(labels), seed), batch_size, bounds)
    return data.map(lambda x, length, y: ((x, tf.sequence_mask(length, dtype=tf.float32)), y))


@EXERCISE.mistake(
    "The numbers of a step are counted, not the steps: of a sequence (T, m) the length is the "
    "first size."
)
def features_counted(sequences, labels, batch_size, bounds, seed=0):
    """tf.shape(x)[1]."""
    data = _source(sequences, labels).shuffle(len(labels), seed)
    data = data.map(lambda x, length, y: (x, tf.shape(x)[1], y))
    return _masked(_bucketed(data, batch_size, bounds))


@EXERCISE.mistake(
    "The padding holds a number of its own. The mask alone says what is padding; fill up with "
    "zeros, which is the default."
)
def padded_with_minus_one(sequences, labels, batch_size, bounds, seed=0):
    """padding_values=-1."""
    data = _source(sequences, labels).shuffle(len(labels), seed)
    fill = tf.constant(-1, sequences[0].dtype), 0, tf.zeros((), np.asarray(labels).dtype)
    return _masked(_bucketed(data, batch_size, bounds, padding_values=fill))


@EXERCISE.mistake("The sequences are made float32, whatever came in: keep their dtype.")
def steps_in_float32(sequences, labels, batch_size, bounds, seed=0):
    """astype("float32")."""
    sequences = [one.astype(np.float32) for one in sequences]
    data = _source(sequences, labels).shuffle(len(labels), seed)
    return _masked(_bucketed(data, batch_size, bounds))


@EXERCISE.mistake(
    "There is one batch size too few: the bounds cut the lengths into one range more than there "
    "are bounds."
)
def a_size_too_few(sequences, labels, batch_size, bounds, seed=0):
    """[batch_size] * len(bounds)."""
    data = _source(sequences, labels).shuffle(len(labels), seed)
    sizes = [batch_size] * len(bounds)
    return _masked(data.bucket_by_sequence_length(lambda x, length, y: length, bounds, sizes))


@EXERCISE.mistake(
    "The sequences above the last bound come one by one: beyond the last one begins one more range "
    "of lengths, with batches of `batch_size` like the others."
)
def longest_one_by_one(sequences, labels, batch_size, bounds, seed=0):
    """1 for the last bucket."""
    data = _source(sequences, labels).shuffle(len(labels), seed)
    sizes = [batch_size] * len(bounds) + [1]
    return _masked(data.bucket_by_sequence_length(lambda x, length, y: length, bounds, sizes))


@EXERCISE.mistake(
    "The mask is False at the last step of each sequence, which is a real one: all steps below "
    "its length count."
)
def last_step_masked(sequences, labels, batch_size, bounds, seed=0):
    """sequence_mask(length - 1)."""
    data = _bucketed(_source(sequences, labels).shuffle(len(labels), seed), batch_size, bounds)
    return data.map(lambda x, length, y: ((x, tf.sequence_mask(length - 1, tf.shape(x)[1])), y))


@EXERCISE.mistake(
    "A sequence cut from a ragged tensor is itself a ragged one, which padding doesn't take, until "
    "a map has passed it on as a tensor: put a map before the batches are made, such as the one "
    "that adds each length."
)
def still_ragged(sequences, labels, batch_size, bounds, seed=0):
    """Lengths from NumPy, and so no map."""
    lengths = [len(one) for one in sequences]
    ragged = tf.RaggedTensor.from_row_lengths(np.concatenate(sequences), lengths)
    data = tf.data.Dataset.from_tensor_slices((ragged, np.array(lengths, np.int32), labels))
    return _masked(_bucketed(data.shuffle(len(labels), seed), batch_size, bounds))


@EXERCISE.mistake(
    "Inside a map, a sequence cut from a ragged tensor is a tensor (T, m) already: take it as it "
    "is, without to_tensor."
)
def made_a_tensor_twice(sequences, labels, batch_size, bounds, seed=0):
    """x.to_tensor()."""
    lengths = [len(one) for one in sequences]
    ragged = tf.RaggedTensor.from_row_lengths(np.concatenate(sequences), lengths)
    data = tf.data.Dataset.from_tensor_slices((ragged, np.array(lengths, np.int32), labels))
    data = data.map(lambda x, length, y: (x.to_tensor(), length, y))
    return _masked(_bucketed(data.shuffle(len(labels), seed), batch_size, bounds))


@EXERCISE.alternative
def by_windows(sequences, labels, batch_size, bounds, seed=0):
    """group_by_window and padded_batch, lengths taken on the way."""
    ragged = tf.RaggedTensor.from_row_lengths(np.concatenate(sequences), [*map(len, sequences)])
    data = tf.data.Dataset.zip(
        (
            tf.data.Dataset.from_tensor_slices(ragged),
            tf.data.Dataset.from_tensor_slices(np.asarray(labels)),
        )
    )
    data = data.shuffle(10 * len(sequences), seed=seed, reshuffle_each_iteration=True)
    data = data.map(lambda x, y: ((x, tf.ones(tf.shape(x)[0], bool)), y))
    return data.group_by_window(
        key_func=lambda inputs, y: tf.reduce_sum(
            tf.cast(tf.shape(inputs[0], tf.int64)[0] >= tf.constant(bounds, tf.int64), tf.int64)
        ),
        reduce_func=lambda key, window: window.padded_batch(batch_size),
        window_size=batch_size,
    )


@EXERCISE.alternative
def cut_to_size(sequences, labels, batch_size, bounds, seed=0):
    """One padded array, of which each batch keeps what its longest needs."""
    lengths = np.array([len(one) for one in sequences], np.int32)
    x = np.zeros((len(sequences), lengths.max(), sequences[0].shape[1]), sequences[0].dtype)
    for row, one in zip(x, sequences, strict=True):
        row[: len(one)] = one
    data = tf.data.Dataset.from_tensor_slices((x, lengths, labels)).shuffle(len(labels), seed)
    data = _bucketed(data, batch_size, bounds)

    def cut(x, length, y):
        T = tf.reduce_max(length)
        return (x[:, :T], tf.range(T) < length[:, None]), y

    return data.map(cut, num_parallel_calls=2)
