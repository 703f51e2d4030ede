import json
import os

import pytest

from course_lib import learner
from course_lib.exercises import progress


@pytest.fixture
def release(tmp_path, monkeypatch):
    """A release of one notebook; its text can be changed to make a newer one."""
    folder = tmp_path / "released"
    folder.mkdir()
    (folder / "01-one.ipynb").write_text("first release")
    monkeypatch.setattr(learner, "released_folder", lambda: folder)
    return folder / "01-one.ipynb"


@pytest.fixture
def copy(tmp_path):
    return tmp_path / "work"


def actions(handed):
    return [one.action for one in handed]


def names(copy):
    return sorted(path.name for path in copy.glob("*"))


def no_draft_is_left(copy):
    return not list((copy / progress.FOLDER).glob("*.tmp"))


def test_the_first_start_makes_a_copy_that_progress_finds(release, copy):
    (handed,) = learner.start(copy)
    assert handed == learner.Handed("01-one.ipynb", "made", copy / "01-one.ipynb")
    assert handed.path.read_text() == "first release"
    assert progress.home(copy) == copy
    assert no_draft_is_left(copy)


def test_a_second_start_keeps_what_was_written(release, copy):
    learner.start(copy)
    (copy / "01-one.ipynb").write_text("my work")
    assert actions(learner.start(copy)) == ["kept"]
    assert (copy / "01-one.ipynb").read_text() == "my work"
    assert names(copy) == [".course", "01-one.ipynb"]


def test_an_upgrade_is_put_beside_once(release, copy):
    learner.start(copy)
    (copy / "01-one.ipynb").write_text("my work")
    release.write_text("second release")

    (handed,) = learner.start(copy)
    assert handed.action == "put beside"
    assert handed.path.name.startswith("01-one.new-")
    assert handed.path.name.endswith(".ipynb")
    assert len(handed.path.name) == len("01-one.new-01234567.ipynb")
    assert handed.path.read_text() == "second release"
    assert (copy / "01-one.ipynb").read_text() == "my work"

    handed.path.unlink()  # the learner has seen it and wants it no more
    assert actions(learner.start(copy)) == ["kept"]
    assert names(copy) == [".course", "01-one.ipynb"]


def test_an_upgrade_replaces_not_even_an_untouched_notebook(release, copy):
    learner.start(copy)
    release.write_text("second release")
    assert actions(learner.start(copy)) == ["put beside"]
    assert (copy / "01-one.ipynb").read_text() == "first release"


def test_what_was_written_into_the_new_one_is_kept_too(release, copy):
    learner.start(copy)
    release.write_text("second release")
    (handed,) = learner.start(copy)
    handed.path.write_text("my work in the new one")
    (copy / progress.FOLDER / learner.RECORD).unlink()
    learner.start(copy)
    assert handed.path.read_text() == "my work in the new one"
    assert no_draft_is_left(copy)


def test_a_file_of_the_learner_with_the_same_name_is_kept(release, copy):
    copy.mkdir()
    (copy / "01-one.ipynb").write_text("mine from before")
    assert actions(learner.start(copy)) == ["put beside"]
    assert (copy / "01-one.ipynb").read_text() == "mine from before"


def test_a_new_chapter_joins_an_old_copy(release, copy):
    learner.start(copy)
    (copy / "01-one.ipynb").write_text("my work")
    release.with_name("02-two.ipynb").write_text("a new chapter")
    assert actions(learner.start(copy)) == ["kept", "made"]
    assert (copy / "02-two.ipynb").read_text() == "a new chapter"


@pytest.mark.parametrize("broken", ["", "{", "[]", '{"sha256": 3}', '{"sha256": {"a": 1}}'])
def test_a_broken_record_loses_nothing(release, copy, broken):
    learner.start(copy)
    (copy / "01-one.ipynb").write_text("my work")
    (copy / progress.FOLDER / learner.RECORD).write_text(broken)
    learner.start(copy)
    assert (copy / "01-one.ipynb").read_text() == "my work"


@pytest.mark.parametrize("step", ["link", "replace"])
def test_an_interrupted_start_is_finished_by_the_next(release, copy, monkeypatch, step):
    def stop(*arguments):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        if step == "link":
            patch.setattr(os, "link", stop)
        else:
            patch.setattr(type(copy), "replace", stop)
        with pytest.raises(KeyboardInterrupt):
            learner.start(copy)
    assert names(copy) == [".course"]
    assert actions(learner.start(copy)) == ["made"]
    assert (copy / "01-one.ipynb").read_text() == "first release"


def test_a_full_disk_leaves_no_half_notebook(release, copy, monkeypatch):
    learner.start(copy)
    release.write_text("second release")

    def full(path, content):
        with open(path, "wb") as file:
            file.write(content[:3])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(type(copy), "write_bytes", full)
    with pytest.raises(learner.LearnerError, match="No space left on device"):
        learner.start(copy)
    assert names(copy) == [".course", "01-one.ipynb"]
    assert no_draft_is_left(copy)


def test_without_hard_links_it_works_as_well(release, copy, monkeypatch):
    def none(*arguments):
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(os, "link", none)
    assert actions(learner.start(copy)) == ["made"]
    (copy / "01-one.ipynb").write_text("my work")
    assert actions(learner.start(copy)) == ["kept"]
    assert (copy / "01-one.ipynb").read_text() == "my work"


def test_the_record_holds_the_digest_that_was_handed_out(release, copy):
    import hashlib

    learner.start(copy)
    record = json.loads((copy / progress.FOLDER / learner.RECORD).read_text())
    digest = hashlib.sha256(b"first release").hexdigest()
    assert record == {"sha256": {"01-one.ipynb": [digest]}}


@pytest.mark.parametrize("where", ["file", "file/below"])
def test_a_file_in_the_way_is_named(release, tmp_path, where):
    (tmp_path / "file").write_text("precious")
    with pytest.raises(learner.LearnerError, match="a file is in the way"):
        learner.start(tmp_path / where)
    assert (tmp_path / "file").read_text() == "precious"


def test_a_folder_that_cannot_be_written_to_is_named(release, copy, monkeypatch):
    def refuse(*arguments, **options):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(type(copy), "mkdir", refuse)
    with pytest.raises(learner.LearnerError, match="can't be written to"):
        learner.start(copy)


def test_the_originals_are_no_place_to_work_in(release):
    with pytest.raises(learner.LearnerError, match="generated"):
        learner.start(release.parent)


def test_started_inside_the_copy_it_means_that_copy(release, copy, monkeypatch):
    learner.start(copy)
    monkeypatch.chdir(copy)
    assert learner.choose_folder(None) == copy
    assert learner.find_copy(None) == copy


def test_without_a_name_progress_looks_into_work(release, copy, monkeypatch, tmp_path):
    learner.start(copy)
    monkeypatch.chdir(tmp_path)
    assert learner.find_copy(None) == copy
    assert learner.choose_folder(None).name == "work"


def test_the_course_has_notebooks_to_hand_out():
    found = sorted(path.stem for path in learner.released_folder().glob("*.ipynb"))
    from course_lib.exercises.registry import CHAPTERS

    assert found == [chapter.notebook for chapter in CHAPTERS]
