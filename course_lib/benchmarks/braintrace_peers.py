"""D-RTRL of the library braintrace (Wang et al., 2026), in JAX: what the traces are timed against.

Two ways to drive it. Both get the weights, the batch and the loss of `kernl.problem("snap1")`.

The library's ES-D-RTRL (`pp_prop`) is left out. In place of each trace it keeps a smoothed input
and a smoothed derivative, and their product gives the gradient of none of our rules. What doesn't
give the same gradient is not timed here.
"""

from collections.abc import Callable, Sequence
from typing import Any

Gradients = Callable[[], list[Any]]


def chunks(model: Any, x: Any, y: Any) -> Gradients:
    """Chunks of steps. Inside a chunk it is BPTT, over the border the trace.

    It learns no kernel, so what it computes is less than what KeRNL does.

    Args:
        model: an `OnlineRNN` with a tanh cell and a linear readout; its weights are copied.
        x: inputs, (B, T, m).
        y: labels, (B,).

    Returns:
        A function that gives the gradients in the order of `model.trainable_variables`.
    """
    import brainstate
    import braintrace
    import jax
    import jax.numpy as jnp

    from course_lib.online import chunk_length

    cell, readout = _cell(model, own_weight=False), _readout(model)
    inputs, labels = _time_first(x), jnp.asarray(y.numpy())
    steps, batch = inputs.shape[:2]

    class Net(brainstate.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.rnn, self.out = cell, readout

        def update(self, x: Any) -> Any:
            return self.out(self.rnn(x))

    net = Net()
    learner = _learner(net, inputs, "multi-step")
    last = jnp.zeros(steps).at[-1].set(1.0)

    def losses(part: Any) -> Any:
        """Return the loss of every step of a chunk; `last` lets only the last one count."""
        logits = jax.nn.log_softmax(learner(braintrace.MultiStepData(part)))
        return -logits[:, jnp.arange(batch), labels].mean(axis=1)

    @brainstate.transform.jit
    def gradient() -> Any:
        brainstate.nn.reset_all_states(net, batch_size=batch)
        learner.reset_state(batch)
        return learner.etrace_grad(
            inputs, step_fn=losses, mask=last, chunk_size=chunk_length(steps)
        )

    def measured() -> list[Any]:
        found = {path[0]: g for path, g in gradient().items()}
        return _in_order(model, found["rnn"], found["out"])

    return measured


def trace(model: Any, x: Any, y: Any, own_weight: bool = True) -> Gradients:
    """Step by step: only the trace is driven, and the loss is taken once, at the end.

    This is its fastest way. Its own cell would give it no trace to drive: D-RTRL leaves the
    recurrent weights out of ∂h(t)/∂h(t-1), so that the trace of a vanilla cell forgets everything
    at once, and the gradient is that of the rule "one_step". So here each unit's own weight stands
    beside the matrix as well. Then the gradient is that of SnAp-1.

    Args:
        model, x, y: those of `chunks`.
        own_weight: False takes its own cell as it is.

    Returns:
        As `chunks`.
    """
    import brainstate
    import jax
    import jax.numpy as jnp

    cell, readout = _cell(model, own_weight), _readout(model)
    inputs, labels = _time_first(x), jnp.asarray(y.numpy())
    batch = inputs.shape[1]
    learner = _learner(cell, inputs, "single-step")
    # A readout inside the learner's model gets no gradient in this mode.
    weights = {"rnn": cell.W.weight, "out": readout.weight}

    def loss(x_t: Any) -> Any:
        logits = jax.nn.log_softmax(readout(learner(x_t)))
        return -logits[jnp.arange(batch), labels].mean()

    @brainstate.transform.jit
    def gradient() -> Any:
        brainstate.nn.reset_all_states(cell, batch_size=batch)
        learner.reset_state(batch)
        brainstate.transform.for_loop(lambda x_t: (learner(x_t), None)[1], inputs[:-1])
        return brainstate.transform.grad(loss, weights)(inputs[-1])

    def measured() -> list[Any]:
        found = gradient()
        return _in_order(model, found["rnn"], found["out"])

    return measured


def _cell(model: Any, own_weight: bool) -> Any:
    """The cell of a model; with own_weight, W_ii reaches ∂h_i(t)/∂h_i(t-1) too."""
    import braintrace
    import jax
    import jax.numpy as jnp
    import numpy as np

    ours = model.cell
    inputs, units = ours.W_xh.shape
    own = jnp.asarray(np.diag(ours.W_hh.numpy()))

    class OwnWeight(braintrace.nn.ValinaRNNCell):
        def update(self, x: Any) -> Any:
            h = self.h.value
            beside = own * h
            a = self.W(jnp.concatenate([x, h], axis=-1)) + beside - jax.lax.stop_gradient(beside)
            self.h.value = jnp.tanh(a)
            return self.h.value

    kind = OwnWeight if own_weight else braintrace.nn.ValinaRNNCell
    cell = kind(inputs, units, activation="tanh")
    both = np.concatenate([ours.W_xh.numpy(), ours.W_hh.numpy()])
    cell.W.weight.value = {"weight": jnp.asarray(both), "bias": jnp.asarray(ours.b_h.numpy())}
    return cell


def _readout(model: Any) -> Any:
    import brainstate
    import jax.numpy as jnp

    weight, bias = (jnp.asarray(w.numpy()) for w in model.readout.trainable_variables)
    readout = brainstate.nn.Linear(*weight.shape)
    readout.weight.value = {"weight": weight, "bias": bias}
    return readout


def _learner(net: Any, inputs: Any, method: str) -> Any:
    import braintrace
    import jax.numpy as jnp

    _, batch, m = inputs.shape
    start = jnp.zeros((batch, m))
    return braintrace.compile(net, braintrace.D_RTRL, start, batch_size=batch, vjp_method=method)


def _time_first(x: Any) -> Any:
    import jax.numpy as jnp
    import numpy as np

    return jnp.asarray(np.swapaxes(x.numpy(), 0, 1))


def _in_order(model: Any, of_cell: Any, of_readout: Any) -> Sequence[Any]:
    """Gradients of both layers in the order of the model's variables, as arrays."""
    import numpy as np

    cell = model.cell
    W_xh, W_hh = np.split(np.asarray(of_cell["weight"]), [cell.W_xh.shape[0]])
    found = {
        id(cell.W_xh): W_xh,
        id(cell.W_hh): W_hh,
        id(cell.b_h): np.asarray(of_cell["bias"]),
    }
    for w, name in zip(model.readout.trainable_variables, ("weight", "bias"), strict=True):
        found[id(w)] = np.asarray(of_readout[name])
    return [found[id(w)] for w in model.trainable_variables]
