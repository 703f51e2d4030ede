"""Exercise, a bug hunt: one cell for all the layers of a stack."""

import copy

import numpy as np

from course_lib.exercises.calling.guard import Unusable, with_article
from course_lib.exercises.exercise import Arrays, Exercise, Hint, Problem, Rung
from course_lib.exercises.gated_cells.cases import LSTM
from course_lib.exercises.ladder.rungs import holds
from course_lib.scratch.gated import init_lstm_params
from course_lib.scratch.stacked import fresh_cells

KEYS = {f"{kind}{g}" for g in LSTM for kind in ("W_x", "W_h", "b_")}


def as_many_inputs_as_units() -> Arrays:
    """Three layers in which every weight matrix is square."""
    return {"m": 4, "n": 4, "layers": 3, "seed": 0}


def many_layers() -> Arrays:
    """A deep stack, in which no seed may come round again."""
    return {"m": 4, "n": 4, "layers": 9, "seed": 0}


def fewer_inputs() -> Arrays:
    """Three layers of four units that read three inputs."""
    return {"m": 3, "n": 4, "layers": 3, "seed": 0}


def one_layer() -> Arrays:
    """A stack of one layer."""
    return {"m": 3, "n": 4, "layers": 1, "seed": 0}


def made(function, given: Arrays, **changes) -> list[dict]:
    """The cells that the function makes; a sentence if they are no list of dicts of arrays."""
    cells = function(*{**given, **changes}.values())
    if not isinstance(cells, list | tuple):
        kind = with_article(type(cells).__name__)
        raise Unusable(f"fresh_cells returned {kind}; it returns a list, one dict a layer.")
    for number, cell in enumerate(cells, 1):
        if not isinstance(cell, dict):
            kind = with_article(type(cell).__name__)
            raise Unusable(f"Layer {number} in the list is {kind}; it should be a dict of weights.")
        if cell.keys() != KEYS:
            raise Unusable(
                f"The dict of layer {number} has other keys than init_lstm_params makes."
            )
        if not all(isinstance(array, np.ndarray) for array in cell.values()):
            raise Unusable(f"The dict of layer {number} holds something that isn't a NumPy array.")
        others = [array.dtype for array in cell.values() if array.dtype != np.float64]
        if others:
            raise Unusable(
                f"The dict of layer {number} holds numbers of {others[0]}; init_lstm_params makes "
                "float64."
            )
    return list(cells)


# What comes out of the calls are facts about the weights, not the weights: which numbers they are
# is up to the one who draws them.


def sizes(function, given: Arrays) -> Arrays:
    """How many layers there are, and what each of them takes and has."""
    cells = made(function, given)
    return {
        "number of layers": len(cells),
        "inputs": np.array([len(cell["W_xc"]) for cell in cells]),
        "units": np.array([len(cell["W_hc"]) for cell in cells]),
    }


def moved(function, given: Arrays) -> Arrays:
    """For each layer, which layers change when it is updated."""
    cells = made(function, given)
    changed = np.zeros((len(cells), len(cells)), bool)
    for k, cell in enumerate(cells):
        before = copy.deepcopy(cells)
        for name in cell:
            cell[name] -= 0.5
        for j, (now, then) in enumerate(zip(cells, before, strict=True)):
            changed[k, j] = any((now[name] != then[name]).any() for name in then)
    return {"changed": changed, "number of dicts": len({id(cell) for cell in cells})}


def alike(function, given: Arrays) -> Arrays:
    """For each pair of layers, whether they hold the same recurrent weights; seed 0 by itself."""
    found = {}
    for name, seed in (("alike", 5), ("alike with seed 0", 0)):
        recurrent = [cell["W_hc"] for cell in made(function, given, seed=seed)]
        found[name] = np.array([[np.array_equal(a, b) for b in recurrent] for a in recurrent])
    return found


def starts(function, given: Arrays) -> Arrays:
    """Whether each layer starts as init_lstm_params starts it."""
    cells = made(function, given)
    orthogonal = [cell["W_hc"] @ cell["W_hc"].T for cell in cells]
    return {
        "b_f": np.array([cell["b_f"] for cell in cells]),
        "b_f expected": np.ones((3, 4)),
        "W_hc @ W_hc.T": np.array(orthogonal),
        "W_hc @ W_hc.T expected": np.array([np.eye(4)] * 3),
    }


