"""What ends a call of a learner's function early."""

# Kinds of `Unusable` in which the function came to no end of its own.
RAISED, OUT_OF_TIME, OUT_OF_MEMORY = "error", "time limit", "memory limit"


class NotWritten(Exception):
    """The stub, or a part of it, is still there."""


class Unusable(Exception):
    """What the function did or returned can't be judged; the message says why.

    Args:
        message: one sentence.
        kind: "error", "time limit" or "memory limit" if it returned nothing at all; empty if what
            it returned is of no use.
        where: the operation that failed, if that is known elsewhere (see `failure`).
    """

    def __init__(self, message: str, kind: str = "", where: str = ""):
        super().__init__(message)
        self.kind = kind
        self.where = where
