"""The same search for a learning rate for all that are compared; then several seeds of each.

A rate is chosen by short runs, from seeds of their own.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from course_lib.training.pieces import Piece


@dataclass(frozen=True)
class Study:
    """What is compared, and how its runs are made.

    Args:
        names: of what is compared.
        grid: the rates that each tries, the lowest first.
        trial_seeds: seeds of the short runs.
        seeds: seeds of the runs that count.
        trial: from name, rate and seed to a short run, which gives its loss.
        run: from name, rate and seed to a run that counts.
    """

    names: tuple[str, ...]
    grid: tuple[float, ...]
    trial_seeds: tuple[int, ...]
    seeds: tuple[int, ...]
    trial: Callable[[str, float, int], Piece]
    run: Callable[[str, float, int], Piece]

    def plan(self, done: dict[str, Any]) -> Iterator[Piece]:
        """All runs that are needed, as far as it is known from those that are done."""
        for name in self.names:
            rates, best = search(self.grid, self.losses(name, done))
            yield from (self.trial(name, rate, seed) for rate in rates for seed in self.trial_seeds)
            if best is not None:
                yield from (self.run(name, best, seed) for seed in self.seeds)

    def losses(self, name: str, done: dict[str, Any]) -> dict[float, float]:
        """The mean loss of the short runs, for each rate whose runs are done."""
        found = {}
        # Those beyond the grid are known only when the grid is done, so twice.
        for _ in range(2):
            for rate in search(self.grid, found)[0]:
                pieces = [self.trial(name, rate, seed).name for seed in self.trial_seeds]
                if all(piece in done for piece in pieces):
                    found[rate] = sum(done[piece] for piece in pieces) / len(pieces)
        return dict(sorted(found.items()))

    def rate(self, name: str, done: dict[str, Any]) -> float:
        """The rate that was chosen, when all short runs are done."""
        _, best = search(self.grid, self.losses(name, done))
        assert best is not None
        return best

    def runs(self, name: str, done: dict[str, Any]) -> list[Any]:
        """What the runs gave, one for each seed, when all are done."""
        rate = self.rate(name, done)
        return [done[self.run(name, rate, seed).name] for seed in self.seeds]


def search(grid: tuple[float, ...], losses: dict[float, float]) -> tuple[list[float], float | None]:
    """The rates to try, and the best of them as soon as all were tried.

    Where the best rate of the grid lies at its border, one more is tried beyond it, once.

    Args:
        grid: rates, the lowest first.
        losses: of the rates that were tried so far. One that isn't finite is never the best.

    Returns:
        Rates, the lowest first, and the best one, or None.
    """
    rates = list(grid)

    def best() -> float:
        return min(rates, key=lambda rate: _or_infinite(losses[rate]))

    if len(grid) > 1 and losses.keys() >= set(grid):
        if best() == grid[0]:
            rates.insert(0, float(f"{grid[0] ** 2 / grid[1]:.2g}"))
        elif best() == grid[-1]:
            rates.append(float(f"{grid[-1] ** 2 / grid[-2]:.2g}"))
    return rates, best() if losses.keys() >= set(rates) else None


def _or_infinite(loss: float) -> float:
    """The loss, or infinity if it is not a number."""
    return math.inf if math.isnan(loss) else loss
