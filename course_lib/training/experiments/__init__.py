"""The experiments whose results the book tells, by name; each has a file.

Beside them stand the models and the baselines that they alone use.

In: the name of a run.
Out: its module and settings, which `course_lib.training.reproduce` runs and stores.
Importing this package imports none of them.
"""

import importlib
from types import ModuleType
from typing import Any

# The methods of `gradnets` that are compared with 50 layers, and those with 200, where a step takes
# four times as long.
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
}

# What `long_delays` trains over a thousand steps, and how it differs from there.
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


def pixels_rate(rate: float) -> dict[str, float]:
    """A rate of the recurrent network that reads pixels; the readout's is always the same."""
    return {"learning_rate": rate, "readout_speed": round(5e-3 / rate, 12)}


# name -> its module in this package, and its settings. The module has `run(data, seed, quick,
# **settings)`, which returns a dict with config, curves and summary. One that makes its own data
# says `NEEDS_MNIST = False`; its `data` is None. One that trains on the bundled subset says
# `DATA = "subset"`. The arrays that a project's reference hands in come as `arrays`.
EXPERIMENTS: dict[str, tuple[str, dict[str, Any]]] = {
    "vanilla-mnist": ("vanilla_mnist", {}),
    "vanilla-mnist-constant": ("vanilla_mnist", {"decay": "none"}),
    "lstm-mnist": ("gated_mnist", {}),
    "lstm-mnist-two-epochs": ("gated_mnist", {"learning_rate": 0.01, "epochs": 2}),
    "cells-mnist": ("cells_mnist", {}),
    "cells-adding": ("delays", {"task": "adding"}),
    "cells-copy": ("delays", {"task": "copy", "delays": (5, 10, 20), "epochs": 12}),
    "cells-copy-chrono": (
        "delays",
        {
            "task": "copy",
            "delays": (5, 10, 20),
            "epochs": 12,
            "cells": ("lstm",),
            "chrono": True,
        },
    ),
    "cells-copy-open": (
        "delays",
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
            "long_delays",
            {"task": task, "cells": (cell,), **settings},
        )
        for (task, cell), settings in LONG.items()
    },
    "kernl-rules": ("online_rules", {}),
    "kernl-stack": ("stacked_credit", {}),
    "kernl-sparse": ("sparse_credit", {}),
    "kernl-rows": ("online_mnist", {"task": "rows", "rule": "kernl"}),
    "kernl-rows-bptt": ("online_mnist", {"task": "rows", "rule": "bptt"}),
    "kernl-rows-rates": ("online_rates", {"task": "rows"}),
    "kernl-pixels-rates": ("online_rates", {"task": "pixels"}),
    # With KeRNL the recurrent weights have to learn more slowly than with BPTT; see "-rates".
    "kernl-pixels": ("online_mnist", {"task": "pixels", "rule": "kernl", **pixels_rate(4e-5)}),
    "kernl-pixels-bptt": (
        "online_mnist",
        {"task": "pixels", "rule": "bptt", **pixels_rate(6.2e-4)},
    ),
    "kernl-pixels-readout": (
        "online_mnist",
        {"task": "pixels", "rule": "bptt", "trained": "readout"},
    ),
    "kernl-adding": ("online_sequences", {"task": "adding"}),
    # The rates and the trials of "kernl-adding" are the same for all rules; these suit KeRNL.
    "kernl-adding-longer": (
        "online_sequences",
        {
            "task": "adding",
            "rules": ("kernl",),
            "lengths": (100, 200),
            "rates": (0.0005, 0.0015, 0.0045),
            "trial_rounds": 15,
        },
    ),
    "kernl-anbn": ("online_sequences", {"task": "anbn"}),
    "kernl-inside": ("online_sequences", {"task": "inside"}),
    "kernl-pixels-modes": ("turning_mnist", {}),
    "kernl-pixels-modes-readout": ("turning_mnist", {"rule": "bptt", "trained": "readout"}),
    "kernl-pixels-modes-bptt": ("turning_mnist", {"rule": "bptt"}),
    "kernl-modes-adding": ("online_modes", {"task": "adding"}),
    "kernl-modes-copy": ("online_modes", {"task": "copy", **LONGER}),
    # Eight modes that turn have as many traces as fourteen that don't.
    "kernl-modes-copy-fading": (
        "online_modes",
        {
            "task": "copy",
            "rules": ("kernl_modes-8-fading", "kernl_modes-14-fading"),
            **LONGER,
        },
    ),
    "kernl-modes-anbn": ("online_modes", {"task": "anbn", **LONGER}),
    "kernl-side-by-side": ("online_sequences", {"task": "side-by-side"}),
    **{f"gradnets-{method}": ("gradnets", {"method": method}) for method in GRADNETS},
    # About as many weights as the highway network, which has a second matrix in each layer.
    "gradnets-plain-he-wide": ("gradnets", {"method": "plain-he", "units": 71}),
    **{
        f"gradnets-200-{method}": ("gradnets", {"method": method, **DEEP})
        for method in GRADNETS_200
    },
    "forecast": ("forecast", {}),
    "forecast-range": ("forecast_range", {}),
    "text": ("text", {}),
    "lru-credit": ("scanned_credit", {}),
    "lru-pixels": ("scanned_mnist", {"epochs": 10}),
    "lru-pixels-traces": ("scanned_mnist", {"kind": "traces", "epochs": 10}),
    "lru-pixels-online": (
        "scanned_mnist",
        {
            "kind": "online",
            "hidden": 128,
            "learning_rate": 2e-3,
            "ramp": 6.0,
            "clock_speed": 0.02,
            "epochs": 16,
        },
    ),
    "lru-pixels-permuted": ("scanned_mnist", {"order": "permuted", "epochs": 10}),
    "lru-pixels-stack": ("scanned_mnist", {"kind": "stack", "dropout": 0.1, "epochs": 12}),
    "gradnets-2015": ("gradnets_2015", {}),
    "gradnets-recurrent": ("gradnets_recurrent", {}),
    "project-depth": ("project_depth", {}),
    "project-few-labels": ("project_few_labels", {}),
    "project-no-tape": ("project_no_tape", {}),
    "project-pixels": ("project_pixels", {}),
    "project-remember": ("project_remember", {}),
    "project-rows": ("project_rows", {}),
}

# One name for several runs, each stored as soon as it is done.
GROUPS: dict[str, tuple[str, ...]] = {
    "gradnets": (*(f"gradnets-{method}" for method in GRADNETS), "gradnets-plain-he-wide"),
    "gradnets-200": tuple(f"gradnets-200-{method}" for method in GRADNETS_200),
    "kernl": tuple(name for name in EXPERIMENTS if name.startswith("kernl-")),
    "long": tuple(name for name in EXPERIMENTS if name.startswith("long-")),
    "all": tuple(EXPERIMENTS),
}


def experiment(name: str) -> tuple[ModuleType, dict[str, Any]]:
    """The module of an experiment, imported, and its settings.

    Raises:
        ValueError: there is no experiment of that name; the message lists those that there are.
    """
    if name not in EXPERIMENTS:
        known = ", ".join(sorted(EXPERIMENTS))
        raise ValueError(f"There is no experiment {name!r}. There is: {known}.")
    module, settings = EXPERIMENTS[name]
    return importlib.import_module(f"{__name__}.{module}"), settings
