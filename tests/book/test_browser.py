"""The built book as readers meet it in Chromium: offline, by keyboard, on a phone, in the dark."""

import io
import os
from pathlib import Path

import pytest

from course_lib.authoring.browser import new_context, page_names, serve

pytestmark = [pytest.mark.browser, pytest.mark.enable_socket]

HTML = Path(os.environ.get("COURSE_BOOK", Path(__file__).parents[2] / "_build" / "html"))
PAGES = page_names(HTML) or ["book/intro.html"]  # with no book one case is left: it says what to do
CHAPTERS = ("book/vanilla_rnn.html", "book/bptt.html")
DESK, PHONE = {"width": 1280, "height": 800}, {"width": 360, "height": 740}  # px
LAPTOP = {"width": 1440, "height": 900}

# What a reader unfolds has no size until then.
UNFOLD = "document.querySelectorAll('.bd-article details').forEach(one => { one.open = true; })"
# All tests of a page share it: what a reader may change is put back before each of them.
REMEMBER = """() => {
    const folds = [...document.querySelectorAll('details')].map(e => [e, e.open]);
    const theme = document.documentElement.dataset.theme;
    window.asOpened = () => {
        folds.forEach(([e, open]) => { e.open = open; });
        document.documentElement.dataset.theme = theme;
    };
}"""
AS_OPENED = "() => window.asOpened()"
# What stands beyond the right edge and can't be scrolled to: the page would not grow wider for it.
CUT_OFF = """() => [...document.querySelectorAll('.bd-article *')].filter(e => {
    if (e.closest('mjx-assistive-mml')) return false;  // clipped: for screen readers alone
    const scrolls = p => ['auto', 'scroll'].includes(getComputedStyle(p).overflowX);
    for (let p = e; p && !p.matches('.bd-main'); p = p.parentElement) if (scrolls(p)) return false;
    const box = e.getBoundingClientRect();
    return e.checkVisibility({visibilityProperty: true}) && box.left < 360 && box.right > 361;
}).map(e => `${e.tagName} ${e.className}: ${e.textContent.trim().slice(0, 40)}`)"""

# What fades or moves in is there, and the page has seen to what follows from it.
SETTLED = """async () => {
    const frame = () => new Promise(done => requestAnimationFrame(done));
    await frame();
    document.getAnimations().forEach(a => { try { a.finish() } catch { } });
    await frame(), await frame();
}"""

PARTED_FROM_FORMULA = r"""() => [...document.querySelectorAll('mjx-container')].map(formula => {
    const around = [formula.parentElement, formula.closest('.together')].filter(e => e);
    const left = formula.getBoundingClientRect().left;
    const away = (text, signs, place, is_away) => {
        if (text?.nodeType !== Node.TEXT_NODE || !signs.test(text.textContent)) return false;
        const sign = document.createRange(), at = place(text.length);
        sign.setStart(text, at), sign.setEnd(text, at + 1);
        const box = sign.getBoundingClientRect();
        return box.width && is_away(box.left);
    };
    const parted = around.some(e => away(e.nextSibling, /^[,.;:!?)]/, () => 0, x => x < left)
        || away(e.previousSibling, /[(\[“]$/, n => n - 1, x => x > left));
    return parted ? formula.closest('p, li, td')?.textContent : '';
}).filter(Boolean)"""

# Pairs such as (0, 5) of which a part stands on the next line of a cell.
CUT_PAIRS = r"""() => [...document.querySelectorAll('.bd-article td')].flatMap(cell => {
    const walk = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT), parts = [];
    while (walk.nextNode()) {
        [...walk.currentNode.data].forEach((_, at) => parts.push([walk.currentNode, at]));
    }
    const text = parts.map(([node, at]) => node.data[at]).join('');
    return [...text.matchAll(/\([−\w.]{1,5},\s[−\w.]{1,5}\)/g)].filter(pair => {
        const all = document.createRange(), [last, end] = parts[pair.index + pair[0].length - 1];
        all.setStart(...parts[pair.index]), all.setEnd(last, end + 1);
        const [first, ...others] = all.getClientRects();
        return others.some(box => box.top >= first.bottom - 2);
    }).map(([pair]) => pair);
})"""

UNREACHED = """() => [...document.querySelectorAll('.bd-article *')].filter(e =>
    e.scrollWidth > e.clientWidth && ['auto', 'scroll'].includes(getComputedStyle(e).overflowX)
    && e.clientWidth && e.tabIndex < 0
).map(e => `${e.tagName} ${e.id} ${e.className}: ${e.textContent.trim().slice(0, 40)}`)"""

