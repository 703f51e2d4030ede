"""Which exercises need TensorFlow, and what is said where Keras runs on another backend.

Importing this module chooses TensorFlow for Keras, unless KERAS_BACKEND names another: a file
`~/.keras/keras.json` is meant for programs of one's own.
"""

import functools
import os
import re
import sys
from importlib.util import find_spec
from pathlib import Path

from course_lib.xla_flags import unknown_flag

os.environ.setdefault("KERAS_BACKEND", "tensorflow")

HEAVY = r"keras|tensorflow|course_lib\.(?:quiet|layers|online|training)"


class OtherBackend(RuntimeError):
    """Keras runs on a backend that the exercise isn't checked with; the message says what to do."""

    title = "Another backend of Keras"


class UnknownFlag(OtherBackend):
    """TensorFlow would end this process: XLA is given a flag that it doesn't know."""

    title = "An unknown flag of XLA"


@functools.cache
def loads_tensorflow(module: str) -> bool:
    """Whether a module's own file loads TensorFlow; found without importing it."""
    source = Path(find_spec(module).origin).read_text(encoding="utf-8")
    return re.search(rf"^\s*(?:import|from) (?:{HEAVY})\b", source, re.M) is not None


def see_that_keras_runs_on_tensorflow(exercise_id: str) -> None:
    """Before an exercise that needs it is loaded.

    Raises:
        OtherBackend: it runs on another.
    """
    keras = sys.modules.get("keras")
    backend = keras.backend.backend() if keras else os.environ["KERAS_BACKEND"]
    if backend != "tensorflow":
        raise OtherBackend(
            f"{exercise_id} is checked with TensorFlow, and Keras runs on {backend} here. Set "
            "KERAS_BACKEND=tensorflow, and start Python or the notebook's kernel again."
        )


def see_that_xla_knows_its_flags() -> None:
    """Before anything of an exercise is compiled.

    Raises:
        UnknownFlag: it would end this process, and a notebook's kernel with it.
    """
    if problem := unknown_flag():
        raise UnknownFlag(problem)
