"""One address, and what follows from it; without one, nothing."""

import importlib.metadata
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import yaml

from course_lib import repository
from course_lib.repository import BadAddress, Repository, find_repository, of_checkout, parse

ROOT = Path(__file__).resolve().parents[1]
OURS = Repository("An-Owner", "a.course")


@pytest.mark.parametrize("end", ["", "/", ".git"])
def test_what_follows_from_an_address(end):
    found = parse(f"https://github.com/An-Owner/a.course{end}")
    assert found == OURS
    assert found.url == "https://github.com/An-Owner/a.course"
    assert found.book == "https://an-owner.github.io/a.course/"
    assert found.requirement == "course-lib @ git+https://github.com/An-Owner/a.course"


def test_a_repository_that_is_the_owner_s_site_is_published_at_its_root():
    assert parse("https://github.com/Me/me.github.io").book == "https://me.github.io/"


@pytest.mark.parametrize(
    "url",
    [
        "github.com/a/b",
        "https://github.com/a",
        "https://example.org/a/b",
        "https://github.com/a/b/c",
    ],
)
def test_another_address_is_refused_with_an_example(url):
    with pytest.raises(BadAddress, match="OWNER/REPOSITORY, or is empty"):
        parse(url)


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A checkout whose settings can be written."""

    def write(url):
        (tmp_path / "_config.yml").write_text(yaml.safe_dump({"repository": {"url": url}}))
        return tmp_path

    monkeypatch.setattr(repository, "find_checkout", lambda: tmp_path)
    return write


def test_a_checkout_knows_its_own(checkout):
    assert of_checkout(checkout(OURS.url)) == find_repository() == OURS
    assert of_checkout(checkout("")) is find_repository() is None
    (checkout("") / "_config.yml").unlink()
    assert find_repository() is None


def test_a_wrong_address_and_settings_that_can_not_be_read_cost_a_learner_nothing(checkout):
    with pytest.raises(BadAddress):
        of_checkout(checkout("nowhere"))
    assert find_repository() is None
    settings = checkout("") / "_config.yml"
    settings.unlink()
    settings.mkdir()
    assert find_repository() is None


@pytest.mark.parametrize(("url", "found"), [(OURS.url, OURS), ("", None)])
def test_a_wheel_knows_the_address_of_its_checkout(url, found, tmp_path, monkeypatch):
    copy = tmp_path / "checkout"
    for name in ("exercises", "course_lib/data", "course_lib/jupyter"):
        shutil.copytree(ROOT / name, copy / name)
    for name in ("pyproject.toml", "hatch_build.py", "README.md", "course_lib/__init__.py"):
        shutil.copy(ROOT / name, copy / name)
    settings = (ROOT / "_config.yml").read_text("utf-8")
    assert settings.count('url: ""') == 1
    (copy / "_config.yml").write_text(settings.replace('url: ""', f'url: "{url}"'), "utf-8")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=copy, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    (installed,) = importlib.metadata.distributions(path=[str(tmp_path / "site")])
    monkeypatch.setattr(importlib.metadata, "metadata", lambda name: installed.metadata)
    monkeypatch.setattr(repository, "find_checkout", lambda: None)
    assert find_repository() == found
