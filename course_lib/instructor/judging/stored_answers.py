"""The cheapest cheat: right answers that were stored for the public rungs, anything else elsewhere.

Fresh numbers are chosen so that it falls, whatever wrong function it goes on with.
"""

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from course_lib.exercises.checker import check_function
from course_lib.exercises.exercise import Exercise
from course_lib.instructor.judging.precomputed_losses import content_of_call


def with_stored_answers(exercise: Exercise) -> Callable[[Callable], Callable]:
    """From a wrong function to one that knows what is right for the inputs of the public rungs.

    A class is left as it is: what it is asked for are tensors, which have no content to look up.
    """
    if not exercise.returns:
        return lambda wrong: wrong
    known: dict[bytes, Any] = {}

    def noting(*arguments):
        key = content_of_call(exercise.reference, arguments)
        answer = exercise.reference(*arguments)
        if key is not None:
            known[key] = copy.deepcopy(answer)
        return answer

    check_function(replace(exercise, mistakes=[]), noting)

    def cheat_with(wrong: Callable) -> Callable:
        def cheat(*arguments):
            key = content_of_call(exercise.reference, arguments)
            return copy.deepcopy(known[key]) if key in known else wrong(*arguments)

        return cheat

    return cheat_with
