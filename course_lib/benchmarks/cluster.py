"""A class on a Dask cluster of two workers, one of which is killed halfway: who is graded, and how.

Each student hands in the notebook of one chapter, in which some answers are right, some wrong and
some not written, so what must come out is known. Graded are the exercises of all chapters that need
no TensorFlow, projects aside.
"""

import functools
import json
import os
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from importlib.metadata import version
from pathlib import Path
from typing import Any

from course_lib.authoring.source import reference_code
from course_lib.benchmarks import measure
from course_lib.benchmarks.validate import wrong_answers
from course_lib.exercises.registry import CHAPTERS, get, needs_tensorflow
from course_lib.exercises.report import NOT_RIGHT, NOT_WRITTEN, PASSED

WORKERS = 2
OUTCOMES = PASSED, NOT_RIGHT, NOT_WRITTEN
POLL = 0.05  # seconds between two looks at the ledger


def main(
    quick: bool,
    as_json: bool,
    out: Path | None,
    notebooks: int = 5_000,
) -> int:
    """Grade the class, print and store; the number to exit with.

    Args:
        quick: a small class.
        as_json: print the result as JSON, last.
        out: as in `measure.store`.
        notebooks: how many.
    """
    try:
        import distributed  # noqa: F401
    except ModuleNotFoundError:
        print(
            "course: left out, because it needs Dask: pip install distributed (the extra "
            "'cluster').",
            file=sys.stderr,
        )
        return 0
    from course_lib.instructor.errors import NoSandbox

    command = f"course bench cluster --notebooks {notebooks}"
    try:
        result = measure.store("cluster", run(28 if quick else notebooks), quick, out, command)
    except NoSandbox as error:
        print(f"course: {error}", file=sys.stderr)
        return 1
    measure.show(result, summary(result), as_json)
    return 0


def summary(result: dict[str, Any]) -> str:
    """A result in a few lines."""
    return (
        f"{result['notebooks']} notebooks of {result['chapters']} chapters on {result['workers']} "
        f"workers, of which one was killed after {result['killed_after']}: each graded once, all "
        f"{result['verdicts']} verdicts right, in {result['minutes']} minutes "
        f"({result['notebooks_per_second']} a second)\n"
        f"memory of the process that shares them out: {result['parent_mib']} MiB"
    )


def run(count: int) -> dict[str, Any]:
    """Grade a class on a cluster of this machine, and see that nothing is lost or counted twice.

    Args:
        count: of notebooks, one a student.

    Returns:
        `notebooks`, `chapters`, `workers`; `killed_after`, how many were graded when a worker was
        killed; `verdicts`, how many were compared with what must come out; `minutes` and
        `notebooks_per_second`; `parent_mib`, the most memory of the process that shares the
        notebooks out and writes down what comes back; `sandbox`; `distributed_version`.

    Raises:
        RuntimeError: if somebody wasn't graded, or twice, or wrongly.
        NoSandbox: if there is none here.
    """
    from distributed import Client, LocalCluster

    from course_lib.instructor.results.ledger import NAME
    from course_lib.instructor.sandbox.available import find_sandbox

    kind = find_sandbox()
    with tempfile.TemporaryDirectory(prefix="course-bench-") as folder:
        place = Path(folder)
        for number in range(count):
            _write(place / "in", number)
        ledger = place / "out" / NAME
        with (
            LocalCluster(
                n_workers=WORKERS,
                threads_per_worker=1,
                dashboard_address=None,
                worker_dashboard_address=None,
            ) as cluster,
            Client(cluster) as client,
        ):
            killing = Killing(next(iter(client.run(os.getpid).values())), ledger, count // 2)
            began = time.perf_counter()
            with killing:
                parent = measure.in_child(validate_all, folder, cluster.scheduler_address)
            seconds = time.perf_counter() - began
        keys = [json.loads(line)["key"] for line in ledger.read_text().splitlines()[1:]]
        if len(keys) != count or len(set(keys)) != count:
            raise RuntimeError(f"{len(keys)} results, {len(set(keys))} of them different")
        students = json.loads((place / "out" / "results.json").read_text(encoding="utf-8"))
    verdicts = compared(students["students"], count)
    if killing.after is None or killing.after >= count:
        raise RuntimeError("no worker was killed before all was graded")
    return {
        "notebooks": count,
        "chapters": len(CHAPTERS),
        "workers": WORKERS,
        "killed_after": killing.after,
        "verdicts": verdicts,
        "minutes": round(seconds / 60, 1),
        "notebooks_per_second": float(f"{count / seconds:.3g}"),
        "parent_mib": parent["peak_mib"],
        "sandbox": kind,
        "distributed_version": version("distributed"),
    }


class Killing:
    """While it is entered, kills a process once there are so many results.

    Args:
        process: to kill.
        ledger: the file that gets a line for each result.
        results: how many to wait for.

    Attributes:
        after: how many there were when it was killed; None before.
    """

    def __init__(self, process: int, ledger: Path, results: int):
        self.process, self.ledger, self.results = process, ledger, results
        self.after: int | None = None
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._watch)

    def _watch(self) -> None:
        while not self.over.wait(POLL):
            there = self._count()
            if there >= self.results:
                os.kill(self.process, signal.SIGKILL)
                self.after = there
                return

    def _count(self) -> int:
        try:
            return self.ledger.read_bytes().count(b"\n") - 1
        except FileNotFoundError:
            return 0

    def __enter__(self) -> "Killing":
        self.thread.start()
        return self

    def __exit__(self, *exception) -> None:
        self.over.set()
        self.thread.join()


