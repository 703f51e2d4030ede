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
# As they cross and as this machine has them. Worked out once: a check sends thousands of arrays.
DTYPES = {kind: (np.dtype(kind).newbyteorder("<"), np.dtype(kind)) for kind in sorted(KINDS)}
AS_THEY_CROSS = {there: kind for kind, (there, _) in DTYPES.items()}
KEYS = str, int, np.integer  # of a dict
ARRAYS = np.ndarray, np.generic
NEAR_ARRAYS = np.matrix, np.ma.MaskedArray  # what a check doesn't take for an array
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
    writer = _Writer(handles)
    header = json.JSONEncoder().encode(writer.tree(value, 0)).encode()
    total = 4 + len(header) + writer.offset
    if total > LARGEST:
        raise TooLarge
    return struct.pack("<II", total, len(header)) + header + b"".join(writer.buffers)


class _Writer:
    """What a message is made of; the commonest values are asked for first."""

    __slots__ = "buffers", "handles", "nodes", "offset"

    def __init__(self, handles: list | None):
        self.handles = handles
        self.buffers: list[bytes] = []
        self.nodes = self.offset = 0

    def tree(self, value: Any, depth: int) -> Any:
        """What stands for a value in the header."""
        self.nodes += 1
        if self.nodes > MOST_NODES or depth > DEEPEST:
            raise TooLarge
        kind = type(value)
        if value is None or kind is bool:
            return value
        if kind is np.ndarray or (isinstance(value, ARRAYS) and not isinstance(value, NEAR_ARRAYS)):
            return self.array(value)
        if isinstance(value, float):
            return float(value)
        if isinstance(value, int) and abs(value) < 1 << 63:
            return int(value)
        if isinstance(value, str):
            return _text(value)
        if isinstance(value, list | tuple):
            items = [self.tree(one, depth + 1) for one in value]
            return ["l" if isinstance(value, list) else "t", items]
        if isinstance(value, dict) and all(isinstance(key, KEYS) for key in value):
            keys = [_text(key) if isinstance(key, str) else int(key) for key in value]
            if len(set(keys)) == len(keys):  # letters that can't be sent look alike afterwards
                pairs = zip(keys, value.values(), strict=True)
                return ["d", [[key, self.tree(one, depth + 1)] for key, one in pairs]]
        if kind is Numbers:
            return ["x", _text(value.name[:NAME]), self.tree(value.array, depth + 1)]
        if isinstance(value, np.random.Generator) and type(value.bit_generator) is np.random.PCG64:
            state = value.bit_generator.state
            numbers = *state["state"].values(), state["has_uint32"], state["uinteger"]
            return ["r", [str(int(n)) for n in numbers]]
        if self.handles is not None and callable(value):
            self.handles.append(value)
            return ["c", len(self.handles) - 1, str(kind.__name__)[:NAME]]
        return ["o", str(kind.__name__)[:NAME]]

    def array(self, value: np.ndarray | np.generic) -> list:
        """What stands for an array; its numbers are kept for the end of the message."""
        if value.nbytes > LARGEST:
            raise TooLarge
        tag = "g" if isinstance(value, np.generic) else "a"
        if type(value) is not np.ndarray:  # one of a class of its own may say anything of itself
            value = np.array(value, order="C", subok=False)
        kind = AS_THEY_CROSS.get(value.dtype) or f"{value.dtype.kind}{value.dtype.itemsize}"
        shape = list(value.shape)
        if _is_impossible(shape, kind in KINDS):
            raise TooLarge
        if kind not in KINDS:
            return ["n", str(value.dtype.name)[:NAME], shape]
        raw = value.astype(DTYPES[kind][0], copy=False).tobytes()
        self.buffers.append(raw)
        self.offset += len(raw)
        if self.offset > LARGEST:
            raise TooLarge
        return [tag, kind, shape]


def _text(value: str) -> str:
    return value.encode("utf-8", "replace").decode()


