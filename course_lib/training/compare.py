"""A result beside the stored one: the same, within the spread of another processor, or different.

Another processor rounds in another order, and training makes a small difference larger; it starts
the run elsewhere, as another seed does, only less far. So what two seeds differ by is the most that
another processor may change. That spread is stored; nothing here is chosen.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from course_lib.training.provenance import same_kind_of_machine

SAME, WITHIN, DIFFERENT, UNKNOWN = (
    "the same",
    "within the spread of another processor",
    "different",
    "not the same, and no spread is stored",
)
EXIT_CODES = {SAME: 0, WITHIN: 0, DIFFERENT: 1, UNKNOWN: 3}
CHOICES = {"learning_rate"}  # chosen by the run itself; its losses show whether it matters
Numbers = dict[str, float | None]


@dataclass(frozen=True)
class Difference:
    """A number of the summary that is not the stored one.

    Args:
        name: its path in the summary, with dots.
        stored: as stored; None for a number that there is not.
        again: as it is now.
        spread: how far the stored seeds are apart; None if fewer than two are stored.
    """

    name: str
    stored: float | None
    again: float | None
    spread: float | None

    @property
    def size(self) -> float:
        """How far the two are apart; infinite where one is missing or not a number."""
        if self.stored is None or self.again is None:
            return math.inf
        size = abs(self.again - self.stored)
        return math.inf if math.isnan(size) else size

    @property
    def outcome(self) -> str:
        """`WITHIN`, `DIFFERENT`, or `UNKNOWN` where no spread is stored."""
        if math.isinf(self.size):
            return DIFFERENT
        if self.spread is None:
            return UNKNOWN
        # The stored numbers are rounded: 0.0009 + 1e-17 is not more than 0.0009.
        return WITHIN if self.size <= self.spread * (1 + 1e-9) else DIFFERENT

    def __str__(self) -> str:
        """One line: the number then and now, and how far it may be off."""
        allowed = "one seed is stored" if self.spread is None else f"seeds: {self.spread:.2g}"
        return f"{self.name}: {self.again}, stored {self.stored} ({self.size:.2g}; {allowed})"


@dataclass(frozen=True)
class Verdict:
    """What came of a comparison.

    Args:
        outcome: `SAME`, `WITHIN`, `DIFFERENT` or `UNKNOWN`.
        differences: the numbers that differ.
        remarks: a sentence for all else that a reader must know.
    """

    outcome: str
    differences: tuple[Difference, ...] = ()
    remarks: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        """0 for the same and within the spread, 1 for different, 3 for what can't be judged."""
        return EXIT_CODES[self.outcome]

    def __str__(self) -> str:
        """The outcome first; for `WITHIN` with the largest difference and its spread."""
        outcome = self.outcome
        if outcome == WITHIN:
            largest = max(self.differences, key=lambda one: one.size / one.spread)
            outcome += f" ({largest.size:.2g}, where seeds differ by {largest.spread:.2g})"
        lines = [f"  {one}" for one in self.differences]
        return "\n".join([outcome, *lines, *self.remarks])


def compare(
    stored: dict[str, Any], again: dict[str, Any], other_seeds: Sequence[dict[str, Any]] = ()
) -> Verdict:
    """Compare the summary of a result with the stored one.

    Numbers are compared one by one. Times, and what is a choice and no measurement (integers such
    as the best epoch, the learning rate), are left out. On the same kind of machine with the same
    versions there is no other processor to excuse a difference.

    Args:
        stored: a stored result.
        again: the same run, now, as it would be stored.
        other_seeds: stored results of that run from other seeds; those of another configuration
            say nothing and are left out. A result that is itself of several seeds has their
            numbers in a list and needs none.
    """
    if changed := _changed(stored["config"], again["config"]):
        return Verdict(DIFFERENT, remarks=(f"The configuration has changed: {changed}.",))
    then, now = dict(_numbers(stored["summary"])), dict(_numbers(again["summary"]))
    comparable = [one for one in other_seeds if not _changed(one["config"], stored["config"])]
    seeds = [then, *(dict(_numbers(one["summary"])) for one in comparable)]
    lists = _over_seeds(stored)
    differences = tuple(
        Difference(name, then.get(name), now.get(name), _spread(name, seeds, lists))
        for name in {**then, **now}
        if not _equal(then.get(name), now.get(name))
    )
    remarks = _remarks(stored, again)
    if not differences:
        return Verdict(SAME, remarks=remarks)
    outcomes = {one.outcome for one in differences}
    outcome = next(one for one in (DIFFERENT, UNKNOWN, WITHIN) if one in outcomes)
    if same_kind_of_machine(stored, again):
        outcome = DIFFERENT
        remarks += ("The processor and the versions are those of the stored run: look elsewhere.",)
    elif outcome == UNKNOWN:
        more = f"course reproduce {stored['name']} --seed {stored['seed'] + 1}"
        remarks += (f"Store the run from another seed, and it can be judged: {more}",)
    return Verdict(outcome, differences, remarks)


