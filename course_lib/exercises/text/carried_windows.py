"""Exercise, a bug hunt: windows whose state belongs to another piece of the text."""

import numpy as np

from course_lib.exercises.exercise import Arrays, Exercise, Hint
from course_lib.exercises.ladder.rungs import by_hand, holds, matches, refuses, shapes
from course_lib.scratch.text import carried_windows


def text_of(length: int) -> np.ndarray:
    """So many codes, no two alike for up to 997 of them, in no order."""
    return 17 * np.arange(length) % 997


def some() -> Arrays:
    """Two lanes, three windows of four; five characters are left over, beside the last one."""
    return {"codes": text_of(30), "lanes": 2, "window": 4}


def thirteen() -> Arrays:
    """Thirteen characters in two lanes and windows of three: the last is only predicted."""
    return {"codes": np.arange(10, 23), "lanes": 2, "window": 3}


def many_lanes() -> Arrays:
    """More lanes than windows."""
    return {"codes": text_of(67), "lanes": 5, "window": 4}


def one_lane() -> Arrays:
    """A single lane."""
    return {"codes": text_of(21), "lanes": 1, "window": 5}


def one_each() -> Arrays:
    """Three lanes of a single character: the smallest text that suffices."""
    return {"codes": text_of(4), "lanes": 3, "window": 1}


def no_next() -> Arrays:
    """As many characters as two lanes of three windows: the last one has nothing after it."""
    return {"codes": text_of(24), "lanes": 2, "window": 4}


def longer() -> Arrays:
    """A text that is given by its length, so that any other sizes will do as well."""
    return {"length": 400, "lanes": 3, "window": 5}


def too_short() -> Arrays:
    """Texts that don't suffice, one of them by a character."""
    return {"lengths": [8, 5, 1, 0]}


def by_index(given: Arrays) -> Arrays:
    """Every character, by its place in the text."""
    codes, lanes, window = given.values()
    windows = (len(codes) - 1) // (lanes * window)
    k, lane, t = np.ogrid[:windows, :lanes, :window]
    place = lane * windows * window + k * window + t
    return {"x": codes[place], "y": codes[place + 1]}


def of_length(function, given: Arrays) -> Arrays:
    """The windows of a text of that length."""
    x, y = function(text_of(given["length"]), given["lanes"], given["window"])
    return {"x": np.asarray(x), "y": np.asarray(y)}


def by_length(given: Arrays) -> Arrays:
    """What they should be."""
    return by_index({**given, "length": text_of(given["length"])})


def where_they_go_on(function, given: Arrays) -> Arrays:
    """How each window but the first begins, beside what the one before had to predict last."""
    x, y = function(*given.values())
    return {
        "first character of windows 1, 2, …": np.asarray(x)[1:, :, 0],
        "first character of windows 1, 2, … expected": np.asarray(y)[:-1, :, -1],
    }


def of_lengths(given: Arrays) -> dict[str, tuple]:
    """A call for each length."""
    return {f"{length} characters": (np.arange(length), 2, 4) for length in given["lengths"]}


