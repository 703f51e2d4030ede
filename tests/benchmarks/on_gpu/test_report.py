"""What the page on GPUs says: of no result, of a part of one, of a whole one; by its numbers."""

import copy
import re
from pathlib import Path

import pytest

from course_lib.benchmarks.on_gpu import cells, report
from course_lib.exercises.registry import get, ids
from course_lib.training import stored_result
from course_lib.training.reference_steps import STEPS

PAGE = Path(__file__).parents[3] / "book" / "gpu.md"
SAYINGS = {
    name: getattr(report, name)
    for name in (
        *("same_numbers", "cells", "batch_says", "steps_say", "cudnn_says", "xla_says"),
        *("python_says", "precision", "scans", "traces", "memory_says", "pixels_say"),
    )
}


def cell_rows():
    """Our cell 10 ms at the centre, in proportion to steps and barely to the batch."""
    rows = []
    for sizes in cells.grid():
        ours = 10.0 * sizes["T"] / 128 * (1 + sizes["batch"] / 25_600)
        ms = {"cuDNN LSTM": ours / 8, "our LSTM": ours, "our LSTM, XLA": ours / 2, "cuDNN GRU": 1.0}
        if sizes["T"] == 28:
            ms["LSTM from Python"] = 5 * ours
        rows.append({**sizes, "ms": ms, "rounds": 20})
    return [*rows[:-1], {**sizes, "left_out": "There was no time left."}]


def whole():
    """A result as `course gpu` stores it."""
    scan = {"ours, log": 2.0, "ours, loop": 8.0, "ours, log, XLA": 1.0, "associative scan": 3.0}
    traces = {"per_step": 90.0, "chunked": 9.0, "chunked, XLA": 7.0, "bptt": 20.0}
    half = {"float32": 6.0, "float32, TF32": 3.0, "mixed_float16": 2.0, "mixed_bfloat16": 2.0}
    kernl = {"batch": 100, "steps": 784, "inputs": 1, "units": 128, "classes": 10}
    step = {"step": "lstm", "same": True, "fell_back": [], "ok": True}
    pixels = {"data": "full", "epochs": 10, "chosen_epoch": 9}
    pixels |= {"validation_accuracy": 0.978, "test_accuracy": 0.9771, "seconds_an_epoch": 3.25}
    parts = {
        "steps-float32": [{**step, "dtype": "float32", "apart": 2e-6}],
        "steps-float64": [{**step, "dtype": "float64", "apart": 3e-14}],
        "exercises": [
            {"exercise": "fast_scan", "passed": True, "rungs": 10, "apart": {}, "ok": True}
        ],
        "scans": [
            {"batch": 100, "steps": T, "units": 128, "ms": scan, "rounds": 9} for T in (784, 128)
        ],
        "traces": [{"compared": "chunked, per_step", "apart": 1e-6}, {**kernl, "ms": traces}],
        "memory": [
            {"T": T, "rule": rule, "mib": mib}
            for T, chunked, bptt in ((128, 8.0, 40.0), (2048, 8.4, 640.0))
            for rule, mib in (("chunked", chunked), ("bptt", bptt))
        ],
        "precision": [
            {
                "variant": "cuDNN LSTM",
                "batch": 256,
                "units": 1024,
                "T": 128,
                "ms": half,
                "rounds": 9,
            }
        ],
        "pixels": [{"run": "lru-pixels", **pixels}],
        "cells": cell_rows(),
    }
    return {
        "name": "bench-gpu",
        "command": "course gpu",
        "date": "2026-11-26",
        "versions": {"tensorflow": "2.21.0", "keras": "3.15.1"},
        "gpu": {"name": "NVIDIA H100", "driver": "580.1", "memory": "81559 MiB"},
        "parts": {name: {"seconds": 9.0, "rows": rows} for name, rows in parts.items()},
    }


def changed(part, **changes):
    result = copy.deepcopy(whole())
    for row in result["parts"][part]["rows"]:
        row.update(changes)
    return result


