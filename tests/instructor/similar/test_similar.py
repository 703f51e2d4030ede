"""Copies are found however they are dressed up, and honest answers are not taken for copies."""

import ast
import json
import random
import re
import shutil
import sys
import time
from pathlib import Path

import pytest
from a_class import answer_code, notebook, solved, write
from typer.testing import CliRunner

sys.path.insert(0, str(Path(__file__).parent))  # for honest

from honest import CLIP, GRU, HONEST, LSTM, TRUNCATED

from course_lib.authoring.browser import new_context
from course_lib.authoring.source import source_of
from course_lib.cli import app
from course_lib.exercises.checker import check_function
from course_lib.exercises.registry import get, ids
from course_lib.instructor.similar.blocks import blocks_of
from course_lib.instructor.similar.explained import COURSE
from course_lib.instructor.similar.groups import groups
from course_lib.instructor.similar.pairs import pairs
from course_lib.instructor.similar.tokens import tokens_of

EXERCISES = {
    "clip_by_global_norm": CLIP,
    "gru_step": GRU,
    "truncated_bptt": TRUNCATED,
    "lstm_step": LSTM,
}
LONG = [GRU[4], TRUNCATED[0], TRUNCATED[7], LSTM[4], LSTM[2], TRUNCATED[8]]


def blocks(cells):
    """The blocks of a student's cells."""
    cells = [cells] if isinstance(cells, str) else cells
    return [block for cell in cells for block in blocks_of(cell, "cell")]


def found(**students):
    """The groups and pairs of names that are listed, each student with these cells."""
    students = {name: blocks(cells) for name, cells in students.items()}
    together = groups(students)
    alike = [(pair.one, pair.other) for pair in pairs(students, together)]
    return [group.students for group in together] + alike


def renamed(code):
    """All names of the student's own, other than those that the exercise asks for."""
    tree = ast.parse(code)
    own = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    own |= {n.arg for n in ast.walk(tree) if isinstance(n, ast.arg)}
    own |= {n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.ClassDef)}
    for number, name in enumerate(sorted(own - ids_set())):
        code = re.sub(rf"(?<![\w.\"']){name}(?![\w\"'])", f"my_{number}", code)
    return code


def ids_set():
    return set(ids()) | {"self"}


def reformatted(code):
    """Other spaces, line breaks, quotes, comments and a docstring."""
    lines = []
    for line in ast.unparse(ast.parse(code)).splitlines():
        lines += [line.replace(" = ", "  =  ").replace(", ", " ,  ") + "   # what I thought", ""]
    head = next(i for i, line in enumerate(lines) if line.startswith("def "))
    lines.insert(head + 1, '    """All of this is my own work."""')
    return "\n".join(lines)


def reordered(code):
    """Neighbouring statements that don't need each other change places; so do definitions."""
    tree = ast.parse(code)
    tree.body.reverse()
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if not isinstance(body, list) or node is tree:
            continue
        for i in range(0, len(body) - 1):
            a, b = body[i], body[i + 1]
            plain = all(isinstance(s, ast.Assign | ast.AugAssign) for s in (a, b))
            if plain and not (names(a, ast.Store) & names(b) or names(b, ast.Store) & names(a)):
                body[i], body[i + 1] = b, a
    return ast.unparse(tree)


def names(node, kind=ast.expr_context):
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, kind)}


def every_way(code):
    return reformatted(reordered(renamed(code)))


def test_the_honest_answers_are_right():
    from course_lib.scratch import bptt, gated

    namespace = {**vars(bptt), **vars(gated)}
    for one, answers in EXERCISES.items():
        for answer in answers:
            own = dict(namespace)
            exec(answer, own)
            assert check_function(get(one), own[one]).ok, answer


def test_of_forty_honest_answers_there_is_no_pair():
    assert len(HONEST) == 40
    assert found(**{f"s{n}": code for n, code in enumerate(HONEST)}) == []


def test_nor_is_there_between_any_two_alone():
    """In a class of two nothing is common that only the class could show to be."""
    for answers in EXERCISES.values():
        for n, one in enumerate(answers):
            for other in answers[:n]:
                assert found(a=one, b=other) == []


def test_nor_among_the_course_s_right_answers_in_other_styles():
    others = {}
    for one in ids():
        for n, answer in enumerate(get(one).alternatives):
            try:
                others[f"{one} {n}"] = source_of(answer)[0]
            except TypeError:  # it has no source of its own
                continue
    assert len(others) > 100
    assert found(**others) == []


