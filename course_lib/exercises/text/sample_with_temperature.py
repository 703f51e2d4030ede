"""Exercise: draw the next character of a text, boldly or carefully."""

import numpy as np

from course_lib.exercises.calling.guard import Unusable
from course_lib.exercises.exercise import Arrays, Exercise, Hint
from course_lib.exercises.ladder.rungs import drawn, irregular, matches, refuses
from course_lib.scratch.text import sample_with_temperature

# One of seven stands out: so noise of another kind than the Gumbel's gives other shares.
SHARES = np.array([0.1, 0.1, 0.4, 0.1, 0.1, 0.1, 0.1])
MANY = 5_000  # rows: chance moves a share of them by less than it takes to round it elsewhere

# Which character comes depends on how an answer uses the generator, and several ways are right. So
# the rungs look at what is sure, and at shares of many rows, to one digit.


def some() -> Arrays:
    """Six rows of five characters."""
    return {"logits": irregular(6, 5, scale=3.0), "temperature": 1.0, "seed": 1}


def cold() -> Arrays:
    """At temperature 0; in every fourth row the logits hardly differ, and still they do."""
    scale = np.where(np.arange(40) % 4, 1.0, 1e-9)[:, None]
    return {"logits": scale * irregular(40, 7, shift=1), "temperature": 0, "seed": 2}


def sure() -> Arrays:
    """Logits so far apart that chance has nothing to say, too large for exp, or too small.

    In a third of the rows they are so large that in float32 they would all be one number.
    """
    codes = 7 * np.arange(12) % 5
    level = np.array([2000.0, -9000.0, 1e13])[np.arange(12) % 3, None]
    return {"logits": 3000.0 * np.eye(5)[codes] + level, "temperature": 1.5, "seed": 3}


def alike() -> Arrays:
    """Rows in which all characters are equally likely."""
    return {"logits": np.full((200, 4), 2.5), "temperature": 1.0, "seed": 4}


def at_one() -> Arrays:
    """Many rows that all say four tenths for one character, and one tenth for six others."""
    return {"logits": np.tile(np.log(SHARES), (MANY, 1)) + 3, "temperature": 1.0, "seed": 5}


def warm() -> Arrays:
    """Logits twice as far apart, at temperature 2: the same shares."""
    return {"logits": np.tile(2 * np.log(SHARES), (MANY, 1)), "temperature": 2.0, "seed": 6}


def cool() -> Arrays:
    """At temperature 1/50 a difference of one is a difference of fifty."""
    codes = 5 * np.arange(60) % 7
    return {
        "logits": irregular(60, 7, scale=0.4) + 2 * np.eye(7)[codes],
        "temperature": 0.02,
        "seed": 7,
    }


def nearly_cold() -> Arrays:
    """Hardly above 0, of logits that are as close together: the same shares.

    It lies below 1e-8, where np.isclose begins to take a number for 0, and below what is usually
    added so that nothing is divided by 0. Much lower, a softmax in logarithms would lose its
    digits, and that is a right answer too.
    """
    return {"logits": np.tile(3e-13 * np.log(SHARES), (MANY, 1)), "temperature": 3e-13, "seed": 8}


def hot() -> Arrays:
    """A thousand times as warm, of logits a thousand times as far apart: the same shares.

    The exp of their differences is 0, so that no power of it brings them back.
    """
    return {"logits": np.tile(1000 * np.log(SHARES), (MANY, 1)), "temperature": 1000.0, "seed": 9}


def one_row() -> Arrays:
    """A single row, of more characters than a byte can count; one of them is sure to come."""
    return {"logits": 3000.0 * np.eye(1, 1000, 700), "temperature": 1.5, "seed": 10}


def many_rare() -> Arrays:
    """Rows that all say about one in six for one character, and one in 180 for 149 others."""
    logits = irregular(150, scale=0.1) + np.log(30) * np.eye(1, 150, 90)[0]
    return {"logits": np.tile(logits, (MANY, 1)), "temperature": 1.0, "seed": 11}


def refused() -> Arrays:
    """What is no temperature."""
    return {"temperatures": [-1.0, float("inf"), float("nan")]}


