"""Exercise: the schedule of the late gate, a clipped straight line."""

import functools
from dataclasses import replace

import numpy as np

from course_lib.exercises.exercise import Arrays, Exercise, Hint
from course_lib.exercises.rungs import by_hand, holds, matches, shapes
from course_lib.scratch.gradnets import late_gate


def on_the_way() -> Arrays:
    """A quarter of the way."""
    return {"step": 150, "start": 100, "end": 300}


def around_the_line() -> Arrays:
    """Before the start, on the start, on the end, and long after it."""
    return {"steps": np.array([0, 100, 300, 100_000]), "start": 100, "end": 300}


def step_by_step() -> Arrays:
    """The first steps of ten epochs of 1100 steps each, in epochs: the notebook's unit."""
    return {"steps": np.arange(0, 2200, 50) / 1100, "start": 0, "end": 10}


def late_start() -> Arrays:
    """A line between two odd places, seen from before it to after it."""
    return {"steps": np.arange(0.0, 60.0, 3.5), "start": 7, "end": 41}


def at_each(function, given: Arrays) -> Arrays:
    """The gate at each of the steps."""
    steps, start, end = given.values()
    return {"g": np.array([float(function(step.item(), start, end)) for step in steps])}


def interpolated(given: Arrays) -> Arrays:
    """NumPy's own straight line between two points, constant outside."""
    return {"g": np.interp(given["steps"], [given["start"], given["end"]], [0.0, 1.0])}


def no_line() -> Arrays:
    """A line that ends where it starts, and one that ends before."""
    return {"step": 9, "start": 7, "ends": np.array([7, 3])}


def refusals(function, given: Arrays) -> Arrays:
    """Whether each of them is refused with a ValueError."""
    step, start, ends = given.values()
    outputs = {}
    for end in ends.tolist():
        try:
            function(step, start, end)
        except ValueError:
            refused = True
        else:
            refused = False
        outputs[f"from {start} to {end} is refused"] = refused
        outputs[f"from {start} to {end} is refused expected"] = np.array(True)
    return outputs


EXERCISE = Exercise(
    reference=late_gate,
    title="The schedule",
    goal="Open the late gate from 0 to 1 along a straight line, a little at every step.",
    difficulty=1,
    minutes=5,
    returns={"g": "number"},
    equivalent={
        "g = float(min(max((step - start) / (end - start), 0.0), 1.0)) -> g = min(max((step - "
        "start) / (end - start), 0.0), 1.0)": "the quotient of two numbers is a float already",
        "g = float(min(max((step - start) / (end - start), 0.0), 1.0)) -> g = float(min(1.0, "
        "max((step - start) / (end - start), 0.0)))": (
            "the smaller, or larger, of two doesn't depend on their order"
        ),
        "= float(min(max((step - start) / (end - start), 0.0), 1.0)) -> = float(min(max(0.0, "
        "(step - start) / (end - start)), 1.0))": (
            "the smaller, or larger, of two doesn't depend on their order"
        ),
    },
    ladder=(
        shapes(on_the_way, g=()),
        by_hand(
            on_the_way,
            how="the line is 300 - 100 = 200 steps long, and 150 - 100 = 50 of them are done: "
            "50 / 200 = 0.25",
            g=np.array(0.25),
        ),
        replace(
            by_hand(
                around_the_line,
                how="nothing of the line is done at steps 0 and 100, all of it at 300 and later",
                call=at_each,
                g=np.array([0.0, 0.0, 1.0, 1.0]),
            ),
            name="0 before the line, 1 after it",
        ),
        matches(
            "it moves at every step, also when steps are counted in epochs",
            step_by_step,
            interpolated,
            "Between two steps the gate must move by the same small amount each time.",
            at_each,
        ),
        matches("equal to NumPy's np.interp", late_start, interpolated, call=at_each),
        holds(
            "a line must end after it starts",
            no_line,
            refusals,
            "Where end is not after start there is no line: the function raises a ValueError.",
            known=True,
        ),
    ),
    hints=(
        Hint(
            "How do I write a straight line from 0 to 1?",
            "How many steps of the line are done: `step - start`. How many it has: `end - start`. "
            "The gate is the first over the second.",
        ),
        Hint(
            "My gate is negative, or larger than 1.",
            "`max(…, 0.0)` cuts off below, `min(…, 1.0)` above. You need both: training may begin "
            "before `start`, and go on after `end`.",
        ),
    ),
)


def _refusing(answer):
    """The answer below the check of start and end, which the stub has."""

    @functools.wraps(answer)
    def refusing(step, start, end):
        if not start < end:
            raise ValueError("end must be later than start.")
        return answer(step, start, end)

    return refusing


@EXERCISE.mistake(
    "The line isn't cut off: before start the gate is below 0, after end above 1, which no longer "
    "lies between the two networks. Clip it to the range from 0 to 1."
)
@_refusing
def not_clipped(step, start, end):
    """A line without ends."""
    return (step - start) / (end - start)


@EXERCISE.mistake(
    "Before start the gate is negative: min(…, 1) cuts off above only, which is enough when start "
    "is 0. Add max(…, 0)."
)
@_refusing
def not_clipped_below(step, start, end):
    """The notebook's min(t / tau, 1), with a start."""
    return min((step - start) / (end - start), 1.0)


