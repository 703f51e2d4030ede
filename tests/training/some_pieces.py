"""Pieces for the tests of `course_lib.training.pieces`: other processes import them from here."""

import os
import time


def note(file, word, gives):
    """Leave a word in a file."""
    with file.open("a") as out:
        out.write(f"{word}\n")
    return gives


def fail_once(file, gives):
    """Fail the first time."""
    if not file.exists():
        file.touch()
        raise ArithmeticError
    return gives


def meet(folder, word, count):
    """Wait until as many have begun; whether they have."""
    (folder / word).touch()
    end = time.monotonic() + 60
    while len(list(folder.iterdir())) < count and time.monotonic() < end:
        time.sleep(0.05)
    return len(list(folder.iterdir())) == count


def linger(file):
    """Say who does it, and then take long."""
    new = file.with_suffix(".new")
    new.write_text(str(os.getpid()))
    new.replace(file)
    time.sleep(600)
