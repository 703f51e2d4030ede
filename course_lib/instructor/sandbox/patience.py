"""How long the judge waits for an answer: seconds of work, which a busy machine makes longer."""

import time

from course_lib.exercises.calling.guard import BUSY
from course_lib.instructor.sandbox.sandbox import Child

FIRST_LOOK = 1.0  # seconds of the clock; most answers are there long before
LOOK = 0.1  # seconds between two looks, at least


class Patience:
    """The deadlines of one question, one after the other.

    A child may take so many seconds of the clock, and longer as long as it hasn't worked for so
    many seconds of the processor. After `BUSY` times as many of the clock what only waits is given
    up, as `guard.time_limit` has it inside and in a notebook.

    Args:
        child: who is asked.
        seconds: of the processor.
        ends: time.monotonic() at which it is over in any case.
    """

    def __init__(self, child: Child, seconds: float, ends: float):
        self.child, self.seconds = child, seconds
        self.began = time.monotonic()
        self.last = min(self.began + BUSY * seconds, ends)
        self.before: float | None = None  # seconds that the child had worked when it was asked

    def first(self) -> float:
        """The first deadline, time.monotonic()."""
        return min(self.began + min(FIRST_LOOK, self.seconds / 4), self.last)

    def later(self) -> float | None:
        """The next one, when the last is over; None: it has worked, or waited, for too long."""
        worked = self.child.worked()
        now = time.monotonic()
        if now >= self.last:
            return None
        if worked is None:  # it has ended, which its own connection says, or its keeper is starved
            return min(now + LOOK, self.last)
        if self.before is None:  # it isn't asked with each question: all this time may be work
            self.before = worked - (now - self.began)
        left = max(self.seconds - (worked - self.before), self.began + self.seconds - now)
        return min(now + max(left, LOOK), self.last) if left > 0 else None
