"""The lock holds for every Python that the README names: read, not installed.

What a pin says about itself is read from the environment, which was made from the lock. A pin that
can't be read so is a fault too: the environment is older than the lock, or the pin is for newer
Pythons only, and nothing here has looked at it.
"""

import functools
import importlib.metadata
import platform
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
HERE = platform.python_version()
LOCK = (ROOT / "requirements.lock").read_text("utf-8")
EXTRAS = ("book", "test")  # what `make` installs
# Every release of Python that the project takes, early and late ones of each minor version.
MINORS = [
    f"3.{n}" for n in range(40) if SpecifierSet(PROJECT["requires-python"]).contains(f"3.{n}.0")
]
PYTHONS = [f"{minor}.{micro}" for minor in MINORS for micro in range(16)]


def on_linux(python, machine="x86_64"):
    """What a marker sees under this Python."""
    return {
        "python_version": ".".join(python.split(".")[:2]),
        "python_full_version": python,
        "implementation_version": python,
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
        "sys_platform": "linux",
        "platform_system": "Linux",
        "os_name": "posix",
        "platform_machine": machine,
        "platform_release": "",
        "platform_version": "",
        "extra": "",
    }


@functools.cache
def holds(marker, python, machine="x86_64", extra=""):
    """Whether a marker, as text, holds; an empty one always does."""
    return not marker or parsed(marker).evaluate(on_linux(python, machine) | {"extra": extra})


parsed = functools.cache(Marker)


@functools.cache
def pins(lock):
    """The requirements of a lock file, without their hashes."""
    return [
        Requirement(line.rstrip("\\ "))
        for line in lock.splitlines()
        if line and not line.startswith((" ", "#"))
    ]


def version_of(pin):
    (exactly,) = pin.specifier
    return exactly.version


@functools.cache
def installed(name):
    """An installed distribution, or None."""
    try:
        return importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def requires_python(pin):
    """Which Pythons a pinned version takes; None if it isn't the one that is installed here."""
    found = installed(pin.name)
    if found is None or found.version != version_of(pin):
        return None
    return found.metadata.get("Requires-Python", "")


def refused(lock, takes=requires_python, here=HERE):
    """A sentence for each pin that one of the Pythons can't install, or that can't be read."""
    problems = []
    for pin in pins(lock):
        marker, what = str(pin.marker or ""), f"{pin.name} {version_of(pin)}"
        pythons = [p for p in PYTHONS if holds(marker, p)]
        if not pythons or (Version(pythons[-1]) < Version(here) and not holds(marker, here)):
            continue  # for another system; or for older Pythons, under which it is read
        allowed = takes(pin)
        if allowed is None and holds(marker, here):
            problems.append(f"{what} isn't installed here: run make.")
        elif allowed is None:
            problems.append(f"{what} is for newer Pythons only: unread.")
        elif lacking := [p for p in pythons if not SpecifierSet(allowed).contains(p)]:
            problems.append(f"{what} needs Python {allowed}, not {', '.join(lacking)}.")
    return problems


def missing(lock, python, machine, requirements):
    """A sentence for each package that is needed under this Python and that the lock lacks.

    The requirements of what is installed here are followed, those of this Python or not.
    """
    pinned = {}
    for pin in pins(lock):
        if holds(str(pin.marker or ""), python, machine):
            pinned[canonicalize_name(pin.name)] = version_of(pin)
    problems, seen = [], set()
    todo = [(r, "") for r in requirements]
    while todo:
        requirement, extra = todo.pop()
        if not holds(str(requirement.marker or ""), python, machine, extra):
            continue
        name = canonicalize_name(requirement.name)
        if name not in pinned:
            problems.append(f"{name} is missing under {python} ({machine}).")
        elif not requirement.specifier.contains(pinned[name], prereleases=True):
            problems.append(f"{requirement} is needed, {name} is {pinned[name]}.")
        for wanted in ("", *sorted(requirement.extras)):
            if (name, wanted) in seen:
                continue
            seen.add((name, wanted))
            todo += [(need, wanted) for need in needs_of(name)]
    return sorted(set(problems))


