import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from course_lib import doctor
from course_lib.doctor import Finding
from course_lib.instructor.errors import NoSandbox

ROOT = Path(__file__).resolve().parents[1]

pytestmark = pytest.mark.usefixtures("terminal")

ANSWER = {"version": "2.21.0", "CPU": 1, "GPU": 0}


def ended(code=0, stdout="", stderr=""):
    """Stands in for running Python: it ended so."""
    return lambda *arguments, **options: subprocess.CompletedProcess(
        arguments, code, stdout, stderr
    )


@pytest.mark.parametrize("version", [(3, 10, 4), (3, 14, 0), (4, 0, 0)])
def test_a_python_that_the_course_does_not_run_on_is_named(version):
    finding = doctor.python(version)
    assert not finding.ok
    assert ".".join(map(str, version)) in finding.found
    assert "3.11, 3.12 or 3.13" in finding.todo
    assert doctor.python().ok
    assert doctor.python((3, 13, 9)).ok


def test_the_pythons_are_those_of_the_package():
    requires = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"]
    (_, oldest), (_, newest) = doctor.OLDEST_PYTHON, doctor.NEWEST_PYTHON
    assert requires == f">=3.{oldest},<3.{newest + 1}"


def test_tensorflow_answers_with_version_and_devices():
    noise = "a line that some plugin prints\n"
    answer = doctor.ask_tensorflow(ended(stdout=noise + json.dumps(ANSWER)))
    assert answer == ANSWER
    assert doctor.tensorflow_version(answer) == Finding("TensorFlow", True, "2.21.0")
    assert doctor.devices(answer).ok


@pytest.mark.parametrize(
    ("run", "words"),
    [
        (ended(1, "", "Traceback\nModuleNotFoundError: No module named 'tensorflow'"), "No module"),
        (ended(-4), "AVX"),
        (ended(3), "code 3"),
    ],
)
def test_a_tensorflow_that_does_not_start_is_explained(run, words):
    answer = doctor.ask_tensorflow(run)
    finding = doctor.tensorflow_version(answer)
    assert words in finding.found
    assert (finding.ok, finding.essential) == (False, True)
    assert f"{sys.executable} -m pip install" in finding.todo
    assert not doctor.devices(answer).ok


def test_a_flag_that_xla_does_not_know_is_named():
    said = "F0000 00:00:1.5   9 parse_flags_from_env.cc:234] Unknown flag in XLA_FLAGS: --no_such=1"
    finding = doctor.tensorflow_version(doctor.ask_tensorflow(ended(1, "", said)))
    assert finding.found == "it doesn't know a flag in XLA_FLAGS: --no_such=1"
    assert finding.todo == "Take that flag out of XLA_FLAGS, or: unset XLA_FLAGS"
    assert not finding.ok


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="only Linux gives out cores")
def test_the_cores_are_those_that_it_may_use():
    before = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(before)})
        assert "(1 core)" in doctor.devices({"CPU": 1, "GPU": 0}).found
    finally:
        os.sched_setaffinity(0, before)


def test_a_tensorflow_that_hangs_is_explained():
    def hang(command, timeout, **options):
        raise subprocess.TimeoutExpired(command, timeout)

    assert "took longer than" in doctor.ask_tensorflow(hang)


def test_a_gpu_that_tensorflow_does_not_see_is_named(monkeypatch):
    monkeypatch.setattr(doctor.shutil, "which", lambda name: f"/usr/bin/{name}")
    finding = doctor.devices(ANSWER)
    assert (finding.ok, finding.essential) == (False, False)
    assert "tensorflow[and-cuda]" in finding.todo
    assert doctor.devices({**ANSWER, "GPU": 2}).found.endswith("2 GPU")


def test_the_bundled_data_are_here():
    assert doctor.bundled_data() == Finding(
        "Data, bundled", True, "MNIST subset (10,000 train, 2,000 test)"
    )


def test_damaged_bundled_data_are_named(monkeypatch, tmp_path):
    from course_lib.data import mnist

    broken = tmp_path / "broken.npz"
    broken.write_bytes(b"PK not a zip file")
    monkeypatch.setattr(mnist, "SUBSET_FILE", broken)
    finding = doctor.bundled_data()
    assert (finding.ok, finding.essential) == (False, True)
    assert "Install course-lib again" in finding.todo


def test_the_full_data_are_optional(monkeypatch, tmp_path):
    monkeypatch.delenv("COURSE_MNIST", raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    finding = doctor.full_data()
    assert (finding.ok, finding.essential) == (False, False)
    assert "COURSE_MNIST" in finding.todo
    file = tmp_path / "mine.npz"
    file.touch()
    monkeypatch.setenv("COURSE_MNIST", str(file))
    finding = doctor.full_data()
    assert not finding.ok
    assert "truncated" in finding.found
    assert "Delete that file" in finding.todo
    monkeypatch.setattr("course_lib.data.problem_with_full_mnist", lambda file: None)
    assert doctor.full_data().found == f"MNIST in {file}"


def test_a_full_disk_is_named(monkeypatch, tmp_path):
    usage = type("Usage", (), {"free": 2e8})
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda folder: usage)
    finding = doctor.disk(tmp_path)
    assert (finding.ok, finding.found) == (False, "0.2 GB free")


