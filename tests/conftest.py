"""What several folders of tests share."""

import pytest


@pytest.fixture
def gpu():
    """The name of a GPU; tests that ask for it are skipped where there is none."""
    import tensorflow as tf

    if not tf.config.list_physical_devices("GPU"):
        pytest.skip("this machine has no GPU that TensorFlow sees")
    return "GPU:0"
