"""Figures that move: what they refuse, how they stand in a page, and that the page computes right.

The page computes in JavaScript what Python computes elsewhere; Chromium compares the two.
"""

import io
import json
import re
from functools import cache

import matplotlib.pyplot as plt
import numpy as np
import pytest
from bs4 import BeautifulSoup
from PIL import Image, ImageChops

from course_lib.figures import Handle, Moving, bptt, gated_cells, vanilla_rnn

DRAW = {
    "way_back": bptt.way_back,
    "one_memory": gated_cells.one_memory,
    "one_unit": vanilla_rnn.one_unit,
}
LINES = "[...document.querySelectorAll('[id^=moving] > path')].map(e => e.getAttribute('d'))"


@cache
def moving(name):
    """Each of the book's figures that move, as it starts."""
    return DRAW[name]()


def way_back(radius):
    norms = {
        (name, kind): bptt.jacobian_norms(kind, radius, scale)
        for name, scale in bptt.SCALES.items()
        for kind in bptt.KINDS
    }
    lines = {f"{name}-{kind}": found for (name, kind), (found, _) in norms.items()}
    for name in bptt.SCALES:
        lines[f"{name}-bound"] = norms[name, "gaussian"][1] ** np.arange(51)
    return {name: np.log10(line) for name, line in lines.items()}, None


def one_memory(f, i):
    return {"memory": gated_cells.pulse_memory(f, i)}, gated_cells.one_memory(f, i).told


def one_unit(w):
    h = vanilla_rnn.impulse_response(w)
    stems = np.stack([0 * h, h, 0 * h], axis=1).ravel()
    return {"states": h, "stems": stems}, vanilla_rnn.one_unit(w).told


@pytest.fixture(params=DRAW)
def figure(request):
    return moving(request.param)


@pytest.fixture
def soup(figure):
    return BeautifulSoup(figure._repr_html_(), "html.parser")


def made(**changed):
    picture, axes = plt.subplots(figsize=(5.5, 1.5))
    (line,) = axes.plot(np.arange(1, 51), gated_cells.pulse_memory(0.5))
    given = {
        "figure": picture,
        "lines": {"memory": line},
        "handles": [Handle("f", 0, 1, 0.01, 0.5), Handle("i", 0, 1, 0.5, 1)],
        "formula": "one_memory",
        "data": {"steps": 50, "pulses": [1, 25]},
        "told": "It fades.",
        "alt": "A memory.",
    }
    return Moving(**given | changed)


@pytest.mark.parametrize(
    ("changed", "error", "told"),
    [
        ({"lines": {}}, ValueError, "needs a line"),
        ({"handles": []}, ValueError, "a handle"),
        ({"told": " "}, ValueError, "say what it shows"),
        ({"alt": ""}, ValueError, "say what it shows"),
        ({"formula": "no_such"}, FileNotFoundError, "no_such.js"),
    ],
)
def test_what_it_refuses(changed, error, told):
    with pytest.raises(error, match=told):
        made(**changed)
    plt.close("all")


@pytest.mark.parametrize(
    ("label", "start", "told"), [(" ", 0.5, "needs a label"), ("f", 1.5, "not in its range")]
)
def test_what_a_handle_refuses(label, start, told):
    with pytest.raises(ValueError, match=told):
        Handle(label, 0, 1, 0.1, start)


def test_html_is_the_same_each_time_and_the_figure_is_closed(figure):
    again = DRAW[figure.formula]()
    assert again._repr_html_() == figure._repr_html_()
    assert repr(figure).startswith("Moving figure: ")
    assert plt.get_fignums() == []


def test_labelled_native_inputs(figure, soup):
    assert [label.get_text(strip=True) for label in soup.select("div > label:has(input)")] == [
        handle.label for handle in figure.handles
    ]
    for handle, tag, shown in zip(
        figure.handles, soup.select("input[type=range]"), soup.select("output"), strict=True
    ):
        assert float(tag["value"]) == handle.start
        assert float(tag["min"]) <= handle.start <= float(tag["max"])
        assert shown.get_text() == tag["aria-valuetext"]
        assert float(shown.get_text()) == handle.start


def test_without_a_script_it_says_what_it_shows(figure, soup):
    assert soup.select_one("p.told").get_text() == figure.told
    assert soup.svg["role"] == "img"
    assert soup.svg["aria-label"] == f"{figure.alt} {figure.told}"