EXERCISE = Exercise(
    reference=carried_windows,
    title="Windows with a memory",
    goal="Cut a text into windows so that the state after one is the right one to begin the next.",
    difficulty=2,
    minutes=15,
    returns={"x": "array", "y": "array"},
    ladder=(
        shapes(some, x=(3, 2, 4), y=(3, 2, 4)),
        by_hand(
            thirteen,
            how="twelve of the thirteen characters can be read, six in a lane, three at a time:\n"
            "lane 0 reads 10 11 12, then 13 14 15; lane 1 reads 16 17 18, then 19 20 21\n"
            "x = [[10 11 12], [16 17 18]], [[13 14 15], [19 20 21]], and y is one further",
            x=np.array([[[10, 11, 12], [16, 17, 18]], [[13, 14, 15], [19, 20, 21]]]),
            y=np.array([[[11, 12, 13], [17, 18, 19]], [[14, 15, 16], [20, 21, 22]]]),
        ),
        holds(
            "each lane goes on where it ended",
            many_lanes,
            where_they_go_on,
            "What a lane reads first in a window is what it had to predict last in the one before.",
        ),
        matches("many lanes, few windows", many_lanes, by_index),
        matches("a single lane reads the text as it stands", one_lane, by_index),
        matches("a longer text", longer, by_length, call=of_length),
        matches("a character a lane is enough", one_each, by_index),
        matches(
            "the last character has nothing after it",
            no_next,
            by_index,
            "24 characters in 2 lanes and windows of 4: there are 23 with a next one.",
        ),
        matches("what is left over is dropped, and no more", some, by_index),
        refuses(
            "a text that is too short is refused",
            too_short,
            of_lengths,
            "are too few for a window of 4 in each of 2 lanes and one character more to predict, "
            "and no ValueError says so.",
        ),
    ),
    promises={
        "The text is cut": "a case small enough to do by hand",
        "So the state": "each lane goes on where it ended",
        "codes: the text": "a case small enough to do by hand",
        "lanes: how many": "many lanes, few windows",
        "window: characters": "it runs, and the shapes are right",
        "x: what the network": "it runs, and the shapes are right",
        "In every lane": "each lane goes on where it ended",
        "y: what it should": "a case small enough to do by hand",
        "What is left": (
            "what is left over is dropped, and no more",
            "the last character has nothing after it",
        ),
        "ValueError": "a text that is too short is refused",
    },
    hints=(
        Hint(
            "I can't see anything wrong: every window is a piece of the text.",
            "It is. But look at *two* windows. Call it with `np.arange(13)`, two lanes and a "
            "window of 3, and print `x[0]` and `x[1]`. The state of row 0 has just read `x[0, 0]`. "
            "What will it read next, and what should it?",
        ),
        Hint(
            "Where should a lane's text lie?",
            "Imagine two people who read one book, one from page 1 and one from the middle. Each "
            "reads a page, then both turn over. Draw which pages are open at the same time.",
            fits=(
                "interleaved",
                "a rest for each lane",
                "windows overlap",
                "window on the first axis",
            ),
        ),
        Hint(
            "How do I get there with reshape?",
            "`reshape` fills the last axis first, then the one before. The text has to fill a "
            "whole lane before the next one begins, so in which order must lane, window and "
            "character stand while you reshape? Then `transpose` brings them into the order that "
            "is wanted.",
            fits=("lanes first", "y in another order", "it runs, and the shapes are right"),
        ),
    ),
)


def _cut(codes, lanes, window, following=1, order=(1, 0, 2), windows=None):
    """The windows with one of their parts replaced; for mistakes."""
    if windows is None:
        windows = (len(codes) - 1) // (lanes * window)
    if windows < 1:
        raise ValueError("Too short.")
    used = lanes * windows * window
    shape = (lanes, windows, window)
    x = codes[:used].reshape(shape).transpose(order)
    y = np.roll(codes, -following)[:used].reshape(shape).transpose(order)
    return x, y


