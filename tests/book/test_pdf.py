"""The book on paper: contents, links, figures and formulas arrive in the PDF."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml
from bs4 import BeautifulSoup

from course_lib.authoring import pdf
from course_lib.authoring.browser import find_chromium

if TYPE_CHECKING:
    from pypdf import PdfReader

ROOT = Path(__file__).resolve().parents[2]
HTML = Path(os.environ.get("COURSE_BOOK", ROOT / "_build" / "html"))
FURTHER = [{"file": "book/intro"}, {"file": "book/project_rows"}, {"file": "exercises/05-kernl"}]
TOC = {
    "format": "jb-book",
    "root": "book/vanilla_rnn",
    "parts": [
        {"caption": "Chapters", "chapters": [{"file": "book/notation"}, *FURTHER]},
        {
            "caption": "Further reading",
            "chapters": [{"file": "book/glossary", "sections": [{"file": "book/references"}]}],
        },
    ],
}


def test_every_page_but_the_solutions_is_printed_in_order():
    pages = list(pdf.pages_of(ROOT / "book" / "_toc.yml"))
    names = [page["name"] for page in pages]
    assert names[:2] == ["book/intro", "book/notation"]
    assert names[-1] == "book/references"
    assert names.index("book/vanilla_rnn") + 1 == names.index("book/project_rows")
    assert not [name for name in names if name.startswith("solutions/")]
    on_disk = {path.stem for path in (ROOT / "book").glob("*.md")}
    assert on_disk == {Path(name).name for name in names if name.startswith("book/")}
    parts = [page["part"] for page in pages if page["part"]]
    assert parts[:2] == ["Before you start", "Chapters"]
    assert len(set(parts)) == len(parts)


# What a reader can do with the page on a screen, and not on paper.
HANDLED = re.compile(
    r"\b(?:sliders?|click|mouse|arrow keys|unfold|folded away|folded above|(?:un)?tick|scroll)\b"
    r"|\b[Mm]ove the (?:forget|input|late) gate\b"
)
ON_SCREEN = re.compile(r"\[[^][]*\]\{\.on-screen\}")
NOT_PROSE = re.compile(r"^```\{code-cell\}.*?^```$|^```\w+$.*?^```$", re.M | re.S)


PAGES = sorted((ROOT / "book").glob("*.md"))
PAGES.remove(ROOT / "book" / "instructors.md")  # it tells how to use other pages than the book's


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_what_asks_for_a_hand_is_for_the_screen_alone(page):
    prose = ON_SCREEN.sub("", NOT_PROSE.sub("", page.read_text("utf-8")))
    assert [line for line in prose.splitlines() if HANDLED.search(line)] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_sentence_reads_well_without_what_is_for_the_screen_alone(page):
    """No blank is left before the comma or full stop that follows."""
    assert re.findall(r"\s\[[^][]*\]\{\.on-screen\}[,.;:)]", page.read_text("utf-8")) == []


def test_a_page_has_something_for_the_screen_alone():
    assert len(ON_SCREEN.findall((ROOT / "book" / "bptt.md").read_text("utf-8"))) == 3


def test_without_a_book_it_says_what_to_do(tmp_path, capsys):
    assert pdf.main(tmp_path) == 1
    assert "run `make book` first" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("problems", "code", "said"),
    [
        ([], 0, "The book is printed: "),
        (["intro--lost"], 1, "intro--lost: leads nowhere in the PDF\nThe book is printed: "),
        (None, 1, "There is no Chromium"),
    ],
)
def test_it_fails_unless_the_whole_book_is_printed(
    problems, code, said, tmp_path, monkeypatch, capsys
):
    def print_book(html, toc, file, title):
        assert (html, toc) == (tmp_path / "_build" / "html", tmp_path / "book" / "_toc.yml")
        assert title == "A title"
        if problems is None:
            raise FileNotFoundError("There is no Chromium")
        file.write_bytes(b"%PDF")
        return problems

    monkeypatch.setattr(pdf, "print_book", print_book)
    for name in ("_build/html", "_build/pdf"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "_build/html/index.html").touch()
    (tmp_path / "_config.yml").write_text("title: A title\n")
    assert pdf.main(tmp_path) == code
    shown = capsys.readouterr()
    assert (shown.out or shown.err).startswith(said)


@dataclass(frozen=True)
class Printed:
    """What printing told, the PDF, and the text of each page, which takes seconds to read."""

    toc: Path
    problems: list[str]
    book: PdfReader
    texts: list[str]


@pytest.fixture(scope="module")
def printed(tmp_path_factory):
    from pypdf import PdfReader

    if find_chromium() is None:
        missing = "Chromium is not on this machine; on Debian: apt-get install chromium"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    if not (HTML / "index.html").is_file():
        pytest.fail(f"There is no built book in {HTML}: run `make book` first.")
    folder = tmp_path_factory.mktemp("pdf")
    (folder / "_toc.yml").write_text(yaml.safe_dump(TOC))
    problems = pdf.print_book(HTML, folder / "_toc.yml", folder / "a" / "book.pdf", "A title")
    book = PdfReader(folder / "a" / "book.pdf")
    return Printed(
        folder / "_toc.yml", problems, book, [page.extract_text() for page in book.pages]
    )


def _squeezed(text: str) -> str:
    return "".join(text.split())


def contents_of(printed) -> str:
    (contents,) = [
        text for text in printed.texts if "Further reading" in text and "Chapters" in text
    ]
    return contents


@pytest.mark.browser
@pytest.mark.enable_socket
class TestPrinted:
    def test_nothing_leads_nowhere_and_no_picture_is_missing(self, printed):
        assert printed.problems == []

    def test_the_contents_and_the_outline_name_each_page(self, printed):
        book = printed.book
        names = [entry.title for entry in book.outline if not isinstance(entry, list)]
        assert names[0].endswith("The vanilla RNN")
        assert names[1:3] == ["Contents", "Notation"]
        assert names[3] == "Recurrent Networks, Built by Hand"
        assert names[4].endswith("Project: Rows")
        assert names[5].startswith("Exercises 5")
        assert names[6:] == ["Glossary", "References"]
        assert book.metadata.title == "A title"
        assert "Glossary" in contents_of(printed)

    def test_the_contents_say_on_which_page_each_begins(self, printed):
        book = printed.book
        contents = contents_of(printed)
        headings = [entry for entry in book.outline if not isinstance(entry, list)]
        for heading in headings:
            if heading.title != "Contents":
                (number,) = re.findall(rf"{re.escape(heading.title)}\s*(\d+)", contents)
                assert int(number) == book.get_destination_page_number(heading) + 1

    def test_the_outline_has_every_heading_as_it_stands_there(self, printed):
        """Chromium lost the space where one was broken, and wrote one twice on top of a page."""

        def titles(outline):
            for entry in outline:
                if isinstance(entry, list):
                    yield from titles(entry)
                else:
                    yield " ".join(entry.title.split())

        headings = {"Contents", "Chapters", "Further reading"}
        for entry in pdf.pages_of(printed.toc):
            page = BeautifulSoup((HTML / f"{entry['name']}.html").read_text("utf-8"), "html.parser")
            for link in page.select("article .headerlink"):
                link.decompose()
            found = page.select("article :is(h1, h2, h3, h4)")
            headings |= {" ".join(heading.text.split()) for heading in found}
        said = list(titles(printed.book.outline))
        assert len(said) > 50
        assert [title for title in said if title not in headings] == []

    def test_links_stay_in_the_document_or_go_to_the_world(self, printed):
        """Never to this machine, where the pages were served."""
        book = printed.book
        links = [
            note.get_object()
            for page in book.pages
            for note in page.get("/Annots", [])
            if note.get_object()["/Subtype"] == "/Link"
        ]
        outside = [str(link["/A"]["/URI"]) for link in links if "/URI" in link.get("/A", {})]
        assert len(links) - len(outside) > 10
        assert not [uri for uri in outside if "127.0.0.1" in uri or uri.startswith("file:")]

    def test_formulas_are_set_and_figures_are_there(self, printed):
        book = printed.book
        text = "".join(printed.texts)
        assert "\\mathrm" not in text
        assert "\\tanh" not in text
        assert "figures.one_unit" not in text  # folded code stays out
        assert len(book.pages) > 20
        # The letters of formulas are drawn; no font of the page has them.
        fonts = [
            font.get_object()
            for page in book.pages
            for font in page["/Resources"].get("/Font", {}).values()
        ]
        assert any(font["/Subtype"] == "/Type3" for font in fonts)

    def test_it_tells_nobody_to_move_a_slider_and_says_how_far_it_goes(self, printed):
        text = " ".join(" ".join(printed.texts).split())
        assert not re.search(r"[Mm]ove the slider", text)
        chapter = (HTML / "book" / "vanilla_rnn.html").read_text("utf-8")
        assert "Move the slider" in chapter
        assert len(re.findall(r"\(on screen from \S.*? to \S.*?\)", text)) == len(
            re.findall(r'<input type="range"', chapter)
        )

    def test_code_follows_its_title_on_the_same_page(self, printed):
        """What can't be cut in two moves to the next page whole, and leaves its title behind."""
        titles = 0
        for text in printed.texts:
            *lines, number = text.split("\n")
            titles += sum("Reference code of" in line for line in lines)
            assert "Reference code of" not in " ".join(lines[-2:]), f"page {number}"
        assert titles > 5

    def test_no_heading_and_no_head_of_a_table_is_the_last_thing_on_a_page(self, printed):
        names = [TOC["root"], "book/notation", *[entry["file"] for entry in FURTHER]]
        headings, heads = set(), set()
        for name in names:
            page = BeautifulSoup((HTML / f"{name}.html").read_text("utf-8"), "html.parser")
            for link in page.select("article .headerlink"):
                link.decompose()
            headings |= {_squeezed(one.text) for one in page.select("article :is(h1, h2, h3, h4)")}
            heads |= {_squeezed(one.text) for one in page.select("article thead")}
        heads.discard("")
        assert len(headings) > 30
        assert len(heads) > 5
        for text in printed.texts:
            *lines, number = text.strip().split("\n")
            if lines:
                assert _squeezed(lines[-1]) not in headings, f"page {number}"
                end = _squeezed("".join(lines[-3:]))
                assert not [head for head in heads if end.endswith(head)], f"page {number}"

    def test_no_page_of_paper_is_empty(self, printed):
        numbers = {str(number): text for number, text in enumerate(printed.texts, 1)}
        assert [number for number, text in numbers.items() if text.strip() == number] == []

    def test_short_code_stays_on_one_page(self, printed):
        """Chromium leaves one line of it for the next page rather than too few here."""
        codes = set()
        for entry in FURTHER + TOC["parts"][0]["chapters"]:
            page = BeautifulSoup((HTML / f"{entry['file']}.html").read_text("utf-8"), "html.parser")
            for code in page.select("article pre"):
                if not code.find_parent("details", class_="hide"):
                    codes.add(code.text.strip("\n"))
        short = [code for code in codes if 1 < code.count("\n") < 11]
        assert len(short) > 5
        texts = [_squeezed(text) for text in printed.texts]
        assert [code for code in short if not any(_squeezed(code) in text for text in texts)] == []

    def test_a_short_table_stays_on_one_page(self, printed):
        page = (HTML / "book" / "project_rows.html").read_text("utf-8")
        marks = page[page.index("The marks") :]
        assert marks.index("60,000") < marks.index("the reference, seed\N{NO-BREAK SPACE}2")
        texts = [" ".join(text.split()) for text in printed.texts]
        assert [
            text for text in texts if "at most 60,000" in text and "the reference, seed 2" in text
        ]
