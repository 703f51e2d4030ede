"""The Makefile's decisions, with stand-ins for Python."""

import contextlib
import json
import os
import re
import runpy
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

REAL = Path(sys.executable)

# Stands in for Python: answers as it is told, and writes down what it is asked. environment/make.py
# itself runs for real, under the impression that this is its Python.
PYTHON = """#!/bin/sh
echo "$@${{SOLUTIONS:+ with solutions $SOLUTIONS}}${{PYTHONPATH:+ with $PYTHONPATH}}" >> "{log}"
venv=$(dirname "$(dirname "$0")")
case "$*" in
    *python_version*) echo "{version}" ;;
    *_base_executable*) echo "{name}" ;;
    *ensurepip*) exit ${{NO_VENV:-0}} ;;
    *environment/make.py)
        exec "{real}" -c "import sys, runpy
sys.executable, sys.prefix = '$0', '$venv'
runpy.run_path('environment/make.py', run_name='__main__')" ;;
    "-m venv "*) mkdir -p "$3/bin" "$3/{site}"; cp "$0" "$3/bin/python" ;;
    *pip*-r*requirements.lock|*"pip"*"-e .[book,test]")
        echo "Collecting numpy==2.0"
        echo "  Downloading numpy-2.0-cp311.whl (16.8 MB)"
        echo "WARNING: a wordy warning"
        test -z "$WAIT" || {{ touch waiting; sleep "$WAIT"; }}
        test -z "$PIP_SAYS" || {{ echo "$PIP_SAYS"; exit 1; }}
        echo "Installing collected packages: numpy, six"
        mkdir -p "$venv/{site}/numpy-2.0.dist-info" ;;
    *pip*"-e .") echo "$PWD" > "$venv/{site}/_editable_impl_course_lib.pth" ;;
esac
"""
SITE = f"lib/python3.{sys.version_info[1]}/site-packages"


@pytest.fixture
def checkout(tmp_path):
    """A folder with the Makefile and little else, in a path with a space and an umlaut."""
    folder = tmp_path / "a cöurse"
    folder.mkdir()
    for name in ("Makefile", "requirements.lock", "pyproject.toml"):
        shutil.copy(ROOT / name, folder)
    shutil.copytree(ROOT / "environment", folder / "environment")
    return folder


def stand_ins(folder, version, system):
    """Programs that stand before the real ones in the PATH; the environment for `make`."""
    log, programs = folder / "log", folder / "programs"
    log.write_text("")
    programs.mkdir(exist_ok=True)
    for name in ("python3.11", "python3", "python3.12", "python3.13"):
        text = PYTHON.format(log=log, name=name, version=version, real=REAL, site=SITE)
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    (programs / "uname").write_text(f"#!/bin/sh\necho {system}\n")
    (programs / "uname").chmod(0o755)
    environment = {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}"}
    # This test may itself run under make.
    for name in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS", "SOLUTIONS", "PYTHON"):
        environment.pop(name, None)
    return environment


def make(folder, *more, goal="book", version="CPython 3.11.0", system="Linux", **variables):
    """Run `make GOAL` with stand-ins; its exit code, what it printed, what Python was asked."""
    environment = stand_ins(folder, version, system) | variables
    done = subprocess.run(
        ["make", goal, *more], cwd=folder, env=environment, capture_output=True, text=True
    )
    return done.returncode, done.stdout + done.stderr, (folder / "log").read_text()


def change_lock(folder, seconds=10):
    """Another lock, dated so many seconds after the environment."""
    with open(folder / "requirements.lock", "a") as lock:
        lock.write("# a change\n")
    date(folder / "requirements.lock", seconds)


def date(path, seconds):
    when = (path.parent / ".venv/.ready").stat().st_mtime + seconds
    os.utime(path, (when, when))


def test_the_environment_is_made_once(checkout):
    code, out, asked = make(checkout)
    assert (code, "Making the environment" in out) == (0, True), out
    assert "--require-hashes -r requirements.lock" in asked
    assert "--no-deps --no-build-isolation -e ." in asked
    code, out, asked = make(checkout)
    assert (code, out) == (0, "")
    assert asked.splitlines()[1:] == ["-m course_lib.authoring.book"]


def test_the_book_is_told_to_leave_the_solutions_out(checkout):
    make(checkout)
    _, _, asked = make(checkout, "SOLUTIONS=hidden")
    assert asked.splitlines()[-1] == "-m course_lib.authoring.book with solutions hidden"