def codes_of(function, given: Arrays, rng: np.random.Generator | None = None) -> np.ndarray:
    """What was drawn; a sentence if that is no array of codes, one a row."""
    logits, temperature, seed = given.values()
    rng = np.random.default_rng(seed) if rng is None else rng
    codes = np.asarray(function(logits, temperature, rng))
    if codes.shape != logits.shape[:1]:
        raise Unusable(
            f"codes has shape {codes.shape}; it should be {logits.shape[:1]}, one for each row."
        )
    if codes.dtype.kind not in "iu":
        raise Unusable(f"codes has dtype {codes.dtype}; a code is an integer.")
    beyond = codes[(codes < 0) | (codes >= logits.shape[1])]
    if beyond.size:
        raise Unusable(
            f"A code is {beyond[0]}; with c = {logits.shape[1]} it lies between 0 and "
            f"{logits.shape[1] - 1}."
        )
    return codes


def in_range(function, given: Arrays) -> Arrays:
    """That there is a code for each row."""
    return {"rows": len(codes_of(function, given))}


def drawn_codes(function, given: Arrays) -> Arrays:
    """The codes themselves, where chance has no say."""
    return {"codes": codes_of(function, given)}


def kinds(function, given: Arrays) -> Arrays:
    """How many different characters come where all are equally likely.

    That none but the first ever comes tells who takes the likeliest from who draws but once.
    """
    codes = codes_of(function, given)
    return {"different characters": len(set(codes.tolist())), "only the first": not codes.any()}


def shares(function, given: Arrays) -> Arrays:
    """How often each character was drawn, to one digit."""
    counts = np.bincount(codes_of(function, given), minlength=given["logits"].shape[1])
    return {"share of each character": np.round(counts / len(given["logits"]), 1)}


def expected_shares(given: Arrays) -> Arrays:
    """The softmax of the logits over the temperature, of the first row."""
    weights = np.exp(given["logits"][0] / given["temperature"])
    return {"share of each character": np.round(weights / weights.sum(), 1)}


def at_temperatures(given: Arrays) -> dict[str, tuple]:
    """A call for each temperature."""
    return {
        f"temperature={one}": (np.zeros((2, 3)), one, np.random.default_rng(0))
        for one in given["temperatures"]
    }


