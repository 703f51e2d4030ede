"""What a notebook lacks where TensorFlow isn't loaded, by what its failures say."""

import re

from course_lib.instructor.sandbox.defined import Defined

WANTS_IT = re.compile(r"No module named '(tensorflow|keras)|name '(keras|tf)' is not")
MISSING_NAME = re.compile(r"NameError: name '(\w+)' is not")
EVERYTHING_OF_IT = re.compile(r"^[ \t]*from\s+(tensorflow|keras)\b[\w.]*\s+import\s+\*", re.M)


class WantOfTensorFlow:
    """The names that a notebook lacks for want of TensorFlow: made with it, or with such a name.

    Which names `from keras import *` makes, nobody knows here: it may be any that nothing else of
    the notebook makes.

    Args:
        defined: what there is of the notebook, and what failed.
        cells: numbers and sources.
    """

    def __init__(self, defined: Defined, cells: list[tuple[int, str]]):
        self._lacking: set[str] = set()
        self._may_be_any = any(EVERYTHING_OF_IT.search(source) for _, source in cells)
        self._made = defined.names | defined.failed.keys()
        while new := {
            name
            for name, (sentence, _) in defined.failed.items()
            if name not in self._lacking and self.explains(sentence)
        }:
            self._lacking |= new

    def explains(self, sentence: str) -> bool:
        """Whether something failed for want of it."""
        if WANTS_IT.search(sentence):
            return True
        missing = MISSING_NAME.search(sentence)
        return missing is not None and self._lacks(missing[1])

    def _lacks(self, name: str) -> bool:
        return name in self._lacking or (self._may_be_any and name not in self._made)
