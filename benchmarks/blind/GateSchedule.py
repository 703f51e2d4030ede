"""Answers to `GateSchedule`, written from its notebook alone; each cell is one, with what is wrong."""

import keras
import numpy as np
import tensorflow as tf

from course_lib.scratch.gradnets import late_gate


# %% single: the step is the number of the batch in its epoch
class GateSchedule(keras.callbacks.Callback):
    def __init__(self, gates, end, start=0, first=0.0, last=1.0):
        super().__init__()
        late_gate(0, start, end)
        for value in (first, last):
            if not 0 <= value <= 1:
                raise ValueError(f"The late gate can't be {value}: it goes from 0 to 1.")
        self.gates, self.start, self.end = gates, start, end
        self.first, self.last = first, last

    def set_gates(self, step):
        share = late_gate(step, self.start, self.end)
        g = self.first + share * (self.last - self.first)
        for gate in self.gates:
            gate.g.assign(g)

    def on_train_batch_begin(self, batch, logs=None):
        self.set_gates(batch)

    def on_train_end(self, logs=None):
        self.set_gates(int(self.model.optimizer.iterations))


# %% single: a counter of one's own: a resumed run starts again
class GateSchedule(keras.callbacks.Callback):
    def __init__(self, gates, end, start=0, first=0.0, last=1.0):
        super().__init__()
        late_gate(0, start, end)
        for value in (first, last):
            if not 0 <= value <= 1:
                raise ValueError(f"The late gate can't be {value}: it goes from 0 to 1.")
        self.gates, self.start, self.end = gates, start, end
        self.first, self.last = first, last
        self.count = 0

    def set_gates(self):
        share = late_gate(self.count, self.start, self.end)
        g = self.first + share * (self.last - self.first)
        for gate in self.gates:
            gate.g.assign(g)

    def on_train_batch_begin(self, batch, logs=None):
        self.set_gates()
        self.count += 1

    def on_train_end(self, logs=None):
        self.set_gates()


# %% single: the name g is bound to a number
class GateSchedule(keras.callbacks.Callback):
    def __init__(self, gates, end, start=0, first=0.0, last=1.0):
        super().__init__()
        late_gate(0, start, end)
        for value in (first, last):
            if not 0 <= value <= 1:
                raise ValueError(f"The late gate can't be {value}: it goes from 0 to 1.")
        self.gates, self.start, self.end = gates, start, end
        self.first, self.last = first, last

    def set_gates(self):
        step = int(self.model.optimizer.iterations)
        share = late_gate(step, self.start, self.end)
        g = self.first + share * (self.last - self.first)
        for gate in self.gates:
            gate.g = g

    def on_train_batch_begin(self, batch, logs=None):
        self.set_gates()

    def on_train_end(self, logs=None):
        self.set_gates()


# %% single: first is forgotten
class GateSchedule(keras.callbacks.Callback):
    def __init__(self, gates, end, start=0, first=0.0, last=1.0):
        super().__init__()
        late_gate(0, start, end)
        for value in (first, last):
            if not 0 <= value <= 1:
                raise ValueError(f"The late gate can't be {value}: it goes from 0 to 1.")
        self.gates, self.start, self.end = gates, start, end
        self.first, self.last = first, last

    def set_gates(self):
        step = int(self.model.optimizer.iterations)
        share = late_gate(step, self.start, self.end)
        g = share * self.last
        for gate in self.gates:
            gate.g.assign(g)

    def on_train_batch_begin(self, batch, logs=None):
        self.set_gates()

    def on_train_end(self, logs=None):
        self.set_gates()


# %% single: nothing is done at the end
class GateSchedule(keras.callbacks.Callback):
    def __init__(self, gates, end, start=0, first=0.0, last=1.0):
        super().__init__()
        late_gate(0, start, end)
        for value in (first, last):
            if not 0 <= value <= 1:
                raise ValueError(f"The late gate can't be {value}: it goes from 0 to 1.")
        self.gates, self.start, self.end = gates, start, end
        self.first, self.last = first, last

    def set_gates(self):
        step = int(self.model.optimizer.iterations)
        share = late_gate(step, self.start, self.end)
        g = self.first + share * (self.last - self.first)
        for gate in self.gates:
            gate.g.assign(g)

    def on_train_batch_begin(self, batch, logs=None):
        self.set_gates()

    def on_train_end(self, logs=None):
        pass


