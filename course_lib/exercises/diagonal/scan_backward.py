"""Exercise: the gradient of a scan."""

import numpy as np

from course_lib.exercises.diagonal.cases import by_parts, turning
from course_lib.exercises.exercise import Arrays, Exercise, Hint
from course_lib.exercises.ladder.rungs import by_hand, holds, irregular, matches, shapes
from course_lib.scratch.scan import scan, scan_backward, scan_loop

RETURNS = {"da": "complex", "db": "complex", "dh_0": "complex"}


def small() -> Arrays:
    """Two sequences, five steps, three units."""
    return {
        "dh": irregular(2, 5, 3, shift=5),
        "a": irregular(2, 5, 3),
        "b": irregular(2, 5, 3, shift=1),
        "h_0": irregular(2, 3, shift=2),
    }


def that_turn() -> Arrays:
    """Complex numbers, four steps."""
    return {
        "dh": turning(2, 4, 3, shift=5),
        "a": turning(2, 4, 3),
        "b": turning(2, 4, 3, shift=1),
        "h_0": turning(2, 3, shift=2),
    }


def two_steps() -> Arrays:
    """One unit, two steps, and only the second state has a loss."""
    return {
        "dh": np.array([[[0.0], [1.0]]]),
        "a": np.array([[[2.0], [5.0]]]),
        "b": np.ones((1, 2, 1)),
        "h_0": np.array([[3.0]]),
    }


def one_step() -> Arrays:
    """T = 1."""
    given = small()
    return {name: one if name == "h_0" else one[:, :1] for name, one in given.items()}


def nothing_kept() -> Arrays:
    """a = 0 at every step."""
    return {**small(), "a": np.zeros((2, 5, 3))}


def back(function, given: Arrays) -> Arrays:
    """The states, then the learner's way back."""
    dh, a, b, h_0 = given.values()
    return dict(zip(RETURNS, function(dh, a, scan_loop(a, b, h_0), h_0), strict=True))


def each_step_alone(function, given: Arrays) -> Arrays:
    """The loss of each step by itself, and the sum."""
    dh = given["dh"]
    outputs = back(function, given)
    parts = []
    for t in range(dh.shape[1]):
        alone = np.zeros_like(dh)
        alone[:, t] = dh[:, t]
        parts.append(back(function, {**given, "dh": alone}))
    for name in RETURNS:
        outputs[f"{name} expected"] = sum(part[name] for part in parts)
    return outputs


def without_memory(given: Arrays) -> Arrays:
    """With a = 0 only the step itself counts."""
    h = given["b"]
    before = np.concatenate([given["h_0"][:, None], h[:, :-1]], axis=1)
    dh = given["dh"]
    return {"da": dh * before, "db": dh, "dh_0": np.zeros_like(given["h_0"])}


def differences(given: Arrays) -> Arrays:
    """Centred differences of a loss whose gradient by the states is dh."""
    dh, a, b, h_0 = given.values()

    def loss():
        return float(np.sum(np.conj(dh) * scan_loop(a, b, h_0)).real)

    return {f"d{name}": by_parts(loss, given[name]) for name in ("a", "b", "h_0")}


def walked_back(given: Arrays) -> Arrays:
    """A loop from the last step to the first."""
    dh, a, b, h_0 = given.values()
    h = scan_loop(a, b, h_0)
    da, db, after = np.zeros_like(h), np.zeros_like(h), 0
    for t in reversed(range(b.shape[1])):
        after = after + dh[:, t]
        db[:, t] = after
        da[:, t] = after * np.conj(h[:, t - 1] if t else h_0)
        after = after * np.conj(a[:, t])
    return {"da": da, "db": db, "dh_0": after}


