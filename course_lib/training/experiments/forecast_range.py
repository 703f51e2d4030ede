"""Does a GRU on levels fail because later levels lie outside the range of its training?

The network of `forecast` on levels, and the same network with the levels brought into its range in
two ways: less a straight line through the past, and each window less its own last value. Nothing
else differs.
"""

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from course_lib.data.co2 import load_co2
from course_lib.training.experiments.forecast import (
    QUICK,
    Config,
    View,
    by_month,
    choose_network,
    errors_of,
    origins,
)

if TYPE_CHECKING:
    from course_lib.data import Mnist
    from course_lib.training.experiments.forecast_model import Network

NEEDS_MNIST = False
# What is read, and whether each window is shifted to its own last value.
NETWORKS = {
    "levels": ("levels", False),
    "less a line": ("trend", False),
    "shifted": ("levels", True),
}


def run(
    data: "Mnist | None", seed: int, quick: bool = False, verbose: int = 2, **settings: Any
) -> dict[str, Any]:
    """Forecast the test years by the three networks, and look at what the last fit has learned.

    Args:
        data: not used; the series comes with the course.
        seed: of the networks.
        quick: small networks, hardly trained.
        verbose: 0 prints nothing.
        settings: fields of `forecast.Config` that shall differ from its defaults.

    Returns:
        A dict with `config`; `curves`: of each network the mean absolute error of the test years by
        month ahead; and `summary`: of each what was chosen, its errors in the test years, and of
        its last fit, before and after the month of that fit, what `inside_and_outside` gives.
    """
    from course_lib.training.experiments.forecast_model import Network, Shifted

    config = replace(Config(**settings), **(QUICK if quick else {}))
    months, series = load_co2()
    first, middle = (
        int(np.searchsorted(months, np.datetime64(m))) for m in (config.validation, config.test)
    )
    test = (middle, len(series))
    last_fit = origins(config, test)[:: config.refit_every][-1]
    summary, curves = {}, {}
    for name, (kind, shifted) in NETWORKS.items():
        network = (Shifted if shifted else Network)(config.units, config.lookback, 1, seed)
        best, model = choose_network(config, series, network, kind, (first, middle))
        errors = errors_of(series, model, test)
        curves[name] = {"error": np.abs(errors).mean(axis=0).round(4).tolist()}
        summary[name] = {
            "learning_rate": best[0],
            "updates": best[1],
            "test": by_month(errors),
            **inside_and_outside(config, series, network, kind, last_fit),
        }
        if verbose:
            print(name, summary[name], flush=True)
    return {
        "config": {**asdict(config), "optimizer": "Adam", "last_fit": str(months[last_fit])},
        "curves": curves,
        "summary": summary,
    }


def inside_and_outside(
    config: Config, series: np.ndarray, network: "Network", kind: str, now: int
) -> dict[str, dict[str, float]]:
    """How a network forecasts the months that it was fitted on, and those since.

    Args:
        config: of the run.
        series: the levels.
        network: fitted on the months before `now`.
        kind: of its view.
        now: how many months it knew.

    Returns:
        "inside", of origins whose whole year was known, and "outside", of those from `now` on: the
        mean absolute "error" over the year; and the "answer" one month and twelve months ahead,
        by how many parts per million the forecast rises if all that it reads lies one higher.
    """
    view = View.of_past(kind, series[:now])
    known = np.arange(config.lookback, len(series) - config.horizon + 1)
    windows = np.array([view.see(series[:one])[-config.lookback :] for one in known])
    given = network.predict(windows, config.horizon)
    raised = network.predict(windows + 1 / view.scale, config.horizon)
    forecast = np.array(
        [view.back(one, series[:origin]) for one, origin in zip(given, known, strict=True)]
    )
    truth = np.lib.stride_tricks.sliding_window_view(series, config.horizon)[known]
    error = np.abs(forecast - truth).mean(axis=1)
    answer = (raised - given) * view.scale
    return {
        where: {
            "error": round(float(error[chosen].mean()), 4),
            "answer_1": round(float(answer[chosen, 0].mean()), 4),
            f"answer_{config.horizon}": round(float(answer[chosen, -1].mean()), 4),
        }
        for where, chosen in (
            ("inside", known <= now - config.horizon),
            ("outside", known >= now),
        )
    }
