"""Exercise: RFLO as a special case of KeRNL."""

import numpy as np

from course_lib.exercises.exercise import Arrays, Exercise, Hint
from course_lib.exercises.ladder.rungs import by_hand, gradient, holds, irregular, matches, shapes
from course_lib.scratch.kernl import kernl_gradient, leaky_forward, presynaptic, rflo_gradient

RETURNS = {"dW": "array"}


def small() -> Arrays:
    """Two sequences, four steps, five entries of v, three units."""
    return {
        "v": irregular(2, 4, 5),
        "squashed": irregular(2, 4, 3, shift=1, scale=0.9),
        "dh": irregular(2, 4, 3, shift=2),
        "leak": 0.3,
    }


def one_weight() -> Arrays:
    """One weight and two steps; the network keeps half of its state."""
    return {
        "v": np.array([[[2.0], [4.0]]]),
        "squashed": np.zeros((1, 2, 1)),
        "dh": np.array([[[0.0], [10.0]]]),
        "leak": 0.5,
    }


def one_step() -> Arrays:
    """T = 1."""
    given = small()
    return {**given, **{name: given[name][:, :1] for name in ("v", "squashed", "dh")}}


def without_recurrence() -> Arrays:
    """A leaky network without recurrent weights: here RFLO leaves nothing out."""
    W = irregular(6, 3, shift=3, scale=0.7)
    W[2:5] = 0.0
    return {"x": irregular(2, 5, 2), "dh": irregular(2, 5, 3, shift=1), "W": W, "leak": 0.3}


def of_a_run(function, given: Arrays) -> Arrays:
    """The gradient along a real run."""
    x, dh, W, leak = given.values()
    h_0 = np.zeros((len(x), W.shape[1]))
    h, squashed = leaky_forward(x, h_0, W, leak)
    return {"dW": function(presynaptic(x, h_0, h), squashed, dh, leak)}


def loss(given: Arrays) -> float:
    """A loss whose gradient with respect to each state is dh."""
    x, dh, W, leak = given.values()
    h, _ = leaky_forward(x, np.zeros((len(x), W.shape[1])), W, leak)
    return float(np.sum(dh * h))


def each_row_alone(function, given: Arrays) -> Arrays:
    """The batch at once, and the sum of its sequences."""
    v, squashed, dh, leak = given.values()
    rows = [function(v[[b]], squashed[[b]], dh[[b]], leak) for b in range(len(v))]
    return {"dW": function(*given.values()), "dW expected": sum(rows)}


def by_its_own_recursion(given: Arrays) -> Arrays:
    """RFLO as it is usually written: a trace that leaks like the state, and no kernel."""
    v, squashed, dh, leak = given.values()
    P = np.zeros((len(v), v.shape[2], squashed.shape[2]))
    dW = np.zeros(P.shape[1:])
    for t in range(v.shape[1]):
        slope = 1 - squashed[:, t] ** 2
        P = (1 - leak) * P + leak * v[:, t, :, None] * slope[:, None]
        dW += (dh[:, t, None] * P).sum(axis=0)
    return {"dW": dW}


