"""A class may have its base's __init__ called by another function than its own __init__."""

import dataclasses

import keras
import pytest

from course_lib.exercises import check
from course_lib.layers.early_stopping import EarlyStopping


class Whole(keras.callbacks.Callback):
    """What the reference does once it is made; the base knows nothing of it."""

    def _keep(self, patience, min_delta):
        if patience < 1 or min_delta < 0:
            raise ValueError(f"They are {patience} and {min_delta}.")
        self.patience, self.min_delta = patience, min_delta


for part in ("on_train_begin", "on_epoch_end", "on_train_end"):
    setattr(Whole, part, vars(EarlyStopping)[part])


def plain(init):
    """A decorator that hides the function: it has no functools.wraps."""

    def inner(self, *arguments, **named):
        return init(self, *arguments, **named)

    return inner


def make_callback(callback):
    keras.callbacks.Callback.__init__(callback)


@dataclasses.dataclass(eq=False)
class OfFields(Whole):
    patience: int = 3
    min_delta: float = 0.0

    def __post_init__(self):
        super().__init__()
        self._keep(self.patience, self.min_delta)


class ByHelper(Whole):
    def __init__(self, patience=3, min_delta=0.0):
        self._set_up(patience, min_delta)

    def _set_up(self, patience, min_delta):
        super().__init__()
        self._keep(patience, min_delta)


class Decorated(Whole):
    @plain
    def __init__(self, patience=3, min_delta=0.0):
        super().__init__()
        self._keep(patience, min_delta)


class FromOutside(Whole):
    def __init__(self, patience=3, min_delta=0.0):
        make_callback(self)
        self._keep(patience, min_delta)


class Nested(Whole):
    def __init__(self, patience=3, min_delta=0.0):
        def begin():
            super(Nested, self).__init__()

        begin()
        self._keep(patience, min_delta)


@pytest.mark.slow
@pytest.mark.parametrize("made", [OfFields, ByHelper, Decorated, FromOutside, Nested])
def test_it_passes(made):
    report = check(made, exercise="EarlyStopping")
    assert report.ok, report.sentence


@dataclasses.dataclass(eq=False)
class FieldsAlone(Whole):
    patience: int = 3
    min_delta: float = 0.0


class HelperForgets(Whole):
    def __init__(self, patience=3, min_delta=0.0):
        self._set_up(patience, min_delta)

    def _set_up(self, patience, min_delta):
        self.patience, self.min_delta = patience, min_delta


class DecoratedForgets(Whole):
    @plain
    def __init__(self, patience=3, min_delta=0.0):
        self._keep(patience, min_delta)


class InTurn(Whole):
    """Two that call each other have no end to follow them to."""

    def __init__(self, patience=3, min_delta=0.0):
        self._one(patience, min_delta)

    def _one(self, *numbers):
        self._two(*numbers)

    def _two(self, *numbers):
        self._keep(*numbers) if numbers else self._one()


@pytest.mark.parametrize("made", [FieldsAlone, HelperForgets, DecoratedForgets, InTurn])
def test_who_forgets_it_is_still_told(made):
    sentence = check(made, exercise="EarlyStopping").sentence
    assert "doesn't call super().__init__()" in sentence
