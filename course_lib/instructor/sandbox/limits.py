"""What one notebook may take."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """What one notebook may take.

    Args:
        seconds: of the processor for each call; see `sandbox.patience`.
        memory: bytes, beyond what the interpreter and its libraries hold.
        processes: processes and threads together.
        file_size: bytes of one file; the writable folder holds two of them.
        ends: time.monotonic() at which the submission has used up its budget.
    """

    seconds: float = 10.0
    memory: int = 1 << 30
    processes: int = 16
    file_size: int = 16 << 20
    ends: float = float("inf")
