"""The callback that opens a network's late gate while it is trained."""

from typing import Any

import keras

from course_lib.scratch.gradnets import late_gate


class AnnealLateGate(keras.callbacks.Callback):
    """Sets the late gate before every step.

    It counts the optimiser's steps, so that a run which is resumed goes on with the gate that it
    had. With `steps_per_execution` above 1, the steps of one execution share the first one's gate.

    Args:
        gate: what has the variable `g`: a `LateGate` layer, or a `GradualRNNCell`.
        end: the step from which on g has its last value.
        start: the step until which g has its first value.
        first, last: those two values; a last one below 1 stops the gate early.

    Raises:
        ValueError: if `end` is not after `start`, or a value is not from 0 to 1.
    """

    def __init__(
        self, gate: Any, end: float, *, start: float = 0, first: float = 0.0, last: float = 1.0
    ):
        super().__init__()
        late_gate(0, start, end)  # says what is wrong with the two
        for value in (first, last):
            if not 0 <= value <= 1:
                raise ValueError(f"The late gate can't be {value}: it goes from 0 to 1.")
        self.gate, self.start, self.end = gate, start, end
        self.first, self.last = first, last

    def on_train_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Set g for the step that follows."""
        self._set(int(self.model.optimizer.iterations))

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Leave the network as it is after the last step."""
        self._set(int(self.model.optimizer.iterations))

    def _set(self, step: int) -> None:
        part = late_gate(step, self.start, self.end)
        self.gate.g.assign(self.first + (self.last - self.first) * part)
