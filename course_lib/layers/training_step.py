"""One step of a training loop of one's own."""

from course_lib.layers.backend import tensorflow_for

tf = tensorflow_for("train_step", instead="compile and fit")


def train_step(model, optimizer):
    """The step of a training loop: one batch, one update.

    Args:
        model: a `keras.Model` that gives logits (batch, c). Each step
            tells it that it is being trained, for dropout and the like.
        optimizer: an optimizer of Keras, used for this model alone.

    Returns:
        step: a function of x, a tensor or a tuple of tensors, as the model
            takes it, and of the labels y (batch,). It returns the batch's loss
            before the update, the mean cross-entropy in nats, in the dtype of
            the logits, and finite however far apart they are. Afterwards the
            optimizer has moved all that is to be trained, and nothing else.
            TensorFlow traces it at the first batch, and keeps the graph for
            batches of other sizes and sequences of other lengths.
    """

    # IMPLEMENT-ME: after each call the model is a little better at this batch;
    # from the second batch on, Python is not needed any more
    @tf.function(reduce_retracing=True)
    def step(x, y):
        with tf.GradientTape() as tape:
            logits = model(x, training=True)
            loss = tf.reduce_mean(
                tf.nn.sparse_softmax_cross_entropy_with_logits(y, logits)
            )
        weights = model.trainable_variables
        optimizer.apply(tape.gradient(loss, weights), weights)
        return loss

    # END IMPLEMENT-ME
    return step
