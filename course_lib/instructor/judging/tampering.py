"""A right answer beside replaced parts of Python or NumPy."""

from course_lib.exercises.report import PASSED
from course_lib.instructor.judging.verdict import Verdict
from course_lib.instructor.sandbox.session import TAMPERED


def accuse(verdict: Verdict, replaced: list[str]) -> None:
    """Note what was replaced; a right answer beside it is for the instructor to look at."""
    what = ", ".join(replaced)
    verdict.remarks.append(f"While it ran, the notebook put in place or left behind: {what}.")
    if verdict.outcome == PASSED:
        verdict.outcome = TAMPERED
        verdict.sentence = (
            f"What it computes is right, but the notebook puts in place or leaves behind {what}: "
            "nothing that the judge relies on, yet no exercise needs it. Leave that out."
        )
