"""A Keras model that learns with any rule: `model.compile(rule="kernl")`, then `fit`."""

import keras
import numpy as np
import tensorflow as tf
from keras.src.backend import set_keras_mask

from course_lib.online import checks
from course_lib.online.bptt import check_shown, read_on, truncated_bptt
from course_lib.online.cells import dynamics_of
from course_lib.online.engine import Carry, Engine
from course_lib.online.forward import piece, size
from course_lib.online.kernel import r_squared
from course_lib.online.kernel_choice import check_kernel, fresh_kernel, ready_kernel
from course_lib.online.learners import learner_of
from course_lib.online.options import checked_options
from course_lib.online.reading import Read, Reader, acts_by_step
from course_lib.online.rules import RULES
from course_lib.online.sequence_model import tensors
from course_lib.online.stack_cell import as_cell
from course_lib.online.stateful_model import StatefulModel
from course_lib.values import checked_switch

ONE_DEVICE = "Replicas can't change the weights inside a sequence: leave out update_every."


@keras.saving.register_keras_serializable("course_lib")
class OnlineRNN(StatefulModel):
    """A recurrent layer, or a stack of them, and a readout, trained with the rule of your choice.

    Inputs (batch, T, m); outputs (batch, c), of the last state, or (batch, T, c).

    In a stack each cell has the rule and traces of its own, and credit goes down through the cells
    and layers at the same step. The gradients of the readout and, with "rtrl", of the top cell are
    those of backpropagation through time. What stands below a cell is not credited for what it did
    to a later loss by way of that cell's memory; with sequences of one step that is nothing, and
    "bptt" and "tbptt" leave nothing of it out. Feedback at random is that from the loss to the top
    cell. `StackCell` says which layers can stand in a stack.

    Args:
        cell: one that stands in `course_lib.online.DYNAMICS`, such as `LeakyRNNCell`,
            `GradualRNNCell`, `LSTMCell`, or one of Keras's own. A list is a stack, from below:
            cells, and before any of them layers that act on one step at a time, (batch, m), such as
            Dense.
        readout: the number of outputs c of a linear readout, or a layer that acts on the last axis.
        return_sequences: outputs, targets and loss at every step, else at the last one alone.
        mask_value: a step whose inputs are all this number is no step; None: all are.
        stateful: each batch goes on where the last one ended, until `reset_state`; not the state
            alone, but all that the rule carries. Build it with the batch size, then. `predict` and
            `evaluate` move the state and nothing else.
        kernel: what a stored model had learned with; None begins with a `Kernel`.
    """

    def __init__(
        self,
        cell,
        readout,
        return_sequences=False,
        mask_value=None,
        stateful=False,
        kernel=None,
        **kwargs,
    ):
        cell = as_cell(cell)
        return_sequences = checked_switch(return_sequences, "return_sequences")
        check_kernel(kernel)
        super().__init__(stateful, **{"dtype": cell.dtype_policy, **kwargs})
        self.rnn = keras.layers.RNN(
            cell,
            return_sequences=return_sequences,
            zero_output_for_mask=False,
            dtype=cell.dtype_policy,
        )
        self.readout = checks.readout(readout, cell.dtype_policy)
        self.return_sequences = return_sequences
        self.mask_value = checks.mask_value(mask_value)
        self.kernel = kernel or fresh_kernel(cell)
        self.kernel_optimizer = None
        self._rule = None
        self._fit = keras.metrics.Mean(name="kernel_r2")
        self._seeds = keras.random.SeedGenerator(0)

    @property
    def cell(self):
        """The recurrent cell; of a stack, a `StackCell`."""
        return self.rnn.cell

    def build(self, input_shape):
        """Make the weights of cell and readout, and those of the rule."""
        checks.shape(tf.TensorShape(input_shape))
        batch, self._steps, self._inputs = input_shape
        self._keep_batch(batch)
        self.rnn.build(input_shape)
        shape = (None, None, self.cell.units) if self.return_sequences else (None, self.cell.units)
        # A model that was made for single states reads those of all steps as one large batch.
        made_for = getattr(self.readout, "input_shape", shape) if self.readout.built else shape
        self._folded = self.return_sequences and len(made_for) == 2
        seen = self.readout(keras.KerasTensor((None, self.cell.units) if self._folded else shape))
        self.outputs_like = keras.tree.map_structure(
            lambda a: keras.KerasTensor((None, None, *a.shape[1:])) if self._folded else a, seen
        )
        self.built = True
        self._prepare()

    def call(self, x, training=False):
        """Outputs, (batch, c) or (batch, T, c)."""
        x = self._cast(x, self.compute_dtype)
        if self.stateful:
            self.memory.check(x.shape[0])
            return self._read_on(*self.with_mask(x), self.memory, training)
        x, mask = self.with_mask(x)
        return self.read(self.rnn(x, mask=mask, training=training), mask, training)

    def read(self, h, mask=None, training=False):
        """Outputs of the states that the loss looks at, (batch, n) or (batch, T, n)."""
        masked = mask is not None and self.return_sequences
        if self._folded:
            batch, steps = tf.shape(h)[0], tf.shape(h)[1]
            h = tf.reshape(h, (-1, h.shape[-1]))
        if masked and not acts_by_step(self.readout):  # such as a batch norm: it counts real steps
            set_keras_mask(h, tf.reshape(mask, (-1,)) if self._folded else mask)
        out = self.readout(h, training=training)
        if self._folded:
            out = keras.tree.map_structure(
                lambda a: tf.reshape(a, (batch, steps, *a.shape[1:])), out
            )
        if masked:
            for part in keras.tree.flatten(out):
                set_keras_mask(part, mask)
        return out

    def compile(
        self,
        optimizer="adam",
        loss=None,
        metrics=None,
        rule="kernl",
        kernel_optimizer=None,
        timescales=None,
        modes=None,
        samples=32,
        disturbance=0.0,
        chunk="auto",
        update_every=None,
        trace="chunked",
        seed=0,
        **kwargs,
    ):
        """Choose the rule and how it learns.

        Args:
            optimizer, loss, metrics, kwargs: as for any Keras model.
            rule: a name in `course_lib.online.RULES`, or "rtrl", "snap2", "uoro", "bptt", "tbptt".
            kernel_optimizer: of β and log γ; None is SGD with 0.02.
            timescales: the time constants 1/γ at the start, shortest and longest, in steps; or
                "leak", for each unit the one that it has by its own leak; None is T/2 and T, or 50
                and 100 if the model was built without a T. A kernel that has learned stays as it
                is: `kernel.start` begins anew, and `kernel.restart` with the kernels of modes.
            modes: of "kernl_modes": a number, for so many angles evenly from 0 to π; a list of
                (gamma, omega), each a number or one for each unit; or "cell", those that the cell
                itself was made with. None is 4. See `course_lib.online.modes.dictionary`.
            samples: sequences of a batch that are disturbed to learn the kernel.
            disturbance: 0 learns it from the exact tangent; a size, as 1e-4, from a second run of
                the net that is disturbed by so much, as in the paper.
            chunk: steps in a chunk, "auto" chooses. For "tbptt" the steps that it looks back.
            update_every: change the weights after so many steps, which then are the chunk. None:
                once a batch of sequences. It needs return_sequences. The loss of an update is that
                of its own steps.
            trace: "chunked", or "per_step" to see what chunks are worth.
            seed: of the noise, of γ at the start, of random feedback.

        Raises:
            ValueError: there is no such rule, or an option that does not fit it.
        """
        options = checked_options(
            self.cell,
            self.return_sequences,
            rule=rule,
            timescales=timescales,
            modes=modes,
            samples=samples,
            disturbance=disturbance,
            chunk=chunk,
            update_every=update_every,
            trace=trace,
            seed=seed,
        )
        if update_every is not None:
            self._see_devices(ONE_DEVICE)
        loss = self._loss(loss)
        super().compile(optimizer=optimizer, loss=loss, metrics=metrics, **kwargs)
        self._options = options
        self._rule = rule
        self._has_kernel = rule in RULES and RULES[rule].has_kernel
        self.kernel_optimizer = None
        if self._has_kernel:
            self.kernel_optimizer = keras.optimizers.get(
                kernel_optimizer or keras.optimizers.SGD(0.02)
            )
        self._seeds.state.assign((options["seed"], 0))
        if self.built:
            self._prepare()

    def _prepare(self):
        """Make what the rule needs, once both the rule and the shapes are known."""
        self.feedback, self.engine = None, None
        inside = self._rule == "tbptt" and self._options["update_every"] is not None
        if self._rule in RULES or self._rule in ("rtrl", "snap2", "uoro") or inside:
            self._make_engine()
        if self._rule == "tbptt":
            self._check_shown()
        self._go_on()

    def _check_shown(self):
        with tf.init_scope():
            check_shown(self.rnn, self._inputs)

    def _make_engine(self):
        options, rule = self._options, RULES.get(self._rule)
        dynamics = dynamics_of(self.cell)
        dynamics.check()
        if self._has_kernel:
            with tf.init_scope():
                kernel = ready_kernel(self.kernel, dynamics, options, self._steps)
                if kernel is not self.kernel:
                    self._replace_kernel(kernel)
            self.kernel_optimizer.build(self.kernel.weights)
        if rule is not None and rule.feedback == "random":
            if keras.tree.is_nested(self.outputs_like):
                raise ValueError(f"{self._rule} sends back one output; this readout has several.")
            outputs = self.outputs_like.shape[-1]
            draw = np.random.default_rng(options["seed"]).normal(size=(outputs, self.cell.units))
            with tf.init_scope():
                self.feedback = tf.constant(draw / np.sqrt(outputs), dynamics.dtype)
        kernel, masked = self.kernel if self._has_kernel else None, self.mask_value is not None
        self.engine = Engine(
            learner_of(options, dynamics, kernel, self._seeds, masked),
            dynamics,
            options["chunk"],
            options["samples"],
            options["disturbance"],
            self._seeds,
            bool(self.jit_compile),
        )

    def _replace_kernel(self, kernel):
        self._tracker.unlock()  # Keras lets a built model have no other layer
        self._tracker.untrack(self.kernel)  # or its weights stay among the model's
        self.kernel = kernel
        self._tracker.lock()

    def gradients(self, x, y, sample_weight=None):
        """The rule's gradients on a batch, without a step.

        Args:
            x: (batch, T, m).
            y: targets.
            sample_weight: as for `fit`; with return_sequences also one a sequence.

        Returns:
            The loss, the outputs, the gradients in the order of `trainable_variables`, and a
            `course_lib.online.kernel.Fit`, None for a rule without kernel.

        Raises:
            ValueError: the model isn't compiled, or the batch doesn't fit it.
        """
        if self._rule is None:
            raise ValueError("No rule is chosen yet: compile the model first.")
        self._build_for(checks.inputs(x))
        memory = self.memory if self.stateful else None
        return self._learn(x, y, sample_weight, lambda loss: loss, memory)

    def _learn(self, x, y, weight, scale, memory=None, update=None):
        """Loss, outputs, gradients and fit; with an update the weights have changed meanwhile."""
        engine = self.engine
        x = self._cast(x, self.compute_dtype if engine is None else engine.dynamics.dtype)
        y, weight = checks.tensors(y), checks.tensors(weight)
        self.check_targets(x, y, weight, by_chunk=update is not None)
        if memory is not None:
            memory.check(x.shape[0])
        if engine is None:
            return self._backward(x, y, weight, scale, memory)
        engine.dynamics.check()  # something may be trainable that was not when it was compiled
        x, mask = self.with_mask(x)
        reader = Reader(self, x, y, weight, mask, scale)
        variables = self.trainable_variables
        carry = engine.start(size(x, 0), x.shape[2]) if memory is None else memory.read()
        if not self.return_sequences:
            carry, totals, out = engine.run(x, mask, carry, None, variables, end=reader.whole)
        elif update is not None or reader.by_step:
            if keras.tree.is_nested(self.outputs_like):
                raise ValueError("update_every looks at one output; this readout has several.")

            def look(h, start, length):
                return reader.chunk(h, start, length, of_whole=update is None)

            every = None if memory is None else self._options["update_every"]
            carry, totals, out = engine.run(x, mask, carry, look, variables, update, every)
            if update is None:
                totals = self._with_penalties(totals, scale)
        else:
            # This loss or this readout may look at all steps together.
            h, _ = read_on(self.rnn, x, mask, engine.dynamics.of_cell(carry.state))
            read = reader.whole(tf.cast(h, x.dtype))

            def look(h, start, length):
                dh = piece(read.dh, start, length)
                return Read(tf.zeros((), h.dtype), None, dh, tuple(map(tf.zeros_like, read.own)))

            carry, totals, _ = engine.run(x, mask, carry, look, variables, gather=False)
            totals, out = totals._replace(loss=read.loss, own=read.own), read.out
        if memory is not None:
            fit = tf.nest.map_structure(tf.add, totals.fit, carry.fit)
            totals = totals._replace(fit=fit)
            memory.write(carry._replace(fit=tf.nest.map_structure(tf.zeros_like, fit)))
        return totals.loss, out, self._in_order(totals), totals.fit if self._has_kernel else None

    def train_step(self, data):
        """One step of `fit`."""
        x, y, weight = keras.utils.unpack_x_y_sample_weight(data)
        self._build_for(checks.inputs(x))
        loss, out, fit = self.learn_from(x, y, weight, self.memory if self.stateful else None)
        # What Keras scales for the sum over replicas, it reports unscaled.
        replicas = tf.distribute.get_strategy().num_replicas_in_sync
        self._loss_tracker.update_state(loss * replicas, sample_weight=tf.shape(x)[0])
        mask = self.mask(self._cast(x, self.compute_dtype))
        if mask is not None and self.return_sequences:
            for part in keras.tree.flatten(out):
                set_keras_mask(part, mask)
        logs = self.compute_metrics(x, y, out, weight)
        if fit is not None:
            # A batch without a real step, or without sequences, tells nothing of the kernel.
            self._fit.update_state(r_squared(fit), sample_weight=fit.moved > 0)
            logs["kernel_r2"] = self._fit.result()
        return logs

    def learn_from(self, x, y, weight, memory):
        """Change the weights as the rule wants it; what `fit` does with a batch.

        Args:
            x, y, weight: a batch.
            memory: where it goes on, and what is carried further is kept; None: it begins anew.

        Returns:
            The loss, the outputs, and the kernel's fit or None.
        """
        scale, update = self.optimizer.scale_loss, None
        if self._options["update_every"] is None:
            loss, out, gradients, fit = self._learn(x, y, weight, scale, memory)
            self._move(gradients)
            if fit is not None:
                self._move_kernel(fit)
        else:
            self._see_devices(ONE_DEVICE)  # `fit` may be called for several, too

            def update(totals, after):
                totals = self._with_penalties(totals, scale)
                self._move(self._in_order(totals), after)
                if self._has_kernel:
                    self._move_kernel(totals.fit, after)

            loss, out, _, fit = self._learn(x, y, weight, scale, memory, update)
        return loss, out, fit

    def read_on(self, x, memory):
        """Outputs of a batch that nothing is learned from; all that the rule carries moves on."""
        if self.engine is None:
            x = self._cast(x, self.compute_dtype)
            return self._read_on(*self.with_mask(x), memory)
        x = self._cast(x, self.engine.dynamics.dtype)
        (x, mask), carry = self.with_mask(x), memory.read()

        def look(h, start, length):
            return Read(None, self.read(h, piece(mask, start, length)), None, ())

        every = self._options["update_every"]
        variables = self.trainable_variables
        if self.return_sequences:
            carry, totals, out = self.engine.run(x, mask, carry, look, variables, every=every)
        else:
            carry, totals, _ = self.engine.run(x, mask, carry, None, variables, every=every)
            out = self.read(carry.state[0])
        if every is None:
            carry = carry._replace(fit=tf.nest.map_structure(tf.add, carry.fit, totals.fit))
        memory.write(carry)
        return out

    def _read_on(self, x, mask, memory, training=False):
        """The same for the state alone."""
        carry = memory.read()
        # An LSTM's engine also knows o, which nothing reads before it is made anew.
        dynamics = None if self.engine is None else self.engine.dynamics
        before = carry.state if dynamics is None else dynamics.of_cell(carry.state)
        state = [tf.cast(part, x.dtype) for part in before]
        h, state = read_on(self.rnn, x, mask, state, training=training)
        now = [tf.cast(a, b.dtype) for a, b in zip(state, before, strict=True)]
        state = tuple(now) if dynamics is None else dynamics.with_cell(carry.state, now)
        memory.write(carry._replace(state=state))
        return self.read(h if self.return_sequences else state[0], mask, training)

    def begin(self, batch):
        """What so many sequences carry before their first step."""
        if self.engine is None:
            return Carry(tuple(self.rnn.get_initial_state(batch)), (), (), ())
        every = self._options["update_every"]
        return self.engine.start(batch, self._inputs, self.trainable_variables if every else None)

    def _remember(self, batch):
        """See `StatefulModel`."""
        if self.engine is None:
            self._check_shown()
        super()._remember(batch)

    def save_own_variables(self, store):
        """What Keras stores of the model itself: also what it carries, and where its noise is."""
        super().save_own_variables(store)
        store["noise"] = self._seeds.state.numpy()

    def load_own_variables(self, store):
        """Take it over again."""
        names = list(store.keys())
        super().load_own_variables({name: store[name] for name in names if name != "noise"})
        if "noise" in names:
            self._seeds.state.assign(np.asarray(store["noise"]))

    def _move_kernel(self, fit, after=()):
        """One step of β and log γ, on what all replicas have measured; `after` as in `_move`."""
        replicas = tf.distribute.get_strategy().num_replicas_in_sync
        if replicas > 1:
            context = tf.distribute.get_replica_context()
            fit = tf.nest.map_structure(lambda a: context.all_reduce("sum", a), fit)
        # The optimizer adds up what the replicas give it.
        gradients = [g / replicas for g in self.kernel.gradients(fit)]
        # That of γ reads β, which must not have moved yet.
        with tf.control_dependencies([*gradients, *tensors(after)]):
            self.kernel_optimizer.apply(gradients, self.kernel.weights)

    def data_loss(self, y, out, weight):
        """The loss of some steps' outputs, without penalties on weights.

        Raises:
            ValueError: there is none, or there are losses that don't belong to a chunk.
        """
        if self._compile_loss is None or self.own_loss:
            raise ValueError(
                "update_every takes the loss that compile was given, chunk by chunk: give one, and"
                " leave compute_loss as it is."
            )
        penalized = [w for w in self.trainable_weights if w.regularizer is not None]
        if len(self.losses) > len(penalized):
            raise ValueError(
                "update_every doesn't know add_loss and activity_regularizer: leave these out, or"
                " leave out update_every."
            )
        return self._compile_loss(y, out, weight)

    def _with_penalties(self, totals, scale):
        """With the regularizers of the weights, which belong to no chunk."""
        penalized = [w for w in self.trainable_weights if w.regularizer is not None]
        if not penalized:
            return totals
        variables = [w.value for w in self.trainable_variables]
        with tf.GradientTape() as tape:
            parts = [self._aggregate_additional_loss(w.regularizer(w)) for w in penalized]
            penalty = tf.add_n([tf.cast(part, totals.loss.dtype) for part in parts])
            scaled = scale(penalty)
        more = tape.gradient(scaled, variables, unconnected_gradients=tf.UnconnectedGradients.ZERO)
        own = tuple(a + b for a, b in zip(totals.own, more, strict=True))
        return totals._replace(loss=totals.loss + penalty, own=own)

    def _in_order(self, totals):
        dynamics = self.engine.dynamics
        split = getattr(self.engine.learner, "split", dynamics.split)
        of_cell = {}
        for w, g in zip(dynamics.weights(), split(totals.cell), strict=True):
            of_cell[id(w)] = of_cell.get(id(w), 0) + g  # a layer may stand below several cells
        return [
            own + of_cell[id(w)] if id(w) in of_cell else own
            for w, own in zip(self.trainable_variables, totals.own, strict=True)
        ]

    def _backward(self, x, y, weight, scale, memory):
        x, mask = self.with_mask(x)
        window = "auto" if self._rule == "bptt" else self._options["chunk"]
        with tf.GradientTape() as tape:
            if memory is None and self._rule == "bptt":
                h = self.rnn(x, mask=mask, training=True)
            else:
                carry = None if memory is None else memory.read()
                state = self.rnn.get_initial_state(size(x, 0)) if carry is None else carry.state
                h, state = truncated_bptt(self.rnn, x, mask, window, list(state))
                h = h if self.return_sequences else state[0]
                if carry is not None:
                    memory.write(carry._replace(state=tuple(state)))
            out = self.read(h, mask, training=True)
            loss = self.compute_loss(x, y, out, weight)
            scaled = scale(loss)
        variables = [w.value for w in self.trainable_variables]
        return loss, out, tape.gradient(scaled, variables), None

    def _cast(self, x, dtype):
        """Inputs as a tensor of a dtype; see `checks.inputs`."""
        return tf.cast(checks.inputs(x, self._inputs if self.built else None), dtype)

    @property
    def metrics(self):
        """Those of the outputs. The fit of the kernel is none: it has no value in evaluation."""
        return [metric for metric in super().metrics if metric is not self._fit]

    def reset_metrics(self):
        """Begin a new epoch."""
        super().reset_metrics()
        self._fit.reset_state()

    @property
    def variables(self):
        """All that a run carries, the kernel's optimizer too, so that it can be taken up again."""
        more = [] if self.kernel_optimizer is None else self.kernel_optimizer.variables
        return [*super().variables, *more]

    def get_compile_config(self):
        """What `compile` was given."""
        config = super().get_compile_config()
        return config and {
            **config,
            "kernel_optimizer": keras.saving.serialize_keras_object(self.kernel_optimizer),
        }

    def get_config(self):
        """What Keras stores to build the same model again."""
        return {
            "cell": keras.saving.serialize_keras_object(self.cell),
            "readout": keras.saving.serialize_keras_object(self.readout),
            "return_sequences": self.return_sequences,
            "mask_value": self.mask_value,
            "stateful": self.stateful,
            "kernel": keras.saving.serialize_keras_object(self.kernel),
            "name": self.name,
            "dtype": keras.dtype_policies.serialize(self.dtype_policy),
        }

    @classmethod
    def from_config(cls, config):
        """The model of a config."""
        parts = {
            k: keras.saving.deserialize_keras_object(config.pop(k))
            for k in ("cell", "readout", "kernel")
            if k in config
        }
        return cls(**parts, **config)
