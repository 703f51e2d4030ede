"""Answers to `log_gradients`, written from its notebook alone; each cell is one, with what is wrong."""

import keras
import numpy as np
import tensorflow as tf


# %% single: the condition is a Python if on int(step)
def log_gradients(writer, gradients, step, every=100):
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

    entries = {
        name: tf.concat([tf.reshape(g, [-1]) for g in layer if g is not None], axis=0)
        for name, layer in gradients.items()
    }
    norms = tf.stack([tf.norm(row) for row in entries.values()])
    step = tf.cast(step, tf.int64)
    with (
        writer.as_default(step=step),
        tf.summary.record_if(int(step) % every == 0),
    ):
        for l, (name, row) in enumerate(entries.items()):
            write_scalar(f"gradient norm/{name}", norms[l])
            write_histogram(f"gradient/{name}", row)
    return norms


# %% single: the norm is a mean square
def log_gradients(writer, gradients, step, every=100):
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

    entries = {
        name: tf.concat([tf.reshape(g, [-1]) for g in layer if g is not None], axis=0)
        for name, layer in gradients.items()
    }
    norms = tf.stack([tf.sqrt(tf.reduce_mean(row**2)) for row in entries.values()])
    step = tf.cast(step, tf.int64)
    with (
        writer.as_default(step=step),
        tf.summary.record_if(tf.equal(step % every, 0)),
    ):
        for l, (name, row) in enumerate(entries.items()):
            write_scalar(f"gradient norm/{name}", norms[l])
            write_histogram(f"gradient/{name}", row)
    return norms


# %% single: norms of the weights are added
def log_gradients(writer, gradients, step, every=100):
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

    entries = {
        name: tf.concat([tf.reshape(g, [-1]) for g in layer if g is not None], axis=0)
        for name, layer in gradients.items()
    }
    norms = tf.stack(
        [tf.add_n([tf.norm(g) for g in layer if g is not None]) for layer in gradients.values()]
    )
    step = tf.cast(step, tf.int64)
    with (
        writer.as_default(step=step),
        tf.summary.record_if(tf.equal(step % every, 0)),
    ):
        for l, (name, row) in enumerate(entries.items()):
            write_scalar(f"gradient norm/{name}", norms[l])
            write_histogram(f"gradient/{name}", row)
    return norms


# %% single: every step is written
def log_gradients(writer, gradients, step, every=100):
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

    entries = {
        name: tf.concat([tf.reshape(g, [-1]) for g in layer if g is not None], axis=0)
        for name, layer in gradients.items()
    }
    norms = tf.stack([tf.norm(row) for row in entries.values()])
    step = tf.cast(step, tf.int64)
    with (
        writer.as_default(step=step),
        tf.summary.record_if(True),
    ):
        for l, (name, row) in enumerate(entries.items()):
            write_scalar(f"gradient norm/{name}", norms[l])
            write_histogram(f"gradient/{name}", row)
    return norms


# %% single: the first weight of each layer counts only
def log_gradients(writer, gradients, step, every=100):
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

    entries = {
        name: tf.concat([tf.reshape(g, [-1]) for g in layer if g is not None][:1], axis=0)
        for name, layer in gradients.items()
    }
    norms = tf.stack([tf.norm(row) for row in entries.values()])
    step = tf.cast(step, tf.int64)
    with (
        writer.as_default(step=step),
        tf.summary.record_if(tf.equal(step % every, 0)),
    ):
        for l, (name, row) in enumerate(entries.items()):
            write_scalar(f"gradient norm/{name}", norms[l])
            write_histogram(f"gradient/{name}", row)
    return norms


# %% single: the writer doesn't know the step
def log_gradients(writer, gradients, step, every=100):
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

    entries = {
        name: tf.concat([tf.reshape(g, [-1]) for g in layer if g is not None], axis=0)
        for name, layer in gradients.items()
    }
    norms = tf.stack([tf.norm(row) for row in entries.values()])
    step = tf.cast(step, tf.int64)
    with (
        writer.as_default(step=0),
        tf.summary.record_if(tf.equal(step % every, 0)),
    ):
        for l, (name, row) in enumerate(entries.items()):
            write_scalar(f"gradient norm/{name}", norms[l])
            write_histogram(f"gradient/{name}", row)
    return norms


# %% single: the tags are swapped
def log_gradients(writer, gradients, step, every=100):
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

    entries = {
        name: tf.concat([tf.reshape(g, [-1]) for g in layer if g is not None], axis=0)
        for name, layer in gradients.items()
    }
    norms = tf.stack([tf.norm(row) for row in entries.values()])
    step = tf.cast(step, tf.int64)
    with (
        writer.as_default(step=step),
        tf.summary.record_if(tf.equal(step % every, 0)),
    ):
        for l, (name, row) in enumerate(entries.items()):
            write_scalar(f"gradient/{name}", norms[l])
            write_histogram(f"gradient norm/{name}", row)
    return norms


