"""The stages of `make test`, with all cases or a few of each test; and those of `make check`."""

from course_lib import interrupted

if __name__ == "__main__":
    interrupted.end_at_once("test")

import json
import subprocess
import sys
import tempfile
import textwrap
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from course_lib.authoring import left_out
from course_lib.authoring.changed import touched_exercises, touched_tests, why_unknown
from course_lib.authoring.own_settings import fonts_are_listed, set_aside
from course_lib.authoring.read_only import is_read_only
from course_lib.authoring.tally import Tally, of_command, of_pytest
from course_lib.cores import MEMORY_FOR_ALL_CASES, MEMORY_OF_ONE, ONE_THREAD, workers
from course_lib.exercises.registry import ids

PYTEST = ("-m", "pytest")
COURSE = ("-m", "course_lib.cli")
ELSEWHERE = "not browser and not alone and not backends"  # those have commands of their own
QUICK = f"{ELSEWHERE} and not slow"
PLUGIN = ("-p", "course_lib.authoring.few_cases")
TELL = ("-p", "course_lib.authoring.left_out", "--tell-left-out")
FEW = ("--at-most", "2")  # of each test, and of each exercise's wrong and right answers
SLOWEST = ("--durations", "15", "--durations-min", "2")  # how many to name, from how many seconds
# All cores work, each on a whole file at a time: what its tests share is made once. The order is
# that of tests/conftest.py; the browser's tests are shared out by page, too.
CORES = ("-n", str(workers()), "--no-loadscope-reorder")
# Only the solution notebooks need nbval, with which each process would be loaded for a second more.
NO_NOTEBOOKS = ("-p", "no:nbval")
ON_CORES = (*NO_NOTEBOOKS, *SLOWEST, *CORES)
BY_FILE, BY_PAGE = ("--dist", "loadfile"), ("-p", "course_lib.authoring.by_page")
# Folders whose tests trace and compile most, in turns: what XLA compiles stays in the process, and
# one that had all tests to run would grow to several times as much.
TRACED = (("tests/layers", "tests/online"), ("tests/exercises", "tests/training"))
ALL_OF_THEM = (
    "What has changed since main can't be told: {}.\n"
    "So all quick tests and all exercises are looked at, which takes many minutes. In a clone with "
    "a branch main, make check takes what has changed."
)
WAS_QUICK = "Slow tests of what has changed were left out. `make check ALL=1` runs them too."
WAS_FEW = "These were a few cases of each quick test. `make test ALL=1` runs all of all tests."
LAST_LINES = 8  # of a command that failed, told again at the end
NBVAL = (
    *("--nbval", "--nbval-current-env", "--nbval-cell-timeout", "300"),
    *("--nbval-sanitize-with", "tests/nbval_sanitize.cfg"),
)


def marked(mark: str) -> tuple[str, ...]:
    """The files that name a mark: to see that the others bear none, all would be imported."""
    files = sorted(Path("tests").rglob("test_*.py"))
    return tuple(str(f) for f in files if f"mark.{mark}" in f.read_text(encoding="utf-8"))


def unit_tests() -> tuple[tuple[str, ...], ...]:
    """The commands that together run each unit test once."""
    rest = ("tests", *(f"--ignore={folder}" for turn in TRACED for folder in turn))
    side_by_side = ("-n", str(workers(MEMORY_FOR_ALL_CASES)))  # the last -n counts
    which = (*ON_CORES, *side_by_side, *BY_FILE, "-m", ELSEWHERE)
    shared = ((*PYTEST, *where, *which) for where in (*TRACED, rest))
    return (*shared, (*PYTEST, *marked("alone"), *NO_NOTEBOOKS, *SLOWEST, "-m", "alone"))


def quick_unit_tests() -> tuple[tuple[str, ...], ...]:
    """The command that runs each unit test that takes no more than a few seconds."""
    return ((*PYTEST, "tests", *ON_CORES, *BY_FILE, "-m", QUICK),)


@dataclass(frozen=True)
class Stage:
    """A stage of the test run.

    Args:
        name: for the table.
        commands: arguments for Python; all are run, also after one has failed. pytest's tests
            are counted one by one, any other command is one check.
        look: a check of our own, run first; it gives its problems.
    """

    name: str
    commands: tuple[tuple[str, ...], ...]
    look: Callable[[], list[str]] | None = None