EXERCISE = Exercise(
    reference=rflo_gradient,
    title="RFLO from KeRNL",
    goal="Get another learning rule out of yours by choosing the kernel instead of learning it.",
    difficulty=2,
    minutes=20,
    returns=RETURNS,
    equivalent={
        "beta = np.eye(squashed.shape[2]) -> beta = np.eye(dh.shape[2])": (
            "squashed and dh have the same units"
        ),
        "gamma = np.full(squashed.shape[2], -np.log -> gamma = np.full(dh.shape[2], -np.log": (
            "squashed and dh have the same units"
        ),
    },
    ladder=(
        shapes(small, dW=(5, 3)),
        by_hand(
            one_weight,
            how="traces: 0.5 × 2 = 1, then 0.5 × 1 + 0.5 × 4 = 2.5;  dW = 10 × 2.5 = 25",
            dW=np.array([[25.0]]),
        ),
        holds(
            "a batch is the sum of its sequences",
            small,
            each_row_alone,
            "Sequences together must give the sum of their gradients.",
        ),
        matches("one step alone", one_step, by_its_own_recursion, "With T = 1:"),
        gradient(without_recurrence, loss, of_a_run, dW="W"),
        matches("equal to RFLO's own recursion", small, by_its_own_recursion),
    ),
    promises={
        "Source: ": "scaffold: where it comes from",
        "The random feedback": "scaffold: what dh may be",
        "v: from": "it runs, and the shapes are right",
        "squashed: tanh": "equal to centred differences of the loss",
        "dh: gradient": "equal to centred differences of the loss",
        "leak: of the": "a case small enough to do by hand",
        "dW: shape": ("it runs, and the shapes are right", "a batch is the sum of its sequences"),
    },
    hints=(
        Hint(
            "What do the two rules have in common?",
            "Both follow a state forward in time. The leaky network keeps a share of its state at"
            " each step; KeRNL's traces keep a share of theirs. What must KeRNL's kernel be, for "
            "the two to agree?",
        ),
        Hint(
            "What does beta have to be?",
            "RFLO follows a state only along its own leak: no unit moves another. What is beta[k,"
            " i], then, where k = i, and elsewhere?",
            fits=("beta of ones", "leak in beta too"),
        ),
        Hint(
            "My gradient is too large by a constant factor.",
            "h_t changes by `leak` times what its tanh changes by: the derivative d has that "
            "factor too.",
            fits=(
                "d without the leak",
                "what is kept comes in",
                "leak and rest exchanged",
                "leak inside the derivative",
                "leak squared with the tanh",
                "one step alone",
            ),
        ),
        Hint(
            "Show me the recipe.",
            "beta is the identity, gamma is `-np.log(1 - leak)` for every unit, d is `leak * (1 -"
            " squashed**2)`. Hand them to `kernl_gradient`.",
        ),
    ),
)


def _kernel(v, squashed, dh, beta=None, gamma=0.0, d=None):
    n = squashed.shape[2]
    beta = np.eye(n) if beta is None else beta
    d = 1 - squashed**2 if d is None else d
    return kernl_gradient(v, d, dh, beta, np.full(n, gamma))


@EXERCISE.mistake(
    "The factor leak is missing in d: the state takes in only that share of what the tanh gives, "
    "so d = leak * (1 - squashed²)."
)
def d_without_the_leak(v, squashed, dh, leak):
    """The derivative of the tanh alone."""
    return _kernel(v, squashed, dh, gamma=-np.log(1 - leak))


@EXERCISE.mistake(
    "The leak counts twice: d has it already, so beta is the identity itself, not leak times it."
)
def leak_in_beta_too(v, squashed, dh, leak):
    """leak times the identity."""
    return leak * rflo_gradient(v, squashed, dh, leak)


@EXERCISE.mistake(
    "gamma = leak makes the traces keep exp(-leak), the state keeps 1 - leak: nearly equal for a "
    "small leak only. Solve exp(-gamma) = 1 - leak."
)
def gamma_is_the_leak(v, squashed, dh, leak):
    """First order of the logarithm."""
    return _kernel(v, squashed, dh, gamma=leak, d=leak * (1 - squashed**2))


@EXERCISE.mistake(
    "gamma = 1 - leak is what is kept, not the rate: gamma goes through exp(-gamma), so it is "
    "-log(1 - leak)."
)
def gamma_is_what_is_kept(v, squashed, dh, leak):
    """1 - leak."""
    return _kernel(v, squashed, dh, gamma=1 - leak, d=leak * (1 - squashed**2))


@EXERCISE.mistake(
    "The traces keep a share of leak, as a gamma of -log(leak) makes them: the state keeps "
    "1 - leak, and so must they, with a gamma of -log(1 - leak)."
)
def keeps_the_leak(v, squashed, dh, leak):
    """leak and 1 - leak exchanged."""
    return _kernel(v, squashed, dh, gamma=-np.log(leak), d=leak * (1 - squashed**2))


@EXERCISE.mistake(
    "leak and 1 - leak have changed places: leak is the share that comes in anew, so it belongs to "
    "d, and 1 - leak is what a state keeps, which gamma is made from."
)
def leak_and_rest_exchanged(v, squashed, dh, leak):
    """1 - leak comes in, leak is kept."""
    return _kernel(v, squashed, dh, gamma=-np.log(leak), d=(1 - leak) * (1 - squashed**2))


@EXERCISE.mistake(
    "The factor of d is 1 - leak, which is what a state keeps: what comes in anew has the factor "
    "leak."
)
def what_is_kept_comes_in(v, squashed, dh, leak):
    """1 - leak in d alone."""
    return _kernel(v, squashed, dh, gamma=-np.log(1 - leak), d=(1 - leak) * (1 - squashed**2))