EXERCISE = Exercise(
    reference=scan_backward,
    title="The gradient of a scan",
    goal="Take the gradient through all steps back to a, to b and to the first state.",
    difficulty=3,
    minutes=40,
    returns=RETURNS,
    uses=("scan", "combine"),
    ladder=(
        shapes(small, back, da=(2, 5, 3), db=(2, 5, 3), dh_0=(2, 3)),
        matches("one step alone", one_step, walked_back, "With T = 1:", back),
        by_hand(
            two_steps,
            how="h_1 = 2 × 3 + 1 = 7, h_2 = 5 × 7 + 1;  db = (5 × 1, 1);  da = (5 × 3, 7);  "
            "dh_0 = 2 × 5 = 10",
            call=back,
            da=np.array([[[15.0], [7.0]]]),
            db=np.array([[[5.0], [1.0]]]),
            dh_0=np.array([[10.0]]),
        ),
        matches(
            "where nothing is kept, only the step itself counts",
            nothing_kept,
            without_memory,
            "With a = 0 no state reaches the next one.",
            back,
        ),
        holds(
            "the losses of the steps add up",
            small,
            each_step_alone,
            "The gradient of all losses together must be the sum of the gradients of each.",
        ),
        matches(
            "equal to centred differences",
            small,
            differences,
            "Moving each number a little gives a different gradient.",
            back,
        ),
        matches(
            "equal to centred differences, where numbers turn",
            that_turn,
            differences,
            "With complex numbers, moving each of their parts gives a different gradient.",
            back,
        ),
        matches("equal to a walk from the end", small, walked_back, call=back),
    ),
    equivalent={
        (
            "concatenate([a[:, 1:], np.zeros_like(a[:, :1])], axis=1) -> concatenate([a[:, 1:], "
            "a[:, :1]], axis=1)"
        ): "the last step's factor meets the zero state that the scan begins with",
        (
            "concatenate([a[:, 1:], np.zeros_like(a[:, :1]) -> concatenate([a[:, 1:], "
            "np.ones_like(a[:, :1])"
        ): "the last step's factor meets the zero state that the scan begins with",
        "np.zeros_like(a[:, :1])], axis=1) -> np.zeros_like(a[::-1, :1])], axis=1)": (
            "zeros of the same shape"
        ),
        ", np.zeros_like(a[:, :1])], axis= -> , np.zeros_like(h[:, :1])], axis=": (
            "zeros of the same shape"
        ),
        "nothing = np.zeros_like(dh -> nothing = -np.zeros_like(dh": "minus zero is zero",
        "nothing = np.zeros_like(dh[:, 0]) -> nothing = dh[:, 0]": (
            "the scan's first factor is zero, so nothing is left of what it begins with"
        ),
        "nothing = np.zeros_like(dh[:, 0]) -> nothing = np.ones_like(dh[:, 0])": (
            "the scan's first factor is zero, so nothing is left of what it begins with"
        ),
        "np.zeros_like(dh[:, 0]) -> np.zeros_like(dh[::-1, 0])": "zeros of the same shape",
        "= np.zeros_like(dh[:, 0]) -> = np.zeros_like(a[:, 0])": "zeros of the same shape",
        "zeros_like(dh[:, 0]) -> zeros_like(dh[:, -1])": "zeros of the same shape",
    },
    promises={
        "dh: shape": "it runs, and the shapes are right",
        "dh[:, t] is the gradient": "the losses of the steps add up",
        "a: what was kept": "equal to centred differences",
        "h: states": "equal to centred differences",
        "h_0: state": "equal to centred differences",
        "da, db (batch, T, n)": (
            "equal to centred differences",
            "equal to centred differences, where numbers turn",
        ),
    },
    hints=(
        Hint(
            "Where do I begin?",
            "Call G_t the whole gradient that reaches h_t: from its own step, and through h_{t+1}. "
            "By how much does h_{t+1} move when h_t does? Write G_t with G_{t+1}.",
        ),
        Hint(
            "What does this have to do with a scan?",
            "Compare your formula for G_t with h_t = a_t h_{t-1} + b_t. It is the same recurrence, "
            "in the other direction. Write down, for three steps, what stands in the place of a_t. "
            "It isn't a_t.",
            fits=(
                "factor of the same step",
                "multiplied before it is credited",
                "rolled the wrong way",
                "forward in time",
            ),
        ),
        Hint(
            "It fails only where numbers turn.",
            "A factor f on the way forward is conj(f) on the way back: that is what the gradient "
            "as ∂L/∂Re + i ∂L/∂Im comes to. How many factors do you have?",
            fits=(
                "nothing conjugated",
                "states not conjugated",
                "conjugate of da",
                "dh 0 not conjugated",
                "equal to centred differences, where numbers turn",
            ),
        ),
        Hint(
            "Show me the recipe.",
            "The factors on the way back: `a[:, 1:]` with a zero behind it, conjugated. Reverse "
            "them and dh in time, `scan` them from a zero state, and reverse the result: that is "
            "db. da is db times conj of the states before, `h_0` first; dh_0 is "
            "`conj(a[:, 0]) * db[:, 0]`.",
        ),
    ),
)


