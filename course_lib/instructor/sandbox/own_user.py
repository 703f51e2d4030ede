"""A user for each sandbox, when root runs the command."""

import os
import socket

from course_lib.instructor.errors import NoSandbox

FIRST_USER = 62_000
MOST = 1_000  # sandboxes on one machine


class OwnUser:
    """A user that no other sandbox on this machine has, until it is closed.

    What one user runs counts together, and may be ended together: two sandboxes of the same user
    could bring down each other's submissions. The name of a socket is held by the kernel, and free
    again when the process ends, however it ends. Containers don't see each other's names, though
    the kernel may count their users together; so each begins to look somewhere else.

    Attributes:
        uid: the user.
        nobody: one more, of whom there is no process but the one that ends all of the first.

    Raises:
        NoSandbox: if every one is taken.
    """

    def __init__(self):
        self._held = socket.socket(socket.AF_UNIX)
        first = int.from_bytes(os.urandom(4)) % MOST
        for number in (*range(first, MOST), *range(first)):
            try:
                self._held.bind(f"\0course-sandbox-{number}")
            except OSError:
                continue
            self.uid = FIRST_USER + number
            self.nobody = self.uid + MOST
            return
        self._held.close()
        raise NoSandbox(f"{MOST} sandboxes run on this machine already")

    def close(self) -> None:
        """Let others have it."""
        self._held.close()


def is_of_a_sandbox(user: int) -> bool:
    """Whether it is one of these users, whose files only root removes."""
    return os.geteuid() == 0 and FIRST_USER <= user < FIRST_USER + MOST
