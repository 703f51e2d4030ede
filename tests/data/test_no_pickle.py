"""No file is trusted with code: a pickle inside an archive of arrays is never opened."""

import os

import numpy as np
import pytest

from course_lib.data import archive, co2, held_back, text
from course_lib.data.errors import DataError

pytestmark = pytest.mark.disable_socket

# Who reads a file: where the file's place stands, the reading, and the arrays looked for.
READERS = {
    "text": (text, "TEXT_FILE", text.load_text, ["text"]),
    "co2": (co2, "CO2_FILE", co2.load_co2, ["month", "ppm"]),
    "held back": (
        held_back,
        "HELD_BACK_FILE",
        lambda: held_back.held_back_digits("check", 0),
        ["x_check", "y_check"],
    ),
    "MNIST": (archive, None, archive.read_arrays, list(archive.KEYS)),
}


class Code:
    """Whoever opens its pickle makes a folder."""

    def __init__(self, folder):
        self.folder = folder

    def __reduce__(self):
        return os.mkdir, (str(self.folder),)


@pytest.mark.parametrize("name", READERS)
def test_a_pickle_is_refused_unopened(name, tmp_path, monkeypatch):
    module, place, read, keys = READERS[name]
    file = tmp_path / "arrays.npz"
    np.savez(file, **{key: np.array([Code(tmp_path / key)], object) for key in keys})
    if place is not None:
        monkeypatch.setattr(module, place, file)
    with pytest.raises((ValueError, DataError), match="pickle"):
        read(*([] if place else [file]))
    assert list(tmp_path.iterdir()) == [file]
