import numpy as np
import pytest

from course_lib.figures import gated_cells as figures
from course_lib.scratch import gated
from course_lib.scratch.bptt import state_jacobian
from course_lib.scratch.rnn import rnn_step


@pytest.fixture
def rng():
    return np.random.default_rng(0)


# What is measured


def test_weights_are_counted_and_a_budget_is_used_up():
    assert [figures.weight_count(cell, 3, 5) for cell in figures.CELLS] == [45, 135, 180]
    for cell in figures.CELLS:
        n = figures.units_for(cell, 4, 4500)
        assert figures.weight_count(cell, 4, n) <= 4500 < figures.weight_count(cell, 4, n + 1)
        params = figures.fresh(cell, 3, 5)
        assert sum(w.size for w in params.values()) == figures.weight_count(cell, 3, 5)


def test_the_bias_is_that_of_the_gates_that_keep():
    assert (figures.fresh("lstm", 3, 5, keep_bias=2)["b_f"] == 2).all()
    gru = figures.fresh("gru", 3, 5, keep_bias=2)
    assert (gru["b_z"] == 2).all()
    assert (gru["b_r"] == 0).all()


def test_the_complex_step_gives_the_jacobian_of_the_vanilla_cell(rng):
    params = figures.fresh("vanilla", 3, 5)
    step, n = figures.step_of("vanilla", params)
    x_t, h = rng.normal(size=3), rng.normal(size=5)
    h_t = rnn_step(x_t[None], h[None], *params.values())
    exact = state_jacobian(h_t, params["W_hh"])  # of one step
    assert n == 5
    np.testing.assert_allclose(figures.jacobian(step, x_t, h), exact, rtol=1e-12)


def test_the_complex_step_agrees_with_the_step_back_of_the_lstm(rng):
    params = gated.init_lstm_params(3, 4)
    step, _ = figures.step_of("lstm", params)
    x_t, h, c = rng.normal(size=(1, 3)), rng.normal(size=(1, 4)), rng.normal(size=(1, 4))
    J = figures.jacobian(step, x_t[0], np.concatenate([h, c], axis=1)[0])
    _, _, cache = gated.lstm_step(x_t, h, c, params)
    dh_t, dc_t = rng.normal(size=(2, 1, 4))
    _, dh, dc, _ = gated.lstm_step_backward(dh_t, dc_t, cache, params)
    back = np.concatenate([dh_t, dc_t], axis=1) @ J
    np.testing.assert_allclose(back, np.concatenate([dh, dc], axis=1), rtol=1e-10)


def test_the_complex_step_agrees_with_differences_for_the_gru(rng):
    params = gated.init_gru_params(3, 4)
    step, _ = figures.step_of("gru", params)
    x_t, h, e = rng.normal(size=3), rng.normal(size=4), 1e-6
    moved = [step(x_t[None], (h + s * np.eye(4)[:, None])[:, 0]) for s in (e, -e)]
    differences = (moved[0] - moved[1]).T / (2 * e)
    np.testing.assert_allclose(figures.jacobian(step, x_t, h), differences, rtol=1e-7, atol=1e-9)


def test_a_gradient_starts_at_one_and_open_gates_keep_it(rng):
    x = rng.normal(size=(2, 12, 3))
    for cell in figures.CELLS:
        assert figures.gradient_norms(cell, figures.fresh(cell, 3, 5), x, 10)[0] == 1
    kept = figures.gradient_norms("gru", figures.fresh("gru", 3, 5, keep_bias=50), x, 10)
    np.testing.assert_allclose(kept, 1, rtol=1e-12)  # z = 1: the state is copied
    shut = figures.gradient_norms("lstm", figures.fresh("lstm", 3, 5, keep_bias=-4), x, 10)
    half_open = figures.gradient_norms("lstm", figures.fresh("lstm", 3, 5, keep_bias=4), x, 10)
    assert shut[10] < 1e-3 * half_open[10]


def test_the_page_s_claims_on_fresh_networks():
    one, five = (figures.fresh_norms(bias, back=50, sequences=1) for bias in (0, 5))
    assert max(one[cell][-1] for cell in figures.CELLS) < 1e-6
    assert one["vanilla"][-1] == five["vanilla"][-1]
    assert min(five["gru"][-1], five["lstm"][-1]) > 0.05


def test_a_fresh_network_s_gradient_says_little_of_what_it_will_learn():
    """The page's claim on copying: the GRU passes the least on, an open LSTM the most."""
    gru, usual, wide = (
        figures.copy_norms(cell, 5, (0,), **settings)[0]
        for cell, settings in (("gru", {}), ("lstm", {}), ("lstm", {"forget_bias": 3.0}))
    )
    assert gru < usual < wide < 1
    again = figures.copy_norms("lstm", 5, (0,), forget_bias=3.0)[0]
    assert again == pytest.approx(wide)