# Code is replaced by a copy in which a word is plain text if one before it looks the same: axe
# would spend most of its time on saying the same of thousands. A single character tells it nothing.
ONE_OF_EACH = """() => {
    const look = e => {
        const style = getComputedStyle(e);
        return [style.color, style.background, style.opacity, style.textShadow, style.fontSize,
                style.fontWeight].join();
    };
    const seen = new Set();
    window.copied = [...document.querySelectorAll('pre')].map(block => {
        let around = '';
        for (let e = block; e; e = e.parentElement) around += look(e);
        const copy = block.cloneNode(false);
        for (const word of block.childNodes) {
            const kept = word.nodeType === Node.ELEMENT_NODE, text = word.textContent;
            const key = kept && around + look(word) + word.className + (text.trim().length > 1);
            const twin = kept && !word.childElementCount && seen.has(key);
            copy.append(twin ? text : word.cloneNode(true));
            seen.add(key);
        }
        return [block, copy];
    });
    for (const [block, copy] of window.copied) block.replaceWith(copy);
}"""
AS_BEFORE = "() => { for (const [block, copy] of window.copied) copy.replaceWith(block) }"

# A cell of a table in which words stand on top of each other, one or two a line.
TOWERS = """() => [...document.querySelectorAll('.bd-article td')].filter(e =>
    e.checkVisibility() && e.clientWidth < 100 && e.textContent.trim().length > 40
    && e.clientHeight > 10 * parseFloat(getComputedStyle(e).lineHeight)
).map(e => `${e.clientWidth} px: ${e.textContent.trim().slice(0, 40)}`)"""

# What axe is to look for in full; what it also finds in order takes as long again on large pages.
VIOLATIONS = {"resultTypes": ["violations"]}
# What axe calls serious or critical and is not ours: (rule, part of the element) and the reason.
THEMES_OWN = {
    ("aria-required-children", "citation-list"): (
        "docutils gives the bibliography the role list, and its entries the role doc-biblioentry"
    ),
}


@pytest.fixture(scope="module")
def address():
    """The built book, served on this machine. It is not built here: that is `make book`'s work."""
    if not (HTML / "index.html").is_file():
        pytest.fail(f"There is no built book in {HTML}: run `make book` first.")
    with serve(HTML) as url:
        yield url


@pytest.fixture(scope="module")
def window(browser):
    with new_context(browser) as context:
        yield context


def visit(window, url):
    """Open a page, wait until its math is typeset, keep what the browser said and fetched."""
    page = window.new_page()
    page.said, page.fetched = [], []
    page.on("console", lambda m: m.type in ("error", "warning") and page.said.append(m.text))
    page.on("pageerror", lambda error: page.said.append(str(error)))
    page.on("request", lambda request: page.fetched.append(request.url))
    page.goto(url)
    page.evaluate("window.MathJax?.startup?.promise")
    page.wait_for_load_state("networkidle")
    return page


def is_silent_and_from(address, page):
    """No word on the console, and nothing fetched from elsewhere."""
    assert page.said == []
    here = (f"{address}/", "data:", "blob:")
    assert [url for url in page.fetched if not url.startswith(here)] == []


@pytest.fixture(scope="module", params=PAGES)
def shared_page(request, window, address):
    """Each page of the book in turn, opened once for all tests of it."""
    page = visit(window, f"{address}/{request.param}")
    page.name = request.param
    page.evaluate(REMEMBER)
    yield page
    page.close()


@pytest.fixture
def page(shared_page):
    """The page as it was when it was opened, whatever the test before has unfolded or resized."""
    shared_page.set_viewport_size(DESK)
    shared_page.evaluate(AS_OPENED)
    return shared_page


def test_loads_in_silence_and_from_here_alone(page, address):
    is_silent_and_from(address, page)


def test_math_is_typeset(page):
    formulas = page.locator("article .math").count()
    assert page.locator("article .math mjx-container").count() >= formulas
    assert page.locator("mjx-merror, [data-mjx-error]").count() == 0
    text = page.evaluate(
        """() => {
            const copy = document.querySelector('article').cloneNode(true);
            copy.querySelectorAll('pre, code, script, mjx-container').forEach(e => e.remove());
            return copy.textContent;
        }"""
    )
    raw = [mark for mark in ("$", r"\(", r"\[", r"\begin") if mark in text]
    assert raw == [], f"{page.name} shows raw TeX"


