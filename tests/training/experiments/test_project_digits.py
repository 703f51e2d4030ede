"""What the references of the projects that read digits share: short runs, and the falling rate."""

import numpy as np
import pytest

from course_lib.data import load_mnist
from course_lib.training.experiments import project_digits, project_pixels, project_rows


@pytest.mark.slow
@pytest.mark.parametrize("project", [project_rows, project_pixels])
def test_a_quick_run_hands_in_what_the_project_reads(project, capsys):
    data = load_mnist("subset")
    few = data._replace(x_train=data.x_train[:200], y_train=data.y_train[:200])
    result = project.run(few, seed=1, quick=True)
    assert "epoch 1: loss" in capsys.readouterr().out
    (loss,) = result["curves"]["train_loss"]
    assert result["arrays"]["curve"] == pytest.approx([loss], abs=1e-6)
    assert set(result["summary"]) == {"cpu_seconds", "test_accuracy", "check", "validate"}
    assert 0 <= result["summary"]["test_accuracy"] <= 1
    again = project.run(few, seed=1, quick=True, verbose=0)
    assert again["arrays"].keys() == result["arrays"].keys()
    assert all(np.array_equal(again["arrays"][k], array) for k, array in result["arrays"].items())


def test_the_rate_has_fallen_to_zero_when_the_run_ends():
    import keras

    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(10)])
    config = project_rows.Config(batch_size=4, epochs=3)
    project_digits.compile_classifier(model, config, examples=10, clip_norm=2.0)
    rate, steps = model.optimizer._learning_rate, 3 * 3
    assert float(rate(0)) == pytest.approx(config.learning_rate)
    assert float(rate(steps)) == pytest.approx(0.0)
    assert float(rate(steps - 1)) > 0
    assert model.optimizer.global_clipnorm == 2.0