def test_what_is_left_with_parts_of_the_lstm_s_gradient_switched_off():
    """Of even gates, the direct path is a power of one; nothing switched off is the whole."""
    few = {"back": 6, "m": 3, "budget": 200, "sequences": 2, "seeds": (0,)}
    by_bias = {bias: figures.lstm_paths(bias, **few) for bias in (0, 1)}
    x = np.random.default_rng(1).normal(size=(2, 12, 3))
    for bias, left in by_bias.items():
        params = figures.fresh("lstm", 3, figures.units_for("lstm", 3, 200), bias)
        whole = figures.gradient_norms("lstm", params, x, 6)[-1]
        assert left["actual, all"] == pytest.approx(whole)
        run = figures.run_lstm(params, x)
        first = run["o"][:, -1] * (1 - np.tanh(run["c_t"][:, -1]) ** 2)
        for name, gates in (("even", gated.sigmoid(bias) ** 6), ("actual", run["f"][:, -6:])):
            kept = first * (gates if name == "even" else gates.prod(axis=1))
            by_hand = np.sqrt((kept**2).mean(axis=1))  # of each sequence
            assert left[name] == pytest.approx(np.sqrt(by_hand[0] * by_hand[1]))
        assert left["median"] < left["largest"] < 1


@pytest.mark.slow
def test_it_is_the_side_paths_by_which_the_lstm_keeps_more_than_its_gates():
    """What the page says of the direct path, the side paths, and the two together."""
    for bias in (0, 1, 3, 5):
        left, dotted = figures.lstm_paths(bias), gated.sigmoid(bias) ** 50
        assert max(left["even"], left["actual"]) < dotted
        assert left["even, all"] > 2 * left["even"]
        assert left["actual, all"] > 2 * left["actual"]
        assert left["h only"] < 1e-30
        assert left["median"] < dotted
        if bias:
            assert left["actual, all"] < left["even, all"]
        if bias < 5:
            assert left["actual, all"] > dotted
            assert left["largest"] > dotted
        if bias < 3:
            assert min(left["even, all"], left["actual, all"]) > 100 * dotted


def test_a_memory_decays_like_a_power_of_the_gate():
    c = figures.pulse_memory(0.9, steps=10, pulses=(1, 6))
    assert c[4] == pytest.approx(0.9**4)
    assert c[5] == pytest.approx(0.9**5 + 1)
    assert figures.pulse_memory(1, steps=10, pulses=(1, 6))[-1] == 2
    assert figures.pulse_memory(0, steps=10, pulses=(1, 6))[6] == 0


def test_keras_weights_in_the_steps_of_numpy(rng):
    import keras

    from course_lib.layers import GRUCell, LSTMCell, VanillaRNNCell

    x = rng.normal(size=(2, 5, 3))
    for cell, make in {"vanilla": VanillaRNNCell, "gru": GRUCell, "lstm": LSTMCell}.items():
        layer = keras.layers.RNN(make(4, dtype="float64"), dtype="float64")
        expected = np.asarray(layer(x))
        step, n = figures.step_of(cell, figures.from_keras(cell, layer.get_weights()))
        state = np.zeros((2, 2 * n if cell == "lstm" else n))
        for t in range(5):
            state = step(x[:, t], state)
        np.testing.assert_allclose(state[:, :n], expected, rtol=1e-12)


def test_the_lstm_is_run_over_rows(rng):
    params = gated.init_lstm_params(3, 4)
    run = figures.run_lstm(params, rng.normal(size=(2, 5, 3)))
    assert {values.shape for values in run.values()} == {(2, 5, 4)}
    np.testing.assert_array_equal(run["h"], run["o"] * np.tanh(run["c_t"]))
    np.testing.assert_allclose(
        run["c_t"][:, 1:],
        run["f"][:, 1:] * run["c_t"][:, :-1] + run["i"][:, 1:] * run["candidate"][:, 1:],
    )


def test_the_two_grus_differ_unless_each_unit_reads_itself_alone():
    apart = figures.gru_conventions()
    assert apart["random"] > 0.01
    assert apart["open"] < 1e-15
    assert apart["diagonal"] < 1e-15


# What is drawn


@pytest.mark.parametrize("draw", [figures.gru_cell, figures.lstm_cell, figures.dropout_survival])
def test_drawings(draw, assert_drawn):
    assert_drawn(draw())


@pytest.mark.parametrize(
    ("f", "told"),
    [
        (0, "Remembers about 1 step. 0\N{NO-BREAK SPACE}% of"),
        (0.5, "Remembers about 2 steps. 0\N{NO-BREAK SPACE}% of"),
        (0.99, "Remembers about 100 steps. 79\N{NO-BREAK SPACE}% of"),
        (1, "Remembers for ever. 100\N{NO-BREAK SPACE}% of"),
    ],
)
def test_what_a_gate_keeps_is_told(f, told):
    assert figures.one_memory(f).told.startswith(told)