@pytest.mark.parametrize("change", [str, renamed, reformatted, reordered, every_way])
@pytest.mark.parametrize("code", LONG, ids=range(len(LONG)))
def test_a_copy_is_found(code, change):
    others = {f"s{n}": one for n, one in enumerate(HONEST) if one != code}
    assert found(anna=code, ben=change(code), **others) == [("anna", "ben")]


def test_many_short_answers_count_together():
    short = [CLIP[2], CLIP[8], GRU[2], GRU[3], LSTM[1]]
    chance = random.Random(0)
    copied = [renamed(one) for one in short]
    chance.shuffle(copied)
    assert found(anna=short, ben=copied, cem=[LSTM[3], GRU[8]]) == [("anna", "ben")]


def test_a_copy_in_another_cell_among_other_things_is_found():
    code = "import numpy as np\nx = 3\n\n" + GRU[8] + "\n\nplot = [x]\n" + renamed(TRUNCATED[0])
    assert found(anna=TRUNCATED[0], ben=[LSTM[0], code]) == [("anna", "ben")]


@pytest.mark.parametrize(
    ("code", "change"),
    [(LONG[0], renamed), (LONG[2], reformatted), (LONG[3], reordered), (LONG[5], every_way)],
)
@pytest.mark.parametrize(("ring", "of"), [(3, 12), (5, 30), (6, 6), (8, 8), (6, 14), (12, 40)])
def test_a_copy_that_went_round_is_listed_once(ring, of, change, code):
    """However large a part of the class has it."""
    others = [one for one in HONEST if one != code][: of - ring]
    students = {f"s{n:02}": one for n, one in enumerate(others)}
    copies = {f"r{n:02}": change(code) if n % 2 else code for n in range(ring)}
    assert len(students) + len(copies) == of
    assert found(**students, **copies) == [tuple(copies)]


def test_who_shares_two_answers_is_one_group_and_who_shares_more_a_pair_too():
    both = [renamed(LSTM[4]), TRUNCATED[7]]
    students = {f"s{n}": HONEST[n] for n in range(14)}
    ring = {f"r{n}": both for n in range(7)}
    assert found(**students, **ring) == [tuple(ring)]
    ring["r2"] = ring["r5"] = [*both, GRU[4]]
    assert found(**students, **ring) == [tuple(ring), ("r2", "r5")]  # of GRU[4]


def test_two_copies_that_went_round_are_two_groups():
    ones = {f"a{n}": GRU[4] for n in range(6)}
    others = {f"b{n}": TRUNCATED[0] for n in range(6)}
    assert sorted(found(**ones, **others)) == [tuple(ones), tuple(others)]


# Answers of a line or two, and for each the few natural ways in which people write it.
ONE_LINE = {
    "rnn_step": [
        "h_t = np.tanh(np.dot(x_t, W_xh) + np.dot(h_prev, W_hh) + b_h)\n    return h_t",
        "return np.tanh(np.matmul(x_t, W_xh) + np.matmul(h_prev, W_hh) + b_h)",
        "a = x_t @ W_xh\n    a = a + h_prev @ W_hh\n    a = a + b_h\n    return np.tanh(a)",
    ],
    "collect_outputs": [
        "y = np.dot(h, W_hy) + b_y\n    return y",
        "return np.matmul(h, W_hy) + b_y",
        "return np.einsum('bth,hc->btc', h, W_hy) + b_y",
    ],
    "trace_step": ["out = gamma * traces + x\n    return out", "return np.multiply(gamma, traces)"],
}
TWO_LINES = {
    "cross_entropy": [
        "e = np.exp(logits)\n    p = e / e.sum(axis=1, keepdims=True)\n"
        "    return -np.mean(np.log(p[np.arange(len(y)), y]))",
        "p = np.exp(logits) / np.sum(np.exp(logits), axis=1, keepdims=True)\n"
        "    return -np.log(p[range(len(y)), y]).mean()",
    ],
}


def honest_class(size, exercises):
    """Each student goes one of the natural ways in each exercise."""
    chance = random.Random(1)
    return {
        f"s{n}": [f"def {one}(*args):\n    {chance.choice(w)}" for one, w in exercises.items()]
        for n in range(size)
    }


@pytest.mark.parametrize("size", [6, 14, 40])
def test_the_natural_way_to_write_a_line_is_no_copy(size):
    assert found(**honest_class(size, ONE_LINE)) == []
    two = honest_class(size, {**ONE_LINE, **TWO_LINES})
    assert groups({name: blocks(cells) for name, cells in two.items()}) == []


