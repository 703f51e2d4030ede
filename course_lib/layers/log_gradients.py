"""Gradients in TensorBoard: a norm a layer, and how its entries are spread."""

from course_lib.layers.backend import tensorflow_for

tf = tensorflow_for("log_gradients", instead="a callback of your own with fit")


def log_gradients(writer, gradients, step, every=100):
    """Write how large each layer's gradient is, and how it is spread.

    To be called inside a training step that TensorFlow traces once.

    Args:
        writer: from `tf.summary.create_file_writer`.
        gradients: a dict from the name of each layer to a list of the
            gradients of its weights, tensors of any shapes. Where a weight
            has none, the list holds None, which counts as no entries; each
            layer has at least one.
        step: number of the step, an integer or a scalar tensor of integers.
        every: only steps that this number divides are written.

    Returns:
        norms: shape (number of layers,), in the order of the dict and whatever
            the step. Entry l is the L2 norm of all entries of layer l. The
            curve of it is called "gradient norm/NAME", the histogram of the
            entries "gradient/NAME".
    """

    # TensorBoard's own functions need TensorBoard; its file format doesn't.
    def write(kind, tag, data):
        plugin = tf.compat.v1.SummaryMetadata.PluginData(plugin_name=kind)
        about = tf.compat.v1.SummaryMetadata(plugin_data=plugin)
        tf.summary.write(tag, tf.cast(data, tf.float32), metadata=about)

    def write_scalar(tag, value):
        write("scalars", tag, value)

    def write_histogram(tag, entries, bins=31):
        finite = tf.boolean_mask(entries, tf.math.is_finite(entries))
        finite = tf.cast(finite, tf.float32)
        far = tf.maximum(tf.reduce_max(tf.abs(finite)), 1e-30)
        counts = tf.histogram_fixed_width(finite, [-far, far], bins)
        edges = far * tf.linspace(-1.0, 1.0, bins + 1)
        counts = tf.cast(counts, tf.float32)
        table = tf.stack([edges[:-1], edges[1:], counts], axis=1)
        write("histograms", tag, table)

    # IMPLEMENT-ME: the norms are there at every step, and the file has them
    # and the histograms of the steps that count, and of no other; in a graph
    # that was traced once, for all steps
    entries = {
        name: tf.concat(
            [tf.reshape(g, [-1]) for g in layer if g is not None], axis=0
        )
        for name, layer in gradients.items()
    }
    norms = tf.stack([tf.norm(values) for values in entries.values()])
    step = tf.cast(step, tf.int64)
    with (
        writer.as_default(step=step),
        tf.summary.record_if(tf.equal(step % every, 0)),
    ):
        for l, (name, values) in enumerate(entries.items()):
            write_scalar(f"gradient norm/{name}", norms[l])
            write_histogram(f"gradient/{name}", values)
    # END IMPLEMENT-ME
    return norms
