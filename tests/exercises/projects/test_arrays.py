"""Whatever is handed in as arrays is read within bounds, or refused with a sentence."""

import io
import tracemalloc
import zipfile

import numpy as np
import pytest

from course_lib.exercises.projects.arrays import (
    LARGEST,
    LONGEST_CURVE,
    MOST_ARRAYS,
    MOST_AXES,
    BadArrays,
    in_steps,
    read_hand_in,
)


def packed(save=np.savez, **arrays) -> bytes:
    file = io.BytesIO()
    save(file, **arrays)
    return file.getvalue()


def header(descr: str, shape: str) -> bytes:
    """The beginning of an .npy file, without its numbers."""
    text = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}"
    text += " " * (-(len(text) + 11) % 64) + "\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode()


def archive(kind=zipfile.ZIP_DEFLATED, **members: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", kind) as out:
        for name, content in members.items():
            out.writestr(f"{name}.npy", content)
    return file.getvalue()


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_arrays_come_back_as_they_were(save):
    arrays = {
        "W": np.asfortranarray(np.arange(6, dtype=">f4").reshape(2, 3)),
        "n": np.int64(3),
        "empty": np.zeros((0, 4)),
        "curve": np.array([2.0, np.nan, 1.0]),  # a curve may have a gap
        "expected": np.array([0.75]),
    }
    found = read_hand_in(packed(save, **arrays), "rows.npz")
    assert found.weights.keys() == {"W", "n", "empty"}
    np.testing.assert_array_equal(found.weights["W"], arrays["W"])
    assert found.weights["W"].dtype == np.float32
    assert found.weights["W"].flags.c_contiguous
    np.testing.assert_array_equal(found.curve, arrays["curve"])
    assert found.expected == 0.75


def test_a_curve_and_an_expected_score_may_be_left_out():
    found = read_hand_in(packed(W=np.ones(3)), "rows.npz")
    assert found.curve.shape == (0,)
    assert found.expected is None


@pytest.mark.parametrize(
    "arrays",
    [
        {f"W{n}": np.ones(1) for n in range(MOST_ARRAYS)},
        {"W": np.ones((1,) * MOST_AXES)},
        {"W": np.ones(1), "curve": np.zeros(LONGEST_CURVE)},
        {"A": np.zeros(LARGEST - 8, "u1"), "B": np.zeros(1)},
    ],
    ids=["arrays", "axes", "curve", "bytes"],
)
def test_what_just_keeps_within_a_limit_is_taken(arrays):
    found = read_hand_in(packed(np.savez_compressed, **arrays), "rows.npz")
    assert found.weights.keys() == arrays.keys() - {"curve"}


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "can't be read"),
        (b"PK\x03\x04" + bytes(100), "can't be read"),
        (packed(W=np.ones(3))[:-30], "can't be read"),
        (packed(W=np.array([{}, 1], object)), "Python objects, which are never loaded"),
        (archive(W=b"\x80\x04\x95cos\nsystem\n"), "can't be read"),
        (packed(W=np.array(["a"])), "is text: save a number"),
        (packed(W=np.ones(2, complex)), "real numbers"),
        (packed(W=np.zeros(2, [("a", "f4")])), "real numbers"),
        (packed(W=np.array([1.0, np.nan])), "the training diverged"),
        (packed(W=np.array([np.inf])), "the training diverged"),
        (packed(W=np.ones((1,) * 5)), "has 5 axes"),
        (packed(**{f"W{n}": np.ones(1) for n in range(MOST_ARRAYS + 1)}), "101 arrays; 100 are"),
        (packed(curve=np.ones(3)), "no weights"),
        (packed(W=np.ones(1), curve=np.ones((2, 2))), "must be a row"),
        (packed(W=np.ones(1), curve=np.zeros(LONGEST_CURVE + 1)), "at most 100000 numbers"),
        (packed(W=np.ones(1), expected=np.nan), "must be one number"),
        (packed(W=np.ones(1), expected=np.ones(2)), "must be one number"),
        (packed(np.savez_compressed, A=np.zeros(LARGEST - 7, "u1"), B=np.zeros(1)), "than 8 MB"),
        (archive(W=header("'<f8'", "(268435456,)")), "more than 8 MB"),  # 2 GB, says the header
        (archive(W=header("'<f8'", "(10, 10)")), "is damaged"),
        (archive(W=header("'<f8'", "(2,)") + bytes(50 << 20)), "is damaged"),  # a zip bomb
        (archive(W=header("'<f8'", "(-1, 2)") + bytes(16)), "is damaged"),
        (archive(zipfile.ZIP_LZMA, W=header("'<f8'", "(2,)") + bytes(16)), "doesn't use"),
        (archive(W=bytes(1 << 20)), "can't be read"),
        (bytes(LARGEST + 1), "larger than 8 MB"),
        (packed(np.savez_compressed, A=np.zeros(700_000), B=np.zeros(700_000)), "more than 8 MB"),
    ],
)  # fmt: skip
def test_what_can_not_be_used_is_refused(content, says):
    with pytest.raises(BadArrays, match=says):
        read_hand_in(content, "rows.npz")


def test_a_zip_bomb_takes_no_memory():
    import tracemalloc

    bomb = archive(W=header("'<f8'", "(2,)") + bytes(200 << 20))
    tracemalloc.start()
    with pytest.raises(BadArrays):
        read_hand_in(bomb, "rows.npz")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4 << 20


@pytest.mark.parametrize("version", [2, 3])
def test_a_header_is_not_unpacked_before_its_length_is_known(version):
    """A megabyte may hold a header of a gigabyte, which NumPy would read first."""
    size = 1 << 28
    member = b"\x93NUMPY" + bytes([version, 0]) + size.to_bytes(4, "little") + bytes(size)
    content = archive(W=member)
    del member
    tracemalloc.start()
    try:
        with pytest.raises(BadArrays, match=r"'W' in rows\.npz is damaged"):
            read_hand_in(content, "rows.npz")
        assert tracemalloc.get_traced_memory()[1] < 4 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
def test_every_version_of_the_format_is_read(version):
    file = io.BytesIO()
    np.lib.format.write_array(file, np.arange(3.0), version)
    found = read_hand_in(archive(W=file.getvalue()), "rows.npz")
    np.testing.assert_array_equal(found.weights["W"], np.arange(3.0))


@pytest.mark.parametrize("dtype", ["float64", "float32", "int64", "uint8", "bool"])
def test_of_an_array_in_steps_so_many_numbers_are_left_and_none_has_moved_far(dtype):
    array = (100 * np.abs(np.sin(np.arange(999.0)))).astype(dtype).reshape(3, 333)
    rounded = in_steps(array, 16)
    assert rounded.dtype == (np.float32 if array.dtype.kind == "f" else array.dtype)
    assert len(np.unique(rounded)) == (2 if dtype == "bool" else 16)
    half = (array.astype(float).max() - array.astype(float).min()) / 15 / 2
    slack = 0.5 if array.dtype.kind in "iu" else 1e-5
    assert np.abs(rounded.astype(float) - array).max() <= half + slack


@pytest.mark.parametrize("array", [np.zeros((0, 3)), np.array(56), np.full(4, 0.1), np.arange(9)])
def test_few_numbers_stay_as_they_are(array):
    np.testing.assert_array_equal(in_steps(array, 256), array.astype(in_steps(array, 256).dtype))