@pytest.mark.parametrize("name", SAYINGS)
def test_what_nobody_has_measured_is_said_to_be_so(name):
    for result in (None, {**whole(), "parts": {}}):
        assert SAYINGS[name](result).startswith("*Not yet measured.*")
    failed = {**whole(), "parts": {part: {"rows": [{"error": "no"}]} for part in whole()["parts"]}}
    assert SAYINGS[name](failed).startswith("*Not yet measured.*")
    assert "{ref}" not in SAYINGS[name](None)  # what a cell shows is no page
    assert "measured" not in SAYINGS[name](whole()).lower() or name == "memory_says"


def test_without_a_result_the_page_says_how_to_get_one():
    assert report.about(None).startswith("**Not yet measured.**")
    assert "`make gpu`" in report.about(None)
    assert report.precision_says(None) == report.scans_say(None) == ""
    assert report.memory_points(None) == report.time_points(None) == {}


def test_with_a_result_it_says_on_what_it_was_measured():
    said = report.about(whole())
    assert "NVIDIA H100 (80 GiB, driver 580.1) with TensorFlow 2.21.0, on 2026-11-26" in said
    assert "(lots, driver" in report.about({**whole(), "gpu": {"driver": "1", "memory": "lots"}})
    assert "`course gpu`. It was warm. Where" in report.about({**whole(), "beside": "It was warm."})
    in_jax = {**whole(), "parts": {"layers-jax": {"rows": cell_rows()}}}
    in_jax["gpu"] = {"name": "NVIDIA H100", "jax": "0.11.2"}
    assert "one NVIDIA H100 with Keras 3.15.1 on JAX 0.11.2" in report.about(in_jax)


def test_what_the_checks_have_become_since_is_said_of_the_stored_result():
    """The page follows today's ladders, and stored counts that equal them need no sentence."""
    result = report.stored()
    stored = result["parts"]["exercises"]["rows"]
    ours = [one for one in ids() if get(one).kind == "speed up"]
    other = [row for row in stored if row["rungs"] != len(get(row["exercise"]).ladder)]
    said = report.same_numbers(result)
    whose = "one of them" if len(other) == 1 else f"{len(other)} of them"
    assert (f"Since then, the checks of {whose} have changed: " in said) == bool(other)
    _, _, after = said.partition("have changed: ")
    assert set(re.findall(r"`(\w+)`", after)) == {row["exercise"] for row in other}
    assert ("has run on the CPU alone" in said) == bool(other)
    rows = [{"exercise": one, "ok": True, "rungs": len(get(one).ladder)} for one in ours]
    result["parts"]["exercises"]["rows"] = rows
    assert "Since then" not in report.same_numbers(result)
    rows.pop()
    assert f"Newer than that measurement: `{ours[-1]}`." in report.same_numbers(result)


def test_what_was_the_same_is_counted_and_what_was_not_is_named():
    said = report.same_numbers(whole())
    assert f"We ran 1 of the {len(STEPS)} training steps" in said
    assert f"The other {len(STEPS) - 1} have not run on a GPU yet" in said
    assert "2e-06 in float32 and by at most 3e-14 in float64" in said
    assert said.count("no operation on real numbers fell back to the CPU") == 2
    assert "The references of all 1 *speed up* exercises" in said
    assert "An error" not in said
    every = whole()
    (row,) = every["parts"]["steps-float32"]["rows"]
    every["parts"]["steps-float32"]["rows"] = [row | {"step": name} for name in STEPS]
    assert f"We ran all {len(STEPS)} training steps" in report.same_numbers(every)
    assert "have not run on a GPU yet" not in report.same_numbers(every)
    said = report.same_numbers(changed("steps-float64", same=False))
    assert "That is too much for `lstm`." in said
    said = report.same_numbers(changed("steps-float64", fell_back=["Enter", "MatMul"]))
    assert "In float32, in which the course trains, no operation" in said
    assert "In float64 this operation ran on the CPU: `MatMul`." in said
    failed = whole()
    failed["parts"]["steps-float64"]["rows"].append({"step": "gradnets", "error": "TypeError"})
    assert "An error stopped `gradnets` in float64." in report.same_numbers(failed)
    said = report.same_numbers(changed("exercises", ok=False))
    assert "The references of 0 of 1" in said
    assert "Not so `fast_scan`" in said
    layers = [{"layer": "LRU, log", "apart": 1e-2, "ok": False}]
    said = report.same_numbers({**whole(), "parts": {"layers-jax": {"rows": layers}}})
    assert "That is too much with `LRU, log`." in said


