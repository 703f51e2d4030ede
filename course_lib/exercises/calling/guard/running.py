"""Run a learner's code quietly, within its time; whatever it does becomes `Unusable`."""

import contextlib
import io
import logging
import sys
import warnings
from collections.abc import Callable, Iterator

import numpy as np

from . import limit
from .exceptions import NotWritten, Unusable
from .raised import in_words

OUTPUT_LIMIT = 1_000  # characters of a learner's own printing that a report keeps


class CappedOutput(io.StringIO):
    """Keeps the first characters that are printed and counts the rest."""

    def __init__(self, limit: int = OUTPUT_LIMIT):
        super().__init__()
        self.limit = limit
        self.printed = 0

    def write(self, text: str) -> int:
        """Keep what still fits."""
        kept = text[: max(0, self.limit - self.printed)]
        self.printed += len(text)
        super().write(kept)
        return len(text)

    def close(self) -> None:
        """Stays open: a learner's sys.stdout.close() must not cost the report."""


@contextlib.contextmanager
def guarded(
    name: str, function: Callable, output: CappedOutput, patience: float = 1.0
) -> Iterator[None]:
    """Run the block quietly; whatever a learner's code does in it becomes `Unusable`.

    Args:
        name: what to call the function in sentences.
        function: the learner's function or class, to find the line that failed.
        output: takes what the function prints.
        patience: how many times the usual `TIME_LIMIT` the block may take.

    Raises:
        NotWritten: if a stub was reached.
        Unusable: on any exception, an exit, or when the time is up.
    """
    try:
        with (
            limit.time_limit(patience * limit.TIME_LIMIT),
            contextlib.redirect_stdout(output),
            contextlib.redirect_stderr(output),
            _no_logging(),
            _no_caching_device(),
            np.errstate(all="ignore"),
            warnings.catch_warnings(),
        ):
            warnings.simplefilter("ignore")
            try:
                yield
            except (NotWritten, Unusable, KeyboardInterrupt, limit.TookTooLong):
                raise
            except BaseException as error:
                # Here, where the time limit holds: an exception of the learner's own has a
                # __str__ of its own as well.
                raise in_words(name, function, error) from None
    except limit.TookTooLong as late:
        if late.module:
            raise limit.still_loading(name, late) from None
        raise limit.still_running(name, late) from None


@contextlib.contextmanager
def _no_logging() -> Iterator[None]:
    """Libraries warn through `logging` too, whose handlers hold the stream that they began with."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)


@contextlib.contextmanager
def _no_caching_device() -> Iterator[None]:
    """A tf.scan or tf.foldl that fails while it is traced leaves a setting behind.

    With it, no tf.recompute_grad of the whole process has a gradient any more.
    """
    try:
        yield
    finally:
        if hasattr(sys.modules.get("tensorflow"), "compat"):  # not while it is being loaded
            scope = sys.modules["tensorflow"].compat.v1.get_variable_scope()
            if scope.caching_device is not None:
                scope._caching_device = None  # its setter refuses outside of a graph
