"""Windows of a stream of scanned layers: an update is due after K steps, wherever a call ends."""

from typing import Any, NamedTuple

import tensorflow as tf

from course_lib.online import losses


class Window(NamedTuple):
    """Steps of a window that is not full yet, B sequences and room for K steps.

    start: states before them; x (B, K, m); mask (B, K); y, weight: targets (B, K, ...) and sample
    weights (B, K); count: of the steps that stand in it; sums: gradients that earlier steps of the
    same update have given; steps: of that update, so far. What a model does not have is ().
    """

    start: Any
    x: tf.Tensor
    mask: Any
    y: Any
    weight: Any
    count: tf.Tensor
    sums: Any
    steps: tf.Tensor


class Carry(NamedTuple):
    """All that goes on from one window to the next, and in a stream from one call to the next.

    states: of each layer, after the last step; traces: of each, where its open window began;
    latest: the last real input, (B, m), and whether there was one, (B, 1), of a model with masks;
    window: what waits for an update. What a rule does not have is ().
    """

    states: Any
    traces: Any
    latest: Any = ()
    window: Any = ()


class Windows:
    """Learns window by window; a call may end inside one.

    A step is read once to say what the model makes of it. It then waits, and when the window is
    full it is learned from as one of a whole sequence is: the tape goes over the same steps, and
    the lower layers of a stack get the same credit.

    Args:
        model: an `OnlineScan`, compiled with `update_every`.
    """

    def __init__(self, model: Any) -> None:
        self.model, self.every = model, model.compiled_with["update_every"]

    def start(self, carry: Carry, batch: int) -> Window:
        """An empty one.

        Args:
            carry: before the first step.
            batch: sequences, B.
        """
        model, K = self.model, self.every
        x = tf.zeros((batch, K, model.inputs_read), model.compute_dtype)
        mask = () if model.mask_value is None else tf.zeros((batch, K), bool)
        y, weight, sums = (), (), ()
        if model.return_sequences:
            loss = losses.instance_of(model.loss)
            c = model.out_like((batch, K, model.inputs_read)).shape[-1]
            y = tf.zeros((batch, K) if type(loss) is losses.SPARSE else (batch, K, c), loss.dtype)
            weight = tf.zeros((batch, K), loss.dtype)
            sums = [tf.zeros(w.shape, w.dtype) for w in model.trainable_variables]
        none = tf.zeros((), tf.int32)
        return Window(carry.states, x, mask, y, weight, none, sums, none)

    def learn(
        self, carry: Carry, x: tf.Tensor, mask: Any, y: Any, weight: Any
    ) -> tuple[tf.Tensor, tf.Tensor, Carry]:
        """Read steps, and change the weights wherever a window is full.

        Args:
            carry: before them.
            x, mask: steps, (B, T, m) and (B, T) or None; T may be unknown.
            y, weight: their targets and sample weights; without an output at every step those that
                each window which ends here has.

        Returns:
            The loss and the outputs, (B, T, c) or of the last step (B, c), each as it was before
            its window was learned from; and the `Carry` afterwards.
        """
        model, K = self.model, self.every
        if model.return_sequences:
            y, weight = self._in_steps(y, weight)
        T = tf.shape(x)[1]
        before = carry.window.steps
        pieces = (before + T - 1) // K + 1
        shown = model.out_like(tuple(x.shape))
        outs = tf.TensorArray(tf.as_dtype(shown.dtype), pieces, infer_shape=False)

        def body(number, done, carry, loss, outs):
            length = tf.minimum(K - carry.window.steps, T - done)

            def part(a):
                return None if a is None else a[:, done : done + length]

            here = part(x), part(mask)
            told = (part(y), part(weight)) if model.return_sequences else (y, weight)
            out, new = self._read(carry, *here)
            loss_here = model.compute_loss(here[0], told[0], out, told[1], training=False)
            share = tf.cast(length / T, loss.dtype)
            loss += share * tf.cast(tf.reduce_mean(loss_here), loss.dtype)
            new = as_before(self._put(new, *here, *told, length), carry)
            new = tf.cond(
                new.window.steps >= K,
                lambda: self._update(new, y, weight, (out, loss_here)),
                lambda: new,
            )
            if model.return_sequences:
                out = tf.transpose(out, (1, 0, 2))
            return number + 1, done + length, as_before(new, carry), loss, outs.write(number, out)

        zero = tf.zeros((), model.variable_dtype)
        *_, carry, loss, outs = tf.while_loop(
            lambda number, *_: number < pieces,
            body,
            (0, 0, carry, zero, outs),
            maximum_iterations=pieces,
            parallel_iterations=1,
        )
        if not model.return_sequences:
            return loss, tf.ensure_shape(outs.read(pieces - 1), shown.shape), carry
        out = tf.transpose(outs.concat(), (1, 0, 2))
        return loss, tf.ensure_shape(out, shown.shape), carry

    def close(self, carry: Carry) -> Carry:
        """Let no step wait for its traces: others follow that have no target.

        What the steps have given is kept for their update, which is due after K steps as before.
        """

        def learned():
            if self.model.return_sequences:
                found, after = self._credit(carry, carry.window.y, carry.window.weight)
                return after._replace(window=after.window._replace(sums=found))
            x, mask = self._steps(carry.window)
            _, after, reads = self.model.run(x, carry.window.start, mask)
            return self._after(carry, after, reads)

        return tf.cond(carry.window.count > 0, lambda: as_before(learned(), carry), lambda: carry)

    def _read(self, carry, x, mask):
        """Outputs of some steps, and the states after them."""
        model, latest = self.model, carry.latest
        if mask is not None:
            latest = model.latest(latest, x, mask)
        h, states, _ = model.run(x, carry.states, mask)
        out = model.read(model.shown(h, states, latest), training=False)
        window = carry.window
        start = tf.nest.map_structure(
            lambda now, then: tf.where(window.count == 0, now, then), carry.states, window.start
        )
        window = window._replace(start=start)
        return out, carry._replace(states=states, latest=latest, window=window)

    def _put(self, carry, x, mask, y, weight, length):
        """Some steps into the window."""
        window = carry.window
        end = window.count + length

        def filled(room, steps):
            if isinstance(room, tuple):  # there is none
                return room
            return tf.concat([room[:, : window.count], steps, room[:, end:]], axis=1)

        window = window._replace(
            x=filled(window.x, x),
            mask=filled(window.mask, mask),
            y=filled(window.y, y),
            weight=filled(window.weight, weight),
            count=end,
            steps=window.steps + length,
        )
        return carry._replace(window=window)

    def _update(self, carry, y, weight, seen):
        """Change the weights by a full window, after what was seen of it with the old ones."""
        if self.model.return_sequences:
            y, weight = carry.window.y, carry.window.weight
        found, new = self._credit(carry, y, weight)
        window = new.window
        nothing = tf.nest.map_structure(tf.zeros_like, window.sums)
        new = new._replace(window=window._replace(sums=nothing, steps=tf.zeros_like(window.steps)))
        self.model.apply_gradients(found, (new, seen))
        return as_before(new, carry)

    def _credit(self, carry, y, weight):
        """The gradients of an update as far as its window goes, and what goes on."""
        model, window = self.model, carry.window
        x, mask = self._steps(window)
        if model.return_sequences:
            y, weight = y[:, : window.count], weight[:, : window.count]
        began = carry._replace(states=window.start)
        _, _, found, after, reads = model.learn_window(x, y, weight, began, mask, scaled=True)
        if model.return_sequences:
            share = window.count / self.every
            found = [
                s + tf.cast(share, g.dtype) * g for s, g in zip(window.sums, found, strict=True)
            ]
        return found, self._after(carry, after, reads)

    def _after(self, carry, states, reads):
        """What goes on from an open window that is closed."""
        window = carry.window
        _, mask = self._steps(window)
        traces = self.model.advance(carry.traces, reads, window.start, mask)
        closed = window._replace(count=tf.zeros_like(window.count))
        return carry._replace(states=states, traces=traces, window=closed)

    def _steps(self, window):
        """Inputs and mask of the steps that stand in a window."""
        mask = None if isinstance(window.mask, tuple) else window.mask[:, : window.count]
        return window.x[:, : window.count], mask

    def _in_steps(self, y, weight):
        """Targets and sample weights as a window keeps them."""
        loss = losses.instance_of(self.model.loss)
        weight = losses.of_steps(weight, y)
        if weight is None:
            weight = tf.ones(tf.shape(y)[:2], loss.dtype)
        weight = tf.reshape(tf.cast(weight, loss.dtype), tf.shape(y)[:2])
        if type(loss) is losses.SPARSE:
            y = tf.reshape(y, tf.shape(y)[:2])
        elif len(y.shape) == 2:
            y = y[..., None]
        return tf.cast(y, loss.dtype), weight


def as_before(new: Any, old: Any) -> Any:
    """What is carried, with the shapes that it had: those of unknown lengths forget some."""
    return tf.nest.map_structure(lambda a, b: tf.ensure_shape(a, b.shape), new, old)