def test_what_the_course_explains_makes_no_group():
    cells = ["".join(c["source"]) for c in solved(2)["cells"] if c["cell_type"] == "code"]
    students = {f"s{n}": cells for n in range(7)}
    listed = found(**students)
    assert sorted(listed) == [(name, COURSE) for name in students]


@pytest.mark.slow
def test_a_large_class_is_grouped_in_time():
    """Every student wrote something of their own; a tenth of them share one answer."""
    chance = random.Random(2)
    students = {}
    for n in range(600):
        lines = [
            f"    a = b.f{chance.randrange(50)}(a * {chance.randrange(9)})\n" for _ in range(20)
        ]
        own = "def f(a, b):\n" + "".join(lines)
        students[f"s{n:04}"] = blocks(own if n % 10 else LSTM[4])
    began = time.process_time()
    assert [len(group.students) for group in groups(students)] == [60]
    assert time.process_time() - began < 5


def test_who_copies_the_course_is_paired_with_it():
    one = answer_code("truncated_bptt")
    two = every_way(answer_code("rnn_backward"))
    assert sorted(found(anna=renamed(one), ben=two, cem=TRUNCATED[0])) == [
        ("anna", COURSE),
        ("ben", COURSE),
    ]


def test_what_the_course_explains_pairs_nobody():
    cells = ["".join(c["source"]) for c in solved(2)["cells"] if c["cell_type"] == "code"]
    stubs = ["".join(c["source"]) for c in notebook(2, {})["cells"] if c["cell_type"] == "code"]
    assert found(anna=stubs, ben=stubs) == []
    assert ("anna", "ben") not in found(anna=cells, ben=cells)


def test_names_layout_and_comments_are_gone():
    plain = [t.text for t in tokens_of("y = f(a, axis=1) + np.tanh(b) * 2\n")]
    other = "z=(  # why\n g( c ,axis=1)+xp.tanh(d)*2)\n"
    assert [t.text for t in tokens_of(other) if t.text not in "()"] == [
        t for t in plain if t not in "()"
    ]
    assert plain == ["v", "=", "v", "(", "v", ",", "axis", "=", "1", ")", "+", "v", ".", "tanh",
                     "(", "v", ")", "*", "2", "\n"]  # fmt: skip


@pytest.mark.parametrize(
    "text",
    ["", "def f(:", '"""', "(" * 10_000, "\x00", "\ud800", "%magic\n!ls\nx = 1\n", "x" * 400_000,
     "if 1:\n" + "".join(" " * n + "if 1:\n" for n in range(1, 200)), "\t\n  x\n y"],
    ids=range(10),
)  # fmt: skip
def test_whatever_a_student_wrote_is_cut_up(text):
    list(blocks_of(text, "cell"))


def class_in(folder):
    write(folder / "anna.ipynb", notebook(2, {"truncated_bptt": TRUNCATED[7]}))
    write(folder / "ben.ipynb", notebook(2, {"truncated_bptt": every_way(TRUNCATED[7])}))
    write(folder / "<b>cem.ipynb", notebook(2, {"truncated_bptt": TRUNCATED[1]}))
    (folder / "dora.ipynb").write_text("{")
    return folder


def test_the_command_lists_places_and_writes_a_page(tmp_path):
    page = tmp_path / "similar.html"
    done = CliRunner().invoke(app, ["similar", str(class_in(tmp_path / "in")), f"--out={page}"])
    assert done.exit_code == 0, done.output
    assert "anna and ben\n" in done.output
    assert "anna.ipynb, cell" in done.output
    assert "1 pair to look at, of 3 submissions" in done.output
    assert "Nothing could be read of: dora.\n" in done.output
    text = page.read_text()
    assert text.count("<h2>") == 1
    assert "<mark>" in text
    assert "<script" not in text


def test_a_group_is_listed_with_the_place_in_each_notebook(tmp_path):
    names = [f"s{n:02}" for n in range(14)]
    for n, name in enumerate(names):
        code = every_way(TRUNCATED[7]) if n % 2 else TRUNCATED[7]
        write(tmp_path / "in" / f"{name}.ipynb", notebook(2, {"truncated_bptt": code}))
    page = tmp_path / "similar.html"
    done = CliRunner().invoke(app, ["similar", str(tmp_path / "in"), f"--out={page}"])
    assert f"14 students: {', '.join(names)}\n" in done.output
    assert all(f"{name}.ipynb, cell" in done.output for name in names)
    assert "1 group and 0 pairs to look at, of 14 submissions" in done.output
    assert page.read_text().count("<h2>") == 1
    assert page.read_text().count("<pre") == 12
    assert "And 2 more." in page.read_text()


