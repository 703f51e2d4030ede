"""Store at which rung each named mistake falls first; see `naming.first_falls`."""

import json
from collections.abc import Collection, Mapping

from course_lib.exercises.checker import check_function
from course_lib.exercises.exercise import Exercise
from course_lib.exercises.naming import first_falls
from course_lib.exercises.naming.first_falls import FILE
from course_lib.exercises.projects.project import Project
from course_lib.exercises.registry import get


def falls_of(exercise: Exercise) -> Mapping[str, str]:
    """The name of the rung at which each mistake falls first."""
    return {
        mistake.name: check_function(exercise, mistake.answer, named=False).failed
        for mistake in exercise.mistakes
    }


def store_falls(chosen: Collection[str]) -> None:
    """Store it of some exercises; what is stored of others stays.

    Args:
        chosen: ids; projects have no ladder and are left out.
    """
    exercises = [get(one) for one in chosen]
    stored = json.loads(FILE.read_text(encoding="utf-8"))
    found = {one.id: falls_of(one) for one in exercises if not isinstance(one, Project)}
    if stored | found != stored:
        every = dict(sorted((stored | found).items()))
        FILE.write_text(json.dumps(every, indent=1) + "\n", encoding="utf-8")
        first_falls.read_again()
