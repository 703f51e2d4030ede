"""Several ways of the same step, timed in turns."""

import pytest

from course_lib.benchmarks.on_gpu import variants


def fails():
    raise RuntimeError("out of memory")


def test_one_that_fails_costs_no_other():
    def late():
        def call():
            raise ValueError("can't be compiled")

        return call

    seen = {}
    found = variants.timed(
        {"good": lambda: lambda: 1.5, "bad": fails, "late": late}, 0.0, seen.update
    )
    assert list(found["ms"]) == ["good"]
    assert found["rounds"] == 3
    assert found["failed"] == {
        "bad": "RuntimeError: out of memory",
        "late": "ValueError: can't be compiled",
    }
    assert seen == {"good": 1.5}


def test_none_that_works():
    with pytest.raises(RuntimeError, match=r"Nothing could be timed.*out of memory"):
        variants.timed({"bad": fails})


def test_what_does_something_else_is_not_timed():
    calls = []

    def same(numbers):
        raise RuntimeError("they differ")

    with pytest.raises(RuntimeError, match="they differ"):
        variants.timed({"good": lambda: lambda: calls.append(1)}, same=same)
    assert len(calls) == 2