def test_the_table_has_the_lstms_around_the_centre():
    lines = report.cells(whole()).splitlines()[2:]
    head = "| steps | units | batch | cuDNN LSTM | our LSTM | our LSTM, XLA | LSTM from Python |"
    assert lines[0] == head
    assert len(lines) == 2 + 7
    assert lines[2].startswith("| 28 | 512 | 256 | 0.276 | 2.21 | 1.10 | 11.0 |")
    assert all(line.count("|") == head.count("|") for line in lines)
    assert report.time_points(whole())["our LSTM"][0][0] == 28
    assert [T for T, _ in report.time_points(whole())["our LSTM"]] == [28, 128, 784]


def scaled(name, factor):
    """The result with other times of one variant of the cells: a function of the sizes."""
    result = whole()
    for row in result["parts"]["cells"]["rows"]:
        if name in row.get("ms", {}):
            row["ms"][name] *= factor(row)
    return result


def test_the_sentences_go_with_the_numbers():
    assert "our LSTM took no longer for 32 times the batch: parts" in report.batch_says(whole())
    heavy = scaled("our LSTM", lambda row: row["batch"])
    assert "took 33.2 times as long for 32 times the batch. So on" in report.batch_says(heavy)
    assert "took 28 times as long for 28 times the steps: steps that" in report.steps_say(whole())
    short = scaled("our LSTM", lambda row: 128 / row["T"])
    assert "took 1 times as long for 28 times the steps: less" in report.steps_say(short)


def test_two_variants_are_compared_by_the_numbers():
    said = report.cudnn_says(whole())
    assert said == (
        "In every row of the table cuDNN's LSTM was faster than our LSTM, 8 times as fast."
    )
    assert "In no row" in report.cudnn_says(scaled("cuDNN LSTM", lambda row: 16))
    mixed = scaled("cuDNN LSTM", lambda row: 16 if row["T"] == 784 else 1)
    assert "was 0.5 to 8 times as fast" in report.cudnn_says(mixed)
    said = report.xla_says(whole())
    assert "it helped in every row of the table: our LSTM with XLA was 2 times as fast" in said
    assert said.endswith("Our LSTM with XLA took 4 times as long as cuDNN's LSTM.")
    assert "did not help either" in report.xla_says(scaled("our LSTM, XLA", lambda row: 4))
    said = report.python_says(whole())
    assert said == "On the GPU our LSTM was 5 times as fast as the loop in Python."


def test_what_is_written_of_scans_and_half_the_bits():
    said = report.scans(whole())
    assert "| ours, log T rounds | 1.00 | 1.00 |" in said  # with XLA
    assert "| `keras.ops.associative_scan` | 3.00 | 3.00 |" in said
    assert "our loop: 8.0 times at 128 steps, 8.0 times at 784 steps." in report.scans_say(whole())
    slow = changed("scans", ms={"ours, log": 9.0, "ours, loop": 8.0})
    assert "gained nothing" in report.scans_say(slow)
    slow["parts"]["scans"]["rows"][0]["ms"] = {"ours, log": 1.0, "ours, loop": 8.0}
    assert "depends on the length" in report.scans_say(slow)
    table = report.precision(whole())
    assert "| float32 | 6.00 |" in table
    assert "| float32, TF32 | 3.00 |" in table
    said = report.precision_says(whole())
    assert "products in float32, made cuDNN's LSTM 2.0 times as fast" in said
    assert "compared with that, made cuDNN's LSTM 1.5 times as fast" in said
    even = changed("precision", ms={"float32": 3.0, "float32, TF32": 3.0, "mixed_bfloat16": 4.0})
    assert "changed the time of cuDNN's LSTM by less than 15 percent" in report.precision_says(even)
    assert "slower" in report.precision_says(even)
    full = changed("precision", ms={"float32": 6.0, "float32, TF32": 3.0})
    assert "Half the bits" not in report.precision_says(full)


