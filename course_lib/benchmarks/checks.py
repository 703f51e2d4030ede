"""Answers that nobody's check was written for: how many wrong ones does it refuse, and name?

They lie in `benchmarks/blind`, a file for each exercise, and were written from the notebooks alone,
by authors who had read neither the checks nor the named mistakes. The stored result keeps what was
said of an answer when it was first tried, beside what is said of it today: what was mended because
of an answer no longer counts as found.
"""

import hashlib
import json
import re
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from course_lib.benchmarks import measure

BLIND = Path(__file__).resolve().parents[2] / "benchmarks" / "blind"
KINDS = {"single": "one fault", "double": "two faults", "right": "none"}
BASE = "base"  # the cell that others change, itself no answer
MARK = re.compile(rf"^# %% ({'|'.join([BASE, *KINDS])}): (.+)\n", re.MULTILINE)
HUNK = "@@\n"


@dataclass(frozen=True)
class Answer:
    """What a learner could have written.

    Args:
        exercise: its id.
        kind: one of `KINDS`.
        about: what is wrong with it; of a right one, what is odd.
        head: what the file's answers share: imports, and functions of earlier exercises.
        source: the answer, with helpers of its own.
    """

    exercise: str
    kind: str
    about: str
    head: str
    source: str

    @property
    def digest(self) -> str:
        """Tells answers apart; another one where anything of the code is changed."""
        return hashlib.sha256((self.head + self.source).encode()).hexdigest()[:12]


def answers(exercise: str) -> list[Answer]:
    """The answers to an exercise, in the order of its file.

    A cell of the file is an answer: it begins with the line "# %% KIND: what is wrong". What stands
    above the first cell belongs to each. A cell may say what it changes of the cell "base" alone.
    """
    head, *cells = MARK.split(file_of(exercise).read_text(encoding="utf-8"))
    base, found = "", []
    for kind, about, source in zip(cells[::3], cells[1::3], cells[2::3], strict=True):
        source = source.strip("\n") + "\n"
        if kind == BASE:
            base = source
            continue
        if source == "\n" or source.startswith(HUNK):
            source = changed(base, source)
        found.append(Answer(exercise, kind, about, head.strip() + "\n", source))
    return found


def changed(base: str, change: str) -> str:
    """The base after a change: hunks as `diff -u` writes them, without numbers of lines.

    Raises:
        ValueError: what a hunk changes isn't there, or stands in several places.
    """
    text = f"\n{base}"
    for hunk in change.split(HUNK)[1:]:
        lines = [line or " " for line in hunk.splitlines()]  # editors strip a blank line's space
        old, new = (
            "\n" + "".join(f"{line[1:]}\n" for line in lines if line[0] in kept)
            for kept in (" -", " +")
        )
        times = len(re.findall(f"(?={re.escape(old)})", text))  # also those that overlap
        if times != 1:
            raise ValueError(f"This stands {times} times in the base, not once:{old}")
        text = text.replace(old, new)
    return text.removeprefix("\n")


def file_of(exercise: str) -> Path:
    """Where the answers to an exercise lie: no module, since cells may be changes alone."""
    return BLIND / f"{exercise}.txt"


def exercises() -> list[str]:
    """Ids of the exercises that have answers, in the order of the course."""
    from course_lib.exercises.registry import ids

    return [one for one in ids() if file_of(one).exists()]


def verdict(answer: Answer) -> dict[str, Any]:
    """What `course check` says of an answer that stands in a notebook.

    Returns:
        `passed`; `mistake`: the name of the recognised one, or None; `told`: whether it says what
        is wrong, and not only that a number differs; `rung`: where it fell; `sentence`.

    Raises:
        ValueError: the answer, or something it needs, can't even be run.
    """
    from course_lib.notebook_check import check_notebook

    cells = [
        {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None, "source": one}
        for one in (answer.head, answer.source)
    ]
    notebook = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "answer.ipynb"
        path.write_text(json.dumps(notebook), encoding="utf-8")
        ((taken, name, report),) = check_notebook(path, [answer.exercise])
    if report is None or taken.remarks:  # a head that fails would count as a wrong answer found out
        why = taken.remarks or taken.failures.get(name)
        raise ValueError(f"{answer.exercise}, {answer.about}: {why}")
    return {
        "passed": report.ok,
        "mistake": report.mistake,
        "told": _told(report),
        "rung": report.failed,
        "sentence": report.sentence,
    }


