"""For hatchling: a wheel carries the built book, if `make book` has built it."""

from pathlib import Path

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


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