@EXERCISE.mistake(
    "The sign of gamma is wrong: log(1 - leak) is negative, and the traces would grow. It is "
    "-log(1 - leak)."
)
def sign_of_the_logarithm(v, squashed, dh, leak):
    """log(1 - leak)."""
    return _kernel(v, squashed, dh, gamma=np.log(1 - leak), d=leak * (1 - squashed**2))


@EXERCISE.mistake(
    "beta is all ones: then every unit gets the blame for all. In RFLO a unit gets the blame for "
    "itself alone, so beta is the identity."
)
def beta_of_ones(v, squashed, dh, leak):
    """np.ones."""
    n = squashed.shape[2]
    d = leak * (1 - squashed**2)
    return _kernel(v, squashed, dh, np.ones((n, n)), -np.log(1 - leak), d)


@EXERCISE.mistake(
    "The traces don't leak: with gamma = 0 nothing is ever forgotten, but the state keeps only "
    "1 - leak at each step."
)
def never_forgets(v, squashed, dh, leak):
    """gamma = 0."""
    return _kernel(v, squashed, dh, d=leak * (1 - squashed**2))


@EXERCISE.mistake(
    "The derivative of the tanh is missing in d: a saturated unit can't be moved, so "
    "d = leak * (1 - squashed²)."
)
def no_derivative(v, squashed, dh, leak):
    """The leak alone."""
    return _kernel(v, squashed, dh, gamma=-np.log(1 - leak), d=np.full_like(squashed, leak))


@EXERCISE.mistake(
    "Nothing is remembered: a step is blamed for its own loss alone, but the state keeps 1 - leak "
    "of what it was, and so do the traces."
)
def nothing_remembered(v, squashed, dh, leak):
    """Each step by itself."""
    return np.einsum("btp,btn->pn", v, leak * (1 - squashed**2) * dh)


@EXERCISE.mistake("1 - squashed lacks the square: the derivative of the tanh is 1 - tanh².")
def square_forgotten(v, squashed, dh, leak):
    """1 - tanh."""
    return _kernel(v, squashed, dh, gamma=-np.log(1 - leak), d=leak * (1 - squashed))


@EXERCISE.mistake(
    "The gradient has a factor 1 - leak too many, as if what is new at a step faded in that step "
    "already: it comes in with the factor leak alone, and 1 - leak is for what was there before."
)
def new_part_faded(v, squashed, dh, leak):
    """A bracket too wide."""
    d = (1 - leak) * leak * (1 - squashed**2)
    return _kernel(v, squashed, dh, gamma=-np.log(1 - leak), d=d)


@EXERCISE.mistake(
    "leak stands inside the derivative, 1 - leak * squashed²: it is the share of the tanh that the "
    "state takes in, so it multiplies the whole, leak * (1 - squashed²)."
)
def leak_inside_the_derivative(v, squashed, dh, leak):
    """The square alone is multiplied."""
    return _kernel(v, squashed, dh, gamma=-np.log(1 - leak), d=1 - leak * squashed**2)


@EXERCISE.mistake(
    "leak is squared together with the tanh, 1 - (leak * squashed)²: the slope is that of the tanh "
    "itself, 1 - squashed², and leak multiplies it."
)
def leak_squared_with_the_tanh(v, squashed, dh, leak):
    """As if the share were what is squashed."""
    return _kernel(v, squashed, dh, gamma=-np.log(1 - leak), d=1 - (leak * squashed) ** 2)


@EXERCISE.mistake(
    "d is made from the tanh itself, not from its derivative: squashed is tanh(v_t W), and its "
    "derivative is 1 - squashed²."
)
def tanh_for_its_derivative(v, squashed, dh, leak):
    """leak * squashed."""
    return _kernel(v, squashed, dh, gamma=-np.log(1 - leak), d=leak * squashed)


@EXERCISE.alternative
def leak_in_beta(v, squashed, dh, leak):
    """The factor in the sensitivity instead of in d."""
    n = squashed.shape[2]
    return _kernel(v, squashed, dh, beta=leak * np.eye(n), gamma=-np.log1p(-leak))


@EXERCISE.alternative
def its_own_recursion(v, squashed, dh, leak):
    """Without KeRNL."""
    given = {"v": v, "squashed": squashed, "dh": dh, "leak": leak}
    return by_its_own_recursion(given)["dW"]
