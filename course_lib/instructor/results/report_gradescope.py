"""One student's results in the form that Gradescope reads."""

from course_lib.exercises.report import PASSED
from course_lib.instructor.results.pages.markup import shown
from course_lib.instructor.results.points import share


def gradescope(student: dict, weights: dict[str, float]) -> dict:
    """The content of a `results.json` of Gradescope; nothing of a hidden case stands in it."""
    return {
        "tests": [
            {
                "name": exercise["exercise"],
                "score": round(weights[exercise["exercise"]] * share(exercise), 4),
                "max_score": weights[exercise["exercise"]],
                "status": "passed" if exercise["outcome"] == PASSED else "failed",
                "output_format": "text",
                "output": shown(f"{exercise['outcome']}. {exercise['sentence']}".strip()),
                "visibility": "visible",
            }
            for exercise in student["exercises"]
        ],
        "output_format": "text",
        "output": "\n".join(map(shown, student["remarks"])),
    }
