"""Exercise: how far the late gate of a network of some depth may open."""

from dataclasses import replace

import numpy as np

from course_lib.exercises.exercise import Arrays, Exercise, Hint, Problem, Rung
from course_lib.exercises.ladder.rungs import by_hand, matches, remembering, shapes
from course_lib.scratch.gradnets import cosine_map, stop_gate

MANY = 48


def one_layer() -> Arrays:
    """The gate 0.5: one layer makes of a right angle a cosine of 0.5² / (π (1 + 0.5²))."""
    return {"depth": 1, "eta": 0.2 / np.pi}


def two_layers() -> Arrays:
    """As deep as an equation can just about be solved on paper."""
    return {"depth": 2, "eta": 0.3}


def shallow() -> Arrays:
    """Ten layers of ReLU stay below 0.9."""
    return {"depth": 10, "eta": 0.9}


def deep() -> Arrays:
    """The notebook's network."""
    return {"depth": MANY, "eta": 0.9}


def several() -> Arrays:
    """Depths and ends of all kinds; the first is a single layer that may be a ReLU."""
    return {
        "depths": np.array([1, 3, 11, 20, 198, 700]),
        "etas": np.array([0.5, 0.4, 0.85, 0.95, 0.6, 0.1]),
    }


def by_default() -> Arrays:
    """Without eta."""
    return {"depth": 30}


def at_each(function, given: Arrays) -> Arrays:
    """The gate for each of the networks."""
    pairs = zip(given["depths"].tolist(), given["etas"].tolist(), strict=True)
    return {"g": np.array([float(function(depth, eta)) for depth, eta in pairs])}


def cosine_at_the_end(function, given: Arrays) -> Arrays:
    """Where the learner's gate takes a right angle."""
    g = float(function(*given.values()))
    return {"the cosine behind the last layer": np.array(last_cosine(given["depth"], g))}


def eta_itself(given: Arrays) -> Arrays:
    """What was asked for."""
    return {"the cosine behind the last layer": given["eta"]}


def last_cosine(depth: int, g: float) -> float:
    """The cosine behind the last layer of two inputs at right angles."""
    c = 0.0
    for _ in range(depth):
        c = cosine_map(c, 1 - g)
    return c


def searched(depth: int, eta: float = 0.9) -> float:
    """The widest gate by another search: the last good one of ever finer grids."""
    low, width = 0.0, 1.0
    for _ in range(8):
        tried = np.minimum(low + width * np.linspace(0, 1, 33), 1.0)
        low = max(g for g in tried if last_cosine(depth, g) <= eta)
        width /= 32
    return float(low)


def right(given: Arrays) -> Arrays:
    """The gate by another search."""
    return {"g": np.array(searched(*given.values()))}


def right_at_each(given: Arrays) -> Arrays:
    """One a network."""
    pairs = zip(given["depths"].tolist(), given["etas"].tolist(), strict=True)
    return {"g": np.array([searched(depth, eta) for depth, eta in pairs])}


NEAR = 1e-3  # a gate off by less comes from a search that ended early


def to_ten_digits(rung: Rung) -> Rung:
    """The rung, where a gate that is near but not near enough is told just that."""

    def judge(given: Arrays, outputs: Arrays) -> Problem | None:
        problem = rung.judge(given, outputs)
        exact = (rung.right or right)(given)["g"]
        off = np.abs(outputs["g"] - exact)
        if off.shape != exact.shape or off.max() > NEAR or (problem is None and off.max() <= 1e-10):
            return problem
        worst = np.argmax(off)
        g, exact, off = (float(np.ravel(one)[worst]) for one in (outputs["g"], exact, off))
        return Problem(
            f"g is {g:.12f}; it should be {exact:.12f}. Ten digits are asked for, and "
            f"{int(-np.log10(off))} are right: go on searching between the last gate that was "
            "narrow enough and the first that was too wide."
        )

    return replace(rung, judge=judge)