def test_lab_hands_its_options_to_jupyterlab(checkout):
    make(checkout)
    _, _, asked = make(checkout, "ARGS=--no-browser --port 9000", goal="lab")
    assert asked.splitlines()[-2:] == [
        "-m course_lib.cli start work",
        "-m course_lib.lab work --no-browser --port 9000",
    ]


def mark_ready(folder):
    said = subprocess.check_output(["sh", "environment/made_from.sh"], cwd=folder)
    (folder / ".venv" / ".ready").write_bytes(said)


@pytest.fixture
def ready(tmp_path):
    """Make a folder of that name whose environment is ready, its Python such a script."""

    def prepared(name, script):
        folder = tmp_path / name
        (folder / ".venv" / "bin").mkdir(parents=True)
        for one in ("Makefile", "requirements.lock", "pyproject.toml"):
            shutil.copy(ROOT / one, folder)
        shutil.copytree(ROOT / "environment", folder / "environment")
        python = folder / ".venv" / "bin" / "python"
        python.write_text(f"#!/bin/sh\n{script}\n")
        python.chmod(0o755)
        mark_ready(folder)
        return folder

    return prepared


def make_in(folder, *arguments, **variables):
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(folder), **variables}
    done = subprocess.run(["make", *arguments], cwd=folder, env=environment, capture_output=True)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize("name", ["it's", 'a "quote"', "a $HOME", "a `back` tick", "a;b&c (d)"])
def test_a_folder_may_have_any_name(ready, name):
    folder = ready(name, 'echo "$@" >> asked; echo "$PATH" >> paths')
    make_in(folder, "book")
    make_in(folder, "lab")
    asked = (folder / "asked").read_text()
    assert "-m course_lib.authoring.book\n" in asked
    assert asked.endswith("-m course_lib.lab work\n")
    path = (folder / "paths").read_text().splitlines()[-1]
    assert path == f"{folder.resolve()}/.venv/bin:/usr/bin:/bin"


def test_what_ends_make_ends_jupyterlab(ready):
    """make hands a SIGTERM to what it has started: a shell in between would keep it to itself."""
    folder = ready("course", 'case "$*" in *lab*) echo $$ > pid; exec sleep 60;; esac')
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(folder)}
    with subprocess.Popen(
        ["make", "lab"], cwd=folder, env=environment, stderr=subprocess.DEVNULL
    ) as process:
        wait_for(folder / "pid")
        time.sleep(0.3)
        lab = int((folder / "pid").read_text())
        process.terminate()
    time.sleep(0.3)
    ended = not Path(f"/proc/{lab}").exists()
    if not ended:
        os.kill(lab, signal.SIGKILL)
    assert ended


def test_clean_says_in_one_line_that_nothing_can_be_removed(ready):
    folder = ready("course", "")
    nobody = {"user": 65534} if os.geteuid() == 0 else {}
    folder.chmod(0o555)
    done = subprocess.run(["make", "clean"], cwd=folder, capture_output=True, text=True, **nobody)
    folder.chmod(0o755)
    assert done.stderr.splitlines()[0] == "make: this folder can't be written to."
    assert "rm" not in done.stdout


def test_two_goals_do_not_run_at_once(ready):
    folder = ready("course", 'case "$*" in *authoring*) echo in; sleep 0.2; echo out;; esac >> log')
    make_in(folder, "-j4", "book", "test")
    assert (folder / "log").read_text().split() == ["in", "out"] * 2


YEAR = 366 * 24 * 3600


@pytest.mark.parametrize("seconds", [10, -YEAR, 10 * YEAR])
def test_a_changed_lock_brings_it_up_to_date_whatever_its_date(checkout, seconds):
    """One that is unpacked from an archive, for example, is as old as the archive."""
    make(checkout)
    change_lock(checkout, seconds)
    code, out, asked = make(checkout)
    assert (code, "up to date" in out) == (0, True)
    assert "--require-hashes" in asked
    assert "-m venv" not in asked
    code, out, asked = make(checkout)
    assert (code, out, "pip" in asked) == (0, "", False)


@pytest.mark.parametrize("seconds", [10, -YEAR, 10 * YEAR])
def test_another_date_alone_costs_nothing(checkout, seconds):
    """A branch changed and changed back, a copy, a clock that was put right."""
    make(checkout)
    date(checkout / "requirements.lock", seconds)
    date(checkout / "pyproject.toml", seconds)
    code, out, asked = make(checkout)
    assert (code, out, "pip" in asked) == (0, "", False)


