"""TensorFlow ends at a flag of XLA that it doesn't know; `course doctor` finds that out."""

import pytest

from course_lib import doctor

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("name", ["XLA_FLAGS", "TF_XLA_FLAGS"])
def test_it_is_met_and_named(name, monkeypatch):
    monkeypatch.setenv(name, "--no_such_flag=1")
    found = doctor.tensorflow_version(doctor.ask_tensorflow()).found
    assert found == f"it doesn't know a flag in {name}: --no_such_flag=1"
