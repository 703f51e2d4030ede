"""The callback that opens late gates: before each step, by the optimizer's count."""

import keras
import numpy as np
import pytest

from course_lib.layers.gate_schedule import GateSchedule
from course_lib.layers.gradnets import GReLUDense, LateGate


def model():
    x = keras.Input((3,))
    gate = LateGate(name="gate")
    built = keras.Model(x, GReLUDense(2)(x, gate(x)))
    built.compile("sgd", "mse")
    return built, gate


def fit(built, callbacks, epochs=1):
    data = np.zeros((10, 3), np.float32), np.zeros((10, 2), np.float32)
    built.fit(*data, batch_size=2, epochs=epochs, callbacks=callbacks, verbose=0)


def test_the_gate_of_each_step():
    built, gate = model()
    seen = []
    watch = keras.callbacks.LambdaCallback(
        on_train_batch_begin=lambda batch, logs=None: seen.append(float(gate.g))
    )
    fit(built, [GateSchedule([gate], 4, last=0.8), watch])
    np.testing.assert_allclose(seen, [0, 0.2, 0.4, 0.6, 0.8], rtol=1e-6)


def test_it_starts_late_and_goes_on_where_it_was():
    built, gate = model()
    callback = GateSchedule([gate], 12, start=2, first=0.1, last=1.0)
    fit(built, [callback])  # five steps
    assert float(gate.g) == pytest.approx(0.1 + 0.9 * 0.3)
    fit(built, [callback], epochs=2)
    assert float(gate.g) == 1


@pytest.mark.parametrize("settings", [{"end": 0}, {"end": 5, "last": 1.2}, {"end": 5, "first": -1}])
def test_nonsense_is_refused(settings):
    with pytest.raises(ValueError, match=r"end must be later|from 0 to 1"):
        GateSchedule([LateGate()], **settings)
