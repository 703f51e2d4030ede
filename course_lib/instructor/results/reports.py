"""All the reports of a run, from its results.

They are written part by part: a class of thousands needs little more memory than one of ten.
"""

import hashlib
import json
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import course_lib
from course_lib.instructor.results.ledger import replace_file
from course_lib.instructor.results.pages.class_page import class_page
from course_lib.instructor.results.pages.student_page import student_page
from course_lib.instructor.results.points import total
from course_lib.instructor.results.report_csv import csv_lines
from course_lib.instructor.results.report_gradescope import gradescope
from course_lib.instructor.results.report_junit import junit_xml

INDEX = "index.html"
MARK = 16  # digits that tell apart who would have the same file name; nobody finds a second name
MARKED = re.compile(rf"-[0-9a-f]{{{MARK}}}$")


@dataclass(frozen=True)
class Pointed:
    """Results with the points that each student has, and that there are.

    Args:
        results: of `grade`.
        weights: points by exercise.
    """

    results: Collection[dict]
    weights: dict[str, float]

    def __len__(self) -> int:
        return len(self.results)

    def __iter__(self) -> Iterator[dict]:
        for result in self.results:
            points, of = total(result, self.weights)
            yield {**result, "points": round(points, 4), "of": round(of, 4)}


def is_graded(result: dict) -> bool:
    """Whether a submission came to verdicts, whatever they are."""
    return result["status"] == "graded"


def write_reports(
    out: Path, results: Collection[dict], wanted: list[str], weights: dict[str, float], about: dict
) -> None:
    """Write results.json and every report next to it.

    Args:
        out: folder.
        results: of `grade`; walked through several times.
        wanted: ids, in order.
        weights: points by id.
        about: what else to note about the run.
    """
    about = {"not_understood": [], "remarks": [], **about}
    written = datetime.now(UTC).isoformat(timespec="seconds")
    weights = {one: weights[one] for one in wanted}
    students = Pointed(results, weights)
    about = {"course": course_lib.__version__, "written": written, **about}
    replace_file(out / "results.json", _json_parts(students, weights, about))
    replace_file(out / "grades.csv", csv_lines(students, wanted, weights))
    replace_file(out / "junit.xml", junit_xml(students))
    pages = out / "students"
    pages.mkdir(0o700, exist_ok=True)  # names are in the names of its files
    names = {student["student"]: page_name(student["student"]) for student in students}
    for student in students:
        base = names[student["student"]]
        replace_file(pages / f"{base}.html", student_page(student, weights))
        text = json.dumps(gradescope(student, weights), indent=1)
        replace_file(pages / f"{base}.gradescope.json", text + "\n")
    notes = [*about["remarks"], *(f"Not understood: {one}" for one in about["not_understood"])]
    replace_file(out / INDEX, class_page(students, weights, names, written, notes))


def _json_parts(students: Pointed, weights: dict[str, float], about: dict) -> Iterator[str]:
    head = {
        "about": about,
        "exercises": [{"id": one, "weight": weight} for one, weight in weights.items()],
    }
    yield json.dumps(head, indent=1).removesuffix("\n}") + ',\n "students": ['
    between = "\n"
    for student in students:
        yield between + json.dumps(student, indent=1)
        between = ",\n"
    yield "\n]}\n"


def page_name(student: str) -> str:
    """A file name that is safe everywhere, another one for each student, and still readable."""
    safe = "".join(c if (c.isascii() and c.isalnum()) or c in "-_" else "_" for c in student)[:60]
    if safe != student or MARKED.search(student):  # or the name might be that of another's page
        safe += "-" + hashlib.sha256(student.encode("utf-8", "replace")).hexdigest()[:MARK]
    return safe
