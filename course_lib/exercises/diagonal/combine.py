"""Exercise: two spans of steps as one."""

import numpy as np

from course_lib.exercises.diagonal.cases import turning
from course_lib.exercises.exercise import Arrays, Exercise, Hint
from course_lib.exercises.ladder.rungs import by_hand, holds, irregular, matches, shapes
from course_lib.scratch.scan import combine

RETURNS = {"a": "complex", "b": "complex"}


def small() -> Arrays:
    """Spans for a batch of two, three places and four units, one of which forgets all at once."""
    kept = irregular(2, 3, 4)
    kept[1, 2, 3] = 0.0
    return {
        "first": (kept, irregular(2, 3, 4, shift=1)),
        "second": (irregular(2, 3, 4, shift=2), irregular(2, 3, 4, shift=3)),
    }


def one_number() -> Arrays:
    """Halve and add 1; then treble and add 5."""
    return {
        "first": (np.array([0.5]), np.array([1.0])),
        "second": (np.array([3.0]), np.array([5.0])),
    }


def three_spans() -> Arrays:
    """Three spans in a row, of numbers that turn, and a state before them."""
    spans = [(turning(2, 3, shift=i), turning(2, 3, shift=i + 7)) for i in range(3)]
    return {"spans": spans, "h": turning(2, 3, shift=20)}


def through_both(function, given: Arrays) -> Arrays:
    """A state through the joint span of the first two."""
    first, second, _ = given["spans"]
    a, b = function(first, second)
    return {"h": a * given["h"] + b}


def one_after_the_other(given: Arrays) -> Arrays:
    """The state through one span, and then through the next."""
    h = given["h"]
    for a, b in given["spans"][:2]:
        h = a * h + b
    return {"h": h}


def both_groupings(function, given: Arrays) -> Arrays:
    """The first two joined first, or the last two."""
    first, second, third = given["spans"]
    a, b = function(function(first, second), third)
    other_a, other_b = function(first, function(second, third))
    return {"a": a, "b": b, "a expected": other_a, "b expected": other_b}


def by_definition(given: Arrays) -> Arrays:
    """Entry by entry: where the states 0 and 1 come to."""
    (a_1, b_1), (a_2, b_2) = given["first"], given["second"]
    from_0 = a_2 * (a_1 * 0 + b_1) + b_2
    from_1 = a_2 * (a_1 * 1 + b_1) + b_2
    return {"a": from_1 - from_0, "b": from_0}


EXERCISE = Exercise(
    reference=combine,
    title="Two steps are one step",
    goal="Replace two spans of steps by one that does the same to every state.",
    difficulty=1,
    minutes=10,
    returns=RETURNS,
    single=True,
    ladder=(
        shapes(small, a=(2, 3, 4), b=(2, 3, 4)),
        by_hand(
            one_number,
            how="from h, the first leaves 0.5 h + 1; the second 3 (0.5 h + 1) + 5 = 1.5 h + 8",
            a=np.array([1.5]),
            b=np.array([8.0]),
        ),
        matches(
            "a state goes through the joint span as through the two",
            three_spans,
            one_after_the_other,
            "One after the other, the two spans take the state elsewhere.",
            through_both,
        ),
        holds(
            "of three spans it doesn't matter which two are joined first",
            three_spans,
            both_groupings,
            "Joined in another grouping, the same three spans must do the same.",
        ),
        matches("equal to the definition, entry by entry", small, by_definition),
    ),
    promises={
        "A span is a pair": "a case small enough to do by hand",
        "first: the earlier": "it runs, and the shapes are right",
        "second: the span": "it runs, and the shapes are right",
        "a, b: the span": "a state goes through the joint span as through the two",
    },
    hints=(
        Hint(
            "What do I have to find?",
            "Send a state h through the first span, and what comes out through the second. You "
            "get some number times h, and something that doesn't depend on h. What are the two?",
        ),
        Hint(
            "Which of the two b is multiplied by what?",
            "Draw the two spans as boxes in a row. What the first adds still has to pass through "
            "the second box. What the second adds comes last, and passes through nothing.",
            fits=(
                "second goes first",
                "b only added",
                "second b lost",
                "own a twice",
                "joint a for b",
                "second b multiplied",
            ),
        ),
        Hint(
            "How do I get a pair out of the picture?",
            "Follow the state and what was added apart. The state passes through both spans, and "
            "each multiplies it. What the first span adds passes through one span more, the "
            "second. What the second span adds passes through nothing more. Each of these journeys "
            "is a product, and those that don't begin with the state add up.",
        ),
        Hint(
            "Show me the recipe.",
            "a is the product of both a. b is the second a times the first b, plus the second b.",
        ),
    ),
)


