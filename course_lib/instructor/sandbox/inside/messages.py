"""Plain values as bytes: the only thing that crosses the border between a student and the judge.

A message is a length, a JSON header and the raw numbers of its arrays. There is no pickle, and no
object of a student's: what isn't plain arrives as the name of its type. Whatever breaks a rule is a
`Violation`. This file runs on both sides and imports nothing of the course.
"""

import hashlib
import json
import math
import struct
import time
from collections.abc import Callable
from typing import Any

import numpy as np

LARGEST = 32 << 20  # bytes of one message
MOST_NODES = 20_000  # values in one message
DEEPEST = 12
MOST_AXES = 16
LONG_DOUBLE = f"f{np.dtype(np.longdouble).itemsize}"
REAL = "b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", LONG_DOUBLE
# Of arrays that aren't of real numbers only the kind is sent: the check names it.
NOT_REAL = {
    "complex": "c16",
    "datetime64": "M8[s]",
    "timedelta64": "m8[s]",
    "str": "U1",
    "bytes": "S1",
    "void": "V1",
}
KINDS = frozenset((*REAL, "c8", "c16"))  # numbers, nothing else
KEYS = str | int | np.integer  # of a dict
HEADER = 4 << 20  # bytes of a header from there: what Python makes of one takes 30 times as many
# How many parts follow a tag. More of them would be somebody else's message inside of ours.
PARTS = {"l": 1, "t": 1, "d": 1, "a": 2, "g": 2, "n": 2, "r": 1, "x": 2, "c": 2, "o": 1}
HOLD_LISTS = "l", "t", "d", "r"
NAME = 60  # characters of the name of a type
FINGERPRINT = 16  # bytes


class Violation(Exception):
    """What came over the border is no message."""


class Gone(Exception):
    """The other side has closed the connection."""


class Late(Exception):
    """Nothing came in time."""


class TooLarge(Exception):
    """A value is larger than what may cross the border."""


class Foreign:
    """A value that isn't plain, of which only the name of its type came over.

    What NumPy can make an array of, such as a tensor, has come over as that array besides.
    """


class Numbers:
    """A value that isn't plain, with the array of numbers that NumPy makes of it.

    Args:
        name: of its type.
        array: real numbers.
    """

    def __init__(self, name: str, array: np.ndarray):
        self.name = name
        self.array = array


def pack(value: Any, handles: list | None = None) -> bytes:
    """A message.

    Args:
        value: nested tuples, lists and dicts of arrays, numbers, strings, random generators and
            None.
        handles: takes the callables that were met, in order; None: a callable is not plain.

    Raises:
        TooLarge: if it is larger than may cross.
    """
    buffers: list[bytes] = []
    state = {"nodes": 0, "offset": 0}
    tree = _encode(value, buffers, handles, state, 0)
    header = json.JSONEncoder().encode(tree).encode()
    total = 4 + len(header) + state["offset"]
    if total > LARGEST:
        raise TooLarge
    return struct.pack("<II", total, len(header)) + header + b"".join(buffers)


def _encode(value, buffers, handles, state, depth):
    state["nodes"] += 1
    if state["nodes"] > MOST_NODES or depth > DEEPEST:
        raise TooLarge
    kind = type(value)
    if value is None or kind is bool:
        return value
    near = isinstance(value, np.matrix | np.ma.MaskedArray)  # not what a check takes for an array
    if isinstance(value, np.ndarray | np.generic) and not near:
        return _array(value, buffers, state)
    if isinstance(value, float):
        return float(value)
    if isinstance(value, int) and abs(value) < 1 << 63:
        return int(value)
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, list | tuple):
        items = [_encode(one, buffers, handles, state, depth + 1) for one in value]
        return ["l" if isinstance(value, list) else "t", items]
    if isinstance(value, dict) and all(isinstance(key, KEYS) for key in value):
        keys = [_text(key) if isinstance(key, str) else int(key) for key in value]
        if len(set(keys)) == len(keys):  # letters that can't be sent look alike afterwards
            parts = (_encode(one, buffers, handles, state, depth + 1) for one in value.values())
            return ["d", [list(pair) for pair in zip(keys, parts, strict=True)]]
    if kind is Numbers:
        array = _encode(value.array, buffers, handles, state, depth + 1)
        return ["x", _text(value.name[:NAME]), array]
    if isinstance(value, np.random.Generator) and type(value.bit_generator) is np.random.PCG64:
        state = value.bit_generator.state
        numbers = *state["state"].values(), state["has_uint32"], state["uinteger"]
        return ["r", [str(int(n)) for n in numbers]]
    if handles is not None and callable(value):
        handles.append(value)
        return ["c", len(handles) - 1, str(kind.__name__)[:NAME]]
    return ["o", str(kind.__name__)[:NAME]]