def test_the_keyboard_stops_at_no_formula(page):
    """There is nothing to do there, and hundreds of them."""
    assert page.locator("mjx-container[tabindex='0']").count() == 0


def test_a_number_of_a_run_is_as_bold_as_its_sentence(page):
    louder = page.evaluate(
        """() => [...document.querySelectorAll('article span.pasted-text')].filter(e =>
            getComputedStyle(e).fontWeight !== getComputedStyle(e.parentElement).fontWeight
        ).map(e => e.textContent)"""
    )
    assert louder == []


def test_a_word_of_code_stands_on_one_line(page):
    """Chromium would cut --out at its hyphens."""
    cut, wide = page.evaluate(
        """() => [
            [...document.querySelectorAll('.bd-article :not(pre) > code .pre')]
                .filter(e => e.getClientRects().length > 1).map(e => e.textContent),
            document.documentElement.scrollWidth - innerWidth,
        ]"""
    )
    assert cut == []
    assert wide <= 0


@pytest.mark.parametrize("width", [DESK["width"], PHONE["width"]])
def test_no_line_parts_a_formula_from_its_punctuation(page, width):
    page.set_viewport_size({"width": width, "height": 800})
    page.evaluate("window.MathJax?.startup?.promise")
    assert page.evaluate(PARTED_FROM_FORMULA) == []


def test_no_picture_is_larger_than_a_drawing(page):
    """Its letters would be giants beside the text's."""
    widths = page.evaluate(
        """() => [...document.querySelectorAll('.bd-article .cell_output img')].map(
            e => e.getBoundingClientRect().width / parseFloat(getComputedStyle(e).fontSize))"""
    )
    assert max(widths, default=0) <= 36.1  # of a letter's height, as course.css has it


def test_formulas_fit_a_phone(page):
    page.set_viewport_size(PHONE)
    page.evaluate(UNFOLD)
    page.evaluate("window.MathJax?.startup?.promise")
    wide = page.evaluate(
        """() => [...document.querySelectorAll('mjx-container[display="true"]')]
            .filter(e => e.scrollWidth > e.clientWidth).map(e => e.textContent.slice(0, 40))"""
    )
    assert wide == []


def test_on_a_phone_formulas_of_a_line_are_no_giants_beside_the_others(page):
    page.set_viewport_size(PHONE)
    page.evaluate(UNFOLD)
    inline, displayed = page.evaluate(
        """() => {
            const size = e => parseFloat(getComputedStyle(e).fontSize);
            const all = [...document.querySelectorAll(
                '.bd-article :is(p, div.math) mjx-container')].map(
                e => [e.getAttribute('display') === 'true', size(e)]);
            return [false, true].map(is => all.filter(([d]) => d === is).map(([, px]) => px));
        }"""
    )
    assert max(inline, default=1) <= 1.2 * min(displayed, default=100)


def test_on_a_phone_a_tables_caption_is_read_without_scrolling(page):
    page.set_viewport_size(PHONE)
    page.evaluate(UNFOLD)
    right = page.evaluate(
        """() => [...document.querySelectorAll('.bd-article caption')].map(
            e => e.getBoundingClientRect().right)"""
    )
    assert max(right, default=0) <= PHONE["width"]


def test_on_a_phone_a_table_is_read_without_scrolling(page):
    page.set_viewport_size(PHONE)
    page.evaluate(UNFOLD)
    page.evaluate("window.MathJax?.startup?.promise")
    wide = page.evaluate(
        """() => [...document.querySelectorAll('.bd-article table')].filter(table => {
            const box = table.closest('.pst-scrollable-table-container') ?? table.parentElement;
            return box.scrollWidth > box.clientWidth + 1;
        }).map(table => table.textContent.trim().slice(0, 40))"""
    )
    assert wide == []


def test_on_a_phone_no_pair_is_cut_in_a_table(page):
    page.set_viewport_size(PHONE)
    page.evaluate(UNFOLD)
    page.evaluate("window.MathJax?.startup?.promise")
    assert page.evaluate(CUT_PAIRS) == []


