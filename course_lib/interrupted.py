"""Ctrl-C ends a program in one line: before it has begun, while it works, and when it is done.

While Python still loads a program there is nothing to catch `KeyboardInterrupt`, and when it shuts
down nobody can: both would be a traceback. There, the signal itself ends the process.
This module loads nothing slow, so that a program can import it first.
"""

import contextlib
import errno
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

from course_lib.closed_pipe import NO_TEMPORARY, drop_output, lacks_temporary
from course_lib.hindrances import cut_off, locked_out
from course_lib.streams import take_any_letter

if TYPE_CHECKING:
    import subprocess

EXIT_CODE = 130  # 128 and the number of the signal, as shells have it
GRACE = 5.0  # seconds that a command has to end by itself
NO_QUOTA = getattr(errno, "EDQUOT", errno.ENOSPC)  # not everywhere
NOT_TO_BE_WRITTEN = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, NO_QUOTA)
# What ends a program and does not reach a command that runs apart.
ENDINGS = ("SIGINT", "SIGTERM", "SIGHUP")


def end_at_once(who: str) -> None:
    """From now on Ctrl-C ends the process, unless somebody has said what else it is to do.

    Args:
        who: what the line begins with.
    """
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        with contextlib.suppress(ValueError):  # not in the main thread: none of its business
            signal.signal(signal.SIGINT, partial(_end, who))


def is_set() -> bool:
    """Whether `end_at_once` counts now."""
    handler = signal.getsignal(signal.SIGINT)
    return isinstance(handler, partial) and handler.func is _end


def raise_again() -> None:
    """From now on Ctrl-C is `KeyboardInterrupt` again, where `end_at_once` has changed that."""
    if is_set():
        signal.signal(signal.SIGINT, signal.default_int_handler)


@contextlib.contextmanager
def when_whole() -> Iterator[None]:
    """Ctrl-C waits until all is loaded: half of TensorFlow can't be loaded a second time.

    Where `end_at_once` counts, it doesn't wait.
    """
    outer = signal.getsignal(signal.SIGINT)
    in_main_thread = threading.current_thread() is threading.main_thread()
    if not callable(outer) or is_set() or not in_main_thread:
        yield
        return
    came: list[tuple] = []
    signal.signal(signal.SIGINT, lambda *signal_and_frame: came.append(signal_and_frame))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, outer)
        if came:
            outer(*came[0])


def say(who: str) -> None:
    """The one line; it writes over the ^C that a terminal shows."""
    with contextlib.suppress(OSError):
        os.write(2, f"\r{who}: stopped.\n".encode())


def _end(who: str, *_: object) -> None:
    say(who)
    os._exit(EXIT_CODE)


def in_one_line(who: str, program: Callable[[], int]) -> int:
    """Run a program; its exit code, whether it comes to its end or is stopped.

    A machine on which it can't work, a folder that may not be written to, none for temporary files,
    or a full disk is one line too; a reader that has gone, as with `make book | head`, is none.
    """
    take_any_letter()
    try:
        raise_again()
        if problem := locked_out() or cut_off():
            print(f"{who}: {problem}", file=sys.stderr)
            return 1
        code = program()
        if sys.stdout is not None:  # as it is with `>&-`
            sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        say(who)
        return EXIT_CODE
    except BrokenPipeError:
        drop_output()
        return 1
    except OSError as error:
        if lacks_temporary(error):
            print(f"{who}: {NO_TEMPORARY}", file=sys.stderr)
            return 1
        if error.errno not in NOT_TO_BE_WRITTEN:
            raise
        where = f"{error.filename}: " if error.filename else ""
        print(f"{who}: {where}{error.strerror}.", file=sys.stderr)
        if error.errno == errno.ENOSPC and not where:  # it may be the output that can't be written
            drop_output()
        return 1
    finally:
        end_at_once(who)  # Python shuts down next


@contextlib.contextmanager
def apart(command: list[str], **options: object) -> Iterator["subprocess.Popen"]:
    """A command that Ctrl-C doesn't reach: it is ended, with all that it has started, from here.

    It would else print a traceback of its own, and so would each process that it has started.
    """
    import subprocess

    with (
        _all_as_one_ctrl_c(),
        subprocess.Popen(command, start_new_session=True, **options) as process,
    ):
        try:
            yield process
            process.wait()
        except BaseException:
            end_all(process)
            raise


@contextlib.contextmanager
def _all_as_one_ctrl_c() -> Iterator[None]:
    """Whatever ends a program from outside is `KeyboardInterrupt`, once.

    A second one would come while the command is being ended, and leave it behind.
    """
    before = {}

    def end(*_: object) -> None:
        for number in before:
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    for name in ENDINGS:
        number = getattr(signal, name, None)  # Windows hasn't all
        usual = signal.SIG_DFL, signal.default_int_handler
        if number is not None and signal.getsignal(number) in usual:
            with contextlib.suppress(ValueError):
                before[number] = signal.signal(number, end)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def end_all(process: "subprocess.Popen") -> None:
    """End a command and all that it has started: it is asked to, and killed if it doesn't.

    Args:
        process: started with `start_new_session=True`.
    """
    from subprocess import TimeoutExpired

    if not hasattr(os, "killpg"):
        process.kill()
        return
    for number in signal.SIGTERM, signal.SIGKILL:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(TimeoutExpired):
            process.wait(GRACE)


def is_program(module: str, name: str) -> bool:
    """Whether this module is what was started, by its name or by the script of that name."""
    script = os.path.basename(sys.argv[0]) if sys.argv else ""
    return module == "__main__" or script.partition(".")[0] == name
