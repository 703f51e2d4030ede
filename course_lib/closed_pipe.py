"""The end of a command whose output nobody takes: `course … | head`, or a full disk behind `>`."""

import errno
import os
import sys
from collections.abc import Callable

NO_TEMPORARY = (
    "There is no folder for temporary files: free some disk, or name one that can be written to in "
    "TMPDIR."
)


def lacks_temporary(problem: object) -> bool:
    """Whether this is what Python or Matplotlib says where no folder takes temporary files."""
    said = "No usable temporary directory", "a temporary directory could not be created"
    return any(words in str(problem) for words in said)


def end_quietly(command: Callable[[], object]) -> object:
    """Run a command, then write out what it printed.

    Python does that itself, but only when it shuts down, and there a reader that has gone is
    "Exception ignored in …" and exit code 120. Here it ends with 1 and without a word, just as
    when the reader goes earlier. A full disk is said in one line, and so is a file of no use.
    """
    try:
        try:
            return command()
        finally:
            if sys.stdout is not None:  # as it is with `>&-`
                sys.stdout.flush()
    except BrokenPipeError:
        _leave()
    except OSError as error:
        if lacks_temporary(error):
            print(f"course: {NO_TEMPORARY}", file=sys.stderr)
            sys.exit(1)
        if error.filename is not None:  # a name too long, a folder that may not be read, ...
            print(f"course: {error.filename!s}: {error.strerror}.", file=sys.stderr)
            sys.exit(1)
        if error.errno != errno.ENOSPC:
            raise
        print("course: the output can't be written: the disk is full.", file=sys.stderr)
        _leave()


def _leave() -> None:
    drop_output()
    sys.exit(1)


def drop_output() -> None:
    """What is still to be written goes nowhere; as the docs of `signal` do, "Note on SIGPIPE"."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