def seeds(function, given: Arrays) -> Arrays:
    """For each layer, whether the seed, and nothing else, decides; and which one by default."""
    first, again, other, once_more = (made(function, given, seed=s) for s in (0, 0, 1, 1))
    without = made(function, {name: size for name, size in given.items() if name != "seed"})
    return {
        "no seed, as with 0": _same(without, first),
        "same seed, same weights": _same(other, once_more),
        "same seed of 0, same weights": _same(first, again),
        "other seed, other weights": ~_same(first, other),
    }


def _same(cells: list[dict], others: list[dict]) -> np.ndarray:
    """For each layer, whether its recurrent weights are the same."""
    pairs = zip(cells, others, strict=True)
    return np.array([np.array_equal(a["W_hc"], b["W_hc"]) for a, b in pairs])


def judge_sizes(given: Arrays, outputs: Arrays) -> Problem | None:
    """As many layers as asked for; each reads what stands below it."""
    if outputs["number of layers"] != given["layers"]:
        return Problem(
            f"There are {outputs['number of layers']} layers; it should be {given['layers']}."
        )
    m, n, above = given["m"], given["n"], given["layers"] - 1
    for name, right in (("inputs", [m] + above * [n]), ("units", [n] + above * [n])):
        for layer, (got, wanted) in enumerate(zip(outputs[name], right, strict=True), 1):
            if got != wanted:
                return Problem(
                    f"Layer {layer} has {got} {name}; with m = {m} and n = {n} it should be "
                    f"{wanted}."
                )
    return None


def judge_moved(_: Arrays, outputs: Arrays) -> Problem | None:
    """Only the updated layer may have changed."""
    also = np.argwhere(outputs["changed"] & ~np.eye(3, dtype=bool))
    if not len(also):
        return None
    updated, other = also[0] + 1
    return Problem(
        f"0.5 was taken off every weight of layer {updated}, in place, and layer {other} changed "
        "as well."
    )


def judge_alike(_: Arrays, outputs: Arrays) -> Problem | None:
    """No two layers may hold the same weights, whatever the seed."""
    for name, where in (("alike", ""), ("alike with seed 0", "With seed = 0, ")):
        same = np.argwhere(np.triu(outputs[name], 1))
        if len(same):
            a, b = same[0] + 1
            layers = f"{'layers' if where else 'Layers'} {a} and {b}"
            return Problem(f"{where}{layers} start with the same numbers in W_hc.")
    return None


def judge_seeds(_: Arrays, outputs: Arrays) -> Problem | None:
    """Deterministic, and not deaf to the seed."""
    for name, said in (
        (
            "same seed, same weights",
            "Two calls with the same seed gave layer {} different weights.",
        ),
        (
            "same seed of 0, same weights",
            "Two calls with seed = 0 gave layer {} different weights: 0 is a seed like any other.",
        ),
        (
            "other seed, other weights",
            "Two calls with different seeds gave layer {} the same weights: seed isn't used there.",
        ),
        ("no seed, as with 0", "A call without a seed gave layer {} other weights than seed = 0."),
    ):
        if not outputs[name].all():
            return Problem(said.format(1 + int(np.argmin(outputs[name]))))
    return None


