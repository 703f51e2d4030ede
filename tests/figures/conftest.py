"""What all tests of figures share."""

import re
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # for legible

from legible import faults

COUNTED = re.compile(r"\b(?:epoch|update|step|batch|layer|unit|seed|mode)(?:e?s)?\b")


@pytest.fixture(autouse=True)
def no_screen():
    import matplotlib

    matplotlib.use("agg")


@pytest.fixture(autouse=True)
def frames_are_legible(no_screen, monkeypatch):
    """Whatever is drawn into a slider, or as a figure that moves, is looked at."""
    from matplotlib.figure import Figure

    save = Figure.savefig

    def look(figure, *arguments, **settings):
        save(figure, *arguments, **settings)
        assert faults(figure) == []

    monkeypatch.setattr(Figure, "savefig", look)


@pytest.fixture
def assert_drawn():
    """Looks at a figure: legible, opaque, in no list of open ones: a notebook shows it once."""
    import matplotlib.pyplot as plt
    from matplotlib.figure import Figure

    def look(figure):
        assert isinstance(figure, Figure)
        assert figure.get_facecolor() == (1.0, 1.0, 1.0, 1.0)
        assert not plt.get_fignums()
        assert faults(figure) == []
        for axis in (ax.xaxis for ax in figure.axes):
            assert parted_counts(axis) == [], axis.get_label_text()

    return look


def parted_counts(axis):
    """The labelled ticks between whole numbers, on an axis that counts."""
    label = axis.get_label_text()
    if axis.get_scale() == "log" or not COUNTED.search(label):
        return []
    low, high = sorted(axis.get_view_interval())
    return [tick for tick in axis.get_majorticklocs() if low <= tick <= high and tick % 1]
