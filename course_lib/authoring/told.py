"""What is told of a build whose output is no terminal: how far it is, and all that is wrong.

Sphinx writes hundreds of lines on what it is at to its output, and warnings to its error output.
"""

import contextlib
import re
import subprocess
import sys
import threading
from pathlib import Path
from typing import TextIO

from rich.text import Text

from course_lib import interrupted

READ = re.compile(r"reading sources\.\.\. \[ *(\d+)%\]")
RAN = re.compile(r"(.+): Executed notebook in ([\d.]+) seconds")
WRITES = "preparing documents..."


def run(command: list[str], root: Path, environment: dict[str, str], log: Path) -> int:
    """Run Jupyter Book, and tell of it in a few lines; its exit code.

    Args:
        command: to be run in the folder `root`.
        root: of the project.
        environment: its variables.
        log: the file for all that it says, named where it fails.
    """
    log.parent.mkdir(exist_ok=True)
    with (
        open(log, "w", encoding="utf-8") as whole,
        interrupted.apart(
            command,
            cwd=root,
            env=environment | {"PYTHONUNBUFFERED": "1", "PYTHONIOENCODING": "utf-8"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
        ) as process,
    ):
        stopped = threading.Event()
        wrong = threading.Thread(target=_tell_all, args=(process.stderr, whole, stopped))
        wrong.start()
        try:
            _tell_steps(process.stdout, whole, root)
            wrong.join()
        except BaseException:
            stopped.set()
            raise
    if process.returncode:
        print(f"The whole log: {log}", file=sys.stderr)
        if "No space left on device" in log.read_text("utf-8"):
            print("The disk is full.", file=sys.stderr)
    return process.returncode


def _tell_all(said: TextIO, whole: TextIO, stopped: threading.Event) -> None:
    with contextlib.suppress(ValueError):  # it was stopped, and the files are closed
        for line in map(_plain, said):
            with contextlib.suppress(OSError):  # whoever writes here waits for one who reads on
                if not stopped.is_set():  # what it says of that is of no use
                    print(line, end="", file=sys.stderr, flush=True)
                whole.write(line)


def _tell_steps(said: TextIO, whole: TextIO, root: Path) -> None:
    percent = "0"
    for line in map(_plain, said):
        whole.write(line)
        if read := READ.match(line):
            percent = read[1]
        elif ran := RAN.match(line):
            page = ran[1].removeprefix(f"{root}/")
            print(f"  {percent:>3} %: {page} was run in {float(ran[2]):.0f} s", flush=True)
        elif line.startswith(WRITES):
            print("  100 %: now the pages are written", flush=True)


def _plain(line: str) -> str:
    """Jupyter Book colours its output wherever that goes; only a terminal gets the colours."""
    return Text.from_ansi(line.rstrip("\n")).plain + "\n"