EXERCISE = Exercise(
    reference=stop_gate,
    title="Where to stop",
    goal="Find out how far the gate of a deep network may open, so that its inputs don't all come "
    "to look alike.",
    difficulty=3,
    minutes=35,
    returns={"g": "number"},
    ladder=(
        shapes(one_layer, g=()),
        to_ten_digits(
            by_hand(
                one_layer,
                how="at g = 0.5 the slope is 0.5; from a cosine of 0, where r(0) = 1/π:\n"
                "0.5² × 1/π / (1 + 0.5²) = 0.2/π, which is eta",
                g=np.array(0.5),
            )
        ),
        replace(
            by_hand(
                shallow, how="behind ten layers of ReLU the cosine is below 0.9", g=np.array(1.0)
            ),
            name="a shallow network may be all ReLU",
        ),
        to_ten_digits(
            matches(
                "two layers, each of which brings inputs closer",
                two_layers,
                remembering(right),
                "The second layer begins with the cosine that the first has left.",
            )
        ),
        matches(
            f"behind {MANY} layers the cosine is eta",
            deep,
            eta_itself,
            "Two inputs at right angles were sent through the network, with your gate.",
            cosine_at_the_end,
        ),
        to_ten_digits(
            matches(
                "equal to another search, at every depth",
                several,
                remembering(right_at_each),
                call=at_each,
            )
        ),
        matches("unless told, eta is 0.9", by_default, right),
    ),
    equivalent={
        "for _ in range(depth): -> for _ in reversed(list(range(depth))):": "it is a mere count",
        "if last_cosine(1.0) <= eta: -> if False:": "the halves close in on 1 by themselves",
        "last_cosine(1.0) <= eta: -> last_cosine(1.0) < eta:": "so they do where it is equal",
        "if last_cosine(1.0) <= eta: -> if 1.0 <= eta:": "never true: the halves close in on 1",
        "if last_cosine(1.0) <= eta: -> if last_cosine(1.01) <= eta:": "stricter, no more",
        "if last_cosine(1.0) <= eta: -> if last_cosine(2.0) <= eta:": "stricter, then the same",
        "return 1.0 -> pass": "the halves close in on 1 by themselves",
        " too_wide = (0.0, 1.0) ->  too_wide = (0.001, 1.0)": "no network is so deep",
        "too_wide = (0.0, 1.0) -> too_wide = (0.0, 1.01)": "the gate is below 1 here",
        "too_wide = (0.0, 1.0) -> too_wide = (0.0, 2.0)": "the gate is below 1 here",
        "for _ in range(50): -> …range(…": "ten digits are asked for, and it gives fifteen",
        "last_cosine(middle) > eta: -> last_cosine(middle) >= eta:": "the ends meet as well",
        "return g -> return too_wide": "the two ends have met",
    },
    promises={
        "Two inputs at right angles": "equal to another search, at every depth",
        "The wider the gate": "two layers, each of which brings inputs closer",
        "depth: number": (
            "equal to another search, at every depth",
            "a shallow network may be all ReLU",
        ),
        "eta: cosine": ("behind 48 layers the cosine is eta", "unless told, eta is 0.9"),
        "g: the widest": "equal to another search, at every depth",
        "g: 1 where": "a shallow network may be all ReLU",
    },
    hints=(
        Hint(
            "What is asked for?",
            "Take a gate, any gate. What does the cosine come to, behind one layer, behind two, "
            "behind all of them? And if it is too large, should the gate be wider or narrower?",
        ),
        Hint(
            "What does it look like?",
            "Plot the last cosine over the gate, from 0 to 1. A gate that is shut leaves it at 0; "
            "the wider it is, the higher the curve. Where does it cross the height eta? It may not "
            "reach it at all.",
            fits=(
                "slope for gate",
                "slope searched",
                "gate for slope",
                "always open",
                "shut if shallow",
                "always nine tenths",
            ),
        ),
        Hint(
            "The equation can't be solved for g.",
            "No, but a guess can be tested: it is too wide, or not. A curve that only rises lets "
            "you throw away half of what is left with each guess, and forty guesses give twelve "
            "digits.",
            fits=(
                "behind 48 layers the cosine is eta",
                "equal to another search, at every depth",
                "hundred gates",
            ),
        ),
        Hint(
            "Show me the recipe.",
            "A helper starts from c = 0.0 and sets it to `cosine_map(c, 1 - g)` `depth` times. If "
            "it gives at most eta at g = 1, return 1.0. Else keep two ends, 0 and 1, of which the "
            "lower is never too wide. Fifty times look at their middle, and let it take the place "
            "of the upper end where the helper gives more than eta, else of the lower one.",
        ),
    ),
)