# %% single: layers in alphabetical order
def log_gradients(writer, gradients, step, every=100):
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

    entries = {
        name: tf.concat([tf.reshape(g, [-1]) for g in layer if g is not None], axis=0)
        for name, layer in sorted(gradients.items())
    }
    norms = tf.stack([tf.norm(row) for row in entries.values()])
    step = tf.cast(step, tf.int64)
    with (
        writer.as_default(step=step),
        tf.summary.record_if(tf.equal(step % every, 0)),
    ):
        for l, (name, row) in enumerate(entries.items()):
            write_scalar(f"gradient norm/{name}", norms[l])
            write_histogram(f"gradient/{name}", row)
    return norms


# %% single: the histogram is of absolute values
def log_gradients(writer, gradients, step, every=100):
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

    entries = {
        name: tf.concat([tf.reshape(g, [-1]) for g in layer if g is not None], axis=0)
        for name, layer in gradients.items()
    }
    norms = tf.stack([tf.norm(row) for row in entries.values()])
    step = tf.cast(step, tf.int64)
    with (
        writer.as_default(step=step),
        tf.summary.record_if(tf.equal(step % every, 0)),
    ):
        for l, (name, row) in enumerate(entries.items()):
            write_scalar(f"gradient norm/{name}", norms[l])
            write_histogram(f"gradient/{name}", tf.abs(row))
    return norms


# %% single: the norms are zero at steps that don't count
def log_gradients(writer, gradients, step, every=100):
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

    entries = {
        name: tf.concat([tf.reshape(g, [-1]) for g in layer if g is not None], axis=0)
        for name, layer in gradients.items()
    }
    norms = tf.stack([tf.norm(row) for row in entries.values()])
    step = tf.cast(step, tf.int64)
    with (
        writer.as_default(step=step),
        tf.summary.record_if(tf.equal(step % every, 0)),
    ):
        for l, (name, row) in enumerate(entries.items()):
            write_scalar(f"gradient norm/{name}", norms[l])
            write_histogram(f"gradient/{name}", row)
    return tf.where(tf.equal(step % every, 0), norms, 0)


# %% double: written one step late, and the norm is squared
def log_gradients(writer, gradients, step, every=100):
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

    entries = {
        name: tf.concat([tf.reshape(g, [-1]) for g in layer if g is not None], axis=0)
        for name, layer in gradients.items()
    }
    norms = tf.stack([tf.reduce_sum(row**2) for row in entries.values()])
    step = tf.cast(step, tf.int64)
    with (
        writer.as_default(step=step),
        tf.summary.record_if(tf.equal(step % every, 1)),
    ):
        for l, (name, row) in enumerate(entries.items()):
            write_scalar(f"gradient norm/{name}", norms[l])
            write_histogram(f"gradient/{name}", row)
    return norms


# %% right: as the hints say
def log_gradients(writer, gradients, step, every=100):
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

    entries = {
        name: tf.concat([tf.reshape(g, [-1]) for g in layer if g is not None], axis=0)
        for name, layer in gradients.items()
    }
    norms = tf.stack([tf.norm(row) for row in entries.values()])
    step = tf.cast(step, tf.int64)
    with (
        writer.as_default(step=step),
        tf.summary.record_if(tf.equal(step % every, 0)),
    ):
        for l, (name, row) in enumerate(entries.items()):
            write_scalar(f"gradient norm/{name}", norms[l])
            write_histogram(f"gradient/{name}", row)
    return norms


# %% right: tf.cond in place of record_if, norms from sums of squares
def log_gradients(writer, gradients, step, every=100):
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

    step = tf.cast(step, tf.int64)
    names = list(gradients)
    rows, norms = [], []
    for name in names:
        given = [g for g in gradients[name] if g is not None]
        flat = [tf.reshape(tf.convert_to_tensor(g), (-1,)) for g in given]
        rows.append(tf.concat(flat, 0))
        norms.append(tf.sqrt(tf.add_n([tf.reduce_sum(tf.square(f)) for f in flat])))

    def note():
        with writer.as_default(step=step):
            for name, row, norm in zip(names, rows, norms):
                write_scalar("gradient norm/" + name, norm)
                write_histogram("gradient/" + name, row)
        return True

    tf.cond(tf.equal(tf.math.floormod(step, every), 0), note, lambda: False)
    return tf.stack(norms)