EXERCISE = Exercise(
    reference=sample_with_temperature,
    title="The next character",
    goal="Draw the next character of each row from a network's logits, at a given temperature.",
    difficulty=2,
    minutes=25,
    returns={"codes": "anything"},
    ladder=(
        matches("it runs, and gives a code a row", some, lambda _: {"rows": 6}, call=in_range),
        matches(
            "at 0, always the likeliest",
            cold,
            lambda given: {"codes": given["logits"].argmax(axis=1)},
            "At temperature 0 nothing is left to chance.",
            drawn_codes,
        ),
        matches(
            "each row by its own logits, however large they are",
            sure,
            lambda given: {"codes": given["logits"].argmax(axis=1)},
            "In every row one logit is 3000 above the others, so no other character can come.",
            drawn_codes,
        ),
        matches(
            "rows that are alike are drawn one by one",
            alike,
            lambda _: {"different characters": 4, "only the first": False},
            "In 200 rows, all four logits are equal, so each character should come up.",
            kinds,
        ),
        matches(
            "at 1, as often as the softmax says",
            at_one,
            expected_shares,
            "In 5,000 rows that give one of seven characters 0.4, and the others 0.1.",
            shares,
        ),
        matches(
            "at 2, differences count half",
            warm,
            expected_shares,
            "The logits are twice the logarithms of 0.4 and of six 0.1, and the temperature is 2.",
            shares,
        ),
        matches(
            "at 1/50, they count fifty times",
            cool,
            lambda given: {"codes": given["logits"].argmax(axis=1)},
            "In every row one logit is at least 1.2 above the others, and the temperature is 1/50.",
            drawn_codes,
        ),
        matches(
            "no temperature is taken for 0",
            nearly_cold,
            expected_shares,
            "The logits are the logarithms of 0.4 and of six 0.1, times 3e-13, which is the "
            "temperature.",
            shares,
        ),
        matches(
            "at 1000 they count a thousandth",
            hot,
            expected_shares,
            "The logits are a thousand times the logarithms of 0.4 and of six 0.1, and the "
            "temperature is 1000.",
            shares,
        ),
        matches(
            "a single row, and many characters",
            one_row,
            lambda given: {"codes": given["logits"].argmax(axis=1)},
            "Of 1,000 characters one is 3000 above the others, in a batch of a single row.",
            drawn_codes,
        ),
        matches(
            "rare characters come as well",
            many_rare,
            lambda _: {"different characters": 150, "only the first": False},
            "In 5,000 rows that give each of 149 characters a probability of about 1/180.",
            kinds,
        ),
        drawn(alike, codes_of),
        refuses(
            "what is no temperature is refused",
            refused,
            at_temperatures,
            "is no temperature, and no ValueError says so.",
        ),
    ),
    promises={
        "logits: shape (batch, c), however": "each row by its own logits, however large they are",
        "at 1 the draw": ("at 1, as often as the softmax says", "rare characters come as well"),
        "Below, likely": "at 1/50, they count fifty times",
        "above, the differences": (
            "at 2, differences count half",
            "at 1000 they count a thousandth",
        ),
        "At 0 it is": ("at 0, always the likeliest", "no temperature is taken for 0"),
        "rng: a NumPy": "the generator decides, and nothing else",
        "codes, shape (batch,)": (
            "it runs, and gives a code a row",
            "a single row, and many characters",
        ),
        "each row is drawn": "rows that are alike are drawn one by one",
        "ValueError": "what is no temperature is refused",
    },
    hints=(
        Hint(
            "What does the temperature do?",
            "Take two logits, 2 and 0. How much likelier is the first character, as a factor? Now "
            "halve both logits. And what happens to the factor if you divide them by 0.5?",
        ),
        Hint(
            "I get NaN, or always the same character.",
            "`np.exp(1000)` is infinite. The softmax doesn't change if the same number is taken "
            "off all logits of a row: which one is safe for all of them? And division by 0 says "
            "nothing about temperature 0, which needs a line of its own.",
            fits=(
                "exp overflows",
                "choice from NaN",
                "largest not taken off",
                "largest of all rows",
                "zero divided by",
                "zero as one",
                "at 0, always the likeliest",
                "each row by its own logits, however large they are",
            ),
        ),
        Hint(
            "How do I draw for all rows at once?",
            "Lay the probabilities of a row end to end on a line from 0 to 1, and throw a dart at "
            "it: `np.cumsum` gives the ends, `rng.random` the dart. How many ends lie below the "
            "dart? One dart for each row.",
            fits=(
                "dart from 0 to 1",
                "one draw for all",
                "first row for all",
                "over the batch",
                "counted from one",
                "all alike",
                "always the likeliest",
                "even noise",
                "normal noise",
                "noise of one logarithm",
                "probabilities",
                "it runs, and gives a code a row",
                "rows that are alike are drawn one by one",
                "at 1, as often as the softmax says",
            ),
        ),
        Hint(
            "Show me the recipe.",
            "At 0, return `np.argmax(logits, axis=1)`. Otherwise take the row's largest logit off, "
            "divide by the temperature, and take `np.exp`: those are the weights. With "
            "`ends = np.cumsum(weights, axis=1)` and "
            "`darts = rng.random((len(logits), 1)) * ends[:, -1:]`, the code is the number of ends "
            "that are not above the dart.",
        ),
    ),
    equivalent={
        "if temperature == 0: -> if temperature <= 0:": "what is below 0 has been refused",
        "return np.sum(ends <= chosen, axis=1) -> return np.sum(ends < chosen, axis=1)": (
            "a dart hits an end exactly about once in 2**53 draws"
        ),
    },
)


def _sample(weights, rng):
    """Draws from rows of weights; for mistakes."""
    ends = np.cumsum(weights, axis=1)
    return np.sum(ends <= rng.random((len(weights), 1)) * ends[:, -1:], axis=1)


def _check(temperature):
    if not 0 <= temperature < np.inf:
        raise ValueError("No temperature.")


