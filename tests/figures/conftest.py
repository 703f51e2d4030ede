"""What all tests of figures share."""

import pytest


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

    return look
