"""Wrong answers that are right in nearly every case: each fails where its one case is looked at."""

import numpy as np
import pytest

from course_lib.exercises import check
from course_lib.exercises.registry import get
from course_lib.scratch.gradcheck import numerical_gradient


def relative_errors(loss, params, grads, step):
    """The errors as they should be."""
    errors = {}
    for name, w in params.items():
        a, b = numerical_gradient(loss, w, step), grads[name]
        size = np.abs(a) + np.abs(b)
        errors[name] = float(np.max(np.abs(a - b) / np.where(size == 0, 1, size)))
    return errors


VERDICTS = {
    "the mean of the errors": lambda errors, most: np.mean(errors) <= most,
    "the sum of the errors": lambda errors, most: np.sum(errors) <= most,
    "a tolerance that can't be small": lambda errors, most: max(errors) <= max(most, 1e-6),
    "a tolerance that can't be large": lambda errors, most: max(errors) <= min(most, 1e-6),
}


@pytest.mark.parametrize("verdict", VERDICTS)
def test_a_verdict_on_several_parameters_at_any_tolerance(verdict):
    def gradient_check(loss, params, grads, step=1e-5, tolerance=1e-6):
        errors = relative_errors(loss, params, grads, step)
        whole = all(np.isfinite(one) for one in errors.values())
        return bool(whole and VERDICTS[verdict](list(errors.values()), tolerance)), errors

    report = check(gradient_check)
    assert not report.ok
    assert report.mistake is None  # no mistake of another kind is blamed


def test_a_flat_copy_of_a_turned_array_is_moved_in_vain():
    def numerical_gradient(loss, w, step=1e-5):
        flat, gradient = w.ravel(), np.zeros(w.size)
        for k in range(w.size):
            kept, values = flat[k], []
            for flat[k] in (kept + step, kept - step):
                values.append(loss())
            flat[k] = kept
            gradient[k] = (values[0] - values[1]) / (2 * step)
        return gradient.reshape(w.shape)

    assert check(numerical_gradient).mistake == "moves what ravel gives"


@pytest.mark.parametrize(
    "noise",
    [
        lambda rng, shape: np.log(-np.log(rng.random(shape))),  # the sign of the Gumbel's turned
        lambda rng, shape: rng.normal(size=shape),
        lambda rng, shape: rng.logistic(size=shape),
    ],
)
def test_noise_that_gives_other_shares_than_the_softmax(noise):
    def sample_with_temperature(logits, temperature, rng):
        if not 0 <= temperature < np.inf:
            raise ValueError(temperature)
        if temperature == 0:
            return logits.argmax(axis=1)
        z = (logits - logits.max(axis=1, keepdims=True)) / temperature
        return np.argmax(z + noise(rng, z.shape), axis=1)

    assert not check(sample_with_temperature).ok


def test_a_share_that_is_right_at_one_rate_by_chance():
    def dropout_between_layers(h, rate, training, rng):
        if not training or rate == 0:
            return h
        return np.where(np.abs(rng.normal(size=h.shape)) >= 1, h / (1 - rate), 0.0)

    assert check(dropout_between_layers).failed == "and so for another rate"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["VanillaRNNCell", "LSTMCell"])
def test_a_width_that_is_kept_on_the_class(name):
    class Cell(get(name).reference):
        def __init__(self, units, **kwargs):
            super().__init__(units, **kwargs)
            Cell.last = self.width = units

        @property
        def state_size(self):
            return Cell.last if name == "VanillaRNNCell" else [Cell.last] * 2

        @state_size.setter
        def state_size(self, _):
            pass

    assert "on the class" in check(Cell, name).sentence


@pytest.mark.slow
def test_an_activation_that_is_kept_on_the_class():
    class GradualActivation(get("GradualActivation").reference):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            GradualActivation.late = staticmethod(self.activation)

        def call(self, u):
            return u + self.g * (GradualActivation.late(u) - u)

    assert "on the class" in check(GradualActivation).sentence
