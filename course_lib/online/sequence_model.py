"""What the two models have in common that read sequences, `OnlineRNN` and `OnlineScan`."""

import contextlib
import functools

import keras
import tensorflow as tf
from keras.src.backend import get_keras_mask

from course_lib.layers.scanned import only_real
from course_lib.online import checks, losses
from course_lib.online.batches import in_one_sentence
from course_lib.values import plain_number


def tensors(structure):
    """All tensors of a structure, in which None may stand for one."""
    return [one for one in tf.nest.flatten(structure) if tf.is_tensor(one)]


def _mask_of(out):
    """The mask that comes along with a single output, or None."""
    return None if keras.tree.is_nested(out) else get_keras_mask(out)


class SequenceModel(keras.Model):
    """A model of sequences (batch, T, m) of any length, with masks, stored as it was compiled.

    A subclass has `return_sequences`, `mask_value` and `readout`; once built, `_inputs` is m,
    `outputs_like` has the shape of the outputs, and of a stateful one `_batch` is the batch size.
    """

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self._graphs = {}

    @property
    def inputs_read(self):
        """The number of inputs at a step, m; known once it is built."""
        return self._inputs

    def mask(self, x):
        """Which steps are real, (batch, T); None: all."""
        if self.mask_value is None:
            return None
        # As `call` reads them: in mixed precision the rules see more bits of the inputs.
        x = tf.cast(x, self.compute_dtype)
        # Rounded as the inputs are; -1e5 has no end in 16 bits, nor has 1e40 in 32.
        padding = tf.cast(tf.constant(plain_number(self.mask_value), "float64"), x.dtype)
        return tf.reduce_any(tf.not_equal(x, padding), axis=-1)

    def with_mask(self, x):
        """Inputs, zero at steps that are none, and which steps are real.

        The mask value may be one that 0 can't be multiplied by.
        """
        mask = self.mask(x)
        return only_real(x, mask), mask

    def _move(self, gradients, after=()):
        """A step of the optimizer.

        It waits for all gradients, of which some read weights that another one's step moves, and
        for a structure of tensors that do so too.
        """
        if not self.optimizer.built:  # what waits makes no variables
            self.optimizer.build(self.trainable_variables)
        with tf.control_dependencies(tensors((gradients, after))):
            self.optimizer.apply(gradients, self.trainable_variables)

    def _see_devices(self, sentence):
        """See that this isn't for several devices.

        Raises:
            ValueError: it is; with this sentence.
        """
        if self.distribute_strategy.num_replicas_in_sync > 1:
            raise ValueError(sentence)

    def _loss(self, loss):
        """What `compile` was given, as Keras should have it; see `losses.the_one`."""
        outputs = self.outputs_like if self.built else getattr(self.readout, "outputs", None)
        return loss if len(keras.tree.flatten(outputs)) > 1 else losses.the_one(loss)

    def _build_for(self, x):
        """Make the weights, if the first batch finds none."""
        if not self.built:
            with tf.init_scope():
                self.build(tuple(x.shape))

    @property
    def own_loss(self):
        """Whether a subclass has another `compute_loss`."""
        return type(self).compute_loss is not SequenceModel.compute_loss

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """Keras's own, of targets and weights as `fitted` has them."""
        y, sample_weight = self.fitted(y, y_pred, sample_weight, _mask_of(y_pred))
        return super().compute_loss(x, y, y_pred, sample_weight, training=training)

    def compute_metrics(self, x, y, y_pred, sample_weight=None):
        """Keras's own, of targets and weights as `fitted` has them."""
        y, sample_weight = self.fitted(y, y_pred, sample_weight, _mask_of(y_pred))
        return super().compute_metrics(x, y, y_pred, sample_weight)

    def fitted(self, y, out, weight, mask):
        """Targets and sample weights, in the shapes that Keras takes for a loss at every step.

        Args:
            y: targets; (batch, T) of a single output become (batch, T, 1).
            out: outputs, or what has their shape.
            weight: one a sequence counts for each of its steps.
            mask: of the outputs, or None.
        """
        if not self.return_sequences or y is None:
            return y, weight
        return losses.at_every_step(self.loss, y, out, weight, mask)

    def check_targets(self, x, y, weight, by_chunk=False):
        """See that targets and weights belong to the inputs; see `checks.targets`.

        Raises:
            ValueError: they don't, or there are none.
        """
        if self.own_loss or self._compile_loss is None:
            return
        if y is None:
            raise ValueError("There are no targets: give y, which the loss compares outputs with.")
        made = (self.loss, x, y, weight, self.outputs_like)
        checks.targets(*made, self.return_sequences, by_chunk)

    def test_step(self, data):
        """Keras's own, with targets that belong to the inputs."""
        x, y, weight = keras.utils.unpack_x_y_sample_weight(data)
        x, y, weight = checks.inputs(x), checks.tensors(y), checks.tensors(weight)
        self._build_for(x)
        self.check_targets(x, y, weight)
        return super().test_step(data)

    @functools.wraps(keras.Model.compile, assigned=())
    def compile(self, *args, **kwargs):
        """Keras's own, and no graph is left."""
        super().compile(*args, **kwargs)
        self._graphs = {}

    @functools.wraps(keras.Model.fit, assigned=())
    def fit(self, *args, **kwargs):
        """Keras's own, after a look at the data."""
        given = checks.named(super().fit, args, kwargs)
        with self._seen("train_function", **given):
            return super().fit(**given)

    @functools.wraps(keras.Model.evaluate, assigned=())
    def evaluate(self, *args, **kwargs):
        """See `fit`."""
        given = checks.named(super().evaluate, args, kwargs)
        with self._seen("test_function", **given):
            return super().evaluate(**given)

    @functools.wraps(keras.Model.predict, assigned=())
    def predict(self, x, *args, **kwargs):
        """See `fit`."""
        checks.some(x)
        with in_one_sentence(checks.NO_STEPS):
            return super().predict(x, *args, **kwargs)

    @functools.wraps(keras.Model.train_on_batch, assigned=())
    def train_on_batch(self, *args, **kwargs):
        """See `fit`."""
        given = checks.named(super().train_on_batch, args, kwargs)
        with self._seen("train_function", **given):
            return super().train_on_batch(**given)

    @functools.wraps(keras.Model.test_on_batch, assigned=())
    def test_on_batch(self, *args, **kwargs):
        """See `fit`."""
        given = checks.named(super().test_on_batch, args, kwargs)
        with self._seen("test_function", **given):
            return super().test_on_batch(**given)

    @functools.wraps(keras.Model.predict_on_batch, assigned=())
    def predict_on_batch(self, x):
        """See `fit`."""
        checks.some(x)
        return super().predict_on_batch(x)

    @contextlib.contextmanager
    def _seen(self, name, x=None, y=None, sample_weight=None, class_weight=None, **_):
        """Look at data before Keras hands them to a graph, and give it one for such data.

        One that was made for data of other shapes knows none, and could not tell.

        Args:
            name: "train_function" or "test_function", where Keras has its graph.
            x, y, sample_weight, class_weight: as for `fit`.
        """
        checks.some(x)
        checks.class_weight(class_weight, self.return_sequences)
        if isinstance(x, tf.data.Dataset):
            x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(x.element_spec)
        self._see(x, y, sample_weight)
        key = (name, *self._kind_of(x, y, sample_weight))
        setattr(self, name, self._graphs.get(key))
        with in_one_sentence(checks.NO_STEPS):
            yield
        self._graphs[key] = getattr(self, name)

    def _kind_of(self, x, y, weight):
        """What data have in common that share a graph: one for several ranks knows none."""
        return checks.rank(y), checks.rank(weight)

    def _see(self, x, y, sample_weight):
        if not self.built:
            return
        several = any(map(keras.tree.is_nested, (x, y, sample_weight)))
        if several or not hasattr(x, "shape"):
            return
        x, y, sample_weight = map(checks.spec, (x, y, sample_weight))
        checks.shape(x.shape, self._inputs)
        if y is not None:
            self.check_targets(x, y, sample_weight)

    def export(
        self, filepath, format="tf_saved_model", verbose=None, input_signature=None, **kwargs
    ):
        """Keras's own, for sequences of any length, though the model has read some of one alone.

        Keras itself takes the shapes of the first call, and the rules train without a call.
        """
        if self.built and input_signature is None:
            batch = self._batch if getattr(self, "stateful", False) else None
            shape = (batch, None, self._inputs)
            input_signature = [keras.InputSpec(self.input_dtype, shape)]
        return super().export(filepath, format, verbose, input_signature, **kwargs)

    def compile_from_config(self, config):
        """Compile as a stored model was."""
        self.compile(**keras.saving.deserialize_keras_object(config))
        if self.built:
            self.optimizer.build(self.trainable_variables)
