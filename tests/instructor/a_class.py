"""Notebooks as students hand them in: from the course's own answers."""

import inspect
import json
import textwrap
from pathlib import Path

from course_lib.authoring.source import reference_code
from course_lib.exercises.registry import CHAPTERS, get, needs_tensorflow
from course_lib.instructor.intake.read import Submission
from course_lib.instructor.intake.tree import File, tree

ROOT = Path(__file__).parents[2]


def released(chapter: int) -> dict:
    """The exercise notebook of a chapter, as the course releases it."""
    name = CHAPTERS[chapter - 1].notebook
    return json.loads((ROOT / "exercises" / f"{name}.ipynb").read_text(encoding="utf-8"))


def answer_code(exercise_id: str, answer=None) -> str:
    """The code of an answer, called as the exercise asks; the reference's by default."""
    exercise = get(exercise_id)
    if answer is None or answer is exercise.reference:
        return reference_code(exercise.reference)
    lines = inspect.getsource(answer)
    lines = textwrap.dedent(lines[lines.index("def ") :])
    return lines.replace(f"def {answer.__name__}(", f"def {exercise_id}(", 1).replace(
        f"{answer.__name__}(", f"{exercise_id}("
    )


def notebook(chapter: int, answers: dict[str, str]) -> dict:
    """The released notebook with code filled in, by exercise."""
    nb = released(chapter)
    for cell in nb["cells"]:
        course = cell["metadata"].get("course", {})
        if course.get("role") == "code" and course["exercise"] in answers:
            cell["source"] = answers[course["exercise"]].splitlines(keepends=True)
    return nb


def solved(chapter: int, **changed: str) -> dict:
    """All NumPy exercises of a chapter right, but for those that are given."""
    ids = [one for one in CHAPTERS[chapter - 1].exercises if not needs_tensorflow(one)]
    return notebook(chapter, {one: answer_code(one) for one in ids} | changed)


def submission(path: Path, student: str = "anna") -> Submission:
    """What lies there as one student's work, whatever the layout."""
    if not path.is_dir() and path.suffix != ".zip":
        return Submission(student, [File(path.name, str(path))])
    top = tree(path)
    said = [one for folder in top.walk() for one in folder.not_understood]
    return Submission(student, list(top.all_files()), said)


def write(path: Path, content: dict) -> Path:
    """Store a notebook."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")
    return path
