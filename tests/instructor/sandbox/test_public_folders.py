"""Folders where anybody may write are closed for a while, and are as before afterwards."""

import stat

from course_lib.instructor.sandbox.public_folders import closed_to_others


def test_nobody_else_writes_in_them_meanwhile(tmp_path):
    modes = {"tmp": 0o1777, "var/tmp": 0o1777, "home": 0o755, "shared": 0o775}
    for name, mode in modes.items():
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name).chmod(mode)
    (tmp_path / "link").symlink_to("tmp")

    def found():
        return {name: stat.S_IMODE((tmp_path / name).stat().st_mode) for name in modes}

    try:
        with closed_to_others(str(tmp_path)):
            assert found() == modes | {"tmp": 0o1775, "var/tmp": 0o1775}
            raise KeyboardInterrupt
    except KeyboardInterrupt:
        assert found() == modes


def test_one_that_has_gone_meanwhile_costs_nobody_a_result(tmp_path):
    """The verdicts were there, and the student read that the autograder had come down."""
    for name in ("tmp", "gone"):
        (tmp_path / name).mkdir()
        (tmp_path / name).chmod(0o1777)
    with closed_to_others(str(tmp_path)):
        (tmp_path / "gone").rmdir()
    assert stat.S_IMODE((tmp_path / "tmp").stat().st_mode) == 0o1777