def never_run(folder: Path = Path("solutions")) -> list[str]:
    """What nbval doesn't notice: with nothing stored, it has nothing to compare and passes.

    Returns:
        A sentence for each cell without a run, and each notebook that is missing or without output.
    """
    problems = []
    for source in sorted(folder.glob("*.py")):
        if not source.with_suffix(".ipynb").exists():
            problems.append(f"{source} has no notebook: run `course notebooks`.")
    notebooks = sorted(folder.glob("*.ipynb"))
    if not notebooks:
        problems.append(f"{folder} holds no notebook: run `course notebooks`.")
    for path in notebooks:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        code = [c for c in cells if c["cell_type"] == "code"]
        for number, cell in enumerate(cells, start=1):
            if cell in code and cell["execution_count"] is None and "".join(cell["source"]).strip():
                problems.append(f"{path}, cell {number} was never run: run `course notebooks`.")
        if not any(cell["outputs"] for cell in code):
            problems.append(f"{path} holds no output: run `course notebooks`.")
    return problems


STYLE = Stage("style", (("-m", "ruff", "check", "."), ("-m", "ruff", "format", "--check", ".")))
DRIFT = Stage("notebooks agree with their source", ((*COURSE, "notebooks", "--check"),))
NOTEBOOKS = Stage(
    "solution notebooks", ((*PYTEST, *NBVAL, *CORES, *BY_FILE, "solutions"),), look=never_run
)
BOOK = Stage("book", (("-m", "course_lib.authoring.book"),))
BACKENDS = (*PYTEST, *marked("backends"), *ON_CORES, *BY_FILE, "-m", "backends")
BROWSER = (*PYTEST, *marked("browser"), *ON_CORES, *BY_PAGE, "-m", "browser")
PROVE = (*COURSE, "prove")


def stages_of(unit: tuple[tuple[str, ...], ...], *few: str) -> tuple[Stage, ...]:
    """The stages of a test run.

    Args:
        unit: the commands that run the unit tests.
        few: options for all that tries many cases.
    """
    tests = (*PLUGIN, *few) if few else ()
    return (
        STYLE,
        Stage("unit and property tests", tuple((*command, *tests) for command in unit)),
        Stage("layers on JAX and PyTorch", ((*BACKENDS, *tests),)),
        Stage("proofs of the checks", ((*PROVE, *few),)),
        DRIFT,
        NOTEBOOKS,
        BOOK,
        Stage("browser tests of the book", ((*BROWSER, *tests),)),
    )


STAGES = stages_of(unit_tests())
A_FEW_OF_ALL = stages_of(quick_unit_tests(), *FEW)


def inner_loop(root: Path = Path("."), slow: bool = False) -> tuple[Stage, ...]:
    """What is worth a look after every change: style, drift, and tests and proofs of what changed.

    Args:
        root: of the checkout.
        slow: whether its slow tests are run too, and those that need the machine alone.
    """
    if reason := why_unknown(root):
        print(ALL_OF_THEM.format(reason), flush=True)
    touched = touched_exercises(root)
    chosen = (*ON_CORES, *BY_FILE, "-m", ELSEWHERE if slow else QUICK)
    mirrored = touched_tests(root)
    tests = [(*PYTEST, *mirrored, *chosen)]
    if touched and touched != ids():  # who changes what judges all has the tests of its name
        tests.append((*PYTEST, "tests/exercises", *chosen, "-k", " or ".join(touched)))
    by_themselves = [one for one in marked("alone") if _is_among(Path(one), mirrored)]
    if slow and by_themselves:
        tests.append((*PYTEST, *by_themselves, *NO_NOTEBOOKS, *SLOWEST, "-m", "alone"))
    name = f"quick {'and slow ' if slow else ''}tests of what has changed"
    stages = [STYLE, Stage(name, tuple(tests)), DRIFT]
    if touched:
        stages.append(Stage("proofs of what has changed", ((*COURSE, "prove", *touched),)))
    else:
        print("No exercise has changed since main: there is nothing to prove.")
    return tuple(stages)


def _is_among(file: Path, places: Iterable[str]) -> bool:
    return any(file.is_relative_to(place) for place in places)


def run(stage: Stage) -> Tally:
    """Run a stage, its output passed through; what came of it."""
    tally = Tally()
    if stage.look is not None:
        problems = stage.look()
        print("".join(f"{problem}\n" for problem in problems), end="", flush=True)
        found = Tally(failed=len(problems), failures=tuple(problems))
        tally += found if problems else Tally(passed=1)
    for command in stage.commands:
        tally += _run(command)
    return tally


