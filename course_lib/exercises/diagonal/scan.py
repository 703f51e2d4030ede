"""Exercise: the scan."""

import warnings

import numpy as np

from course_lib.exercises.diagonal.cases import turning
from course_lib.exercises.exercise import Arrays, Exercise, Hint, Problem, Rung
from course_lib.exercises.ladder.rungs import by_hand, holds, irregular, matches, shapes
from course_lib.scratch.scan import combine, scan, scan_loop

RETURNS = {"h": "complex"}


def small() -> Arrays:
    """Two sequences, five steps, three units; the first state isn't zero."""
    return {
        "a": irregular(2, 5, 3),
        "b": irregular(2, 5, 3, shift=1),
        "h_0": irregular(2, 3, shift=2),
    }


def four_numbers() -> Arrays:
    """One unit, four steps."""
    return {
        "a": np.array([[[0.5], [0.0], [1.0], [-1.0]]]),
        "b": np.array([[[1.0], [2.0], [3.0], [1.0]]]),
        "h_0": np.array([[8.0]]),
    }


def one_step() -> Arrays:
    """T = 1."""
    given = small()
    return {**given, "a": given["a"][:, :1], "b": given["b"][:, :1]}


def eight_steps() -> Arrays:
    """T = 8, where all halves are whole."""
    return {
        "a": irregular(2, 8, 3),
        "b": irregular(2, 8, 3, shift=1),
        "h_0": irregular(2, 3, shift=2),
    }


def that_turn() -> Arrays:
    """Complex numbers, eight steps: whoever falls here falls over them, not over the number."""
    return {"a": turning(2, 8, 3), "b": turning(2, 8, 3, shift=1), "h_0": turning(2, 3, shift=2)}


def one_complex() -> Arrays:
    """Eight steps of real numbers, and complex ones for one of the three at a time."""
    return {**eight_steps(), "turning": turning(2, 8, 3, shift=4)}


def each_in_turn(function, given: Arrays) -> Arrays:
    """a, b and h_0 complex, one after the other."""
    a, b, h_0, turning = given.values()
    return {
        "h for a complex a": function(turning, b, h_0, combine),
        "h for a complex b": function(a, turning, h_0, combine),
        "h for a complex h_0": function(a, b, turning[:, 0], combine),
    }


def each_by_the_loop(given: Arrays) -> Arrays:
    """The same, by the recurrence."""
    return each_in_turn(lambda a, b, h_0, join: scan_loop(a, b, h_0), given)


def many() -> Arrays:
    """Thirty-three steps: one more than a power of two."""
    return {
        "a": irregular(2, 33, 3),
        "b": irregular(2, 33, 3, shift=1),
        "h_0": irregular(2, 3, shift=2),
    }


def with_combine(function, given: Arrays) -> Arrays:
    """The learner's scan with a right `combine`."""
    return {"h": function(*given.values(), combine)}


def in_pieces(function, given: Arrays) -> Arrays:
    """The last state of one piece is the first of the next."""
    a, b, h_0 = given.values()
    early = function(a[:, :3], b[:, :3], h_0, combine)
    late = function(a[:, 3:], b[:, 3:], early[:, -1], combine)
    whole = function(a, b, h_0, combine)
    return {"h": whole, "h expected": np.concatenate([early, late], axis=1)}


def counted(function, given: Arrays) -> Arrays:
    """How often it joined spans, of all the steps and of the first alone."""
    first = {**given, "a": given["a"][:, :1], "b": given["b"][:, :1]}
    h, calls = _calls(function, given)
    return {"h": h, "calls": calls, "calls for one step": _calls(function, first)[1]}


def _calls(function, given: Arrays) -> tuple[np.ndarray, int]:
    """The states and how often it joined; the same spans once, as a sandbox may run it again."""
    calls = set()

    def join(first, second):
        calls.add(b"".join(np.ascontiguousarray(one).tobytes() for one in (*first, *second)))
        return combine(first, second)

    return function(*given.values(), join), len(calls)