def test_what_is_written_of_traces():
    assert "| KeRNL, chunks | 7.00 |" in report.traces(whole())
    said = report.traces_say(whole())
    assert "12.9 times as fast as with one product a step, and was 2.9 times as fast as" in said
    slow = changed("traces", ms={"per_step": 9.0, "chunked": 9.0, "bptt": 3.0})
    assert "no faster than with one product a step, and took 3.0 times" in report.traces_say(slow)
    alike = changed("traces", ms={"per_step": 9.0, "chunked": 3.0, "bptt": 3.1})
    assert "took about as long as" in report.traces_say(alike)
    assert report.traces_say(changed("traces", ms={"chunked": 3.0})) == ""


def test_what_is_written_of_memory_and_pixels():
    said = report.memory_says(whole())
    assert said.startswith("On the GPU, with 128 units and batches of 100, backpropagation")
    assert "time took 40.0 MiB for 128 steps and 640 MiB for 2,048, 16.0 times as much" in said
    assert "chunks took 8.00 MiB for 128 steps and 8.40 MiB for 2,048, 1.1 times" in said
    assert "from 128 steps on" in said
    assert "steps on" not in report.memory_says(changed("memory", mib=1.0))
    assert report.memory_says(changed("memory", mib=None)).startswith("*Not yet")
    chapter = stored_result("lru-pixels")["summary"]["mean_test_accuracy"]
    there = f"In the chapter it gets {100 * chapter:.1f} percent in 10 epochs."
    said = report.pixels_say(whole())
    assert said.endswith(f"right. {there}")
    said = report.pixels_say(changed("pixels", epochs=4))
    assert said.endswith(f"right. There was no time for more epochs. {there}")
    assert "the small set" in report.pixels_say(changed("pixels", data="subset"))


def test_the_stored_result_answers_every_question_and_all_numbers_are_the_same():
    result = report.stored()
    for name, saying in SAYINGS.items():
        assert "ot yet measured" not in saying(result), name
    said = report.same_numbers(result)
    assert "too much" not in said
    assert "In float32, in which the course trains, no operation on real numbers fell" in said
    assert "Not so" not in said


def page_cells():
    """The code cells of the page that show what the stored result says."""
    found = re.findall(r"```\{code-cell\} ipython3\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    return [one for one in found if "say(report." in one or "points = report." in one]


def test_a_table_is_shown_by_a_cell_whose_markdown_has_tables():
    """Else the book would show CommonMark, which has none."""
    for one in page_cells():
        tables = [name for name in re.findall(r"report\.(\w+)\(", one) if name in SAYINGS]
        with_table = any("| --" in SAYINGS[name](whole()) for name in tables)
        assert ("markdown_format: myst" in one) == with_table, one


@pytest.mark.parametrize("result", [None, whole(), report.stored()])
def test_the_cells_of_the_page_run_in_both_states(result, monkeypatch):
    """Those that read the stored result; what they show begins where the page says so."""
    import matplotlib.figure
    from IPython.display import Markdown

    reading = page_cells()
    assert len(reading) >= 8
    shown = []
    from course_lib.figures.gpu import by_length

    names = {"report": report, "by_length": by_length, "found": result, "display": shown.append}
    names["say"] = lambda *parts: shown.extend(map(Markdown, filter(None, parts)))
    for one in reading:
        code = one.split("---\n")[-1] if one.startswith("---") else re.sub(r"^:.*\n", "", one)
        exec(code, names)
    pictures = [one for one in shown if isinstance(one, matplotlib.figure.Figure)]
    texts = [one.data for one in shown if isinstance(one, Markdown)]
    assert len(pictures) == (0 if result is None else 2)
    assert any("ot yet measured" in text for text in texts) == (result is None)
