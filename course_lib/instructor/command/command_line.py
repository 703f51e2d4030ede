"""`course validate`: from the command line's words to a run, and its ending."""

import re
import sys
from pathlib import Path

from course_lib.exercises.registry import UnknownExercise
from course_lib.instructor.command.merge import merge
from course_lib.instructor.command.validate import Options, validate
from course_lib.instructor.errors import BadUsage, NoSandbox
from course_lib.instructor.sandbox.available import find_sandbox

GIVEN_UP = (
    "--no-sandbox: the students' code runs as you, with your files, your network and your "
    "environment. Only limits on time and memory are left. Do this on a machine that you can throw "
    "away, or for notebooks that you wrote yourself."
)


def run(
    submissions: list[Path],
    out: Path,
    jobs: int,
    shard: str,
    seconds: float,
    megabytes: int,
    cases: Path | None,
    weights: Path | None,
    exercises: list[str],
    no_sandbox: bool,
    merging: bool,
    scheduler: str = "",
) -> int:
    """Validate or merge; the code to exit with."""
    try:
        if merging:
            code = merge(submissions, out, weights)
        else:
            options = Options(
                out,
                _kind(no_sandbox, scheduler),
                jobs,
                _shard(shard),
                seconds,
                megabytes << 20,
                cases,
                weights,
                tuple(exercises),
                scheduler,
            )
            _look_at_cases(cases)
            code = validate(submissions, options)
    except (BadUsage, UnknownExercise) as error:
        print(f"course: {error}", file=sys.stderr)
        return 2
    except NoSandbox as error:
        print(f"course: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped. The same command goes on from here.", file=sys.stderr)
        return 1
    print(f"Results: {out / 'index.html'} (and grades.csv, junit.xml, results.json, students/)")
    if code:
        print("Some submissions could not be graded: see the remarks.", file=sys.stderr)
    return code


def _kind(no_sandbox: bool, scheduler: str) -> str:
    """The kind of sandbox; "" for what each worker of a cluster has."""
    if no_sandbox:
        print(GIVEN_UP, file=sys.stderr)
        return "none"
    return "" if scheduler else find_sandbox()


def _shard(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"(\d{1,6})/(\d{1,6})", text)
    if found:
        number, count = map(int, found.groups())
        if 1 <= number <= count:
            return number, count
    raise BadUsage(f"--shard is i/n with i from 1 to n, such as 2/8, not {text!r}.")


def _look_at_cases(cases: Path | None) -> None:
    """Say at once, not in each grader, if the file doesn't fit."""
    if cases is None:
        return
    from course_lib.instructor.judging.hidden_cases import load_cases

    try:
        load_cases(cases)
    except ValueError as error:
        raise BadUsage(str(error)) from None
