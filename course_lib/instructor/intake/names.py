"""Whose work it is, by the names that people and learning platforms give to files and folders."""

import os
import re
import unicodedata
from dataclasses import dataclass

from course_lib.exercises.registry import CHAPTERS

# Some browsers save a notebook with an ending of their own behind.
NOTEBOOK_ENDING = re.compile(r"\.ipynb(?:\.(?:txt|json))?$", re.I)

# Some platforms and people write other separators than the course does.
NOTEBOOKS = {
    re.compile(re.escape(chapter.notebook).replace(r"\-", "[-_ ]"), re.I): chapter.name
    for chapter in CHAPTERS
}

# What one thing to hand in is called, and so a folder of what a class handed in.
ASSIGNMENTS = (
    r"submission|submissions|submitted|abgabe|abgaben|exercise|exercises|homework|hw|task|aufgabe|"
    r"assignment|week|woche|chapter|kapitel|lab|sheet|blatt|day"
)
PLATFORMS = (
    # Moodle: Name_123_assignsubmission_file_ is a folder, or the beginning of a file's name
    r"(?P<who>.+?)_(?P<number>\d+)_assignsubmission_(?:file|onlinetext)(?:_(?P<rest>.*))?",
    # Canvas: lastfirst_LATE_123_456_name.ipynb
    r"(?P<who>[^_]+)_(?:(?P<late>LATE)_)?(?P<number>\d{3,})_\d{3,}_(?P<rest>.+)",
    # Blackboard: Assignment_user_attempt_2026-05-01-10-00-00_name.ipynb. Both may hold "_"; what
    # stands behind the first one is the user's, so that nobody is taken for somebody else.
    rf"(?:(?:[^_]+_)*?(?:[^_]* )?(?i:{ASSIGNMENTS})_\d{{1,2}}|[^_]+)_(?P<who>.+?)"
    r"_attempt_\d{4}(?:-\d\d){5}(?:_(?P<rest>.+))?",
    # Brightspace: 123-456 - Name - May 1, 2026 1012 AM, a folder or the beginning of a file's name
    r"(?P<number>\d+)-\d+ - (?P<who>.+?) - \D*\d{1,2}\D+\d{4},? \d{1,2}[.:]?\d\d(?: [AP]M)?"
    r"(?: - (?P<rest>.+))?",
    # nbgrader, as its exchange keeps it: name+assignment+2026-05-01 10:00:00.123456 UTC+random
    r"(?P<who>[^+]+)\+[^+]+\+\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[.\d]* ?[^+]*(?:\+(?P<rest>.+))?",
)
# Words of names that say which version or which part of the work it is, and not whose.
PARTS = (
    r"\d{1,3}|(?:19|20)\d\d|v|new|old|final|draft|copy|kopie|version|submission|submitted|abgabe|"
    r"solution|solutions|solved|answer|answers|exercise|exercises|homework|hw|task|tasks|aufgabe|"
    r"assignment|assignments|week|chapter|chapters|kapitel|lab|part|sheet|blatt|day|work|backup|"
    r"abgaben|woche|archive|notebook|notebooks|untitled|untitled\d+|src|code|try|attempt|first|second|third|"
    r"of|von|copie|copia|cópia|kopia|de|di|van|"  # Colab: "Copy of ...", in its own language
    r"last|my|test|tests|data|updated|corrected|fixed|revised|resubmission|(?=\d*[a-f])[0-9a-f]{8}"
)
# Gradescope: assignment_123_export/submission_456/, and a file that says whose each of them is
EXPORT = re.compile(r"assignment_\d+_export")
EXPORTED = re.compile(r"submission_\d+")
WHOSE = "submission_metadata.yml"
# nbgrader: the folders of a course. Only in the first one lies what students handed in.
HANDED_IN = "submitted"
NBGRADERS = {HANDED_IN, "source", "release", "autograded", "feedback", "solution", "downloaded"}
NBGRADERS_FILES = {"gradebook.db", "nbgrader_config.py"}
# What browsers and file managers add to the name of a second file.
COPY = r"(?:\s*(?:-\s*)?\b(?:copy|kopie))?(?:\s*\(\d{1,3}\))?$"
# What Colab puts before the name of a copy, once for each time, and people put theirs before that.
COPY_OF = (
    r"(?i)(?<![^\W\d_])"
    r"(?:(?:copy[ _]of|kopie[ _]v[ao]n|copie[ _]de|c[oó]pia[ _]de|kopia)[ _-]+)+$"
)
SEPARATORS = r"[\s_.,()+-]+"
VERSION = rf"(?:{SEPARATORS}(?:\d{{1,3}}|v\d+|copy|kopie|final)\)*)+$"


@dataclass(frozen=True)
class Owner:
    """Whose a file or folder is, as a platform says it.

    Args:
        who: the name.
        number: of the student or the submission there; empty if there is none.
        late: whether the platform calls it late.
    """

    who: str
    number: str
    late: bool


def owner(name: str) -> Owner | None:
    """The owner in the name of a file or folder of a platform's download, or None."""
    for pattern in PLATFORMS:
        if found := re.fullmatch(pattern, name, re.S):
            parts = found.groupdict()
            return Owner(tidy(parts["who"]), parts.get("number") or "", bool(parts.get("late")))
    return None


def chapter_in(base: str) -> tuple[str, str] | None:
    """For a file named like a notebook of the course its chapter, and what else stands in the name.

    Args:
        base: the file's name, without folders.
    """
    stem = without_ending(base)
    for pattern, chapter in NOTEBOOKS.items():
        if found := pattern.search(stem):
            before = re.sub(COPY_OF, "", stem[: found.start()])
            rest = tidy(f"{before} {stem[found.end() :]}")
            return chapter, tidy(re.sub(VERSION, "", rest, flags=re.I))
    return None


def is_notebook(name: str) -> bool:
    """Whether a file is a notebook by its name, perhaps with an ending that a browser added."""
    return NOTEBOOK_ENDING.search(name) is not None


def without_ending(base: str) -> str:
    """The name of a file without what says of which kind it is."""
    return NOTEBOOK_ENDING.sub("", base) if is_notebook(base) else os.path.splitext(base)[0]


def is_part(name: str) -> bool:
    """Whether a name says which version or part of the work it is, and not whose."""
    if chapter := chapter_in(f"{name}.ipynb"):
        name = chapter[1]
    words = [word for word in re.split(SEPARATORS, name.lower()) if word]
    return all(re.fullmatch(PARTS, re.sub(r"\d+$", "", w) or w) for w in words)


def is_assignment(name: str) -> bool:
    """Whether a name says what was to be handed in, such as "week 1" or a notebook's name."""
    if chapter := chapter_in(f"{name}.ipynb"):
        return not chapter[1]
    words = [re.sub(r"\d+$", "", word) for word in re.split(SEPARATORS, name.lower())]
    return any(re.fullmatch(ASSIGNMENTS, word) for word in words) and is_part(name)


def without_copy(name: str) -> str:
    """A name without what says that the file is a copy: "anna" for "anna - Copy (2)"."""
    return re.sub(COPY, "", name, flags=re.IGNORECASE) or name


def tidy(name: str) -> str:
    """A name without separators around it; letters that look alike are the same."""
    bare = re.sub(rf"^{SEPARATORS}|{SEPARATORS}$", "", unicodedata.normalize("NFC", name))
    opened = bare.count("(") - bare.count(")")  # of "Anna (Berlin)" both stay
    return "(" * -opened + bare + ")" * opened
