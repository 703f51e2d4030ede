"""What the page "KeRNL in your own model" lists is all that the models know.

It tells a reader what there is to choose from: what is added to the code and not to its tables
would never be found.
"""

import inspect
import re
from pathlib import Path

import keras
import numpy as np
import pytest

from course_lib.online import DYNAMICS, OTHER_RULES, RULES, LeakyRNNCell, OnlineRNN, StackCell

PAGE = Path(__file__).resolve().parents[2] / "book" / "kernl_in_your_model.md"
# What the page tells elsewhere: Keras's own arguments, and the rule, which has a table to itself.
ELSEWHERE = {"self", "optimizer", "loss", "metrics", "rule", "kwargs"}
OPTIONS = {
    name: one.default
    for name, one in inspect.signature(OnlineRNN.compile).parameters.items()
    if name not in ELSEWHERE
}


def section(title):
    """The text below a heading of the page."""
    found = re.search(rf"^## {title}\n(.*?)(?=^## )", PAGE.read_text("utf-8"), re.DOTALL | re.M)
    return found.group(1)


def rows(title):
    """The cells of the first table below a heading, row by row, without its head."""
    table = re.search(r"^\|.*?(?=\n\n)", section(title), re.DOTALL | re.MULTILINE).group()
    return [[one.strip() for one in row.strip("|").split(" | ")] for row in table.splitlines()[2:]]


def test_every_rule_has_a_row():
    named = [one for row in rows("Another rule") for one in re.findall(r'"(\w+)"', row[0])]
    assert sorted(named) == sorted([*RULES, *OTHER_RULES])


def test_every_cell_that_the_rules_know_is_named():
    listed = section("Another rule").partition('"All" means:')[2]
    for cell in DYNAMICS.keys() - {StackCell}:
        of_keras = cell.__module__.startswith("keras.")
        whose = r"Keras's\s+own[^.;]*" if of_keras else ""
        assert re.search(rf"{whose}`{cell.__name__}`", listed), cell


def test_every_option_has_a_row():
    assert sorted(row[0].strip("`") for row in rows("What you can set")) == sorted(OPTIONS)


@pytest.mark.parametrize("name", OPTIONS)
def test_its_default_is_told(name):
    told = {row[0].strip("`"): row[1] for row in rows("What you can set")}[name]
    in_words = {  # what None stands for; the tests of the engine see to that
        "timescales": "a half and the whole",
        "modes": "four",
        "kernel_optimizer": "0.02",
        "chunk": "chosen for you",
        "update_every": "once a batch",
    }
    default = OPTIONS[name]
    expected = in_words.get(name) or (
        f'`"{default}"`' if default == str(default) else f"{default:g}"
    )
    begins = re.match(rf"{re.escape(expected)}(?![\d.]*\d)", told)
    assert begins or (name in in_words and expected in told)


@pytest.mark.parametrize(("steps", "expected"), [(30, (15, 30)), (None, (50, 100))])
def test_the_kernel_starts_with_the_time_constants_that_are_told(steps, expected):
    model = OnlineRNN(keras.layers.SimpleRNNCell(2), 1)
    model.build((None, steps, 3))
    model.compile("sgd", "mse")
    assert (model.kernel.shortest, model.kernel.longest) == expected


@pytest.mark.parametrize("cells", [1, 2])
@pytest.mark.parametrize(
    ("rule", "anew"),
    [
        ("kernl", lambda kernel: kernel.start(2, 4, 0)),
        ("kernl_modes", lambda kernel: kernel.restart()),
    ],
)
def test_a_learned_kernel_is_kept_until_a_new_one_is_started(cells, rule, anew):
    model = OnlineRNN([LeakyRNNCell(2) for _ in range(cells)], 1)
    settings = {"timescales": (2, 4)} if rule == "kernl" else {"modes": 2}
    model.build((None, 4, 3))
    model.compile("sgd", "mse", rule=rule, jit_compile=False, **settings)
    fresh = model.kernel.get_weights()
    model.train_on_batch(np.ones((2, 4, 3)), np.ones((2, 1)))
    model.compile("sgd", "mse", rule=rule, jit_compile=False, **settings)
    assert not all(map(np.array_equal, model.kernel.get_weights(), fresh))
    anew(model.kernel)
    assert all(map(np.array_equal, model.kernel.get_weights(), fresh))
