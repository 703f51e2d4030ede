"""Build the book, then look at what was built: ``python -m course_lib.authoring.book``.

Jupyter Book's execution cache knows the cells of a page and nothing else: after a change in this
package it would go on showing the old figures. So the caches go when anything that a cell can see
has changed, and nothing at all is done when nothing has.

With SOLUTIONS=hidden in the environment, the book is built without the solutions.
"""

from __future__ import annotations

from course_lib import interrupted

if __name__ == "__main__":
    interrupted.end_at_once("book")

import hashlib
import json
import os
import shutil
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from course_lib.authoring import told
from course_lib.authoring.gates import check_site
from course_lib.authoring.old_pages import FAILED, kept_until_better
from course_lib.authoring.own_settings import fonts_are_listed, set_aside
from course_lib.authoring.turns import alone_in
from course_lib.figures.style import SHARP

# What a cell can see: a change here makes every stored output doubtful.
CODE = ("course_lib", "benchmarks/results", "requirements.lock", "pyproject.toml")
# What only the pages show.
PAGES = ("_config.yml", "book", "exercises", "solutions")
STAMP = "book_stamp.json"
LOG = "book.log"
SHOWN, HIDDEN = "shown", "hidden"  # values of SOLUTIONS
SHORTER_TOC = "toc_without_solutions.yml"
IGNORED = {"__pycache__", "released_notebooks"}


def fingerprints(root: Path, names: Iterable[str]) -> dict[str, str]:
    """The sha256 of each file among the named files and folders, by its path."""
    return {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(_files(root, names))
    }


def fingerprint(root: Path, names: Iterable[str]) -> str:
    """Return the sha256 over Python's version, and paths and contents of what is named."""
    seen = json.dumps([sys.version, fingerprints(root, names)])
    return hashlib.sha256(seen.encode()).hexdigest()


def _files(root: Path, names: Iterable[str]) -> Iterable[Path]:
    for name in names:
        path = root / name
        inside = path.rglob("*") if path.is_dir() else [path]
        yield from (
            file
            for file in inside
            if file.is_file() and not any(map(_is_a_tools_own, file.relative_to(root).parts))
        )


def _is_a_tools_own(name: str) -> bool:
    """What Python, ruff, Jupyter or an editor leaves beside the sources."""
    return name in IGNORED or name.startswith(".")


