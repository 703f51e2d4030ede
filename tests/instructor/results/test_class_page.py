"""The instructor's page in Chromium: what students wrote stays text; thousands are quick."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from a_class import solved, write

sys.path.insert(0, str(Path(__file__).parent))  # for invented

from invented import Invented, result
from playwright.sync_api import expect

from course_lib.authoring.browser import new_context
from course_lib.exercises.registry import get, ids
from course_lib.instructor.judging.verdict import Verdict
from course_lib.instructor.results.pages.class_page import class_page
from course_lib.instructor.results.reports import Pointed, page_name, write_reports

pytestmark = [pytest.mark.browser, pytest.mark.enable_socket]

PHONE, DESK = 360, 1280  # px
MANY = 5_000
QUICK = 1500  # ms for a choice among so many: ten times what it takes on two quiet cores
ATTACKS = (
    "<script>window.hit=1</script>",
    "</script><script>window.hit=1</script>",
    "</script ><img src=x onerror=window.hit=1>",
    "<!--<script>",
    "]]><svg onload=window.hit=1>",
    "'\"><img src=x onerror=window.hit=1>",
    '" autofocus onfocus=window.hit=1 x="',
    "javascript:window.hit=1",
    "<base href=https://evil.example/><link rel=stylesheet href=https://evil.example/a.css>",
    "<meta http-equiv=refresh content=0;url=https://evil.example/>",
    "<iframe srcdoc='<script>parent.hit=1</script>'>",
    "<style>*{display:none}</style>",
    "\\u003cimg src=x onerror=window.hit=1\\u003e",
    "{{constructor.constructor('window.hit=1')()}}${window.hit=1}",
    "__proto__",
    "\u2028\u202e</title>\ud800\x00",
)  # fmt: skip


def students_of(page):
    return page.locator("#map tbody button.name")


@pytest.fixture
def open_page(browser):
    """Opens a file in a fresh window; keeps what the browser said, fetched and asked."""
    contexts = []

    def opened(file, theme="light", width=DESK):
        context = new_context(browser, theme, width)
        contexts.append(context)
        page = context.new_page()
        page.said, page.fetched = [], []
        page.on("console", lambda m: page.said.append(m.text))
        page.on("pageerror", lambda error: page.said.append(str(error)))
        page.on("dialog", lambda asked: page.said.append(asked.message))
        page.on("request", lambda request: page.fetched.append(request.url))
        page.goto(file.as_uri())
        return page

    yield opened
    for context in contexts:
        context.close()


def written(folder, students):
    weights = dict.fromkeys(ids(), 1.0)
    write_reports(folder, students, list(ids()), weights, {})
    return folder / "index.html"


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """The page of forty students."""
    return written(tmp_path_factory.mktemp("small"), Invented(40))


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """The page of five thousand."""
    many = Invented(MANY)
    weights = dict.fromkeys(many.wanted, 1.0)
    names = {student["student"]: page_name(student["student"]) for student in many}
    file = tmp_path_factory.mktemp("large") / "index.html"
    file.write_text("".join(class_page(Pointed(many, weights), weights, names, "today")))
    return file


def hostile(attack):
    """A student who wrote this wherever a student can write."""
    broken = Verdict("rnn_step", "error", attack, printed=attack, remarks=[attack], rungs=6)
    named = Verdict("rnn_forward", "not right yet", attack, "no tanh", 2, 6, attack,
                    code=[attack, attack], replaced=[attack])  # fmt: skip
    rest = [Verdict(one, "missing", attack) for one in ids()[2:]]
    return result(attack, broken, named, *rest, status="unreadable", remarks=[attack])


@pytest.mark.parametrize("attack", ATTACKS)
def test_what_a_student_wrote_never_runs(open_page, tmp_path, attack):
    page = open_page(written(tmp_path, [hostile(attack), *Invented(1)]))
    file = (tmp_path / "index.html").as_uri()
    for number in range(2):
        page.locator(f'#map [data-student="{number}"]').click()
        page.keyboard.press("Escape")
    page.locator("#find").fill(attack[:5])
    page.locator("#hide").check()
    page.wait_for_timeout(200)
    assert page.evaluate("window.hit") is None
    assert page.said == []
    assert page.fetched == [file]
    assert page.url == file
    assert (
        page.locator("img, iframe, base, link, main script[src], meta[http-equiv=refresh]").count()
        == 0
    )
    assert page.locator("script").count() == 2
    assert page.locator("style").count() == 1
    assert {a["href"] for a in page.evaluate("[...document.links].map(a => ({href: a.href}))")} <= {
        f"{file.removesuffix('index.html')}students/{page_name(attack)}.html",
        f"{file.removesuffix('index.html')}students/{page_name(Invented(1).students[0]['student'])}.html",
    }


@pytest.mark.parametrize("attack", ATTACKS[:6])
def test_it_stands_there_as_text(open_page, tmp_path, attack):
    page = open_page(written(tmp_path, [hostile(attack)]))
    page.locator('#map [data-student="0"]').click()
    assert page.locator("#student h2").inner_text() == attack
    assert page.locator("#student pre code").inner_text() == f"{attack}\n{attack}"
    assert page.locator(".misconceptions code").inner_text() == f"{attack}\n{attack}"


@pytest.mark.slow
def test_nor_does_what_came_through_the_grader(open_page, tmp_path, kind):
    attack = "</script><img src=x onerror=window.hit=1>"
    code = f"""def rnn_step(x_t, h_prev, W_xh, W_hh, b_h):
    print("{attack}")
    return x_t @ W_xh + h_prev @ W_hh + b_h * (1 if "{attack}" else 2)
