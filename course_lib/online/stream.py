"""A stream: what is carried goes on from call to call, in variables."""

import numpy as np
import tensorflow as tf

from course_lib.online import checks
from course_lib.online.batches import see_sizes


class Memory:
    """What a model carries from one call to the next; it is stored with the model.

    Args:
        start: gives what is carried before the first step, a structure of tensors.
    """

    def __init__(self, start):
        self._start = start
        with tf.init_scope():
            carry = start()
            self._like = tf.nest.map_structure(lambda a: None, carry)
            self.variables = [
                tf.Variable(a, trainable=False, name="carry") for a in tf.nest.flatten(carry)
            ]

    @property
    def batch(self):
        """How many sequences it is of."""
        return self.variables[0].shape[0]

    def check(self, *sizes):
        """See that batches are of as many sequences.

        Args:
            sizes: of batches; None is one that is not known yet.

        Raises:
            ValueError: one isn't.
        """
        see_sizes(self.batch, *sizes)

    def read(self):
        """What is carried, as tensors."""
        now = [tf.convert_to_tensor(v) for v in self.variables]
        return tf.nest.pack_sequence_as(self._like, now)

    def write(self, carry):
        """Keep what is carried."""
        for v, a in zip(self.variables, tf.nest.flatten(carry), strict=True):
            v.assign(a)

    def reset(self):
        """Begin anew."""
        self.write(self._start())

    def load(self, arrays):
        """Take over stored arrays; begin anew if they are those of another memory."""
        shapes = [tuple(v.shape) for v in self.variables]
        if shapes == [np.shape(a) for a in arrays]:
            for v, a in zip(self.variables, arrays, strict=True):
                v.assign(a)
        else:
            self.reset()


class Stream:
    """A model that lives: it reads a step, says what it makes of it, and learns at once.

    Made by `OnlineRNN.stream` and `OnlineScan.stream`. State, traces, what the kernel is fitted to
    and its noise go on from call to call, so that pieces of any length give what one long sequence
    gives. `compile` says how it learns; with `update_every=K` the weights change after K steps,
    also of several calls, else after each call.

    Args:
        model: an `OnlineRNN` or `OnlineScan`, compiled.
        memory: its `Memory`.
    """

    def __init__(self, model, memory):
        self.model, self.memory = model, memory
        self._compiled_with, self._learns = model.compiled_with, _trainable(model)
        self.loss, self._fitting, self._learn = None, set(), {}
        self._read = tf.function(self._look, reduce_retracing=True, autograph=False)

    def learn(self, x, y, sample_weight=None):
        """Read and learn.

        Args:
            x: a step of every sequence, (batch, m), or several, (batch, steps, m).
            y: targets, in the same way.
            sample_weight: as for `fit`.

        Returns:
            The outputs, as they were before the weights moved, without the axis of steps if there
            was none. The loss is then in `loss`.
        """
        x, single = self._steps(x)
        if self._learns != _trainable(self.model):  # optimizer and graphs know the old ones
            raise ValueError(
                "What is trainable has changed since this stream was made: compile the model anew,"
                " then go on with model.stream()."
            )
        y, weight = checks.tensors(y), checks.tensors(sample_weight)
        if single and self.model.return_sequences:
            y, weight = tf.nest.map_structure(_with_steps, (y, weight))
        # Here once more: a graph that serves several lengths doesn't know them.
        given = tf.nest.flatten((x, y, weight))
        shapes = tuple(None if a is None else tuple(a.shape) for a in given)
        if shapes not in self._fitting:
            self.model.check_targets(x, y, weight, by_chunk=self.model.return_sequences)
            self._fitting.add(shapes)
        ranks = tuple(a if a is None else len(a) for a in shapes)
        if ranks not in self._learn:  # a graph for several ranks would know none
            learn = tf.function(self._take, reduce_retracing=True, autograph=False)
            self._learn[ranks] = learn
        loss, out = self._learn[ranks](x, y, weight)
        self.loss = float(loss)
        return self._outputs(out, single)

    def predict(self, x):
        """Read without learning: a step, or several, without a target.

        The stream has moved on afterwards; the weights have not.

        Args:
            x: as for `learn`.

        Returns:
            The outputs, as `learn` gives them.
        """
        x, single = self._steps(x)
        return self._outputs(self._read(x), single)

    def reset(self):
        """Begin anew, with the weights as they are now."""
        self.memory.reset()

    def _take(self, x, y, weight):
        loss, out, _ = self.model.learn_from(x, y, weight, self.memory)
        return tf.reduce_mean(loss), out

    def _look(self, x):
        return self.model.read_on(x, self.memory)

    def _steps(self, x):
        if self.model.compiled_with is not self._compiled_with:  # its graphs know the old rule
            raise ValueError(
                "The model was compiled anew after this stream was made: go on with model.stream(),"
                " or begin anew with model.stream(batch_size)."
            )
        if tf.inside_function():
            raise ValueError("A stream has graphs of its own: use it outside of tf.function.")
        if x is None or isinstance(x, dict):
            raise ValueError("A stream reads one array, (batch, m) or (batch, steps, m).")
        x = x if isinstance(x, tf.RaggedTensor) else tf.convert_to_tensor(x)
        single = len(x.shape) == 2
        x = x[:, None] if single else x
        batch = self.memory.batch
        if len(x.shape) != 3 or x.shape[0] != batch:
            raise ValueError(
                f"The stream reads {batch} sequences, a step of each, ({batch}, m), or several,"
                f" ({batch}, steps, m); this has the shape {tuple(x.shape)}."
            )
        # Here too: a graph that serves several lengths would say it in other words.
        return checks.inputs(x, self.model.inputs_read), single

    def _outputs(self, out, single):
        drop = single and self.model.return_sequences
        return tf.nest.map_structure(lambda a: a.numpy()[:, 0] if drop else a.numpy(), out)


def _trainable(model):
    return [id(w) for w in model.trainable_variables]


def _with_steps(a):
    """With an axis of steps, if it has one of sequences; else it is told what it should be."""
    return a if a is None or not a.shape.rank else a[:, None]
