"""`course validate`: from the command line's words to a run, and its ending."""

import re
import sys
from pathlib import Path

from course_lib.exercises.registry import UnknownExercise
from course_lib.instructor.command.listing import show
from course_lib.instructor.command.merge import merge
from course_lib.instructor.command.shown import shown_lines
from course_lib.instructor.command.validate import Options, validate, wanted_exercises
from course_lib.instructor.errors import BadUsage, NoSandbox
from course_lib.instructor.intake.find import find
from course_lib.instructor.results.output import results_folder
from course_lib.instructor.results.points import load_weights
from course_lib.instructor.sandbox.available import find_sandbox

LEAST_SECONDS, MOST_SECONDS = 0.1, 86_400
LEAST_MEMORY, MOST_MEMORY = 64, 1_000_000  # MB
GIVEN_UP = (
    "--no-sandbox: the students' code runs as you, with your files, your network and your "
    "environment. Only limits on time and memory are left. Do this on a machine that you can throw "
    "away, or for notebooks that you wrote yourself."
)


def run(
    submissions: list[Path],
    out: Path | None,
    jobs: int,
    shard: str,
    seconds: float,
    budget: float,
    megabytes: int,
    cases: Path | None,
    weights: Path | None,
    exercises: list[str],
    no_sandbox: bool,
    merging: bool,
    scheduler: str = "",
    by: str = "",
    listing: bool = False,
) -> int:
    """Validate, merge or list; the code to exit with."""
    try:
        limits = (
            _shard(shard),
            _seconds("--time-limit", seconds),
            _seconds("--submission-limit", budget),
            _memory(megabytes),
        )
        load_weights(weights, wanted_exercises(tuple(exercises)))
        _look_at_cases(cases)
        if listing and merging:
            raise BadUsage("--list shows a class, and --merge puts results together: choose one.")
        if out is not None and not merging:
            results_folder(out, submissions)
        if listing:
            return show(find(submissions, by, [out] if out else []), limits[0])
        if out is None:
            raise BadUsage("--out is missing: the folder for the results.")
        if merging:
            code = merge(submissions, out, weights)
        else:
            kind = _kind(no_sandbox, scheduler)
            ways = (cases, weights, tuple(exercises), scheduler, by)
            code = validate(submissions, Options(out, kind, jobs, *limits, *ways))
    except (BadUsage, UnknownExercise) as error:
        print(f"course: {shown_lines(error)}", file=sys.stderr)
        return 2
    except NoSandbox as error:
        print(f"course: {shown_lines(error)}", file=sys.stderr)
        return 1
    except BrokenPipeError:  # `| head` has seen enough
        raise
    except OSError as error:
        what = f"{error.filename}: {error.strerror}" if error.filename else error.strerror or error
        print(
            f"course: {what}. What was graded before is kept; the same command goes on from there.",
            file=sys.stderr,
        )
        return 1
    except KeyboardInterrupt:
        print("\rStopped. The same command goes on from here.", file=sys.stderr)
        return 1
    print(f"Results: {out / 'index.html'} (and grades.csv, junit.xml, results.json, students/)")
    if code:
        print("Some of it could not be graded: see the top of that page.", file=sys.stderr)
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


def _seconds(option: str, seconds: float) -> float:
    if not LEAST_SECONDS <= seconds <= MOST_SECONDS:  # NaN is neither
        raise BadUsage(
            f"{option} is a number of seconds from {LEAST_SECONDS} to {MOST_SECONDS}, "
            f"not {seconds}."
        )
    return seconds


def _memory(megabytes: int) -> int:
    if not LEAST_MEMORY <= megabytes <= MOST_MEMORY:
        raise BadUsage(
            f"--memory-limit is a number of MB from {LEAST_MEMORY} to {MOST_MEMORY}, "
            f"not {megabytes}."
        )
    return megabytes << 20


def _look_at_cases(cases: Path | None) -> None:
    """Say at once, not in each grader, if the file doesn't fit."""
    if cases is None:
        return
    from course_lib.instructor.judging.hidden_cases import load_cases

    try:
        load_cases(cases)
    except ValueError as error:
        raise BadUsage(str(error)) from None