def test_on_a_phone_a_word_of_code_is_cut_only_where_it_may_be(page):
    """Behind a dot or an underscore, and nowhere if it is short; and all of it is seen."""
    page.set_viewport_size(PHONE)
    page.evaluate(UNFOLD)
    cut, wide = page.evaluate(
        """() => {
            const pieces = [...document.querySelectorAll('.bd-article :not(pre) > code .pre')];
            const end = document.querySelector('.bd-article').getBoundingClientRect().right;
            const seen = e => e.getClientRects().length;
            return [
                pieces.filter(e => seen(e) > 1).map(e => e.textContent),
                pieces.filter(e => seen(e) && e.getBoundingClientRect().right > end + 1)
                    .map(e => e.textContent),
            ];
        }"""
    )
    assert cut == []
    assert wide == []


def test_on_a_phone_no_word_is_cut_in_the_titles_of_the_pages_before_and_after(page):
    page.set_viewport_size(PHONE)
    cut = page.evaluate(
        """() => [...document.querySelectorAll('.prev-next-title')].flatMap(title => {
            const texts = document.createTreeWalker(title, NodeFilter.SHOW_TEXT), words = [];
            while (texts.nextNode()) {
                for (const word of texts.currentNode.data.matchAll(/\\S+/g)) {
                    const range = document.createRange();
                    range.setStart(texts.currentNode, word.index);
                    range.setEnd(texts.currentNode, word.index + word[0].length);
                    if (range.getClientRects().length > 1) words.push(word[0]);
                }
            }
            return words;
        })"""
    )
    assert cut == []


def test_on_a_phone_a_line_of_a_report_goes_on_below_its_words(page):
    page.set_viewport_size(PHONE)
    below_the_tick = page.evaluate(
        """() => [...document.querySelectorAll('.cell_output ul[style^="list-style:none"] > li')]
            .filter(line => {
                const all = document.createRange();
                all.selectNodeContents(line);
                const [first, ...others] = all.getClientRects();
                return others.some(e => e.top >= first.bottom - 2 && e.left < first.left + 8);
            }).map(line => line.textContent)"""
    )
    assert below_the_tick == []


def test_on_a_phone_the_path_of_a_file_stands_on_one_line(page):
    page.set_viewport_size(PHONE)
    cut = page.evaluate(
        """() => [...document.querySelectorAll('details.reference-code > summary')].filter(e => {
            const path = e.querySelector('code:last-of-type'), end = document.createRange();
            end.selectNode(e.lastChild);  // the bracket
            return path.getClientRects().length > 1
                || end.getBoundingClientRect().left < path.getBoundingClientRect().right - 1;
        }).map(e => e.textContent)"""
    )
    assert cut == []


def test_a_table_with_a_head_says_something_in_it(page):
    """Markdown has no table without a head: where nothing stands in it, none is shown."""
    blank = "[...document.querySelectorAll('.bd-article thead')].filter(e => !e.textContent.trim()"
    assert page.evaluate(f"{blank} && e.getClientRects().length).length") == 0


def test_code_fits_a_desk(page):
    """Left out is what is folded away and wider: what makes a figure, and the engine's own code.

    The code of an exercise is folded away too, and has at most eighty characters a line.
    """
    shown = "div:is(.highlight-sh, .highlight-json, .highlight-python, .cell_input) pre"
    wide = page.evaluate(
        f"""() => {{
            const folded = [...document.querySelectorAll('.reference-code:not([open])')];
            folded.forEach(e => e.open = true);
            const wide = [...document.querySelectorAll('.bd-article {shown}')].filter(e =>
                !e.closest('details:not(.reference-code)') && e.scrollWidth > e.clientWidth
                && !(e.closest('.reference-code') && /.{{81}}/.test(e.textContent))
            ).map(e => e.textContent);
            return wide;
        }}"""
    )
    assert not page.name.startswith("book/") or wide == []


def test_on_a_laptop_the_two_codes_of_a_report_are_read_without_scrolling(page):
    """Where they don't fit beside each other, they stand below each other."""
    page.set_viewport_size(LAPTOP)
    page.evaluate(UNFOLD)
    cut = page.evaluate(
        """() => [...document.querySelectorAll('.cell_output details pre')].filter(e =>
            e.scrollWidth > e.clientWidth).map(e => e.textContent.slice(0, 40))"""
    )
    assert cut == []


