"""The run on text: what it measures, and what it says of its units."""

import numpy as np
import pytest

from course_lib.data.text import load_text
from course_lib.training.experiments import text
from course_lib.training.experiments.text_model import CharacterModel, Reader, training_step


@pytest.fixture(scope="module")
def reader():
    import keras

    keras.utils.set_random_seed(0)
    model = CharacterModel(5, 4)
    model(np.zeros((1, 2), int), model.begin(1))
    return Reader(model)


CODES = np.arange(97) * 7 % 11 % 5


def test_a_carried_state_is_that_of_the_whole_text(reader):
    whole = reader.bits(CODES, lanes=1, window=96)
    np.testing.assert_allclose(reader.bits(CODES, 1, 8), whole, rtol=1e-4)
    reset = reader.bits(CODES, 1, 8, carried=False)
    np.testing.assert_allclose(reset[:, :8], whole[:, :8], rtol=1e-4)
    assert np.abs(reset - whole)[:, 8:].max() > 1e-3


def test_bits_are_those_of_the_logits(reader):
    logits, _ = reader.model(CODES[None, :10], reader.model.begin(1))
    logits = np.asarray(logits)[0]
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    right = -np.log2(p[np.arange(10), CODES[1:11]])
    np.testing.assert_allclose(reader.bits(CODES, 1, 10)[0, :10], right, rtol=1e-4)
    from_zero = reader.bits_from_zero(CODES, length=10, every=30)
    assert from_zero.shape == (3, 10)
    np.testing.assert_allclose(from_zero[0], right, rtol=1e-4)


def test_what_is_written_follows_from_what_was_read(reader):
    at_zero = reader.write(CODES[:5], 6, 0.0, np.random.default_rng(0))
    read = list(CODES[:5])
    for code in at_zero:
        logits, _ = reader.model(np.array([read]), reader.model.begin(1))
        assert code == np.asarray(logits)[0, -1].argmax()
        read.append(code)
    drawn = [reader.write(CODES[:5], 20, 1.0, np.random.default_rng(s)) for s in (1, 1, 2)]
    assert drawn[0].tolist() == drawn[1].tolist() != drawn[2].tolist()


def test_a_step_learns_and_hands_its_state_on():
    import keras

    keras.utils.set_random_seed(0)
    model = CharacterModel(5, 8)
    model(np.zeros((1, 2), int), model.begin(1))
    step = training_step(model, keras.optimizers.Adam(1e-2), clip_norm=1.0)
    x, y = CODES[None, :24], CODES[None, 1:25]
    first, h = step(x, y, model.begin(1))
    assert h.shape == (1, 8)
    for _ in range(60):
        last, _ = step(x, y, model.begin(1))
    assert float(last) < 0.7 * float(first)


def test_characters_of_a_line_are_counted():
    line = text.line_position("ab\n\n[c]\n")
    assert line.tolist() == [1, 2, 0, 0, 1, 2, 3, 0]


def test_a_unit_that_is_the_feature_is_found():
    rng = np.random.default_rng(0)
    feature = rng.normal(size=500)
    states = np.stack([rng.normal(size=500), 1 - 2 * feature, np.ones(500)], axis=1)
    found = text._correlation(states, feature)
    assert found[1] == pytest.approx(-1)
    assert abs(found[0]) < 0.2
    assert found[2] == 0


@pytest.mark.slow
def test_a_quick_run_has_everything():
    result = text.run(None, seed=0, quick=True, verbose=0)
    summary, curves = result["summary"], result["curves"]
    for states in text.STATES:
        assert len(curves[states]) == 1
        assert summary[states]["validation_read_" + states] == pytest.approx(
            min(curves[states]), abs=1e-3
        )
    assert summary["perplexity"] == pytest.approx(
        2 ** summary["carried"]["test_read_carried"], rel=1e-3
    )
    assert set(curves["written"]) == {"0", "1"}
    reset = curves["after_a_reset"]
    assert reset["read"] == [1, 2, 4, 8, 16, 32, 64, 128]
    assert len(reset["extra_bits"]) == 8
    assert abs(reset["extra_bits"][-1]) < 1e-3  # a network of 16 units forgets in 128 steps
    unit = curves["line_unit"]
    plays = load_text().characters[:20_000]
    assert unit["passage"] == plays[18_000:18_600]
    assert len(unit["state"]) == 600
    assert set(summary["line_unit"]) == {"trained", "untrained"}
    assert all(0 <= score <= 1 for score in summary["line_unit"].values())