def _back(dh, a, h, h_0, factors=None, before=None, conj=np.conj, conj_h=np.conj, direction=-1):
    """The reference with one of its parts replaced; for mistakes."""
    if factors is None:
        factors = np.concatenate([a[:, 1:], np.zeros_like(a[:, :1])], axis=1)
    if before is None:
        before = np.concatenate([h_0[:, None], h[:, :-1]], axis=1)
    g = scan(conj(factors[:, ::direction]), dh[:, ::direction], np.zeros_like(dh[:, 0]))
    db = g[:, ::direction]
    return db * conj_h(before), db, conj(a[:, 0]) * db[:, 0]


@EXERCISE.mistake(
    "On the way back the factor at step t is a_t: what h_t does to h_{t+1} goes through the next "
    "step's factor, a_{t+1}."
)
def factor_of_the_same_step(dh, a, h, h_0):
    """a_t."""
    return _back(dh, a, h, h_0, factors=a)


@EXERCISE.mistake(
    "The factors are shifted the wrong way, so that a_{t-1} stands at step t: what h_t does to "
    "h_{t+1} goes through a_{t+1}. The zero belongs at the end, where no step follows."
)
def factor_of_the_step_before(dh, a, h, h_0):
    """a_{t-1}."""
    shifted = np.concatenate([np.zeros_like(a[:, :1]), a[:, :-1]], axis=1)
    return _back(dh, a, h, h_0, factors=shifted)


@EXERCISE.mistake(
    "What reaches a state is divided by a product of factors: where one is 0 so is the product, "
    "and 0/0 is no number. The scan only multiplies."
)
def divided_by_products(dh, a, h, h_0):
    """cumprod, and a cumulative sum from the end."""
    with np.errstate(all="ignore"):
        products = np.cumprod(np.conj(a), axis=1)
        db = np.cumsum((dh * products)[:, ::-1], axis=1)[:, ::-1] / products
    before = np.concatenate([h_0[:, None], h[:, :-1]], axis=1)
    return db * np.conj(before), db, np.conj(a[:, 0]) * db[:, 0]


@EXERCISE.mistake(
    "The factors are moved the wrong way: beside step t stands that of the step before, a_{t-1}, "
    "but h_t goes through the one of the step after it, a_{t+1}."
)
def rolled_the_wrong_way(dh, a, h, h_0):
    """np.roll(a, 1)."""
    return _back(dh, a, h, h_0, factors=np.roll(a, 1, axis=1))


@EXERCISE.mistake(
    "The scan runs forward: a state would get credit for losses before it. Reverse time, and then "
    "reverse the result."
)
def forward_in_time(dh, a, h, h_0):
    """No [::-1]."""
    return _back(dh, a, h, h_0, direction=1)


@EXERCISE.mistake(
    "Each state gets credit for its own loss alone: it also moves all later states, so the credit "
    "comes back through them."
)
def own_loss_only(dh, a, h, h_0):
    """db = dh."""
    return _back(dh, a, h, h_0, factors=0 * a)


@EXERCISE.mistake(
    "da is made with the state after the step: a_t is multiplied by h_{t-1}, the state before."
)
def state_after_the_step(dh, a, h, h_0):
    """h_t."""
    return _back(dh, a, h, h_0, before=h)


@EXERCISE.mistake(
    "The state before the first step is taken for zero: a_1 was multiplied by h_0, so da_1 needs "
    "it."
)
def no_state_before_the_first(dh, a, h, h_0):
    """0 in place of h_0."""
    return _back(dh, a, h, h_0, before=np.concatenate([np.zeros_like(h[:, :1]), h[:, :-1]], axis=1))


