"""What the autograder runs for each submission: grade it, and write results.json.

python -m course_lib.instructor.command.gradescope_run /autograder
"""

import contextlib
import json
import sys
import time
import traceback
from pathlib import Path

from course_lib.instructor.command.grader_pool import FAILED, graded
from course_lib.instructor.command.gradescope_bundle import SETTINGS, Settings
from course_lib.instructor.errors import NoSandbox
from course_lib.instructor.intake.read import Submission
from course_lib.instructor.intake.tree import tree
from course_lib.instructor.results.ledger import replace_file
from course_lib.instructor.results.report_gradescope import gradescope
from course_lib.instructor.sandbox.available import problem_with
from course_lib.instructor.sandbox.public_folders import closed_to_others

KINDS = ("bubblewrap", "namespaces", "user")  # the first that works here
SORRY = "This could not be graded, and that is not your fault. Tell your instructor. "


def main(top: Path) -> int:
    """Grade what lies in `submission`, by the settings in `source`; always write a results.json."""
    began = time.monotonic()
    try:
        content = grade(top)
    except NoSandbox as error:
        print(error)
        content = {"score": 0, "output": f"{SORRY}No sandbox can be had in this container."}
    except Exception:
        traceback.print_exc()
        content = {"score": 0, "output": f"{SORRY}The autograder came down."}
    content |= {
        "execution_time": round(time.monotonic() - began),
        "visibility": "visible",
        "stdout_visibility": "hidden",
    }
    (top / "results").mkdir(exist_ok=True)
    replace_file(top / "results" / "results.json", json.dumps(content, indent=1) + "\n")
    return 0


def grade(top: Path) -> dict:
    """The content of results.json.

    Args:
        top: the folder that Gradescope calls /autograder.

    Raises:
        NoSandbox: if there is no wall at all to be had.
        ChildProcessError: if the grader comes down.
    """
    settings = Settings(**json.loads((top / "source" / SETTINGS).read_text(encoding="utf-8")))
    kind = find_kind()
    print(f"Students' code runs in: {kind}")  # for instructors alone
    there = tree(top / "submission")
    said = [one for folder in there.walk() for one in folder.not_understood]
    submission = Submission("submission", list(there.all_files()), said)
    setup = {
        "kind": kind,
        "seconds": settings.seconds,
        "budget": settings.budget,
        "memory": settings.memory,
        "cases": settings.cases,
        "seed": settings.seed,
        "wanted": settings.wanted,
        "secret_last": True,  # the same numbers are there at the next attempt
        "secret": [str(top)],
    }
    with closed_to_others() if kind == "user" else contextlib.nullcontext():
        ((_, result),) = graded([(submission, "submission")], setup, 1)
    if result["status"] == FAILED:
        raise ChildProcessError("the grader came down, and so did another in its place, or it hung")
    return gradescope(result, settings.weights)


def find_kind() -> str:
    """The strongest sandbox that works in this container.

    Raises:
        NoSandbox: if none does.
    """
    problems = {}
    for kind in KINDS:
        problems[kind] = problem_with(kind)
        if not problems[kind]:
            return kind
    raise NoSandbox("; ".join(f"{kind}: {problem}" for kind, problem in problems.items()))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
