"""What the KeRNL notebook of 2019 did, beside the rule: measured, not judged by eye."""

import numpy as np
import pytest
import tensorflow as tf

from course_lib.online import traces


def test_its_identity_is_a_shift_register():
    """Ones on the diagonal of a kernel over [x, h] feed x to unit 0 and unit j to unit j + 1."""
    from course_lib.online import LeakyRNNCell, OnlineRNN

    units, steps = 5, 12
    model = OnlineRNN(LeakyRNNCell(units, dtype="float64"), 2)
    model.build((1, steps, 1))
    kernel = np.eye(1 + units, units)
    model.cell.W_xh.assign(kernel[:1])
    model.cell.W_hh.assign(kernel[1:])
    x = np.random.default_rng(0).random((1, steps, 1))
    h = model.rnn(x).numpy()[0]
    for j in range(units):
        expected = x[0, steps - 1 - j, 0]
        for _ in range(j + 1):
            expected = np.tanh(expected)
        assert h[j] == expected or abs(h[j] - expected) < 1e-15


@pytest.mark.slow
def test_its_gradient_points_nowhere(make, cosine):
    """Over two nets: the rule with a learned kernel is near BPTT's gradient, the old one is not."""
    right, wrong = [], []
    for seed in range(2):
        gradients = make(units=24, steps=15, batch=64, inputs=3)
        model = gradients.model
        rng = np.random.default_rng(seed)
        model.cell.W_hh.assign(
            0.9 * np.linalg.qr(rng.normal(size=(24, 24)))[0] * 0.5 + 0.4 * np.eye(24)
        )
        model.cell.W_xh.assign(0.3 * rng.normal(size=(3, 24)))
        exact = gradients("bptt")
        gradients.compile("kernl", samples=64, timescales=(5, 15))
        x, y = tf.constant(gradients.x), tf.constant(gradients.y)

        @tf.function
        def learn(rate, model=model, x=x, y=y):
            _, _, found, fit = model.gradients(x, y)
            for w, g in zip(model.kernel.weights, model.kernel.gradients(fit), strict=True):
                w.assign_sub(rate * g)
            return found

        for k in range(40):
            found = learn(tf.constant(0.3 / (1 + k / 10), tf.float64))
        names = [w.name for w in model.trainable_variables[:2]]
        order = [names.index("W_hh"), names.index("W_xh")]
        right.append(cosine([found[i].numpy() for i in order], [exact[i] for i in order]))
        old = _old_update(model, gradients.x, gradients.y)
        wrong.append(cosine([old], [np.concatenate([exact[i] for i in order])]))
    assert np.mean(right) > 0.5
    assert abs(np.mean(wrong)) < 0.25
    assert np.mean(right) - abs(np.mean(wrong)) > 0.4


def _old_update(model, x, y):
    """Errors averaged before they meet the traces, W for β, and along the axis of what is read."""
    from course_lib.online.cells import dynamics_of
    from course_lib.online.forward import unroll

    dynamics = dynamics_of(model.cell)
    chunk = unroll(dynamics, dynamics.zero_state(len(x)), tf.constant(np.swapaxes(x, 0, 1)))
    r = tf.fill((x.shape[1], 1, dynamics.units), tf.constant(np.exp(-1 / x.shape[1])))
    d = dynamics.reaction(chunk.old, chunk.new, chunk.kept)
    E, _ = traces.chunked(
        tf.zeros((len(x), dynamics.units + x.shape[2] + 1, dynamics.units), tf.float64),
        r,
        d,
        chunk.v,
    )
    E = E.numpy()[:, :-1]  # no trace for the bias
    E[:, range(dynamics.units), range(dynamics.units)] = 0  # none for a unit's own weight
    with tf.GradientTape() as tape:
        h = chunk.state[0]
        tape.watch(h)
        loss = tf.reduce_mean(
            tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=model.readout(h))
        )
    error = tape.gradient(loss, h).numpy().mean(axis=0)
    W = np.concatenate([model.cell.W_hh.numpy(), model.cell.W_xh.numpy()])
    return E.mean(axis=0) * (W @ error)[:, None]
