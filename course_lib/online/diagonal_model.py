"""A Keras model of scanned layers that learns by exact traces: `OnlineScan`."""

from typing import Any

import keras
import tensorflow as tf

from course_lib.layers import ResidualBlock
from course_lib.layers.scanned import ScannedRNN, last_real
from course_lib.online import checks, losses
from course_lib.online.diagonal import TRACES
from course_lib.online.engine import chunk_length
from course_lib.online.reading import acts_by_step
from course_lib.online.sequence_model import SequenceModel

RULES = ("exact", "bptt")


@keras.saving.register_keras_serializable("course_lib")
class OnlineScan(SequenceModel):
    """Layers whose loop is a scan, and a readout; learns in memory that does not know T.

    With one recurrent layer the rule "exact" gives the gradient of backpropagation through time, to
    rounding. In a stack the top recurrence's gradient is exact too, and that of all that stands
    above it. What stands below a recurrence (a lower layer, a block's norm) gets all its credit
    from the same window of steps; what it did to a later loss by way of that recurrence's memory
    from before the window is left out. Longer windows leave out less. There is no `stream`, and
    nothing is carried from one batch to the next; `OnlineRNN` has both.

    Inputs (batch, T, m); outputs (batch, c), of the last step, or (batch, T, c) if the top layer
    returns sequences.

    Args:
        layers: an `LRU` or `MinGRU`, or a list of these and of `ResidualBlock`s, from below. All
            but the top one return sequences.
        readout: the number of outputs c of a linear readout, or a layer that acts on the last axis.
        mask_value: a step whose inputs are all this number is no step; None: all are. It needs a
            single `LRU` or `MinGRU` with an output at the last step alone.
    """

    def __init__(self, layers, readout, mask_value=None, **kwargs):
        if kwargs.pop("stateful", False):
            raise ValueError(
                "OnlineScan is not stateful: each batch holds whole sequences; OnlineRNN is."
            )
        layers = list(layers) if isinstance(layers, list | tuple) else [layers]
        _check_layers(layers)
        super().__init__(**{"dtype": layers[0].dtype_policy, **kwargs})
        self.stack = layers
        self.readout = checks.readout(readout, self.dtype_policy)
        self.mask_value = checks.mask_value(mask_value)
        self.return_sequences = _recurrence(layers[-1]).return_sequences
        alone = len(layers) == 1 and isinstance(layers[0], ScannedRNN)
        if mask_value is not None and (self.return_sequences or not alone):
            raise ValueError("mask_value needs a single LRU or MinGRU with return_sequences=False.")
        self._options = {}

    def build(self, input_shape):
        """Make all weights."""
        shape = tuple(input_shape)
        checks.shape(tf.TensorShape(shape))
        self._inputs = shape[2]
        for layer in self.stack:
            if not layer.built:
                layer.build(shape)
            shape = layer.compute_output_shape(shape)
        if self.return_sequences:
            shape = (shape[0], None, shape[2])  # it reads windows too
        if not self.readout.built:
            self.readout.build(shape)

    def call(self, x, training=False):
        """Outputs, (batch, c) or (batch, T, c)."""
        x = checks.inputs(x, self._inputs)
        h, mask = self.with_mask(x)
        for layer in self.stack:
            h = layer(h, mask=mask, training=training)
        return self._read(h, training)

    def compile(
        self,
        optimizer="adam",
        loss=None,
        metrics=None,
        rule="exact",
        update_every=None,
        chunk="auto",
        ramp=0.0,
        clock_speed=1.0,
        **kwargs,
    ):
        """Choose how it learns.

        Args:
            optimizer, loss, metrics, kwargs: as for any Keras model.
            rule: "exact", by traces; or "bptt", Keras's own step, which keeps all T steps.
            update_every: change the weights after so many steps, inside the sequence. If the model
                has an output at the last step alone, the loss is then taken at the end of each
                such window, against the sequence's own target. States and traces go on as earlier
                weights made them; no step is taken again. None: once a batch of sequences.
            chunk: steps in a window where update_every is None; "auto" chooses.
            ramp: how much more a later window's loss counts than an early one's, where each is
                against the sequence's own target: (t / T)^ramp at step t of T. 0: all alike.
            clock_speed: how fast decays and angles of an LRU learn, against all else. Inside a
                sequence a state adds up steps that were taken with different angles; above a long
                memory, small changes of them are far apart.

        Raises:
            ValueError: there is no such rule, or an option or a loss that does not fit it.
        """
        if not isinstance(rule, str) or rule not in RULES:
            raise ValueError(f"There is no rule {rule!r}. Choose {' or '.join(RULES)}.")
        if rule == "bptt" and (update_every is not None or clock_speed != 1):
            raise ValueError(
                "bptt is Keras's own step, once a batch; leave out update_every and clock_speed."
            )
        if update_every is not None:
            update_every = checks.count("update_every", update_every)
        if not (isinstance(chunk, str) and chunk == "auto"):
            chunk = checks.count("chunk", chunk)
        ramp, clock_speed = checks.number("ramp", ramp), checks.number("clock_speed", clock_speed)
        if ramp and (update_every is None or self.return_sequences):
            raise ValueError(
                "ramp weighs the losses inside a sequence that has one target: set update_every,"
                " and leave return_sequences out."
            )
        loss = losses.the_one(loss)
        if rule == "exact":
            _check_activity(self.stack)
        if rule == "exact" and self.return_sequences:
            _check_readout(self.readout)
            if loss is not None:
                _check_mean(loss)
        super().compile(optimizer=optimizer, loss=loss, metrics=metrics, **kwargs)
        self._options = {
            "rule": rule,
            "update_every": update_every,
            "chunk": chunk,
            "ramp": ramp,
            "clock_speed": clock_speed,
        }

    def gradients(self, x, y, sample_weight=None):
        """The rule's gradients on a batch, without a step.

        Args:
            x: (batch, T, m).
            y: targets.
            sample_weight: as in `fit`: of whole sequences, shape (batch,), or with an output at
                every step also of each, shape (batch, T); None: all are 1.

        Returns:
            The loss, the outputs, and the gradients in the order of `trainable_variables`.

        Raises:
            ValueError: the model isn't compiled, or T is not known.
        """
        if not self._options:
            raise ValueError("No rule is chosen yet: compile the model first.")
        x = checks.inputs(x)
        y, sample_weight = checks.tensors(y), checks.tensors(sample_weight)
        self._build_for(x)
        self.check_targets(x, y, sample_weight)
        if self._options["rule"] == "bptt":
            with tf.GradientTape() as tape:
                out = self(x, training=True)
                loss = self.compute_loss(x, y, out, sample_weight)
            return loss, out, tape.gradient(loss, [w.value for w in self.trainable_variables])
        return self._walk(x, y, sample_weight, update=False)

    def stream(self, batch_size=None):
        """There is none: states and traces go on inside a batch alone.

        Raises:
            NotImplementedError: always.
        """
        raise NotImplementedError(
            "OnlineScan has no stream: give fit whole sequences, of any length, and update_every to"
            " learn inside them; OnlineRNN has one."
        )

    def _kind_of(self, x, y, weight):
        """See `SequenceModel`; and the length: a graph for several knows no T."""
        steps = tf.TensorShape(x.shape)[1] if checks.rank(x) == 3 else None
        return (steps, *super()._kind_of(x, y, weight))

    def train_step(self, data):
        """One step of `fit`."""
        x, y, weight = keras.utils.unpack_x_y_sample_weight(data)
        x, y, weight = checks.inputs(x), checks.tensors(y), checks.tensors(weight)
        self._build_for(x)
        self.check_targets(x, y, weight)
        if self._options["rule"] == "bptt":
            return super().train_step(data)
        inside = self._options["update_every"] is not None
        if tf.distribute.get_strategy().num_replicas_in_sync > 1:
            raise ValueError("The rule exact learns on one device; for several, take bptt.")
        loss, out, gradients = self._walk(x, y, weight, update=inside, scaled=True)
        if not inside:
            self._apply(gradients)
        self._loss_tracker.update_state(loss, sample_weight=tf.shape(x)[0])
        return self.compute_metrics(x, y, out, weight)

    def test_step(self, data):
        """Keras's own, with targets that belong to the inputs."""
        x, y, weight = keras.utils.unpack_x_y_sample_weight(data)
        x = checks.inputs(x)
        self._build_for(x)
        self.check_targets(x, checks.tensors(y), checks.tensors(weight))
        return super().test_step(data)

    def _walk(self, x, y, weight, update, scaled=False):
        """Window after window. Kept between two of them: states, traces and sums."""
        x = checks.inputs(x, self._inputs)
        T = x.shape[1]
        if T is None:
            raise ValueError(
                "The rule exact must know T: within a call of fit all sequences have one length"
                " (a model of a single layer can pad them, with mask_value). train_on_batch takes"
                " each batch at its own."
            )
        options = self._options
        window = options["update_every"] or options["chunk"]
        window = min(chunk_length(T) if window == "auto" else window, T)
        x, mask = self.with_mask(tf.cast(x, self.compute_dtype))
        # One loss at the end, or one at each window's; the rest of a sequence is a window too.
        at_each = self.return_sequences or options["update_every"] is not None
        count, rest = divmod(T, window)
        if not rest:
            count, rest = count - 1, window
        batch = tf.shape(x)[0]
        carry = self._zero(batch, x.shape[2])

        def take(start, length, carry, with_loss):
            def window_of(a):
                rest = len(a.shape) - 2
                return tf.slice(a, [0, start] + rest * [0], [-1, length] + rest * [-1])

            piece = window_of(x)
            real = None if mask is None else window_of(mask)
            states, traces, latest, loss, sums = carry
            if real is not None:
                latest = _latest(latest, piece, real)
            if not with_loss:
                _, after, reads = self._run(piece, states, real)
                traces = self._advance(traces, reads, states, real)
                return (after, traces, latest, loss, sums), None
            target, counts = y, weight
            if self.return_sequences:
                target = window_of(y)
                if weight is not None and len(weight.shape) > 1:
                    counts = window_of(weight)
            share = length / T if at_each else 1.0
            here, out, found, after, reads = self._learn(
                piece, target, counts, states, traces, real, latest, scaled
            )
            traces = self._advance(traces, reads, states, real)
            if options["ramp"]:
                size = (tf.cast(start + length, tf.float32) / T) ** options["ramp"]
                found = [tf.cast(size, g.dtype) * g for g in found]
            if update:
                self._apply(found)
            loss += share * tf.cast(here, loss.dtype)
            sums = [s + share * g for s, g in zip(sums, found, strict=True)]
            return (after, traces, latest, loss, sums), out

        keep = self.return_sequences
        shape = tuple(x.shape)
        for layer in self.stack:
            shape = layer.compute_output_shape(shape)
        one = tf.zeros((1,) * (len(shape) - 1) + (shape[-1],), self.compute_dtype)
        shown = self._read(one, training=False)
        outs = tf.TensorArray(shown.dtype, count, element_shape=None)

        def body(number, carry, outs):
            carry, out = take(number * window, window, carry, at_each)
            if keep:
                outs = outs.write(number, tf.transpose(out, (1, 0, 2)))
            return number + 1, carry, outs

        # One window after the other: two at work at once would hold the memory of two.
        _, carry, outs = tf.while_loop(
            lambda number, *_: number < count,
            body,
            (0, carry, outs),
            maximum_iterations=count,
            parallel_iterations=1,
        )
        (*_, loss, sums), out = take(count * window, rest, carry, True)
        if keep and count:
            out = tf.concat([tf.transpose(outs.concat(), (1, 0, 2)), out], axis=1)
        return loss, out, sums

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """Keras's own; with an output at every step see `losses.at_every_step`."""
        if self.return_sequences and not (
            y is None or keras.tree.is_nested(y) or keras.tree.is_nested(y_pred)
        ):
            given = (y, y_pred, sample_weight)
            y, sample_weight = losses.at_every_step(self.loss, *given)
        return super().compute_loss(x, y, y_pred, sample_weight, training=training)

    def check_targets(self, x, y, weight, by_chunk=None):
        """See that there are targets, and that they belong to the inputs; see `checks.targets`."""
        if self._compile_loss is None or type(self).compute_loss is not OnlineScan.compute_loss:
            return
        if y is None:
            raise ValueError("There are no targets: give y, which the loss compares outputs with.")
        shape = tuple(x.shape)
        for layer in self.stack:
            shape = layer.compute_output_shape(shape)
        out = self.readout.compute_output_spec(keras.KerasTensor(shape, self.compute_dtype))
        sequences = self.return_sequences
        checks.targets(self.loss, x, y, weight, out, sequences, by_chunk=sequences)

    def _zero(self, batch, inputs):
        states, traces, inputs_below = [], [], inputs
        for layer in self.stack:
            recurrence = _recurrence(layer)
            dtype = recurrence.variable_dtype
            n = recurrence.cell.units
            states.append([tf.zeros((batch, n), dtype) for _ in recurrence.state_size])
            traces.append(TRACES[type(recurrence.cell)](recurrence.cell).zero(batch, inputs))
            shape = layer.compute_output_shape((None, None, inputs))
            inputs = shape[-1]
        latest = ()
        if self.mask_value is not None:
            first = tf.zeros((batch, inputs_below), self.compute_dtype)
            latest = first, tf.zeros((batch, 1), bool)
        sums = [tf.zeros(w.shape, w.dtype) for w in self.trainable_variables]
        return states, traces, latest, tf.zeros((), self.variable_dtype), sums

    def _run(self, x, states, mask, training=False):
        """One window: the top layer's output, the states after it, and what each cell read."""
        after, reads = [], []
        for layer, start in zip(self.stack, states, strict=True):
            if isinstance(layer, ResidualBlock):
                reads.append(layer.norm(x))
                x, end = layer.run(x, start, mask, training)
            else:
                reads.append(x)
                x, end = layer.run(x, start, mask)
            after.append(end)
        return x, after, reads

    def _learn(self, x, y, weight, states, traces, mask, latest, scaled):
        """Loss, outputs and gradients of one window, states after it, and what each cell read."""
        variables = [w.value for w in self.trainable_variables]
        with tf.GradientTape() as tape:
            tape.watch(states)
            h, after, reads = self._run(x, states, mask, training=True)
            if mask is not None:  # the last real step may stand in an earlier window
                h = self.stack[0].cell.show(after[0], latest[0])
                h = tf.where(latest[1], h, tf.zeros_like(h))
            out = self._read(h, training=True)
            loss = self.compute_loss(x, y, out, weight)
            # The optimizer takes the scale out again, as mixed precision needs it.
            learned = self.optimizer.scale_loss(loss) if scaled else loss
        found, dstates = tape.gradient(
            learned, [variables, states], unconnected_gradients=tf.UnconnectedGradients.ZERO
        )
        # TensorFlow forgets an axis of one, and a loop must not lose one.
        found = [tf.ensure_shape(g, w.shape) for g, w in zip(found, variables, strict=True)]
        number = {id(w): i for i, w in enumerate(self.trainable_variables)}
        for layer, trace, dstate in zip(self.stack, traces, dstates, strict=True):
            cell = _recurrence(layer).cell
            for w, g in TRACES[type(cell)](cell).credit(trace, dstate):
                if id(w) in number:  # else it is frozen
                    found[number[id(w)]] += tf.cast(g, w.dtype)
        return loss, out, found, after, reads

    def _apply(self, gradients):
        """A step of the optimizer, of which the clocks take their share only."""
        speed = self._options["clock_speed"]
        clocks = []
        if speed != 1:
            clocks = [w for layer in self.stack for w in _recurrence(layer).cell.clock]
        before = [tf.identity(w.value) for w in clocks]
        self.optimizer.apply(gradients, self.trainable_variables)
        for w, old in zip(clocks, before, strict=True):
            w.assign(old + speed * (w.value - old))

    def _advance(self, traces, reads, states, mask):
        return [
            TRACES[type(_recurrence(layer).cell)](_recurrence(layer).cell).advance(trace, *rest)
            for layer, trace, *rest in zip(
                self.stack, traces, reads, states, [mask] * len(self.stack), strict=True
            )
        ]

    def _read(self, h, training):
        if self.readout._call_has_training_arg:
            return self.readout(h, training=training)
        return self.readout(h)

    def get_compile_config(self):
        """What `compile` was given."""
        config = super().get_compile_config()
        return config and {
            **config,
            **self._options,
        }

    def get_config(self):
        """What Keras stores to build the same model again."""
        return {
            "layers": [keras.saving.serialize_keras_object(layer) for layer in self.stack],
            "readout": keras.saving.serialize_keras_object(self.readout),
            "mask_value": self.mask_value,
            "name": self.name,
            "dtype": keras.dtype_policies.serialize(self.dtype_policy),
        }

    @classmethod
    def from_config(cls, config):
        """The model of a config."""
        load = keras.saving.deserialize_keras_object
        layers = [load(layer) for layer in config.pop("layers")]
        return cls(layers, load(config.pop("readout")), **config)