@EXERCISE.hunt(
    "Still the old symptom: every window is a piece of the text, and y is what follows, but a "
    "network that carries its state from window to window learns no more by it than one that "
    "begins each window with a state of zero."
)
def windows_side_by_side(codes, lanes, window):
    """Cut a text into windows for a network whose state is carried over.

    The text is cut into `lanes` pieces of equal length, which are read side
    by side, each from its beginning to its end, `window` characters at a
    time. So the state that a lane has after one window is the right one to
    begin the next with.

    Args:
        codes: the text, shape (T,), one integer a character.
        lanes: how many pieces are read side by side.
        window: characters of a window, K.

    Returns:
        x: what the network reads, shape (windows, lanes, K). In every lane,
            window k + 1 goes on where window k ended.
        y: what it should predict, same shape: the character that follows
            each one of x in the text.
            What is left at the end of the text and fills no window in every
            lane is dropped, as little as there can be.

    Raises:
        ValueError: the text is too short for one window in every lane.
    """
    steps = (len(codes) - 1) // (lanes * window) * window
    if steps <= 0:
        raise ValueError(
            f"A text of {len(codes)} characters has no window of {window} for "
            f"each of {lanes} lanes, and one more to predict."
        )
    used = lanes * steps
    x, y = codes[:used], codes[1 : used + 1]
    shape = (steps // window, lanes, window)
    return x.reshape(shape), y.reshape(shape)


@EXERCISE.mistake(
    "The first two axes are in the wrong order: put windows first, so that `for x, y in zip(...)` "
    "goes through time."
)
def lanes_first(codes, lanes, window):
    """No transpose."""
    return _cut(codes, lanes, window, order=(0, 1, 2))


@EXERCISE.mistake(
    "A lane reads every lanes-th character of the text: each lane has a piece of its own, with its "
    "characters side by side as they are in the text."
)
def interleaved(codes, lanes, window):
    """reshape(steps, lanes)."""
    _cut(codes, lanes, window)
    windows = (len(codes) - 1) // (lanes * window)
    used = lanes * windows * window
    shape = (windows, window, lanes)
    return tuple(
        one.reshape(shape).transpose(0, 2, 1) for one in (codes[:used], codes[1 : used + 1])
    )


@EXERCISE.mistake(
    "Neighbours in a window are not neighbours in the text: the reshape has the characters of a "
    "window on its first axis, which moves in the largest steps. They belong on its last."
)
def window_on_the_first_axis(codes, lanes, window):
    """reshape(window, lanes, windows), turned round."""
    _cut(codes, lanes, window)
    windows = (len(codes) - 1) // (lanes * window)
    used = lanes * windows * window
    shape = (window, lanes, windows)
    return tuple(
        one.reshape(shape).transpose(2, 1, 0) for one in (codes[:used], codes[1 : used + 1])
    )


@EXERCISE.mistake(
    "y is x: the network is asked for the character that it has just read. Ask for the next one."
)
def nothing_to_predict(codes, lanes, window):
    """y = x."""
    return _cut(codes, lanes, window, following=0)


@EXERCISE.mistake(
    "y is the character before, not the one after: shift the text to the other side, or return x "
    "before y."
)
def the_one_before(codes, lanes, window):
    """codes[:-1] and codes[1:] mixed up."""
    windows = (len(codes) - 1) // (lanes * window)
    x, y = _cut(codes, lanes, window, windows=windows)
    return y, x


@EXERCISE.mistake(
    "At the end of each window y is that window's first character, as if a window were a ring, "
    "which np.roll makes of it. What follows the last character of a window is the first of the "
    "next; shift the text before you cut it."
)
def rolled_inside_a_window(codes, lanes, window):
    """np.roll(x, -1, axis=2)."""
    x, _ = _cut(codes, lanes, window)
    return x, np.roll(x, -1, axis=2)


@EXERCISE.mistake(
    "A character is lost between two windows: pieces of K + 1 give K characters to read and K to "
    "predict, but the last one of a piece is never read. The next window has to begin with it."
)
def pieces_of_one_more(codes, lanes, window):
    """K + 1 characters a piece."""
    windows = (len(codes) - 1) // (lanes * window)
    if windows < 1:
        raise ValueError("Too short.")
    place = np.arange(lanes * windows)[:, None] * (window + 1) + np.arange(window + 1)
    pieces = codes[np.minimum(place, len(codes) - 1)].reshape(lanes, windows, window + 1)
    pieces = pieces.transpose(1, 0, 2)
    return pieces[..., :-1], pieces[..., 1:]


@EXERCISE.mistake(
    "The very last character of the text is read, and what it should predict is the text's first "
    "one: it has nothing after it, so there is one character less to read than there are."
)
def the_end_predicts_the_beginning(codes, lanes, window):
    """len(codes) for len(codes) - 1."""
    return _cut(codes, lanes, window, windows=len(codes) // (lanes * window))


@EXERCISE.mistake(
    "The last character that is read should predict the one after it, and predicts the first of "
    "the text, as if that were a ring, which np.roll makes of it. Cut y out of codes[1:] instead."
)
def rolled_before_it_is_cut(codes, lanes, window):
    """np.roll of what is read."""
    windows = (len(codes) - 1) // (lanes * window)
    x, _ = _cut(codes, lanes, window)
    used = np.roll(codes[: lanes * windows * window], -1)
    return x, used.reshape(lanes, windows, window).transpose(1, 0, 2)


@EXERCISE.mistake(
    "At the end of each lane y is that lane's first character, as if a lane were a ring, which "
    "np.roll makes of it. What follows there is the next lane's first character, so cut y out of "
    "codes[1:]."
)
def rolled_inside_a_lane(codes, lanes, window):
    """np.roll of each lane's piece."""
    x, _ = _cut(codes, lanes, window)
    pieces = np.roll(x.transpose(1, 0, 2).reshape(lanes, -1), -1, axis=1)
    return x, pieces.reshape(lanes, -1, window).transpose(1, 0, 2)


@EXERCISE.mistake(
    "x is right, but y is only reshaped, and lies in another order than x: what is done with the "
    "one must be done with the other."
)
def y_in_another_order(codes, lanes, window):
    """The transpose forgotten in y."""
    x, y = _cut(codes, lanes, window)
    return x, y.transpose(1, 0, 2).reshape(x.shape)


@EXERCISE.mistake(
    "What fills no window is dropped at the end of each lane, so the next lane begins that much "
    "later in the text. Let the lanes follow each other without a gap: what is dropped is left at "
    "the end of the text."
)
def a_rest_for_each_lane(codes, lanes, window):
    """Lanes of (T - 1) // lanes characters, cut into windows afterwards."""
    piece = (len(codes) - 1) // lanes
    windows = piece // window
    if windows < 1:
        raise ValueError("Too short.")
    lane, t = np.ogrid[:lanes, : windows * window]
    shape = (lanes, windows, window)
    x, y = (codes[lane * piece + t + k].reshape(shape).transpose(1, 0, 2) for k in (0, 1))
    return x, y


@EXERCISE.mistake(
    "The windows overlap: each begins with the character that the one before ended with, so the "
    "state reads it twice. It goes on with the one after it."
)
def windows_overlap(codes, lanes, window):
    """A stride of K - 1."""
    windows = (len(codes) - 1) // (lanes * window)
    if windows < 1:
        raise ValueError("Too short.")
    k, lane, t = np.ogrid[:windows, :lanes, :window]
    place = lane * windows * window + k * max(window - 1, 1) + t
    return codes[place], codes[place + 1]


@EXERCISE.mistake(
    "More is dropped than must be: a lane's last character may predict the first one of the next "
    "lane's piece, which does follow in the text. Only the text as a whole needs one more."
)
def a_last_one_for_each_lane(codes, lanes, window):
    """Each lane holds one character back."""
    piece = len(codes) // lanes
    windows = (piece - 1) // window
    if windows < 1:
        raise ValueError("Too short.")
    lane, t = np.ogrid[:lanes, : windows * window]
    shape = (lanes, windows, window)
    x, y = (codes[lane * piece + t + k].reshape(shape).transpose(1, 0, 2) for k in (0, 1))
    return x, y


@EXERCISE.mistake(
    "The windows are right, and come in the wrong order: the state goes from a window to the one "
    "after it, so they are read from the first to the last."
)
def backwards(codes, lanes, window):
    """[::-1]."""
    x, y = _cut(codes, lanes, window)
    return x[::-1], y[::-1]


@EXERCISE.mistake("A text that is too short silently gives no windows: raise a ValueError.")
def nothing_without_a_word(codes, lanes, window):
    """No test of the length."""
    windows = (len(codes) - 1) // (lanes * window)
    return _cut(codes, lanes, window) if windows > 0 else (codes[:0], codes[:0])


@EXERCISE.mistake(
    "y is what the lane reads a whole window later. What should be predicted is one character "
    "further on than what is read, so cut y out of codes[1:]."
)
def a_window_too_far(codes, lanes, window):
    """np.roll(x, -1, axis=0)."""
    x, _ = _cut(codes, lanes, window)
    return x, np.roll(x, -1, axis=0)


@EXERCISE.mistake(
    "Each window takes K + 1 characters of the text, so there are too few: the last character that "
    "a window predicts is also the first that the next one reads. Windows lie K apart."
)
def too_few_windows_of_one_more(codes, lanes, window):
    """K + 1 characters a piece, and as many pieces as fit."""
    windows = len(codes) // (lanes * (window + 1))
    if windows < 1:
        raise ValueError("Too short.")
    used = codes[: windows * lanes * (window + 1)]
    pieces = used.reshape(lanes, windows, window + 1).transpose(1, 0, 2)
    return pieces[..., :-1], pieces[..., 1:]


@EXERCISE.alternative
def window_by_window(codes, lanes, window):
    """Lists, a window and a lane at a time."""
    windows = (len(codes) - 1) // (lanes * window)
    if windows <= 0:
        raise ValueError("Too short.")
    x, y = [], []
    for k in range(windows):
        starts = [lane * windows * window + k * window for lane in range(lanes)]
        x.append([codes[s : s + window] for s in starts])
        y.append([codes[s + 1 : s + window + 1] for s in starts])
    return np.array(x), np.array(y)


@EXERCISE.alternative
def split_and_stacked(codes, lanes, window):
    """np.split along each lane's time."""
    windows = (len(codes) - 1) // (lanes * window)
    if windows < 1:
        raise ValueError("Too short.")
    used = lanes * windows * window
    x, y = codes[:used].reshape(lanes, -1), codes[1:][:used].reshape(lanes, -1)
    return np.stack(np.split(x, windows, axis=1)), np.stack(np.split(y, windows, axis=1))


@EXERCISE.alternative
def by_their_places(codes, lanes, window):
    """Every character looked up by its place in the text."""
    given = {"codes": codes, "lanes": lanes, "window": window}
    found = by_index(given)
    if not len(found["x"]):
        raise ValueError("Too short.")
    return found["x"], found["y"]
