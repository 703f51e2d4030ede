"""One step of training as it is timed on a GPU: forward, loss, gradients, Adam."""

from typing import Any

CLASSES = 10


class TrainingStep:
    """Called with a batch (x, y), it takes a step and returns the loss, when the step is done.

    It is traced once for batches and sequences of any size; XLA compiles it for each.

    Args:
        model: from sequences (batch, T, m) to logits; it gets weights that its shapes alone decide.
        inputs: number of inputs a step, m.
        xla: compile with it.
        traced: False: run it from Python, operation by operation.
    """

    def __init__(self, model: Any, inputs: int, xla: bool = False, traced: bool = True) -> None:
        import keras
        import numpy as np
        import tensorflow as tf

        rng = np.random.default_rng(0)
        shapes = [weight.shape for weight in model.weights]
        self.start = [rng.normal(size=shape) / np.sqrt(shape[0]) for shape in shapes]
        self.model = model
        self.cross_entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        self.optimizer = keras.optimizers.Adam(1e-3)
        if keras.config.dtype_policy().compute_dtype == "float16":
            self.optimizer = keras.optimizers.LossScaleOptimizer(self.optimizer)
        self.optimizer.build(model.trainable_variables)
        self.fresh = [np.asarray(variable) for variable in self.optimizer.variables]
        self.take = self._take
        if traced:
            given = tf.TensorSpec((None, None, inputs)), tf.TensorSpec((None,), tf.int64)
            self.take = tf.function(self._take, input_signature=given, jit_compile=xla)
        self.restart()

    def restart(self) -> None:
        """Go back to the weights of the start."""
        self.model.set_weights(self.start)
        for variable, value in zip(self.optimizer.variables, self.fresh, strict=True):
            variable.assign(value)

    def __call__(self, x: Any, y: Any) -> float:
        """Take a step, and wait for it."""
        return float(self.take(x, y))

    def _take(self, x: Any, y: Any) -> Any:
        import tensorflow as tf

        with tf.GradientTape() as tape:
            loss = self.cross_entropy(y, self.model(x, training=True))
            scaled = self.optimizer.scale_loss(loss)
        variables = self.model.trainable_variables
        gradients = tape.gradient(scaled, [variable.value for variable in variables])
        self.optimizer.apply(gradients, variables)
        return loss


def classifier(rnn: Any, inputs: int) -> Any:
    """A recurrent layer and a readout of its last state, for sequences of any length.

    Args:
        rnn: of Keras, from (batch, T, m) to (batch, n).
        inputs: number of inputs a step, m.
    """
    import keras

    readout = keras.layers.Dense(CLASSES, dtype="float32")
    return keras.Sequential([keras.Input((None, inputs)), rnn, readout])


def batch(sizes: dict[str, int], inputs: int) -> tuple[Any, Any]:
    """Sequences (batch, T, m) and labels at random, where TensorFlow puts them.

    Args:
        sizes: "batch" and "T".
        inputs: number of inputs a step, m.
    """
    import numpy as np
    import tensorflow as tf

    rng = np.random.default_rng(0)
    x = rng.random((sizes["batch"], sizes["T"], inputs), np.float32)
    return tf.constant(x), tf.constant(rng.integers(0, CLASSES, sizes["batch"]))
