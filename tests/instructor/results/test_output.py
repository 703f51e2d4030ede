"""What is written lies there whole or not at all."""

import pytest

from course_lib.instructor.results.output import drafted


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
