"""What several tests of the checks share."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # for changed_reference

from course_lib.exercises.ladder import climbing
from course_lib.exercises.naming import recognition, repairs, two_faults


@pytest.fixture
def patient(monkeypatch):
    """Time enough on any machine: what is found counts, not how fast the machine finds it."""
    monkeypatch.setattr(climbing, "NAMED_WITHIN", 60.0)
    monkeypatch.setattr(climbing, "NAMED_BY", 600.0)
    monkeypatch.setattr(recognition, "PATIENCE", 8.0)
    monkeypatch.setattr(recognition, "LONGER", 8.0)
    monkeypatch.setattr(repairs, "PATIENCE", 8.0)
    monkeypatch.setattr(two_faults, "PATIENCE", 8.0)
    monkeypatch.setattr(repairs, "QUICK", 0.5)
    monkeypatch.setattr(repairs, "LONGER", 2.0)
    monkeypatch.setattr(repairs, "AT_A_GLANCE", 1.0)
