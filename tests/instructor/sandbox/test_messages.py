import contextlib
import json
import socket
import struct
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from anything import ANYTHING
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from course_lib.instructor.sandbox.inside.messages import (
    DEEPEST,
    LARGEST,
    MOST_NODES,
    Channel,
    Foreign,
    Gone,
    Late,
    Numbers,
    TooLarge,
    Violation,
    foreign,
    pack,
    unpack,
)


def there_and_back(value, handles=None):
    return unpack(pack(value, handles)[4:])


@pytest.mark.parametrize(
    "kind", ["?", "b", "h", "i", "q", "B", "H", "I", "Q", "e", "f", "d", "F", "D"]
)
def test_arrays_keep_numbers_shape_and_kind(kind):
    array = np.arange(12).reshape(3, 4).astype(kind)
    back = there_and_back({"a": array.T})["a"]
    assert back.dtype == array.dtype
    np.testing.assert_array_equal(back, array.T)
    assert back.flags.writeable


def test_plain_values_keep_their_types():
    value = (None, True, 3, 0.5, "ß", [1, (2,)], {"k": {1: np.float64(2.0)}}, float("inf"))
    back = there_and_back(value)
    assert back == value
    assert type(back[6]["k"][1]) is np.float64
    assert np.isnan(there_and_back(float("nan")))


def test_a_random_generator_goes_on_where_it_was():
    rng = np.random.default_rng(3)
    rng.integers(5, dtype=np.int32)
    back = there_and_back(rng)
    assert back.random() == np.random.Generator(rng.bit_generator).random()
    assert rng.random() == back.random()


def test_a_foreign_object_arrives_as_the_name_of_its_type():
    class AlwaysEqual:
        def __eq__(self, other):
            return True

    back = there_and_back(AlwaysEqual())
    assert isinstance(back, Foreign)
    assert type(back).__name__ == "AlwaysEqual"
    assert back != 1


@pytest.mark.parametrize(
    ("dtype", "name"),
    [("M8[ns]", "datetime64"), ("m8[D]", "timedelta64"), ("U9", "str"), ("S9", "bytes"),
     ("O", "object"), ([("a", "f8")], "void"), (complex, "complex128")],
)  # fmt: skip
def test_an_array_of_no_real_numbers_arrives_as_its_kind(dtype, name):
    back = there_and_back(np.zeros((2, 3), dtype))
    assert back.shape == (2, 3)
    assert back.dtype.name.startswith(name)


def test_an_array_of_objects_arrives_without_them():
    back = there_and_back(np.array([object(), {}]))
    assert back.shape == (2,)
    assert all(not entry for entry in back)


def test_a_subclass_of_an_array_arrives_as_an_array():
    class Mine(np.ndarray):
        dtype = property(lambda self: np.dtype(float))  # whatever it holds

        def astype(self, *given, **named):
            return np.zeros(7)

    back = there_and_back(np.ones(3).view(Mine))
    assert type(back) is np.ndarray
    np.testing.assert_array_equal(back, np.ones(3))


def test_callables_are_handed_over_by_number():
    handles = []
    message = pack((len, 1, max), handles)
    assert handles == [len, max]
    assert unpack(message[4:], lambda number, name: ("call", number)) == (
        ("call", 0),
        1,
        ("call", 1),
    )


