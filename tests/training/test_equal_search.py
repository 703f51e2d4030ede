"""Every competitor tries the same rates, and is trained with its best one from every seed."""

import math

import pytest

from course_lib.training.equal_search import Study, search
from course_lib.training.pieces import Piece

GRID = (0.001, 0.003, 0.01)


@pytest.mark.parametrize(
    ("losses", "tried", "best"),
    [
        ({}, GRID, None),
        ({0.001: 2.0, 0.003: 1.0}, GRID, None),
        ({0.001: 2.0, 0.003: 1.0, 0.01: 3.0}, GRID, 0.003),
        ({0.001: 1.0, 0.003: 2.0, 0.01: 3.0}, (0.00033, *GRID), None),
        ({0.001: 3.0, 0.003: 2.0, 0.01: 1.0}, (*GRID, 0.033), None),
        # Once: the border of what was added isn't looked beyond.
        ({0.001: 3.0, 0.003: 2.0, 0.01: 1.0, 0.033: 0.5}, (*GRID, 0.033), 0.033),
        ({0.001: 3.0, 0.003: 2.0, 0.01: 1.0, 0.033: 1.5}, (*GRID, 0.033), 0.01),
        # A run that diverged is never the best, wherever it stands.
        ({0.001: math.nan, 0.003: 2.0, 0.01: math.nan}, GRID, 0.003),
        ({0.001: 3.0, 0.003: 2.0, 0.01: 1.0, 0.033: math.nan}, (*GRID, 0.033), 0.01),
    ],
)
def test_the_rates_that_are_tried(losses, tried, best):
    assert search(GRID, losses) == (list(tried), best)


def test_a_single_rate_is_tried_alone():
    assert search((0.1,), {0.1: 1.0}) == ([0.1], 0.1)


def study():
    """Two competitors: the loss of "slow" falls with the rate, "fast" is best in the middle."""
    losses = {"slow": lambda rate: 1 - rate, "fast": lambda rate: abs(rate - 0.003)}

    def make(kind):
        def piece(name, rate, seed):
            return Piece(f"{name} {rate} {seed} {kind}", round, (losses[name](rate) + seed, 9))

        return piece

    return Study(("slow", "fast"), GRID, (10, 20), (0, 1, 2), make("trial"), make("run"))


def test_the_plan_grows_with_what_is_done():
    one, done, stages = study(), {}, []
    while new := [piece for piece in one.plan(done) if piece.name not in done]:
        stages.append([piece.name for piece in new])
        done |= {piece.name: piece.function(*piece.arguments) for piece in new}
    grid = [f"{n} {r} {s} trial" for n in ("slow", "fast") for r in GRID for s in (10, 20)]
    beyond = [f"slow 0.033 {s} trial" for s in (10, 20)]
    assert stages == [
        grid,
        [*beyond, *(f"fast 0.003 {s} run" for s in range(3))],
        [f"slow 0.033 {s} run" for s in range(3)],
    ]
    assert one.rate("slow", done) == 0.033
    assert one.losses("slow", done) == pytest.approx({r: 16 - r for r in (*GRID, 0.033)})
    assert one.runs("fast", done) == pytest.approx([0, 1, 2])
