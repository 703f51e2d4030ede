"""Where the course is published: one address, and those that follow from it.

It is set once, as `repository: url:` in `_config.yml`, and empty as long as there is none. A wheel
carries it as its project's address; see `hatch_build.py`.
"""

import importlib.metadata
import re
from dataclasses import dataclass
from pathlib import Path

from course_lib.built_book import find_checkout

ADDRESS = re.compile(r"https://github\.com/([\w-]+)/([\w.-]+?)(\.git)?/?")
LABEL = "Repository"  # of the address in the metadata of the wheel
BRANCH = "main"


class BadAddress(ValueError):
    """The address that is set is none that we can use; the message says what it must look like."""


@dataclass(frozen=True)
class Repository:
    """A repository on GitHub.

    Args:
        owner: whose it is.
        name: what it is called.
    """

    owner: str
    name: str

    @property
    def url(self) -> str:
        """Its address."""
        return f"https://github.com/{self.owner}/{self.name}"

    @property
    def book(self) -> str:
        """Where GitHub Pages shows the book."""
        site = f"{self.owner.lower()}.github.io"
        return f"https://{site}/" if self.name.lower() == site else f"https://{site}/{self.name}/"

    @property
    def requirement(self) -> str:
        """What pip installs the course from."""
        return f"course-lib @ git+{self.url}"


def parse(url: str) -> Repository | None:
    """The repository at an address; None for an empty one.

    Raises:
        BadAddress: if it is no address of a repository on GitHub.
    """
    if not url:
        return None
    match = ADDRESS.fullmatch(url)
    if match is None:
        raise BadAddress(
            f"_config.yml, repository: url: is {url!r}. It looks like "
            "https://github.com/OWNER/REPOSITORY, or is empty."
        )
    return Repository(match[1], match[2])


def of_checkout(root: Path) -> Repository | None:
    """The repository that a checkout names; None if it names none.

    Raises:
        BadAddress: as in `parse`.
    """
    import yaml

    if not (root / "_config.yml").exists():
        return None
    settings = yaml.safe_load((root / "_config.yml").read_text(encoding="utf-8"))
    return parse(settings.get("repository", {}).get("url") or "")


def find_repository() -> Repository | None:
    """The repository that this installation knows: from its checkout, else from its wheel."""
    checkout = find_checkout()
    try:
        return of_checkout(checkout) if checkout else _of_the_wheel()
    except (BadAddress, OSError):
        return None


def _of_the_wheel() -> Repository | None:
    try:
        entries = importlib.metadata.metadata("course-lib").get_all("Project-URL") or []
    except importlib.metadata.PackageNotFoundError:
        return None
    pairs = (entry.partition(", ") for entry in entries)
    return parse(next((url for label, _, url in pairs if label == LABEL), ""))
