"""Where the built book lies, and how to get it where there is none."""

import importlib.metadata
import json
import os
import shlex
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

PACKAGE = Path(__file__).resolve().parent
CARRIED = PACKAGE / "built_book"  # in a wheel that was made where the book was built
BUILT = Path("_build") / "html"  # below a checkout
VARIABLE = "COURSE_BOOK"


def find_book() -> Path | None:
    """The folder of the built book, or None.

    The folder named in COURSE_BOOK, else the one in the package, else that of the checkout that
    the package was installed from.
    """
    named = os.environ.get(VARIABLE)
    checkout = find_checkout()
    places = [
        *([Path(named).expanduser()] if named else []),
        CARRIED,
        *([checkout / BUILT] if checkout else []),
    ]
    return next((place for place in places if (place / "index.html").is_file()), None)


def find_checkout() -> Path | None:
    """The checkout that the package lies in, or was installed from; None if it is not here."""
    places = [PACKAGE.parent]
    try:
        origin = importlib.metadata.distribution("course-lib").read_text("direct_url.json")
        address = urlsplit(json.loads(origin or "{}").get("url", ""))
        if address.scheme == "file":
            places.append(Path(url2pathname(address.path)))
    except (importlib.metadata.PackageNotFoundError, ValueError, AttributeError, TypeError):
        pass  # not installed, or pip noted something else
    return next((place for place in places if (place / "book" / "_toc.yml").is_file()), None)


def how_to_get_it() -> list[str]:
    """Where there is no book: a sentence, and the commands to type, one a line."""
    checkout = find_checkout()
    if checkout is None:
        return [
            "This installation carries no book. Get the course's repository, build the book in its "
            f"folder, and set {VARIABLE} to the _build/html in it before you start JupyterLab.",
            "make book",
        ]
    build = ["make book"]
    if os.name == "nt":  # there is no make
        build = ['pip install ".[book]"', "python -m course_lib.authoring.book"]
    return ["The book is not built yet. In a terminal:", f"cd {for_a_shell(checkout)}", *build]


def for_a_shell(path: Path) -> str:
    """A path as one types it into a terminal, whatever stands in it."""
    return f'"{path}"' if os.name == "nt" else shlex.quote(str(path))
