"""What a project is made of: an exercise whose answer is trained, and judged on unseen data."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from course_lib.exercises.exercise import Exercise
from course_lib.exercises.projects.arrays import BadArrays, in_steps
from course_lib.exercises.registry import file_of

Weights = dict[str, np.ndarray]


@dataclass(frozen=True)
class Batch:
    """Inputs that the learner hasn't seen, and what is right.

    Args:
        x: inputs, batch first.
        y: targets, batch first; `predict` never sees them.
    """

    x: np.ndarray
    y: np.ndarray


@dataclass(frozen=True)
class Measured:
    """What the outputs on held-back data come to.

    Args:
        score: what the marks are set on; more is better.
        confusion: one sentence: what goes wrong most.
    """

    score: float
    confusion: str


@dataclass(frozen=True)
class View:
    """Inputs shown in another way, in which a learner may have trained on them by a slip.

    Args:
        words: what is shown, such as "the same digits with rows and columns exchanged".
        change: from inputs to those.
    """

    words: str
    change: Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class WrongHandIn:
    """A hand-in that must not reach a mark.

    Args:
        make: from the reference's weights to the weights and the function that are handed in; to
            bytes in place of the weights, which are the file. A weight of None is left out.
        says: part of the sentence that the learner reads.
    """

    make: Callable[[Weights], tuple[Weights | bytes, Callable]]
    says: str

    @property
    def name(self) -> str:
        """It in words, from the name of its function."""
        return self.make.__name__.replace("_", " ")


SHOWN = 8  # names in a sentence


def _some(names: Iterable[str]) -> str:
    """The names, of many the first ones."""
    names = list(names)
    return ", ".join([*names[:SHOWN], *(("…",) if len(names) > SHOWN else ())])


@dataclass(kw_only=True)
class Project(Exercise):
    """A project; its id is the name of the function to hand in.

    Args:
        data: what makes the data to train on: a function of `course_lib.data`, or one that stands
            beside the project. The notebook imports it for the learner.
        budget: what training may take, in words.
        marks: the three scores to reach, ascending.
        chance: a score that needs no weights at all.
        most: the best score that is possible, chance included; what is above it has looked ahead.
        read: from a score to text, such as "96.5% right".
        layout: for each array its shape, in which a letter stands for a size that the learner
            chooses; None: any arrays will do.
        rules: sees whether arrays of that layout are allowed; raises `BadArrays` if not.
        most_numbers: how many numbers the arrays may hold.
        steps: how many numbers each array may tell apart, where any network will do: to so many it
            is rounded before the function gets it, so that nothing is packed into digits. None: it
            comes as it is.
        held_back: from "check" or "validate" and a seed to batches that nobody has trained on.
        outputs: shape of the output for inputs of a given shape.
        measure: from the batches and the outputs for them to a `Measured`.
        network: what the arrays stand for: from weights and inputs to outputs. What is handed in
            must compute the same. None: any network will do.
        asks_expectation: whether the learner hands in the score that they expect.
        run: from the function, the weights and inputs to outputs, for a function that isn't called
            with inputs side by side; None: it is, and each input is judged on its own.
        advice: from the score to one sentence on what to try next.
        views: other ways to show the inputs, tried where the first mark is missed by far.
    """

    data: Callable
    budget: str
    marks: tuple[float, float, float]
    chance: float
    most: float = float("inf")
    read: Callable[[float], str]
    layout: dict[str, tuple[int | str, ...]] | None = None
    rules: Callable[[Weights], None] | None = None
    most_numbers: int
    steps: int | None = None
    held_back: Callable[[str, int], tuple[Batch, ...]]
    outputs: Callable[[tuple[int, ...]], tuple[int, ...]]
    measure: Callable[[tuple[Batch, ...], list[np.ndarray]], Measured]
    network: Callable[[Weights, np.ndarray], np.ndarray] | None = None
    advice: Callable[[float], str]
    asks_expectation: bool = False
    views: tuple[View, ...] = ()
    run: Callable[[Callable, Weights, np.ndarray], np.ndarray] | None = None
    kind: str = "project"
    wrong: list[WrongHandIn] = field(default_factory=list)
    right: list[Callable] = field(default_factory=list)

    @property
    def file(self) -> str:
        """Name of the file with the arrays."""
        return file_of(self.id)

    def mark(self, score: float) -> int:
        """How many of the three marks a score reaches."""
        return sum(score >= mark for mark in self.marks)

    def score(self, function: Callable, weights: Weights, batches: tuple[Batch, ...]) -> float:
        """What a function that is trusted comes to: no guard, and no limit on its time."""
        run = self.run or (lambda function, weights, x: function(weights, x))
        weights = self.handed_over(weights)
        outputs = [run(function, weights, batch.x) for batch in batches]
        return self.measure(batches, outputs).score

    def handed_over(self, weights: Weights) -> Weights:
        """The arrays as the function gets them."""
        if self.steps is None:
            return weights
        return {name: in_steps(array, self.steps) for name, array in weights.items()}

    def fits(self, weights: Weights) -> None:
        """See whether arrays are those of the network that was asked for.

        Raises:
            BadArrays: they aren't; the message names the first that doesn't fit.
        """
        numbers = sum(array.size for array in weights.values())
        if numbers > self.most_numbers:
            raise BadArrays(
                f"{self.file} holds {numbers:,} numbers; {self.most_numbers:,} are the most."
            )
        if self.layout is None:
            return
        if missing := [name for name in self.layout if name not in weights]:
            raise BadArrays(
                f"{self.file} has no {', '.join(missing)}; it holds {_some(weights)}. It needs "
                f"{', '.join(self.layout)}."
            )
        if extra := [name for name in weights if name not in self.layout]:
            raise BadArrays(
                f"{self.file} holds {_some(extra)}, which is not part of the network: leave it out."
            )
        sizes: dict[str, int] = {}
        for name, shape in self.layout.items():
            there = weights[name].shape
            wanted = tuple(n if isinstance(n, int) else sizes.get(n, n) for n in shape)
            fits = len(there) == len(wanted) and all(
                is_one == one
                for is_one, one in zip(there, wanted, strict=True)
                if isinstance(one, int)
            )
            if not fits:
                words = f"({', '.join(map(str, wanted))}{',' if len(wanted) == 1 else ''})"
                raise BadArrays(f"{name} has shape {there}; it should be {words}.")
            sizes |= {
                n: is_one for n, is_one in zip(shape, there, strict=True) if isinstance(n, str)
            }
        if self.rules is not None:
            self.rules(weights)

    def wrong_hand_in(self, says: str) -> Callable:
        """Decorator: the function below makes a hand-in that must fail with such a sentence."""

        def add(make: Callable[[Weights], Any]) -> Callable:
            self.wrong.append(WrongHandIn(make, says))
            return make

        return add

    def right_hand_in(self, make: Callable) -> Callable:
        """Decorator: the function below makes another hand-in that must reach a mark."""
        self.right.append(make)
        return make
