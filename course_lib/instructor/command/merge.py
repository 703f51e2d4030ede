"""`course validate --merge`: the results of several runs as one class."""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from course_lib.instructor.errors import BadUsage
from course_lib.instructor.results.points import load_weights
from course_lib.instructor.results.reports import is_graded, write_reports
from course_lib.instructor.results.stored import Stored


def merge(folders: list[Path], out: Path, weights_file: Path | None) -> int:
    """One set of reports from those of several runs; of a student in two, the later counts.

    Raises:
        BadUsage: if a folder holds no results, or they are of other exercises.
    """
    runs = [Stored(folder) for folder in folders]
    wanted = list(runs[0].weights)
    for run in runs:
        if list(run.weights) != wanted:
            raise BadUsage(f"{run.folder} is about other exercises than {folders[0]}.")
    weights = load_weights(weights_file, wanted)
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=out) as file:  # has no name, and is gone at the end
        merged = Merged(file)
        for run in runs:
            for student in run:
                merged.add(student)
        write_reports(out, merged, wanted, weights, {"merged": len(folders)})
        return 0 if all(map(is_graded, merged)) else 1


class Merged:
    """Results by the names of students; they lie in a file, and each is read when it is needed.

    Args:
        file: empty, to write to and to read from.
    """

    def __init__(self, file: BinaryIO):
        self.file, self.end = file, 0
        self.places: dict[str, tuple[int, int]] = {}

    def add(self, student: dict) -> None:
        """One more result, in the place of an earlier one of that name."""
        text = json.dumps(student).encode()
        self.file.seek(self.end)
        self.file.write(text)
        self.places[student["student"]] = self.end, len(text)
        self.end += len(text)

    def __len__(self) -> int:
        return len(self.places)

    def __iter__(self) -> Iterator[dict]:
        for name in sorted(self.places):
            begins, length = self.places[name]
            self.file.seek(begins)
            yield json.loads(self.file.read(length))
