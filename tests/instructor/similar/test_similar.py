"""Copies are found however they are dressed up, and honest answers are not taken for copies."""

import ast
import json
import random
import re
import sys
from pathlib import Path

import pytest
from a_class import answer_code, notebook, solved, write
from typer.testing import CliRunner

sys.path.insert(0, str(Path(__file__).parent))  # for honest

from honest import CLIP, GRU, HONEST, LSTM, TRUNCATED

from course_lib.authoring.source import source_of
from course_lib.cli import app
from course_lib.exercises.checker import check_function
from course_lib.exercises.registry import get, ids
from course_lib.instructor.similar.blocks import blocks_of
from course_lib.instructor.similar.explained import COURSE
from course_lib.instructor.similar.pairs import pairs
from course_lib.instructor.similar.tokens import tokens_of

EXERCISES = {
    "clip_by_global_norm": CLIP,
    "gru_step": GRU,
    "truncated_bptt": TRUNCATED,
    "lstm_step": LSTM,
}
LONG = [GRU[4], TRUNCATED[0], TRUNCATED[7], LSTM[4], LSTM[2], TRUNCATED[8]]


def found(**students):
    """The pairs of names that are listed, each student with these cells."""
    blocks = {
        name: [
            b
            for cell in ([cells] if isinstance(cells, str) else cells)
            for b in blocks_of(cell, name)
        ]
        for name, cells in students.items()
    }
    return [(pair.one, pair.other) for pair in pairs(blocks)]


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


def test_a_third_of_a_small_class_may_have_copied():
    students = {f"s{n}": HONEST[n] for n in range(25)}
    ring = {f"r{n}": renamed(LSTM[4]) if n % 2 else LSTM[4] for n in range(5)}
    assert len(found(**students, **ring)) == 10


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
    assert "1 pair to look at, of 4 submissions" in done.output
    text = page.read_text()
    assert text.count("<h2>") == 1
    assert "<mark>" in text
    assert "<script" not in text


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
