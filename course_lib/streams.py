"""What a program prints goes on where a terminal, or its encoding, lacks a letter."""

import sys


def take_any_letter() -> None:
    """From now on a letter that can't be shown, such as ✓ in a terminal without it, is a ?."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
