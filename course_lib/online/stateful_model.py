"""What a model sees to that may go on where it was: in a stream, or stateful, batch after batch."""

import contextlib

import numpy as np

from course_lib.online import checks
from course_lib.online.batches import in_one_sentence, of_one_size, other_size
from course_lib.online.sequence_model import SequenceModel
from course_lib.online.stream import Memory, Stream
from course_lib.values import checked_switch


class StatefulModel(SequenceModel):
    """A model of sequences that may go on where its last batch ended.

    `memory` is what it carries on, or None before it is built, or if it never streamed. A subclass
    has `begin(batch)`, what is carried before the first step, `learn_from` and `read_on`, see
    `OnlineRNN`; keeps in `_options` what `compile` was given; and calls `_keep_batch` and `_go_on`
    as it is built and compiled.
    """

    def __init__(self, stateful=False, **kwargs):
        super().__init__(**kwargs)
        self.stateful = checked_switch(stateful, "stateful")
        self.memory, self._stored, self._options = None, [], {}

    @property
    def compiled_with(self):
        """The rule and its options, a dict; after each `compile` another one."""
        return self._options

    def get_compile_config(self):
        """What `compile` was given."""
        config = super().get_compile_config()
        return config and {**config, **self._options}

    def stream(self, batch_size=None):
        """A `Stream` that learns from sequences without end.

        Args:
            batch_size: how many sequences; it begins anew. None: go on with the one that was stored
                with the model, or that was made last; after `compile` with a rule that carries
                other things, begin anew.

        Raises:
            ValueError: the model is not built or not compiled, or there is nothing to go on with,
                or it was compiled with what no stream can do.
        """
        if not self.built or not self.compiled_with:
            raise ValueError("Build and compile the model, then let it stream.")
        if batch_size is not None:
            batch_size = checks.count("batch_size", batch_size)
            self.memory, self._stored = None, []
            self._remember(batch_size)
        elif self.memory is None:
            if not self._stored:
                raise ValueError("The model has not streamed yet: give a batch_size.")
            self._remember(self._stored[0].shape[0])
        self.optimizer.build(self.trainable_variables)
        return Stream(self, self.memory)

    def reset_state(self):
        """Begin anew, of a stateful model."""
        if self.memory is not None:
            self.memory.reset()

    def _keep_batch(self, batch):
        """Know the batch size, as the model is built; None: it may be any."""
        if self.stateful and batch is None:
            raise ValueError(
                "A stateful model has one batch size: build it with (batch, T, m) first, and give"
                " fit the same batch_size."
            )
        self._batch = batch

    def _go_on(self):
        """Make the memory that rule and shapes want, once both are known."""
        batch = self._batch if self.stateful else getattr(self.memory, "batch", None)
        if batch is not None:
            self._remember(batch)

    def _remember(self, batch):
        """Make a memory, and take over what was stored."""
        stored = self._stored or [v.numpy() for v in getattr(self.memory, "variables", [])]
        self.memory = Memory(lambda: self.begin(batch))
        self.memory.load(stored)

    def save_own_variables(self, store):
        """What Keras stores of the model itself: also what it carries."""
        super().save_own_variables(store)
        carried = [v.numpy() for v in getattr(self.memory, "variables", [])] or self._stored
        for number, a in enumerate(carried):
            store[f"carried_{number}"] = a

    def load_own_variables(self, store):
        """Take it over again."""
        names = list(store.keys())
        carried = [name for name in names if name.startswith("carried_")]
        super().load_own_variables({n: store[n] for n in names if n not in carried})
        self._stored = [np.asarray(store[f"carried_{k}"]) for k in range(len(carried))]
        if self.memory is not None:
            self.memory.load(self._stored)

    def fit(self, *args, **kwargs):
        """Keras's own, of batches of one size if the model is stateful."""
        given = checks.named(super().fit, args, kwargs)
        left, steps = 1 - given.get("validation_split", 0.0), given.get("steps_per_epoch")
        given["x"] = self._check_batches(given.get("x"), given.get("batch_size"), left, steps)
        if "validation_data" in given:
            # Arrays come back to `evaluate`.
            given["validation_data"] = self._check_batches(given["validation_data"], None)
        with self._one_size():
            return super().fit(**given)

    def evaluate(self, x=None, y=None, batch_size=None, *args, **kwargs):
        """See `fit`."""
        x = self._check_batches(x, batch_size, steps=kwargs.get("steps"))
        with self._one_size():
            return super().evaluate(x, y, batch_size, *args, **kwargs)

    def predict(self, x, batch_size=None, *args, **kwargs):
        """See `fit`."""
        x = self._check_batches(x, batch_size, steps=kwargs.get("steps"))
        with self._one_size():
            return super().predict(x, batch_size, *args, **kwargs)

    def train_on_batch(self, *args, **kwargs):
        """See `fit`."""
        given = checks.named(super().train_on_batch, args, kwargs)
        given["x"] = self._check_batch(given["x"])
        return super().train_on_batch(**given)

    def test_on_batch(self, x, *args, **kwargs):
        """See `fit`."""
        return super().test_on_batch(self._check_batch(x), *args, **kwargs)

    def predict_on_batch(self, x):
        """See `fit`."""
        return super().predict_on_batch(self._check_batch(x))

    def _check_batches(self, x, batch_size, part=1, steps=None):
        # A graph that meets another size says so in its own words.
        if not self.stateful or self.memory is None:
            return x
        if hasattr(x, "shape") and steps is None:
            count, size = int(part * x.shape[0]), batch_size or 32
            self.memory.check(min(count, size), count % size or size)
        return of_one_size(x, self.memory.batch)

    def _check_batch(self, x):
        if self.stateful and self.memory is not None:
            self.memory.check(len(x))
        return x

    def _one_size(self):
        if not self.stateful or self.memory is None:
            return contextlib.nullcontext()
        return in_one_sentence(other_size(self.memory.batch))
