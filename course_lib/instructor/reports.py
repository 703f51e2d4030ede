"""All the reports of a run, from its results."""

from datetime import UTC, datetime
from pathlib import Path

import course_lib
from course_lib.instructor import scores
from course_lib.instructor.report_csv import csv_text
from course_lib.instructor.report_gradescope import gradescope
from course_lib.instructor.report_html import class_page, student_page
from course_lib.instructor.report_junit import junit_xml

INDEX = "index.html"


def write_reports(
    out: Path, students: list[dict], wanted: list[str], weights: dict[str, float], about: dict
) -> None:
    """Write results.json and every report next to it.

    Args:
        out: folder.
        students: results of `grade`.
        wanted: ids, in order.
        weights: points by id.
        about: what else to note about the run.
    """
    import json

    from course_lib.instructor.ledger import replace_file

    for student in students:
        student["points"], student["of"] = (round(p, 4) for p in scores.total(student, weights))
    content = {
        "about": {
            "course": course_lib.__version__,
            "written": datetime.now(UTC).isoformat(timespec="seconds"),
            **about,
        },
        "exercises": [{"id": one, "weight": weights[one]} for one in wanted],
        "students": students,
    }
    replace_file(out / "results.json", json.dumps(content, indent=1) + "\n")
    replace_file(out / "grades.csv", csv_text(students, wanted, weights))
    replace_file(out / "junit.xml", junit_xml(students, wanted))
    pages = out / "students"
    pages.mkdir(exist_ok=True)
    names = page_names(students)
    for student in students:
        base = names[student["student"]]
        replace_file(pages / f"{base}.html", student_page(student, weights))
        text = json.dumps(gradescope(student, weights), indent=1)
        replace_file(pages / f"{base}.gradescope.json", text + "\n")
    replace_file(out / INDEX, class_page(content, names))


def page_names(students: list[dict]) -> dict[str, str]:
    """For each student a file name that is safe everywhere, and still readable."""
    import hashlib

    names = {}
    for student in students:
        name = student["student"]
        safe = "".join(c if (c.isascii() and c.isalnum()) or c in "-_" else "_" for c in name)[:60]
        if safe != name:
            safe += "-" + hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()[:8]
        names[name] = safe
    return names
