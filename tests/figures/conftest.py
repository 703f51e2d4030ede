"""What all tests of figures share."""

import re
import sys
from itertools import count
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # for legible and looks

import looks
from legible import faults

COUNTED = re.compile(r"\b(?:epoch|update|step|batch|layer|unit|seed|mode)(?:e?s)?\b")


@pytest.fixture(autouse=True)
def no_screen():
    import matplotlib

    matplotlib.use("agg")


@pytest.fixture
def assert_as_it_was(request):
    """Compares a figure that has been drawn with what it looked like when it was last judged."""
    numbers = count(1)

    def compare(figure):
        name = f"{request.node.path.stem}: {request.node.name}, {next(numbers)}"
        if request.config.getoption("new_looks"):
            looks.store(name, figure)
        stored = looks.known().get(name)
        changed = looks.difference(figure, stored) if stored else "its look is not stored"
        assert not changed, f"{name}: {changed}. Is it meant, and looked at? {looks.AGAIN}"

    return compare


@pytest.fixture(autouse=True)
def frames_are_legible(no_screen, assert_as_it_was, monkeypatch):
    """Whatever is drawn into a slider, or as a figure that moves, is looked at."""
    from matplotlib.figure import Figure

    save = Figure.savefig

    def look(figure, *arguments, **settings):
        save(figure, *arguments, **settings)
        assert faults(figure) == []
        assert_as_it_was(figure)

    monkeypatch.setattr(Figure, "savefig", look)


@pytest.fixture
def assert_drawn(assert_as_it_was):
    """Looks at a figure: legible, opaque, in no list of open ones: a notebook shows it once."""
    import matplotlib.pyplot as plt
    from matplotlib.figure import Figure

    def look(figure):
        assert isinstance(figure, Figure)
        assert figure.get_facecolor() == (1.0, 1.0, 1.0, 1.0)
        assert not plt.get_fignums()
        assert faults(figure) == []
        assert_as_it_was(figure)
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
