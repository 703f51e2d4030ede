"""What a class comes to, counted in one walk through its results."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from course_lib.instructor.results.points import holds_none

SUSPICIOUS = ("tampered with", "crashed")
MOST_REASONS = 3
MOST_EXCERPTS = 200  # different ones that are counted for a misconception


@dataclass
class Misconception:
    """A mistake that several students may have made.

    Args:
        exercise: id.
        mistake: its name.
        sentence: what these students were told.
        count: how many they are.
        excerpts: lines of code that show it, with how many wrote exactly these.
        authors: for each excerpt the number of the first student who wrote it.
    """

    exercise: str
    mistake: str
    sentence: str
    count: int = 0
    excerpts: Counter[tuple[str, ...]] = field(default_factory=Counter)
    authors: dict[tuple[str, ...], int] = field(default_factory=dict)

    def add(self, student: int, code: tuple[str, ...]) -> None:
        """One more student made it, and wrote this."""
        self.count += 1
        if code and (code in self.excerpts or len(self.excerpts) < MOST_EXCERPTS):
            self.excerpts[code] += 1
            self.authors.setdefault(code, student)


@dataclass
class Tally:
    """Counts over a class; students are known by their number in it.

    Args:
        wanted: ids of the exercises.
        names: of the students who are conspicuous or quoted, by number.
        points: of every student.
        outcomes: for each exercise how often each outcome came.
        marks: for each project how many students reached each mark, from 0 to 3.
        scores: for each project the scores that could be measured.
        conspicuous: number of a student, and why somebody should look, one sentence each.
        misconceptions: by exercise and mistake.
    """

    wanted: list[str]
    names: dict[int, str] = field(default_factory=dict)
    points: list[float] = field(default_factory=list)
    outcomes: dict[str, Counter[str]] = field(default_factory=dict)
    marks: dict[str, Counter[int]] = field(default_factory=dict)
    scores: dict[str, list[float]] = field(default_factory=dict)
    conspicuous: list[tuple[int, list[str]]] = field(default_factory=list)
    misconceptions: dict[tuple[str, str], Misconception] = field(default_factory=dict)

    @classmethod
    def of(cls, students: Iterable[dict], wanted: list[str]) -> "Tally":
        """Count.

        Args:
            students: results with their points.
            wanted: ids, in the order of each student's exercises.
        """
        tally = cls(wanted, outcomes={one: Counter() for one in wanted})
        for number, student in enumerate(students):
            tally._add(number, student)
        return tally

    def commonest(self, most: int) -> list[Misconception]:
        """The misconceptions that most students have."""
        return sorted(self.misconceptions.values(), key=lambda one: -one.count)[:most]

    def _add(self, number: int, student: dict) -> None:
        self.points.append(student["points"])
        for e in student["exercises"]:
            one = e["exercise"]
            self.outcomes[one][e["outcome"]] += 1
            if e.get("mark") is not None:
                self.marks.setdefault(one, Counter())[e["mark"]] += 1
            if e.get("score") is not None:
                self.scores.setdefault(one, []).append(e["score"])
            if e["mistake"]:
                key = one, e["mistake"]
                found = self.misconceptions.setdefault(key, Misconception(*key, e["sentence"]))
                found.add(number, tuple(e.get("code", ())))
                self.names.setdefault(number, student["student"])
        if why := _why_conspicuous(student):
            self.conspicuous.append((number, why))
            self.names.setdefault(number, student["student"])


def _why_conspicuous(student: dict) -> list[str]:
    why = [
        f"{e['exercise']}: {e['outcome']}. {e['sentence']}"
        for e in student["exercises"]
        if e["outcome"] in SUSPICIOUS or e["failed"] == "other numbers"
    ]
    if replaced := sorted({name for e in student["exercises"] for name in e["replaced"]}):
        why.append(f"It puts others in place of {', '.join(replaced)}; that cost nothing.")
    if student["status"] != "graded" or holds_none(student):
        why += student["remarks"]
    return why[:MOST_REASONS]
