"""What several folders of tests share."""

import os

import pytest

# What changes the layout of a command's output. A test that wants one of them sets it itself.
for name in ("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "CLICOLOR_FORCE"):
    os.environ.pop(name, None)


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
