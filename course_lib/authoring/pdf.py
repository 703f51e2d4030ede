"""The built book as one PDF: ``make pdf``.

Chromium joins the pages into one document, sets its formulas and prints it twice: the first print
tells which page of paper each one begins on, and the contents of the second say so. Every link from
page to page leads to the place in the PDF. Left out are the solutions, the code that is folded
away, and what is true on a screen alone: `[Move the slider.]{.on-screen}`. A figure with a slider
says beside its position how far that goes.
"""

from __future__ import annotations

from course_lib import interrupted

if __name__ == "__main__":
    interrupted.end_at_once("pdf")

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from course_lib.authoring.browser import open_browser, serve
from course_lib.authoring.turns import alone_in

if TYPE_CHECKING:
    from playwright.sync_api import Page

LEFT_OUT = "solutions/"
PRINTED = Path("_build/pdf/book.pdf")
WAIT = 300_000  # ms; a thousand formulas take a while on a busy machine
MARGIN = {"top": "17mm", "bottom": "19mm", "left": "17mm", "right": "17mm"}
NUMBER = (
    '<div style="width: 100%; font: 9px sans-serif; color: #555; text-align: center">'
    '<span class="pageNumber"></span></div>'
)

# Each page's article, with ids of its own and with links to the others' instead of to files.
JOIN = """async ([title, pages]) => {
    const names = new Set(pages.map(p => p.name));
    const id = (name, part) => `${name}--${part || 'top'}`;
    const here = document.createElement('main');
    const list = document.createElement('nav');
    list.innerHTML = '<h1>Contents</h1>';
    for (const {name, part, depth} of pages) {
        const address = new URL(`/${name}.html`, location);
        const text = await (await fetch(address)).text();
        const article = new DOMParser().parseFromString(text, 'text/html').querySelector('article');
        const handle = ':is(.course-slider, .course-moving) input';
        article.querySelectorAll(handle).forEach(e => {
            const frames = [...e.closest('figure').querySelectorAll('img')];
            const ends = frames.length ? [frames[0], frames.at(-1)].map(i => i.dataset.value)
                : [e.min, e.max];
            e.closest('label').nextElementSibling.append(` (on screen from ${ends.join(' to ')})`);
        });
        const useless = '.headerlink, .copybtn, script, details.hide, .on-screen, ' + handle;
        article.querySelectorAll(useless).forEach(e => e.remove());
        article.querySelectorAll('details').forEach(e => { e.open = true; });
        article.querySelectorAll('[id]:not(svg [id])').forEach(e => { e.id = id(name, e.id); });
        article.querySelectorAll('[src]').forEach(e => {
            e.src = new URL(e.getAttribute('src'), address);
        });
        article.querySelectorAll('a[href]').forEach(e => {
            const to = new URL(e.getAttribute('href'), address);
            const page = decodeURI(to.pathname).replace(/^[/]|[.]html$/g, '');
            if (to.origin !== location.origin) return;
            if (names.has(page)) e.href = '#' + id(page, decodeURIComponent(to.hash.slice(1)));
            else e.removeAttribute('href');
        });
        article.querySelectorAll('pre').forEach(e => {
            e.classList.toggle('course-short', e.textContent.trimEnd().split('\\n').length < 12);
        });
        article.id = id(name);
        here.append(article);
        if (part) list.insertAdjacentHTML('beforeend', `<h2>${part}</h2>`);
        const entry = document.createElement('p');
        entry.style.marginLeft = `${1.5 * depth}em`;
        entry.innerHTML = `<a href="#${article.id}">${article.querySelector('h1').innerHTML}</a>`
            + '<span class="course-page">000</span>';  // as wide as the number to come
        list.append(entry);
    }
    document.title = title;
    here.firstElementChild.after(list);
    document.body.className = 'course-printed';
    document.body.replaceChildren(here);
    document.documentElement.dataset.theme = 'light';
    await MathJax.startup.promise;
    await MathJax.typesetPromise([here]);
    await Promise.all([...document.images].map(image => image.decode().catch(() => 0)));
    const lost = [...document.querySelectorAll('a[href^="#"]')]
        .map(e => decodeURIComponent(e.getAttribute('href').slice(1)))
        .filter(to => !document.getElementById(to));
    const broken = [...document.images].filter(image => !image.naturalWidth).map(i => i.src);
    return [...lost, ...broken];
}"""

NUMBER_CONTENTS = """numbers => document.querySelectorAll('.course-page').forEach((entry, i) => {
    entry.textContent = numbers[i];
})"""


def pages_of(toc: Path) -> Iterator[dict[str, str | int]]:
    """Each page in the order of the contents: name, the part that begins with it or "", depth."""
    contents = yaml.safe_load(toc.read_text("utf-8"))
    yield {"name": contents["root"], "part": "", "depth": 0}

    def below(entries, depth, part):
        for entry in entries:
            if not entry["file"].startswith(LEFT_OUT):
                yield {"name": entry["file"], "part": part, "depth": depth}
                part = ""
                yield from below(entry.get("sections", ()), depth + 1, "")

    for part in contents.get("parts", [contents]):
        yield from below(part.get("chapters", ()), 0, part.get("caption", ""))


def print_book(html: Path, toc: Path, pdf: Path, title: str) -> list[str]:
    """Print the built pages into one PDF.

    Args:
        html: folder of the built book.
        toc: its _toc.yml.
        pdf: the file to write; its folder is made.
        title: of the document.

    Returns:
        Links that lead nowhere, and pictures that are missing.

    Raises:
        FileNotFoundError: there is no Chromium on this machine.
    """
    pages = list(pages_of(toc))
    pdf.parent.mkdir(parents=True, exist_ok=True)
    with serve(html) as address, open_browser() as browser:
        page = browser.new_page(color_scheme="light")
        page.set_default_timeout(WAIT)
        page.goto(f"{address}/{pages[0]['name']}.html")
        page.wait_for_load_state("networkidle")
        problems = page.evaluate(JOIN, [title, pages])
        _print(page, pdf)
        page.evaluate(NUMBER_CONTENTS, beginnings(pdf, [entry["name"] for entry in pages]))
        _print(page, pdf)
    return problems


def beginnings(pdf: Path, names: list[str]) -> list[int]:
    """The page of paper, from 1, on which each page of the book begins."""
    from pypdf import PdfReader

    book = PdfReader(pdf)
    places = book.named_destinations
    return [book.get_destination_page_number(places[f"/{name}--top"]) + 1 for name in names]


def _print(page: Page, pdf: Path) -> None:
    page.pdf(
        path=str(pdf),
        format="A4",
        margin=MARGIN,
        outline=True,
        tagged=True,
        print_background=True,
        display_header_footer=True,
        header_template="<span></span>",
        footer_template=NUMBER,
    )


def main(root: Path = Path(".")) -> int:
    """Print the book that `make book` has built; 1 if something is missing in it."""
    html, pdf = root / "_build" / "html", root / PRINTED
    if not (html / "index.html").is_file():
        print(f"There is no built book in {html}: run `make book` first.", file=sys.stderr)
        return 1
    title = yaml.safe_load((root / "_config.yml").read_text("utf-8"))["title"]
    try:
        with alone_in(root / "_build"):
            problems = print_book(html, root / "book" / "_toc.yml", pdf, title)
    except FileNotFoundError as missing:
        print(missing, file=sys.stderr)
        return 1
    print("".join(f"{one}: leads nowhere in the PDF\n" for one in problems), end="")
    print(f"The book is printed: {pdf}, {pdf.stat().st_size / 1e6:.0f} MB")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(interrupted.in_one_line("pdf", main))
