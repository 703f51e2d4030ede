import json

import pytest
from a_class import released

from course_lib.instructor.intake.extract import LONGEST, MOST_CELLS, Unreadable, extract
from course_lib.release import mark

ONE = {"cells": [{"cell_type": "code", "source": ["x = 1\n", "y = 2"]}]}


def test_cells_of_every_format():
    old = {"worksheets": [{"cells": [{"cell_type": "code", "input": "x = 1"}]}]}
    assert extract(json.dumps(old).encode()).code == [(1, "x = 1")]
    assert extract(json.dumps(ONE).encode()).code == [(1, "x = 1\ny = 2")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1", "utf-16", "utf-32"])
def test_cells_in_every_encoding(encoding):
    text = json.dumps({"cells": [{"cell_type": "code", "source": "# é"}]}, ensure_ascii=False)
    assert extract(text.encode(encoding)).code == [(1, "# é")]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b'{"cells": 3}',
        b"[" * 100_000,
        b"\xff\xfe\x00",
        b'{"cells": 1e999}',
    ],
)
def test_what_is_no_notebook_is_said(content):
    with pytest.raises(Unreadable):
        extract(content)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"PK\x03\x04...", "a zip"),
        (b"%PDF-1.7", "a PDF"),
        (b"\n<!DOCTYPE html><html></html>", "a web page"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:ab\n", "a pointer of Git LFS"),
        (b"import numpy as np\n\ndef rnn_step(x):\n    return x\n", "Python code"),
        (b'{\n "cells": [\n<<<<<<< HEAD\n]\n=======\n]\n>>>>>>> other\n}', "merge"),
        (b'{"cells": [{"source": "def f(x):', "broke while"),
        (b'{\n"cells": [\n"import os', "broke while"),
    ],
)
def test_what_it_is_instead_is_said_and_nothing_that_is_false(content, what):
    with pytest.raises(Unreadable, match=what):
        extract(content)


def test_odd_cells_stop_nothing():
    cells = [
        3,
        {},
        {"cell_type": "code"},
        {"cell_type": "code", "source": 7},
        {"cell_type": "code", "source": ["a", 3]},
        {"cell_type": "code", "source": "\ud800"},
    ]
    found = extract(json.dumps({"cells": cells}).encode())
    assert found.code == [(3, ""), (5, "a"), (6, "?")]
    assert len(found.remarks) == 1


def test_a_retyped_cell_of_the_course_is_still_code():
    notebook = released(1)
    for cell in notebook["cells"]:
        if cell["metadata"].get("course", {}).get("role") == "code":
            cell["cell_type"] = "markdown"
    found = extract(json.dumps(notebook).encode())
    assert "rnn_step" in found.roles.values()
    assert "had become" in found.remarks[0]


@pytest.mark.parametrize(
    ("source", "role"), [("Here def and class are words.", ""), ("I'll be back.", "rnn_step")]
)
def test_a_cell_of_text_is_no_code_for_a_word_in_it_or_for_its_place_alone(source, role):
    cell = {"cell_type": "markdown", "source": source, "id": f"{role}-code"}
    found = extract(json.dumps({"cells": [cell]}).encode())
    assert (found.code, found.roles, found.remarks) == ([], {}, [])


def cells(*lengths):
    found = [{"cell_type": "code", "source": "#" * length} for length in lengths]
    return extract(json.dumps({"cells": found}).encode())


def test_a_limit_is_named_when_it_is_met():
    found = cells(1, LONGEST + 1, 1)
    assert [number for number, _ in found.code] == [1, 3]
    assert found.remarks == [
        "Cell 2 was left out: it has 500,001 characters; 500,000 is the most that is read."
    ]
    found = cells(*[LONGEST] * 9)
    assert len(found.code) == 8
    assert "Cell 9 was left out: the cells before it fill the 4,000,000" in found.remarks[0]
    found = cells(*[1] * (MOST_CELLS + 1))
    assert found.remarks == ["Only the first 5000 of its 5001 cells were read."]


def test_a_notebook_of_another_release_is_read_and_said():
    found = extract(json.dumps(ONE | {"metadata": mark("0.0.1")}).encode())
    assert (found.code, found.release) == ([(1, "x = 1\ny = 2")], "0.0.1")
    (remark,) = found.remarks
    assert remark.startswith("It is of release 0.0.1, the checks are of ")
    assert extract(json.dumps(ONE | {"metadata": mark()}).encode()).remarks == []
