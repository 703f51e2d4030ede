"""`course gradescope init`: a zip that Gradescope makes an autograder of.

Format: https://gradescope-autograders.readthedocs.io/en/latest/specs/. The service unpacks the zip
to /autograder/source, runs setup.sh once, with a network, and for each submission run_autograder.
"""

import importlib.metadata
import json
import os
import re
import secrets
import zipfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import course_lib
from course_lib.instructor.command.validate import wanted_exercises
from course_lib.instructor.errors import BadUsage
from course_lib.instructor.judging.hidden_cases import load_cases
from course_lib.instructor.results.output import drafted, output_file
from course_lib.instructor.results.points import load_weights
from course_lib.learner import released_folder

SETTINGS, CODE, ENVIRONMENT = "settings.json", "packages", "/opt/course"
CARRIED = {".py", ".npz", ".css", ".js", ".json"}  # kinds of files that make up the package
NOT_NEEDED = {"jupyterlab", "jupyter-server", "ipykernel"}  # for grading
# A name, its extras in brackets, and the extra that asks for it.
REQUIREMENT = r"""([\w.-]+)\s*(?:\[([^]]*)\])?(?:.*\bextra\s*==\s*['"]([^'"]+)['"])?"""
DATE = (2000, 1, 1, 0, 0, 0)  # of every file, so that equal bundles are equal

SETUP = f"""\
#!/usr/bin/env bash
# Run once by Gradescope, with a network: Python, the sandbox, and what the course is built on.
set -euo pipefail
cd "$(dirname "$0")"
apt-get update
apt-get install -y bubblewrap || echo "bubblewrap can't be installed"
find_python() {{
  for python in python3.13 python3.12 python3.11 python3; do
    if "$python" -c 'import ensurepip, sys, venv
sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; then echo "$python"; return; fi
  done
}}
for packages in "python3.11 python3.11-venv" "python3 python3-venv"; do
  if [ -z "$(find_python)" ]; then apt-get install -y $packages || true; fi
done
if [ -z "$(find_python)" ]; then
  echo "There is no Python 3.11 to 3.13 here: choose a newer base image, such as Ubuntu 24.04." >&2
  exit 1
fi
"$(find_python)" -m venv {ENVIRONMENT}
{ENVIRONMENT}/bin/pip install --no-cache-dir -r requirements.txt
"""
RUN = f"""\
#!/usr/bin/env bash
# Run by Gradescope for each submission; writes /autograder/results/results.json. No network needed.
cd /autograder
chmod 700 . source results submission
export PYTHONPATH=/autograder/source/{CODE}
exec {ENVIRONMENT}/bin/python -P -m course_lib.instructor.command.gradescope_run /autograder
"""


@dataclass(frozen=True)
class Settings:
    """What the autograder needs to know.

    Args:
        wanted: ids of the exercises.
        weights: points by exercise.
        seconds: that a call may take.
        budget: seconds that a submission may take.
        memory: bytes.
        cases: the instructor's own hidden cases, JSON, or empty.
        seed: of the other numbers.
    """

    wanted: list[str]
    weights: dict[str, float]
    seconds: float = 10.0
    budget: float = 480.0
    memory: int = 1 << 30
    cases: str = ""
    seed: int = 0


def write_bundle(
    out: Path,
    exercises: tuple[str, ...] = (),
    weights: Path | None = None,
    cases: Path | None = None,
    budget: float = 480.0,
) -> int:
    """Write the zip, and say what to do with it.

    Args:
        out: the file.
        exercises: ids; all of them if there are none.
        weights, cases: files as for `course validate`.
        budget: seconds that a submission may take; less than the limit that is set on Gradescope.

    Returns:
        The code to exit with.

    Raises:
        BadUsage: if a file can't be read or doesn't fit, or `out` is there already.
    """
    output_file(out, (".zip",))
    if out.exists():
        raise BadUsage(f"{out} is there already: remove it, or choose another --out.")
    if not 10 <= budget <= 86_400:
        raise BadUsage(f"--submission-limit is a number of seconds from 10 to 86400, not {budget}.")
    wanted = wanted_exercises(exercises)
    if cases is not None:
        try:
            load_cases(cases)
        except ValueError as error:
            raise BadUsage(str(error)) from None
    settings = Settings(
        wanted,
        {one: weight for one, weight in load_weights(weights, wanted).items() if one in wanted},
        budget=budget,
        cases=cases.read_text(encoding="utf-8") if cases else "",
        seed=secrets.randbits(62),
    )
    with drafted(out) as draft, zipfile.ZipFile(draft, "x", zipfile.ZIP_DEFLATED) as bundle:
        os.chmod(draft, 0o600)  # hidden cases
        for name, content, mode in _files(settings):
            entry = zipfile.ZipInfo(name, DATE)
            entry.external_attr = (0o100000 | mode) << 16
            bundle.writestr(entry, content, zipfile.ZIP_DEFLATED)
    print(
        f"Wrote {out}. Upload it as the autograder of a programming assignment on Gradescope.\n"
        "It holds the seed of the other numbers and your cases: keep it to yourself.\n"
        "Gradescope's containers may not allow the sandbox. Students' code then runs as a user of "
        "its own,\nwithout IP sockets, and can't read the autograder; what is given up is on the "
        "page for instructors."
    )
    return 0


def _files(settings: Settings) -> Iterator[tuple[str, bytes, int]]:
    yield "setup.sh", SETUP.encode(), 0o755
    yield "run_autograder", RUN.encode(), 0o755
    yield "requirements.txt", "".join(f"{one}\n" for one in requirements()).encode(), 0o644
    yield SETTINGS, json.dumps(asdict(settings), indent=1).encode(), 0o600
    package = Path(course_lib.__file__).parent
    for file in sorted(package.rglob("*")):
        inside = file.relative_to(package)
        if file.suffix in CARRIED and inside.parts[0] not in ("built_book", "jupyter"):
            yield f"{CODE}/course_lib/{inside.as_posix()}", file.read_bytes(), 0o644
    for file in sorted(released_folder().glob("*.ipynb")):
        yield f"{CODE}/course_lib/released_notebooks/{file.name}", file.read_bytes(), 0o644


def requirements() -> list[str]:
    """What the course is built on, and what that is built on, in the versions installed here."""
    pinned: dict[str, str] = {}
    todo = [("course-lib", frozenset())]
    seen = set(todo)
    while todo:
        name, extras = todo.pop()
        for one in importlib.metadata.requires(name) or []:
            needed, more, extra = re.match(REQUIREMENT, one).groups()
            needed = re.sub(r"[-_.]+", "-", needed).lower()
            if (extra and extra not in extras) or (name == "course-lib" and needed in NOT_NEEDED):
                continue
            try:
                pinned[needed] = importlib.metadata.version(needed)
            except importlib.metadata.PackageNotFoundError:  # for another system or Python
                continue
            step = needed, frozenset(re.findall(r"[\w.-]+", more or ""))
            todo += [step] if step not in seen else []
            seen.add(step)
    return [f"{name}=={version}" for name, version in sorted(pinned.items())]
