"""Each gate of the book build passes a good site and fails a bad one, and says what to do."""

import pytest

from course_lib.authoring import gates

GOOD = """<html><head><link rel="stylesheet" href="_static/a.css"></head><body><article>
<h1 id="one-step">One step</h1>
<a href="#one-step">up</a> <a href="other.html#below">other</a> <a href="https://example.org">out</a>
<img src="_images/1f2e.png" alt="The loss falls from 2.3 to 0.1.">
</article></body></html>"""
OTHER = "<html><body><article><h1>Other</h1><p id='below'>Text</p></article></body></html>"
INDEX = '<meta http-equiv="Refresh" content="0; url=page.html">'


@pytest.fixture
def site(tmp_path):
    """Write a good site; what is returned rewrites a part of it and lists the problems."""
    for name, text in {
        "page.html": GOOD,
        "other.html": OTHER,
        "index.html": INDEX,
        "_static/a.css": "a { color: red; background: url(data:image/png;base64,AA) }",
        "_images/1f2e.png": "",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")

    def problems(old="", new="", name="page.html"):
        file = tmp_path / name
        text = file.read_text("utf-8")
        assert old in text
        file.write_text(text.replace(old, new), encoding="utf-8")
        return gates.check_site(tmp_path)

    problems.root = tmp_path
    return problems


def test_a_good_site_has_no_problem(site):
    assert site() == []


def test_no_index(site):
    (site.root / "index.html").unlink()
    assert "no index.html" in site()[0]


def test_index_that_leads_nowhere(site):
    assert "index.html: sends to gone.html" in site("page.html", "gone.html", "index.html")[0]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("other.html#below", "gone.html", "page.html: gone.html leads to no file"),
        ("other.html#below", "other.html#above", "page.html: other.html#above leads to no anchor"),
        ("#one-step", "#two-steps", "page.html: #two-steps leads to no anchor"),
        ("_static/a.css", "_static/b.css", "page.html: _static/b.css leads to no file"),
        ("_images/1f2e.png", "_images/2.png", "page.html: _images/2.png leads to no file"),
    ],
)
def test_broken_links(site, old, new, told):
    [problem] = site(old, new)
    assert problem.startswith(told)


@pytest.mark.parametrize("alt", ["", " ", "img", "Figure", "1f2e", "_images/1f2e.png", "loss.svg"])
def test_alt_text_that_says_nothing(site, alt):
    [problem] = site("The loss falls from 2.3 to 0.1.", alt)
    assert "page.html: picture 1 has the alt text" in problem
    assert "mystnb" in problem


@pytest.mark.parametrize("sentence", ["98 %", "<b>98</b> %", "<b>98\n</b>%", "98 (97 to 99)\n%"])
def test_a_number_parted_from_its_percent_sign(site, sentence):
    text = "<p>It is {} of them.</p></article>"
    assert "a line can end before the sign in" in site("</article>", text.format(sentence))[0]
    assert site(sentence, f"<code>{sentence}</code>") == []


@pytest.mark.parametrize("sentence", ["98&nbsp;%", "<b>98</b>\xa0%", "98%", "98</p><p>% is a sign"])
def test_a_number_with_its_percent_sign(site, sentence):
    assert site("</article>", f"<p>It is {sentence}.</p></article>") == []


PRINTED = '<div class="output stream"><pre>{}</pre></div></article>'


@pytest.mark.parametrize(("printed", "wrong"), [("bias -0.00", "-0.00"), ("1 steps", "1 steps")])
def test_a_cell_that_prints_a_wrong_amount(site, printed, wrong):
    assert f"page.html: a cell prints '{wrong}'" in site("</article>", PRINTED.format(printed))[0]
    assert site(PRINTED.format(printed), f"<p>{printed}</p></article>") == []


def test_amounts_that_are_right(site):
    assert site("</article>", PRINTED.format("bias 0.00, -0.001; 1 step, 11 steps")) == []


def test_a_drawing_that_moves_says_what_it_shows_too(site):
    drawing = "<figure><svg role='img'{}></svg></figure></article>"
    assert site("</article>", drawing.format(" aria-label='The loss falls.'")) == []
    assert "picture 2 has the alt text ''" in site(" aria-label='The loss falls.'", "")[0]


def test_no_alt_text_at_all(site):
    assert "picture 1" in site(' alt="The loss falls from 2.3 to 0.1."', "")[0]


@pytest.mark.parametrize(
    ("old", "new", "count"), [("<h1", "<h2", 0), ("</article>", "<h1>Again</h1></article>", 2)]
)
def test_headings(site, old, new, count):
    [problem] = site(old, new)
    assert problem.startswith(f"page.html: {count} headings of level 1")


@pytest.mark.parametrize(
    "loaded",
    [
        '<script src="https://cdn.example.org/x.js"></script>',
        '<script src="//cdn.example.org/x.js"></script>',
        '<link rel="stylesheet" href="https://fonts.example.org/css">',
        '<img alt="A far picture of a loss." src="https://example.org/a.png">',
        '<img alt="A loss." src="_images/1f2e.png" srcset="https://example.org/2.png 2x">',
        "<style>@import 'https://fonts.example.org/css';</style>",
        '<p style="background: url(https://example.org/a.png)">Text</p>',
        '<iframe src="https://example.org/video"></iframe>',
    ],
)
def test_pages_that_load_from_another_machine(site, loaded):
    [problem] = site("</article>", f"{loaded}</article>")
    assert problem.startswith("page.html: loads ")
    assert "example.org" in problem


def test_style_sheets_that_load_from_another_machine(site):
    [problem] = site("a {", "@import url(https://fonts.example.org/css); a {", "_static/a.css")
    assert problem.startswith("_static/a.css: loads https://fonts.example.org/css")