def _text(value: str) -> str:
    return value.encode("utf-8", "replace").decode()


def _is_impossible(shape, numbers: bool) -> bool:
    """Whether no array of that shape may cross; what isn't numbers is made anew over there."""
    most = LARGEST if numbers else MOST_NODES
    return (
        len(shape) > MOST_AXES
        or not all(0 <= n <= LARGEST for n in shape)
        or (math.prod(shape) > most)
    )


def _array(value, buffers, state):
    scalar = isinstance(value, np.generic)
    if value.nbytes > LARGEST:
        raise TooLarge
    plain = np.array(value, order="C", subok=False)
    kind = f"{plain.dtype.kind}{plain.dtype.itemsize}"
    if _is_impossible(plain.shape, kind in KINDS):
        raise TooLarge
    if kind not in KINDS:
        return ["n", str(plain.dtype.name)[:NAME], list(plain.shape)]
    raw = plain.astype(plain.dtype.newbyteorder("<"), copy=False).tobytes()
    buffers.append(raw)
    state["offset"] += len(raw)
    if state["offset"] > LARGEST:
        raise TooLarge
    return ["g" if scalar else "a", kind, list(plain.shape)]


def unpack(message: bytes, handles: Any = None) -> Any:
    """The value of a message.

    Args:
        message: what `pack` made, without the first four bytes.
        handles: from the number and name of a callable to what stands for it here.

    Raises:
        Violation: if it breaks a rule.
    """
    try:
        (length,) = struct.unpack_from("<I", message)
        tree = json.loads(message[4 : 4 + length].decode("ascii"))
        state = {"nodes": 0, "offset": 4 + length}
        value = _decode(tree, message, handles, state, 0)
    except Violation:
        raise
    except (ValueError, TypeError, KeyError, IndexError, struct.error, RecursionError):
        raise Violation("a message that can't be read") from None
    if state["offset"] != len(message):
        raise Violation("a message with something left over")
    return value


def _decode(tree, message, handles, state, depth):
    state["nodes"] += 1
    if state["nodes"] > MOST_NODES or depth > DEEPEST:
        raise Violation("a message that is nested too deeply or too long")
    if tree is None or isinstance(tree, bool | float | str):
        return tree
    if isinstance(tree, int):
        if abs(tree) >= 1 << 63:
            raise Violation("a number that is too large")
        return tree
    if not isinstance(tree, list) or not tree:
        raise Violation("a message that can't be read")
    tag, rest = tree[0], tree[1:]
    if len(rest) != PARTS.get(tag) or (tag in HOLD_LISTS and not isinstance(rest[0], list)):
        raise Violation("a message that can't be read")
    if tag in ("l", "t"):
        items = [_decode(one, message, handles, state, depth + 1) for one in rest[0]]
        return items if tag == "l" else tuple(items)
    if tag == "d":
        found = {}
        for key, one in rest[0]:
            if type(key) not in (str, int):
                raise Violation("a key that is neither text nor number")
            if key in found:
                raise Violation("a key that comes twice")
            found[key] = _decode(one, message, handles, state, depth + 1)
        return found
    if tag in ("a", "g", "n"):
        return _array_back(tag, *rest, message, state)
    if tag == "r":
        return _generator(rest[0])
    if tag == "x":
        array = _decode(rest[1], message, handles, state, depth + 1)
        if not isinstance(array, np.ndarray):
            raise Violation("a message that can't be read")
        return foreign(str(rest[0]), array)
    if tag == "c" and handles is not None:
        return handles(int(rest[0]), str(rest[1]))
    if tag in ("o", "c"):
        return foreign(str(rest[-1]))
    raise Violation("a message that can't be read")


def _not_real(name: str) -> str:
    """What stands for a dtype that isn't of real numbers, as short as it can be, by its name."""
    for begins, stands in NOT_REAL.items():
        if name.startswith(begins):
            return stands
    return "O"


def _array_back(tag, kind, shape, message, state):
    if any(type(n) is not int for n in shape) or _is_impossible(shape, tag != "n"):
        raise Violation("an array of an impossible shape")
    if tag == "n":
        return np.zeros(shape, _not_real(str(kind)))
    if kind not in KINDS:
        raise Violation("an array of an unknown kind")
    dtype = np.dtype(kind).newbyteorder("<")
    length = math.prod(shape) * dtype.itemsize
    first = state["offset"]
    if first + length > len(message):
        raise Violation("an array that is cut off")
    state["offset"] += length
    array = np.frombuffer(message, dtype, math.prod(shape), first).reshape(shape)
    if kind == "b1":
        array = array.view(np.uint8) != 0  # other bytes than 0 and 1 don't make a bool
    array = array.astype(np.dtype(kind))
    return array[()] if tag == "g" and not shape else array


