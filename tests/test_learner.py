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


def test_an_upgrade_renews_an_untouched_notebook(release, copy):
    learner.start(copy)
    for number in ("second", "third"):
        release.write_text(f"{number} release")
        assert actions(learner.start(copy)) == ["renewed"]
        assert (copy / "01-one.ipynb").read_text() == f"{number} release"
        assert actions(learner.start(copy)) == ["kept"]
    assert names(copy) == [".course", "01-one.ipynb"]
    assert no_draft_is_left(copy)


def test_what_was_written_into_the_new_one_is_kept_too(release, copy):
    learner.start(copy)
    (copy / "01-one.ipynb").write_text("my work")
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


def test_each_notebook_that_is_newer_is_told(release, copy):
    second, third = (release.with_name(f"0{n}.ipynb") for n in (2, 3))
    for one in (second, third):
        one.write_text("first release")
    learner.start(copy)
    for one in (release, second, third):
        (copy / one.name).write_text("my work")
    (copy / third.name).unlink()  # the learner does without it
    release.with_name("00.ipynb").write_text("a new chapter")
    for one in (second, third):
        one.write_text("second release")
    assert [one.name for one in learner.news(copy)] == [second.name]
    release.write_text("second release")
    assert [one.name for one in learner.news(copy)] == [release.name, second.name]


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
    assert (copy / "01-one.ipynb").read_text() == "first release"
    assert no_draft_is_left(copy)


def test_without_hard_links_it_works_as_well(release, copy, monkeypatch):
    def none(*arguments):
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(os, "link", none)
    assert actions(learner.start(copy)) == ["made"]
    assert (copy / "01-one.ipynb").read_text() == "first release"
    (copy / "01-one.ipynb").write_text("my work")
    assert actions(learner.start(copy)) == ["kept"]
    assert (copy / "01-one.ipynb").read_text() == "my work"


# --- an upgrade of real notebooks ----------------------------------------------------------------


def cell(source, role="", exercise="", kind="code", **more):
    mark = {"course": {"exercise": exercise, "role": role, **more}} if exercise else {}
    return {"cell_type": kind, "source": source, "metadata": mark, "outputs": []}


def exercise(name, code="stub", hints="hint", checks=("shape",)):
    return [
        cell(f"### {name}", "card", name, "markdown"),
        cell(f"def {name}(): {code}", "code", name),
        cell(f"check({name})", "check", name, checks=list(checks)),
        cell(hints, "hints", name, "markdown"),
    ]


def text_of(*cells, **metadata):
    flat = [one for part in cells for one in (part if isinstance(part, list) else [part])]
    return json.dumps({"cells": flat, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5})


def edited(path, change):
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content, indent=1))


INTRO = cell("# One", kind="markdown")
OLD = text_of(INTRO, exercise("a"), exercise("b"), exercise("c"))


