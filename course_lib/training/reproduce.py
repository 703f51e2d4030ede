"""Full-length runs by name, stored with all that is needed to run them again."""

import datetime
import inspect
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from course_lib.training import workers as worker
from course_lib.training.compare import Verdict, compare
from course_lib.training.experiments import EXPERIMENTS, experiment
from course_lib.training.provenance import hardware, versions

if TYPE_CHECKING:
    import numpy as np

    from course_lib.data import Mnist

RESULTS = Path("benchmarks") / "results"


def reproduce(
    name: str,
    data: str | Path | None = None,
    seed: int = 0,
    quick: bool = False,
    out: str | Path | None = None,
    workers: int = 1,
) -> dict[str, Any]:
    """Run an experiment and store its result as JSON.

    Args:
        name: a key of `EXPERIMENTS`.
        data: the reader's own copy of the full data set; without it the course's own copy is
            used, which is downloaded once.
        seed: seed of the run.
        quick: a short run on the bundled subset, to see that all works. It proves nothing about
            the full run, so that it is stored only where `out` says.
        out: file to write; by default benchmarks/results/NAME.json under the working directory, for
            another seed than 0 NAME-seed1.json and so on.
        workers: with more than one, this process is one of them and TF_CONFIG says which
            (`course_lib.training.workers.start` makes them); the first one stores the result.

    Returns:
        What was stored: name, command, seed, versions, hardware, date, seconds, config, curves
        and summary.

    Raises:
        ValueError: there is no experiment of that name; the message lists those that there are.
        course_lib.training.workers.NoWorkers: it takes one process only.
        course_lib.training.workers.WorkerError: TF_CONFIG doesn't fit.
        course_lib.data.DataError: the full data set can't be had, or `data` is something else.
    """
    rank = 0
    settings: dict[str, Any] = {}
    if workers > 1:
        check_workers(name)
        rank = worker.rank(workers)
        settings["strategy"] = worker.strategy()
    result = _run(name, data, seed, quick, settings) | {
        "command": command(name, data, seed, quick, workers)
    }
    arrays = result.pop("arrays", None)
    if out is None and not quick:
        of_workers = f"-workers{workers}" if workers > 1 else ""
        out = RESULTS / f"{name}{_of_seed(seed)}{of_workers}.json"
    if out is not None and rank == 0:
        out = Path(out)
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
        if arrays is not None:
            _store_hand_in(name, arrays, out)
    return result


def check(name: str, data: str | Path | None = None, seed: int = 0) -> Verdict:
    """Run an experiment again and compare it with what is stored; nothing is written.

    Args:
        name: a key of `EXPERIMENTS`.
        data: as for `reproduce`.
        seed: seed of the run; its own stored result is compared.

    Raises:
        FileNotFoundError: there is no stored result of that seed; the message says how to make it.
        ValueError, course_lib.data.DataError: as for `reproduce`.
    """
    experiment(name)
    stored = stored_result(name + _of_seed(seed))
    again = _run(name, data, seed, quick=False, settings={})
    again.pop("arrays", None)
    others = [one for one in stored_seeds(name) if one["seed"] != seed]
    return compare(stored, json.loads(json.dumps(again)), others)


def _run(
    name: str, data: str | Path | None, seed: int, quick: bool, settings: dict[str, Any]
) -> dict[str, Any]:
    """A result as it is stored, and what a project's reference hands in, as `arrays`."""
    module, own = experiment(name)
    subset = quick or getattr(module, "DATA", "full") == "subset"
    mnist = _mnist(data, subset) if getattr(module, "NEEDS_MNIST", True) else None
    start, began = datetime.datetime.now(datetime.UTC), time.monotonic()
    outcome = module.run(mnist, seed, quick, **own, **settings)
    seconds = time.monotonic() - began  # a clock may be set meanwhile
    return {
        "name": name,
        "command": command(name, data, seed, quick),
        "seed": seed,
        "versions": versions(),
        "hardware": hardware(),
        "date": start.date().isoformat(),
        "seconds": round(seconds),
        **outcome,
    }


def _of_seed(seed: int) -> str:
    return f"-seed{seed}" if seed else ""


def _store_hand_in(name: str, arrays: dict[str, "np.ndarray"], out: Path) -> None:
    """Beside the solutions if it is the stored run, else beside its result."""
    from course_lib.exercises.projects.proving import HAND_INS, as_file

    file = out.with_suffix(".npz")
    if out == RESULTS / f"{name}.json":
        file = HAND_INS / f"{name.removeprefix('project-').replace('-', '_')}.npz"
    elif out.parent == RESULTS:  # of another seed: its result says enough
        return
    file.write_bytes(as_file(arrays))


def stored_result(name: str) -> dict[str, Any]:
    """The stored result of a run, from benchmarks/results here or in a folder above.

    Raises:
        FileNotFoundError: there is none; the message says how to make it.
    """
    for folder in _folders():
        file = folder / f"{name}.json"
        if file.is_file():
            return json.loads(file.read_text(encoding="utf-8"))
    verb = "bench" if name.startswith("bench-") else "reproduce"
    run, _, seed = name.removeprefix("bench-").partition("-seed")
    made_by = f"course {verb} {run}" + (f" --seed {seed}" if seed else "")
    made_by = "make gpu, on a machine with one" if name == "bench-gpu" else made_by
    raise FileNotFoundError(f"No stored result of {name}. Make it: {made_by}")


def _folders() -> Iterator[Path]:
    """Where results are stored: here, and in each folder above."""
    yield from (folder / RESULTS for folder in (Path.cwd(), *Path.cwd().parents))


def stored_seeds(name: str) -> list[dict[str, Any]]:
    """The stored results of a run from all seeds, the lowest first; from one folder.

    Raises:
        FileNotFoundError: as for `stored_result`.
    """
    for folder in _folders():
        files = [folder / f"{name}.json", *folder.glob(f"{name}-seed*.json")]
        found = [json.loads(file.read_text(encoding="utf-8")) for file in files if file.is_file()]
        if found:
            return sorted(
                (one for one in found if one["name"] == name), key=lambda one: one["seed"]
            )
    return [stored_result(name)]


def _mnist(data: str | Path | None, subset: bool) -> "Mnist":
    from course_lib.data import DataError, load_mnist

    if subset:
        return load_mnist("subset")
    mnist = load_mnist("full", path=data, fallback=False)
    if mnist.name != "full":
        raise DataError(f"{data} is not the full MNIST; a result is stored of the full set only.")
    return mnist


def check_workers(name: str) -> None:
    """See whether an experiment can be shared by several workers.

    Raises:
        course_lib.training.workers.NoWorkers: it can't; the message lists those that can.
    """
    if not _takes_workers(name):
        able = ", ".join(other for other in EXPERIMENTS if _takes_workers(other))
        raise worker.NoWorkers(f"{name} runs in one process only. With workers there is: {able}.")


def _takes_workers(name: str) -> bool:
    return "strategy" in inspect.signature(experiment(name)[0].run).parameters


def command(name: str, data: str | Path | None, seed: int, quick: bool, workers: int = 1) -> str:
    """The command that repeats the run; of a path only the file's name, so it fits any machine."""
    parts = ["course", "reproduce", name]
    if quick:
        parts.append("--quick")
    elif data is not None:
        parts += ["--data", Path(data).name]
    if seed:
        parts += ["--seed", str(seed)]
    if workers > 1:
        parts += ["--workers", str(workers)]
    return " ".join(parts)
