"""What a program prints goes on where a terminal, or its encoding, lacks a letter or its width."""

import os
import sys


def take_any_letter() -> None:
    """From now on a letter that can't be shown, such as ✓ in a terminal without it, is a ?."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


def line_by_line() -> None:
    """From now on a line is seen when it is printed, also in a file or by a program that reads it.

    Python would else keep a few thousand letters back: of a command that works for minutes, all.
    """
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(line_buffering=True)


def take_any_width() -> None:
    """From now on a console that says it is 0 columns wide has said nothing.

    In that width rich would print nothing at all.
    """
    if not os.environ.get("COLUMNS", "80").strip("0"):
        del os.environ["COLUMNS"]