def _is_impossible(shape: list[int], numbers: bool) -> bool:
    """Whether no array of that shape may cross; what isn't numbers is made anew over there."""
    if len(shape) > MOST_AXES:
        return True
    for n in shape:
        if not 0 <= n <= LARGEST:
            return True
    return math.prod(shape) > (LARGEST if numbers else MOST_NODES)


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
        reader = _Reader(message, 4 + length, handles)
        value = reader.value(tree, 0)
    except Violation:
        raise
    except (ValueError, TypeError, KeyError, IndexError, struct.error, RecursionError):
        raise Violation("a message that can't be read") from None
    if reader.offset != len(message):
        raise Violation("a message with something left over")
    return value


class _Reader:
    """Makes values of what stands for them in a header."""

    __slots__ = "handles", "message", "nodes", "offset"

    def __init__(self, message: bytes, offset: int, handles: Any):
        self.message, self.offset, self.handles = message, offset, handles
        self.nodes = 0

    def value(self, tree: Any, depth: int) -> Any:
        """The value for which a part of the header stands."""
        self.nodes += 1
        if self.nodes > MOST_NODES or depth > DEEPEST:
            raise Violation("a message that is nested too deeply or too long")
        kind = type(tree)
        if tree is None or kind is float or kind is bool or kind is str:
            return tree
        if kind is int:
            if abs(tree) >= 1 << 63:
                raise Violation("a number that is too large")
            return tree
        if kind is not list or not tree:
            raise Violation("a message that can't be read")
        tag, *rest = tree
        if len(rest) != PARTS.get(tag) or (tag in HOLD_LISTS and type(rest[0]) is not list):
            raise Violation("a message that can't be read")
        if tag in ("a", "g", "n"):
            return self.array(tag, *rest)
        if tag in ("l", "t"):
            items = [self.value(one, depth + 1) for one in rest[0]]
            return items if tag == "l" else tuple(items)
        if tag == "d":
            return self.pairs(rest[0], depth + 1)
        if tag == "r":
            return _generator(rest[0])
        if tag == "x":
            array = self.value(rest[1], depth + 1)
            if not isinstance(array, np.ndarray):
                raise Violation("a message that can't be read")
            return foreign(str(rest[0]), array)
        if tag == "c" and self.handles is not None:
            return self.handles(int(rest[0]), str(rest[1]))
        if tag in ("o", "c"):
            return foreign(str(rest[-1]))
        raise Violation("a message that can't be read")

    def pairs(self, pairs: list, depth: int) -> dict:
        """A dict."""
        found: dict = {}
        for key, one in pairs:
            if type(key) not in (str, int):
                raise Violation("a key that is neither text nor number")
            if key in found:
                raise Violation("a key that comes twice")
            found[key] = self.value(one, depth)
        return found

    def array(self, tag: str, kind: Any, shape: list) -> np.ndarray | np.generic:
        """An array of which the next numbers are; or one of a kind that isn't numbers."""
        for n in shape:
            if type(n) is not int:
                raise Violation("an array of an impossible shape")
        if _is_impossible(shape, tag != "n"):
            raise Violation("an array of an impossible shape")
        if tag == "n":
            return np.zeros(shape, _not_real(str(kind)))
        if kind not in KINDS:
            raise Violation("an array of an unknown kind")
        there, here = DTYPES[kind]
        count, first = math.prod(shape), self.offset
        self.offset += count * there.itemsize
        if self.offset > len(self.message):
            raise Violation("an array that is cut off")
        array = np.frombuffer(self.message, there, count, first).reshape(shape)
        if kind == "b1":
            array = array.view(np.uint8) != 0  # other bytes than 0 and 1 don't make a bool
        array = array.astype(here)
        return array[()] if tag == "g" and not shape else array


def _not_real(name: str) -> str:
    """What stands for a dtype that isn't of real numbers, as short as it can be, by its name."""
    for begins, stands in NOT_REAL.items():
        if name.startswith(begins):
            return stands
    return "O"


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
            # Not `str` of the dtype, which NumPy works out in Python each time.
            digest.update(f"{part.dtype.str}{part.shape}".encode() + part.tobytes())
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
