"""What the rules ask of the recurrent cell whose tanh is faded in."""

import tensorflow as tf

from course_lib.layers.gradnets import GradualRNNCell, interpolate
from course_lib.online.cells import DYNAMICS, VanillaDynamics


class GradualDynamics(VanillaDynamics):
    """`GradualRNNCell`: the credited state is h.

    h_t = (1 - g) u + g tanh(u), so d_t = (1 - g) + g (1 - tanh² u), at the gate that is open when
    the step is taken. A schedule may move it between batches, or between the calls of a stream:
    traces keep what earlier steps put into them, each at its own gate. Only a window of "tbptt"
    that several calls fill is run again when it closes, at the gate of that moment.
    """

    def step(self, a, state):
        """h; kept is tanh."""
        y = tf.tanh(a)
        return (interpolate(a, y, self._gate),), (y,)

    def reaction(self, old, new, kept):
        """(1 - g) + g tanh'."""
        return interpolate(1.0, 1 - kept[0] * kept[0], self._gate)

    @property
    def _gate(self):
        return tf.convert_to_tensor(self.cell.g)


DYNAMICS[GradualRNNCell] = GradualDynamics
