"""The small book, built by Sphinx alone, is page for page the one that Jupyter Book builds."""

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