def _changed(stored: dict[str, Any], now: dict[str, Any]) -> str:
    """The settings that differ, in words; empty if none does.

    A setting that the stored run didn't have yet is no difference: its default is what was done
    before, and if it has another value now, the numbers tell.
    """
    names = [n for n in stored if stored[n] != now.get(n)]
    return ", ".join(f"{n} is {now.get(n)}, stored {stored.get(n)}" for n in names)


def _numbers(value: Any, path: str = "") -> Iterator[tuple[str, float | None]]:
    """Every number below a value, and each null in a number's place, with its path."""
    name = path.rpartition(".")[2]
    if isinstance(value, dict):
        for key, entry in value.items():
            yield from _numbers(entry, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        for i, entry in enumerate(value):
            yield from _numbers(entry, f"{path}[{i}]")
    elif not (name.startswith("seconds") or name in CHOICES or isinstance(value, bool | str)):
        yield path, value


def _over_seeds(stored: dict[str, Any]) -> dict[str, list[float]]:
    """The lists of a result of several seeds, one number a seed, by their path."""
    count = len(stored["config"].get("seeds", ()))

    def find(value: Any, path: str) -> Iterator[tuple[str, list[float]]]:
        if isinstance(value, dict):
            for key, entry in value.items():
                yield from find(entry, f"{path}.{key}" if path else str(key))
        elif (
            isinstance(value, list)
            and len(value) == count > 1
            and all(isinstance(x, float) for x in value)
        ):
            yield path, value

    return dict(find(stored["summary"], ""))


def _spread(name: str, seeds: list[Numbers], lists: dict[str, list[float]]) -> float | None:
    """How far the seeds are apart in a number: the largest less the smallest."""
    found = [one[name] for one in seeds if one.get(name) is not None]
    groups = [found]
    parent, _, last = name.rpartition(".")
    of_mean = ".".join(filter(None, (parent, last.removeprefix("mean_"))))
    groups.append(lists.get(name.rpartition("[")[0]) or lists.get(of_mean) or [])
    spreads = [max(g) - min(g) for g in groups if len(g) > 1 and all(map(math.isfinite, g))]
    return max(spreads, default=None)


def _equal(one: float | None, other: float | None) -> bool:
    """Whether two numbers tell the same; two integers are choices, and say nothing."""
    if one is None or other is None:
        return one is other
    if isinstance(one, int) and isinstance(other, int):
        return True
    return one == other or (math.isnan(one) and math.isnan(other))


def _remarks(stored: dict[str, Any], again: dict[str, Any]) -> tuple[str, ...]:
    """What else differs: versions, the machine, and the curves."""
    remarks = [
        f"{what} is {again['versions'].get(what)}, stored with {version}."
        for what, version in stored["versions"].items()
        if version != again["versions"].get(what)
    ]
    for field, now in again["hardware"].items():
        then = stored["hardware"].get(field, "not stored")
        if field in ("cpu", "instruction_set", "settings", "gpus") and then != now:
            remarks.append(f"{field}: {_plain(now)}; stored: {_plain(then)}.")
    then, now = dict(_numbers(stored["curves"])), dict(_numbers(again["curves"]))
    off = [name for name in {**then, **now} if not _equal(then.get(name), now.get(name))]
    if off:
        remarks.append(f"Of {len({**then, **now})} numbers in its curves, {len(off)} differ.")
    return tuple(remarks)


def _plain(value: Any) -> str:
    if isinstance(value, dict):
        value = [f"{name}={entry}" for name, entry in value.items()]
    return (" ".join(value) or "none") if isinstance(value, list) else str(value)