def kernels(tmp_path, monkeypatch, program):
    folder = tmp_path / "kernels" / "python3"
    folder.mkdir(parents=True)
    spec = {"argv": [program, "-m", "ipykernel_launcher"], "display_name": "", "language": "python"}
    (folder / "kernel.json").write_text(json.dumps(spec))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))


def test_the_kernel_of_this_python_is_fine(tmp_path, monkeypatch):
    kernels(tmp_path, monkeypatch, sys.executable)
    assert doctor.kernel().ok


def test_a_kernel_of_another_python_is_named(tmp_path, monkeypatch):
    kernels(tmp_path, monkeypatch, "/opt/other/bin/python")
    finding = doctor.kernel()
    assert not finding.ok
    assert "/opt/other/bin/python" in finding.found
    assert "ipykernel install" in finding.todo


def test_a_kernel_that_comes_first_is_to_be_taken_out_of_the_way(tmp_path, monkeypatch):
    kernels(tmp_path, monkeypatch, "/opt/other/bin/python")
    todo = doctor.kernel().todo
    assert str(tmp_path / "kernels" / "python3") in todo
    assert "unset JUPYTER_PATH" in todo


def test_a_folder_of_ipythons_that_cannot_be_made_is_named(monkeypatch):
    def refuse(*_):
        raise FileNotFoundError(2, "No such file or directory", "/proc/x")  # as IPython does there

    monkeypatch.setattr("jupyter_client.kernelspec.KernelSpecManager.get_kernel_spec", refuse)
    finding = doctor.kernel()
    assert not finding.ok
    assert "/proc/x" in finding.found
    assert "IPYTHONDIR" in finding.todo


def test_without_temporary_files_tensorflow_is_not_to_be_installed_again(monkeypatch):
    said = "FileNotFoundError: [Errno 2] No usable temporary directory found in ['/tmp']"
    todo = doctor.tensorflow_version(said).todo
    assert "TMPDIR" in todo
    assert "pip" not in todo


@pytest.mark.parametrize("content", ["{", '{"argv": [], "display_name": "", "language": "python"}'])
def test_a_kernel_that_cannot_be_started_is_none(content, tmp_path, monkeypatch):
    kernels(tmp_path, monkeypatch, sys.executable)
    (tmp_path / "kernels" / "python3" / "kernel.json").write_text(content)
    finding = doctor.kernel()
    assert (finding.ok, finding.found) == (False, "no usable kernel python3")
    assert "ipykernel install" in finding.todo


def found_sandbox(monkeypatch, find):
    monkeypatch.setattr("course_lib.instructor.sandbox.available.find_sandbox", find)
    return doctor.sandbox()


@pytest.mark.parametrize(
    ("kind", "found"),
    [
        ("bubblewrap", "bubblewrap"),
        ("namespaces", "namespaces, made by Python (without bubblewrap)"),
    ],
)
def test_a_sandbox_is_named(kind, found, monkeypatch):
    finding = found_sandbox(monkeypatch, lambda: kind)
    assert (finding.ok, finding.found, finding.essential) == (True, found, False)


def test_without_a_sandbox_only_a_class_cannot_be_validated(monkeypatch):
    def none():
        raise NoSandbox("it isn't installed")

    finding = found_sandbox(monkeypatch, none)
    assert (finding.ok, finding.essential) == (False, False)
    assert "apt-get install bubblewrap" in finding.todo


def test_a_missing_browser_is_optional(monkeypatch):
    monkeypatch.setattr(doctor.shutil, "which", lambda name: None)
    finding = doctor.browser()
    assert (finding.ok, finding.essential) == (False, False)


@pytest.mark.parametrize("columns", [40, 80])
def test_a_path_is_shown_whole_however_narrow_the_terminal_is(columns, monkeypatch, capsys):
    path = "/home/a-learner/somewhere-below/environments/course/bin/python3.11"
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setattr(doctor, "examine", lambda: [Finding("Python", True, f"3.11.2 ({path})")])
    doctor.main(as_json=False)
    table = [line for line in capsys.readouterr().out.splitlines() if line.startswith("│")]
    assert "…" not in "".join(table)
    assert path in "".join(line.split("│")[3].strip() for line in table)


FINE = Finding("One", True, "here")
OPTIONAL = Finding("Two", False, "not here", "pip install 'two[all]'", essential=False)
MISSING = Finding("Three", False, "gone", "Get it.")


@pytest.mark.parametrize(("findings", "code"), [([FINE, OPTIONAL], 0), ([FINE, MISSING], 1)])
@pytest.mark.parametrize("as_json", [False, True])
def test_only_what_is_essential_makes_it_fail(findings, code, as_json, monkeypatch, capsys):
    monkeypatch.setattr(doctor, "examine", lambda: findings)
    assert doctor.main(as_json) == code
    out = capsys.readouterr().out
    if as_json:
        answer = json.loads(out)
        assert answer["ok"] is (code == 0)
        assert [one["what"] for one in answer["findings"]] == [one.what for one in findings]
    else:
        assert all(one.what in out and one.todo in out for one in findings)
