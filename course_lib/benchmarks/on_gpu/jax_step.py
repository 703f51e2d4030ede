"""`TrainingStep` in JAX, for layers of Keras that run on it."""

from typing import Any


class JaxStep:
    """Called with a batch (x, y), it takes a step and returns the loss, when the step is done.

    Args:
        model: from sequences to logits; it gets weights that its shapes alone decide.
        device: of JAX, which computes.
    """

    def __init__(self, model: Any, device: Any) -> None:
        import jax
        import keras
        import numpy as np

        rng = np.random.default_rng(0)
        shapes = [weight.shape for weight in model.weights]
        model.set_weights([rng.normal(size=shape) / np.sqrt(shape[0]) for shape in shapes])
        optimizer = keras.optimizers.Adam(1e-3)
        optimizer.build(model.trainable_variables)
        cross_entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True)

        def loss_of(trained: list, others: list, x: Any, y: Any) -> tuple:
            logits, others = model.stateless_call(trained, others, x, training=True)
            return cross_entropy(y, logits), others

        def take(state: tuple, x: Any, y: Any) -> tuple:
            trained, others, moments = state
            (loss, others), gradients = jax.value_and_grad(loss_of, has_aux=True)(
                trained, others, x, y
            )
            trained, moments = optimizer.stateless_apply(moments, gradients, trained)
            return loss, (trained, others, moments)

        self.device = device
        self.take = jax.jit(take)
        groups = model.trainable_variables, model.non_trainable_variables, optimizer.variables
        self.state = jax.device_put(tuple([v.value for v in group] for group in groups), device)

    def __call__(self, x: Any, y: Any) -> float:
        """Take a step, and wait for it."""
        import jax

        batch = jax.device_put((x, y), self.device)  # does nothing if it is there
        loss, self.state = self.take(self.state, *batch)
        jax.block_until_ready(self.state)
        return float(loss)
