"""A small book, with an address of its repository and without: what its pages then show."""

import re
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml
from bs4 import BeautifulSoup

from course_lib import __version__
from course_lib.authoring.book import run_jupyter_book
from course_lib.authoring.gates import check_site

ROOT = Path(__file__).resolve().parents[2]
ADDRESS = "https://github.com/an-owner/a-course"
SERVICES = re.compile(r"github|colab|binder", re.IGNORECASE)

pytestmark = pytest.mark.slow


def build(folder):
    return run_jupyter_book(folder, folder / "book/_toc.yml")


@pytest.fixture(scope="module")
def site(tmp_path_factory, small_book):
    """The pages of the small book, by whether it has an address."""

    def built(url):
        folder = small_book(tmp_path_factory.mktemp("book"), url)
        assert build(folder) == 0
        html = folder / "_build/html"
        assert check_site(html) == []
        pages = {
            name: BeautifulSoup((html / f"{name}.html").read_text("utf-8"), "html.parser")
            for name in ("book/intro", "exercises/01-a")
        }
        return SimpleNamespace(chapter=pages["book/intro"], notebook=pages["exercises/01-a"])

    return {"with": built(ADDRESS), "without": built("")}


def links(page):
    return {link["href"] for link in page.select("a[href]") if SERVICES.search(link["href"])}


def report(form, page):
    return f"{ADDRESS}/issues/new?template={form}.yml&page={page}"


def test_without_an_address_nothing_of_it_shows(site):
    assert links(site["without"].chapter) == links(site["without"].notebook) == set()


def test_every_page_says_of_which_release_it_is(site):
    for pages in site.values():
        for page in vars(pages).values():
            assert f"Release {__version__}" in page.select_one(".extra_footer").get_text()


def test_a_notebook_can_be_launched_edited_and_reported(site):
    assert links(site["with"].notebook) == {
        ADDRESS,
        f"{ADDRESS}/edit/main/exercises/01-a.ipynb",
        report("wrong-check", "exercises%2F01-a"),
        "https://colab.research.google.com/github/an-owner/a-course/blob/main/exercises/01-a.ipynb",
        "https://mybinder.org/v2/gh/an-owner/a-course/main?urlpath=lab/tree/exercises/01-a.ipynb",
    }


def test_a_chapter_can_be_edited_and_reported(site):
    assert links(site["with"].chapter) == {
        ADDRESS,
        f"{ADDRESS}/edit/main/book/intro.md",
        report("wrong-sentence", "book%2Fintro"),
    }


def test_the_forms_that_reports_lead_to_are_there_and_ask_for_the_page(site):
    for page in vars(site["with"]).values():
        (address,) = (link for link in links(page) if "/issues/new" in link)
        asked = parse_qs(urlsplit(address).query)
        form = ROOT / ".github/ISSUE_TEMPLATE" / asked["template"][0]
        fields = [entry.get("id") for entry in yaml.safe_load(form.read_text("utf-8"))["body"]]
        assert "page" in fields


def test_a_wrong_address_stops_the_build_in_one_sentence(small_book, tmp_path, capfd):
    assert build(small_book(tmp_path, "https://example.org/a")) != 0
    assert "It looks like https://github.com/OWNER/REPOSITORY" in capfd.readouterr().err
