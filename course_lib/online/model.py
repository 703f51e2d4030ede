"""A Keras model that learns with any rule: `model.compile(rule="kernl")`, then `fit`."""

import keras
import numpy as np
import tensorflow as tf

from course_lib.online import modes_traces, traces
from course_lib.online.bptt import truncated_bptt
from course_lib.online.cells import dynamics_of
from course_lib.online.engine import Engine
from course_lib.online.kernel import Kernel, r_squared
from course_lib.online.modes import ModesKernel, dictionary
from course_lib.online.modes_rule import ModesLearner
from course_lib.online.rtrl import RTRL
from course_lib.online.rules import RULES, TraceLearner
from course_lib.online.uoro import UORO

TRACES = {"chunked": traces.chunked, "per_step": traces.per_step}
MODES_TRACES = {"chunked": modes_traces.chunked, "per_step": modes_traces.per_step}
OTHER_RULES = ("rtrl", "uoro", "bptt", "tbptt")


@keras.saving.register_keras_serializable("course_lib")
class OnlineRNN(keras.Model):
    """A recurrent layer and a readout, trained with the rule of your choice.

    Inputs (batch, T, m); outputs (batch, c), of the last state, or (batch, T, c).

    Args:
        cell: `LeakyRNNCell`, `VanillaRNNCell`, or `LSTMCell`.
        readout: the number of outputs c of a linear readout, or a layer that acts on the last axis.
        return_sequences: outputs, targets and loss at every step, else at the last one alone.
        mask_value: a step whose inputs are all this number is no step; None: all are.
        kernel: what a stored model had learned with; None begins with a `Kernel`.
    """

    def __init__(
        self, cell, readout, return_sequences=False, mask_value=None, kernel=None, **kwargs
    ):
        super().__init__(**{"dtype": cell.dtype_policy, **kwargs})
        self.rnn = keras.layers.RNN(
            cell,
            return_sequences=return_sequences,
            zero_output_for_mask=False,
            dtype=cell.dtype_policy,
        )
        if isinstance(readout, int):
            readout = keras.layers.Dense(readout, dtype=cell.dtype_policy)
        self.readout = readout
        self.return_sequences, self.mask_value = return_sequences, mask_value
        self.kernel = kernel or Kernel(cell.units, dtype=cell.dtype_policy, name="kernel")
        self.kernel_optimizer = None
        self._rule = None
        self._fit = keras.metrics.Mean(name="kernel_r2")
        self._seeds = keras.random.SeedGenerator(0)

    @property
    def cell(self):
        """The recurrent cell."""
        return self.rnn.cell

    def build(self, input_shape):
        """Make the weights of cell and readout, and those of the rule."""
        self._steps = input_shape[1]
        self.rnn.build(input_shape)
        self.readout.build((None, self.cell.units))
        self._prepare()

    def call(self, x):
        """Outputs, (batch, c) or (batch, T, c)."""
        return self.readout(self.rnn(x, mask=self.mask(x)))

    def mask(self, x):
        """Which steps are real, (batch, T); None: all."""
        if self.mask_value is None:
            return None
        return tf.reduce_any(tf.not_equal(x, self.mask_value), axis=-1)

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
            optimizer, loss, metrics, kwargs: as for any Keras model. The loss is taken from each
                sample's own, so it is a Keras loss or its name.
            rule: a name in `course_lib.online.RULES`, or "rtrl", "uoro", "bptt", "tbptt".
            kernel_optimizer: of β and log γ; None is SGD with 0.02.
            timescales: the time constants 1/γ at the start, shortest and longest, in steps; or
                "leak", for each unit the one that it has by its own leak; None is T/2 and T.
            modes: of "kernl_modes": a number, for so many angles evenly from 0 to π; a list of
                (gamma, omega), each a number or one for each unit; or "cell", those that the cell
                itself was made with. None is 4. See `course_lib.online.modes.dictionary`.
            samples: sequences of a batch that are disturbed to learn the kernel.
            disturbance: 0 learns it from the exact tangent; a size, as 1e-3, from a second run of
                the net that is disturbed by so much, as in the paper.
            chunk: steps in a chunk, "auto" chooses. For "tbptt" the steps that it looks back.
            update_every: change the weights after so many steps, which then are the chunk. None:
                once a batch of sequences. It needs return_sequences.
            trace: "chunked", or "per_step" to see what chunks are worth.
            seed: of the noise, of γ at the start, of random feedback.

        Raises:
            ValueError: there is no such rule, or an option that does not fit it.
        """
        if rule not in RULES and rule not in OTHER_RULES:
            raise ValueError(
                f"There is no rule {rule!r}. Choose one of {', '.join([*RULES, *OTHER_RULES])}."
            )
        if trace not in TRACES:
            raise ValueError(f"trace is {trace!r}; choose {' or '.join(TRACES)}.")
        if update_every is not None:
            if not self.return_sequences:
                raise ValueError("update_every needs a loss at every step: return_sequences=True.")
            if rule in ("bptt", "tbptt"):
                raise ValueError(
                    f"{rule} changes the weights once a batch; leave out update_every."
                )
            chunk = update_every
        if isinstance(timescales, str) and timescales != "leak":
            raise ValueError(f'timescales are {timescales!r}; give two numbers, or "leak".')
        if rule == "kernl_modes":
            if timescales is not None:
                raise ValueError("kernl_modes has modes, no timescales: leave those out.")
            modes = self._modes(4 if modes is None else modes)
        elif modes is not None:
            raise ValueError(f'{rule} has no modes; leave them out, or take rule="kernl_modes".')
        if chunk != "auto" and chunk < 1:
            raise ValueError(f"chunk is {chunk}; it has one step at least.")
        super().compile(optimizer=optimizer, loss=loss, metrics=metrics, **kwargs)
        self._options = {
            "rule": rule,
            "timescales": timescales,
            "modes": modes,
            "samples": samples,
            "disturbance": disturbance,
            "chunk": chunk,
            "update_every": update_every,
            "trace": trace,
            "seed": seed,
        }
        self._rule = rule
        self._has_kernel = rule in RULES and RULES[rule].has_kernel
        self.kernel_optimizer = None
        if self._has_kernel:
            self.kernel_optimizer = keras.optimizers.get(
                kernel_optimizer or keras.optimizers.SGD(0.02)
            )
        self._seeds.state.assign((seed, 0))
        if self.built:
            self._prepare()

    def _prepare(self):
        """Make what the rule needs, once both the rule and the shapes are known."""
        if self._rule is None or self._rule in ("bptt", "tbptt"):
            return
        options, rule = self._options, RULES.get(self._rule)
        dynamics, feedback = dynamics_of(self.cell), None
        if self._rule == "kernl_modes":
            self._turn_kernel()
        elif self._has_kernel:
            if not isinstance(self.kernel, Kernel):
                self._replace_kernel(Kernel(self.cell.units, dtype=self.cell.dtype_policy))
            if options["timescales"] == "leak":
                self.kernel.start_from_leak(np.asarray(dynamics.leak))
            else:
                steps = self._steps or 100
                shortest, longest = options["timescales"] or (max(steps / 2, 1.0), float(steps))
                self.kernel.start(shortest, longest, options["seed"])
        if self._has_kernel:
            self.kernel_optimizer.build(self.kernel.weights)
        if rule is not None and rule.feedback == "random":
            outputs = self.readout.compute_output_shape((None, self.cell.units))[-1]
            draw = np.random.default_rng(options["seed"]).normal(size=(outputs, self.cell.units))
            feedback = tf.constant(draw / np.sqrt(outputs), self.cell.compute_dtype)
        if self._rule == "kernl_modes":
            learner = ModesLearner(dynamics, self.kernel, MODES_TRACES[options["trace"]])
        elif rule is not None:
            learner = TraceLearner(
                rule, dynamics, self.kernel if rule.learned else None, TRACES[options["trace"]]
            )
        elif self._rule == "rtrl":
            learner = RTRL(dynamics)
        else:
            learner = UORO(dynamics, self._seeds)
        self.engine = Engine(
            learner,
            dynamics,
            self.readout,
            self.loss,
            self.return_sequences,
            options["chunk"],
            feedback,
            options["samples"],
            options["disturbance"],
            self._seeds,
        )

    def _modes(self, modes):
        """What `compile` was given as modes, seen to be such, in plain numbers and lists."""
        if isinstance(modes, str) and modes == "cell":
            if not hasattr(self.cell, "modes"):
                raise ValueError(
                    f"{type(self.cell).__name__} has no modes of its own; give a number or a list."
                )
            modes = self.cell.modes
        dictionary(modes, self.cell.units, 1)
        if isinstance(modes, int | np.integer):
            return int(modes)
        return [[np.asarray(a).tolist() for a in mode] for mode in modes]

    def _turn_kernel(self):
        """A kernel with the modes that are asked for; the present one, if it has them."""
        modes = self._options["modes"]
        gamma, omega = dictionary(modes, self.cell.units, self._steps or 100)
        same = isinstance(self.kernel, ModesKernel) and np.array_equal(
            self.kernel.fixed, (gamma, omega)
        )
        if not same:
            policy = self.cell.dtype_policy
            self._replace_kernel(ModesKernel(self.cell.units, gamma, omega, dtype=policy))

    def _replace_kernel(self, kernel):
        self._tracker.unlock()  # Keras lets a built model have no other layer
        self.kernel = kernel
        self._tracker.lock()

    def gradients(self, x, y):
        """The rule's gradients on a batch, without a step.

        Args:
            x: (batch, T, m).
            y: targets.

        Returns:
            The loss, the outputs, the gradients in the order of `trainable_variables`, and a
            `course_lib.online.kernel.Fit`, None for a rule without kernel.
        """
        if self._rule in ("bptt", "tbptt"):
            return self._backward(x, y)
        totals, out = self.engine.run(x, y, self.mask(x))
        return totals.loss, out, self._in_order(totals), totals.fit if self._has_kernel else None

    def train_step(self, data):
        """One step of `fit`."""
        x, y, weight = keras.utils.unpack_x_y_sample_weight(data)
        if weight is not None:
            raise ValueError("The rules don't know sample weights; mask steps with mask_value.")
        if not self.built:
            with tf.init_scope():
                self.build(x.shape)
        if self._options["update_every"] is None:
            loss, out, gradients, fit = self.gradients(x, y)
            self.optimizer.apply(gradients, self.trainable_variables)
            if fit is not None:
                self.kernel_optimizer.apply(self.kernel.gradients(fit), self.kernel.weights)
        else:
            totals, out = self.engine.run(x, y, self.mask(x), self._update)
            loss, fit = totals.loss, totals.fit if self._has_kernel else None
        self._loss_tracker.update_state(loss, sample_weight=tf.shape(x)[0])
        mask = self.mask(x)
        if mask is not None and self.return_sequences:
            keras.src.backend.set_keras_mask(out, mask)
        logs = self.compute_metrics(x, y, out)
        if fit is not None:
            self._fit.update_state(r_squared(fit))
            logs["kernel_r2"] = self._fit.result()
        return logs

    def _update(self, totals):
        self.optimizer.apply(self._in_order(totals), self.trainable_variables)
        if self._has_kernel:
            self.kernel_optimizer.apply(self.kernel.gradients(totals.fit), self.kernel.weights)

    def _in_order(self, totals):
        dynamics = self.engine.dynamics
        of = {
            id(w): g
            for w, g in zip(
                [*dynamics.weights(), *self.readout.trainable_variables],
                [*dynamics.split(totals.cell), *totals.readout],
                strict=True,
            )
        }
        return [of[id(w)] for w in self.trainable_variables]

    def _backward(self, x, y):
        with tf.GradientTape() as tape:
            if self._rule == "bptt":
                out = self(x)
            else:
                out = truncated_bptt(self, x, self._options["chunk"])
            mask = self.mask(x)
            if mask is not None and self.return_sequences:
                keras.src.backend.set_keras_mask(out, mask)
            loss = self.compute_loss(x, y, out)
        variables = [w.value for w in self.trainable_variables]
        return loss, out, tape.gradient(loss, variables), None

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
            **{k: config[k] for k in ("optimizer", "loss", "metrics", "jit_compile")},
            "kernel_optimizer": keras.saving.serialize_keras_object(self.kernel_optimizer),
            **self._options,
        }

    def compile_from_config(self, config):
        """Compile as a stored model was."""
        self.compile(**keras.saving.deserialize_keras_object(config))
        if self.built:
            self.optimizer.build(self.trainable_variables)

    def get_config(self):
        """What Keras stores to build the same model again."""
        return {
            "cell": keras.saving.serialize_keras_object(self.cell),
            "readout": keras.saving.serialize_keras_object(self.readout),
            "return_sequences": self.return_sequences,
            "mask_value": self.mask_value,
            "kernel": keras.saving.serialize_keras_object(self.kernel),
            "name": self.name,
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
