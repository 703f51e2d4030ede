"""The rule with a kernel that turns: against NumPy, where it is exact, and how it learns."""

import numpy as np
import pytest
import tensorflow as tf

from course_lib.layers import LSTMCell
from course_lib.online import LeakyRNNCell, OnlineRNN, TurningRNNCell, dynamics_of
from course_lib.online.modes import ModesKernel, dictionary
from course_lib.scratch.kernl import presynaptic
from course_lib.scratch.kernl_modes import modes_gradient

LENGTHS = [None, [9, 5, 1]]
MODES = [(0.1, 0.7), (0.5, 0.0), (0.02, np.pi), (0.3, 2.0)]


def complex_beta(kernel):
    """The kernel's parts as the complex sensitivities of `course_lib.scratch.kernl_modes`."""
    beta = kernel.beta.numpy()
    found = beta[: kernel.modes].astype(complex)
    found[: kernel.turning] -= 1j * beta[kernel.modes :]
    return found


def compiled(make, *, chunk=4, modes=MODES, trace="chunked", random=True, **options):
    gradients = make(**options)
    model = gradients.model

    def found(chunk=chunk, trace=trace):
        gradients.compile("kernl_modes", modes=modes, chunk=chunk, trace=trace)
        if random:
            start = np.random.default_rng(3).normal(size=model.kernel.beta.shape)
            model.kernel.beta.assign(start)
        return gradients.take()

    return model, found, gradients


@pytest.mark.parametrize("sequences", [False, True])
def test_it_is_the_gradient_in_numpy(make, sequences):
    model, found, gradients = compiled(make, sequences=sequences)
    ours = found()
    x = gradients.x
    with tf.GradientTape() as tape:
        h = keras_states(model, x)
        tape.watch(h)
        out = model.readout(h if sequences else h[:, -1])
        loss = model.compute_loss(None, tf.constant(gradients.y), out)
    dh, h = tape.gradient(loss, h).numpy(), h.numpy()
    order = [0, 2, 1, 3]  # in the kernel the modes that turn come first
    turning = [MODES[i] for i in (0, 3, 1, 2)]
    assert np.allclose(model.kernel.fixed, np.array(turning).T[..., None])
    gamma, omega = np.array(turning).T
    v = presynaptic(x, np.zeros_like(h[:, 0]), h)
    dW = modes_gradient(v, 1 - h**2, dh, complex_beta(model.kernel), gamma, omega)
    names = {w.path.split("/")[-1]: g for w, g in zip(model.trainable_variables, ours, strict=True)}
    np.testing.assert_allclose(names["W_xh"], dW[:2], atol=1e-12)
    np.testing.assert_allclose(names["W_hh"], dW[2:-1], atol=1e-12)
    np.testing.assert_allclose(names["b_h"], dW[-1], atol=1e-12)
    assert len(order) == 4


def keras_states(model, x):
    from keras.layers import RNN

    return RNN(model.cell, return_sequences=True, dtype="float64")(tf.constant(x))


