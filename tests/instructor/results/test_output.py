"""What is written lies there whole or not at all, and where it hides nobody's work."""

import pytest

from course_lib.instructor.errors import BadUsage
from course_lib.instructor.intake.folders import RESULTS
from course_lib.instructor.results.output import drafted, results_folder


def test_what_is_whole_is_put_in_its_place(tmp_path):
    with drafted(tmp_path / "file") as file, drafted(tmp_path / "folder") as folder:
        file.write_text("all of it")
        (folder / "inner").mkdir(parents=True)
    assert (tmp_path / "file").read_text() == "all of it"
    assert sorted(one.name for one in tmp_path.iterdir()) == ["file", "folder"]


@pytest.mark.parametrize("stops", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_nothing_is_left_of_what_was_begun_and_an_error_names_the_place(tmp_path, stops):
    def write():
        with drafted(tmp_path / "a") as file, drafted(tmp_path / "b") as folder:
            file.write_text("half of it")
            (folder / "inner").mkdir(parents=True)
            raise stops

    with pytest.raises(type(stops)) as caught:
        write()
    assert not list(tmp_path.iterdir())
    if isinstance(stops, OSError):
        assert caught.value.filename == str(tmp_path / "a")


@pytest.mark.parametrize("out", ["class", "class/../class", "link", "class/anna"])
def test_results_do_not_go_where_a_students_work_lies(tmp_path, out):
    """They became a student called "students", or a student's work was passed over in silence."""
    (tmp_path / "class" / "anna").mkdir(parents=True)
    (tmp_path / "class" / "anna" / "01-vanilla-rnn.ipynb").write_text("{}")
    (tmp_path / "link").symlink_to("class")
    with pytest.raises(BadUsage, match="choose a"):
        results_folder(tmp_path / out, [tmp_path / "class"])


def test_results_may_lie_inside_the_class(tmp_path):
    for name, file in (
        ("new", ""),
        ("empty", ""),
        ("earlier", RESULTS),
        ("merged", "results.json"),
    ):
        if name != "new":
            (tmp_path / name).mkdir()
        if file:
            (tmp_path / name / file).write_text("")
        results_folder(tmp_path / name, [tmp_path])
