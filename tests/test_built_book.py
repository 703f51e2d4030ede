"""Where the book is looked for, and what is said where there is none."""

import importlib.metadata
import json
import os
import subprocess

import pytest

from course_lib import built_book
from course_lib.built_book import find_book, find_checkout, for_a_shell, how_to_get_it


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """The package far from any checkout; its origin can be noted as pip does."""
    monkeypatch.delenv(built_book.VARIABLE, raising=False)
    package = tmp_path / "site-packages" / "course_lib"
    monkeypatch.setattr(built_book, "PACKAGE", package)
    monkeypatch.setattr(built_book, "CARRIED", package / "built_book")

    class Distribution:
        origin = None

        def read_text(self, name):
            return self.origin

    found = Distribution()
    monkeypatch.setattr(importlib.metadata, "distribution", lambda name: found)
    return found


def make_book(folder):
    folder.mkdir(parents=True)
    (folder / "index.html").write_text("the book")
    return folder


def make_checkout(folder):
    (folder / "book").mkdir(parents=True)
    (folder / "book" / "_toc.yml").touch()
    return folder


def test_a_wheel_without_a_book_says_how_to_get_one(installed):
    assert (find_book(), find_checkout()) == (None, None)
    sentence, *commands = how_to_get_it()
    assert "COURSE_BOOK" in sentence
    assert commands == ["make book"]


def test_a_wheel_carries_it(installed):
    book = make_book(built_book.CARRIED)
    assert find_book() == book


def test_the_checkout_that_pip_installed_from_has_it(installed, tmp_path):
    checkout = make_checkout(tmp_path / "a course")
    installed.origin = json.dumps({"url": checkout.as_uri(), "dir_info": {}})
    assert find_book() is None
    assert how_to_get_it() == [
        "The book is not built yet. In a terminal:", f"cd {for_a_shell(checkout)}", "make book"
    ]  # fmt: skip
    book = make_book(checkout / "_build" / "html")
    assert find_book() == book


def test_the_variable_comes_first_if_a_book_is_there(installed, tmp_path, monkeypatch):
    carried, named = make_book(built_book.CARRIED), tmp_path / "elsewhere"
    monkeypatch.setenv(built_book.VARIABLE, str(named))
    assert find_book() == carried
    make_book(named)
    assert find_book() == named


@pytest.mark.parametrize("origin", ["", "{", "[]", '{"url": 3}', '{"url": "https://a.org/b.whl"}'])
def test_an_origin_that_is_no_folder_is_passed_over(installed, origin):
    installed.origin = origin
    assert find_checkout() is None


def test_a_package_that_was_never_installed_is_no_fault(installed, monkeypatch):
    def missing(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "distribution", missing)
    assert find_checkout() is None


@pytest.mark.skipif(os.name != "posix", reason="it is quoted for a POSIX shell here")
@pytest.mark.parametrize("name", ["w", "a folder", "it's", "a $HOME", 'a "q" `id`'])
def test_a_path_can_be_typed_as_it_is_said(tmp_path, name):
    folder = tmp_path / name
    said = subprocess.run(
        ["sh", "-c", f"printf %s {for_a_shell(folder)}"], capture_output=True, text=True
    )
    assert said.stdout == str(folder)
