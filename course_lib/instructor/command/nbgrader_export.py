"""`course export nbgrader`: a course folder that nbgrader makes assignments of.

Format: https://nbgrader.readthedocs.io/en/stable/user_guide/creating_and_grading_assignments.html.
"""

import json
from pathlib import Path

from course_lib.authoring.source import Region, regions, source_of
from course_lib.exercises.registry import get
from course_lib.instructor.errors import BadUsage
from course_lib.instructor.results.output import drafted
from course_lib.instructor.results.points import load_weights
from course_lib.learner import released_folder

CONFIG = """\
# Written by `course export nbgrader`; yours to change.
c = get_config()  # noqa: F821

c.CourseDirectory.course_id = "recurrent-networks"
# The checks know a stub by this word.
c.ClearSolutions.code_stub = {"python": 'raise NotImplementedError("IMPLEMENT-ME: see above")'}
c.ExecutePreprocessor.timeout = 300
"""
COMMON = {"schema_version": 3, "task": False}


def export(folder: Path, weights: Path | None = None) -> int:
    """Write one assignment for each chapter, and nbgrader's settings.

    Args:
        folder: made if it isn't there; must hold no `source` and no settings yet.
        weights: file of points by exercise, as for `course validate`.

    Returns:
        The code to exit with.

    Raises:
        BadUsage: if something is there already, or the weights don't fit.
    """
    config = folder / "nbgrader_config.py"
    for place in (folder / "source", config):
        if place.exists():
            raise BadUsage(f"{place} is there already; it is yours, and stays as it is.")
    files = sorted(released_folder().glob("*.ipynb"))
    ids = [one for file in files for one in _exercises(json.loads(file.read_text("utf-8")))]
    points = load_weights(weights, ids)
    with drafted(config) as settings, drafted(folder / "source") as source:
        for file in files:
            content = assignment(json.loads(file.read_text(encoding="utf-8")), points)
            target = source / file.stem / file.name
            target.parent.mkdir(parents=True)
            target.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", "utf-8")
        settings.write_text(CONFIG, encoding="utf-8")
    print(
        f"Wrote {len(files)} assignments to {folder / 'source'}. There, with nbgrader:\n"
        f"    cd {folder}\n"
        f"    nbgrader generate_assignment {files[0].stem}"
    )
    return 0


def assignment(notebook: dict, points: dict[str, float]) -> dict:
    """A released notebook as nbgrader's source: with the answers, and with graded checks.

    Where learners hunt for a mistake, they start from the whole wrong code. nbgrader can only
    put a stub in the place of an answer, so that cell stays as it is released.

    Args:
        notebook: of the course.
        points: by exercise.
    """
    for cell in notebook["cells"]:
        course = cell["metadata"].get("course", {})
        one = course.get("exercise")
        if course.get("role") == "code" and get(one).start is None:
            cell["source"] = _answer(one).splitlines(keepends=True)
            cell["metadata"]["nbgrader"] = {
                **COMMON, "grade": False, "solution": True, "locked": False,
                "grade_id": f"{one}-code",
            }  # fmt: skip
        elif course.get("role") == "check":
            cell["source"] = [f"check({one}, strict=True)"]
            cell["metadata"]["nbgrader"] = {
                **COMMON, "grade": True, "solution": False, "locked": True,
                "grade_id": f"{one}-check", "points": points[one],
            }  # fmt: skip
    return notebook


def _exercises(notebook: dict) -> list[str]:
    courses = (cell["metadata"].get("course", {}) for cell in notebook["cells"])
    return [one["exercise"] for one in courses if one.get("role") == "check"]


def _answer(one: str) -> str:
    """The reference, with nbgrader's marks around what learners write."""
    source, place, first = source_of(get(one).reference)
    lines = source.rstrip("\n").split("\n")
    for region in reversed(regions(source, place, first)):
        lines[region.first : region.last + 1] = _marked(lines, region)
    return "\n".join(lines)


def _marked(lines: list[str], region: Region) -> list[str]:
    return [
        f"{region.indent}# IMPLEMENT-ME: {region.words}",
        f"{region.indent}### BEGIN SOLUTION",
        *lines[region.code : region.last],
        f"{region.indent}### END SOLUTION",
    ]