def test_what_changes_while_it_is_made_is_seen_by_the_next_make(checkout):
    environment = stand_ins(checkout, "CPython 3.11.0", "Linux") | {"WAIT": "2"}
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(["make", "book"], cwd=checkout, env=environment, **quiet):
        wait_for(checkout / "waiting")
        with open(checkout / "requirements.lock", "a") as lock:
            lock.write("# a change\n")
    assert "up to date" in make(checkout)[1]


def wait_for(file):
    deadline = time.monotonic() + 60
    while not file.exists() and time.monotonic() < deadline:
        time.sleep(0.05)


@pytest.mark.parametrize("was_there", [False, True])
def test_two_makes_take_turns_at_the_environment(checkout, was_there):
    """The second would else remove what the first is at; it finds it done."""
    if was_there:
        make(checkout)
        change_lock(checkout)
    environment = stand_ins(checkout, "CPython 3.11.0", "Linux") | {"WAIT": "2"}
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(["make", "book"], cwd=checkout, env=environment, **quiet) as first:
        wait_for(checkout / "waiting")
        code, out, asked = make(checkout)
    assert (code, first.returncode) == (0, 0)
    assert out == "Another make is at the environment (.venv): this one waits for it.\n"
    assert "-m venv" not in asked


def test_half_an_environment_is_made_afresh(checkout):
    code, _, asked = make(checkout, PIP_SAYS="ERROR: no")
    assert code != 0
    assert "course_lib.authoring" not in asked
    assert not (checkout / ".venv/.ready").exists()
    code, _, asked = make(checkout)
    assert (code, "-m venv" in asked) == (0, True)


def test_an_update_that_breaks_off_is_made_afresh(checkout):
    make(checkout)
    change_lock(checkout)
    assert make(checkout, PIP_SAYS="ERROR: no")[0] != 0
    _, _, asked = make(checkout)
    assert "-m venv" in asked


def test_a_moved_environment_is_made_afresh(checkout):
    make(checkout)
    moved = checkout.rename(checkout.with_name("moved"))
    code, out, asked = make(moved)
    assert f"The environment was made in {checkout}, and it can't move along." in out
    assert (code, "-m venv" in asked) == (0, True)


def test_where_the_lock_does_not_fit_pip_chooses(checkout):
    source = checkout / "environment/make.py"
    source.write_text(source.read_text("utf-8").replace("os.uname().sysname", "'Darwin'"), "utf-8")
    code, _, asked = make(checkout, system="Darwin")
    assert (code, "install -e .[book,test]" in asked) == (0, True)
    assert "requirements.lock" not in asked


def test_a_chosen_python_makes_it_afresh_and_then_stays(checkout):
    make(checkout)
    code, _, asked = make(checkout, "PYTHON=python3.13")
    assert (code, "-m venv" in asked) == (0, True)
    for again in (["PYTHON=python3.13"], []):
        _, out, asked = make(checkout, *again)
        assert (out, "-m venv" in asked) == ("", False)
    _, _, asked = make(checkout, "PYTHON=python3.12")
    assert "-m venv" in asked


@pytest.mark.parametrize("name", ["PYTHON", "CHOSEN"])
def test_a_python_that_only_the_shell_names_chooses_nothing(checkout, name):
    make(checkout)
    code, out, asked = make(checkout, **{name: "python3.13"})
    assert (code, out, "-m venv" in asked) == (0, "", False)


def test_a_chosen_python_that_does_not_exist_costs_no_environment(checkout):
    make(checkout)
    code, out, _ = make(checkout, "PYTHON=python9")
    assert (code != 0, "no Python called python9" in out) == (True, True)
    assert make(checkout)[:2] == (0, "")


def test_the_help_says_how_to_choose(checkout):
    out = subprocess.run(["make"], cwd=checkout, capture_output=True, text=True, check=True).stdout
    assert "PYTHON=python3.13" in out


def test_a_missing_python_is_named(checkout):
    code, out, _ = make(checkout, version="CPython 3.10.4")
    assert code != 0
    assert "needs Python 3.11 to 3.13; python3 is CPython 3.10.4." in out
    assert not (checkout / ".venv").exists()


def test_a_missing_venv_module_is_named(checkout):
    code, out, _ = make(checkout, NO_VENV="1")
    assert (code != 0, "apt-get install python3.11-venv" in out) == (True, True)


