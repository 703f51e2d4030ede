"""A class over several weeks: who is stuck, which mistakes spread, which sentences did not help."""

import itertools
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from course_lib.exercises.registry import ids
from course_lib.exercises.report import NOT_WRITTEN, PASSED
from course_lib.instructor.judging.verdict import MISSING

Mistake = tuple[str, str]  # exercise and name


@dataclass(frozen=True)
class Cell:
    """What became of one exercise in one week.

    Args:
        outcome: of `OUTCOMES`.
        mistake: name of the recognised mistake, or empty.
        is_open: whether it was tried and is not right; a project with one mark is right enough.
    """

    outcome: str
    mistake: str
    is_open: bool


@dataclass(frozen=True)
class Stuck:
    """Somebody whose answer has not been right for two weeks or more.

    Args:
        student: name.
        exercise: id.
        weeks: how many hand-ins in a row, the last one among them.
        sentence: what was said last.
    """

    student: str
    exercise: str
    weeks: int
    sentence: str


@dataclass
class Sentence:
    """What came of those who were told about a mistake, one hand-in later.

    Args:
        told: how many handed that exercise in again.
        same: of them, how many still make the same mistake.
        right: of them, how many are right now.
    """

    told: int = 0
    same: int = 0
    right: int = 0


@dataclass
class Weeks:
    """Several runs of `course validate` on one class, the earliest first.

    Args:
        titles: of the weeks.
        students: for each a list of its weeks, each from exercises to cells; None where nothing
            was handed in.
        counts: for each week and each exercise how often each outcome came.
        mistakes: for each week how many students made each mistake.
        sentences: on each mistake, as said last.
        last: for each student and exercise that is open, what was said last.
    """

    titles: list[str] = field(default_factory=list)
    students: dict[str, list[dict[str, Cell] | None]] = field(default_factory=dict)
    counts: list[dict[str, Counter[str]]] = field(default_factory=list)
    mistakes: list[Counter[Mistake]] = field(default_factory=list)
    sentences: dict[Mistake, str] = field(default_factory=dict)
    last: dict[tuple[str, str], str] = field(default_factory=dict)

    def add(self, title: str, results: Iterable[dict]) -> None:
        """One more week.

        Args:
            title: its name.
            results: of its students.
        """
        counts: dict[str, Counter[str]] = {}
        mistakes: Counter[Mistake] = Counter()
        known: dict[Cell, Cell] = {}
        for result in results:
            name, cells = result["student"], {}
            for e in result["exercises"]:
                one = e["exercise"]
                cell = _cell(e)
                cells[one] = known.setdefault(cell, cell)  # most are alike: each is held once
                counts.setdefault(one, Counter())[cell.outcome] += 1
                if cell.mistake:
                    mistakes[one, cell.mistake] += 1
                    self.sentences[one, cell.mistake] = e["sentence"]
                if cell.is_open:
                    self.last[name, one] = e["sentence"]
            weeks = self.students.setdefault(name, [None] * len(self.titles))
            weeks.append(cells)
        self.titles.append(title)
        self.counts.append(counts)
        self.mistakes.append(mistakes)
        for weeks in self.students.values():
            weeks += [None] * (len(self.titles) - len(weeks))

    def exercises(self) -> list[str]:
        """Those that somebody has begun, in the course's order; another release's come last."""
        begun = {
            one
            for counts in self.counts
            for one, outcomes in counts.items()
            if outcomes.keys() - {MISSING, NOT_WRITTEN}
        }
        return sorted(begun, key=_place)

    def stuck(self) -> list[Stuck]:
        """Who is stuck where, the longest first."""
        found = []
        for name, weeks in self.students.items():
            handed_in = [cells for cells in weeks if cells is not None]
            for one, cell in handed_in[-1].items():
                if not cell.is_open:
                    continue
                count = 0
                for cells in reversed(handed_in):
                    if one not in cells or not cells[one].is_open:
                        break
                    count += 1
                if count > 1:
                    found.append(Stuck(name, one, count, self.last[name, one]))
        return sorted(found, key=lambda one: (-one.weeks, _place(one.exercise), one.student))

    def gone(self) -> dict[str, str]:
        """Who handed in nothing in the last week: name, and the week of the last hand-in."""
        gone = {}
        for name, weeks in self.students.items():
            if weeks[-1] is None:
                last = max(n for n, cells in enumerate(weeks) if cells is not None)
                gone[name] = self.titles[last]
        return gone

    def spreading(self) -> list[tuple[Mistake, list[int]]]:
        """How many made each mistake, week by week; what grew most since the week before first."""
        everyone = {mistake for counts in self.mistakes for mistake in counts}
        rows = [(mistake, [counts[mistake] for counts in self.mistakes]) for mistake in everyone]
        return sorted(rows, key=lambda row: (row[1][-2] - row[1][-1], -row[1][-1], row[0]))

    def not_enough(self) -> list[tuple[Mistake, Sentence]]:
        """For each mistake what its sentence came to; where it helped least first."""
        found: dict[Mistake, Sentence] = {}
        for one, before, after in self._steps():
            if not before.mistake or after.outcome == MISSING:
                continue
            sentence = found.setdefault((one, before.mistake), Sentence())
            sentence.told += 1
            sentence.same += after.mistake == before.mistake
            sentence.right += after.outcome == PASSED
        kept = ((mistake, sentence) for mistake, sentence in found.items() if sentence.same)
        return sorted(kept, key=lambda row: (-row[1].same, row[1].told, row[0]))

    def _steps(self) -> Iterator[tuple[str, Cell, Cell]]:
        """Each exercise of each student in two hand-ins that follow each other."""
        for weeks in self.students.values():
            handed_in = [cells for cells in weeks if cells is not None]
            for before, after in itertools.pairwise(handed_in):
                for one in before.keys() & after.keys():
                    yield one, before[one], after[one]


def _place(exercise: str) -> tuple[int, str]:
    """Where an exercise stands in the course; one that only another release has stands behind."""
    known = ids()
    return (known.index(exercise) if exercise in known else len(known), exercise)


def _cell(e: dict) -> Cell:
    is_open = e["outcome"] not in (PASSED, NOT_WRITTEN, MISSING) and not e.get("mark")
    return Cell(e["outcome"], e["mistake"] or "", is_open)