def test_what_cannot_be_read_is_not_compared(tmp_path):
    """A broken notebook beside a whole one, no notebook at all, and broken ones alone."""
    good = notebook(2, {"truncated_bptt": TRUNCATED[7]})
    write(tmp_path / "anna" / "02-bptt.ipynb", good)
    write(tmp_path / "ben" / "02-bptt.ipynb", good)
    (tmp_path / "ben" / "01-vanilla-rnn.ipynb").write_text("{")
    for name, file in (("cem", "answer.py"), ("dora", "02-bptt.ipynb")):
        (tmp_path / name).mkdir()
        (tmp_path / name / file).write_text("no JSON")
    done = CliRunner().invoke(app, ["similar", str(tmp_path)])
    assert "Nothing could be read of: cem, dora.\n" in done.output
    assert "Could not be read: ben: 01-vanilla-rnn.ipynb.\n" in done.output
    assert "1 pair to look at, of 2 submissions" in done.output
    shutil.rmtree(tmp_path / "anna")
    done = CliRunner().invoke(app, ["similar", str(tmp_path)])
    assert done.exit_code == 2
    assert "nothing to compare" in done.output


def test_an_answer_in_a_file_beside_the_notebook_is_compared_too(tmp_path):
    """One student has it in the notebook, the other in a file that two notebooks import."""
    imports = "from mine import truncated_bptt"
    write(tmp_path / "anna" / "02-bptt.ipynb", notebook(2, {"truncated_bptt": TRUNCATED[7]}))
    for name in ("02-bptt", "again"):
        write(tmp_path / "ben" / f"{name}.ipynb", notebook(2, {"truncated_bptt": imports}))
    (tmp_path / "ben" / "mine.py").write_text(f"import numpy as np\n\n\n{TRUNCATED[7]}")
    done = CliRunner().invoke(app, ["similar", str(tmp_path)])
    assert "1 pair to look at, of 2 submissions" in done.output
    assert done.output.count("mine.py, from line 5") == 1


def test_the_page_is_written_over_nothing_else(tmp_path):
    folder = class_in(tmp_path / "in")
    for out, says in {
        folder: "is a folder", folder / "anna.ipynb": "is no .html",
        tmp_path / "no" / "x.html": f"there is no folder {tmp_path / 'no'}",
    }.items():  # fmt: skip
        done = CliRunner().invoke(app, ["similar", str(folder), f"--out={out}"])
        assert (done.exit_code, says in done.output) == (2, True), done.output


def test_markup_in_code_stays_text_on_the_page(tmp_path):
    attack = TRUNCATED[7].replace("loss = 0.0", 'loss = 0.0 * len("</pre><script>hit()</script>")')
    for name in ("<i>x", "y"):
        write(tmp_path / "in" / f"{name}.ipynb", notebook(2, {"truncated_bptt": attack}))
    page = tmp_path / "similar.html"
    CliRunner().invoke(app, ["similar", str(tmp_path / "in"), f"--out={page}"])
    assert "&lt;script&gt;" in page.read_text()
    assert "<script" not in page.read_text()
    assert "<i>" not in page.read_text()


def test_one_alone_cannot_be_compared(tmp_path):
    (tmp_path / "anna.ipynb").write_text(json.dumps({"cells": []}))
    done = CliRunner().invoke(app, ["similar", str(tmp_path / "anna.ipynb")])
    assert done.exit_code == 2
    assert "give the whole class" in done.output


@pytest.mark.browser
@pytest.mark.enable_socket
@pytest.mark.parametrize(("theme", "width"), [("light", 1280), ("dark", 360)])
def test_the_page_fits_its_screen(browser, tmp_path, theme, width):
    """Of two students on a desk, and of a group on a phone, whose code is wider than the page."""
    from axe_playwright_python.sync_playwright import Axe

    wide = LSTM[4].replace("memory", "memory" * 20)
    for name in ("anna", "ben", *(("cem", "dora", "eva") if theme == "dark" else ())):
        write(tmp_path / "in" / f"{name}.ipynb", notebook(3, {"lstm_step": wide}))
    file = tmp_path / "similar.html"
    done = CliRunner().invoke(app, ["similar", str(tmp_path / "in"), f"--out={file}"])
    assert done.exit_code == 0, done.output
    with new_context(browser, theme, width) as context:
        page = context.new_page()
        page.goto(file.as_uri())
        code = page.locator("pre").first
        assert code.evaluate("e => e.scrollWidth > e.clientWidth")  # it scrolls, the page doesn't
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert [rule["id"] for rule in Axe().run(page).response["violations"]] == []
