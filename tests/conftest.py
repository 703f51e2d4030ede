"""What several folders of tests share."""

import os

import pytest

# What changes the layout of a command's output is the same for all tests, wherever they are run;
# without COLUMNS, the terminal itself would be asked.
for name in ("LINES", "NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE", "TTY_COMPATIBLE"):
    os.environ.pop(name, None)
os.environ["COLUMNS"] = "80"

TERMINALS = {
    "usual": {},
    "narrow": {"COLUMNS": "40"},
    "wide": {"COLUMNS": "200"},
    "of unknown width": {"COLUMNS": None},
    "without colour": {"NO_COLOR": "1"},
    "plain C": {"LC_ALL": "C", "LANG": "C", "TERM": "dumb"},
}


@pytest.fixture(params=TERMINALS)
def terminal(request, monkeypatch):
    """Each kind of terminal in turn: a test that asks for it holds in all of them."""
    for name, value in TERMINALS[request.param].items():
        if value is None:
            monkeypatch.delenv(name, raising=False)
        else:
            monkeypatch.setenv(name, value)
    return request.param


def pytest_collection_modifyitems(items):
    """Files with slow tests come first, so that no core is left with one when all else is done."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture
def gpu():
    """The name of a GPU; tests that ask for it are skipped where there is none."""
    import tensorflow as tf

    if not tf.config.list_physical_devices("GPU"):
        pytest.skip("this machine has no GPU that TensorFlow sees")
    return "GPU:0"