def test_the_install_names_the_checkout_relative_to_itself(checkout):
    """Python 3.11 and 3.12 read this file in the locale's encoding, and stop if they can't."""
    make(checkout)
    path = checkout / ".venv" / SITE / "_editable_impl_course_lib.pth"
    assert path.read_bytes() == b"../../../..\n"


def test_what_is_read_while_it_is_made(checkout):
    """What happens, how long, how far: a few lines, without colour, and none of pip's own."""
    _, out, _ = make(checkout)
    lines = out.splitlines()
    assert lines[0].startswith("Making the environment (.venv) with Python 3.")
    assert re.fullmatch(r"The environment is ready: \d+ s\.", lines[-1])
    assert 3 <= len(lines) <= 8
    assert "wordy" not in out
    assert "\x1b" not in out
    assert "wordy" in (checkout / ".venv/environment.log").read_text("utf-8")


def test_a_failure_says_why_and_names_the_whole_log(checkout):
    code, out, _ = make(checkout, PIP_SAYS="ERROR: [Errno 28] No space left on device")
    assert code != 0
    assert "  ERROR: [Errno 28] No space left on device\nThe disk is full" in out
    assert f"The whole log: {checkout / '.venv/environment.log'}" in out
    assert "wordy" not in out
    assert "Traceback" not in out


def test_by_a_wrong_clock_the_clock_is_named(checkout):
    says = "SSLError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] certificate has expired (_ssl.c:992)')"
    _, out, _ = make(checkout, PIP_SAYS=says)
    assert "Does `date` say what day it is?" in out
    assert "PIP_CERT" not in out


def test_a_failure_is_told_where_the_output_lacks_letters(checkout):
    code, out, _ = make(checkout, PIP_SAYS="ERROR: no", PYTHONIOENCODING="ascii")
    assert code != 0
    assert f"The whole log: {str(checkout).replace('ö', '?')}" in out
    assert "Traceback" not in out


def test_scripts_need_no_leave_to_be_run(checkout):
    """Which some programs that unpack a zip forget."""
    for script in (checkout / "environment").glob("*.sh"):
        script.chmod(0o644)
    assert make(checkout)[0] == 0


