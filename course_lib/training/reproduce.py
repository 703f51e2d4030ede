"""Full-length runs by name, stored with all that is needed to run them again."""

import datetime
import importlib
import inspect
import json
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from course_lib.training import workers as worker
from course_lib.training.compare import Verdict, compare
from course_lib.training.provenance import hardware, versions

if TYPE_CHECKING:
    import numpy as np

    from course_lib.data import Mnist

RESULTS = Path("benchmarks") / "results"

# The methods of course_lib.training.gradnets that are compared with 50 layers, from three seeds
# each; and with 200, where a step takes four times as long, from one.
GRADNETS = (
    "grelu-gain-stop",
    "grelu",
    "identity",
    "tat",
    "rezero",
    "highway",
    "plain-he",
    "plain-orthogonal",
)
GRADNETS_200 = ("grelu-gain-stop", "tat", "rezero", "plain-he")
DEEP = {
    "depth": 200,
    "rates": (0.02, 0.01, 0.005, 0.0025),
    "trial_epochs": 2,
    "trial": "cut",
    "seeds": (0,),
}

# What course_lib.training.long_delays trains over a thousand steps, and how it differs from there.
FEWER = {"epochs": 6, "learning_rates": (2e-3, 8e-3)}
# Units that are connected diverge at a rate that they bear for an epoch: longer trials.
LEAKY = {"learning_rates": (1.5e-4, 5e-4, 1.5e-3), "trial_epochs": 3}
LONG: dict[tuple[str, str], dict[str, Any]] = {
    ("adding", "lru"): FEWER,
    ("adding", "mingru"): FEWER,
    ("adding", "keras-lstm"): {},
    ("copy", "lru"): FEWER,
    ("copy", "mingru"): FEWER,
    ("copy", "keras-lstm"): FEWER,
    **{(task, cell): LEAKY for task in ("adding", "copy") for cell in ("kernl", "leaky")},
}

# Which of the small tasks take orthogonal networks longer than the adding problem does.
LONGER = {"rates": (1e-3, 3e-3, 1e-2), "trial": 500, "batches": 4_000, "look": 400}

