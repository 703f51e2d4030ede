"""TensorFlow without its start-up chatter, which would end up in the notebooks' outputs.

Importing this module loads nothing: it sees to it that TensorFlow, whenever it is imported, is
imported quietly, and in two thirds of the time. The packages that use TensorFlow import this first.
"""

import contextlib
import gc
import importlib.abc
import importlib.util
import logging
import os
import sys
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

from course_lib.garbage import much_is_at_rest
from course_lib.interrupted import when_whole

# What Keras imports of Matplotlib, for two functions that draw galleries of images.
DRAWING = ("matplotlib", "matplotlib.pyplot", "matplotlib.patches")

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


@contextlib.contextmanager
def no_garbage_sought() -> Iterator[None]:
    """Python doesn't look for garbage: a million objects come, which it would walk through often.

    At the end they count as old, as they would by then.
    """
    collects, at_rest = gc.isenabled(), much_is_at_rest()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()  # both together leave out the walk
        if not at_rest:
            gc.unfreeze()
        if collects:
            gc.enable()


class _Later(ModuleType):
    """Stands for a module that is imported when somebody uses it."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # `inspect` asks every module for its file, which is no use
            raise AttributeError(name)
        for one in DRAWING:
            if isinstance(sys.modules.get(one), _Later):  # else it would only find itself
                del sys.modules[one]
        return getattr(importlib.import_module(self.__name__), name)


@contextlib.contextmanager
def drawing_later() -> Iterator[None]:
    """Whoever imports Matplotlib inside gets it when they first draw with it."""
    if any(name in sys.modules for name in DRAWING):
        yield
        return
    later = {name: _Later(name) for name in DRAWING}
    for name in DRAWING[1:]:
        setattr(later["matplotlib"], name.rpartition(".")[2], later[name])
    sys.modules.update(later)
    try:
        yield
    finally:
        for name, module in later.items():
            if sys.modules.get(name) is module:
                del sys.modules[name]


class _Loaded(importlib.abc.MetaPathFinder):
    """Finds a package where it is, once, and has it loaded within some contexts."""

    def __init__(self, name: str, *contexts: Callable[[], contextlib.AbstractContextManager]):
        self.name, self.contexts = name, contexts

    def find_spec(self, name, path=None, target=None):
        if name != self.name:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.loader is not None:
            load = spec.loader.exec_module

            def load_within(module):
                with contextlib.ExitStack() as stack:
                    for context in self.contexts:
                        stack.enter_context(context())
                    load(module)

            spec.loader.exec_module = load_within
        return spec


def _is_of_a_learner(record: logging.LogRecord) -> bool:
    """Whether a warning is about code that somebody wrote.

    To find the name of a mistake, a check runs code with something left out
    (`exercises.naming.mutants`). What TensorFlow says about that would stand below the
    learner's own cell.
    """
    return "<mutant of " not in record.getMessage()


logging.getLogger("tensorflow").addFilter(_is_of_a_learner)

# Each imports the other: Keras is loaded within TensorFlow, or TensorFlow within Keras.
for one in (
    _Loaded("tensorflow", when_whole, quiet_stderr, no_garbage_sought, drawing_later),
    _Loaded("keras", when_whole, no_garbage_sought, drawing_later),
):
    if one.name not in sys.modules:
        sys.meta_path.insert(0, one)