@pytest.mark.parametrize("goal", ["help", "book", "clean"])
def test_from_another_folder_the_way_is_named(checkout, tmp_path, goal):
    """Where `clean` would remove what belongs to others."""
    other = tmp_path / "other"
    (other / "build").mkdir(parents=True)
    command = ["make", "-f", str(checkout / "Makefile"), goal]
    done = subprocess.run(command, cwd=other, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "go there, or name it with -C in place of -f" in done.stderr
    assert (other / "build").exists()


@pytest.mark.skipif(not hasattr(os, "ST_NOEXEC"), reason="this system does not tell it")
def test_a_folder_from_which_nothing_may_be_run_is_named(tmp_path, monkeypatch):
    module = runpy.run_path(str(ROOT / "environment" / "make.py"))
    mounted = list(os.statvfs(tmp_path))
    mounted[8] |= os.ST_NOEXEC
    monkeypatch.setattr(os, "statvfs", lambda folder: os.statvfs_result(mounted))
    (tmp_path / ".venv").mkdir()
    with open(tmp_path / "out", "w") as out, pytest.raises(module["Failed"], match="noexec"):
        module["make"](tmp_path, module["Progress"](out))
    assert (tmp_path / ".venv").exists()


@pytest.mark.parametrize("name", ["a:b", "what?", "two\nlines"])
def test_a_path_that_some_tool_misreads_is_named(name):
    module = runpy.run_path(str(ROOT / "environment" / "make.py"))
    with pytest.raises(module["Failed"], match="Put the course into a folder whose path has none"):
        module["refuse_letters"](Path("/srv") / name / "course")
    module["refuse_letters"](Path("/srv/it's 50 % #1 \\ of $HOME"))


def test_a_checkout_that_can_not_be_written_to_is_named(checkout, monkeypatch):
    module = runpy.run_path(str(ROOT / "environment" / "make.py"))
    monkeypatch.setattr(os, "access", lambda folder, how: False)
    with open(checkout / "out", "w") as out, pytest.raises(module["Failed"], match="of your own"):
        module["make"](checkout, module["Progress"](out))
    assert (checkout / "out").read_text() == ""


def test_what_can_not_be_written_is_one_line_without_a_number(checkout):
    (checkout / "environment" / "make.py").write_text(
        (ROOT / "environment" / "make.py").read_text().replace('".ready"', '"no/.ready"')
    )
    code, out, _ = make(checkout)
    assert code != 0
    assert f"make: {checkout}/.venv/no/.ready: No such file or directory.\n" in out


def test_a_closed_output_is_no_fault(checkout):
    environment = stand_ins(checkout, "CPython 3.11.0", "Linux")
    command = ["sh", "-c", "make book >&-"]
    done = subprocess.run(command, cwd=checkout, env=environment, capture_output=True, text=True)
    assert "Traceback" not in done.stderr
    assert (checkout / ".venv/.ready").exists()


def test_a_linked_environment_is_not_destroyed(checkout, tmp_path):
    """.venv may lead to the environment of another checkout."""
    other = tmp_path / "other"
    other.mkdir()
    (other / "precious").touch()
    (checkout / ".venv").symlink_to(other)
    assert make(checkout)[0] == 0
    assert (other / "precious").exists()
    assert not (checkout / ".venv").is_symlink()


def test_packages_of_another_place_do_not_get_in(checkout):
    make(checkout)
    _, _, asked = make(checkout, PYTHONPATH="/opt/robots")
    assert asked.splitlines()[-1] == "-m course_lib.authoring.book"


@pytest.mark.parametrize("setting", ["user", "require-hashes"])
def test_a_pip_that_is_configured_otherwise_installs_into_the_environment(
    setting, tmp_path, monkeypatch
):
    (tmp_path / "pip.conf").write_text(f"[install]\n{setting} = true\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    make = runpy.run_path(str(ROOT / "environment" / "make.py"))
    pip = [sys.executable, "-m", "pip", "install", "--dry-run", "--no-index", "pip"]
    with open(tmp_path / "log", "w+") as log:
        make["run"]("Installing", pip, log, make["Progress"](log))


def test_pip_is_asked_to_install_here_whatever_the_shell_asks_of_it(tmp_path, monkeypatch):
    make = runpy.run_path(str(ROOT / "environment" / "make.py"))
    for name in (*make["FOREIGN"], *make["ANSWERED_NO"]):
        if name.startswith("PIP_"):
            monkeypatch.setenv(name, "1")
    show = "import json, os; print(json.dumps(dict(os.environ)))"
    with open(tmp_path / "log", "w+") as log:
        make["run"]("Looking", [sys.executable, "-c", show], log, make["Progress"](log))
    seen = json.loads((tmp_path / "log").read_text().splitlines()[-1])
    assert not set(make["FOREIGN"]) & set(seen)
    assert {seen[name] for name in make["ANSWERED_NO"]} == {"0"}


@pytest.mark.parametrize("name", ["PYTHONOPTIMIZE", "PYTHONWARNINGS"])
def test_python_does_what_it_does_without_the_shells_settings(ready, name):
    folder = ready("course", f'echo "$* ${{{name}:-none}}" >> seen')
    make_in(folder, "book", **{name: "error"})
    assert (folder / "seen").read_text().endswith("-m course_lib.authoring.book none\n")


@pytest.mark.parametrize("terminal", [False, True])
def test_ctrl_c_ends_in_one_line(checkout, terminal):
    """A real interrupt, to make and all that it started, as a terminal sends it."""
    environment = stand_ins(checkout, "CPython 3.11.0", "Linux") | {"WAIT": "60", "TERM": "xterm"}
    ours, theirs = os.openpty() if terminal else os.pipe()
    process = subprocess.Popen(
        ["make", "book"],
        cwd=checkout,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    wait_for(checkout / "waiting")
    time.sleep(0.3)
    os.killpg(process.pid, signal.SIGINT)
    out = b""
    with contextlib.suppress(OSError):  # how a terminal says that nobody writes any more
        while chunk := os.read(ours, 4096):
            out += chunk
    os.close(ours)
    assert process.wait(timeout=30) == -signal.SIGINT
    text = out.decode().replace("\r\n", "\n").rstrip("\n")
    lines = [line.split("\r")[-1] for line in text.split("\n")]  # what is left on the screen
    assert lines[-1] == "Stopped. The next make begins the environment afresh."
    assert len(lines) == 4
    assert ("fetching 1 of " in lines[-2]) == terminal
    assert not (checkout / ".venv/.ready").exists()


def test_make_bench_runs_every_benchmark():
    """All that `course bench` knows, in one recipe."""
    from course_lib.commands.results import bench

    recipe = re.search(
        r"^bench:.*\n\t@for name in ([\w ]+);", (ROOT / "Makefile").read_text(), re.M
    )
    assert sorted(recipe.group(1).split()) == sorted(one.name for one in bench.registered_commands)
