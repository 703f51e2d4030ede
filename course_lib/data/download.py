"""The full MNIST: from the cache shared with Keras, or downloaded into it."""

import contextlib
import os
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np

from course_lib.data.archive import is_full_mnist, read_arrays
from course_lib.data.errors import DamagedFileError, DataError, OfflineError

# The file and checksum of keras.datasets.mnist: what one of us downloads, the other finds.
MNIST_URL = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz"
MNIST_SHA256 = "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1"

_TIMEOUT = (5, 30)  # seconds: to connect, and between two packets


def cache_file() -> Path:
    """Where Keras keeps MNIST: under $KERAS_HOME, else ~/.keras, else (home read-only) /tmp."""
    if "KERAS_HOME" in os.environ:
        keras_home = Path(os.environ["KERAS_HOME"]).expanduser()
    else:
        home = Path.home()
        keras_home = (home if os.access(home, os.W_OK) else Path("/tmp")) / ".keras"
    return keras_home / "datasets" / "mnist.npz"


def read_cached_or_download() -> dict[str, np.ndarray]:
    """The arrays of the full MNIST, downloaded if this machine doesn't have them.

    Raises:
        DamagedFileError: the cached or downloaded file is bad. It was set aside, so that the next
            call downloads afresh.
        OfflineError: not cached, and the server can't be reached.
        DataError: the cache can't be read or written.
    """
    cached = cache_file()
    if not cached.exists():
        download_mnist(cached)
    try:
        arrays = read_arrays(cached)
        if not is_full_mnist(arrays):
            raise DamagedFileError(f"{cached} doesn't hold the published MNIST.")
    except DamagedFileError as error:
        raise DamagedFileError(f"{error} {_set_aside(cached, cached)}") from error
    return arrays


def download_mnist(target: Path) -> None:
    """Download MNIST to `target`, with a progress bar.

    `target` appears whole and checked, or not at all.

    Raises: as `read_cached_or_download`.
    """
    import pooch  # here, not above: a learner's import stays quick
    import requests

    part = target.with_name(f"{target.name}.{os.getpid()}.part")
    fetch = pooch.HTTPDownloader(progressbar=True, chunk_size=2**16, timeout=_TIMEOUT)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        fetch(MNIST_URL, str(part), None)
        if pooch.file_hash(str(part)) != MNIST_SHA256:
            raise DamagedFileError(
                f"The file that came from {MNIST_URL} has the wrong checksum. "
                f"{_set_aside(part, target)}"
            )
        part.replace(target)
    except requests.HTTPError as error:
        raise OfflineError(f"The MNIST server answered {error.response.status_code}.") from error
    except (requests.ConnectionError, requests.Timeout) as error:
        host = urlsplit(MNIST_URL).hostname
        raise OfflineError(f"Offline: no connection to {host}.") from error
    except requests.RequestException as error:
        raise DataError(
            f"The download of MNIST broke off ({type(error).__name__}). "
            "Nothing of it was kept. Run the same again to start afresh."
        ) from error
    except OSError as error:
        raise DataError(
            f"MNIST can't be written to {target.parent} ({error}). "
            "Free some space, or set KERAS_HOME to a folder that you can write to."
        ) from error
    finally:
        with contextlib.suppress(OSError):
            part.unlink()


def _set_aside(bad: Path, cached: Path) -> str:
    """Rename `bad` to mnist.npz.broken (numbered if taken) beside `cached`; say so in words."""
    aside = cached.with_name(f"{cached.name}.broken")
    number = 1
    while aside.exists():
        number += 1
        aside = cached.with_name(f"{cached.name}.broken{number}")
    try:
        bad.replace(aside)
    except OSError as error:
        return f"It couldn't be set aside ({error}): delete it, then run the same again."
    return f"It was set aside as {aside}. Run the same again to download a fresh copy."
