"""What `make book` builds again, what it keeps, and what it says when something is wrong."""

import os
from pathlib import Path

import pytest

from course_lib.authoring import book

PAGE = "<html><body><article><h1>Intro</h1></article></body></html>"


TOC = """format: jb-book
root: book/intro
parts:
  - caption: Exercises
    chapters:
      - file: exercises/01-rnn
  - caption: Solutions
    chapters:
      - file: solutions/01-rnn
"""


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project with one page, and a Jupyter Book that notes what it found and writes that page."""
    for name in ("course_lib/rnn.py", "book/intro.md", "_config.yml", "requirements.lock"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("1", encoding="utf-8")
    build = tmp_path / "_build"
    seen = []

    (tmp_path / "book" / "_toc.yml").write_text(TOC, encoding="utf-8")

    def jupyter_book(root, toc):
        kept = {name for name in (".jupyter_cache", ".doctrees", "html") if (build / name).exists()}
        seen.append(kept)
        jupyter_book.toc = toc.read_text(encoding="utf-8")
        for name in (".jupyter_cache", ".doctrees", "html/reports"):
            (build / name).mkdir(parents=True, exist_ok=True)
        (build / "html" / "index.html").write_text(jupyter_book.page, encoding="utf-8")
        (build / "html" / "reports" / "intro.err.log").write_text("NameError: n_input")
        return jupyter_book.code

    jupyter_book.page, jupyter_book.code = PAGE, 0
    monkeypatch.setattr(book, "run_jupyter_book", jupyter_book)
    tmp_path_and_more = type("Project", (), {"root": tmp_path, "seen": seen, "tool": jupyter_book})
    return tmp_path_and_more


def edit(project, name):
    (project.root / name).write_text("2", encoding="utf-8")


def test_nothing_is_built_when_nothing_changed(project, capsys):
    assert book.build(project.root) == 0
    assert book.build(project.root) == 0
    assert project.seen == [set()]
    assert "up to date" in capsys.readouterr().out


@pytest.mark.parametrize(
    "left",
    [
        "course_lib/.ruff_cache/CACHEDIR.TAG",
        "course_lib/__pycache__/rnn.pyc",
        "book/.ipynb_checkpoints/intro.md",
        "book/.intro.md.swp",
    ],
)
def test_what_tools_leave_is_no_change(project, left):
    """`make test` looks at the style before it comes to the book."""
    assert book.build(project.root) == 0
    (project.root / left).parent.mkdir(exist_ok=True)
    (project.root / left).write_text("1", encoding="utf-8")
    assert book.build(project.root) == 0
    assert project.seen == [set()]


def test_a_page_is_built_again_from_the_cache(project):
    book.build(project.root)
    edit(project, "book/intro.md")
    assert book.build(project.root) == 0
    assert project.seen[1] == {".jupyter_cache", ".doctrees"}


def test_a_page_is_read_again_whatever_its_date(project):
    """Unpacked from an archive, it is older than the last build; Sphinx alone would go by that."""
    book.build(project.root)
    remembered = project.root / "_build" / ".doctrees" / "book"
    remembered.mkdir()
    for name in ("intro", "other"):
        (remembered / f"{name}.doctree").touch()
    edit(project, "book/intro.md")
    os.utime(project.root / "book" / "intro.md", (0, 0))
    assert book.build(project.root) == 0
    assert [one.name for one in remembered.iterdir()] == ["other.doctree"]


@pytest.mark.parametrize("name", ["_config.yml", "book/_ext/units.py", "book/_static/course.css"])
def test_what_is_no_page_has_all_pages_read_again(project, name):
    (project.root / name).parent.mkdir(exist_ok=True)
    edit(project, name)
    book.build(project.root)
    (project.root / name).write_text("3", encoding="utf-8")
    assert book.build(project.root) == 0
    assert project.seen[1] == {".jupyter_cache"}


@pytest.mark.parametrize("name", ["course_lib/rnn.py", "requirements.lock"])
def test_no_output_survives_a_change_of_code(project, name):
    book.build(project.root)
    edit(project, name)
    assert book.build(project.root) == 0
    assert project.seen[1] == set()


def test_a_removed_file_is_a_change(project):
    book.build(project.root)
    (project.root / "course_lib" / "rnn.py").unlink()
    book.build(project.root)
    assert project.seen[1] == set()


def test_python_caches_are_no_change(project):
    book.build(project.root)
    (project.root / "course_lib" / "__pycache__").mkdir()
    edit(project, "course_lib/__pycache__/rnn.pyc")
    book.build(project.root)
    assert len(project.seen) == 1


def test_after_a_failure_warnings_come_back_and_cells_are_kept(project, capsys):
    project.tool.code = 1
    assert book.build(project.root) == 1
    assert "NameError: n_input" in capsys.readouterr().err
    assert book.build(project.root) == 1
    assert project.seen[1] == {".jupyter_cache"}  # no .doctrees: Sphinx reads and warns again


def test_a_gate_fails_the_build_each_time(project, capsys):
    project.tool.page = PAGE.replace("h1", "h2")
    assert book.build(project.root) == 1
    assert book.build(project.root) == 1
    assert "index.html: 0 headings of level 1" in capsys.readouterr().err


def pages(project, name="html"):
    found = project.root / "_build" / name / "index.html"
    return found.read_text(encoding="utf-8") if found.exists() else None


def test_until_the_first_good_book_there_is_none(project, capsys):
    project.tool.code = 1
    assert book.build(project.root) == 1
    assert pages(project) is None
    assert pages(project, "html-failed") == PAGE
    assert "still there" not in capsys.readouterr().err


@pytest.mark.parametrize("how", ["a warning", "a gate", "Ctrl-C", "a kill"])
def test_the_old_pages_stay_until_there_are_better_ones(project, how, monkeypatch, capsys):
    book.build(project.root)
    good, worse = book.run_jupyter_book, PAGE.replace("Intro", "Now")

    def stopped(root, toc):
        good(root, toc)
        raise KeyboardInterrupt

    for number in range(2):  # a second failure doesn't take the last good book either
        edit(project, "book/intro.md")
        (project.root / "book" / "more.md").write_text(str(number), encoding="utf-8")
        project.tool.page = worse.replace("h1", "h2") if how == "a gate" else worse
        project.tool.code = int(how == "a warning")
        if how in ("Ctrl-C", "a kill"):
            monkeypatch.setattr(book, "run_jupyter_book", stopped)
            with pytest.raises(KeyboardInterrupt):
                book.build(project.root)
            monkeypatch.setattr(book, "run_jupyter_book", good)
        else:
            assert book.build(project.root) == 1
        assert pages(project) == PAGE
        said = capsys.readouterr().err
        assert f"The pages of before are still there: {project.root / '_build' / 'html'}" in said
    if how == "a kill":  # then nobody puts them back but the next build
        built = project.root / "_build"
        (built / "html").rename(built / "html-before")
        (built / "html-failed").rename(built / "html")
        project.tool.code = 1
        assert book.build(project.root) == 1
        assert pages(project) == PAGE
    project.tool.page, project.tool.code = worse, 0
    assert book.build(project.root) == 0
    assert pages(project) == worse
    assert {path.name for path in (project.root / "_build").glob("html*")} == {"html"}


def test_a_broken_stamp_means_a_full_build(project):
    book.build(project.root)
    (project.root / "_build" / book.STAMP).write_text("{", encoding="utf-8")
    assert book.build(project.root) == 0
    assert project.seen[1] == set()


def test_a_book_without_solutions_has_none_of_their_pages(project, capsys):
    assert book.build(project.root, "hidden") == 0
    assert "exercises/01-rnn" in project.tool.toc
    assert "olutions" not in project.tool.toc
    assert "The book without solutions is built" in capsys.readouterr().out
    assert book.build(project.root, "hidden") == 0
    assert len(project.seen) == 1


def test_after_one_edition_the_other_is_built_anew_from_the_cells(project):
    book.build(project.root, "hidden")
    assert book.build(project.root) == 0
    assert project.seen[1] == {".jupyter_cache"}  # what Sphinx remembers is of the other book
    assert project.tool.toc == TOC


def test_solutions_that_slip_into_the_hidden_edition_fail_the_build(project, monkeypatch, capsys):
    def with_solutions(root, toc):
        (project.root / "_build" / "html" / "solutions").mkdir(parents=True)
        return project.tool(root, toc)

    monkeypatch.setattr(book, "run_jupyter_book", with_solutions)
    assert book.build(project.root, "hidden") == 1
    assert "to be hidden" in capsys.readouterr().err


def test_another_word_is_no_edition(project, capsys):
    assert book.build(project.root, "hiden") == 2
    assert "hidden or shown, not 'hiden'" in capsys.readouterr().err
    assert not project.seen


def test_the_book_s_own_contents_have_solutions_to_leave_out():
    toc = (Path(__file__).parents[2] / "book" / "_toc.yml").read_text(encoding="utf-8")
    assert "solutions/" in toc
    shorter = book.toc_without_solutions(toc)
    assert "olutions" not in shorter
    assert shorter.count("file:") == toc.count("file:") - toc.count("file: solutions/")