def few_calls(given: Arrays, outputs: Arrays) -> Problem | None:
    """At least one, at most 2 log2(T)."""
    T = given["b"].shape[1]
    most = int(np.ceil(2 * np.log2(T)))
    calls = int(outputs["calls"])
    if calls == 0:
        return Problem(
            "The states are right, but join was never called: whoever hands in another join would "
            "be ignored. Make the states out of spans, and let join make the spans."
        )
    if calls > most:
        return Problem(
            f"For {T} steps join was called {calls} times; 2 log2(T), rounded up, is {most}. Join "
            "many pairs of spans in one call: whole slices, not single steps."
        )
    if int(outputs["calls for one step"]):
        return Problem(
            "The states are right, but with T = 1 join was called, and 2 log2(1) is 0: one step "
            "has no neighbour to be joined with."
        )
    return None


def step_by_step(given: Arrays) -> Arrays:
    """The recurrence as it stands."""
    return {"h": scan_loop(*given.values())}


EXERCISE = Exercise(
    reference=scan,
    title="The scan",
    goal="Get all states of a sequence in a few rounds, where a loop takes a step for each.",
    difficulty=2,
    minutes=35,
    returns=RETURNS,
    uses=("combine",),
    ladder=(
        shapes(small, with_combine, h=(2, 5, 3)),
        matches("one step alone", one_step, step_by_step, "With T = 1:", with_combine),
        by_hand(
            four_numbers,
            how="0.5 × 8 + 1 = 5;  0 × 5 + 2 = 2;  1 × 2 + 3 = 5;  -1 × 5 + 1 = -4",
            call=with_combine,
            h=np.array([[[5.0], [2.0], [5.0], [-4.0]]]),
        ),
        matches("eight steps", eight_steps, step_by_step, "With T = 8:", with_combine),
        matches(
            "numbers that turn", that_turn, step_by_step, "With complex numbers:", with_combine
        ),
        matches(
            "real and complex numbers together",
            one_complex,
            each_by_the_loop,
            "With one of a, b and h_0 complex, the others real:",
            each_in_turn,
        ),
        holds(
            "two pieces are one",
            small,
            in_pieces,
            "Cut after three steps, with the state handed on, it must give the same states.",
        ),
        matches("any number of steps", many, step_by_step, "With T = 33:", with_combine),
        Rung("few rounds for eight steps", eight_steps, few_calls, counted),
        Rung("few rounds for thirty-three steps", many, few_calls, counted),
    ),
    equivalent={
        "…np.result_type(a, b, h_0) -> …np.result_type(b, a, h_0)": "the order doesn't matter",
        "np.result_type(a, b, h_0) -> np.result_type(a, h_0, b)": "the order doesn't matter",
        "scan(a, b, h_0, join=combine): -> scan(a, b, h_0, join):": (
            "the first line stands in the stub, and the checks name what joins"
        ),
    },
    promises={
        "Any of a, b": "real and complex numbers together",
        "a, b: shape": "it runs, and the shapes are right",
        "a, b: T is 1 or more": "one step alone",
        "h_0: state": "two pieces are one",
        "join: joins two": "any number of steps",
        "join: works on": "scaffold: combine does, and the notebook's stands above",
        "join: It is called": ("few rounds for eight steps", "few rounds for thirty-three steps"),
        "h: states": "any number of steps",
    },
    hints=(
        Hint(
            "Where is the parallelism? Each state needs the one before.",
            "Each *state* does, but a span of two steps needs no state: it is made from a and b "
            "alone. How many spans of two can you make at the same time? And then, of four?",
        ),
        Hint(
            "Draw it for four steps.",
            "Write the steps 1 2 3 4 in a row. In round one every entry but the first is joined "
            "with its left neighbour: 1, 1-2, 2-3, 3-4. In round two every entry is joined with "
            "the one two places to its left: what is each entry now? Who is left alone?",
            fits=(
                "later before earlier",
                "reach plus one",
                "one round short",
                "rounds rounded down",
                "rounds rounded down start last",
                "reach plus one start last",
                "neighbours only",
                "from large to small",
                "eight steps",
                "any number of steps",
            ),
        ),
        Hint(
            "What do I do with the state before the first step?",
            "It acts through the first step only. Put that share into the first step's b, and "
            "begin from nothing.",
            fits=(
                "start state ignored",
                "start state whole",
                "start state added everywhere",
                "one step alone",
            ),
        ),
        Hint(
            "Show me the recipe.",
            "Make copies A, B of a, b, in the dtype of all three, `np.result_type(a, b, h_0)`; "
            "`B[:, 0] += A[:, 0] * h_0`. With reach = 1, 2, 4, … as long as it is below T: "
            "`A[:, reach:], B[:, reach:] = join((A[:, :-reach], B[:, :-reach]), (A[:, reach:], "
            "B[:, reach:]))`. At the end B holds the states.",
        ),
    ),
)


