"""CI runs what the README tells a stranger to run, as a stranger would."""

import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PATH = "/usr/bin:/bin:/usr/sbin:/sbin"


def stranger(*command, **variables):
    """Run a command through `.ci/stranger`, from a shell with these variables."""
    return subprocess.run(
        [ROOT / ".ci/stranger", *command],
        env={"PATH": os.environ["PATH"], **variables},
        capture_output=True,
        text=True,
    )


def variables_of(done):
    return dict(line.split("=", 1) for line in done.stdout.splitlines())


def test_it_runs_the_readmes_commands_and_nothing_weaker():
    script = ROOT / ".ci/run"
    assert os.access(script, os.X_OK)
    ((_, block),) = re.findall(
        r"```(sh)\n(make.*?)```", (ROOT / "README.md").read_text(), re.DOTALL
    )
    commands = [line.split("#")[0].strip() for line in block.splitlines()]
    assert commands == ["make book", "make test"]
    lines = script.read_text().splitlines()
    assert "set -euo pipefail" in lines  # the first failure ends it
    run = [line for line in lines if line.startswith(".ci/stranger CI=true ")]
    # All cases, where `make test` takes a few of each.
    theirs = [line.split("CI=true ")[1].replace("make test ALL=1", "make test") for line in run]
    assert [command for command in theirs if command in commands] == commands
    assert ".ci/stranger CI=true make sphinx" in run  # the book needs no Jupyter Book
    assert lines[-1] == ".ci/stranger CI=true make test ALL=1"  # its exit code is the script's


def test_a_version_managers_programs_hide_no_missing_package(tmp_path):
    """Theirs come first in the path of the caller; what a stranger has is what counts."""
    shims, asked = tmp_path / "shims", tmp_path / "asked"
    shims.mkdir()
    script = (ROOT / ".ci/run").read_text()
    needed = set(re.findall(r"^need \S+ (\S+)", script, re.M)) - {"test"}  # bash's own
    assert {"python3", "make"} <= needed
    for name in needed:
        shim = shims / name
        shim.write_text(f"#!/bin/sh\necho {name} >> {asked}\n")
        shim.chmod(0o755)
    look_up, then, _ = script.partition("if ((")
    assert then
    (tmp_path / "run").write_text(look_up)
    path = f"{shims}:{os.environ['PATH']}"
    subprocess.run(["bash", str(tmp_path / "run")], env={"PATH": path}, check=True)
    assert not asked.exists()


def test_a_developers_shell_does_not_get_through():
    theirs = {
        "PYTHONPATH": "/opt/robots",
        "VIRTUAL_ENV": "/opt/mine",
        "LD_LIBRARY_PATH": "/opt/lib",
        "PYENV_ROOT": "/opt/pyenv",
        "PATH": f"/opt/pyenv/shims:{os.environ['PATH']}",
        "XDG_CACHE_HOME": "/opt/cache",
        "MAKEFLAGS": "-k",
    }
    assert variables_of(stranger("CI=true", "env", **theirs)).keys() == {"HOME", "PATH", "CI"}
    assert variables_of(stranger("env", **theirs))["PATH"] == PATH


@pytest.mark.parametrize(
    "name",
    ["OPENBLAS_CORETYPE", "PIP_CERT", "PIP_INDEX_URL", "SSL_CERT_FILE", "https_proxy", "NO_PROXY"],
)
def test_what_describes_the_machine_passes(name):
    value = "a value = with an equals sign"
    assert variables_of(stranger("env", **{name: value}))[name] == value


def test_the_home_is_empty_and_gone_afterwards():
    done = stranger("sh", "-c", 'ls -A "$HOME" | wc -l; touch "$HOME/x"; echo "$HOME"')
    count, home = done.stdout.split()
    assert count == "0"
    assert not Path(home).exists()


def test_a_failure_is_passed_on():
    assert stranger("sh", "-c", "exit 3").returncode == 3
    assert stranger("true").returncode == 0