@functools.cache
def needs_of(name):
    """What an installed distribution requires."""
    found = installed(name)
    return [Requirement(text) for text in (found.requires or [])] if found else []


def test_every_pin_installs_on_every_python():
    assert refused(LOCK) == []


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_nothing_is_missing_on_any_python(machine):
    texts = sum((PROJECT["optional-dependencies"][e] for e in EXTRAS), PROJECT["dependencies"])
    wanted = [Requirement(text) for text in texts]
    assert [p for python in PYTHONS for p in missing(LOCK, python, machine, wanted)] == []


def test_every_package_is_pinned_once_with_its_hashes():
    for python in PYTHONS:
        names = [pin.name for pin in pins(LOCK) if holds(str(pin.marker or ""), python)]
        assert len(names) == len(set(names)) > 100
    entries = re.split(r"\n(?=\S)", LOCK.strip())
    assert len(entries) == len(pins(LOCK))
    assert all("--hash=sha256:" in entry for entry in entries)


def test_it_names_no_server():
    assert not re.search(r"://|--(extra-)?index|--find-links|--trusted-host", LOCK)


def test_a_pin_for_newer_releases_only_is_refused():
    """As soupsieve 4.1.2, which a Python 3.11.7 had put into the lock."""
    lock = "soupsieve==4.1.2 \\\n    --hash=sha256:00\n"
    (problem,) = refused(lock, lambda pin: ">=3.11.5")
    assert problem.startswith("soupsieve 4.1.2 needs Python >=3.11.5, not 3.11.0, 3.11.1, 3.11.2")
    assert refused(lock, lambda pin: ">=3.11") == []
    marked = lock.replace(" \\", " ; python_full_version >= '3.11.5' \\")
    assert refused(marked, lambda pin: ">=3.11.5") == []


def test_a_pin_that_nothing_here_has_looked_at_is_refused():
    pin = "soupsieve==0.0.1 {} \\\n"
    assert refused(pin.format("")) == ["soupsieve 0.0.1 isn't installed here: run make."]
    newer = pin.format("; python_version >= '3.13'")
    assert refused(newer, here="3.11.2") == ["soupsieve 0.0.1 is for newer Pythons only: unread."]
    assert refused(pin.format("; python_version < '3.12'"), here="3.13.0") == []
    assert refused(pin.format("; sys_platform == 'win32'")) == []


def test_a_package_that_only_an_early_release_needs_is_missed():
    needs = [Requirement("async-timeout>=4; python_full_version < '3.11.3'")]
    assert missing("", "3.11.2", "x86_64", needs) == [
        "async-timeout is missing under 3.11.2 (x86_64)."
    ]
    assert missing("", "3.11.3", "x86_64", needs) == []


def test_a_pin_outside_the_bounds_is_named():
    (problem,) = missing("pip==1.0\n", "3.11.0", "x86_64", [Requirement("pip>=2")])[:1]
    assert problem == "pip>=2 is needed, pip is 1.0."


def test_all_places_name_the_same_pythons():
    oldest, newest = MINORS[0], MINORS[-1]
    assert f"Python {', '.join(MINORS[:-1])} or {newest}" in (ROOT / "README.md").read_text("utf-8")
    finder = (ROOT / "environment/find_python.sh").read_text("utf-8")
    assert f"oldest={oldest[2:]} newest={newest[2:]} " in finder
    for minor in MINORS:
        assert f"python{minor} " in finder
    assert f"--python-version {oldest} " in (ROOT / "Makefile").read_text("utf-8")


def test_the_command_that_compiles_it_stands_in_one_place():
    """`make lock` takes no variable of the shell's pip into the file, and pins with hashes."""
    command = subprocess.run(
        ["make", "-n", "lock"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    for option in ("--universal", "--generate-hashes", *(f"--extra {extra}" for extra in EXTRAS)):
        assert option in command
    assert "make lock" in (ROOT / "CONTRIBUTING.md").read_text("utf-8")