def test_sliders_follow_the_keyboard(page):
    sliders = page.locator("figure.course-slider")
    if page.name in CHAPTERS:
        moving = page.locator("figure.course-moving")
        assert sliders.count() + moving.count() >= 2, "a chapter has two figures to play with"
    for slider in sliders.all():
        handle, output = slider.locator("input"), slider.locator("output")
        assert slider.locator("img:visible").count() == 1
        before = slider.locator("img:visible").get_attribute("data-value")
        assert output.inner_text() == before
        handle.focus()
        at_end = handle.input_value() == handle.get_attribute("max")
        page.keyboard.press("ArrowLeft" if at_end else "ArrowRight")
        assert slider.locator("img:visible").count() == 1
        after = slider.locator("img:visible").get_attribute("data-value")
        assert after != before
        assert output.inner_text() == after
        assert handle.get_attribute("aria-valuetext") == after


def test_on_a_phone_the_value_of_a_slider_stands_beside_it(page):
    page.set_viewport_size(PHONE)
    below = page.evaluate(
        """() => [...document.querySelectorAll('figure input[type="range"]')].filter(slider => {
            const value = slider.parentElement.nextElementSibling.getBoundingClientRect();
            return value.height && value.top > slider.getBoundingClientRect().bottom - 8;
        }).map(slider => slider.parentElement.textContent)"""
    )
    assert below == []


def test_figures_that_move_follow_the_keyboard(page):
    for figure in page.locator("figure.course-moving").all():
        for handle in figure.locator("input").all():
            before, told = figure.locator("svg").inner_html(), figure.locator(".told").inner_text()
            handle.focus()
            page.keyboard.press("ArrowLeft")
            value = handle.get_attribute("aria-valuetext")
            assert value.endswith(figure.locator(".told").inner_text())
            assert figure.locator("svg").inner_html() != before
            page.keyboard.press("ArrowRight")
            assert figure.locator(".told").inner_text() == told


def test_details_open_by_keyboard(page):
    folded = page.locator("article details:not([open])")
    some = folded.count() > 0
    assert some or not page.name.startswith("exercises/"), "an exercise page folds its hints away"
    if some:
        summary = folded.first.locator("summary").first.element_handle()
        summary.press("Enter")
        page.wait_for_function("e => e.parentElement.open", arg=summary)


@pytest.mark.parametrize("opened", [False, True], ids=["folded", "unfolded"])
def test_fits_a_phone(page, opened):
    page.evaluate(
        "open => document.querySelectorAll('article details').forEach(e => e.open = open)", opened
    )
    page.set_viewport_size(PHONE)
    width = page.evaluate("document.documentElement.scrollWidth")
    cut_off, towers = page.evaluate(CUT_OFF), page.evaluate(TOWERS)
    assert width <= 360, f"{page.name} is {width} px wide"
    assert cut_off == [], f"{page.name} is cut off on the right"
    assert towers == [], f"{page.name} has words squeezed by code in a table"


@pytest.mark.parametrize("size", [LAPTOP, DESK], ids=["laptop", "desk"])
def test_the_contents_of_a_page_fit_the_screen(page, size):
    """Whichever section is read: then its parts are listed too."""
    page.set_viewport_size(size)
    page.evaluate(SETTLED)
    too_long = page.evaluate(
        """() => {
            const box = document.querySelector('.bd-sidebar-secondary');
            const lists = [...(box?.querySelectorAll('li > ul') ?? [])];
            const hidden = lists.map(parts => {
                lists.forEach(e => { e.style.display = e === parts ? 'block' : 'none' });
                return box.scrollHeight - box.clientHeight;
            });
            lists.forEach(e => { e.style.display = '' });
            return hidden.filter(pixels => pixels > 0);
        }"""
    )
    assert too_long == []


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_a_heading_is_smaller_than_the_one_above_it(page, size):
    page.set_viewport_size(size)
    sizes = page.evaluate(
        """() => ['h1', 'h2', 'h3', 'h4'].map(h => document.querySelector(`article ${h}`))
            .filter(h => h).map(h => parseFloat(getComputedStyle(h).fontSize))"""
    )
    assert sizes == sorted(set(sizes), reverse=True)


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_what_scrolls_is_reached_by_keyboard(page, size):
    page.evaluate("document.querySelectorAll('article details').forEach(e => e.open = true)")
    page.set_viewport_size(size)
    page.evaluate(SETTLED)
    unreached = page.evaluate(UNREACHED)
    assert unreached == []


