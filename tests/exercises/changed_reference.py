"""A reference with other code in places: a wrong answer that is right in all the rest."""

import sys

from course_lib.authoring.source import reference_code
from course_lib.exercises.registry import get


def with_changes(name, *changes, **more):
    """The reference of an exercise with other code in places; its namespace is its module's.

    Args:
        name: id of the exercise.
        changes: pairs, what is replaced wherever it stands and what it is replaced by.
        more: what the changed code needs beside that.
    """
    reference = get(name).reference
    code = reference_code(reference)
    for before, after in changes:
        assert before in code
        code = code.replace(before, after)
    names = {**vars(sys.modules[reference.__module__]), **more}
    exec(compile(code, f"<{name}>", "exec"), names)
    return names[name]
