"""Everything that is claimed, checked: the stages of `make test`, quick ones first."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

PYTEST = ("-m", "pytest")
COURSE = ("-m", "course_lib.cli")
NBVAL = (
    *("--nbval", "--nbval-current-env", "--nbval-cell-timeout", "300"),
    *("--nbval-sanitize-with", "tests/nbval_sanitize.cfg"),
)


@dataclass(frozen=True)
class Stage:
    """A stage of the test run.

    Args:
        name: for the table.
        commands: arguments for Python; all are run, also after one has failed.
        look: a check of our own, run first; it gives its problems.
    """

    name: str
    commands: tuple[tuple[str, ...], ...]
    look: Callable[[], list[str]] = list


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


STAGES = (
    Stage("style", (("-m", "ruff", "check", "."), ("-m", "ruff", "format", "--check", "."))),
    Stage("unit and property tests", ((*PYTEST, "tests", "-m", "not browser"),)),
    Stage("proofs of the checks", ((*COURSE, "prove"),)),
    Stage("notebooks agree with their source", ((*COURSE, "notebooks", "--check"),)),
    Stage("solution notebooks", ((*PYTEST, *NBVAL, "solutions"),), look=never_run),
    Stage("book", (("-m", "course_lib.authoring.book"),)),
    Stage("browser tests of the book", ((*PYTEST, "tests", "-m", "browser"),)),
)


def run(stage: Stage) -> bool:
    """Run a stage, its output passed through; whether all of it passed."""
    problems = stage.look()
    for problem in problems:
        print(problem, flush=True)
    codes = []
    for command in stage.commands:
        environment = {"TF_CPP_MIN_LOG_LEVEL": "3", **os.environ}
        codes.append(subprocess.call([sys.executable, *command], env=environment))
    return not problems and not any(codes)


def main(stages: tuple[Stage, ...] = STAGES) -> int:
    """Run all stages, print how each one went and how long it took; 1 if any failed."""
    results: list[tuple[Stage, bool, float]] = []
    for number, stage in enumerate(stages, start=1):
        print(f"\n=== {number} of {len(stages)}: {stage.name}", flush=True)
        began = time.monotonic()
        passed = run(stage)
        results.append((stage, passed, time.monotonic() - began))
        print(f"=== {_line(*results[-1])}", flush=True)
    print("\n" + "\n".join(_line(*result) for result in results))
    print(f"{'':8}{'in all':<36}{sum(seconds for *_, seconds in results):7.0f} s\n")
    failed = sum(not passed for _, passed, _ in results)
    print(f"{len(results) - failed} passed, {failed} failed", flush=True)
    return 1 if failed else 0


def _line(stage: Stage, passed: bool, seconds: float) -> str:
    return f"{'passed' if passed else 'FAILED':<8}{stage.name:<36}{seconds:7.0f} s"


if __name__ == "__main__":
    sys.exit(main())