EXERCISE = Exercise(
    reference=fresh_cells,
    title="The cells of a stack",
    goal="Make the initial weights of a stack of LSTM layers.",
    difficulty=2,
    minutes=15,
    returns={"cells": "anything"},
    by_seed=True,
    equivalent={
        "init_lstm_params(m if layer == 0 else n, n, rng -> init_lstm_params(m if layer <= 0 "
        "else n, n, rng": "layers are counted from 0",
    },
    ladder=(
        Rung(
            "as many layers as asked for, with square weights",
            as_many_inputs_as_units,
            judge_sizes,
            sizes,
        ),
        Rung(
            "an update of one layer leaves the others as they are",
            as_many_inputs_as_units,
            judge_moved,
            moved,
        ),
        Rung("no two layers start alike", many_layers, judge_alike, alike),
        Rung("each layer reads the one below it", fewer_inputs, judge_sizes, sizes),
        Rung("a stack of one layer", one_layer, judge_sizes, sizes),
        holds(
            "each layer starts as init_lstm_params starts it",
            fewer_inputs,
            starts,
            "Forget biases start at one, recurrent weights orthogonal.",
        ),
        Rung("the seed decides, and nothing else", fewer_inputs, judge_seeds, seeds),
    ),
    promises={
        "The first layer reads": "each layer reads the one below it",
        "m: number of inputs": "each layer reads the one below it",
        "n: number of units": "each layer reads the one below it",
        "layers: how many": "as many layers as asked for, with square weights",
        "seed: seed of": "the seed decides, and nothing else",
        "seed: the same seed": "the seed decides, and nothing else",
        "A list with one dict": "each layer starts as init_lstm_params starts it",
    },
    hints=(
        Hint(
            "I can't see anything wrong.",
            "Count. How many dicts does the code make, and how many does the list hold? Then try "
            '`cells = fresh_cells(4, 4, 3)`, change `cells[0]["b_i"][0]`, and look at '
            '`cells[1]["b_i"]`.',
        ),
        Hint(
            "I make a copy for each layer now. What is still wrong?",
            "A copy of the dict still holds the same arrays, and a deep copy holds the same "
            "numbers. Layers that start alike are not what we want either: draw each of them "
            "separately.",
            fits=(
                "no two layers start alike",
                "shallow copies",
                "the same numbers",
                "the same seed for each",
                "multiples of the seed",
            ),
        ),
        Hint(
            "My layers have the wrong number of inputs.",
            "Only the first layer reads the m inputs. What does the second one read?",
            fits=(
                "every layer reads the inputs",
                "no layer reads the inputs",
            ),
        ),
    ),
)


@EXERCISE.hunt(
    "Still the old symptom: the list has three layers, but together they have no more weights to "
    "learn than one, and whatever the first layer learns, the others learn too."
)
def one_cell_for_all(m, n, layers, seed=0):
    """First weights of a stack of LSTM layers, each layer with its own.

    The first layer reads the inputs, each later one the states of the layer
    below it.

    Args:
        m: number of inputs.
        n: number of units of every layer.
        layers: how many layers.
        seed: seed of the generator; the same seed gives the same weights
            everywhere.

    Returns:
        A list with one dict of weights a layer, as `init_lstm_params` makes
        them.
    """
    cell = init_lstm_params(m, n, seed)
    return [cell] * layers


@EXERCISE.mistake(
    "Each layer has a dict of its own now, but the dicts hold the same arrays: an update in place "
    "still reaches every layer. Draw new weights for each."
)
def shallow_copies(m, n, layers, seed=0):
    """dict.copy copies the names, not the arrays."""
    cell = init_lstm_params(m, n, seed)
    return [cell.copy() for _ in range(layers)]


@EXERCISE.mistake(
    "The matrices are drawn for each layer, but all layers hold the same arrays of biases: an "
    "update in place of one layer's biases reaches the others. Each layer needs its own."
)
def biases_in_common(m, n, layers, seed=0):
    """What starts at a fixed value need not be drawn, but made anew it must be."""
    rng = np.random.default_rng(seed)
    cells = [init_lstm_params(m if k == 0 else n, n, rng) for k in range(layers)]
    biases = {name: value for name, value in cells[0].items() if name.startswith("b")}
    return [{**cell, **biases} for cell in cells]


@EXERCISE.mistake(
    "The layers are separate now, but all start with the same numbers, since each is drawn with "
    "the same seed (or is a deep copy): let each layer draw its own."
)
def the_same_numbers(m, n, layers, seed=0):
    """The same seed for each layer, and the same size."""
    return [init_lstm_params(m, n, seed) for _ in range(layers)]


@EXERCISE.mistake(
    "The sizes are right, but the upper layers start with the same numbers, since each is drawn "
    "with the same seed: give each layer a seed of its own, or one generator to all."
)
def the_same_seed_for_each(m, n, layers, seed=0):
    """Right sizes, one seed."""
    return [init_lstm_params(m if k == 0 else n, n, seed) for k in range(layers)]


@EXERCISE.mistake(
    "Every layer reads m inputs: only the first one reads them; each later layer reads the n "
    "states of the layer below it."
)
def every_layer_reads_the_inputs(m, n, layers, seed=0):
    """m for all."""
    return [init_lstm_params(m, n, seed + k) for k in range(layers)]