def _bisected(too_wide) -> float:
    """The largest number from 0 to 1 of which a question is false."""
    low, high = 0.0, 1.0
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (low, middle) if too_wide(middle) else (middle, high)
    return low


@EXERCISE.mistake("For a deep network the slope comes back, 1 - g. Return the gate, g itself.")
def slope_for_the_gate(depth, eta=0.9):
    """1 - g, where ReLU is too wide."""
    g = stop_gate(depth, eta)
    return 1 - g if g < 1 else g


@EXERCISE.mistake(
    "That is the slope of the negative side, alpha. The gate is 1 minus that: g = 1 - alpha."
)
def slope_for_gate(depth, eta=0.9):
    """alpha."""
    return 1 - stop_gate(depth, eta)


@EXERCISE.mistake(
    "The search finds a slope, the smallest that is allowed, and gives it back as it is. What is "
    "asked for is the gate, 1 minus the slope."
)
def slope_searched(depth, eta=0.9):
    """The upper end of an interval of slopes, which shrinks but never is 0."""
    low, high = 0.0, 1.0
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if last_cosine(depth, 1 - middle) > eta else (low, middle)
    return high


@EXERCISE.mistake(
    "The cosine goes through a single layer here. Each of the `depth` layers brings the inputs "
    "closer: send it through all of them."
)
def one_layer_only(depth, eta=0.9):
    """cosine_map(0, alpha)."""
    return _bisected(lambda g: last_cosine(1, g) > eta)


@EXERCISE.mistake(
    "Each layer gets the same share of the way here, eta / depth. But a layer that starts from a "
    "larger cosine adds less to it: let the cosine go on from layer to layer."
)
def equal_shares(depth, eta=0.9):
    """depth times what the first layer does."""
    return _bisected(lambda g: depth * last_cosine(1, g) > eta)


@EXERCISE.mistake(
    "Each layer begins with right angles again. The cosine that a layer leaves is what the next "
    "one begins with."
)
def product_of_layers(depth, eta=0.9):
    """1 - (1 - c)^depth, as if each layer took its own share of what is left."""
    return _bisected(lambda g: 1 - (1 - last_cosine(1, g)) ** depth > eta)


@EXERCISE.mistake(
    "The cosine begins at eta, which is what it may be behind the last layer: the two inputs are "
    "at right angles, so it begins at 0."
)
def begun_at_eta(depth, eta=0.9):
    """c = eta."""

    def last(g):
        c = eta
        for _ in range(depth):
            c = cosine_map(c, 1 - g)
        return c

    return _bisected(lambda g: last(g) > eta)


@EXERCISE.mistake("One layer is left out: the cosine goes through `depth` layers.")
def one_layer_short(depth, eta=0.9):
    """depth - 1 layers."""
    return _bisected(lambda g: last_cosine(depth - 1, g) > eta)


@EXERCISE.mistake("One layer too many: the cosine goes through `depth` layers.")
def one_layer_more(depth, eta=0.9):
    """depth + 1 layers."""
    return _bisected(lambda g: last_cosine(depth + 1, g) > eta)


