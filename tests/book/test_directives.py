"""The book's own Sphinx extensions, without a build: finding code, and labels as link targets."""

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _extensions(monkeypatch):
    monkeypatch.setattr(sys, "path", [str(ROOT / "book" / "_ext"), *sys.path])


@pytest.fixture
def package(tmp_path):
    """A package with a function, a decorated method, and a name that stands twice."""
    source = '''
def step(x):
    """One step."""
    return x + 1


class Cell:
    @property
    def size(self):
        return 3
'''
    for name, text in {"scratch/rnn.py": source, "layers/rnn.py": "def twice(): pass\n"}.items():
        (tmp_path / "course_lib" / name).parent.mkdir(parents=True)
        (tmp_path / "course_lib" / name).write_text(text, encoding="utf-8")
    (tmp_path / "course_lib/scratch/other.py").write_text("def twice(): pass\n", encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("name", ["step", "course_lib.scratch.rnn.step"])
def test_a_function_is_found_by_its_name_and_by_its_path(package, name):
    from course_directives import find_definition

    path, source = find_definition(package, name)
    assert path == package / "course_lib/scratch/rnn.py"
    assert source == 'def step(x):\n    """One step."""\n    return x + 1'


def test_a_method_comes_with_its_decorator_and_without_its_indent(package):
    from course_directives import find_definition

    assert find_definition(package, "Cell.size")[1].startswith("@property\ndef size(self):")


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("gone", "does not exist"),
        ("course_lib.scratch.rnn.gone", "does not exist"),
        ("course_lib.nowhere.step", "no such module"),
        ("twice", "stands in course_lib/scratch/other.py and course_lib/layers/rnn.py"),
    ],
)
def test_an_unknown_or_ambiguous_name_is_an_error(package, name, told):
    from course_directives import DefinitionError, find_definition

    with pytest.raises(DefinitionError, match=told):
        find_definition(package, name)


def test_labels_become_link_targets_and_headings_stay():
    from course_labels import add_labels

    domain = SimpleNamespace(
        anonlabels={"sec-step": ("book/rnn", "sec-step"), "ch-rnn": ("book/rnn", "ch-rnn")},
        labels={"ch-rnn": ("book/rnn", "ch-rnn", "The RNN")},
    )
    env = SimpleNamespace(
        get_domain=lambda name: domain,
        metadata={"book/rnn": {"myst_slugs": {"a-heading": (3, "id1", "A heading")}}},
    )
    assert add_labels(None, env) == []
    assert env.metadata["book/rnn"]["myst_slugs"] == {
        "a-heading": (3, "id1", "A heading"),
        "sec-step": (0, "sec-step", "sec-step"),
        "ch-rnn": (0, "ch-rnn", "The RNN"),
    }


def run_directive(package, argument, options=None):
    """Run `{reference}` as Sphinx would; return (nodes, files that the page then depends on)."""
    from course_directives import Reference

    files = []
    env = SimpleNamespace(srcdir=str(package), note_dependency=files.append)
    document = SimpleNamespace(settings=SimpleNamespace(env=env))
    state = SimpleNamespace(document=document)
    machine = SimpleNamespace(get_source_and_line=lambda line: ("page.md", 1), reporter=None)
    directive = Reference(
        "reference", [argument], options or {}, [], 1, 0, argument, state, machine
    )
    return directive.run(), files


def test_the_directive_folds_the_code_without_its_markers(package):
    file = package / "course_lib/scratch/rnn.py"
    marked = "    # IMPLEMENT-ME: add one\n    return x + 1\n    # END IMPLEMENT-ME\n"
    file.write_text(file.read_text("utf-8").replace("    return x + 1\n", marked), encoding="utf-8")
    (opening, code, closing), files = run_directive(package, "step")
    assert opening.astext().startswith('<details class="reference-code"><summary>')
    assert "course_lib/scratch/rnn.py" in opening.astext()
    assert code.astext() == 'def step(x):\n    """One step."""\n    return x + 1'
    assert closing.astext() == "</details>"
    assert files == [str(file)]


def test_the_directive_can_stand_open(package):
    (opening, *_), _ = run_directive(package, "step", {"open": None})
    assert opening.astext().startswith('<details class="reference-code" open>')


@pytest.mark.parametrize("name", ["Cell.size", "course_lib.scratch.rnn.Cell.size"])
def test_a_method_is_shown_with_the_name_of_its_class(package, name):
    (opening, *_), _ = run_directive(package, name)
    assert "<code>Cell.size</code>" in opening.astext()


def test_an_unknown_name_is_an_error_of_the_page(package):
    from docutils.parsers.rst import DirectiveError

    with pytest.raises(DirectiveError) as caught:
        run_directive(package, "gone")
    assert "does not exist" in str(caught.value.msg)


