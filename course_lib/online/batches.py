"""Batches of a stateful model: all of one size, or one sentence, wherever they come from."""

import contextlib
import inspect

import keras
import tensorflow as tf


def other_size(size):
    """What is said of a batch of another size than so many sequences."""
    return (
        f"A batch has another size than the {size} sequences that the model carries on from call"
        f" to call: give batches of {size}, and leave out a smaller last one."
    )


def see_sizes(size, *found):
    """See that batches are of as many sequences.

    Args:
        size: how many.
        found: of batches; None is one that is not known yet.

    Raises:
        ValueError: one isn't.
    """
    if not {None, size}.issuperset(found):
        raise ValueError(other_size(size))


def of_one_size(data, size):
    """Data that see to it themselves, where a graph would say so in its own words.

    Args:
        data: what `fit` takes: a `tf.data.Dataset`, a `PyDataset` or a generator; all else comes
            back as it is.
        size: how many sequences a batch has.
    """
    if isinstance(data, tf.data.Dataset):

        def seen(*batch):
            count = tf.shape(keras.tree.flatten(batch)[0])[0]
            tf.debugging.assert_equal(count, size, other_size(size))
            return batch if len(batch) > 1 else batch[0]

        return data.map(seen)
    if isinstance(data, keras.utils.PyDataset):
        return _Seen(data, size)
    if inspect.isgenerator(data):
        return (_seen(batch, size) for batch in data)
    return data


@contextlib.contextmanager
def in_one_sentence(sentence):
    """What TensorFlow reports, if a graph says this sentence, without the words around it."""
    try:
        yield
    except tf.errors.OpError as error:
        if sentence not in str(error):
            raise
    else:
        return
    raise ValueError(sentence)


def _seen(batch, size):
    see_sizes(size, len(keras.tree.flatten(batch)[0]))
    return batch


class _Seen(keras.utils.PyDataset):
    """A `PyDataset` whose batches are looked at."""

    def __init__(self, data, size):
        names = "workers", "use_multiprocessing", "max_queue_size"
        super().__init__(**{name: getattr(data, name) for name in names})
        self.data, self.size = data, size

    def __getitem__(self, number):
        return _seen(self.data[number], self.size)

    @property
    def num_batches(self):
        return self.data.num_batches

    def on_epoch_begin(self):
        self.data.on_epoch_begin()

    def on_epoch_end(self):
        self.data.on_epoch_end()