def _weights(logits, factor):
    return np.exp((logits - logits.max(axis=1, keepdims=True)) * factor)


@EXERCISE.mistake(
    "The logits are multiplied by the temperature: then heat makes the network surer. Divide by it."
)
def multiplied(logits, temperature, rng):
    """* for /."""
    _check(temperature)
    if temperature == 0:
        return logits.argmax(axis=1)
    return _sample(_weights(logits, temperature), rng)


@EXERCISE.mistake(
    "The temperature has no effect: probabilities that are divided by it, and made to add up to 1 "
    "again, are what they were. Divide the logits, before the exp."
)
def probabilities_divided(logits, temperature, rng):
    """softmax(logits) / temperature, normalised."""
    _check(temperature)
    if temperature == 0:
        return logits.argmax(axis=1)
    return _sample(_weights(logits, 1.0) / temperature, rng)


@EXERCISE.mistake(
    "Every character is drawn as often as any other: the logits say how likely each one is, and "
    "the draw follows their softmax."
)
def all_alike(logits, temperature, rng):
    """rng.integers."""
    _check(temperature)
    if temperature == 0:
        return logits.argmax(axis=1)
    return _sample(np.ones_like(logits), rng)


@EXERCISE.mistake(
    "The likeliest character comes at every temperature: that is right at 0 only. Otherwise draw, "
    "each one as often as its probability says."
)
def always_the_likeliest(logits, temperature, rng):
    """argmax."""
    _check(temperature)
    return np.argmax(logits / max(temperature, 1e-9), axis=1)


@EXERCISE.mistake(
    "The exp of a large logit is infinite, and infinity over infinity is no probability: take the "
    "row's largest logit off first, which changes no probability."
)
def exp_overflows(logits, temperature, rng):
    """No shift."""
    _check(temperature)
    if temperature == 0:
        return logits.argmax(axis=1)
    with np.errstate(all="ignore"):
        weights = np.exp(logits / temperature)
        p = weights / weights.sum(axis=1, keepdims=True)
    return np.sum(np.cumsum(p, axis=1) <= rng.random((len(p), 1)), axis=1)


@EXERCISE.mistake(
    "The exp of a large logit is infinite, and the row's shares are then no numbers, with which no "
    "comparison holds, so that the first character comes: take each row's largest logit off first."
)
def first_for_no_number(logits, temperature, rng):
    """No shift, and np.argmax of a comparison with NaN."""
    _check(temperature)
    if temperature == 0:
        return logits.argmax(axis=1)
    with np.errstate(all="ignore"):
        weights = np.exp(logits / temperature)
        p = weights / weights.sum(axis=1, keepdims=True)
    return np.argmax(rng.random((len(p), 1)) < np.cumsum(p, axis=1), axis=1)


@EXERCISE.mistake(
    "Only the likeliest few can come, as in top-k or nucleus sampling: each character comes as "
    "often as its probability says, a rare one rarely."
)
def likeliest_few(logits, temperature, rng):
    """The twenty likeliest."""
    _check(temperature)
    if temperature == 0:
        return logits.argmax(axis=1)
    weights = _weights(logits, 1 / temperature)
    least = np.sort(weights, axis=1)[:, -20:][:, :1]
    return _sample(np.where(weights < least, 0.0, weights), rng)


@EXERCISE.mistake(
    "Nobody can draw from NaN. That is what shares come to where the exp of a large logit is "
    "infinite, or all those of a row are 0: take each row's own largest logit off before the exp."
)
def choice_from_NaN(logits, temperature, rng):
    """No shift, and NumPy's own draw, which refuses what comes of it."""
    _check(temperature)
    if temperature == 0:
        return logits.argmax(axis=1)
    with np.errstate(all="ignore"):
        p = np.exp(logits / temperature)
        p /= p.sum(axis=1, keepdims=True)
    return np.array([rng.choice(len(row), p=row) for row in p])