def _check_mean(loss: Any) -> None:
    """See that the loss of a sequence is the mean of those of its windows, by their length.

    Raises:
        ValueError: it may not be.
    """
    one = losses.instance_of(loss)
    if not losses.is_mean_of_steps(one):
        raise ValueError(
            "With an output at every step the loss must be a plain mean over all steps: give one of"
            " Keras's with reduction='sum_over_batch_size', along the last axis and without"
            " ignore_class, or take the rule bptt."
        )


def _check_activity(layers: list[Any]) -> None:
    """See that layers whose steps are taken window by window have no penalty on outputs.

    Raises:
        ValueError: one has.
    """
    for leaf in (leaf for layer in layers for leaf in layer._flatten_layers()):
        if leaf.activity_regularizer is not None:
            raise ValueError(
                f"{leaf.name} can't have an activity_regularizer with the rule exact: leave it out,"
                " or take the rule bptt."
            )


def _check_readout(readout: Any) -> None:
    """See that a readout makes of a window what it makes of these steps of a whole sequence.

    Raises:
        ValueError: one of Keras's layers may not.
    """
    for layer in readout._flatten_layers():
        own = type(layer).__module__.startswith("keras.")
        holds = isinstance(layer, keras.Sequential | keras.src.models.Functional)
        if own and not holds and not acts_by_step(layer):
            raise ValueError(
                f"{layer.name} of the readout may look at several steps, and the rule exact reads"
                " them window by window: leave it out, or take the rule bptt."
            )


