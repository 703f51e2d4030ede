"""Help on a narrow terminal."""

import os
import re
import subprocess
import sys

import pytest
import typer
from typer.testing import CliRunner

from course_lib.cli import app


def every_command(group=None, path=()):
    """All commands and groups, as lists of words."""
    group = group or typer.main.get_command(app)
    yield path
    for name, one in getattr(group, "commands", {}).items():
        yield from every_command(one, (*path, name))


@pytest.mark.parametrize("command", list(every_command()), ids=" ".join)
def test_no_word_is_broken(command, monkeypatch):
    """Long words, such as a default, stand on one line however narrow the terminal is."""
    seen = []
    for columns in (40, 80):
        monkeypatch.setenv("COLUMNS", str(columns))
        seen.append(CliRunner().invoke(app, [*command, "--help"]).stdout)
    narrow, wide = seen
    assert max(map(len, narrow.splitlines())) <= 40
    assert words(narrow) == words(wide)


def words(text):
    """Those of a help; after a hyphen a line may end."""
    return set(re.sub(r"-\n\s*", "-", text).split())


@pytest.mark.parametrize(("level", "told"), [("", False), ("2", True)])
def test_where_python_leaves_out_the_descriptions_help_says_so(level, told):
    done = subprocess.run(
        [sys.executable, "-m", "course_lib.cli", "--help"],
        env={**os.environ, "PYTHONOPTIMIZE": level},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ("PYTHONOPTIMIZE" in done.stdout) is told