def serious(page, theme):
    """What axe finds on a page that is not the theme's own; all that is folded is opened."""
    from axe_playwright_python.sync_playwright import Axe

    page.evaluate("document.querySelectorAll('article details').forEach(e => e.open = true)")
    page.evaluate("theme => { document.documentElement.dataset.theme = theme }", theme)
    page.evaluate(SETTLED)
    page.evaluate(ONE_OF_EACH)
    violations = Axe().run(page, options=VIOLATIONS).response["violations"]
    page.evaluate(AS_BEFORE)
    return [
        f"{rule['id']} ({rule['impact']}): {node['target']} {node['failureSummary']}"
        for rule in violations
        if rule["impact"] in ("serious", "critical")
        for node in rule["nodes"]
        if not _is_themes_own(rule["id"], f"{node['target']} {node['html']}")
    ]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious(page, theme):
    found = serious(page, theme)
    assert found == [], "\n".join(found)


@pytest.mark.parametrize(("theme", "colour"), [("light", "#eee"), ("dark", "#222")])
def test_axe_sees_the_one_word_of_code_that_can_not_be_read(window, address, theme, colour):
    page = visit(window, f"{address}/exercises/07-text.html")
    page.evaluate(
        """colour => {
            const words = [...document.querySelectorAll('article pre span')];
            words.findLast(e => e.textContent.trim().length > 1).style.color = colour;
        }""",
        colour,
    )
    (found,) = serious(page, theme)
    assert found.startswith("color-contrast (serious): ")
    page.close()


def _is_themes_own(rule, where):
    return any(rule == known and part in where for known, part in THEMES_OWN)


def test_references_begin_with_their_authors(window, address):
    """The text cites by author and year: bibtex's key in brackets would be of no use."""
    page = visit(window, f"{address}/book/references.html")
    entries = page.locator(".citation").all_inner_texts()
    assert entries
    assert [entry for entry in entries if entry.lstrip().startswith("[")] == []


@pytest.mark.parametrize("name", ["search.html", "genindex.html"])
def test_sphinxs_own_pages_load_in_silence(window, address, name):
    is_silent_and_from(address, visit(window, f"{address}/{name}"))


def test_index_leads_to_the_introduction(window, address):
    page = window.new_page()
    page.goto(f"{address}/index.html", wait_until="commit")
    page.wait_for_url("**/book/intro.html")


def test_one_search_box_and_it_finds_vanishing(window, address):
    page = visit(window, f"{address}/book/intro.html")
    buttons = page.locator("button.search-button-field:visible, button.search-button:visible")
    assert buttons.count() == 1
    buttons.click()
    boxes = page.locator("input[type=search]:visible")
    assert boxes.count() == 1
    boxes.fill("vanishing")
    boxes.press("Enter")
    page.wait_for_selector("#search-results li a")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_figure_has_the_pages_ground(browser, address, theme):
    """No white slab on a dark page: the figure's paper is as the page is."""
    from PIL import Image

    with new_context(browser, theme) as window:
        page = visit(window, f"{address}/book/bptt.html")
        for figure in page.locator("article .cell_output img:visible").all()[:3]:
            figure.scroll_into_view_if_needed()
            box = figure.bounding_box()
            around = {"x": box["x"] - 6, "width": box["width"], "y": box["y"], "height": 20}
            shot = Image.open(io.BytesIO(page.screenshot(clip=around))).convert("RGB")
            outside, inside = shot.getpixel((1, 10)), shot.getpixel((9, 10))
            assert max(abs(a - b) for a, b in zip(outside, inside, strict=True)) <= 2
            assert (max(inside) < 60) == (theme == "dark")


def test_a_figure_of_the_book_is_sharp_at_any_size(browser, address):
    with new_context(browser) as window:
        page = visit(window, f"{address}/book/bptt.html")
        sources = [
            image.get_attribute("src")
            for image in page.locator("article .cell_output img:visible").all()
        ]
        in_page = [one for one in sources if one.startswith("data:image/svg+xml")]  # a slider's
        assert in_page
        assert len(sources) >= 5 + len(in_page)
        assert all(one.endswith(".svg") or one in in_page for one in sources)


def test_a_dark_page_is_printed_as_a_light_one(browser, address):
    with new_context(browser, "dark") as window:
        page = visit(window, f"{address}/book/bptt.html")
        theme = "document.documentElement.dataset.theme"
        page.evaluate(
            f"() => window.addEventListener('beforeprint', () => {{ printed = {theme} }})"
        )
        page.pdf()
        assert page.evaluate(f"[printed, {theme}]") == ["light", "dark"]


def test_the_readers_dark_mode_is_kept(browser, address):
    with new_context(browser, "dark") as window:
        page = visit(window, f"{address}/book/intro.html")
        assert page.evaluate("document.documentElement.dataset.theme") == "dark"
