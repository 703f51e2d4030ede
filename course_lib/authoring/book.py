"""Build the book, then look at what was built: ``python -m course_lib.authoring.book``.

Jupyter Book's execution cache knows the cells of a page and nothing else: after a change in this
package it would go on showing the old figures. So the caches go when anything that a cell can see
has changed, and nothing at all is done when nothing has.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from urllib.parse import unquote, urlsplit

from bs4 import BeautifulSoup

# What a cell can see: a change here makes every stored output doubtful.
CODE = ("course_lib", "benchmarks/results", "requirements.lock", "pyproject.toml")
# What only the pages show: Sphinx and jupyter-cache follow changes here by themselves.
PAGES = ("_config.yml", "book", "exercises", "solutions")
STAMP = "book_stamp.json"
IGNORED = {"__pycache__", ".ipynb_checkpoints", "released_notebooks"}

CONTENT = "article"  # the theme's element around the text that we write
FILE_NAME = re.compile(r"^[\w./-]*\.(png|svg|jpe?g|gif|webp)$", re.IGNORECASE)
CSS_ADDRESS = re.compile(r"""(?:url\(\s*|@import\s+)["']?((?:https?:)?//[^"')\s;]+)""")


# --- what has changed -----------------------------------------------------------------------------


def fingerprint(root: Path, names: Iterable[str]) -> str:
    """Return the sha256 over paths and contents of the named files and folders."""
    digest = hashlib.sha256(sys.version.encode())
    for path in sorted(_files(root, names)):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0")
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _files(root: Path, names: Iterable[str]) -> Iterable[Path]:
    for name in names:
        path = root / name
        inside = path.rglob("*") if path.is_dir() else [path]
        yield from (
            file
            for file in inside
            if file.is_file() and IGNORED.isdisjoint(file.relative_to(root).parts)
        )


def read_stamp(build_dir: Path) -> dict[str, str]:
    """Return the recorded fingerprints; empty if there are none that can be read."""
    try:
        return json.loads((build_dir / STAMP).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def write_stamp(build_dir: Path, stamp: dict[str, str]) -> None:
    """Record the fingerprints: "code" once the caches are clean, "pages" once all is good."""
    build_dir.mkdir(exist_ok=True)
    (build_dir / STAMP).write_text(json.dumps(stamp), encoding="utf-8")


def drop_stale(build_dir: Path, *, code_changed: bool, last_was_good: bool) -> None:
    """Remove what must not survive into the next build.

    The pages always go: one that was taken out of the book must not stay. What Sphinx remembers
    goes after a failure: it warns about a page only when it reads it, so the next build would pass
    in silence. What the cells gave goes when anything that they can see has changed.
    """
    stale = ["html"]
    if code_changed or not last_was_good:
        stale.append(".doctrees")
    if code_changed:
        stale += [".jupyter_cache", "jupyter_execute"]
    for name in stale:
        shutil.rmtree(build_dir / name, ignore_errors=True)


# --- the gates: each returns its problems, none if the book is good ------------------------------


@dataclass(frozen=True)
class Page:
    """One built page: its file, its place below the root of the site, its parsed HTML."""

    file: Path
    name: str
    soup: BeautifulSoup

    @cached_property
    def anchors(self) -> set[str]:
        """Every id, and every name of an <a>, that a link can lead to."""
        ids = {tag["id"] for tag in self.soup.find_all(id=True)}
        return ids | {tag["name"] for tag in self.soup.find_all("a", attrs={"name": True})}


def read_site(html: Path) -> list[Page]:
    """Parse every page below the folder, Sphinx's own static and source folders left out."""
    files = [
        path
        for path in sorted(html.rglob("*.html"))
        if path.relative_to(html).parts[0] not in {"_static", "_sources", "reports"}
    ]
    return [
        Page(
            file,
            file.relative_to(html).as_posix(),
            BeautifulSoup(file.read_text("utf-8"), "html.parser"),
        )
        for file in files
    ]


def gate_index(html: Path, pages: list[Page]) -> list[str]:
    """The site has an index page, and where it sends the reader exists."""
    index = next((page for page in pages if page.name == "index.html"), None)
    if index is None:
        return [f"{html}: no index.html. Check `root:` in book/_toc.yml."]
    refresh = index.soup.find("meta", attrs={"http-equiv": re.compile("refresh", re.IGNORECASE)})
    target = refresh["content"].partition("url=")[2] if refresh else ""
    if target and not (html / target).is_file():
        return [f"index.html: sends to {target}, which is missing. Check `root:` in book/_toc.yml."]
    return []


def gate_links(html: Path, pages: list[Page]) -> list[str]:
    """Every local address leads to a file, every fragment to an anchor."""
    by_file = {page.file.resolve(): page for page in pages}
    return [problem for page in pages for problem in _broken_links(page, by_file)]


def _broken_links(page: Page, by_file: dict[Path, Page]) -> Iterable[str]:
    for tag in page.soup.find_all(["a", "link", "script", "img", "iframe", "source"]):
        address = tag.get("href") or tag.get("src") or ""
        parts = urlsplit(address)
        if parts.scheme or parts.netloc or not address:
            continue
        target = (
            (page.file.parent / unquote(parts.path)).resolve()
            if parts.path
            else page.file.resolve()
        )
        if not target.is_file():
            yield (
                f"{page.name}: {address} leads to no file. "
                "Correct the link, or add the page to book/_toc.yml."
            )
        elif (
            parts.fragment
            and target in by_file
            and unquote(parts.fragment) not in by_file[target].anchors
        ):
            yield (
                f"{page.name}: {address} leads to no anchor. "
                f"Add the label `({parts.fragment})=` there, or correct the link."
            )


def gate_alt_text(html: Path, pages: list[Page]) -> list[str]:
    """Every picture says in words what it shows."""
    return [
        f"{page.name}: picture {number} has the alt text {image.get('alt', '')!r}. "
        "Say what it shows: in a code cell `mystnb: image: alt:`, in {figure} `:alt:`."
        for page in pages
        for number, image in enumerate(page.soup.select(f"{CONTENT} img"), start=1)
        if _says_nothing(image)
    ]


def _says_nothing(image) -> bool:
    alt = image.get("alt", "").strip()
    same_as_file = Path(urlsplit(image.get("src", "")).path).stem.lower() == alt.lower()
    return (
        alt.lower() in {"", "img", "image", "figure", "picture"}
        or same_as_file
        or bool(FILE_NAME.match(alt))
    )


def gate_one_heading(html: Path, pages: list[Page]) -> list[str]:
    """Every page of text has one heading of the first level."""
    counted = [
        (page, len(page.soup.select(f"{CONTENT} h1")))
        for page in pages
        if page.soup.select_one(CONTENT)
    ]
    return [
        f"{page.name}: {count} headings of level 1. A page has one `#` heading, its title."
        for page, count in counted
        if count != 1
    ]


def gate_offline(html: Path, pages: list[Page]) -> list[str]:
    """No page and no style sheet asks another machine for anything."""
    problems = [
        f"{page.name}: loads {address} from another machine. Ship the file in book/_static instead."
        for page in pages
        for address in _loaded(page.soup)
        if urlsplit(address).netloc
    ]
    sheets = (
        (path, CSS_ADDRESS.findall(path.read_text("utf-8"))) for path in sorted(html.rglob("*.css"))
    )
    return problems + [
        f"{path.relative_to(html).as_posix()}: loads {address} from another machine. Remove it."
        for path, addresses in sheets
        for address in addresses
    ]


def _loaded(soup: BeautifulSoup) -> Iterable[str]:
    """Addresses that a browser fetches by itself, unlike those that a reader may follow."""
    for tag in soup.find_all(
        ["script", "img", "iframe", "source", "audio", "video", "embed"], src=True
    ):
        yield tag["src"]
    for tag in soup.find_all(srcset=True):
        yield from (
            candidate.split()[0] for candidate in tag["srcset"].split(",") if candidate.strip()
        )
    for tag in soup.find_all("object", data=True):
        yield tag["data"]
    fetched = {"stylesheet", "preload", "preconnect", "dns-prefetch", "modulepreload", "icon"}
    for tag in soup.find_all("link", href=True):
        if fetched & set(tag.get("rel", [])):
            yield tag["href"]
    styles = [tag.get_text() for tag in soup.find_all("style")]
    for style in styles + [tag["style"] for tag in soup.find_all(style=True)]:
        yield from CSS_ADDRESS.findall(style)


GATES = (gate_index, gate_links, gate_alt_text, gate_one_heading, gate_offline)


def check_site(html: Path) -> list[str]:
    """Return the problems that the gates find in the built site."""
    pages = read_site(html)
    return [problem for gate in GATES for problem in gate(html, pages)]


# --- the build -----------------------------------------------------------------------------------


def run_jupyter_book(root: Path) -> int:
    """Run Jupyter Book with warnings as errors, its output passed through; return its exit code."""
    command = [
        str(Path(sys.executable).parent / "jupyter-book"),
        *("build", str(root), "--config", str(root / "_config.yml")),
        *("--toc", str(root / "book" / "_toc.yml"), "-n", "-W", "--keep-going"),
    ]
    environment = {"TF_CPP_MIN_LOG_LEVEL": "3", "PYDEVD_DISABLE_FILE_VALIDATION": "1", **os.environ}
    return subprocess.run(command, cwd=root, env=environment, check=False).returncode


def print_reports(html: Path) -> None:
    """Print the traceback of every cell that failed."""
    for report in sorted((html / "reports").rglob("*.err.log")):
        print(f"\n--- {report.name}\n{report.read_text('utf-8')}", file=sys.stderr)


def build(root: Path) -> int:
    """Build and check the book below `root`; return the exit code, 0 if it is good."""
    began, build_dir = time.monotonic(), root / "_build"
    html = build_dir / "html"
    old, new = (
        read_stamp(build_dir),
        {"code": fingerprint(root, CODE), "pages": fingerprint(root, PAGES)},
    )
    if old == new and (html / "index.html").is_file():
        print(f"The book is up to date: {html / 'index.html'}")
        return 0

    code_changed = old.get("code") != new["code"]
    if code_changed:
        print("The code behind the pages is new or changed: every page is run.", flush=True)
    drop_stale(build_dir, code_changed=code_changed, last_was_good="pages" in old)
    write_stamp(build_dir, {"code": new["code"]})  # the caches hold nothing older from here on

    if run_jupyter_book(root) != 0:
        print_reports(html)
        print("The book was not built: see the warnings and errors above.", file=sys.stderr)
        return 1
    problems = check_site(html)
    for problem in problems:
        print(f"book: {problem}", file=sys.stderr)
    if problems:
        print(f"The book was built, but {len(problems)} thing(s) in it are wrong.", file=sys.stderr)
        return 1
    write_stamp(build_dir, new)
    print(
        f"The book is built and checked in {time.monotonic() - began:.0f} s: {html / 'index.html'}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(build(Path.cwd()))