# name -> its module and settings. The module has `run(data, seed, quick, **settings)`, which
# returns a dict with config, curves and summary. One that makes its own data says
# `NEEDS_MNIST = False`; its `data` is None. One that trains on the bundled subset says
# `DATA = "subset"`. The arrays that a project's reference hands in come as `arrays`.
EXPERIMENTS: dict[str, tuple[str, dict[str, Any]]] = {
    "vanilla-mnist": ("course_lib.training.vanilla_mnist", {}),
    "vanilla-mnist-constant": ("course_lib.training.vanilla_mnist", {"decay": "none"}),
    "lstm-mnist": ("course_lib.training.gated_mnist", {}),
    "lstm-mnist-two-epochs": (
        "course_lib.training.gated_mnist",
        {"learning_rate": 0.01, "epochs": 2},
    ),
    "cells-mnist": ("course_lib.training.cells_mnist", {}),
    "cells-adding": ("course_lib.training.delays", {"task": "adding"}),
    "cells-copy": (
        "course_lib.training.delays",
        {"task": "copy", "delays": (5, 10, 20), "epochs": 12},
    ),
    "cells-copy-chrono": (
        "course_lib.training.delays",
        {
            "task": "copy",
            "delays": (5, 10, 20),
            "epochs": 12,
            "cells": ("lstm",),
            "chrono": True,
        },
    ),
    "cells-copy-open": (
        "course_lib.training.delays",
        {
            "task": "copy",
            "delays": (5, 10, 20),
            "epochs": 12,
            "cells": ("lstm",),
            "forget_bias": 3.0,
        },
    ),
    **{
        f"long-{task}-{cell}": (
            "course_lib.training.long_delays",
            {"task": task, "cells": (cell,), **settings},
        )
        for (task, cell), settings in LONG.items()
    },
    "kernl-rules": ("course_lib.training.online_rules", {}),
    "kernl-stack": ("course_lib.training.stacked_credit", {}),
    "kernl-sparse": ("course_lib.training.sparse_credit", {}),
    "kernl-rows": ("course_lib.training.online_mnist", {"task": "rows", "rule": "kernl"}),
    "kernl-rows-bptt": ("course_lib.training.online_mnist", {"task": "rows", "rule": "bptt"}),
    # With KeRNL the recurrent weights learn slower than with BPTT, and the readout as fast. "fast"
    # is what comes of BPTT's own rate.
    "kernl-pixels": (
        "course_lib.training.online_mnist",
        {"task": "pixels", "rule": "kernl", "learning_rate": 4e-5, "readout_speed": 125.0},
    ),
    "kernl-pixels-fast": ("course_lib.training.online_mnist", {"task": "pixels", "rule": "kernl"}),
    "kernl-pixels-bptt": ("course_lib.training.online_mnist", {"task": "pixels", "rule": "bptt"}),
    "kernl-pixels-readout": (
        "course_lib.training.online_mnist",
        {"task": "pixels", "rule": "bptt", "trained": "readout"},
    ),
    "kernl-adding": ("course_lib.training.online_sequences", {"task": "adding"}),
    # The rates and the trials of "kernl-adding" are the same for all rules; these suit KeRNL.
    "kernl-adding-longer": (
        "course_lib.training.online_sequences",
        {
            "task": "adding",
            "rules": ("kernl",),
            "lengths": (100, 200),
            "rates": (0.0005, 0.0015, 0.0045),
            "trial_rounds": 15,
        },
    ),
    "kernl-anbn": ("course_lib.training.online_sequences", {"task": "anbn"}),
    "kernl-inside": ("course_lib.training.online_sequences", {"task": "inside"}),
    "kernl-pixels-modes": ("course_lib.training.turning_mnist", {}),
    "kernl-pixels-modes-readout": (
        "course_lib.training.turning_mnist",
        {"rule": "bptt", "trained": "readout"},
    ),
    "kernl-pixels-modes-bptt": ("course_lib.training.turning_mnist", {"rule": "bptt"}),
    "kernl-modes-adding": ("course_lib.training.online_modes", {"task": "adding"}),
    "kernl-modes-copy": ("course_lib.training.online_modes", {"task": "copy", **LONGER}),
    "kernl-modes-anbn": ("course_lib.training.online_modes", {"task": "anbn", **LONGER}),
    "kernl-side-by-side": ("course_lib.training.online_sequences", {"task": "side-by-side"}),
    **{
        f"gradnets-{method}": (
            "course_lib.training.gradnets",
            {"method": method},
        )
        for method in GRADNETS
    },
    **{
        f"gradnets-200-{method}": (
            "course_lib.training.gradnets",
            {"method": method, **DEEP},
        )
        for method in GRADNETS_200
    },
    "forecast": ("course_lib.training.forecast", {}),
    "text": ("course_lib.training.text", {}),
    "lru-credit": ("course_lib.training.scanned_credit", {}),
    "lru-pixels": ("course_lib.training.scanned_mnist", {"epochs": 10}),
    "lru-pixels-online": (
        "course_lib.training.scanned_mnist",
        {
            "kind": "online",
            "hidden": 128,
            "learning_rate": 2e-3,
            "ramp": 6.0,
            "clock_speed": 0.02,
            "epochs": 16,
        },
    ),
    "lru-pixels-permuted": (
        "course_lib.training.scanned_mnist",
        {"order": "permuted", "epochs": 10},
    ),
    "lru-pixels-stack": (
        "course_lib.training.scanned_mnist",
        {"kind": "stack", "dropout": 0.1, "epochs": 12},
    ),
    "gradnets-2015": ("course_lib.training.gradnets_2015", {}),
    "gradnets-recurrent": ("course_lib.training.gradnets_recurrent", {}),
    "project-depth": ("course_lib.training.project_depth", {}),
    "project-few-labels": ("course_lib.training.project_few_labels", {}),
    "project-no-tape": ("course_lib.training.project_no_tape", {}),
    "project-pixels": ("course_lib.training.project_pixels", {}),
    "project-remember": ("course_lib.training.project_remember", {}),
    "project-rows": ("course_lib.training.project_rows", {}),
}

# One name for several runs, each stored as soon as it is done.
GROUPS: dict[str, tuple[str, ...]] = {
    "gradnets": tuple(f"gradnets-{method}" for method in GRADNETS),
    "gradnets-200": tuple(f"gradnets-200-{method}" for method in GRADNETS_200),
    "kernl": tuple(name for name in EXPERIMENTS if name.startswith("kernl-")),
    "long": tuple(name for name in EXPERIMENTS if name.startswith("long-")),
}


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
    _experiment(name)
    stored = stored_result(name + _of_seed(seed))
    again = _run(name, data, seed, quick=False, settings={})
    again.pop("arrays", None)
    others = [one for one in stored_seeds(name) if one["seed"] != seed]
    return compare(stored, json.loads(json.dumps(again)), others)


def _run(
    name: str, data: str | Path | None, seed: int, quick: bool, settings: dict[str, Any]
) -> dict[str, Any]:
    """A result as it is stored, and what a project's reference hands in, as `arrays`."""
    module, own = _experiment(name)
    subset = quick or getattr(module, "DATA", "full") == "subset"
    mnist = _mnist(data, subset) if getattr(module, "NEEDS_MNIST", True) else None
    start = datetime.datetime.now(datetime.UTC)
    outcome = module.run(mnist, seed, quick, **own, **settings)
    seconds = (datetime.datetime.now(datetime.UTC) - start).total_seconds()
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


def _experiment(name: str) -> tuple[ModuleType, dict[str, Any]]:
    if name not in EXPERIMENTS:
        known = ", ".join(sorted(EXPERIMENTS))
        raise ValueError(f"There is no experiment {name!r}. There is: {known}.")
    module, settings = EXPERIMENTS[name]
    return importlib.import_module(module), settings


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
    return "strategy" in inspect.signature(_experiment(name)[0].run).parameters


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
