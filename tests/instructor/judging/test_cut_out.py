"""What a rung's call needs is cut out of its file, however it is defined there."""

import ast

import pytest

from course_lib.exercises.registry import get, ids
from course_lib.instructor.judging.requirements import withheld
from course_lib.instructor.judging.source_parts import alone


@pytest.mark.parametrize("one", [one for one in ids() if get(one).kind == "speed up"])
def test_a_call_finds_every_name_of_its_file(one):
    for rung in get(one).ladder:
        there = vars(__import__(rung.call.__module__, fromlist=["*"]))
        source, _ = alone(rung.call.__module__, rung.call.__name__, withheld(one))
        namespace = {}
        exec(compile(source, one, "exec"), namespace)
        used = {n.id for n in ast.walk(ast.parse(source)) if isinstance(n, ast.Name)}
        assert not {name for name in used & there.keys() if name not in namespace}, rung.name