def _generator(numbers) -> np.random.Generator:
    state, increment, has, half = (int(n) for n in numbers if len(n) <= 39)
    if not (0 <= state < 1 << 128 and 0 <= increment < 1 << 128 and 0 <= half < 1 << 32):
        raise Violation("a random state that is none")
    bits = np.random.PCG64()
    bits.state = {
        "bit_generator": "PCG64",
        "state": {"state": state, "inc": increment},
        "has_uint32": int(bool(has)),
        "uinteger": half,
    }
    return np.random.Generator(bits)


def fingerprint(value: Any) -> bytes:
    """A few bytes that tell whether the arrays in nested values hold the same numbers."""
    digest = hashlib.blake2b(digest_size=FINGERPRINT)

    def take(part: Any) -> None:
        if isinstance(part, np.ndarray):
            digest.update(f"{part.dtype}{part.shape}".encode() + part.tobytes())
        elif isinstance(part, dict):
            for one in part.values():
                take(one)
        elif isinstance(part, list | tuple):
            for one in part:
                take(one)

    take(value)
    return digest.digest()


def plain(value: Any, depth: int = 0) -> Any:
    """A value with `Numbers` in place of an object that NumPy can read as one number.

    What has a length, such as a tensor or a deque, is no array for a check, and stays what it is.
    It runs what the value brings along, so it must be called where that can do no harm.
    """
    if isinstance(value, list | tuple) and depth < DEEPEST:
        parts = [plain(one, depth + 1) for one in value]
        return parts if isinstance(value, list) else tuple(parts)
    if isinstance(value, dict) and depth < DEEPEST:
        return {key: plain(one, depth + 1) for key, one in value.items()}
    simple = None | bool | int | float | str | bytes | np.ndarray | np.generic | np.random.Generator
    if isinstance(value, simple) or callable(value) or hasattr(type(value), "__len__"):
        return value
    try:
        array = np.array(value)
    except Exception:
        return value
    if f"{array.dtype.kind}{array.dtype.itemsize}" not in KINDS:
        return value
    return Numbers(str(type(value).__name__), array)


def foreign(name: str, array: np.ndarray | None = None) -> Foreign:
    """What stands for a value that isn't plain: an object whose type has that name."""
    clean = "".join(c for c in name if c.isidentifier() or c.isdigit())[:NAME] or "object"
    shown = {}
    if array is not None:
        shown["__array__"] = lambda self, dtype=None, copy=None: array.astype(dtype or array.dtype)
    return type(clean, (Foreign,), shown)()


def _header(message: bytes) -> int:
    """Bytes of the header of a message without its first four bytes."""
    return struct.unpack_from("<I", message)[0]


class Channel:
    """One end of a connection.

    Args:
        connection: a connected stream socket.
        inside: whether this is the student's end. What leaves it has a shorter header.
    """

    def __init__(self, connection, inside: bool = False):
        self.connection = connection
        self.inside = inside

    def send(self, value: Any, handles: list | None = None, deadline: float | None = None) -> None:
        """Send a value.

        Raises:
            TooLarge, Gone, Late: see there.
        """
        message = pack(value, handles)
        if self.inside and _header(message[4:]) > HEADER:
            raise TooLarge
        try:
            self._wait(deadline)
            self.connection.sendall(message)
        except TimeoutError:
            raise Late from None
        except OSError:
            raise Gone from None

    def receive(
        self,
        handles: Any = None,
        deadline: float | None = None,
        later: Callable[[], float | None] = lambda: None,
    ) -> Any:
        """The next value.

        Args:
            handles: as in `unpack`.
            deadline: time.monotonic() at which to give up; None: never.
            later: asked then for another deadline, of which the same holds; None: give up.

        Raises:
            Violation, Gone, Late: see there.
        """
        (total,) = struct.unpack("<I", self._exactly(4, deadline, later))
        if not 4 <= total <= LARGEST:
            raise Violation("a message of an impossible length")
        message = self._exactly(total, deadline, later)
        if not self.inside and _header(message) > HEADER:
            raise Violation("a message whose header is too long")
        return unpack(message, handles)

    def _exactly(
        self, count: int, deadline: float | None, later: Callable[[], float | None]
    ) -> bytes:
        parts = bytearray()
        while len(parts) < count:
            try:
                self._wait(deadline)
                part = self.connection.recv(min(count - len(parts), 1 << 20))
            except (TimeoutError, Late):
                deadline = later()
                if deadline is None:
                    raise Late from None
                continue
            except OSError:
                raise Gone from None
            if not part:
                raise Gone
            parts += part
        return bytes(parts)

    def _wait(self, deadline: float | None) -> None:
        if deadline is None:
            self.connection.settimeout(None)
            return
        left = deadline - time.monotonic()
        if left <= 0:
            raise Late
        self.connection.settimeout(left)
