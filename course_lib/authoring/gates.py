"""Look at the built site: each gate returns what is wrong with it, a sentence for each thing."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from urllib.parse import unquote, urlsplit

from bs4 import BeautifulSoup

from course_lib.authoring.amounts import wrong_amounts

CONTENT = "article"  # the theme's element around the text that we write
FILE_NAME = re.compile(r"^[\w./-]*\.(png|svg|jpe?g|gif|webp)$", re.IGNORECASE)
BLOCKS = (
    "p",
    "li",
    "td",
    "th",
    "dt",
    "dd",
    "figcaption",
    "summary",
    *(f"h{n}" for n in range(1, 7)),
)
CODE = ("code", "pre", "script", "style")
PRINTED = ".output.stream, .output.text_plain"  # what a cell printed, as text
PARTED = re.compile(r".{0,30}[\d)][^\S\xa0]+%.{0,10}", re.DOTALL)
CSS_ADDRESS = re.compile(r"""(?:url\(\s*|@import\s+)["']?((?:https?:)?//[^"')\s;]+)""")


@dataclass(frozen=True)
class Page:
    """One built page: its file, its place below the root of the site, its parsed HTML."""

    file: Path
    name: str
    soup: BeautifulSoup

    @cached_property
    def anchors(self) -> set[str]:
        """Every id, and every name of an <a>, that a link can lead to."""
        ids = {tag["id"] for tag in self.soup.find_all(id=True)}
        return ids | {tag["name"] for tag in self.soup.find_all("a", attrs={"name": True})}


def read_site(html: Path) -> list[Page]:
    """Parse every page below the folder, Sphinx's own static and source folders left out."""
    files = [
        path
        for path in sorted(html.rglob("*.html"))
        if path.relative_to(html).parts[0] not in {"_static", "_sources", "reports"}
    ]
    return [
        Page(
            file,
            file.relative_to(html).as_posix(),
            BeautifulSoup(file.read_text("utf-8"), "html.parser"),
        )
        for file in files
    ]


def gate_index(html: Path, pages: list[Page]) -> list[str]:
    """The site has an index page, and where it sends the reader exists."""
    index = next((page for page in pages if page.name == "index.html"), None)
    if index is None:
        return [f"{html}: no index.html. Check `root:` in book/_toc.yml."]
    refresh = index.soup.find("meta", attrs={"http-equiv": re.compile("refresh", re.IGNORECASE)})
    target = refresh["content"].partition("url=")[2] if refresh else ""
    if target and not (html / target).is_file():
        return [f"index.html: sends to {target}, which is missing. Check `root:` in book/_toc.yml."]
    return []


def gate_links(html: Path, pages: list[Page]) -> list[str]:
    """Every local address leads to a file, every fragment to an anchor."""
    by_file = {page.file.resolve(): page for page in pages}
    return [problem for page in pages for problem in _broken_links(page, by_file)]


def _broken_links(page: Page, by_file: dict[Path, Page]) -> Iterable[str]:
    for tag in page.soup.find_all(["a", "link", "script", "img", "iframe", "source"]):
        address = tag.get("href") or tag.get("src") or ""
        parts = urlsplit(address)
        if parts.scheme or parts.netloc or not address:
            continue
        target = (
            (page.file.parent / unquote(parts.path)).resolve()
            if parts.path
            else page.file.resolve()
        )
        if not target.is_file():
            yield (
                f"{page.name}: {address} leads to no file. "
                "Correct the link, or add the page to book/_toc.yml."
            )
        elif (
            parts.fragment
            and target in by_file
            and unquote(parts.fragment) not in by_file[target].anchors
        ):
            yield (
                f"{page.name}: {address} leads to no anchor. "
                f"Add the label `({parts.fragment})=` there, or correct the link."
            )


def gate_alt_text(html: Path, pages: list[Page]) -> list[str]:
    """Every picture says in words what it shows."""
    return [
        f"{page.name}: picture {number} has the alt text {_alt(image)!r}. "
        "Say what it shows: in a code cell `mystnb: image: alt:`, in {figure} `:alt:`."
        for page in pages
        for number, image in enumerate(page.soup.select(f"{CONTENT} :is(img, figure svg)"), start=1)
        if _says_nothing(image)
    ]


def _alt(image) -> str:
    return image.get("aria-label" if image.name == "svg" else "alt", "").strip()


def _says_nothing(image) -> bool:
    alt = _alt(image)
    same_as_file = Path(urlsplit(image.get("src", "")).path).stem.lower() == alt.lower()
    return (
        alt.lower() in {"", "img", "image", "figure", "picture"}
        or same_as_file
        or bool(FILE_NAME.match(alt))
    )


def gate_one_heading(html: Path, pages: list[Page]) -> list[str]:
    """Every page of text has one heading of the first level."""
    counted = [
        (page, len(page.soup.select(f"{CONTENT} h1")))
        for page in pages
        if page.soup.select_one(CONTENT)
    ]
    return [
        f"{page.name}: {count} headings of level 1. A page has one `#` heading, its title."
        for page, count in counted
        if count != 1
    ]


def gate_offline(html: Path, pages: list[Page]) -> list[str]:
    """No page and no style sheet asks another machine for anything."""
    problems = [
        f"{page.name}: loads {address} from another machine. Ship the file in book/_static instead."
        for page in pages
        for address in _loaded(page.soup)
        if urlsplit(address).netloc
    ]
    sheets = (
        (path, CSS_ADDRESS.findall(path.read_text("utf-8"))) for path in sorted(html.rglob("*.css"))
    )
    return problems + [
        f"{path.relative_to(html).as_posix()}: loads {address} from another machine. Remove it."
        for path, addresses in sheets
        for address in addresses
    ]


def _loaded(soup: BeautifulSoup) -> Iterable[str]:
    """Addresses that a browser fetches by itself, unlike those that a reader may follow."""
    for tag in soup.find_all(
        ["script", "img", "iframe", "source", "audio", "video", "embed"], src=True
    ):
        yield tag["src"]
    for tag in soup.find_all(srcset=True):
        yield from (
            candidate.split()[0] for candidate in tag["srcset"].split(",") if candidate.strip()
        )
    for tag in soup.find_all("object", data=True):
        yield tag["data"]
    fetched = {"stylesheet", "preload", "preconnect", "dns-prefetch", "modulepreload", "icon"}
    for tag in soup.find_all("link", href=True):
        if fetched & set(tag.get("rel", [])):
            yield tag["href"]
    styles = [tag.get_text() for tag in soup.find_all("style")]
    for style in styles + [tag["style"] for tag in soup.find_all(style=True)]:
        yield from CSS_ADDRESS.findall(style)


def gate_percent_signs(html: Path, pages: list[Page]) -> list[str]:
    """No line begins with the percent sign of a number that ends the line above; code is code."""
    return [
        f"{page.name}: a line can end before the sign in {' '.join(found.split())!r}. "
        "Put a no-break space there; in the text of a page, book/_ext/course_units.py does."
        for page in pages
        for text in _sentences(page)
        for found in PARTED.findall(text)
    ]


def _sentences(page: Page) -> Iterable[str]:
    """The text of each element that stands in a block of its own, code left out."""
    for article in page.soup.select(CONTENT):
        for block in article.find_all(BLOCKS):
            yield "".join(
                text
                for text in block.find_all(string=True)
                if text.find_parent(BLOCKS) is block and not text.find_parent(CODE)
            )


def gate_amounts(html: Path, pages: list[Page]) -> list[str]:
    """No cell prints minus zero, or "1 steps"."""
    return [
        f"{page.name}: a cell prints {found!r}. Round before the sign is printed, or choose words "
        "that fit one thing as well as several."
        for page in pages
        for printed in page.soup.select(PRINTED)
        for found in wrong_amounts(printed.get_text())
    ]


GATES = (
    gate_index,
    gate_links,
    gate_alt_text,
    gate_one_heading,
    gate_offline,
    gate_percent_signs,
    gate_amounts,
)


def check_site(html: Path) -> list[str]:
    """Return the problems that the gates find in the built site."""
    pages = read_site(html)
    return [problem for gate in GATES for problem in gate(html, pages)]