@EXERCISE.mistake(
    "The wrong half is thrown away: where the cosine is larger than eta, the gate is too wide, and "
    "the right one is narrower."
)
def wrong_half(depth, eta=0.9):
    """Ends at 0 or 1."""
    return _bisected(lambda g: last_cosine(depth, g) <= eta)


@EXERCISE.mistake(
    "The answer for a shallow network is right; in any other the search throws the wrong half "
    "away, and ends at 0 or at 1: where the cosine is larger than eta, go on below the middle."
)
def wrong_half_of_a_deep_one(depth, eta=0.9):
    """The same, after a look at ReLU."""
    return 1.0 if last_cosine(depth, 1.0) <= eta else wrong_half(depth, eta)


@EXERCISE.mistake(
    "The gate is handed to cosine_map, which takes the slope of the negative side, 1 - g."
)
def gate_for_slope(depth, eta=0.9):
    """cosine_map(c, g)."""

    def last(g):
        c = 0.0
        for _ in range(depth):
            c = cosine_map(c, g)
        return c

    return _bisected(lambda g: last(g) > eta)


@EXERCISE.mistake(
    "Every network gets a gate of 1, which is right for shallow ones only: no gate is found too "
    "wide. Does cosine_map get the slope, 1 - g, and is the last cosine compared with eta the "
    "right way round?"
)
def always_open(depth, eta=0.9):
    """1."""
    return 1.0


@EXERCISE.mistake(
    "This is right to two digits: the gates that were tried lie too far apart. Go on searching "
    "between the last that was narrow enough and the first that was too wide."
)
def hundred_gates(depth, eta=0.9):
    """A grid."""
    return max(g for g in np.linspace(0, 1, 101) if last_cosine(depth, g) <= eta)


@EXERCISE.mistake(
    "eta is ignored: the cosine behind the last layer should come to eta, whatever it is."
)
def always_nine_tenths(depth, eta=0.9):
    """0.9."""
    return stop_gate(depth)


@EXERCISE.mistake(
    "A shallow network gets a gate of 0. Where even ReLU leaves the inputs apart, nothing has to "
    "be stopped: the gate may open fully."
)
def shut_if_shallow(depth, eta=0.9):
    """0 where there is no crossing."""
    return 0.0 if last_cosine(depth, 1.0) <= eta else stop_gate(depth, eta)


@EXERCISE.alternative
def by_recursion(depth, eta=0.9):
    """Halves of an interval of slopes."""

    def end(alpha):
        c = 0.0
        for _ in range(depth):
            c = cosine_map(c, alpha)
        return c

    def search(low, high, times):
        if times == 0:
            return high
        middle = 0.5 * (low + high)
        return search(*((middle, high) if end(middle) > eta else (low, middle)), times - 1)

    return 1 - search(0.0, 1.0, 48) if end(0.0) > eta else 1.0


@EXERCISE.alternative
def digit_by_digit(depth, eta=0.9):
    """Ten gates, then ten in between, and so on."""
    low, width = 0.0, 1.0
    for _ in range(11):
        tried = low + width * np.linspace(0, 1, 11)
        low = max(g for g in tried if last_cosine(depth, min(g, 1.0)) <= eta)
        width /= 10
    return float(min(low, 1.0))


@EXERCISE.alternative
def by_false_position(depth, eta=0.9):
    """Straight lines between the ends; the end that stays counts for less and less (Illinois)."""
    low, high = 0.0, 1.0
    at_low, at_high = -eta, last_cosine(depth, 1.0) - eta
    if at_high <= 0:
        return 1.0
    for _ in range(200):
        g = (low * at_high - high * at_low) / (at_high - at_low)
        here = last_cosine(depth, g) - eta
        if here > 0:
            high, at_high, at_low = g, here, at_low / 2
        else:
            low, at_low, at_high = g, here, at_high / 2
        if high - low < 1e-13:
            break
    return low