@EXERCISE.mistake(
    "After end the gate goes on rising: max(…, 0) cuts off below only, and training doesn't stop "
    "when the gate is open. Add min(…, 1)."
)
@_refusing
def not_clipped_above(step, start, end):
    """max alone."""
    return max((step - start) / (end - start), 0.0)


@EXERCISE.mistake(
    "The start is not looked at: the line begins at step start, not at step 0, so subtract start "
    "from the step and from the end."
)
@_refusing
def start_ignored(step, start, end):
    """min(t / tau, 1), whatever the start."""
    return min(max(step / end, 0.0), 1.0)


@EXERCISE.mistake(
    "The start is taken off the step but not off the end: the line is end - start long, and with "
    "end alone it is too flat."
)
@_refusing
def length_without_start(step, start, end):
    """(step - start) / end."""
    return min(max((step - start) / end, 0.0), 1.0)


@EXERCISE.mistake(
    "The line is as steep as it should be, but begins at step 0: what is done of it is "
    "step - start, not step."
)
@_refusing
def step_without_start(step, start, end):
    """step / (end - start)."""
    return min(max(step / (end - start), 0.0), 1.0)


@EXERCISE.mistake(
    "The gate stays 0 and jumps to 1 at the end: //, int or a comparison drops what lies between. "
    "Return the fraction itself, so that the network is changed a little at every step."
)
@_refusing
def whole_numbers_only(step, start, end):
    """// for /."""
    return float(min(max((step - start) // (end - start), 0), 1))


@EXERCISE.mistake(
    "The gate jumps from 0 to 1 halfway: round drops what lies between, and the network is "
    "exchanged in a single step. Return the fraction itself."
)
@_refusing
def rounded(step, start, end):
    """round()."""
    return float(round(min(max((step - start) / (end - start), 0.0), 1.0)))


@EXERCISE.mistake(
    "The gate jumps once an epoch: a fraction of an epoch counts as well, so don't cut the step "
    "down to whole numbers. Small steps are the point of the schedule."
)
@_refusing
def once_an_epoch(step, start, end):
    """int(step)."""
    return min(max((int(step) - start) / (end - start), 0.0), 1.0)


@EXERCISE.mistake(
    "The gate is open at first and closes: g is the weight of the late network, so it must be 0 "
    "at start and 1 at end."
)
@_refusing
def closing(step, start, end):
    """1 - g."""
    return 1.0 - min(max((step - start) / (end - start), 0.0), 1.0)


@EXERCISE.mistake(
    "The gate runs along a curve that is flat at both ends; that works too, but this schedule is "
    "a straight line."
)
@_refusing
def half_a_cosine(step, start, end):
    """A cosine ramp."""
    done = min(max((step - start) / (end - start), 0.0), 1.0)
    return 0.5 - 0.5 * np.cos(np.pi * done)


@EXERCISE.mistake(
    "The gate is right on the line, but back at 0 after it: after end the network stays the late "
    "one, so g stays 1."
)
@_refusing
def zero_after_the_end(step, start, end):
    """One branch for everything off the line."""
    return (step - start) / (end - start) if start <= step <= end else 0.0


@EXERCISE.mistake(
    "The brackets are missing: / binds tighter than -, so step - start / end - start is not a "
    "share of the line. Put brackets round both differences."
)
@_refusing
def brackets_missing(step, start, end):
    """Without brackets."""
    return min(max(step - start / end - start, 0.0), 1.0)


@EXERCISE.mistake(
    "That is the share of the line that is still to come, so the gate closes on its way: what is "
    "done of it is step - start."
)
@_refusing
def what_is_still_to_come(step, start, end):
    """(end - step), with the ends right."""
    if step <= start or step >= end:
        return float(step >= end)
    return (end - step) / (end - start)


@EXERCISE.mistake(
    "min and max are swapped: max(min(…, 0), 1) is always 1. It is max(…, 0) that keeps g from "
    "falling below 0, and min(…, 1) that keeps it from rising above 1."
)
@_refusing
def bounds_swapped(step, start, end):
    """max(min(…, 0), 1)."""
    return max(min((step - start) / (end - start), 0.0), 1.0)


@EXERCISE.mistake(
    "The gate is one step ahead: at step start nothing is done yet, so g is 0 there, and 1 at step "
    "end."
)
@_refusing
def one_step_ahead(step, start, end):
    """Counts from 1."""
    return min(max((step - start + 1) / (end - start), 0.0), 1.0)


@EXERCISE.alternative
@_refusing
def with_clip(step, start, end):
    """np.clip."""
    return np.clip((step - start) / (end - start), 0, 1)


@EXERCISE.alternative
@_refusing
def with_interp(step, start, end):
    """np.interp."""
    return np.interp(step, [start, end], [0, 1])


@EXERCISE.alternative
@_refusing
def case_by_case(step, start, end):
    """Three branches; whole numbers at the ends."""
    if step <= start:
        return 0
    if step >= end:
        return 1
    return 1 - (end - step) / (end - start)


@EXERCISE.alternative
@_refusing
def median_of_three(step, start, end):
    """The step itself is clipped, then measured."""
    return (sorted((start, step, end))[1] - start) / (end - start)
