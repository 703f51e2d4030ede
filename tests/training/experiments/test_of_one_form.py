"""Every experiment can be run as `course reproduce` runs it, with the data that it asks for."""

import importlib
import inspect

import pytest

from course_lib.training import EXPERIMENTS
from course_lib.training.experiments import experiment

reproduce = importlib.import_module("course_lib.training.reproduce")  # not the function
MODULES = {module.__name__.rpartition(".")[2]: module for module, _ in map(experiment, EXPERIMENTS)}


@pytest.mark.parametrize("name", MODULES)
def test_a_run_is_in_full_and_says_what_it_does_unless_told_otherwise(name):
    takes = inspect.signature(MODULES[name].run).parameters
    assert list(takes)[:2] == ["data", "seed"]
    assert takes["quick"].default is False
    assert "verbose" not in takes or takes["verbose"].default == 2


@pytest.mark.parametrize("name", MODULES)
def test_the_data_that_an_experiment_is_given_are_those_that_it_takes(name, monkeypatch):
    """The subset, where it trains on that or the run is a quick one; or none."""
    module, given = MODULES[name], []
    monkeypatch.setattr(reproduce, "_mnist", lambda _, subset: subset)
    monkeypatch.setattr(module, "run", lambda data, *_, **__: given.append(data) or {})
    run = next(one for one in EXPERIMENTS if experiment(one)[0] is module)
    for quick in (False, True):
        reproduce._run(run, None, 0, quick, {})
    subset = getattr(module, "DATA", None) == "subset"
    assert given == ([subset, True] if getattr(module, "NEEDS_MNIST", True) else [None, None])
