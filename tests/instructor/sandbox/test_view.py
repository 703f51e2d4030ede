"""What a submission sees of the machine, wherever the class lies."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from a_class import solved, write

from course_lib.instructor.errors import NoSandbox
from course_lib.instructor.sandbox import view
from course_lib.instructor.sandbox.view import bubblewrap_command

SECRET = "for-the-instructor-alone"

# Walks everything that it may enter, and looks for what is not meant for it.
LOOK = f"""
def rnn_step(x_t, h_prev, W_xh, W_hh, b_h):
    import os
    for place in PLACES:
        for folder, _, files in os.walk(place):
            for file in files:
                with open(os.path.join(folder, file), errors='replace') as opened:
                    assert {SECRET!r} not in opened.read(), file
        if os.path.isfile(place):
            assert {SECRET!r} not in open(place).read(), place
    return np.tanh(x_t @ W_xh + h_prev @ W_hh + b_h)
"""


@pytest.mark.slow
@pytest.mark.parametrize("base", [sys.prefix, "/usr/src", "/usr/share", "/usr/local/lib"])
def test_a_class_in_a_folder_that_the_sandbox_shows(kind, base):
    if not os.access(base, os.W_OK):
        pytest.skip(f"{base} can't be written to: this needs root")
    with tempfile.TemporaryDirectory(prefix="course-class-", dir=base) as folder:
        os.chmod(folder, 0o755)  # as ordinary folders are: others may read it
        work = Path(folder, "work")
        places = [work, work / "class", work / ".env", work / "cases.json", work / "out"]
        look = LOOK.replace("PLACES", repr([str(place) for place in places]))
        for name in ("looks", "other"):
            path = work / "class" / name / "01-vanilla-rnn.ipynb"
            write(path, solved(1, rnn_step=f"# {SECRET}\n{look}"))
        (work / ".env").write_text(SECRET)
        (work / "cases.json").write_text(json.dumps({"rnn_step": []}) + " " * 10)
        (work / "weights.json").write_text("{}")
        arguments = ["class", "--out=out", "--cases=cases.json", "--exercise=rnn_step", "--jobs=1"]
        done = subprocess.run(
            [sys.executable, "-m", "course_lib.cli", "validate", *arguments],
            cwd=work, capture_output=True, text=True, timeout=120,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        students = json.loads((work / "out" / "results.json").read_text())["students"]
        assert [s["exercises"][0]["outcome"] for s in students] == ["passed"] * 2, students


@pytest.mark.slow
def test_one_notebook_among_the_packages_is_blank_for_the_next(kind):
    with tempfile.TemporaryDirectory(prefix="course-class-", dir=sys.prefix) as folder:
        os.chmod(folder, 0o755)
        paths = [Path(folder, f"{name}.ipynb") for name in ("anna", "ben")]
        look = LOOK.replace("PLACES", repr([str(path) for path in paths]))
        for path in paths:
            write(path, solved(1, rnn_step=f"# {SECRET}\n{look}"))
        with tempfile.TemporaryDirectory() as out:
            done = subprocess.run(
                [sys.executable, "-m", "course_lib.cli", "validate", *map(str, paths),
                 f"--out={out}", "--exercise=rnn_step", "--jobs=1"],
                capture_output=True, text=True, timeout=120,
            )  # fmt: skip
            assert done.returncode == 0, done.stderr
            students = json.loads(Path(out, "results.json").read_text())["students"]
        assert [s["exercises"][0]["outcome"] for s in students] == ["passed"] * 2, students


def test_a_folder_of_the_system_as_the_class_is_refused():
    with pytest.raises(NoSandbox, match="move what is yours out of it"):
        bubblewrap_command([Path("/usr/share")])


def test_a_class_is_covered_where_a_link_shows_it(tmp_path, monkeypatch):
    """The environment may be a link to another checkout's: the sandbox sees it by the link's name,
    and the folder in which a command is started has only the other one."""
    real, link = tmp_path / "real", tmp_path / "link"
    (real / "class").mkdir(parents=True)
    (real / "cases.json").touch()
    link.symlink_to(real)
    monkeypatch.setattr(view, "_shown", lambda: ([str(link)], {}))
    steps = bubblewrap_command([real / "class", real / "cases.json"])
    at = {steps[k + 1] for k, word in enumerate(steps) if word == "--tmpfs"}
    assert str(link / "class") in at
    assert steps[steps.index(str(link / "cases.json")) - 1] == os.devnull
    with pytest.raises(NoSandbox, match="move what is yours out of it"):
        bubblewrap_command([real])


def test_what_lies_inside_a_secret_folder_and_is_needed_is_shown():
    command = bubblewrap_command([Path(sys.prefix).parent])
    assert command.count(sys.prefix) == 2  # from, to