def _told(report: Any) -> bool:
    """Whether a learner hears what is wrong: the idea, or a fact beyond a number that differs."""
    if report.ok:
        return False
    return report.mistake is not None or not (report.problem and report.problem.errors)


def verdicts(exercise: str, quick: bool = False) -> dict[str, Any]:
    """The verdict on each answer to an exercise, by its digest; quick: one of each kind."""
    chosen = answers(exercise)
    if quick:
        chosen = list({one.kind: one for one in reversed(chosen)}.values())
    return {one.digest: verdict(one) for one in chosen}


def run(
    quick: bool = False, only: Iterable[str] = (), stored: Path | None = None
) -> dict[str, Any]:
    """Check all answers.

    Args:
        quick: one answer of each kind, of each exercise.
        only: ids of exercises; by default all that have answers. Of the others the stored verdicts
            are kept.
        stored: an earlier result, for what was said when an answer was first tried.

    Returns:
        `first` and `today`, each with `of_all` and `by_exercise`, as `shares` counts them; and
        `answers`: of each its `exercise`, `kind`, `about` and `digest`, and its two verdicts.
    """
    earlier = json.loads(stored.read_text(encoding="utf-8")) if stored and stored.exists() else {}
    known = {one["digest"]: one for one in earlier.get("answers", ())}
    only = set(only)
    rows = []
    for exercise in exercises():
        if only and exercise not in only:
            today = {digest: one["today"] for digest, one in known.items()}
        else:
            today = measure.in_child(verdicts, exercise, quick)
        rows += [
            {
                "exercise": exercise,
                "kind": one.kind,
                "about": one.about,
                "digest": one.digest,
                "first": known.get(one.digest, {"first": today[one.digest]})["first"],
                "today": today[one.digest],
            }
            for one in answers(exercise)
            if one.digest in today
        ]
    return {**{when: counted(rows, when) for when in ("first", "today")}, "answers": rows}


def counted(rows: list[dict[str, Any]], when: str) -> dict[str, Any]:
    """The shares of all answers, and of each exercise's; `when` is "first" or "today"."""
    names = dict.fromkeys(row["exercise"] for row in rows)
    return {
        "of_all": shares(rows, when),
        "by_exercise": {
            name: shares([row for row in rows if row["exercise"] == name], when) for name in names
        },
    }


def shares(rows: list[dict[str, Any]], when: str) -> dict[str, dict[str, int]]:
    """How many answers of each kind were tried, rejected, told what is wrong, and named by idea."""
    return {
        kind: {
            "tried": len(verdicts),
            "rejected": sum(not one["passed"] for one in verdicts),
            "told": sum(one["told"] for one in verdicts),
            "named": sum(one["mistake"] is not None for one in verdicts),
        }
        for kind in KINDS
        if (verdicts := [row[when] for row in rows if row["kind"] == kind])
    }


def main(quick: bool, as_json: bool, out: Path | None, only: Iterable[str] = ()) -> int:
    """Check, print and store; the number to exit with, which says nothing of the shares."""
    from course_lib.training.reproduce import RESULTS

    found = run(quick, only, RESULTS / "bench-checks.json")
    measure.show(measure.store("checks", found, quick, out), words(found), as_json)
    return 0


def words(result: dict[str, Any]) -> str:
    """The shares, and each answer that got a verdict that it should not have."""
    lines = []
    for when, title in (("first", "When first tried"), ("today", "Today")):
        lines.append(f"{title}:")
        for kind, n in result[when]["of_all"].items():
            told = (
                f", {n['told']} told what is wrong, {n['named']} of them by name"
                if kind != "right"
                else ""
            )
            lines.append(f"  {kind}: {n['tried']} tried, {n['rejected']} rejected{told}")
    for row in result["answers"]:
        if row["today"]["passed"] != (row["kind"] == "right"):
            wrong = "passed" if row["today"]["passed"] else f"refused: {row['today']['sentence']}"
            lines.append(f"{row['exercise']}, {row['kind']}, {row['about']}: {wrong}")
    return "\n".join(lines)
