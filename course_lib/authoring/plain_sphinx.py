"""Build the book with Sphinx alone: ``python -m course_lib.authoring.plain_sphinx``.

Jupyter Book writes the `conf.py` that its settings amount to; Sphinx needs nothing else of it. The
pages are then compared with those of `make book`, if there are any: they must be the same.
"""

from course_lib import interrupted

if __name__ == "__main__":
    interrupted.end_at_once("sphinx")

import filecmp
import os
import shutil
import subprocess
import sys
from pathlib import Path

from course_lib.authoring.gates import check_site
from course_lib.authoring.own_settings import set_aside
from course_lib.authoring.read_only import is_read_only
from course_lib.authoring.turns import alone_in

CONF = "conf.py"
FOLDER = Path("_build") / "sphinx"
BOOK = Path("_build") / "html"
FOR_MACHINES = ("_static", "_sources", "reports", "_sphinx_design_static")


def write_conf(root: Path, toc: Path) -> None:
    """Let Jupyter Book write `conf.py` into the folder of the settings.

    Raises:
        subprocess.CalledProcessError: if it can't be written.
    """
    command = [
        str(Path(sys.executable).parent / "jupyter-book"),
        *("config", "sphinx", str(root), "--toc", str(toc)),
    ]
    subprocess.run(command, cwd=root, check=True, stdout=subprocess.DEVNULL)


def run_sphinx(root: Path) -> int:
    """Run Sphinx with warnings as errors; its exit code. What cells gave is taken from the book."""
    command = [
        *(sys.executable, "-m", "sphinx", "-b", "html", "-q", "-n", "-W", "--keep-going"),
        *("-d", str(FOLDER / "doctrees")),
        *("-D", f"nb_execution_cache_path={(root / '_build/.jupyter_cache').as_posix()}"),
        *(".", str(FOLDER / "html")),
    ]
    path = os.pathsep.join([str(root / "book" / "_ext"), os.environ.get("PYTHONPATH", "")])
    ours = {"PYTHONPATH": path.strip(os.pathsep)}
    with set_aside() as kept:
        environment = {"TF_CPP_MIN_LOG_LEVEL": "3"} | kept | ours
        with interrupted.apart(command, cwd=root, env=environment) as process:
            return process.wait()


def differences(ours: Path, theirs: Path) -> list[str]:
    """A sentence for each page that only one of two sites has, or that differs."""
    mine, other = _pages(ours), _pages(theirs)
    found = [f"{page} is only in {ours}." for page in sorted(mine - other)]
    found += [f"{page} is only in {theirs}." for page in sorted(other - mine)]
    for page in sorted(mine & other):
        if not filecmp.cmp(ours / page, theirs / page, shallow=False):
            found.append(f"{page} differs.")
    return found


def _pages(site: Path) -> set[str]:
    pages = (path.relative_to(site) for path in site.rglob("*.html"))
    return {page.as_posix() for page in pages if page.parts[0] not in FOR_MACHINES}


def build(root: Path) -> int:
    """Build the book below `root`, check it, and compare it; 0 if all is well."""
    if is_read_only("sphinx", root):
        return 1
    with alone_in(root / "_build"):
        return _build(root)


def _build(root: Path) -> int:
    conf = root / CONF
    if conf.exists():
        print(f"{conf} is there already, and would be written: move it away.", file=sys.stderr)
        return 1
    shutil.rmtree(root / FOLDER, ignore_errors=True)
    try:
        write_conf(root, root / "book" / "_toc.yml")
        code = run_sphinx(root)
    finally:
        conf.unlink(missing_ok=True)
    if code:
        print("Sphinx did not build the book: see above.", file=sys.stderr)
        return 1
    html = root / FOLDER / "html"
    problems = check_site(html)
    if (root / BOOK / "index.html").exists():
        problems += differences(html, root / BOOK)
        said = f"page for page what is in {BOOK}"
    else:
        said = f"not compared, because there is nothing in {BOOK}"
    for problem in problems:
        print(f"sphinx: {problem}", file=sys.stderr)
    if problems:
        return 1
    print(f"Sphinx alone built {len(_pages(html))} pages, {said}: {html / 'index.html'}")
    return 0


if __name__ == "__main__":
    sys.exit(interrupted.in_one_line("sphinx", lambda: build(Path.cwd())))