def read_stamp(build_dir: Path) -> dict[str, Any]:
    """Return the recorded fingerprints; empty if there are none that can be read."""
    try:
        return json.loads((build_dir / STAMP).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def write_stamp(build_dir: Path, stamp: dict[str, Any]) -> None:
    """Record the fingerprints: "code" once the caches are clean, "pages" once all is good."""
    build_dir.mkdir(exist_ok=True)
    (build_dir / STAMP).write_text(json.dumps(stamp), encoding="utf-8")


def toc_without_solutions(toc: str) -> str:
    """The table of contents, as YAML, without the pages of the folder `solutions`."""
    content = yaml.safe_load(toc)
    for part in content["parts"]:
        part["chapters"] = [c for c in part["chapters"] if not c["file"].startswith("solutions/")]
    content["parts"] = [part for part in content["parts"] if part["chapters"]]
    return yaml.safe_dump(content, sort_keys=False)


def drop_stale(
    build_dir: Path, *, code_changed: bool, last_was_good: bool, changed: set[str]
) -> None:
    """Remove what must not survive into the next build.

    What Sphinx remembers goes after a failure: it warns about a page only when it reads it, so the
    next build would pass in silence. Of a page that has changed, what it remembers of that page
    goes: it would compare dates, and those of an unpacked archive are older than the last build.
    After any other change all of that goes. What the cells gave goes when anything that they can
    see has changed. The pages go too, one that was taken out of the book must not stay: see
    `old_pages`.

    Args:
        build_dir: where all this lies.
        code_changed: whether something that cells can see has changed.
        last_was_good: whether the last build was good, and of the same edition.
        changed: paths below the project's folder, of what the pages show.
    """
    stale = []
    pages = {name: Path(name).with_suffix("") for name in changed}
    known = {name for name, page in pages.items() if _is_a_page(build_dir.parent / page)}
    if code_changed or not last_was_good or known < changed:
        stale.append(".doctrees")
    for name in known:
        (build_dir / ".doctrees" / f"{pages[name]}.doctree").unlink(missing_ok=True)
    if code_changed:
        stale += [".jupyter_cache", "jupyter_execute"]
    for name in stale:
        shutil.rmtree(build_dir / name, ignore_errors=True)


def _is_a_page(path: Path) -> bool:
    """Whether a path without its ending is that of a page, or of a notebook's source."""
    return any(path.with_name(path.name + ending).exists() for ending in (".md", ".ipynb"))


def run_jupyter_book(root: Path, toc: Path) -> int:
    """Run Jupyter Book with warnings as errors; return its exit code.

    On a terminal its output is passed through. Elsewhere, or with NO_COLOR, its hundreds of lines
    go into a file, and what is wrong, and how far it is, is told.
    """
    command = [
        str(Path(sys.executable).parent / "jupyter-book"),
        *("build", str(root), "--config", str(root / "_config.yml")),
        *("--toc", str(toc), "-n", "-W", "--keep-going"),
    ]
    usual = {"TF_CPP_MIN_LOG_LEVEL": "3", "PYDEVD_DISABLE_FILE_VALIDATION": "1", SHARP: "1"}
    fonts_are_listed()
    with set_aside() as kept:
        environment = usual | kept
        terminal = sys.stdout is not None and sys.stdout.isatty()
        if not terminal or "NO_COLOR" in os.environ:
            return told.run(command, root, environment, root / "_build" / LOG)
        letters = {"PYTHONIOENCODING": f"{sys.stdout.encoding}:replace"}
        with interrupted.apart(command, cwd=root, env=environment | letters) as process:
            return process.wait()


def print_reports(html: Path) -> None:
    """Print the traceback of every cell that failed."""
    for report in sorted((html / "reports").rglob("*.err.log")):
        print(f"\n--- {report.name}\n{report.read_text('utf-8')}", file=sys.stderr)


def _is_good(root: Path, toc: Path, html: Path, solutions: str) -> bool:
    """Run Jupyter Book, and look at what came of it; what is wrong is printed."""
    if run_jupyter_book(root, toc) != 0:
        print_reports(html)
        print("The book was not built: see the warnings and errors above.", file=sys.stderr)
        return False
    problems = check_site(html)
    if solutions == HIDDEN and (html / "solutions").exists():
        problems.append("the folder solutions is in it, though the solutions are to be hidden.")
    for problem in problems:
        print(f"book: {problem}", file=sys.stderr)
    if problems:
        print(
            f"The book was built, but {len(problems)} thing(s) in it are wrong: "
            f"{html.with_name(FAILED)}",
            file=sys.stderr,
        )
    return not problems


def build(root: Path, solutions: str = SHOWN) -> int:
    """Build and check the book below `root`.

    Args:
        root: the project.
        solutions: "shown" or "hidden".

    Returns:
        The exit code, 0 if the book is good.
    """
    if solutions not in (SHOWN, HIDDEN):
        print(f"SOLUTIONS is {HIDDEN} or {SHOWN}, not {solutions!r}.", file=sys.stderr)
        return 2
    with alone_in(root / "_build"):
        return _build(root, solutions)


def _build(root: Path, solutions: str) -> int:
    began, build_dir = time.monotonic(), root / "_build"
    html = build_dir / "html"
    old = read_stamp(build_dir)
    new = {"code": fingerprint(root, CODE), "pages": fingerprints(root, PAGES)}
    new["solutions"] = solutions
    if old == new and (html / "index.html").is_file():
        print(f"The book is up to date: {html / 'index.html'}")
        return 0

    code_changed = old.get("code") != new["code"]
    if code_changed:
        print("The code behind the pages is new or changed: every page is run.", flush=True)
    before, now = old.get("pages"), new["pages"]
    pages_can_stay = isinstance(before, dict) and old.get("solutions") == solutions
    changed = {one for one, _ in before.items() ^ now.items()} if pages_can_stay else set()
    drop_stale(build_dir, code_changed=code_changed, last_was_good=pages_can_stay, changed=changed)
    write_stamp(build_dir, {"code": new["code"]})  # the caches hold nothing older from here on

    toc = root / "book" / "_toc.yml"
    if solutions == HIDDEN:
        shorter = toc_without_solutions(toc.read_text(encoding="utf-8"))
        toc = build_dir / SHORTER_TOC
        toc.write_text(shorter, encoding="utf-8")
    with kept_until_better(build_dir) as are_good:
        if not _is_good(root, toc, html, solutions):
            return 1
        are_good()
    write_stamp(build_dir, new)
    which = "The book" if solutions == SHOWN else "The book without solutions"
    print(
        f"{which} is built and checked in {time.monotonic() - began:.0f} s: {html / 'index.html'}"
    )
    return 0


if __name__ == "__main__":
    which = os.environ.get("SOLUTIONS", SHOWN)
    sys.exit(interrupted.in_one_line("book", lambda: build(Path.cwd(), which)))
