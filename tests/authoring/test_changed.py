"""What has changed since main is found with git, and leads to the exercises that it touches."""

import subprocess

import pytest

from course_lib.authoring.changed import (
    ALWAYS,
    changed_files,
    touched_exercises,
    touched_tests,
    why_unknown,
)
from course_lib.exercises.registry import CHAPTERS, ids


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A repository with one commit on main, and a branch; write files into it."""
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        monkeypatch.delenv(name, raising=False)

    def git(*arguments):
        who = ("-c", "user.name=me", "-c", "user.email=me@example.org")
        subprocess.run(["git", *who, *arguments], cwd=tmp_path, check=True, capture_output=True)

    def write(name, text="changed"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)

    git("init", "-b", "main")
    write("old.py")
    write("course_lib/scratch/rnn.py")
    git("add", ".")
    git("commit", "-m", "first")
    git("switch", "-c", "mine")
    write.git, write.root = git, tmp_path
    return write


def test_committed_changed_and_new_files_are_found(checkout):
    assert changed_files(checkout.root) == set()
    checkout("committed.py")
    checkout.git("add", ".")
    checkout.git("commit", "-m", "second")
    checkout("old.py", "other")
    checkout("neü.py")
    assert changed_files(checkout.root) == {"committed.py", "old.py", "neü.py"}


def test_without_a_repository_or_main_all_are_touched(checkout, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside")
    assert changed_files(outside) is None
    assert touched_exercises(outside) == ids()
    assert touched_exercises(checkout.root, base="no-such-branch") == ids()
    assert touched_tests(outside) == touched_tests(checkout.root, "no-such-branch") == ("tests",)


def test_why_all_are_touched_is_told_in_gits_words(checkout, tmp_path_factory, monkeypatch):
    assert why_unknown(checkout.root) == ""
    assert "not a git repository" in why_unknown(tmp_path_factory.mktemp("outside"))
    assert "no-such-branch" in why_unknown(checkout.root, "no-such-branch")
    checkout.git("checkout", "--orphan", "other")
    checkout.git("commit", "-m", "of its own")
    assert "nothing that this tree and main have in common" in why_unknown(checkout.root)
    monkeypatch.setenv("PATH", "")
    assert "git can't be run" in why_unknown(checkout.root)


def test_a_clone_of_another_branch_is_compared_with_origins_main(checkout, tmp_path_factory):
    clone = tmp_path_factory.mktemp("clone")
    checkout.git("clone", "--branch", "mine", str(checkout.root), str(clone))
    (clone / "new.py").write_text("new")
    assert changed_files(clone) == {"new.py"}
    assert why_unknown(clone) == ""


@pytest.mark.parametrize(
    ("file", "some", "others"),
    [
        ("course_lib/exercises/bptt/rnn_backward.py", {"rnn_backward"}, {"rnn_step_backward"}),
        ("course_lib/exercises/vanilla_rnn/vanillarnncell.py", {"VanillaRNNCell"}, {"rnn_step"}),
        ("course_lib/scratch/rnn.py", {"rnn_step", "rnn_forward"}, {"gru_step"}),
        ("course_lib/exercises/gated_cells/cases.py", set(CHAPTERS[2].exercises), {"rnn_step"}),
        ("course_lib/exercises/checker.py", set(ids()), set()),
        ("course_lib/exercises/naming/glance.py", set(ids()), set()),
        ("course_lib/exercises/projects/judging.py", {"predict_rows", "predict_pixels"}, {"scan"}),
        ("README.md", set(), set(ids())),
    ],
)
def test_what_a_file_touches(file, some, others, checkout):
    checkout(file, "new text")
    touched = set(touched_exercises(checkout.root))
    assert touched >= some
    assert not touched & others


@pytest.mark.parametrize(
    ("file", "tests"),
    [
        ("course_lib/online/traces.py", {"tests/online/test_traces.py"}),
        ("course_lib/online/no_test_of_its_name.py", {"tests/online"}),
        ("course_lib/online/by_hand/model.py", {"tests/online"}),
        ("course_lib/cli.py", {"tests/test_cli.py"}),
        ("course_lib/cores.py", set()),
        ("course_lib/exercises/checker.py", {"tests/exercises/test_checker.py"}),
        ("course_lib/exercises/bptt/rnn_backward.py", set()),
        ("course_lib/exercises/naming/slips.py", {"tests/exercises/naming/test_slips.py"}),
        ("course_lib/exercises/naming/evidence.py", {"tests/exercises/naming"}),
        ("course_lib/exercises/projects/arrays.py", {"tests/exercises/projects/test_arrays.py"}),
        ("tests/online/test_traces.py", {"tests/online/test_traces.py"}),
        ("tests/online/conftest.py", {"tests/online"}),
        ("book/bptt.md", {"tests/book"}),
        ("README.md", set()),
    ],
)
def test_which_tests_a_file_touches(file, tests, checkout):
    for there in (
        "tests/test_cli.py",
        "tests/online/test_traces.py",
        "tests/exercises/test_checker.py",
        "tests/exercises/naming/test_slips.py",
        "tests/exercises/projects/test_arrays.py",
    ):
        checkout(there)
    checkout.git("add", ".")
    checkout.git("commit", "-m", "tests")
    checkout.git("branch", "-f", "main")
    checkout(file, "new text")
    assert set(touched_tests(checkout.root)) == tests | set(ALWAYS)


def test_a_test_that_is_gone_is_not_run(checkout):
    checkout("tests/test_cli.py")
    checkout.git("add", ".")
    checkout.git("commit", "-m", "tests")
    checkout.git("branch", "-f", "main")
    (checkout.root / "tests/test_cli.py").unlink()
    assert touched_tests(checkout.root) == ALWAYS