def test_without_solutions_the_directive_shows_the_stub_or_nothing(package, monkeypatch):
    monkeypatch.setenv("SOLUTIONS", "hidden")
    assert run_directive(package, "step")[0] == []
    file = package / "course_lib/scratch/rnn.py"
    marked = "    # IMPLEMENT-ME: add one\n    return x + 1\n    # END IMPLEMENT-ME\n"
    file.write_text(file.read_text("utf-8").replace("    return x + 1\n", marked), encoding="utf-8")
    (opening, code, _), files = run_directive(package, "step")
    assert "What is to be written in" in opening.astext()
    assert "IMPLEMENT-ME: add one" in code.astext()
    assert "return x + 1" not in code.astext()
    assert files == [str(file)]


def test_the_arrows_of_the_sidebar_have_a_name():
    from course_sidebar import name_arrows

    link = "<a href='a.html'>2. Gated <i>cells</i></a>"
    item = f"<li>{link}<details><summary>{{}}</summary></details></li>"
    named = '<summary aria-label="Pages that belong to 2. Gated cells"><span></span></summary>'
    assert named in name_arrows(item.format("<span></span>"))
    assert "<summary>Chapters</summary>" in name_arrows(item.format("Chapters"))


PROSE = "<p>" + "word " * 600 + "</p>"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (PROSE, 3),
        (PROSE + '<div class="math">a = b</div>' * 4, 4),
        (PROSE + '<div class="cell_output"><img src="a.svg"></div>' * 3, 4),
        (PROSE + '<div class="cell_output"><img src="a.svg" hidden></div>' * 9, 3),
        (PROSE + '<div class="cell_output"><figure class="course-moving"></figure></div>' * 3, 4),
        (PROSE + '<div class="cell_input"><pre>' + "x = 1\n" * 60 + "</pre></div>", 5),
        (PROSE + '<details class="hide"><p>' + "word " * 900 + "</p></details>", 3),
        (PROSE * 7, 20),
    ],
)
def test_the_reading_time_counts_what_is_read(body, expected):
    from course_reading_time import minutes

    assert minutes(body) == expected


def test_the_reading_time_stands_below_the_title_of_what_is_read():
    from course_reading_time import add_reading_time

    body = f"<section><h1>A title</h1>{PROSE}</section>"
    for page, doctree, times in (
        ("book/bptt", "a tree", 1),
        ("book/glossary", "a tree", 0),
        ("exercises/02-bptt", "a tree", 0),
        ("search", None, 0),
    ):
        context = {"body": body}
        add_reading_time(None, page, "page.html", context, doctree)
        assert context["body"].count('</h1>\n<p class="reading-time">About 4 minutes') == times


def test_exercises_are_read_behind_the_page_that_they_belong_to():
    from course_order import reading_order

    from course_lib.authoring.pdf import pages_of

    listed = [page["name"] for page in pages_of(ROOT / "book" / "_toc.yml")]
    order = reading_order([*listed, "exercises/08-of-no-page"])
    assert sorted(order) == sorted([*listed, "exercises/08-of-no-page"])
    assert order[-1] == "exercises/08-of-no-page"
    for page, *behind in (
        ("book/vanilla_rnn", "exercises/01-vanilla-rnn", "book/project_rows", "book/bptt"),
        ("book/gated_cells", "exercises/03-gated-cells", "book/text", "exercises/07-text"),
        ("book/kernl", "exercises/05-kernl", "book/rules"),
    ):
        at = order.index(page) + 1
        assert order[at : at + len(behind)] == behind


@pytest.mark.parametrize(
    ("page", "prev", "following"),
    [
        ("book/intro", None, "book/bptt"),
        ("book/bptt", "book/intro", "exercises/02-bptt"),
        ("exercises/02-bptt", "book/bptt", "book/project_remember"),
        ("book/project_remember", "exercises/02-bptt", None),
        ("search", "as before", "as before"),
    ],
)
def test_previous_and_next_lead_through_a_chapter_and_its_exercises(page, prev, following):
    from course_order import lead_on

    listed = ["book/intro", "book/bptt", "book/project_remember", "exercises/02-bptt"]
    relations = dict(
        zip(listed, ((None, None, after) for after in [*listed[1:], None]), strict=True)
    )
    app = SimpleNamespace(
        env=SimpleNamespace(
            collect_relations=lambda: relations, titles={name: name.title() for name in listed}
        ),
        config=SimpleNamespace(root_doc="book/intro"),
        builder=SimpleNamespace(
            get_relative_uri=lambda here, name: f"from {here} to {name}",
            render_partial=lambda node: {"title": node},
        ),
    )
    context = {"prev": "as before", "next": "as before"}
    lead_on(app, page, "page.html", context, None)
    for found, name in ((context["prev"], prev), (context["next"], following)):
        if name in listed:
            assert found == {"link": f"from {page} to {name}", "title": name.title()}
        else:
            assert found == name
