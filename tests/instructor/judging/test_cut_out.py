"""What a rung's call needs is cut out of its file, however it is defined there."""

import ast

import pytest

from course_lib.exercises.registry import get, ids
from course_lib.instructor.judging import source_parts
from course_lib.instructor.judging.requirements import withheld
from course_lib.instructor.judging.source_parts import alone, slices


@pytest.mark.parametrize("one", [one for one in ids() if get(one).kind == "speed up"])
def test_a_call_finds_every_name_of_its_file(one):
    for rung in get(one).ladder:
        there = vars(__import__(rung.call.__module__, fromlist=["*"]))
        source, _ = alone(rung.call.__module__, rung.call.__name__, withheld(one))
        namespace = {}
        exec(compile(source, one, "exec"), namespace)
        used = {n.id for n in ast.walk(ast.parse(source)) if isinstance(n, ast.Name)}
        assert not {name for name in used & there.keys() if name not in namespace}, rung.name


@pytest.mark.parametrize(
    "wanted",
    [
        lambda number: ("course_lib.scratch.rnn", f"rnn_step_{number}"),
        lambda number: (f"course_lib.scratch.rnn_{number}", "rnn_step"),
        lambda number: (f"course_lib.scratch.rnn_{number}.deeper", ""),
        lambda number: (f"nowhere_{number}", "rnn_step"),
    ],
    ids=["a name", "a module", "deeper", "elsewhere"],
)
def test_what_a_notebook_says_it_imports_fills_no_memory(wanted):
    """The judge keeps what it has cut out for the whole class, and a notebook may say anything."""
    there = ("course_lib.scratch.rnn", "rnn_forward")
    right = slices([there], frozenset())
    caches = [one for one in vars(source_parts).values() if hasattr(one, "cache_info")]
    before = [one.cache_info().currsize for one in caches]
    for number in range(20):
        assert slices([there, wanted(number)], frozenset()) == right
    assert [one.cache_info().currsize for one in caches] == before