@EXERCISE.mistake(
    "The joint a is made of the first span's a and b: each span is a pair, (a, b), and the joint a "
    "is the product of both a. `(a_1, a_2), (b_1, b_2) = first, second` would mix them up so."
)
def unpacked_across(first, second):
    """(a_1, a_2), (b_1, b_2) = first, second."""
    (a_1, a_2), (b_1, b_2) = first, second
    return a_1 * a_2, b_2 + a_2 * b_1


@EXERCISE.mistake(
    "The order is turned round: what the first span adds passes through the second one, so it is "
    "the first b that is multiplied, by the second a."
)
def second_goes_first(first, second):
    """combine(second, first)."""
    return combine(second, first)


@EXERCISE.mistake(
    "The two b are only added: what the first span adds is there before the second one begins, so "
    "the second one's a is applied to it as well."
)
def b_only_added(first, second):
    """b + b'."""
    return first[0] * second[0], first[1] + second[1]


@EXERCISE.mistake("The a are added: a state that is multiplied twice is multiplied by the product.")
def a_added(first, second):
    """a + a'."""
    return first[0] + second[0], second[0] * first[1] + second[1]


@EXERCISE.mistake(
    "What the second span adds is missing: it comes in after the multiplication, as it is."
)
def second_b_lost(first, second):
    """a' b."""
    return first[0] * second[0], second[0] * first[1]


@EXERCISE.mistake(
    "The first b is multiplied by the a of its own span: it came in after that multiplication. It "
    "is the second span's a that it still has to pass."
)
def own_a_twice(first, second):
    """a b + b'."""
    return first[0] * second[0], first[0] * first[1] + second[1]


@EXERCISE.mistake(
    "The second b is multiplied too: a (b + b') would be right if it came in before the second "
    "multiplication, but it comes after it."
)
def second_b_multiplied(first, second):
    """a' (b + b')."""
    return first[0] * second[0], second[0] * (first[1] + second[1])


@EXERCISE.mistake(
    "The first b is multiplied by the joint a: it came in after the first span's multiplication, "
    "so only the second span's a is still to come. (Was a overwritten before b was made?)"
)
def joint_a_for_b(first, second):
    """a a' b + b'."""
    return first[0] * second[0], first[0] * second[0] * first[1] + second[1]


@EXERCISE.mistake(
    "It is the second b that is multiplied, by the a of its own span: it comes in after that "
    "multiplication. What the second a still multiplies is the first b."
)
def own_a_on_the_second_b(first, second):
    """b + a' b'."""
    return first[0] * second[0], first[1] + second[0] * second[1]


@EXERCISE.mistake(
    "The first b is multiplied by both a and divided by the first: where that is 0 there is no "
    "answer. Multiply by the second a alone."
)
def divided_again(first, second):
    """(a a') (b / a) + b'."""
    a = first[0] * second[0]
    with np.errstate(all="ignore"):
        return a, a / first[0] * first[1] + second[1]


@EXERCISE.alternative
def with_matrices(first, second):
    """Each span as a matrix that acts on (h, 1), multiplied."""
    one, two = (
        np.stack([np.stack([a, b], -1), np.stack([0 * a, 0 * b + 1], -1)], -2)
        for a, b in (first, second)
    )
    product = two @ one
    return product[..., 0, 0], product[..., 0, 1]


@EXERCISE.alternative
def by_where_zero_and_one_come_to(first, second):
    """Two states are enough to know a line."""

    def after(h):
        for a, b in (first, second):
            h = a * h + b
        return h

    zero = after(np.zeros_like(first[1]))
    return after(np.ones_like(first[1])) - zero, zero