@EXERCISE.mistake(
    "The temperature divides probabilities, of which a softmax is then taken once more. They lie "
    "between 0 and 1, so even the likeliest stands out little: divide the logits, and take one "
    "softmax."
)
def softmax_of_the_softmax(logits, temperature, rng):
    """softmax(softmax(logits) / temperature)."""
    _check(temperature)
    if temperature == 0:
        return logits.argmax(axis=1)
    p = _weights(logits, 1.0)
    return _sample(_weights(p / p.sum(axis=1, keepdims=True), 1 / temperature), rng)


@EXERCISE.mistake(
    "The noise on the logits is normal. The largest of them is then drawn by other shares than the "
    "softmax's: for those the noise has to be Gumbel's, -log(-log u)."
)
def normal_noise(logits, temperature, rng):
    """argmax of logits + temperature * rng.normal."""
    _check(temperature)
    return np.argmax(logits + temperature * rng.normal(size=logits.shape), axis=1)


@EXERCISE.mistake(
    "At temperature 0 the first character comes, whatever the logits. It needs a line of its own "
    "that gives the likeliest: here the division by 0 ends in NaN, with which no comparison holds."
)
def zero_divided_by(logits, temperature, rng):
    """No case for 0."""
    _check(temperature)
    with np.errstate(all="ignore"):
        shifted = (logits - logits.max(axis=1, keepdims=True)) / np.float64(temperature)
        return _sample(np.exp(shifted), rng)


@EXERCISE.mistake(
    "At temperature 0 characters are still drawn by the softmax: what it means there is the "
    "likeliest one, always."
)
def zero_as_one(logits, temperature, rng):
    """`temperature or 1`."""
    _check(temperature)
    return _sample(_weights(logits, 1 / (temperature or 1.0)), rng)


@EXERCISE.mistake(
    "One draw decides for all rows, so rows that say the same get the same character: draw one "
    "number for each row."
)
def one_draw_for_all(logits, temperature, rng):
    """rng.random()."""
    _check(temperature)
    if temperature == 0:
        return logits.argmax(axis=1)
    ends = np.cumsum(_weights(logits, 1 / temperature), axis=1)
    return np.sum(ends <= rng.random() * ends[:, -1:], axis=1)


@EXERCISE.mistake(
    "The softmax is taken over the rows, axis 0: it belongs to the characters of one row, axis 1."
)
def over_the_batch(logits, temperature, rng):
    """axis=0."""
    _check(temperature)
    if temperature == 0:
        return logits.argmax(axis=1)
    weights = np.exp((logits - logits.max(axis=0)) / temperature)
    return _sample(weights / weights.sum(axis=0), rng)


@EXERCISE.mistake(
    "The largest logit of all rows is taken off each row. In one that lies far below it every exp "
    "is 0, and there is nothing left to draw: take off each row's own largest."
)
def largest_of_all_rows(logits, temperature, rng):
    """logits.max() without an axis."""
    _check(temperature)
    if temperature == 0:
        return logits.argmax(axis=1)
    return _sample(np.exp((logits - logits.max()) / temperature), rng)


@EXERCISE.mistake(
    "The noise on the logits is of the wrong kind: numbers between 0 and 1 give other shares than "
    "the softmax. The largest of logits with noise is a draw by it only if the noise is Gumbel's."
)
def even_noise(logits, temperature, rng):
    """argmax of logits + rng.random."""
    _check(temperature)
    if temperature == 0:
        return logits.argmax(axis=1)
    return np.argmax(logits / temperature + rng.random(logits.shape), axis=1)


@EXERCISE.mistake(
    "The noise on the logits is -log of an even draw, which is one logarithm short of Gumbel's: "
    "-log(-log u). With it the likeliest character comes too often."
)
def noise_of_one_logarithm(logits, temperature, rng):
    """argmax of logits - log u."""
    _check(temperature)
    if temperature == 0:
        return logits.argmax(axis=1)
    return np.argmax(logits / temperature - np.log(rng.random(logits.shape)), axis=1)


@EXERCISE.mistake(
    "All rows are drawn by the logits of the first: each has its own, so its own probabilities."
)
def first_row_for_all(logits, temperature, rng):
    """rng.choice with logits[0]."""
    _check(temperature)
    if temperature == 0:
        return logits.argmax(axis=1)
    return _sample(np.repeat(_weights(logits[:1], 1 / temperature), len(logits), axis=0), rng)


