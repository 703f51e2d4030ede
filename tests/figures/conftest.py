"""What all tests of figures share."""

import re

import pytest

COUNTED = re.compile(r"\b(?:epoch|update|step|batch|layer|unit|seed|mode)(?:e?s)?\b")


@pytest.fixture(autouse=True)
def no_screen():
    import matplotlib

    matplotlib.use("agg")


@pytest.fixture
def assert_drawn():
    """Looks at a figure: drawn, opaque, in no list of open ones: a notebook shows it once."""
    import matplotlib.pyplot as plt
    from matplotlib.figure import Figure

    def look(figure):
        assert isinstance(figure, Figure)
        figure.canvas.draw()
        assert figure.get_facecolor() == (1.0, 1.0, 1.0, 1.0)
        assert not plt.get_fignums()
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