def _rounds(a, b, h_0, join, begin=None, grow=lambda reach: 2 * reach, stop=None, swap=False):
    """The reference with one of its parts replaced; for mistakes."""
    return _spans(a, b, h_0, join, begin, grow, stop, swap)[1]


def _start_last(a, b, h_0, join, **parts):
    """The same from zero; the start goes through each finished span."""
    A, B = _spans(a, b, h_0, join, begin=lambda a, h_0: 0 * h_0, **parts)
    return A * h_0[:, None] + B


def _spans(a, b, h_0, join, begin=None, grow=lambda reach: 2 * reach, stop=None, swap=False):
    dtype = np.result_type(a, b, h_0)
    A, B = a.astype(dtype), b.astype(dtype)
    B[:, 0] += a[:, 0] * h_0 if begin is None else begin(a, h_0)
    T, reach = b.shape[1], 1
    while reach < (T if stop is None else stop(T)):
        earlier, later = (A[:, :-reach], B[:, :-reach]), (A[:, reach:], B[:, reach:])
        A[:, reach:], B[:, reach:] = join(later, earlier) if swap else join(earlier, later)
        reach = grow(reach)
    return A, B


def _rounded_down(T):
    """The distance at which int(log2(T)) rounds are over."""
    return 2 ** int(np.log2(T))


@EXERCISE.mistake(
    "The state before the first step has no effect: it comes in through the first step, as "
    "a_1 h_0, and from there through all others."
)
def start_state_ignored(a, b, h_0, join):
    """From zero."""
    return _rounds(a, b, h_0, join, begin=lambda a, h_0: 0 * h_0)


@EXERCISE.mistake(
    "The state before the first step is added as it is: the first step keeps only its share a_1 of "
    "it."
)
def start_state_whole(a, b, h_0, join):
    """b_1 + h_0."""
    return _rounds(a, b, h_0, join, begin=lambda a, h_0: h_0)


@EXERCISE.mistake(
    "The state before the first step comes in at every step, as a_t h_0: it acts on the first "
    "state alone, and reaches the later ones through that."
)
def start_state_at_every_step(a, b, h_0, join):
    """b_t + a_t h_0."""
    return _rounds(a, b + a * h_0[:, None], h_0, join, begin=lambda a, h_0: 0 * h_0)


@EXERCISE.mistake(
    "The spans are moved along by np.roll, which puts the last ones before the first, as if time "
    "were a ring: the first entries have nothing before them, and stay as they are."
)
def rolled_round(a, b, h_0, join):
    """join((np.roll(a, reach, 1), np.roll(b, reach, 1)), (a, b))."""
    A, B = a, b
    reach = 1
    while reach < b.shape[1]:
        A, B = join((np.roll(A, reach, axis=1), np.roll(B, reach, axis=1)), (A, B))
        reach *= 2
    return A * h_0[:, None] + B


@EXERCISE.mistake(
    "Of the joint spans only b is kept, and a stays that of a single step: in the next round a "
    "span needs the joint a as well, so keep both results of join."
)
def joint_factors_thrown_away(a, b, h_0, join):
    """_, B = join(…)."""
    A = a.astype(np.result_type(a, b, h_0))
    B = b.astype(A.dtype)
    B[:, 0] += a[:, 0] * h_0
    reach = 1
    while reach < b.shape[1]:
        _, B[:, reach:] = join((A[:, :-reach], B[:, :-reach]), (A[:, reach:], B[:, reach:]))
        reach *= 2
    return B


@EXERCISE.mistake(
    "Earlier and later are handed to join the wrong way round: what comes first in time is the "
    "first argument."
)
def later_before_earlier(a, b, h_0, join):
    """join(later, earlier)."""
    return _rounds(a, b, h_0, join, swap=True)


@EXERCISE.mistake(
    "The distance grows by one in each round: after a round the spans are twice as long, so a "
    "neighbour one farther overlaps, and steps are counted twice. Double it."
)
def reach_plus_one(a, b, h_0, join):
    """1, 2, 3, …"""
    return _rounds(a, b, h_0, join, grow=lambda reach: reach + 1)


@EXERCISE.mistake(
    "A round is missing at the end: while the distance is below T, some spans don't reach back to "
    "the first step yet."
)
def one_round_short(a, b, h_0, join):
    """Until T / 2."""
    return _rounds(a, b, h_0, join, stop=lambda T: T / 2)


