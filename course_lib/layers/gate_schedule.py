"""The callback that opens a network's late gates while it is trained."""

from functools import partial

import keras

from course_lib.layers.sizes import with_checks
from course_lib.scratch.gradnets import late_gate
from course_lib.values import checked_number


class GateSchedule(keras.callbacks.Callback):
    """Opens late gates while `fit` runs, a little at every step.

    It counts the optimizer's steps, so that a run which is resumed goes on
    with the gate that it had. With `steps_per_execution` above 1, the steps of
    one execution share the first one's gate.

    Args:
        gates: a list of all that have a variable `g` to move: `LateGate` and
            `GradualActivation` layers, `GradualRNNCell`s.
        end: the step from which on g has its last value.
        start: the step until which g has its first value.
        first: the value until `start`.
        last: the value from `end` on; below 1 the gate stops early.

    Raises:
        ValueError: if `end` is not after `start`, or a value is not from 0 to
            1.
    """

    def __init__(self, gates, end, start=0, first=0.0, last=1.0):
        super().__init__()
        late_gate(0, start, end)  # says what is wrong with the two
        for value in (first, last):
            if not 0 <= value <= 1:
                raise ValueError(
                    f"The late gate can't be {value}: it goes from 0 to 1."
                )
        self.gates, self.start, self.end = gates, start, end
        self.first, self.last = first, last

    def on_train_batch_begin(self, batch, logs=None):
        """Before each step; `batch` counts from 0 in each epoch.

        The step that follows runs with the gates that the schedule has for it.
        """
        # IMPLEMENT-ME: the step that now comes, whether its graph is new or
        # was traced long ago, finds all gates where they should be, even if
        # an earlier run began to open them
        taken = int(self.model.optimizer.iterations)
        part = late_gate(taken, self.start, self.end)
        for gate in self.gates:
            gate.g.assign(self.first + (self.last - self.first) * part)
        # END IMPLEMENT-ME

    def on_train_end(self, logs=None):
        """Leave the gates where a step that followed would find them."""
        # IMPLEMENT-ME: whoever evaluates the network now finds the gates where
        # the schedule has them after all the steps taken
        self.on_train_batch_begin(0)
        # END IMPLEMENT-ME


def _checked_gates(gates):
    """A list of what has a variable g."""
    alone = not isinstance(gates, (list, tuple))
    if alone or not all(hasattr(gate, "g") for gate in gates):
        raise ValueError(
            f"gates is {gates!r}; give a list of layers or cells that have a "
            "gate g, such as [LateGate()]."
        )
    return list(gates)


# Out here, since learners write the class.
with_checks(
    GateSchedule,
    gates=_checked_gates,
    **{
        name: partial(checked_number, name=name)
        for name in ("end", "start", "first", "last")
    },
)