# %% single: at the end all gates are at last
class GateSchedule(keras.callbacks.Callback):
    def __init__(self, gates, end, start=0, first=0.0, last=1.0):
        super().__init__()
        late_gate(0, start, end)
        for value in (first, last):
            if not 0 <= value <= 1:
                raise ValueError(f"The late gate can't be {value}: it goes from 0 to 1.")
        self.gates, self.start, self.end = gates, start, end
        self.first, self.last = first, last

    def set_gates(self):
        step = int(self.model.optimizer.iterations)
        share = late_gate(step, self.start, self.end)
        g = self.first + share * (self.last - self.first)
        for gate in self.gates:
            gate.g.assign(g)

    def on_train_batch_begin(self, batch, logs=None):
        self.set_gates()

    def on_train_end(self, logs=None):
        for gate in self.gates:
            gate.g.assign(self.last)


# %% single: only the first gate moves
class GateSchedule(keras.callbacks.Callback):
    def __init__(self, gates, end, start=0, first=0.0, last=1.0):
        super().__init__()
        late_gate(0, start, end)
        for value in (first, last):
            if not 0 <= value <= 1:
                raise ValueError(f"The late gate can't be {value}: it goes from 0 to 1.")
        self.gates, self.start, self.end = gates, start, end
        self.first, self.last = first, last

    def set_gates(self):
        step = int(self.model.optimizer.iterations)
        share = late_gate(step, self.start, self.end)
        g = self.first + share * (self.last - self.first)
        for gate in self.gates[:1]:
            gate.g.assign(g)

    def on_train_batch_begin(self, batch, logs=None):
        self.set_gates()

    def on_train_end(self, logs=None):
        self.set_gates()


# %% single: one step ahead
class GateSchedule(keras.callbacks.Callback):
    def __init__(self, gates, end, start=0, first=0.0, last=1.0):
        super().__init__()
        late_gate(0, start, end)
        for value in (first, last):
            if not 0 <= value <= 1:
                raise ValueError(f"The late gate can't be {value}: it goes from 0 to 1.")
        self.gates, self.start, self.end = gates, start, end
        self.first, self.last = first, last

    def set_gates(self):
        step = int(self.model.optimizer.iterations) + 1
        share = late_gate(step, self.start, self.end)
        g = self.first + share * (self.last - self.first)
        for gate in self.gates:
            gate.g.assign(g)

    def on_train_batch_begin(self, batch, logs=None):
        self.set_gates()

    def on_train_end(self, logs=None):
        self.set_gates()


# %% double: counts batches itself, and start is ignored
class GateSchedule(keras.callbacks.Callback):
    def __init__(self, gates, end, start=0, first=0.0, last=1.0):
        super().__init__()
        late_gate(0, start, end)
        for value in (first, last):
            if not 0 <= value <= 1:
                raise ValueError(f"The late gate can't be {value}: it goes from 0 to 1.")
        self.gates, self.start, self.end = gates, start, end
        self.first, self.last = first, last
        self.count = 0

    def set_gates(self):
        share = late_gate(self.count, 0, self.end)
        g = self.first + share * (self.last - self.first)
        for gate in self.gates:
            gate.g.assign(g)

    def on_train_batch_begin(self, batch, logs=None):
        self.set_gates()
        self.count += 1

    def on_train_end(self, logs=None):
        self.set_gates()


# %% right: as the hints say
class GateSchedule(keras.callbacks.Callback):
    def __init__(self, gates, end, start=0, first=0.0, last=1.0):
        super().__init__()
        late_gate(0, start, end)
        for value in (first, last):
            if not 0 <= value <= 1:
                raise ValueError(f"The late gate can't be {value}: it goes from 0 to 1.")
        self.gates, self.start, self.end = gates, start, end
        self.first, self.last = first, last

    def set_gates(self):
        step = int(self.model.optimizer.iterations)
        share = late_gate(step, self.start, self.end)
        g = self.first + share * (self.last - self.first)
        for gate in self.gates:
            gate.g.assign(g)

    def on_train_batch_begin(self, batch, logs=None):
        self.set_gates()

    def on_train_end(self, logs=None):
        self.set_gates()


# %% right: np.interp in place of late_gate
class GateSchedule(keras.callbacks.Callback):
    def __init__(self, gates, end, start=0, first=0.0, last=1.0):
        super().__init__()
        if end <= start:
            raise ValueError("The end must come after the start.")
        for value in (first, last):
            if not 0 <= value <= 1:
                raise ValueError("A gate is from 0 to 1.")
        self.gates = list(gates)
        self.times, self.values = (start, end), (first, last)

    def on_train_batch_begin(self, batch, logs=None):
        now = self.model.optimizer.iterations.numpy()
        value = float(np.interp(now, self.times, self.values))
        [one.g.assign(value) for one in self.gates]

    def on_train_end(self, logs=None):
        self.on_train_batch_begin(None)