@EXERCISE.mistake(
    "Before the first step stands the last state of all, since index -1 counts from the end: a_1 "
    "was multiplied by h_0, so da_1 needs that."
)
def last_state_before_the_first(dh, a, h, h_0):
    """h[:, t - 1] at t = 0."""
    return _back(dh, a, h, h_0, before=np.roll(h, 1, axis=1))


@EXERCISE.mistake(
    "What comes back is multiplied by a_t before step t gets its credit: add dh_t to it, give that "
    "to step t, and only on the way to step t - 1, or to h_0, multiply it by conj(a_t)."
)
def multiplied_before_it_is_credited(dh, a, h, h_0):
    """G_t = dh_t + conj(a_t) G_{t+1}, in a loop that ends with G_1 for dh_0."""
    da, db, _ = _back(dh, a, h, h_0, factors=a)
    return da, db, db[:, 0]


@EXERCISE.mistake(
    "dh_0 gets what the first step's own loss says about h_1, and nothing of what comes back to it "
    "through the later states: that is db_1, which has both."
)
def dh_0_from_the_first_loss_alone(dh, a, h, h_0):
    """dh_1 in place of db_1."""
    da, db, _ = scan_backward(dh, a, h, h_0)
    return da, db, np.conj(a[:, 0]) * dh[:, 0]


@EXERCISE.mistake(
    "dh_0 lacks its factor: h_0 comes in as a_1 h_0, so what reaches it is conj(a_1) times db_1."
)
def dh_0_without_its_factor(dh, a, h, h_0):
    """db_1."""
    da, db, _ = scan_backward(dh, a, h, h_0)
    return da, db, db[:, 0]


@EXERCISE.mistake(
    "Nothing is conjugated: with real numbers that makes no difference, but a factor f that turns "
    "forward by an angle turns the gradient back by it, so it is conj(f)."
)
def nothing_conjugated(dh, a, h, h_0):
    """a and h as they are."""
    return _back(dh, a, h, h_0, conj=lambda f: f, conj_h=lambda f: f)


@EXERCISE.mistake(
    "The factors are conjugated, the states are not: da_t is db_t times a factor as well, h_{t-1}, "
    "so that is conjugated too."
)
def states_not_conjugated(dh, a, h, h_0):
    """conj(a) only."""
    return _back(dh, a, h, h_0, conj_h=lambda f: f)


@EXERCISE.mistake(
    "dh_0 lacks a conjugate: h_0 came in as a_1 h_0, so conj(a_1) db_1 goes back to it."
)
def dh_0_not_conjugated(dh, a, h, h_0):
    """a_1 as it is."""
    da, db, _ = scan_backward(dh, a, h, h_0)
    return da, db, a[:, 0] * db[:, 0]


@EXERCISE.mistake(
    "In da the conjugate stands on the wrong factor: what comes from the loss, db_t, stays as it "
    "is, and the state h_{t-1} that a_t was multiplied by is conjugated."
)
def conjugate_of_da(dh, a, h, h_0):
    """conj(db) h."""
    da, db, dh_0 = scan_backward(dh, a, h, h_0)
    return np.conj(da), db, dh_0


@EXERCISE.alternative
def by_a_loop(dh, a, h, h_0):
    """Step by step from the end."""
    T = dh.shape[1]
    g = np.array(dh)
    for t in range(T - 2, -1, -1):
        g[:, t] = g[:, t] + a[:, t + 1].conj() * g[:, t + 1]
    before = np.stack([h_0, *(h[:, t] for t in range(T - 1))], axis=1)
    return g * before.conj(), g, a[:, 0].conj() * g[:, 0]


@EXERCISE.alternative
def by_all_pairs(dh, a, h, h_0):
    """The product of the factors between each two steps."""
    T = dh.shape[1]
    db = np.zeros_like(dh)
    for s in range(T):
        between = np.ones_like(dh[:, 0])
        for t in range(s, T):
            if t > s:
                between = between * a[:, t]
            db[:, s] += dh[:, t] * np.conj(between)
    before = np.concatenate([h_0[:, None], h[:, :-1]], axis=1)
    return np.conj(before) * db, db, np.conj(a[:, 0]) * db[:, 0]
