"""What somebody has set for Python, Jupyter, TensorFlow, Keras and Matplotlib: no book has it."""

import contextlib
import logging
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

# How Python runs, what Keras runs on, how XLA compiles, which may change what it computes, where
# Matplotlib draws; and where Jupyter looks for a kernel before it looks into this environment.
VARIABLES = (
    "PYTHONOPTIMIZE",
    "PYTHONSTARTUP",
    "PYTHONWARNINGS",
    "KERAS_BACKEND",
    "TF_USE_LEGACY_KERAS",
    "XLA_FLAGS",
    "TF_XLA_FLAGS",
    "MPLBACKEND",
    "JUPYTER_PATH",
    "JUPYTER_PREFER_ENV_PATH",
)


def fonts_are_listed() -> None:
    """See to it that Matplotlib finds its list of fonts where it looks for it.

    Else the first cell that draws would make the list, and where that takes long, or the home can't
    be written to, Matplotlib would say so below the cell. In a home that can't be written to it
    takes another folder here, which the programs that are started from here then know. Called where
    cells are run; not by `set_aside`, since Matplotlib makes a small process a large one.
    """
    # Of a name that it doesn't know it would say so, and end.
    backend = os.environ.pop("MPLBACKEND", None)
    logger = logging.getLogger("matplotlib")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        import matplotlib.font_manager  # noqa: F401
    finally:
        logger.setLevel(level)
        if backend is not None:
            os.environ["MPLBACKEND"] = backend


@contextlib.contextmanager
def set_aside() -> Iterator[dict[str, str]]:
    """The variables for a program that shows or proves something of the course.

    With them, IPython, Keras and Matplotlib read no file of the home: a start-up file may change
    how NumPy prints, `keras.json` the type of all numbers, `matplotlibrc` every figure.
    """
    kept = {name: value for name, value in os.environ.items() if name not in VARIABLES}
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        home = Path(folder)
        (home / "matplotlibrc").touch()
        own = {
            "IPYTHONDIR": str(home / "ipython"),
            "KERAS_HOME": str(home / "keras"),
            "MATPLOTLIBRC": str(home / "matplotlibrc"),
        }
        yield kept | own
