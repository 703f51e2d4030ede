"""TensorFlow without its start-up chatter, which would end up in the notebooks' outputs.

Importing this module loads nothing: it sees to it that TensorFlow, whenever it is imported, is
imported quietly. The packages that use TensorFlow import this first.
"""

import contextlib
import importlib.abc
import importlib.util
import logging
import os
import sys
from collections.abc import Iterator

# Errors only; what the user has set counts more.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


@contextlib.contextmanager
def quiet_stderr() -> Iterator[None]:
    """Keep out what native code writes to standard error before its log level applies."""
    sys.stderr.flush()
    kept = os.dup(2)
    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)


class _QuietTensorFlow(importlib.abc.MetaPathFinder):
    """Finds TensorFlow where it is, once, and has it loaded quietly."""

    def find_spec(self, name, path=None, target=None):
        if name != "tensorflow":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.loader is not None:
            load = spec.loader.exec_module

            def load_quietly(module):
                with quiet_stderr():
                    load(module)

            spec.loader.exec_module = load_quietly
        return spec


def _is_of_a_learner(record: logging.LogRecord) -> bool:
    """Whether a warning is about code that somebody wrote.

    To find the name of a mistake, a check runs code with something left out (`exercises.mutants`).
    What TensorFlow says about that would stand below the learner's own cell.
    """
    return "<mutant of " not in record.getMessage()


logging.getLogger("tensorflow").addFilter(_is_of_a_learner)

if "tensorflow" not in sys.modules:
    sys.meta_path.insert(0, _QuietTensorFlow())
