"""What a release is made from: its number, its notes, how to cite it."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml

from course_lib import __version__
from course_lib.authoring.public_schemas import slips

ROOT = Path(__file__).resolve().parents[1]
LOG = """# Changes

## 1.2.0.1

- No.

## 1.2.0 (today)

- Yes.
- And.

## 1.1.0

- Old.
"""


def notes(version, root=ROOT):
    """What `.ci/release-notes` says of a version."""
    return subprocess.run([root / ".ci/release-notes", version], capture_output=True, text=True)


@pytest.fixture
def checkout(tmp_path):
    """A folder with the script and an invented log."""
    for name in (".ci/release-notes", "course_lib/__init__.py"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    (tmp_path / ".ci/release-notes").chmod(0o755)
    (tmp_path / "course_lib/__init__.py").write_text('"""It."""\n\n__version__ = "1.2.0"\n')
    (tmp_path / "CHANGELOG.md").write_text(LOG)
    return tmp_path


def test_the_log_says_what_is_new_in_this_version():
    done = notes(__version__)
    assert done.returncode == 0, done.stderr
    assert re.search(r"^- \w", done.stdout, re.MULTILINE)


def test_the_notes_are_the_part_of_the_log(checkout):
    assert notes("1.2.0", checkout).stdout.split() == ["-", "Yes.", "-", "And."]


def test_a_tag_of_another_version_is_refused(checkout):
    done = notes("1.1.0", checkout)
    assert (done.returncode, done.stdout) == (1, "")
    assert "of version 1.1.0, and course_lib/__init__.py says 1.2.0" in done.stderr


@pytest.mark.parametrize("log", ["# Changes\n", "# Changes\n\n## 1.2.0\n\n## 1.1.0\n\n- Old.\n"])
def test_a_version_without_notes_is_refused(checkout, log):
    (checkout / "CHANGELOG.md").write_text(log)
    done = notes("1.2.0", checkout)
    assert (done.returncode, done.stdout) == (1, "")
    assert "CHANGELOG.md has nothing under '## 1.2.0'." in done.stderr


def test_the_citation_fits_its_schema_and_says_what_the_book_says():
    citation = (ROOT / "CITATION.cff").read_text("utf-8")
    assert list(slips("citation-file-format", citation)) == []
    assert list(slips("citation-file-format", citation.replace("authors:", "autors:"))) != []
    book = yaml.safe_load((ROOT / "_config.yml").read_text("utf-8"))
    content = yaml.safe_load(citation)
    assert content["title"] == book["title"]
    assert [author["name"] for author in content["authors"]] == [book["author"]]
    assert "version" not in content  # it stands in one place