def _run(command: tuple[str, ...]) -> Tally:
    with set_aside() as kept:
        return _run_with(command, {"TF_CPP_MIN_LOG_LEVEL": "3"} | kept)


def _run_with(command: tuple[str, ...], environment: dict[str, str]) -> Tally:
    if command[: len(PYTEST)] != PYTEST:
        return of_command(*_passed_through([sys.executable, *command], environment))
    if "-n" in command:
        environment = ONE_THREAD | environment
    return _pytest(command, environment)


def _passed_through(command: list[str], environment: dict[str, str]) -> tuple[int, Iterable[str]]:
    """Run a command, its output passed through line by line; its exit code and last lines."""
    last = deque(maxlen=LAST_LINES)
    with interrupted.apart(
        command,
        env=environment | {"PYTHONUNBUFFERED": "1", "PYTHONIOENCODING": "utf-8"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    ) as process:
        for line in process.stdout:
            print(line, end="", flush=True)
            last.append(line.rstrip())
    return process.returncode, last


def _pytest(command: tuple[str, ...], environment: dict[str, str]) -> Tally:
    with tempfile.TemporaryDirectory() as folder:
        report, told = Path(folder) / "report.xml", Path(folder) / "told.json"
        command = (sys.executable, *command, "--junitxml", str(report), *TELL, str(told))
        with interrupted.apart(list(command), env=environment) as process:
            code = process.wait()
        return replace(of_pytest(code, report), **left_out.read(told))


def largest_process() -> str:
    """What the largest process so far took, beside what is reckoned with; empty on Windows."""
    try:
        import resource
    except ModuleNotFoundError:
        return ""
    unit = 1 if sys.platform == "darwin" else 1024
    most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * unit / 2**30
    few, every = (size / 2**30 for size in (MEMORY_OF_ONE, MEMORY_FOR_ALL_CASES))
    reckoned = f"{few:.1f} is reckoned with, {every:.1f} where unit tests run all their cases"
    return f"{'':8}the largest process took {most:.1f} GiB; {reckoned}"


def main(stages: tuple[Stage, ...] = STAGES, remark: str = "") -> int:
    """Run all stages, print how each one went and how long it took; 1 if any failed.

    The last line counts the checks of all stages: "1200 passed, 0 failed, 3 skipped".

    Args:
        stages: what is run, in this order.
        remark: what is said below the table.
    """
    lines: list[str] = []
    total, seconds = Tally(), 0.0
    for number, stage in enumerate(stages, start=1):
        print(f"\n=== {number} of {len(stages)}: {stage.name}", flush=True)
        began = time.monotonic()
        tally = run(stage)
        took = time.monotonic() - began
        lines.append(f"{tally.verdict:<8}{stage.name:<36}{took:7.0f} s   {tally}")
        if tally.remark:
            print(tally.remark)
        print(f"=== {lines[-1]}", flush=True)
        total, seconds = total + tally, seconds + took
    print("\n" + "\n".join(lines))
    print(f"{'':8}{'in all':<36}{seconds:7.0f} s")
    print(f"{largest_process()}\n")
    if stages == A_FEW_OF_ALL:
        print("\n".join((WAS_FEW, *left_out.in_words(total))) + "\n")
    if remark:
        print(f"{remark}\n")
    if total.failures:
        print("What failed:")
        print("\n".join(textwrap.indent(failure, "  ") for failure in total.failures))
        print()
    if total.skipped:
        print("Skipped, and why:")
        print("\n".join(f"{count:7}  {why}" for why, count in total.skipped.most_common()))
        print()
    print(total.total, flush=True)
    return 1 if total.failed else 0


def of_make(which: str = "all", slow: str = "") -> int:
    """What make calls: "all" cases, a "few" of each test, or the "check" of what has changed.

    Args:
        which: of the three.
        slow: not empty where a check runs slow tests, too.
    """
    if is_read_only("test", Path()):
        return 1
    fonts_are_listed()  # for the notebooks
    if which == "check":
        return main(inner_loop(slow=bool(slow)), "" if slow else WAS_QUICK)
    return main({"all": STAGES, "few": A_FEW_OF_ALL}[which])


if __name__ == "__main__":
    sys.exit(interrupted.in_one_line("test", lambda: of_make(*sys.argv[1:])))
