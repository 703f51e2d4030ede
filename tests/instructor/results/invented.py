"""Results of classes that nobody taught, as `grade` gives them."""

import functools
import random

from course_lib.exercises.registry import get, ids
from course_lib.instructor.judging.verdict import Verdict

CODE = (["h_t = x_t @ W_xh + h_prev @ W_hh + b_h", "return h_t"], ["return x_t @ W_xh"])


def result(name, *verdicts, status="graded", remarks=()):
    """What became of one student."""
    return {
        "student": name,
        "status": status,
        "notebooks": ["01-vanilla-rnn.ipynb"],
        "releases": {},
        "exercises": [v.as_dict() for v in verdicts],
        "remarks": list(remarks),
    }


class Invented:
    """A class of any size; what is the same of several students is held once.

    Args:
        count: how many students.
        wanted: ids; by default all of the course.
    """

    def __init__(self, count, wanted=None):
        self.wanted = list(wanted or ids())
        self.students = [self._student(number) for number in range(count)]

    def __len__(self):
        return len(self.students)

    def __iter__(self):
        return iter(self.students)

    def _student(self, number):
        """Some exercises done, some of the next wrong, the rest not begun."""
        chance = random.Random(number)
        far = chance.randrange(2, min(36, len(self.wanted) + 1) + 1)
        name = f"Student {number:05} {chance.choice('ABCDEFG')}. Name"
        student = result(name)
        student["exercises"] = [
            _verdict(one, *_what(place - far, one, chance)) for place, one in enumerate(self.wanted)
        ]
        return student


def _what(beyond, one, chance):
    """The kind of an outcome, and a number that goes with it."""
    if beyond > 4:
        return "missing", 0
    if get(one).kind == "project":
        return "project", chance.randrange(40)
    if beyond < 0 and chance.random() < 0.9:
        return "passed", 0
    if chance.random() < 0.3:
        return "not written yet", 0
    if chance.random() < 0.1:
        return "error", chance.randrange(100)
    return "mistake", chance.randrange(2 * len(get(one).mistakes))


@functools.cache
def _verdict(one, kind, number):
    exercise = get(one)
    if kind == "missing":
        verdict = Verdict(one, kind, "No notebook holds this exercise.")
    elif kind == "project":
        score = exercise.marks[number % 3] * (0.9 + number / 360)
        mark = exercise.mark(score)
        outcome = "passed" if mark == 3 else "not right yet"
        verdict = Verdict(
            one, outcome, f"Mark {mark} of 3.", rungs=3, held=mark, mark=mark, score=score
        )
    elif kind == "mistake":
        mistake = exercise.mistakes[number // 2]
        verdict = Verdict(one, "not right yet", mistake.sentence, mistake.name, 3, 6, "a case")
        verdict.code = CODE[number % 2]
    elif kind == "error":
        verdict = Verdict(one, kind, f"{one} raised ValueError: {number}.", rungs=6)
    else:
        verdict = Verdict(one, kind, held=6 * (kind == "passed"), rungs=6)
    return verdict.as_dict()