def exercises() -> list[str]:
    """Ids of what is graded."""
    return [one for number in range(len(CHAPTERS)) for one in _of_chapter(number)]


def _of_chapter(number: int) -> list[str]:
    return [
        one
        for one in CHAPTERS[number].exercises
        if not needs_tensorflow(one) and get(one).kind != "project"
    ]


def expected(number: int) -> dict[str, str]:
    """What must come out for the student with this number, by exercise."""
    chapter, turn = number % len(CHAPTERS), number // len(CHAPTERS)
    return {
        one: OUTCOMES[(turn + place) % len(OUTCOMES)]
        for place, one in enumerate(_of_chapter(chapter))
    }


def notebook(number: int) -> dict:
    """The notebook that the student with this number hands in."""
    content = json.loads(_released(number % len(CHAPTERS)))
    outcomes = expected(number)
    for cell in content["cells"]:
        course = cell["metadata"].get("course", {})
        exercise = course.get("exercise")
        if course.get("role") == "code" and exercise in outcomes:
            code = _answer(exercise, outcomes[exercise])
            cell["source"] = code.splitlines(keepends=True) if code else cell["source"]
    # As no two students' notebooks are alike, what was graded once is not found again.
    content["cells"].append({"cell_type": "code", "metadata": {}, "source": f"# {number}"})
    return content


@functools.cache
def _released(chapter: int) -> str:
    from course_lib.learner import released_folder

    file = released_folder() / f"{CHAPTERS[chapter].notebook}.ipynb"
    return file.read_text(encoding="utf-8")


def _answer(exercise: str, outcome: str) -> str:
    """Code with that outcome; none for what was released."""
    if outcome == PASSED:
        return reference_code(get(exercise).reference)
    if outcome == NOT_RIGHT:
        return wrong_answers(exercise, 1)[0]
    return ""


def _write(folder: Path, number: int) -> None:
    chapter = CHAPTERS[number % len(CHAPTERS)]
    file = folder / f"student{number:05}" / f"{chapter.notebook}.ipynb"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps(notebook(number)), encoding="utf-8")


def validate_all(place: str, address: str) -> dict[str, Any]:
    """Validate the class on a cluster, in this process, for `measure.in_child`."""
    from course_lib.instructor.command.validate import Options, validate

    options = Options(
        Path(place, "out"), "", exercises=tuple(exercises()), scheduler=address, seconds=30
    )
    if validate([Path(place, "in")], options):
        raise RuntimeError("some of the notebooks were not graded")
    return {}


def compared(students: list[dict], count: int) -> int:
    """How many verdicts are as expected, which all must be.

    Args:
        students: of results.json.
        count: how many must be there, each once.

    Raises:
        RuntimeError: if somebody is missing or there twice, or a verdict is another.
    """
    names = Counter(one["student"] for one in students)
    if set(names) != {f"student{number:05}" for number in range(count)} or len(students) != count:
        raise RuntimeError(f"{len(students)} results for {count} students")
    verdicts = 0
    for one in students:
        wanted = expected(int(one["student"].removeprefix("student")))
        outcomes = {e["exercise"]: e["outcome"] for e in one["exercises"]}
        got = {name: outcomes.get(name) for name in wanted}
        if got != wanted:
            raise RuntimeError(f"{one['student']}: {got}, not {wanted}")
        verdicts += len(wanted)
    return verdicts