@EXERCISE.mistake(
    "Every layer reads n numbers: the first one reads the m inputs, the others the n states of the "
    "layer below."
)
def no_layer_reads_the_inputs(m, n, layers, seed=0):
    """n for all."""
    return [init_lstm_params(n, n, seed + k) for k in range(layers)]


@EXERCISE.mistake(
    "The seed is not used: with 0, 1, 2 in its place every stack in the world starts alike. Derive "
    "the layers' seeds from `seed`."
)
def seed_ignored(m, n, layers, seed=0):
    """The number of the layer as seed."""
    return [init_lstm_params(m if k == 0 else n, n, k) for k in range(layers)]


@EXERCISE.mistake(
    "With the same `seed` each call draws new weights: compute the layers' seeds from `seed` "
    "alone. The system's random numbers won't do, nor anything that is kept between calls, nor "
    "`hash` of a text, which Python changes at each start, and this check at each call."
)
def no_seed_at_all(m, n, layers, seed=0):
    """Seeded by the operating system."""
    return [init_lstm_params(m if k == 0 else n, n, None) for k in range(layers)]


@EXERCISE.mistake(
    "A seed of 0 is taken for none, and each call draws new weights then: 0 counts as false in "
    "`seed or None` and in `if seed`, but it is a seed like any other."
)
def zero_is_no_seed(m, n, layers, seed=0):
    """seed or None."""
    rng = np.random.default_rng(seed or None)
    return [init_lstm_params(m if k == 0 else n, n, rng) for k in range(layers)]


@EXERCISE.mistake(
    "The seed determines the lowest layer alone; what the layers above it draw is different in "
    "each call. Derive their seeds from `seed` too, or hand one generator on to all."
)
def upper_layers_without_a_seed(m, n, layers, seed=0):
    """seed for the first, None for the others."""
    return [init_lstm_params(m if k == 0 else n, n, None if k else seed) for k in range(layers)]


@EXERCISE.mistake(
    "The layers' seeds are multiples of `seed`. Where it is 0, and that is the default, all of "
    "them are 0, and the layers start alike: add something that differs, and don't multiply."
)
def multiples_of_the_seed(m, n, layers, seed=0):
    """seed * (k + 1)."""
    return [init_lstm_params(m if k == 0 else n, n, seed * (k + 1)) for k in range(layers)]


@EXERCISE.mistake(
    "The sizes are in reverse order: the list begins with the lowest layer, and that is the one "
    "that reads the m inputs."
)
def top_layer_first(m, n, layers, seed=0):
    """m at the end."""
    sizes = [n] * (layers - 1) + [m]
    return [init_lstm_params(size, n, seed + k) for k, size in enumerate(sizes)]


@EXERCISE.mistake("A layer is missing: `layers` counts all of them, the first one included.")
def one_layer_short(m, n, layers, seed=0):
    """The loop starts at 1."""
    return [init_lstm_params(n, n, seed + k) for k in range(1, layers)]


@EXERCISE.mistake(
    "The first layer has its own weights now, but the layers above it still share one dict: "
    "multiplying a list repeats the same object. Make a new one for each."
)
def upper_layers_shared(m, n, layers, seed=0):
    """[first] + [other] * (layers - 1)."""
    return [init_lstm_params(m, n, seed)] + [init_lstm_params(n, n, seed + 1)] * (layers - 1)


@EXERCISE.mistake(
    "The layers above the first have a dict each, but these hold the same arrays, since a copy of "
    "a dict copies none: an update in place reaches all of them. Draw new weights for each."
)
def upper_layers_copied(m, n, layers, seed=0):
    """dict(other) for each."""
    above = init_lstm_params(n, n, seed + 1)
    return [init_lstm_params(m, n, seed)] + [dict(above) for _ in range(layers - 1)]


@EXERCISE.alternative
def with_a_seed_for_each(m, n, layers, seed=0):
    """A loop, and seeds that count up."""
    cells = []
    for k in range(layers):
        cells.append(init_lstm_params(m, n, seed=seed + k))
        m = n
    return cells


@EXERCISE.alternative
def with_spawned_seeds(m, n, layers, seed=0):
    """NumPy's own way to many independent seeds."""
    sizes = [m] + [n] * (layers - 1)
    own = np.random.SeedSequence(seed).spawn(layers)
    return [init_lstm_params(k, n, s) for k, s in zip(sizes, own, strict=True)]