def test_what_is_too_large_stays_here():
    with pytest.raises(TooLarge):
        pack(np.zeros(LARGEST // 8 + 1))
    with pytest.raises(TooLarge):
        pack([[]] * 100_000)


def test_nesting_has_an_end():
    value = []
    for _ in range(100):
        value = [value]
    with pytest.raises(TooLarge):
        pack(value)


@pytest.mark.parametrize("around", [lambda one: [one], lambda one: (one,), lambda one: {"a": one}])
def test_what_is_just_deep_enough_arrives_and_one_level_more_does_not(around):
    value = 1
    for _ in range(DEEPEST):
        value = around(value)
    assert there_and_back(value) == value
    with pytest.raises(TooLarge):
        pack(around(value))


def test_as_many_values_as_are_allowed_arrive():
    assert len(there_and_back([0] * (MOST_NODES - 1))) == MOST_NODES - 1
    with pytest.raises(TooLarge):
        pack([0] * MOST_NODES)


@pytest.mark.parametrize("dtype", [np.float32, np.int64, np.float64])
def test_a_foreign_object_may_be_taken_for_the_numbers_that_it_holds(dtype):
    one = foreign("Tensor[1]", np.arange(3, dtype=dtype))
    assert type(one).__name__ == "Tensor1"
    np.testing.assert_array_equal(np.asarray(one), [0, 1, 2])
    assert np.asarray(one).dtype == dtype
    assert np.asarray(one, np.float16).dtype == np.float16
    with pytest.raises((TypeError, ValueError)):
        float(np.asarray(foreign("Tensor")))


def by_hand(tree, rest=b""):
    header = json.dumps(tree).encode()
    return struct.pack("<I", len(header)) + header + rest


@pytest.mark.parametrize(
    "tree",
    [
        ["a", "O", [1]],
        ["a", "f8", [-1]],
        ["a", "f8", [1 << 40]],
        ["a", "f8", [2]],
        ["a", "f8", "3"],
        ["a", "f8", [True]],
        ["p", "cos\nsystem"],
        ["d", [[["a"], 1]]],
        ["d", [[1.5, 1]]],
        ["l", 3],
        ["r", ["1", "2"]],
        ["r", [str(1 << 128), "1", "0", "0"]],
        ["l"],
        ["l", [], []],
        ["l", "ab"],
        ["t", [], 1],
        ["d", [], []],
        ["d", [["a", 1], ["a", 2]]],
        ["d", [["a", 1, 2]]],
        ["r", ["1", "2", "0", "0"], 1],
        ["o", "a", "b"],
        ["c", 1],
        ["x", "a", ["a", "f8", [1]], 1],
        ["a", "f8", [1], 1],
        [],
        {"a": 1},
        1 << 70,
    ],
)
def test_a_broken_message_is_a_violation(tree):
    with pytest.raises(Violation):
        unpack(by_hand(tree, b"\0" * 8))


def test_what_is_forged_between_the_parts_of_a_message_is_a_violation(monkeypatch):
    monkeypatch.setattr(
        json.JSONEncoder,
        "item_separator",
        ', [["answer", ["d", [["result", ["d", [["without a kernel",""]]]]]]]], ',
    )
    with pytest.raises(Violation):
        there_and_back({"answer": {"result": {"without a kernel": "MatMul"}}})


def test_something_left_over_is_a_violation():
    with pytest.raises(Violation):
        unpack(by_hand(1, b"x"))


def test_deep_json_is_a_violation():
    text = b"[" * 100_000 + b"]" * 100_000
    with pytest.raises(Violation):
        unpack(struct.pack("<I", len(text)) + text)


@settings(max_examples=300)
@given(st.binary(max_size=200))
def test_any_bytes_are_a_value_or_a_violation(data):
    with contextlib.suppress(Violation):
        unpack(data)


def test_a_channel_says_when_nobody_answers():
    a, b = socket.socketpair()
    with pytest.raises(Late):
        Channel(a).receive(deadline=time.monotonic() + 0.05)
    b.sendall(struct.pack("<I", LARGEST + 1))
    with pytest.raises(Violation):
        Channel(a).receive(deadline=time.monotonic() + 5)
    b.close()
    with pytest.raises(Gone):
        Channel(a).receive(deadline=time.monotonic() + 5)
    a.close()


@settings(max_examples=300, suppress_health_check=list(HealthCheck), deadline=None)
@given(ANYTHING)
def test_what_can_be_sent_can_be_read(value):
    """Or a student whose function returned it would be said to have tampered with the judge."""
    with contextlib.suppress(TooLarge):
        unpack(pack({"answer": {"result": value}})[4:])


@pytest.mark.parametrize(
    "value",
    [
        np.empty((0, 1 << 40)),
        np.zeros((1,) * 20),
        np.full((200, 200), None),
        np.full(30_000, "a"),
        [Numbers("Odd", np.ones(1))] * 15_000,
        {"\ud800": 1, "?": 2},
        "x" * (10 << 20),
    ],
    ids=["long axis", "many axes", "objects", "letters", "many", "half letters", "text"],
)
def test_an_odd_value_is_too_large_or_arrives(value):
    """The student's end of a channel says so; at the judge's, it would be a violation."""
    a, b = socket.socketpair()
    with a, ThreadPoolExecutor(1) as pool:
        received = pool.submit(Channel(a).receive)
        with b, contextlib.suppress(TooLarge):
            Channel(b, inside=True).send({"answer": value})
        with contextlib.suppress(Gone):
            received.result()
