"""A class to validate, and the sandbox to do it in."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # for a_class

from course_lib.instructor.sandbox import Sandbox, problem_with


@pytest.fixture(scope="session")
def kind():
    """The sandbox that works here; without one these tests can't say anything."""
    for one in ("bubblewrap", "namespaces"):
        if not problem_with(one):
            return one
    pytest.skip("no sandbox here: install bubblewrap")


@pytest.fixture(scope="module")
def box(kind):
    """A sandbox of that kind, for the tests of a module."""
    with Sandbox(kind) as sandbox:
        yield sandbox
