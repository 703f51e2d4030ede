"""The results of a class as data for the script of its page, written part by part."""

import hashlib
from collections.abc import Iterable, Iterator

from course_lib.exercises.registry import chapter_of
from course_lib.instructor.judging.verdict import OUTCOMES
from course_lib.instructor.results.pages.markup import script_json, shown
from course_lib.instructor.results.points import share


def class_data(
    students: Iterable[dict], weights: dict[str, float], names: dict[str, str]
) -> Iterator[str]:
    """One JSON object: `outcomes`, `exercises`, and `students`.

    A student's `cells` hold, exercise by exercise, either what became of it, or the number of an
    equal one that stood before: most cells of a class are alike. Left out is what is empty.

    Args:
        students: results with their points.
        weights: points by exercise, in the order of each student's exercises.
        names: for each student the name of its page.
    """
    exercises = [
        {"id": one, "chapter": chapter_of(one).title, "of": weight}
        for one, weight in weights.items()
    ]
    head = script_json({"outcomes": OUTCOMES, "exercises": exercises})
    yield head.removesuffix("}") + ',"students":['
    known: dict[bytes, int] = {}
    between = "\n"
    for student in students:
        row = {
            "name": shown(student["student"]),
            "page": names[student["student"]],
            "points": student["points"],
            "remarks": list(map(shown, student["remarks"])),
        }
        cells = ",".join(_numbered(_cell(e, weights), known) for e in student["exercises"])
        yield f'{between}{script_json(row).removesuffix("}")},"cells":[{cells}]}}'
        between = ",\n"
    yield "\n]}"


def _numbered(cell: dict, known: dict[bytes, int]) -> str:
    text = script_json(cell)
    digest = hashlib.sha256(text.encode()).digest()[:16]  # the cells themselves would fill memory
    if digest in known:
        return str(known[digest])
    known[digest] = len(known)
    return text


def _cell(e: dict, weights: dict[str, float]) -> dict:
    cell = {
        "outcome": OUTCOMES.index(e["outcome"]),
        "points": round(weights[e["exercise"]] * share(e), 4),
        "sentence": shown(e["sentence"]),
        "mistake": e["mistake"],
        "failed": "" if e["hidden"] else shown(e["failed"] or ""),
        "printed": shown(e["printed"]),
        "remarks": list(map(shown, e["remarks"])),
        "code": list(map(shown, e.get("code", ()))),
    }
    if e.get("mark") is not None:
        cell["mark"] = e["mark"]
    return {name: value for name, value in cell.items() if value or name in ("outcome", "mark")}
