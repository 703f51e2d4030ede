"""Read the arrays that were handed in, whoever made the file: bounded, and without pickle."""

import io
import math
import os
import zipfile
from dataclasses import dataclass, field

import numpy as np
from numpy.lib import format as npy

# Two names that `predict` doesn't see: the learning curve, which the report draws, and the score
# that the learner expected, which it shows beside what came out.
CURVE, EXPECTED = "curve", "expected"
LARGEST = 8 << 20  # bytes, of the file and of all its arrays together
MOST_ARRAYS = 100
MOST_AXES = 4
LONGEST_CURVE = 100_000
LONGEST_HEADER = 10_000  # bytes, of one array


class BadArrays(Exception):
    """The file can't be used; the message says why and what to do."""


@dataclass(frozen=True)
class HandIn:
    """What was handed in beside the function.

    Args:
        weights: arrays by name, all finite.
        curve: the learning curve, (N,); empty if none was handed in.
        expected: the score that the learner expected; None if none was handed in.
    """

    weights: dict[str, np.ndarray]
    curve: np.ndarray = field(default_factory=lambda: np.zeros(0))
    expected: float | None = None


def read_hand_in(content: bytes, name: str) -> HandIn:
    """The arrays of an .npz file.

    Nothing is unpacked before its size is known, and never more than that.

    Args:
        content: of the file.
        name: of the file, for messages.

    Raises:
        BadArrays: it is no .npz, too large, or holds anything but finite real numbers.
    """
    if len(content) > LARGEST:
        raise BadArrays(f"{name} is larger than {LARGEST >> 20} MB: hand in the weights alone.")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
            if len(entries) > MOST_ARRAYS:
                raise BadArrays(
                    f"{name} holds {len(entries)} arrays; {MOST_ARRAYS} are the most. np.stack "
                    "makes one array of those of all layers."
                )
            left = LARGEST
            arrays: dict[str, np.ndarray] = {}
            for entry in entries:
                key = entry.filename.removesuffix(".npy")
                arrays[key] = _read(archive, entry, f"{key!r} in {name}", left)
                left -= arrays[key].nbytes
    except BadArrays:
        raise
    except Exception as error:  # damaged bytes make zipfile, zlib and NumPy raise a dozen kinds
        kind = type(error).__name__
        raise BadArrays(
            f"{name} can't be read ({kind}): write it with np.savez({name!r}, **weights)."
        ) from None
    curve = arrays.pop(CURVE, np.zeros(0))
    if curve.ndim != 1 or curve.size > LONGEST_CURVE:
        raise BadArrays(f"{CURVE!r} in {name} must be a row of at most {LONGEST_CURVE} numbers.")
    expected = arrays.pop(EXPECTED, None)
    if expected is not None and (expected.size != 1 or not np.isfinite(expected).all()):
        raise BadArrays(f"{EXPECTED!r} in {name} must be one number, the score that you expect.")
    for key, array in arrays.items():
        if not np.isfinite(array).all():
            raise BadArrays(
                f"{key!r} in {name} holds NaN or infinity: the training diverged. Clip its "
                "gradients or lower its learning rate, and save again."
            )
    if not arrays:
        raise BadArrays(f"{name} holds no weights: write it with np.savez({name!r}, **weights).")
    return HandIn(arrays, curve, None if expected is None else float(expected.ravel()[0]))


def in_steps(array: np.ndarray, steps: int) -> np.ndarray:
    """The array with each number moved to the nearest of so many, evenly spaced over its range.

    A network hardly feels it, if they are a few hundred. What was packed into the digits of a
    number is lost.
    """
    numbers = array.astype(np.float64)
    low, high = numbers.min(initial=np.inf), numbers.max(initial=-np.inf)
    if low < high:
        step = (high - low) / (steps - 1)
        numbers = low + step * np.rint((numbers - low) / step)
    if array.dtype.kind == "f":
        return numbers.astype(np.float32)
    return np.rint(numbers).astype(array.dtype)


def _read(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, what: str, left: int) -> np.ndarray:
    """One array, its header first.

    Raises:
        BadArrays: it is too large, or of anything but real numbers.
    """
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise BadArrays(
            f"{what} is packed in a way that NumPy doesn't use: write it with np.savez."
        )
    with archive.open(entry) as file:
        version = npy.read_magic(file)
        # NumPy reads the whole header before it looks how long it is.
        size = file.read(2 if version == (1, 0) else 4)
        if int.from_bytes(size, "little") > LONGEST_HEADER:
            raise BadArrays(f"{what} is damaged: save it again.")
        file.seek(-len(size), os.SEEK_CUR)
        read_header = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, fortran, dtype = read_header(file, max_header_size=LONGEST_HEADER)
        if dtype.hasobject:
            raise BadArrays(
                f"{what} holds Python objects, which are never loaded: save plain arrays of "
                "numbers, one a name."
            )
        if dtype.kind in "US":
            raise BadArrays(f"{what} is text: save a number, or an array of numbers.")
        if dtype.kind not in "biuf" or dtype.itemsize > 8:
            raise BadArrays(f"{what} is of {dtype.name}; save real numbers of at most 64 bits.")
        if any(n < 0 for n in shape):
            raise BadArrays(f"{what} is damaged: save it again.")
        size = math.prod(shape) * dtype.itemsize
        if size > left:
            raise BadArrays(
                f"{what} has shape {shape}, and with it the arrays take more than "
                f"{LARGEST >> 20} MB: hand in the weights alone."
            )
        if len(shape) > MOST_AXES:
            raise BadArrays(f"{what} has {len(shape)} axes; {MOST_AXES} are the most.")
        raw = file.read(size + 1)
    if len(raw) != size:
        raise BadArrays(f"{what} is damaged: save it again.")
    order = "F" if fortran else "C"
    array = np.frombuffer(raw, dtype).reshape(shape, order=order)
    return np.array(array, dtype.newbyteorder("="), order="C")
