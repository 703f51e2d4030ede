"""For hatchling: a wheel knows the repository's address, and carries the book if it was built."""

from pathlib import Path

import yaml
from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.metadata.plugin.interface import MetadataHookInterface


class CustomMetadataHook(MetadataHookInterface):
    """Takes the repository's address from where it is set, in `_config.yml`."""

    def update(self, metadata):
        """Called with what pyproject.toml says of the project."""
        settings = yaml.safe_load((Path(self.root) / "_config.yml").read_text(encoding="utf-8"))
        url = settings["repository"]["url"]
        metadata["urls"] = {"Repository": url} if url else {}


class CustomBuildHook(BuildHookInterface):
    """Puts the book beside the package; an editable installation finds it in the checkout."""

    def initialize(self, version, build_data):
        """Called before a wheel is built; `version` is "standard" or "editable"."""
        book = Path(self.root) / "_build" / "html"
        if version == "standard" and (book / "index.html").is_file():
            for page in sorted(book.rglob("*")):
                inside = page.relative_to(book).as_posix()
                if page.is_file() and not page.name.startswith("."):
                    build_data["force_include"][str(page)] = f"course_lib/built_book/{inside}"
