"""Call a learner's function so that whatever it does ends in a sentence.

In: a learner's function or class, and a block that calls it.
Out: results of the kinds that were asked for, or `NotWritten`, or `Unusable` with a sentence.
It also runs in an instructor's sandbox, beside a student's code: so these files import each other
relatively, and nothing else of the course.
"""

from .arguments import IN_PLACE, names_of_arguments
from .around import Elsewhere, Held, forget, held
from .code import is_own
from .exceptions import OUT_OF_MEMORY, OUT_OF_TIME, RAISED, NotWritten, Unusable
from .failure import REFUSED, what_failed
from .hashes import texts_hashed_anew
from .limit import BUSY, TookTooLong, still_running, time_limit, usual_limit
from .raised import what_it_raised
from .results import NOTHING_ADDED, RIGHT_ORDER, Guarded, name_outputs
from .running import CappedOutput, guarded
from .words import LONGEST_NAME, full_stop, with_article

__all__ = [
    "BUSY",
    "IN_PLACE",
    "LONGEST_NAME",
    "NOTHING_ADDED",
    "OUT_OF_MEMORY",
    "OUT_OF_TIME",
    "RAISED",
    "REFUSED",
    "RIGHT_ORDER",
    "CappedOutput",
    "Elsewhere",
    "Guarded",
    "Held",
    "NotWritten",
    "TookTooLong",
    "Unusable",
    "forget",
    "full_stop",
    "guarded",
    "held",
    "is_own",
    "name_outputs",
    "names_of_arguments",
    "still_running",
    "texts_hashed_anew",
    "time_limit",
    "usual_limit",
    "what_failed",
    "what_it_raised",
    "with_article",
]