"""
    broken = f'def rnn_forward(x, h_0, W_xh, W_hh, b_h):\n    raise ValueError("{attack}")\n'
    name = "<img src=x onerror=window.hit=1>.ipynb"
    write(
        tmp_path / "in" / "<svg onload=window.hit=1>" / name,
        solved(1, rnn_step=code, rnn_forward=broken),
    )
    write(tmp_path / "in" / "ben" / "01-vanilla-rnn.ipynb", solved(1))
    command = [sys.executable, "-m", "course_lib.cli", "validate", str(tmp_path / "in")]
    command += ["--exercise=rnn_step", "--exercise=rnn_forward", f"--out={tmp_path / 'out'}"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    page = open_page(tmp_path / "out" / "index.html")
    page.locator('#map [data-student="0"]').click()
    told = page.locator("#student").inner_text()
    assert told.count(attack) >= 3  # in the code, the exception and what was printed
    assert page.evaluate("window.hit") is None
    assert page.said == []
    assert page.locator("img, svg[onload]").count() == 0


def test_no_script_but_its_own_may_run(open_page, small):
    page = open_page(small)
    page.evaluate("""() => {
        const added = document.createElement('script');
        added.textContent = 'window.hit = 1';
        document.body.append(added);
        document.body.insertAdjacentHTML('beforeend', '<img src=x onerror="window.hit=1">');
        document.body.insertAdjacentHTML('beforeend', '<p style="color:red" id="styled">x</p>');
    }""")
    page.wait_for_timeout(200)
    assert page.evaluate("window.hit") is None
    red = page.evaluate("getComputedStyle(document.getElementById('styled')).color")
    assert red != "rgb(255, 0, 0)"
    assert len(page.said) >= 3  # the policy refused each of them


def test_every_file_is_there_where_a_name_leads(open_page, tmp_path):
    page = open_page(written(tmp_path, [hostile("a/../b"), hostile("ß & #%?")]))
    for number in range(2):
        page.locator(f'#map [data-student="{number}"]').click()
        with page.expect_navigation():
            page.locator("#student a").click()
        assert "Results of" in page.title()
        page.go_back()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [DESK, PHONE])
def test_axe_finds_nothing(open_page, small, theme, width):
    from axe_playwright_python.sync_playwright import Axe

    page = open_page(small, theme, width)
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert ground == {"light": "rgb(255, 255, 255)", "dark": "rgb(22, 22, 24)"}[theme]
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for part in ("the page", "a student"):
        if part == "a student":
            students_of(page).first.click()
        found = [
            f"{rule['id']}: {node['target']} {node['failureSummary']}"
            for rule in Axe().run(page).response["violations"]
            for node in rule["nodes"]
        ]
        assert found == [], f"{part}: " + "\n".join(found)


def test_all_can_be_done_from_the_keyboard(open_page, small):
    page = open_page(small)
    seen = set()
    for _ in range(200):
        page.keyboard.press("Tab")
        seen.add(page.evaluate("document.activeElement.id || document.activeElement.className"))
        if page.evaluate("document.activeElement.matches('#map tbody button')"):
            break
    assert {"find", "chapter", "exercise", "outcome", "sort", "reset", "hide", "map"} <= {
        part for one in seen for part in one.split()
    }
    name = page.evaluate("document.activeElement.textContent")
    page.keyboard.press("Enter")
    assert page.locator("#student[open] h2").inner_text() == name
    page.keyboard.press("Escape")
    assert page.locator("#student[open]").count() == 0
    assert page.evaluate("document.activeElement.textContent") == name
    page.locator("#map").focus()
    page.keyboard.press("End")
    expect(page.locator('#map tbody [aria-rowindex="43"]')).to_be_in_viewport()


def test_it_sorts(open_page, small):
    page = open_page(small)
    points = page.locator("#map tbody td.number")
    page.locator('#map [data-sort="least"]').click()
    fewest = [float(one) for one in points.all_inner_texts()]
    assert fewest == sorted(fewest)
    page.locator('#map [data-sort="least"]').click()
    most = [float(one) for one in points.all_inner_texts()]
    assert most == sorted(most, reverse=True)
    page.locator(f'#map [data-sort="{ids().index("rnn_backward")}"]').click()
    column = page.locator('#map tbody td[title^="rnn_backward:"]')
    outcomes = [one.get_attribute("title").split(": ")[1] for one in column.all()]
    wrong = [one not in ("passed", "missing", "not written yet") for one in outcomes]
    assert any(wrong)
    assert wrong == sorted(wrong, reverse=True)
    assert page.locator("#map [aria-sort]").inner_text() == "rnn_backward"


def test_it_finds_and_filters(open_page, small):
    page = open_page(small)
    page.locator("#find").fill("student 00007")
    expect(page.locator("#count")).to_have_text("1 student of 40")
    assert students_of(page).count() == 1
    page.locator("#reset").click()
    assert page.locator("#count").inner_text() == "40 students of 40"
    counts = page.locator('main > .wide [data-exercise="rnn_step"]')
    for button in counts.all():
        many = int(button.inner_text())
        button.click()
        assert page.locator("#count").inner_text().startswith(f"{many} student")
    first = page.locator("[data-mistake]").first
    many = first.inner_text()
    first.click()
    assert page.locator("#count").inner_text().startswith(many)
    students_of(page).first.click()
    sentence = get(first.get_attribute("data-exercise")).mistakes
    named = {m.name: m.sentence for m in sentence}[first.get_attribute("data-mistake")]
    assert named.replace("`", "") in page.locator("#student").inner_text()  # they mark code


def test_names_can_be_hidden(open_page, tmp_path):
    students = [
        result(
            name,
            Verdict("rnn_step", "not right yet", "No.", "no tanh", 2, 6, "a case",
                    code=[f"x = {number}"], printed=f"I am {name}", remarks=[name]),
            *(Verdict(one, "missing") for one in ids()[1:]),
            status="unreadable", remarks=[f"{name}.ipynb"],
        )
        for number, name in enumerate(["Anna", "Ben", "Cem"])
    ]  # fmt: skip
    page = open_page(written(tmp_path, students))
    everywhere = "document.querySelector('main').innerText + document.title"
    assert "Anna" in page.evaluate(everywhere)
    page.locator("#hide").check()
    seen = page.evaluate(everywhere)
    page.locator("#map tbody button.name").first.click()
    seen += page.evaluate("document.getElementById('student').innerHTML")
    assert not any(name in seen for name in ("Anna", "Ben", "Cem"))
    assert "Student 1" in seen
    page.keyboard.press("Escape")
    page.locator("#find").fill("anna")
    expect(page.locator("#count")).to_have_text("0 students of 3")
    page.locator("#hide").uncheck()
    assert "Anna" in page.evaluate(everywhere)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_print_shows_every_row_and_no_control(open_page, small, theme):
    page = open_page(small, theme)
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    names = students_of(page).all_inner_texts()
    assert len(set(names)) == 40
    assert len(names) % 40 == 0  # as often as there are sheets beside each other
    assert not page.locator("#controls").is_visible()
    for part in ("body", "#map td.o8"):  # on paper it is light
        ground = page.locator(part).first.evaluate("e => getComputedStyle(e).backgroundColor")
        assert ground == "rgb(255, 255, 255)"
    assert page.pdf(prefer_css_page_size=True).startswith(b"%PDF")


def test_the_printed_map_can_be_read_and_each_table_fits_a_sheet(open_page, small):
    """In letters of 9 points, on A4 across with margins of 1 cm."""
    page = open_page(small)
    page.locator("#chapter").select_option("all")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    sizes, tables = page.evaluate(
        """() => [
            [...document.querySelectorAll('#map td, #map th, #map button')].map(
                e => parseFloat(getComputedStyle(e).fontSize)),
            [...document.querySelectorAll('#map table')].map(table => [
                table.getBoundingClientRect().width,
                table.getBoundingClientRect().height,
                [...table.querySelectorAll('.turned')].map(e => e.textContent),
                [...table.querySelectorAll('tbody th')].map(e => e.textContent),
            ]),
        ]"""
    )
    assert min(sizes) >= 9 * 96 / 72  # px
    for width, height, _, _ in tables:
        assert width <= (297 - 2 * 10) * 96 / 25.4
        assert height <= (210 - 2 * 10) * 96 / 25.4
    cells = [(who, what) for _, _, across, down in tables for who in down for what in across]
    assert len(cells) == len(set(cells)) == 40 * len(ids())
    page.emulate_media(media="screen")
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator("#map table").count() == 1


def test_five_thousand_are_quick(open_page, large):
    page = open_page(large)
    loaded = page.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd")
    assert loaded < 5 * QUICK
    assert page.locator("#count").inner_text() == "5,000 students of 5,000"
    for change in (
        "{sort: 'stuck'}",
        "{exercise: '3', outcome: '1'}",
        "{...all, find: '0123'}",
        "all",
    ):
        took = page.evaluate(f"""() => {{
            const began = performance.now();
            choose({change});
            document.body.offsetHeight;
            return performance.now() - began;
        }}""")
        assert took < QUICK, change
    page.evaluate("document.getElementById('map').scrollTop = 26 * 4000")
    expect(page.locator('#map tbody [aria-rowindex="4004"]')).to_be_in_viewport()
    assert page.locator("#map tbody tr").count() < 200  # only those in sight are drawn
    assert large.stat().st_size < 10_000_000
    assert page.said == []


def test_a_page_without_students_stands(open_page, tmp_path):
    page = open_page(written(tmp_path, []))
    assert page.said == []
    assert page.locator("h1").inner_text() == "0 submissions"


def test_the_data_are_those_of_the_results(small):
    text = small.read_text().partition('id="class">')[2].partition("</script>")[0]
    data, known = json.loads(text), []
    for student, row in zip(Invented(40), data["students"], strict=True):
        for e, cell in zip(student["exercises"], row["cells"], strict=True):
            if isinstance(cell, int):
                cell = known[cell]
            else:
                known.append(cell)
            assert data["outcomes"][cell["outcome"]] == e["outcome"]
            assert cell.get("sentence", "") == e["sentence"]