def run_all(notebook):
    for one in notebook["cells"]:
        one["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "ran"}]
        one["execution_count"] = 3
        one["metadata"]["collapsed"] = True
        one["source"] = one["source"].splitlines(keepends=True)
    notebook["metadata"]["language_info"] = {"version": "3.11.2"}
    notebook["cells"].append(cell(""))


WORK = {
    "code": lambda nb: nb["cells"][2].update(source="def a(): return 1"),
    "a space": lambda nb: nb["cells"][2].update(source="def a(): stub "),
    "a note": lambda nb: nb["cells"][0].update(source="# One\nmine"),
    "a picture": lambda nb: nb["cells"][0].update(attachments={"a.png": {"image/png": "aaaa"}}),
    "a new cell": lambda nb: nb["cells"].append(cell("x = 1")),
    "a cell less": lambda nb: nb["cells"].pop(),
    "another order": lambda nb: nb["cells"].reverse(),
    "another kind": lambda nb: nb["cells"][0].update(cell_type="raw"),
}


@pytest.fixture
def real(release, copy):
    release.write_text(OLD)
    learner.start(copy)
    return copy / "01-one.ipynb"


def test_to_have_run_it_is_no_work(real, release, copy):
    edited(real, run_all)
    release.write_text(text_of(INTRO, exercise("a", code="new stub"), exercise("b")))
    (handed,) = learner.start(copy)
    assert handed.action == "renewed"
    assert handed.changes == ("a: what you start from changed", "c: taken out")
    assert real.read_text() == release.read_text()
    assert learner.news(copy) == []


@pytest.mark.parametrize("work", WORK.values(), ids=WORK)
def test_whatever_was_written_stays_byte_for_byte(real, release, copy, work):
    edited(real, work)
    mine = real.read_bytes()
    release.write_text(text_of(INTRO, exercise("a"), exercise("b", hints="better")))
    assert actions(learner.start(copy)) == ["put beside"]
    assert actions(learner.start(copy)) == ["kept"]
    assert real.read_bytes() == mine


def test_a_release_in_which_only_the_number_is_new_is_put_beside_nothing(real, release, copy):
    edited(real, WORK["code"])
    mine = real.read_bytes()
    newer = json.loads(OLD)
    newer["metadata"] |= {"course": {"release": "9.9.9"}}
    release.write_text(json.dumps(newer))
    assert learner.news(copy) == []
    assert actions(learner.start(copy)) == ["kept"]
    assert real.read_bytes() == mine
    assert names(copy) == [".course", "01-one.ipynb"]
    assert learner.news(copy) == []


def test_a_notebook_that_was_worked_in_by_itself_is_known_by_its_number(release, copy):
    def of_release(number):
        notebook = json.loads(OLD)
        notebook["metadata"] |= {"course": {"release": number}}
        return notebook

    (copy / progress.FOLDER).mkdir(parents=True)  # as its first check made it
    mine = of_release("1.0.0")
    WORK["code"](mine)
    (copy / "01-one.ipynb").write_text(json.dumps(mine))
    release.write_text(json.dumps(of_release("1.0.0")))
    assert actions(learner.start(copy)) == ["kept"]
    assert names(copy) == [".course", "01-one.ipynb"]
    release.write_text(text_of(INTRO, exercise("a"), exercise("b", hints="better")))
    (handed,) = learner.start(copy)
    assert handed.action == "put beside"
    assert handed.changes == ("b: its hints changed", "c: taken out")
    assert json.loads((copy / "01-one.ipynb").read_text()) == mine


def test_what_changed_is_said_exercise_by_exercise_and_each_time(real, release, copy):
    edited(real, WORK["code"])
    release.with_name("02-two.ipynb").write_text(text_of(exercise("c")))
    release.write_text(
        text_of(
            INTRO,
            exercise("b", hints="better", checks=("shape", "a second call")),
            exercise("a", code="new stub"),
            exercise("d"),
            cell("More.", kind="markdown"),
        )
    )
    said = (
        "b: what is checked and its hints changed",
        "b: moved to another place",
        "a: what you start from changed",
        "d: new",
        "c: moved to 02-two.ipynb",
        "between the exercises: text or code changed",
    )
    (before,) = learner.news(copy)
    assert (before.changes, before.beside) == (said, None)
    for action in ("put beside", "kept", "kept"):
        handed, _ = learner.start(copy)
        assert (handed.action, handed.changes) == (action, said)
        (news,) = learner.news(copy)
        assert news.changes == said
        assert news.beside.read_text() == release.read_text()


def test_it_is_said_until_the_new_one_is_deleted_and_starts_afresh_from_there(real, release, copy):
    edited(real, WORK["code"])
    release.write_text(text_of(INTRO, exercise("a", code="second"), exercise("b"), exercise("c")))
    (handed,) = learner.start(copy)
    handed.path.unlink()
    assert learner.news(copy) == []
    assert actions(learner.start(copy)) == ["kept"]
    release.write_text(text_of(INTRO, exercise("a", code="second"), exercise("b")))
    (handed,) = learner.start(copy)
    assert (handed.action, handed.changes) == ("put beside", ("c: taken out",))


def test_the_new_one_in_place_of_the_old_is_the_learners_from_then_on(real, release, copy):
    edited(real, WORK["code"])
    release.write_text(text_of(INTRO, exercise("a", code="second"), exercise("b")))
    (handed,) = learner.start(copy)
    handed.path.replace(real)
    assert (actions(learner.start(copy)), learner.news(copy)) == (["kept"], [])
    release.write_text(text_of(INTRO, exercise("a", code="third"), exercise("b")))
    assert actions(learner.start(copy)) == ["renewed"]


def test_a_copy_of_before_releases_were_kept_loses_nothing_and_is_told(real, release, copy):
    (copy / progress.FOLDER / learner.HANDED_OUT / real.name).unlink()
    release.write_text(text_of(INTRO, exercise("a", code="second"), exercise("b", hints="better")))
    edited(real, WORK["code"])
    mine = real.read_bytes()
    (handed,) = learner.start(copy)
    assert handed.changes == ("b: its hints changed", "c: taken out")
    assert [one.changes for one in learner.news(copy)] == [handed.changes]
    assert real.read_bytes() == mine


def test_an_untouched_copy_of_before_releases_were_kept_is_renewed(real, release, copy):
    (copy / progress.FOLDER / learner.HANDED_OUT / real.name).unlink()
    release.write_text(text_of(INTRO, exercise("a", code="second"), exercise("b"), exercise("c")))
    (handed,) = learner.start(copy)
    assert (handed.action, handed.changes) == ("renewed", ("a: what you start from changed",))


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