@EXERCISE.mistake(
    "The random numbers don't come from the rng that was passed in, but from some other source, "
    "such as np.random, Python's random or a generator made here: nobody can write your text again."
)
def another_generator(logits, temperature, rng):
    """A generator of its own."""
    return sample_with_temperature(logits, temperature, np.random.default_rng())


@EXERCISE.mistake(
    "The generator is made anew from a fixed seed at each call, so every character of a text is "
    "drawn by the same dart: draw from the rng that was passed in."
)
def always_the_same_dart(logits, temperature, rng):
    """default_rng(0) inside."""
    return sample_with_temperature(logits, temperature, np.random.default_rng(0))


@EXERCISE.mistake(
    "The codes are one too large: they begin at 0, so count the ends below the dart, and don't add "
    "1."
)
def counted_from_one(logits, temperature, rng):
    """ends < dart, plus one; the last code is left where it is."""
    codes = sample_with_temperature(logits, temperature, rng)
    return np.minimum(codes + 1, logits.shape[1] - 1)


@EXERCISE.mistake(
    "What comes back has a number for every character, such as the probabilities, or how often "
    "each was drawn: each row asks for one code, the number of the character that was drawn."
)
def probabilities(logits, temperature, rng):
    """softmax(logits / temperature)."""
    _check(temperature)
    weights = _weights(logits, 1 / (temperature or 1e-9))
    return weights / weights.sum(axis=1, keepdims=True)


@EXERCISE.mistake(
    "A temperature below 0, or one that isn't finite, is silently accepted: raise a ValueError."
)
def anything_goes(logits, temperature, rng):
    """No test of the temperature."""
    if temperature == 0:
        return logits.argmax(axis=1)
    with np.errstate(all="ignore"):
        return _sample(_weights(logits, 1 / temperature), rng)


@EXERCISE.mistake(
    "The temperature comes in as a power of the probabilities, after the exp. Of a logit far below "
    "the largest, the exp is already 0, and so is every power of it: divide the logits instead."
)
def power_after_the_exp(logits, temperature, rng):
    """exp(logits) ** (1 / temperature), the largest logit taken off."""
    _check(temperature)
    if temperature == 0:
        return logits.argmax(axis=1)
    return _sample(_weights(logits, 1.0) ** (1 / temperature), rng)


@EXERCISE.mistake(
    "The probabilities are raised to the power of 1 / temperature. Near temperature 0 that power "
    "is huge and makes all of them 0, so that nothing is left to draw: divide the logits, and then "
    "take the row's largest off, before the exp."
)
def power_of_the_softmax(logits, temperature, rng):
    """softmax(logits) ** (1 / temperature)."""
    _check(temperature)
    if temperature == 0:
        return logits.argmax(axis=1)
    p = _weights(logits, 1.0)
    return _sample((p / p.sum(axis=1, keepdims=True)) ** (1 / temperature), rng)


@EXERCISE.mistake(
    "A small temperature is taken for 0. However small it is, logits that are as close together "
    "leave something to chance: only 0 itself is a case of its own."
)
def small_temperature_for_zero(logits, temperature, rng):
    """np.isclose(temperature, 0)."""
    _check(temperature)
    if np.isclose(temperature, 0):
        return logits.argmax(axis=1)
    return _sample(_weights(logits, 1 / temperature), rng)


@EXERCISE.mistake(
    "A small number is added to the temperature, so that nothing is divided by 0, or the "
    "temperature is kept above one. Where that is all the heat there is, the draw is far too "
    "warm: give 0 a line of its own, and divide by the temperature as it came in."
)
def small_number_added(logits, temperature, rng):
    """temperature + 1e-8."""
    _check(temperature)
    if temperature == 0:
        return logits.argmax(axis=1)
    return _sample(_weights(logits, 1 / (temperature + 1e-8)), rng)