@pytest.mark.slow
@pytest.mark.parametrize("lengths", LENGTHS)
@pytest.mark.parametrize("sequences", [False, True])
@pytest.mark.parametrize("lstm", [False, True])
def test_chunks_of_any_length_are_single_steps(make, lstm, sequences, lengths):
    cell = LSTMCell(5, dtype="float64") if lstm else None
    _, found, _ = compiled(make, sequences=sequences, lengths=lengths, cell=cell)
    one = found(chunk=9, trace="per_step")
    for chunk in (1, 4, 9):
        for a, b in zip(found(chunk=chunk), one, strict=True):
            np.testing.assert_allclose(a, b, rtol=0, atol=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("lengths", LENGTHS)
@pytest.mark.parametrize("sequences", [False, True])
def test_one_fading_mode_is_kernl(make, sequences, lengths):
    """Also for an LSTM, whose output gate has no part in the kernel."""
    for cell in (None, LSTMCell(5, dtype="float64")):
        gradients = make(sequences=sequences, lengths=lengths, cell=cell)
        gamma = np.array([0.05, 0.1, 0.3, 0.7, 2.0])
        beta = np.random.default_rng(3).normal(size=(5, 5))
        gradients.kernel = {"beta": beta, "log_gamma": np.log(gamma)}
        expected = gradients("kernl", chunk=4)
        model, found, _ = compiled(
            lambda g=gradients: g, modes=[(gamma, 0.0)], chunk=4, random=False
        )  # fmt: skip
        gradients.compile("kernl_modes", modes=[(gamma, 0.0)])
        model.kernel.beta.assign(beta[None])
        for a, b in zip(found(), expected, strict=True):
            np.testing.assert_allclose(a, b, rtol=0, atol=1e-6)  # log γ is float32


@pytest.mark.parametrize("lengths", LENGTHS)
@pytest.mark.parametrize("sequences", [False, True])
def test_with_the_true_spectrum_of_a_linear_network_it_is_bptt(make, sequences, lengths):
    """ReLU units whose inputs are all above zero are linear."""
    gradients = make(sequences=sequences, lengths=lengths, activation="relu")
    model = gradients.model
    rng = np.random.default_rng(5)
    W = 0.4 * rng.normal(size=(5, 5)) / np.sqrt(5)
    model.cell.W_hh.assign(W)
    model.cell.b_h.assign(np.full(5, 20.0))
    exact = gradients("bptt")
    assert keras_states(model, gradients.x).numpy().min() > 0
    values, vectors = np.linalg.eig(W)
    back = np.linalg.inv(vectors)
    upper = np.flatnonzero(values.imag >= 0)
    modes = [(-np.log(abs(values[r])), abs(np.angle(values[r]))) for r in upper]
    gradients.compile("kernl_modes", modes=modes, chunk=4)
    gamma, omega = (a[:, 0] for a in model.kernel.fixed)
    beta = np.zeros(model.kernel.beta.shape)
    for place in range(model.kernel.modes):
        r = upper[np.argmin(np.abs(values[upper] - np.exp(-gamma[place] + 1j * omega[place])))]
        S = np.outer(back[r], vectors[:, r]) * (2 if values[r].imag > 0 else 1)
        beta[place] = S.real
        if place < model.kernel.turning:
            beta[model.kernel.modes + place] = -S.imag
    assert 0 < model.kernel.turning < model.kernel.modes
    model.kernel.beta.assign(beta)
    for ours, true in zip(gradients.take(), exact, strict=True):
        np.testing.assert_allclose(ours, true, rtol=0, atol=1e-10)


@pytest.fixture
def regression():
    """A kernel of three units and two modes, noise and what it moved."""
    rng = np.random.default_rng(0)
    gamma, omega = dictionary([(0.1, 0.0), (0.3, 1.0)], 3, 10)
    kernel = ModesKernel(3, gamma, omega, dtype="float64")
    kernel.beta.assign(rng.normal(size=kernel.beta.shape))
    noise, moved = rng.normal(size=(2, 6, 4, 3))
    return kernel, tf.constant(noise), tf.constant(moved)


def error(kernel, noise, moved, mask):
    """½ |ε|² as the docstring has it, and the errors' number of samples."""
    gamma, omega = kernel.fixed
    z, total = np.zeros((2, 4, 3), complex), 0.0
    for t in range(len(noise)):
        real = mask[t]
        z = np.where(real, np.exp(-gamma + 1j * omega)[:, None] * z + noise[t], z)
        predicted = np.einsum("rki,rpi->pk", complex_beta(kernel), z).real
        total += 0.5 * np.sum(((predicted - moved[t]) * real) ** 2)
    return total


@pytest.mark.parametrize("masked", [False, True])
def test_the_fit_is_a_slope_and_chunks_add_up(regression, masked):
    kernel, noise, moved = regression
    mask = np.ones((6, 4, 1), bool)
    if masked:
        mask[3:, 1:3] = mask[1, 0] = False
    pieces, sums = [], kernel.no_sums(4)
    for part in (slice(0, 4), slice(4, 6)):
        here = tf.constant(mask[part]) if masked else None
        sums, fit = kernel.fit(sums, noise[part], moved[part], here)
        pieces.append(fit)
    fit = tf.nest.map_structure(tf.add, *pieces)
    args = noise.numpy(), moved.numpy(), mask
    assert float(fit.missed) == pytest.approx(2 * error(kernel, *args))
    start, h = kernel.beta.numpy(), 1e-6
    for at in np.ndindex(start.shape):
        step = np.zeros_like(start)
        step[at] = h
        sides = []
        for sign in (1, -1):
            kernel.beta.assign(start + sign * step)
            sides.append(error(kernel, *args))
        assert float(fit.beta[at]) == pytest.approx((sides[0] - sides[1]) / (2 * h), abs=1e-6)


def test_planted_sensitivities_are_found():
    rng = np.random.default_rng(1)
    gamma, omega = dictionary(3, 4, 12)
    planted, kernel = (ModesKernel(4, gamma, omega, dtype="float64") for _ in "ab")
    planted.beta.assign(rng.normal(size=planted.beta.shape))
    step = tf.function(kernel.fit, autograph=False)
    for _ in range(60):
        noise = tf.constant(rng.normal(size=(12, 16, 4)))
        nothing = tf.zeros_like(noise)
        # What the planted kernel says that the noise moved, by its own error against nothing.
        moved = predicted(planted, noise)
        _, fit = step(kernel.no_sums(16), noise, moved, None)
        kernel.beta.assign_sub(0.5 * kernel.gradients(fit)[0])
        assert nothing.shape == moved.shape
    np.testing.assert_allclose(kernel.beta.numpy(), planted.beta.numpy(), atol=1e-3)
    assert all(np.all(g == 0) for g in kernel.gradients(kernel.no_fit()))


def predicted(kernel, noise):
    gamma, omega = kernel.fixed
    z, moved = np.zeros((kernel.modes, *noise.shape[1:]), complex), []
    for psi in noise.numpy():
        z = np.exp(-gamma + 1j * omega)[:, None] * z + psi
        moved.append(np.einsum("rki,rpi->pk", complex_beta(kernel), z).real)
    return tf.constant(np.array(moved))


@pytest.mark.slow
def test_what_turns_is_learned_by_nudging(cosine):
    """In an orthogonal network, four modes against one that fades."""
    import keras

    keras.utils.set_random_seed(0)
    rng = np.random.default_rng(0)
    x = tf.constant(0.3 * rng.normal(size=(32, 20, 2)), tf.float32)
    y = tf.constant(rng.integers(0, 10, size=32))
    model = OnlineRNN(LeakyRNNCell(24), 10)
    model.build(x.shape)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("sgd", loss, rule="bptt")
    exact = model.gradients(x, y)[2][:3]
    found = {}
    for modes in (1, 4):
        model.compile("sgd", loss, rule="kernl_modes", modes=modes)

        @tf.function(autograph=False)
        def learn(model=model):
            fit = model.gradients(x, y)[3]
            model.kernel.beta.assign_sub(0.1 * model.kernel.gradients(fit)[0])

        for _ in range(40):
            learn()
        found[modes] = cosine(model.gradients(x, y)[2][:3], exact)
    assert found[4] > 0.7
    assert found[1] < found[4] - 0.15


def test_nothing_but_modes_is_taken_for_modes():
    for modes in (
        *(0, -1, 2.5, True, "four", [], [(0.1,)], [(0.1, 0.2, 0.3)], [(-0.1, 0)], [(0.1, 4)]),
        *([(np.nan, 0)], [([0.1, 0.2], 0)], [("a", "b")], 0.1),
    ):
        with pytest.raises(ValueError, match=r"mode"):
            dictionary(modes, 3, 10)
    model = OnlineRNN(LeakyRNNCell(3), 2)
    with pytest.raises(ValueError, match="no modes of its own"):
        model.compile(loss="mse", rule="kernl_modes", modes="cell")
    with pytest.raises(ValueError, match="kernl_modes"):
        model.compile(loss="mse", rule="kernl", modes=4)
    with pytest.raises(ValueError, match="timescales"):
        model.compile(loss="mse", rule="kernl_modes", timescales=(1, 2))


def test_a_number_of_modes_has_both_ends():
    for count in (1, 2, 5, np.int64(3)):
        gamma, omega = dictionary(count, 3, 100)
        assert gamma.shape == omega.shape == (count, 3)
        assert omega.min() == 0
        assert omega.max() == (0 if count == 1 else np.pi)
        assert np.all(gamma >= 0.01)


def test_the_kernel_that_is_replaced_leaves_nothing_in_the_model():
    model = OnlineRNN(LeakyRNNCell(3), 2)
    model.build((2, 5, 4))
    for rule, modes in (("kernl_modes", 2), ("kernl_modes", 4), ("kernl", None)):
        model.compile("adam", "mse", rule=rule, modes=modes)
        own = [*model.rnn.weights, *model.readout.weights, *model.kernel.weights]
        assert {id(w) for w in model.weights} == {id(w) for w in own}


@pytest.mark.slow
def test_a_stored_model_has_its_modes(tmp_path):
    import keras

    x = np.random.default_rng(0).normal(size=(40, 6, 1)).astype(np.float32)
    y = (x[:, 0, 0] > 0).astype(int)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model = OnlineRNN(TurningRNNCell([0.1, 0.2, 0.4], [0.3, 1, 2]), 2)
    model.compile("sgd", loss, rule="kernl_modes", modes="cell", jit_compile=False)
    model.fit(x, y, batch_size=20, verbose=0)
    learned = model.kernel.beta.numpy()
    assert model.kernel.parts == 2
    assert np.abs(learned[1]).max() > 0
    model.compile("sgd", loss, rule="kernl_modes", modes="cell")  # the same modes: it stays
    np.testing.assert_array_equal(model.kernel.beta.numpy(), learned)
    model.save(tmp_path / "m.keras")
    again = keras.saving.load_model(tmp_path / "m.keras")
    np.testing.assert_array_equal(again.kernel.beta.numpy(), learned)
    np.testing.assert_allclose(again.predict(x, verbose=0), model.predict(x, verbose=0), rtol=1e-5)
    again.fit(x, y, batch_size=20, verbose=0)
    assert np.abs(again.kernel.beta.numpy() - learned).max() > 0
    again.compile("sgd", loss, rule="kernl")  # and back to one that fades
    again.fit(x, y, batch_size=20, verbose=0)


def turning_cell(pairs=3, **settings):
    rng = np.random.default_rng(4)
    gamma, omega = rng.uniform(0.05, 0.5, pairs), rng.uniform(0, np.pi, pairs)
    return TurningRNNCell(gamma, omega, dtype="float64", **settings)


@pytest.mark.parametrize("lengths", LENGTHS)
@pytest.mark.parametrize("sequences", [False, True])
def test_units_that_turn_have_their_own_modes(make, sequences, lengths):
    """Without W_hh a unit moves itself by the cosine and its pair by the sine: it is BPTT."""
    gradients = make(units=6, sequences=sequences, lengths=lengths, cell=turning_cell())
    model = gradients.model
    model.cell.W_hh.assign(np.zeros((6, 6)))
    exact = gradients("bptt")
    gradients.compile("kernl_modes", modes="cell", chunk=4)
    pair = np.kron([[0, -1], [1, 0]], np.eye(3))
    model.kernel.beta.assign(np.stack([np.eye(6), pair]))
    for ours, true in zip(gradients.take(), exact, strict=True):
        np.testing.assert_allclose(ours, true, rtol=0, atol=1e-10)


def test_their_dynamics_are_those_of_the_cell(make):
    """The tangent is the slope of the cell's own step, W_hh included."""
    gradients = make(units=6, cell=turning_cell(noise=0.5))
    cell = gradients.model.cell
    dynamics = dynamics_of(cell)
    rng = np.random.default_rng(0)
    x, h, dh = (tf.constant(rng.normal(size=(2, size))) for size in (2, 6, 6))
    step = 1e-6
    up, down = (cell(x, [h + sign * step * dh])[0] for sign in (1, -1))
    a = x @ cell.W_xh + h @ cell.W_hh + cell.b_h
    new, kept = dynamics.step(a, (h,))
    np.testing.assert_allclose(new[0], cell(x, [h])[0], atol=1e-14)
    moved = dynamics.tangent(dh @ cell.W_hh, (dh,), (h,), new, kept)[0]
    np.testing.assert_allclose(moved, (up - down) / (2 * step), atol=1e-8)
    own = dynamics.diagonal((h,), new, kept).numpy()
    for i in range(6):
        unit = step * np.eye(6)[i]
        slope = (cell(x, [h + unit])[0] - cell(x, [h - unit])[0])[:, i] / (2 * step)
        np.testing.assert_allclose(own[:, i], slope, atol=1e-8)
    with pytest.raises(TypeError, match="rtrl"):
        gradients("rtrl")


def test_a_turning_cell_says_what_it_needs():
    for gamma, omega in (([], []), ([0.1], [1, 2]), (0.1, 1), ([0.0], [1]), ([np.nan], [1])):
        with pytest.raises(ValueError, match="gamma"):
            TurningRNNCell(gamma, omega)
    cell = turning_cell()
    assert TurningRNNCell.from_config(cell.get_config()).get_config() == cell.get_config()
    assert cell.units == 6
    x = np.ones((3, 400, 1))
    cell.build((None, 1))
    import keras

    assert np.abs(keras.layers.RNN(cell, dtype="float64")(x)).max() < 3  # s keeps it in bounds