def _latest(latest: Any, x: tf.Tensor, mask: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """The input of the last real step so far, (B, m), and whether there was one, (B, 1)."""
    some = tf.reduce_any(mask, axis=1, keepdims=True)
    return tf.where(some, last_real(x, mask), latest[0]), latest[1] | some


def _recurrence(layer: Any) -> ScannedRNN:
    return layer.recurrence if isinstance(layer, ResidualBlock) else layer


def _check_layers(layers: list[Any]) -> None:
    """See that traces can be carried through the layers.

    Raises:
        TypeError: one is neither a scanned layer nor a block of one.
        ValueError: an option of one does not fit.
    """
    for layer in layers:
        if not isinstance(layer, ResidualBlock | ScannedRNN):
            raise TypeError(f"{layer!r} is no LRU, MinGRU or ResidualBlock of one.")
    if not layers:
        raise ValueError("There are no layers; give one at least.")
    if len({id(_recurrence(layer)) for layer in layers}) < len(layers):
        raise ValueError("A layer stands in the stack twice: make one for each place.")
    for number, layer in enumerate(layers):
        one = _recurrence(layer)
        if one.zero_output_for_mask:
            raise ValueError(
                f"{one.name} shows zero at masked steps; leave zero_output_for_mask out: the model"
                " reads what it shows at the last real step."
            )
        if one.stateful or one.go_backwards or one.return_state or getattr(one, "every", 1) > 1:
            raise ValueError(
                f"{one.name} is stateful, goes backwards, returns its state or leaves out steps;"
                " leave these options out: the rule carries states and traces itself."
            )
        if number < len(layers) - 1 and not one.return_sequences:
            raise ValueError(
                f"{one.name} has another layer above it, so it needs return_sequences=True."
            )
