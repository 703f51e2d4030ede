"""The small book, built by Sphinx alone, is page for page the one that Jupyter Book builds."""

import contextlib
import os
from types import SimpleNamespace

import pytest

from course_lib.authoring import plain_sphinx
from course_lib.authoring.book import run_jupyter_book
from course_lib.authoring.plain_sphinx import build, differences

ADDRESS = "https://github.com/an-owner/a-course"


@pytest.mark.slow
@pytest.mark.parametrize("url", ["", ADDRESS])
def test_the_pages_are_the_same(url, small_book, tmp_path, capsys):
    folder = small_book(tmp_path, url)
    assert run_jupyter_book(folder, folder / "book/_toc.yml") == 0
    assert build(folder) == 0, capsys.readouterr().err
    assert "page for page what is in" in capsys.readouterr().out
    assert "42" in (folder / "_build/sphinx/html/book/intro.html").read_text("utf-8")
    assert not (folder / plain_sphinx.CONF).exists()


@pytest.mark.slow
def test_a_broken_page_fails_it_and_leaves_nothing_behind(small_book, tmp_path, capfd):
    folder = small_book(tmp_path)
    (folder / "book/intro.md").write_text("# A chapter\n\n{nonsense}`x`\n")
    assert build(folder) == 1
    said = capfd.readouterr().err
    assert "nonsense" in said
    assert "Sphinx did not build the book" in said
    assert not (folder / plain_sphinx.CONF).exists()


def test_a_conf_of_somebody_s_own_stays(tmp_path, capsys):
    (tmp_path / plain_sphinx.CONF).write_text("mine")
    assert build(tmp_path) == 1
    assert "move it away" in capsys.readouterr().err
    assert (tmp_path / plain_sphinx.CONF).read_text() == "mine"


@pytest.fixture
def built(tmp_path, monkeypatch):
    """A folder where Sphinx, which is left out, has built one page."""

    def sphinx(root):
        (root / plain_sphinx.FOLDER / "html").mkdir(parents=True)
        (root / plain_sphinx.FOLDER / "html" / "index.html").write_text("a page")
        return 0

    monkeypatch.setattr(
        plain_sphinx, "write_conf", lambda root, toc: (root / plain_sphinx.CONF).touch()
    )
    monkeypatch.setattr(plain_sphinx, "run_sphinx", sphinx)
    monkeypatch.setattr(plain_sphinx, "check_site", lambda html: [])
    return tmp_path


def test_without_a_book_there_is_nothing_to_compare_with(built, capsys):
    assert build(built) == 0
    said = capsys.readouterr().out
    assert "built 1 pages, not compared" in said
    assert str(built / plain_sphinx.FOLDER / "html" / "index.html") in said
    assert not (built / plain_sphinx.CONF).exists()


def test_a_book_that_is_there_is_compared(built, capsys):
    (built / plain_sphinx.BOOK).mkdir(parents=True)
    book = built / plain_sphinx.BOOK / "index.html"
    book.write_text("a page")
    assert build(built) == 0
    assert "page for page what is in" in capsys.readouterr().out
    book.write_text("another")
    assert build(built) == 1
    assert "sphinx: index.html differs." in capsys.readouterr().err


def test_a_site_with_a_fault_fails(built, monkeypatch, capsys):
    monkeypatch.setattr(plain_sphinx, "check_site", lambda html: ["a link leads nowhere."])
    assert build(built) == 1
    assert "sphinx: a link leads nowhere." in capsys.readouterr().err


def test_sphinx_finds_the_extensions_beside_what_the_shell_names(tmp_path, monkeypatch):
    asked = {}

    @contextlib.contextmanager
    def apart(command, cwd, env):
        asked.update(env, command=command, cwd=cwd)
        yield SimpleNamespace(wait=lambda: 7)

    monkeypatch.setattr(plain_sphinx.interrupted, "apart", apart)
    own = str(tmp_path / "book" / "_ext")
    for named, expected in (("", own), ("/elsewhere", f"{own}{os.pathsep}/elsewhere")):
        monkeypatch.setenv("PYTHONPATH", named)
        assert plain_sphinx.run_sphinx(tmp_path) == 7
        assert (asked["PYTHONPATH"], asked["cwd"]) == (expected, tmp_path)
    assert "-W" in asked["command"]


def test_each_difference_is_named(tmp_path):
    for site, pages in {"a": ("same", "other", "mine"), "b": ("same", "other", "yours")}.items():
        for page in pages:
            (tmp_path / site / "book").mkdir(parents=True, exist_ok=True)
            text = f"{page} of {site}" if page == "other" else page
            (tmp_path / site / "book" / f"{page}.html").write_text(text)
        (tmp_path / site / "_static").mkdir()
        (tmp_path / site / "_static" / f"{site}.html").touch()
    a, b = tmp_path / "a", tmp_path / "b"
    assert differences(a, b) == [
        f"book/mine.html is only in {a}.",
        f"book/yours.html is only in {b}.",
        "book/other.html differs.",
    ]
    assert differences(a, a) == []
