"""Ways to forecast a monthly series, from the plainest on; each sees the past alone.

A forecaster is a function of the past (T,) and a horizon; it gives the next values (horizon,).
"""

import numpy as np

SEASON = 12  # months


def naive(past: np.ndarray, horizon: int) -> np.ndarray:
    """The last value, again and again."""
    return np.full(horizon, past[-1])


def seasonal_naive(past: np.ndarray, horizon: int) -> np.ndarray:
    """The value of the same month, a year before."""
    return np.resize(past[-SEASON:], horizon)


def seasonal_drift(past: np.ndarray, horizon: int) -> np.ndarray:
    """The same month a year before, and what the last year brought on top.

    The growth of a year is the mean over the last twelve months of what each has more than the
    same month before.
    """
    growth = np.mean(past[-SEASON:] - past[-2 * SEASON : -SEASON])
    years = 1 + np.arange(horizon) // SEASON
    return seasonal_naive(past, horizon) + years * growth


def lagged(series: np.ndarray, lags: int, ahead: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Every run of `lags` values (N, lags), and the `ahead` values after each (N, ahead)."""
    rows = np.lib.stride_tricks.sliding_window_view(series, lags + ahead)
    return rows[:, :lags], rows[:, lags:]


def autoregression(past: np.ndarray, horizon: int, lags: int, direct: bool = False) -> np.ndarray:
    """A line through the last values, fitted by least squares to the past.

    Args:
        past: the series up to now.
        horizon: how many values to forecast.
        lags: how many values the line sees.
        direct: whether each month ahead has a line of its own; otherwise there is one line, for the
            next month, and it goes on from its own forecasts.
    """
    x, y = lagged(past, lags, horizon if direct else 1)
    weights, *_ = np.linalg.lstsq(_with_one(x), y, rcond=None)
    if direct:
        return (_with_one(past[None, -lags:]) @ weights)[0]
    known = list(past[-lags:])
    for _ in range(horizon):
        known.append(float((_with_one(np.array(known[-lags:])[None]) @ weights)[0, 0]))
    return np.array(known[lags:])


def _with_one(x: np.ndarray) -> np.ndarray:
    return np.concatenate([x, np.ones((len(x), 1))], axis=1)