@EXERCISE.mistake(
    "The distance stays at one: from the second round on, neighbouring spans overlap, and some "
    "steps are counted twice. Look twice as far in each round."
)
def neighbours_only(a, b, h_0, join):
    """log T rounds, all with the left neighbour."""
    A, B = a.astype(np.result_type(a, b, h_0)), b.astype(np.result_type(a, b, h_0))
    B[:, 0] += a[:, 0] * h_0
    for _ in range(int(np.ceil(np.log2(max(2, b.shape[1]))))):
        A[:, 1:], B[:, 1:] = join((A[:, :-1], B[:, :-1]), (A[:, 1:], B[:, 1:]))
    return B


@EXERCISE.mistake(
    "The states are right, but join is called T - 1 times, so nothing is done at once: whether it "
    "is a loop or halves of halves, all pairs of a round belong in one call, as slices."
)
def one_step_after_the_other(a, b, h_0, join):
    """T - 1 calls."""
    h = (a * 0 + b + 0 * h_0[:, None]).astype(np.result_type(a, b, h_0))
    span = (a[:, 0], a[:, 0] * h_0 + b[:, 0])
    h[:, 0] = span[1]
    for t in range(1, b.shape[1]):
        span = join(span, (a[:, t], b[:, t]))
        h[:, t] = span[1]
    return h


@EXERCISE.mistake(
    "The states are right, but join is never called: whoever hands in another join would be "
    "ignored. Make the states out of spans, and let join make the spans."
)
def without_join(a, b, h_0, join):
    """The recurrence as it stands."""
    return scan_loop(a, b, h_0)


@EXERCISE.mistake(
    "The start is written into b itself, which belongs to the caller: make a copy, and write into "
    "that."
)
def start_written_into_the_argument(a, b, h_0, join):
    """No copy."""
    A, reach = a.astype(np.result_type(a, b, h_0)), 1
    b[:, 0] += a[:, 0] * h_0
    while reach < b.shape[1]:
        earlier, later = (A[:, :-reach], b[:, :-reach]), (A[:, reach:], b[:, reach:])
        A[:, reach:], b[:, reach:] = join(earlier, later)
        reach *= 2
    return b


@EXERCISE.mistake(
    "join is called even if there is but one step, where 2 log2(T) is 0: let h_0 come in through "
    "the first step's b, not as a span of its own, and join only while two spans are left."
)
def start_state_as_a_span(a, b, h_0, join):
    """T + 1 spans, the first of which is (0, h_0)."""
    dtype = np.result_type(a, b, h_0)
    A = np.concatenate([np.zeros_like(a[:, :1]), a], axis=1).astype(dtype)
    B = np.concatenate([h_0[:, None], b], axis=1).astype(dtype)
    reach = 1
    while reach < B.shape[1]:
        earlier, later = (A[:, :-reach], B[:, :-reach]), (A[:, reach:], B[:, reach:])
        A[:, reach:], B[:, reach:] = join(earlier, later)
        reach *= 2
    return B[:, 1:]


@EXERCISE.mistake(
    "log2(T) rounds, rounded down, are too few: where T is no power of two, the last round is "
    "missing, and the latest states know nothing of the first steps. Go on while the distance is "
    "below T."
)
def rounds_rounded_down(a, b, h_0, join):
    """int(np.log2(T)) rounds."""
    return _rounds(a, b, h_0, join, stop=_rounded_down)


@EXERCISE.mistake(
    "The number of rounds is log2(T), rounded down: right for 4 and 8 steps, one round too few for "
    "5 or 7. Round it up, or go on while the distance is below T."
)
def rounds_rounded_down_start_last(a, b, h_0, join):
    """The same, with h_0 put in at the end."""
    return _start_last(a, b, h_0, join, stop=_rounded_down)


@EXERCISE.mistake(
    "Each round looks one step farther than the one before: but the spans have doubled, so "
    "neighbours overlap and some steps are counted twice. The distance has to double too."
)
def reach_plus_one_start_last(a, b, h_0, join):
    """1, 2, 3, …, with h_0 put in at the end."""
    return _start_last(a, b, h_0, join, grow=lambda reach: reach + 1)


