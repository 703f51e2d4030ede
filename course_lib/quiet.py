"""TensorFlow without its start-up chatter, which would end up in the notebooks' outputs."""

import contextlib
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


if "tensorflow" not in sys.modules:
    with quiet_stderr():
        import tensorflow  # noqa: F401  (here for its side effect: it is loaded now, quietly)
