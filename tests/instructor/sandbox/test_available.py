"""Which sandbox works is found out by a child that does what students' code does."""

import pytest

from course_lib.instructor.sandbox import available


@pytest.mark.slow
def test_a_sandbox_in_which_pythons_own_modules_cannot_be_read_is_none(kind, monkeypatch):
    """As for a user of its own where Python lies in somebody's home: honest work would fail."""
    look = available.problem_with.__wrapped__
    assert look(kind) == ""
    monkeypatch.setattr(available, "MODULE", "a_module_out_of_reach")
    assert look(kind) == (
        "students' code can't import Python's own modules there (Cell 1, line 1 was left out: "
        "ModuleNotFoundError: No module named 'a_module_out_of_reach'.)"
    )