@EXERCISE.mistake(
    "The weights of a row don't add up to 1, and the dart flies from 0 to 1 all the same: divide "
    "them by their sum, or throw the dart from 0 to the last end."
)
def dart_from_0_to_1(logits, temperature, rng):
    """The ends are not those of probabilities."""
    _check(temperature)
    if temperature == 0:
        return logits.argmax(axis=1)
    ends = np.cumsum(_weights(logits, 1 / temperature), axis=1)
    return np.sum(ends <= rng.random((len(ends), 1)), axis=1)


@EXERCISE.mistake(
    "A logit far below 0 has an exp of 0, one far above it an infinite one, and then no end lies "
    "where it should: take each row's largest logit off, which changes no probability."
)
def largest_not_taken_off(logits, temperature, rng):
    """No shift; the dart flies to the last end."""
    _check(temperature)
    if temperature == 0:
        return logits.argmax(axis=1)
    with np.errstate(all="ignore"):
        return _sample(np.exp(logits / temperature), rng)


@EXERCISE.mistake(
    "The largest logit of the whole batch is taken off, and in a row that lies far below it every "
    "weight is 0: 0/0 makes its probabilities NaN. Take off each row's own largest, with axis=1."
)
def no_probabilities_far_below(logits, temperature, rng):
    """logits.max() without an axis, then weights over their sum."""
    _check(temperature)
    if temperature == 0:
        return logits.argmax(axis=1)
    with np.errstate(all="ignore"):
        p = np.exp((logits - logits.max()) / temperature)
        p = p / p.sum(axis=1, keepdims=True)
    return np.sum(np.cumsum(p, axis=1) < rng.random((len(p), 1)), axis=1)


@EXERCISE.mistake(
    "The probabilities are made to add up to 1 down the batch, axis 0, though the logits were "
    "shifted row by row: the characters of one row, axis 1, share one sum."
)
def added_up_over_the_batch(logits, temperature, rng):
    """The row's largest taken off, then divided by the sum over axis 0."""
    _check(temperature)
    if temperature == 0:
        return logits.argmax(axis=1)
    p = _weights(logits, 1 / temperature)
    ends = np.cumsum(p / p.sum(axis=0), axis=1)
    return np.argmax(ends > rng.random((len(p), 1)), axis=1)


@EXERCISE.mistake(
    "The temperature has no effect: logits and noise are both divided by it, and the largest of a "
    "row stays the largest. Divide the logits alone, or multiply the noise."
)
def noise_divided_too(logits, temperature, rng):
    """argmax of (logits + Gumbel's noise) / temperature."""
    _check(temperature)
    if temperature == 0:
        return logits.argmax(axis=1)
    return np.argmax((logits + rng.gumbel(size=logits.shape)) / temperature, axis=1)


@EXERCISE.mistake(
    "All rows are drawn from one distribution, the sum of theirs: each row has logits of its own, "
    "and is drawn by them alone."
)
def one_distribution_for_all(logits, temperature, rng):
    """rng.choice with one p for the whole batch."""
    _check(temperature)
    if temperature == 0:
        return logits.argmax(axis=1)
    weights = np.exp((logits - logits.max()) / temperature).sum(axis=0)
    return rng.choice(len(weights), size=len(logits), p=weights / weights.sum())


@EXERCISE.alternative
def with_choice(logits, temperature, rng):
    """Row by row, by NumPy's own draw."""
    _check(temperature)
    codes = []
    for row in logits:
        if temperature == 0:
            codes.append(int(np.argmax(row)))
            continue
        p = np.exp((row - row.max()) / temperature)
        codes.append(rng.choice(len(row), p=p / p.sum()))
    return np.array(codes)


@EXERCISE.alternative
def with_gumbel_noise(logits, temperature, rng):
    """The largest of the logits with noise on them."""
    _check(temperature)
    return np.argmax(logits + temperature * rng.gumbel(size=logits.shape), axis=1)


@EXERCISE.alternative
def with_powers_in_logarithms(logits, temperature, rng):
    """p to the power of one over the temperature, as a product with the logarithm of p."""
    _check(temperature)
    if temperature == 0:
        return logits.argmax(-1)
    shifted = logits - logits.max(-1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))
    p = np.exp((log_p - log_p.max(-1, keepdims=True)) / temperature)
    return rng.multinomial(1, p / p.sum(-1, keepdims=True)).argmax(-1)
