"""A Keras model of scanned layers that learns by exact traces: `OnlineScan`."""

import keras
import tensorflow as tf

from course_lib.layers import ResidualBlock
from course_lib.layers.scanned import ScannedRNN, last_real
from course_lib.online import checks, diagonal_checks
from course_lib.online.diagonal import recurrence_of, traces_of
from course_lib.online.diagonal_stream import Carry, Windows
from course_lib.online.diagonal_walk import ONE_OUTPUT, Walk
from course_lib.online.forward import size
from course_lib.online.stateful_model import StatefulModel

ONE_DEVICE = "The rule exact learns on one device; for several, take bptt."
STATEFUL = "A stateful OnlineScan learns on one device; for several, leave out stateful, take bptt."


@keras.saving.register_keras_serializable("course_lib")
class OnlineScan(StatefulModel):
    """Layers whose loop is a scan, and a readout; learns in memory that does not know T.

    With one recurrent layer the rule "exact" gives the gradient of backpropagation through time, to
    rounding. In a stack the top recurrence's gradient is exact too, and that of all that stands
    above it. What stands below a recurrence (a lower layer, a block's norm) gets all its credit
    from the same window of steps; what it did to a later loss by way of that recurrence's memory
    from before the window is left out. Longer windows leave out less.

    It can go on from call to call, states and traces, as `OnlineRNN` can: in a `stream`, or
    stateful. The pieces then have the gradient of one long sequence, wherever it is cut.

    Inputs (batch, T, m); outputs (batch, c), of the last step, or (batch, T, c) if the top layer
    returns sequences.

    Args:
        layers: an `LRU` or `MinGRU`, or a list of these and of `ResidualBlock`s, from below. All
            but the top one return sequences.
        readout: the number of outputs c of a linear readout, or a layer that acts on the last axis.
        mask_value: a step whose inputs are all this number is no step; None: all are. It needs a
            single `LRU` or `MinGRU` with an output at the last step alone.
        stateful: each batch goes on where the last one ended, until `reset_state`; not the states
            alone, but all that the rule carries. Build it with the batch size, then. `predict` and
            `evaluate` move states and traces, and no weight.
    """

    def __init__(self, layers, readout, mask_value=None, stateful=False, **kwargs):
        layers = list(layers) if isinstance(layers, list | tuple) else [layers]
        diagonal_checks.stack(layers)
        super().__init__(stateful, **{"dtype": layers[0].dtype_policy, **kwargs})
        self.stack = layers
        self.readout = checks.readout(readout, self.dtype_policy)
        self.mask_value = checks.mask_value(mask_value)
        self.return_sequences = recurrence_of(layers[-1]).return_sequences
        alone = len(layers) == 1 and isinstance(layers[0], ScannedRNN)
        if mask_value is not None and (self.return_sequences or not alone):
            raise ValueError("mask_value needs a single LRU or MinGRU with return_sequences=False.")

    def build(self, input_shape):
        """Make all weights."""
        shape = tuple(input_shape)
        checks.shape(tf.TensorShape(shape))
        self._keep_batch(shape[0])
        self._inputs = shape[2]
        for layer in self.stack:
            if not layer.built:
                layer.build(shape)
            shape = layer.compute_output_shape(shape)
        if self.return_sequences:
            shape = (shape[0], None, shape[2])  # it reads windows too
        if not self.readout.built:
            self.readout.build(shape)
        self._go_on()

    def call(self, x, training=False):
        """Outputs, (batch, c) or (batch, T, c)."""
        x = checks.inputs(x, self._inputs)
        if self.stateful:
            self.memory.check(x.shape[0])
            return self.read_on(x, self.memory)
        h, mask = self.with_mask(x)
        for layer in self.stack:
            h = layer(h, mask=mask, training=training)
        return self.read(h, training)

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
        options = diagonal_checks.options(
            rule, update_every, chunk, ramp, clock_speed, self.return_sequences
        )
        update_every = options["update_every"]
        loss = self._loss(loss)
        if rule == "exact":
            self._see_devices(ONE_DEVICE)
            diagonal_checks.activity(self.stack)
        if rule == "exact" and self.return_sequences:
            diagonal_checks.readout(self.readout)
            if keras.tree.is_nested(loss):
                raise ValueError(ONE_OUTPUT)
            if loss is not None:
                diagonal_checks.mean(loss)
        if self.stateful:
            self._see_devices(STATEFUL)
        if self.stateful and update_every is not None:
            if kwargs.get("jit_compile") is True:
                raise ValueError(
                    "XLA can't compile windows that go on from batch to batch: leave out"
                    " jit_compile, update_every or stateful."
                )
            kwargs["jit_compile"] = False
        super().compile(optimizer=optimizer, loss=loss, metrics=metrics, **kwargs)
        self._options = options
        if self.built:
            self._go_on()

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
        if self.stateful:
            self.memory.check(x.shape[0])
            carry = self._at_rest(self.memory)
            *found, carry = self._walk(x, y, sample_weight, carry=carry)
            self.memory.write(carry)
            return tuple(found)
        if self._options["rule"] == "bptt":
            with tf.GradientTape() as tape:
                out = self(x, training=True)
                loss = self.compute_loss(x, y, out, sample_weight)
            return loss, out, tape.gradient(loss, [w.value for w in self.trainable_variables])
        return self._walk(x, y, sample_weight)[:3]

    def begin(self, batch):
        """What so many sequences carry before their first step."""
        carry = self._zero(batch, self._inputs)
        if self._options.get("rule") != "exact":
            return carry._replace(traces=())  # the tape ends where a call ends
        if self._options["update_every"] is None:
            return carry
        return carry._replace(window=Windows(self).start(carry, batch))

    def _remember(self, batch):
        """See `StatefulModel`."""
        options = self._options
        if options.get("ramp"):
            raise ValueError(
                "ramp weighs losses by where they stand in the sequence, and a stream has no end:"
                " leave it out."
            )
        if options.get("rule") == "bptt":
            diagonal_checks.activity(self.stack)
        if options.get("update_every") is not None and (
            self._compile_loss is None or self.own_loss
        ):
            raise ValueError(
                "In a stream, update_every takes the loss that compile was given, window by window:"
                " give one, and leave compute_loss as it is."
            )
        steps = options.get("update_every")
        if steps is not None and keras.tree.is_nested(self.out_like((batch, steps, self._inputs))):
            raise ValueError(
                "update_every in a stream looks at one output; this readout has several."
            )
        super()._remember(batch)

    def learn_from(self, x, y, weight, memory):
        """Change the weights as the rule wants it; what `fit` does with a batch.

        Args:
            x, y, weight: a batch; (batch, T, m) of inputs.
            memory: where it goes on, and what is carried further is kept; None: it begins anew.

        Returns:
            The loss, the outputs, and None, where `OnlineRNN` has the fit of its kernel.
        """
        carry = None if memory is None else memory.read()
        if carry is not None and carry.window:
            x = tf.cast(checks.inputs(x, self._inputs), self.compute_dtype)
            loss, out, carry = Windows(self).learn(carry, *self.with_mask(x), y, weight)
        else:
            inside = self._options["update_every"] is not None
            loss, out, gradients, carry = self._walk(x, y, weight, inside, True, carry)
            if not inside:
                self.apply_gradients(gradients, carry)
        if memory is not None:
            memory.write(carry)
        return loss, out, None

    def read_on(self, x, memory):
        """Outputs of a batch that nothing is learned from; all that the rule carries moves on."""
        _, out, _, carry = self._walk(x, None, None, carry=self._at_rest(memory), learns=False)
        memory.write(carry)
        return out

    def _at_rest(self, memory):
        """What is carried, and no window is open."""
        carry = memory.read()
        return Windows(self).close(carry) if carry.window else carry

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
        if self._options["rule"] == "bptt" and not self.stateful:
            return super().train_step(data)
        # `fit` may be called for several, too
        self._see_devices(STATEFUL if self.stateful else ONE_DEVICE)
        if self.stateful:
            self.memory.check(x.shape[0])
        loss, out, _ = self.learn_from(x, y, weight, self.memory if self.stateful else None)
        self._loss_tracker.update_state(loss, sample_weight=tf.shape(x)[0])
        return self.compute_metrics(x, y, out, weight)

    def _walk(self, x, y, weight, update=False, scaled=False, carry=None, learns=True):
        """Window after window; see `Walk`, whose arguments these are.

        Returns:
            The loss, the outputs, the gradients, and the `Carry` after the last step.
        """
        x = checks.inputs(x, self._inputs)
        if carry is None and not isinstance(size(x, 1), int):
            raise ValueError(
                "The rule exact must know T: within a call of fit all sequences have one length"
                " (a model of a single layer can pad them, with mask_value). train_on_batch takes"
                " each batch at its own."
            )
        carry = carry or self._zero(tf.shape(x)[0], x.shape[2])
        return Walk(self, x, y, weight, update, scaled, learns).run(carry)

    def check_targets(self, x, y, weight, by_chunk=None):
        """See `SequenceModel`; the rule exact takes any loss of all steps window by window."""
        super().check_targets(x, y, weight, by_chunk=self.return_sequences)

    def out_like(self, shape):
        """What has the shape and dtype of the outputs, for inputs of a shape (batch, T, m)."""
        for layer in self.stack:
            shape = layer.compute_output_shape(shape)
        return self.readout.compute_output_spec(keras.KerasTensor(shape, self.compute_dtype))

    @property
    def outputs_like(self):
        """What has the shape of the outputs, whatever batch and T are."""
        return self.out_like((None, None, self._inputs))

    def _zero(self, batch, inputs):
        states, traces, inputs_below = [], [], inputs
        for layer in self.stack:
            recurrence = recurrence_of(layer)
            dtype = recurrence.variable_dtype
            n = recurrence.cell.units
            states.append([tf.zeros((batch, n), dtype) for _ in recurrence.state_size])
            traces.append(traces_of(layer).zero(batch, inputs))
            shape = layer.compute_output_shape((None, None, inputs))
            inputs = shape[-1]
        latest = ()
        if self.mask_value is not None:
            first = tf.zeros((batch, inputs_below), self.compute_dtype)
            latest = first, tf.zeros((batch, 1), bool)
        return Carry(states, traces, latest)

    def run(self, x, states, mask, training=False):
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

    def learn_window(self, x, y, weight, carry, mask, scaled):
        """Loss, outputs and gradients of one window, states after it, and what each cell read.

        Args:
            x, y, weight, mask: of its steps, (B, C, ...).
            carry: before it; `latest` is that of its end.
            scaled: see `_walk`.
        """
        variables, states = [w.value for w in self.trainable_variables], carry.states
        with tf.GradientTape() as tape:
            tape.watch(states)
            h, after, reads = self.run(x, states, mask, training=True)
            out = self.read(self.shown(h, after, carry.latest), training=True)
            loss = self.compute_loss(x, y, out, weight)
            # The optimizer takes the scale out again, as mixed precision needs it.
            learned = self.optimizer.scale_loss(loss) if scaled else loss
        found, dstates = tape.gradient(
            learned, [variables, states], unconnected_gradients=tf.UnconnectedGradients.ZERO
        )
        # TensorFlow forgets an axis of one, and a loop must not lose one.
        found = [tf.ensure_shape(g, w.shape) for g, w in zip(found, variables, strict=True)]
        number = {id(w): i for i, w in enumerate(self.trainable_variables)}
        # bptt carries no traces: a state that it begins with owes nothing to any weight.
        for layer, trace, dstate in zip(self.stack, carry.traces, dstates, strict=False):
            for w, g in traces_of(layer).credit(trace, dstate):
                if id(w) in number:  # else it is frozen
                    found[number[id(w)]] += tf.cast(g, w.dtype)
        return loss, out, found, after, reads

    def latest(self, latest, x, mask):
        """The input of the last real step so far, (B, m), and whether there was one, (B, 1)."""
        some = tf.reduce_any(mask, axis=1, keepdims=True)
        return tf.where(some, last_real(x, mask), latest[0]), latest[1] | some

    def shown(self, h, states, latest):
        """What the readout sees; with masks the last real step may stand in an earlier window.

        Args:
            h: what the top layer gives.
            states: after the last step.
            latest: a `Carry`'s, of that step.
        """
        if not latest:
            return h
        h = self.stack[0].cell.show(states[0], latest[0])
        return tf.where(latest[1], h, tf.zeros_like(h))

    def apply_gradients(self, gradients, after=()):
        """A step of the optimizer, of which the clocks take their share only; see `_move`."""
        speed = self._options["clock_speed"]
        clocks = []
        if speed != 1:
            clocks = [w for layer in self.stack for w in recurrence_of(layer).cell.clock]
        before = [tf.identity(w.value) for w in clocks]
        self._move(gradients, after)
        for w, old in zip(clocks, before, strict=True):
            w.assign(old + speed * (w.value - old))

    def advance(self, traces, reads, states, mask):
        """The traces of all layers after a window; see `LRUTraces.advance`."""
        if not traces:  # bptt carries none
            return traces
        return [
            traces_of(layer).advance(trace, read, state, mask)
            for layer, trace, read, state in zip(self.stack, traces, reads, states, strict=True)
        ]

    def read(self, h, training):
        """Outputs of what the top layer gives."""
        if self.readout._call_has_training_arg:
            return self.readout(h, training=training)
        return self.readout(h)

    def get_config(self):
        """What Keras stores to build the same model again."""
        return {
            "layers": [keras.saving.serialize_keras_object(layer) for layer in self.stack],
            "readout": keras.saving.serialize_keras_object(self.readout),
            "mask_value": self.mask_value,
            "stateful": self.stateful,
            "name": self.name,
            "dtype": keras.dtype_policies.serialize(self.dtype_policy),
        }

    @classmethod
    def from_config(cls, config):
        """The model of a config."""
        load = keras.saving.deserialize_keras_object
        layers = [load(layer) for layer in config.pop("layers")]
        return cls(layers, load(config.pop("readout")), **config)