@EXERCISE.mistake(
    "What comes in is divided by the product of all factors so far, to be multiplied by a later "
    "one: where a factor is 0, or the product too small for a float, that is no number. Join spans "
    "instead, which only multiplies."
)
def divided_by_products(a, b, h_0, join):
    """cumprod, and a cumulative sum; no joining at all."""
    with np.errstate(all="ignore"):
        products = np.cumprod(a, axis=1)
        return products * (h_0[:, None] + np.cumsum(b / products, axis=1))


@EXERCISE.mistake(
    "The state before the first step is added to every state as it is: of it a state keeps the "
    "product of all factors so far. A holds that at the end, so it is A h_0 that is added."
)
def start_state_added_everywhere(a, b, h_0, join):
    """B + h_0."""
    return _rounds(a, b, h_0, join, begin=lambda a, h_0: 0 * h_0) + h_0[:, None]


@EXERCISE.mistake(
    "The state before the first step stands in front of the others: what is returned begins with "
    "h_1, and has T states."
)
def start_state_in_front(a, b, h_0, join):
    """h_0 … h_T."""
    return np.concatenate([h_0[:, None], _rounds(a, b, h_0, join)], axis=1)


@EXERCISE.mistake(
    "What join gives is written into copies of a and b, and where one of them is real its copy is "
    "too: the imaginary parts are lost. Give both the dtype np.result_type(a, b, h_0), or make new "
    "arrays of what comes out."
)
def copies_of_their_own_dtype(a, b, h_0, join):
    """A, B = a.copy(), b.copy()."""
    A, B, reach = a.copy(), b.copy(), 1
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that the imaginary parts are lost
        while reach < b.shape[1]:
            earlier, later = (A[:, :-reach], B[:, :-reach]), (A[:, reach:], B[:, reach:])
            A[:, reach:], B[:, reach:] = join(earlier, later)
            reach *= 2
    return A * h_0[:, None] + B


@EXERCISE.mistake(
    "b is given the dtype of a: where a is real and b is not, the imaginary part of b is lost."
)
def dtype_of_a_for_b(a, b, h_0, join):
    """b.astype(a.dtype)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        b = b.astype(a.dtype)
    return _rounds(a, b, h_0, join)


@EXERCISE.mistake(
    "The distances go from large to small: an entry that is joined with one far to its left, "
    "before both have grown, leaves out what lies between. Begin with neighbours, and double."
)
def from_large_to_small(a, b, h_0, join):
    """T // 2, T // 4, …, 1."""
    A, B = a.astype(np.result_type(a, b, h_0)), b.astype(np.result_type(a, b, h_0))
    B[:, 0] += a[:, 0] * h_0
    reach = b.shape[1] // 2
    while reach:
        earlier, later = (A[:, :-reach], B[:, :-reach]), (A[:, reach:], B[:, reach:])
        A[:, reach:], B[:, reach:] = join(earlier, later)
        reach //= 2
    return B


@EXERCISE.alternative
def pairs_first(a, b, h_0, join):
    """A tree: join pairs, scan them, and put in what lies between; 2 log2(T) calls."""

    def spans(A, B):
        T = B.shape[1]
        if T == 1:
            return A, B
        even, odd = (A[:, :-1:2], B[:, :-1:2]), (A[:, 1::2], B[:, 1::2])
        pairs = spans(*join(even, odd))
        out = tuple(np.array(one) for one in (A, B))
        for one, pair in zip(out, pairs, strict=True):
            one[:, 1::2] = pair
        rest = B[:, 2::2].shape[1]
        if rest:
            before = tuple(pair[:, :rest] for pair in pairs)
            out[0][:, 2::2], out[1][:, 2::2] = join(before, (A[:, 2::2], B[:, 2::2]))
        return out

    dtype = np.result_type(a, b, h_0)
    A, B = spans(a.astype(dtype), b.astype(dtype))
    return A * h_0[:, None] + B


@EXERCISE.alternative
def padded_with_steps_that_do_nothing(a, b, h_0, join):
    """A step (1, 0) before the first lets every entry have a neighbour."""
    A, B, reach, T = a, b, 1, b.shape[1]
    while reach < T:
        before_A = np.concatenate([np.ones_like(A[:, :reach]), A[:, : T - reach]], axis=1)
        before_B = np.concatenate([np.zeros_like(B[:, :reach]), B[:, : T - reach]], axis=1)
        A, B = join((before_A, before_B), (A, B))
        reach *= 2
    return A * h_0[:, None, :] + B