def test_nothing_in_it_is_named_as_something_outside_it(figure, soup):
    """Ids hold for a whole page, and for the whole book where it is printed; so do styles."""
    ids = [tag["id"] for tag in soup.select("[id]")]
    assert len(ids) == len(set(ids)) > 10
    prefix = f"moving-{figure.formula.replace('_', '-')}-"
    assert [one for one in ids if not one.startswith(prefix)] == []
    pointed = re.findall(r'href="#([^"]+)"|url\(#([^)]+)\)', str(soup.svg))
    assert {one or other for one, other in pointed} <= set(ids)
    assert soup.style is None


def test_what_it_is_given_can_not_end_its_script():
    html = made(alt="</script><b>", data={"steps": 2, "pulses": [1, 2]})._repr_html_()
    assert html.count("</script>") == 1
    assert BeautifulSoup(html, "html.parser").b is None


@pytest.mark.browser
@pytest.mark.enable_socket
class TestInChromium:
    @pytest.fixture
    def page(self, browser):
        opened = browser.new_page()
        opened.said = []
        opened.on("console", lambda message: opened.said.append(message.text))
        opened.on("pageerror", lambda error: opened.said.append(str(error)))
        yield opened
        opened.close()

    @pytest.mark.parametrize(
        ("python", "values", "off"),
        [
            *((way_back, [radius], 0.04) for radius in (0.5, 0.9, 1.0, 1.14, 1.3, 1.6, 2.0)),
            *(
                (one_memory, [f, i], 1e-12)
                for f in (0, 0.3, 0.5, 0.9, 0.99, 1)
                for i in (0, 0.4, 1)
            ),
            *((one_unit, [w], 1e-12) for w in (-1.5, -1, -0.05, 0, 0.05, 0.75, 1, 1.5)),
        ],
    )
    def test_the_page_computes_what_python_computes(self, page, python, values, off):
        """`off` is a difference; of norms, in powers of ten: they come from a power iteration."""
        page.set_content(moving(python.__name__)._repr_html_())
        drawn = page.evaluate(f"document.querySelector('figure').at(...{json.dumps(values)})")
        lines, told = python(*values)
        assert drawn["lines"].keys() == lines.keys()
        for name, line in lines.items():
            found = np.array(drawn["lines"][name], dtype=float)
            found = np.log10(found) if python is way_back else found
            np.testing.assert_allclose(found, line, atol=off, rtol=0)
        if told is not None:  # the way back tells numbers, which may be rounded in two ways
            assert drawn["told"] == told
        assert page.said == []

    def test_a_move_changes_lines_and_words_and_a_move_back_restores_them(self, page, figure):
        page.set_content(figure._repr_html_())
        start, handle = page.evaluate(LINES), page.locator("input").first
        words = page.locator(".told").inner_text()
        assert words == figure.told
        handle.focus()
        page.keyboard.press("ArrowLeft")
        value = page.locator("output").first.inner_text()
        assert float(value) < figure.handles[0].start
        told = page.locator(".told").inner_text()
        assert handle.get_attribute("aria-valuetext") == f"{value}. {told}"
        assert page.locator("svg").get_attribute("aria-label") == f"{figure.alt} {told}"
        assert page.evaluate(LINES) != start
        page.keyboard.press("ArrowRight")
        assert page.locator(".told").inner_text() == words
        assert page.said == []

    @pytest.mark.parametrize("name", ["one_memory", "one_unit"])
    def test_the_page_draws_what_matplotlib_draws(self, page, name):
        """Moved there, a figure looks as one that starts there."""
        start = {"one_memory": (0.97, 0.5), "one_unit": (-1.0,)}[name]
        page.set_content(DRAW[name](*start)._repr_html_())
        expected = page.locator("svg").screenshot()
        page.set_content(moving(name)._repr_html_())
        for k, value in enumerate(start):
            page.locator("input").nth(k).fill(str(value))
        assert _apart(expected, page.locator("svg").screenshot()) < 0.002


def _apart(one: bytes, other: bytes) -> float:
    """The share of the pixels in which two pictures differ clearly."""
    a, b = (Image.open(io.BytesIO(shot)).convert("L") for shot in (one, other))
    assert a.size == b.size
    return float((np.asarray(ImageChops.difference(a, b)) > 100).mean())