def test_the_input_gate_sets_how_much_is_written():
    np.testing.assert_allclose(figures.pulse_memory(0.9, 0.4), 0.4 * figures.pulse_memory(0.9))


def test_sliders(rng, assert_drawn):
    norms = {cell: np.geomspace(1, 0.1, 11) for cell in figures.CELLS}
    lost = {cell: np.geomspace(1, 1e-14, 11) for cell in figures.CELLS}
    slider = figures.gradient_slider({-1: norms, 1: lost})
    assert slider.start == 1
    assert "After 10 steps: vanilla 0.1, GRU" in slider.alts[0]
    images = rng.random((4, 28, 28))
    images[:, :3] = 0  # as in MNIST, there are rows without ink
    run = figures.run_lstm(gated.init_lstm_params(28, 4), images)
    assert figures.gate_slider(images, [3, 1, 4, 1], run).values == ["3", "1", "4", "1"]
    assert_drawn(figures.trained_gradients(norms))


def test_layer_norm_is_that_of_the_layers(rng):
    import keras

    from course_lib.layers import LSTMVariantCell

    params, x = gated.init_lstm_params(5, 7, seed=2, forget_bias=0.5), rng.normal(size=(3, 6, 5))
    cell = LSTMVariantCell(7, layer_norm=True, dtype="float64")
    layer = keras.layers.RNN(cell, return_sequences=True, dtype="float64")
    layer.build(x.shape)
    for name in ("W_x", "W_h", "b"):
        columns = [params[f"{name}_{g}" if name == "b" else f"{name}{g}"] for g in "ifco"]
        getattr(cell, name).assign(np.concatenate(columns, axis=-1))
    ours = figures.run_normed_lstm(params, x)["h"]
    np.testing.assert_allclose(ours, layer(x), rtol=0, atol=1e-12)


def test_large_inputs_stick_the_gates_and_layer_norm_does_not_notice(rng):
    gates = np.array([[[0.04, 0.05, 0.5, 0.95, 0.96]]])
    assert figures.stuck({"i": gates, "f": gates, "o": gates}) == pytest.approx(2 / 5)
    params, x = gated.init_lstm_params(5, 7, seed=2), rng.normal(size=(3, 6, 5))
    plain = [figures.stuck(figures.run_lstm(params, scale * x)) for scale in (1, 100)]
    normed = [figures.stuck(figures.run_normed_lstm(params, scale * x)) for scale in (1, 100)]
    assert plain[0] < 0.2 < 0.8 < plain[1]
    assert normed[1] == pytest.approx(normed[0], abs=0.02)


def test_figures_of_stored_results(assert_drawn):
    adding, other = (
        {
            "config": {"task": "adding", "delays": [5, 50]},
            "summary": {
                "runs": {f"{c} {w}": {"of_guess": one * w} for c in figures.CELLS for w in (5, 50)}
            },
        }
        for one in (0.1, 0.3)
    )
    figure = figures.delays({"one seed": [adding], "two seeds": [adding, other]})
    assert_drawn(figure)
    np.testing.assert_allclose(figure.axes[0].lines[0].get_ydata(), [0.5, 5])
    np.testing.assert_allclose(figure.axes[1].lines[0].get_ydata(), [1, 10])
    (band,) = figure.axes[1].collections[0].get_paths()
    np.testing.assert_allclose(np.ptp(band.vertices[:, 1]), 15 - 0.5)
    figure = figures.delays({"one": [adding], "again": [adding]}, {"bias 3": [adding]})
    assert_drawn(figure)
    assert figure.axes[1].lines[0].get_label() == "LSTM, bias 3"
    curves = {"train_loss": [1, 0.5, 0.2], "validation_loss": [1, 0.6, 0.7]}
    figure = figures.early_stopping({"curves": curves, "summary": {"chosen_epoch": 2}})
    assert_drawn(figure)
    assert figure.axes[0].lines[2].get_xydata().tolist() == [[2, 0.6]]
    seeds = [
        {
            "config": {"dropout": [0, 0.3], "epochs": {"0.1": 1, "1.0": 1}},
            "summary": {
                f"{cell} {fraction} dropout {rate}": {"train": size, "test_accuracy": accuracy}
                for cell in figures.CELLS
                for fraction, size in ((0.1, 10), (1, 100))
                for rate in (0, 0.3)
            },
        }
        for accuracy in (0.75, 0.65)
    ]
    figure = figures.fractions(seeds)
    assert_drawn(figure)
    np.testing.assert_allclose(figure.axes[0].lines[0].get_xydata(), [[10, 30], [100, 30]])
    (band,) = figure.axes[0].collections[0].get_paths()
    assert {round(error) for error in band.vertices[:, 1]} == {25, 35}
