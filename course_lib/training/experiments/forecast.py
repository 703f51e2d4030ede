"""Carbon dioxide a year ahead: plain rules, a line through the last values, and a GRU.

The evaluation rolls: at every month of the test years each model forecasts the twelve months that
follow, from what was known then. Scaling, fitting and counting see the past alone. What is to be
chosen (lags, learning rate, updates) is chosen in the same way on the years before.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from course_lib.data.co2 import load_co2
from course_lib.training.experiments import forecasters
from course_lib.training.experiments.forecasters import SEASON, autoregression, lagged

if TYPE_CHECKING:
    from course_lib.data import Mnist
    from course_lib.training.experiments.forecast_model import Network

NEEDS_MNIST = False
PLAIN = {
    "naive": forecasters.naive,
    "seasonal": forecasters.seasonal_naive,
    "drift": forecasters.seasonal_drift,
}
# What a model reads and forecasts, and whether each month ahead has an output of its own.
LINES = {
    "line": ("levels", False),
    "line direct": ("levels", True),
    "line growth": ("growth", False),
}
NETWORKS = {
    "gru levels": ("levels", False),
    "gru growth": ("growth", False),
    "gru growth direct": ("growth", True),
}


@dataclass(frozen=True)
class Config:
    """What a run is made of; stored with its result."""

    horizon: int = 12  # months
    validation: str = "1986-01"  # the first month that is forecast to choose by
    test: str = "1994-01"
    lags: tuple[int, ...] = (3, 13, 18, 25, 36)  # of the autoregression
    units: int = 32
    lookback: int = 24  # months that the GRU reads
    learning_rates: tuple[float, ...] = (3e-3, 1e-2)
    updates: tuple[int, ...] = (150, 450)
    batch: int = 32
    refit_every: int = 48  # months
    coverage: float = 0.9  # of the interval


QUICK = {
    "lags": (3,),
    "units": 4,
    "learning_rates": (1e-2,),
    "updates": (2,),
    "refit_every": 96,
}


@dataclass(frozen=True)
class View:
    """A series as a network reads it, scaled by what was known when the network was fitted.

    Args:
        kind: "levels", the values themselves; "trend", the same less a straight line through the
            past; "growth", what each month has more than the same month a year before.
        mean, scale: of the past, as it is read.
        slope: of the straight line, per month.
    """

    kind: str
    mean: float
    scale: float
    slope: float = 0.0

    @classmethod
    def of_past(cls, kind: str, past: np.ndarray) -> "View":
        """The view whose scale is that of the past, and of nothing after it."""
        months = np.arange(len(past))
        slope = float(np.polyfit(months, past, 1)[0]) if kind == "trend" else 0.0
        seen = cls(kind, 0.0, 1.0, slope).see(past)
        return cls(kind, float(seen.mean()), float(seen.std()), slope)

    def see(self, series: np.ndarray) -> np.ndarray:
        """The series (T,) as it is read; growth begins a year later, (T - 12,)."""
        if self.kind == "growth":
            seen = series[SEASON:] - series[:-SEASON]
        else:
            seen = series - self.slope * np.arange(len(series))
        return (seen - self.mean) / self.scale

    def back(self, forecast: np.ndarray, past: np.ndarray) -> np.ndarray:
        """A forecast of up to a year, in parts per million."""
        values = forecast * self.scale + self.mean
        if self.kind == "growth":
            return past[-SEASON:][: len(values)] + values
        return values + self.slope * (len(past) + np.arange(len(values)))


def run(
    data: "Mnist | None", seed: int, quick: bool = False, verbose: int = 2, **settings: Any
) -> dict[str, Any]:
    """Forecast the test years by every model.

    Args:
        data: not used; the series comes with the course.
        seed: seed of the networks; the other models have no chance in them.
        quick: small networks, hardly trained.
        verbose: 0 prints nothing.
        settings: fields of `Config` that shall differ from its defaults.

    Returns:
        A dict with `config`; `curves`: of each model the mean absolute error of the test years by
        month ahead, and its forecasts from the first test month; and `summary`: of each model what
        was chosen, the mean absolute error in validation and test, 1, 6 and 12 months ahead and
        over all, and how much of the test its interval covers; and the error of a network of
        levels that was tested on months between those of its training.
    """
    config = replace(Config(**settings), **(QUICK if quick else {}))
    months, series = load_co2()
    first, middle = (
        int(np.searchsorted(months, np.datetime64(m))) for m in (config.validation, config.test)
    )
    spans = {"validation": (first, middle), "test": (middle, len(series))}
    forecast = {name: partial(_rolling, config, series, model) for name, model in PLAIN.items()}
    chosen: dict[str, dict[str, Any]] = {name: {} for name in PLAIN}
    for name, (kind, direct) in LINES.items():
        models = {
            lags: partial(
                _rolling,
                config,
                series,
                partial(_line, kind=kind, lags=lags, direct=direct),
            )
            for lags in config.lags
        }
        lags = min(models, key=lambda one: _error(series, models[one], spans["validation"]))
        forecast[name], chosen[name] = models[lags], {"lags": lags}
    for name, (kind, direct) in NETWORKS.items():
        network = _network(config, config.horizon if direct else 1, seed)
        best, forecast[name] = choose_network(config, series, network, kind, spans["validation"])
        chosen[name] = {"learning_rate": best[0], "updates": best[1]}
        if verbose:
            print(name, chosen[name], flush=True)
    summary, curves = {}, {}
    for name, model in forecast.items():
        errors = {part: errors_of(series, model, span) for part, span in spans.items()}
        width = np.quantile(np.abs(errors["validation"]), config.coverage, axis=0)
        summary[name] = {
            **chosen[name],
            **{part: by_month(one) for part, one in errors.items()},
            "covered": round(float(np.mean(np.abs(errors["test"]) <= width)), 4),
        }
        curves[name] = {
            "error": np.abs(errors["test"]).mean(axis=0).round(4).tolist(),
            "forecast": model((middle, middle + config.horizon))[0].round(3).tolist(),
            "width": width.round(3).tolist(),
        }
        if verbose:
            print(name, summary[name], flush=True)
    best = chosen["gru levels"]
    return {
        "config": {
            **asdict(config),
            "optimizer": "Adam",
            "months": len(series),
            "forecasts": len(series) - middle - config.horizon + 1,
        },
        "curves": curves,
        "summary": {
            "models": summary,
            "shuffled": _shuffled(config, series, seed, best["learning_rate"], best["updates"]),
        },
    }


def choose_network(
    config: Config, series: np.ndarray, network: "Network", kind: str, span: tuple[int, int]
) -> tuple[tuple[float, int], Callable]:
    """The rate and the number of updates that forecast a span best, and the model that has them."""
    models = {
        (rate, updates): partial(
            _rolling_network, config, series, network, kind, rate=rate, updates=updates
        )
        for rate in config.learning_rates
        for updates in config.updates
    }
    best = min(models, key=lambda one: _error(series, models[one], span))
    return best, models[best]


def _rolling(
    config: Config, series: np.ndarray, model: Callable, span: tuple[int, int]
) -> np.ndarray:
    """The forecasts from every month of a span whose year still lies in it, (N, horizon)."""
    return np.array([model(series[:now], config.horizon) for now in origins(config, span)])


def _line(past: np.ndarray, horizon: int, kind: str, lags: int, direct: bool) -> np.ndarray:
    """A line through the last values of a view."""
    view = View.of_past(kind, past)
    return view.back(autoregression(view.see(past), horizon, lags, direct), past)


def _rolling_network(
    config: Config,
    series: np.ndarray,
    network: "Network",
    kind: str,
    span: tuple[int, int],
    rate: float,
    updates: int,
) -> np.ndarray:
    """The same by a network that is fitted anew every so often."""
    nows, forecasts = origins(config, span), []
    for first in range(0, len(nows), config.refit_every):
        block = nows[first : first + config.refit_every]
        past = series[: block[0]]
        view = View.of_past(kind, past)
        ahead = network.model.output_shape[-1]
        network.fit(*lagged(view.see(past), config.lookback, ahead), rate, updates, config.batch)
        windows = np.array([view.see(series[:now])[-config.lookback :] for now in block])
        given = network.predict(windows, config.horizon)
        forecasts += [view.back(one, series[:now]) for one, now in zip(given, block, strict=True)]
    return np.array(forecasts)


def origins(config: Config, span: tuple[int, int]) -> range:
    """How many months are known at each forecast."""
    return range(span[0], span[1] - config.horizon + 1)


def errors_of(series: np.ndarray, model: Callable, span: tuple[int, int]) -> np.ndarray:
    """Forecast less truth, (N, horizon)."""
    forecast = model(span)
    truth = np.lib.stride_tricks.sliding_window_view(series, forecast.shape[1])
    return forecast - truth[span[0] :][: len(forecast)]


def _error(series: np.ndarray, model: Callable, span: tuple[int, int]) -> float:
    """The mean absolute error over all months ahead: what is chosen by."""
    return float(np.abs(errors_of(series, model, span)).mean())


def by_month(errors: np.ndarray) -> dict[str, float]:
    """Mean absolute errors, some months ahead and over all."""
    means = np.abs(errors).mean(axis=0)
    some = {str(m): means[m - 1] for m in (1, 6, 12)}
    return {name: round(float(e), 4) for name, e in {**some, "mean": means.mean()}.items()}


def _network(config: Config, outputs: int, seed: int) -> "Network":
    from course_lib.training.experiments.forecast_model import Network

    return Network(config.units, config.lookback, outputs, seed)


def _shuffled(
    config: Config, series: np.ndarray, seed: int, rate: float, updates: int
) -> dict[str, float]:
    """The error that the network of levels seems to have if a fifth of all months, drawn at random
    over all years, is held back: the scale and the training have then seen the future.

    One month ahead, the mean absolute error in parts per million.
    """
    view = View.of_past("levels", series)
    x, y = lagged(view.see(series), config.lookback)
    order = np.random.Generator(np.random.PCG64(seed)).permutation(len(x))
    held, train = np.split(order, [len(x) // 5])
    network = _network(config, 1, seed)
    network.fit(x[train], y[train], rate, updates, config.batch)
    errors = (network.predict(x[held], 1) - y[held]) * view.scale
    return {"1": round(float(np.abs(errors).mean()), 4)}
