"""One part in a process of its own: it does the tasks and writes a row for each, at once.

So nothing is lost if the process is killed, and an error costs its own row only.
"""

import argparse
import importlib
import json
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from course_lib.benchmarks.on_gpu import devices

Task = tuple[dict[str, Any], Callable[[], dict[str, Any]]]
LONGEST = 500  # characters of an error that are kept


def rows(tasks: Iterator[Task], until: float) -> Iterator[dict[str, Any]]:
    """Do one task after the other, and give the row of each.

    Args:
        tasks: of a part.
        until: of `time.monotonic`; what would begin later is left out, and its row says so.
    """
    for about, run in tasks:
        if time.monotonic() >= until:
            yield {**about, "left_out": "There was no time left."}
            continue
        try:
            found = run()
        except Exception as error:  # whatever it is: the other rows are worth having
            found = {"error": in_words(error)}
        yield {**about, **found}


def in_words(error: Exception) -> str:
    """An error on a line, cut short."""
    return " ".join(f"{type(error).__name__}: {error}".split())[:LONGEST]


def main() -> None:
    """Do the part that the command line names, and write its rows."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("module", help="of course_lib.benchmarks.on_gpu")
    parser.add_argument("settings", help="arguments of its tasks, as JSON")
    parser.add_argument("file", type=Path, help="where to write a line of JSON for each row")
    given = parser.parse_args()
    settings = json.loads(given.settings)
    share, shares = settings.pop("share", 0), settings.pop("shares", 1)
    until = time.monotonic() + settings["seconds"]
    module = importlib.import_module(f"course_lib.benchmarks.on_gpu.{given.module}")
    devices.prepare(settings["device"])  # before TensorFlow has looked for any
    with given.file.open("a", encoding="utf-8") as file:
        for row in rows(islice(module.tasks(**settings), share, None, shares), until):
            file.write(json.dumps(row) + "\n")
            file.flush()
            print(f"  {given.module}: {in_short(row)}", flush=True)


def in_short(row: dict[str, Any]) -> str:
    """A row on a line."""
    return ", ".join(f"{name} {value}" for name, value in row.items())[:LONGEST]


if __name__ == "__main__":
    main()
