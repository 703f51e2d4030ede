"""Answers to `GRUCell`, written from its notebook alone; each cell is one, with what is wrong."""

import keras
import numpy as np
import tensorflow as tf


# %% single: z and 1 - z have changed places
@keras.saving.register_keras_serializable("course_lib")
class GRUCell(keras.layers.Layer):
    def __init__(self, units, reset_after=False, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.reset_after = reset_after
        self.state_size = units
        self.output_size = units

    def build(self, input_shape):
        n = self.units
        self.W_x = self.add_weight(
            name="W_x",
            shape=(input_shape[-1], 3 * n),
            initializer="glorot_uniform",
        )
        self.W_h = self.add_weight(name="W_h", shape=(n, 3 * n), initializer="orthogonal")
        self.b = self.add_weight(
            name="b",
            shape=(2, 3 * n) if self.reset_after else (3 * n,),
            initializer="zeros",
        )

    def call(self, x_t, states, training=False):
        h, n = states[0], self.units
        from_x = keras.ops.matmul(x_t, self.W_x)
        if self.reset_after:
            from_x = from_x + self.b[0]
            from_h = keras.ops.matmul(h, self.W_h) + self.b[1]
            gates = keras.ops.sigmoid(from_x[:, : 2 * n] + from_h[:, : 2 * n])
            z, r = gates[:, :n], gates[:, n:]
            heard = r * from_h[:, 2 * n :]
        else:
            from_x = from_x + self.b
            from_h = keras.ops.matmul(h, self.W_h[:, : 2 * n])
            gates = keras.ops.sigmoid(from_x[:, : 2 * n] + from_h)
            z, r = gates[:, :n], gates[:, n:]
            heard = keras.ops.matmul(r * h, self.W_h[:, 2 * n :])
        candidate = keras.ops.tanh(from_x[:, 2 * n :] + heard)
        h = (1 - z) * h + z * candidate
        return h, [h]

    def get_config(self):
        return {
            **super().get_config(),
            "units": self.units,
            "reset_after": self.reset_after,
        }


# %% single: z and r have changed places
@keras.saving.register_keras_serializable("course_lib")
class GRUCell(keras.layers.Layer):
    def __init__(self, units, reset_after=False, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.reset_after = reset_after
        self.state_size = units
        self.output_size = units

    def build(self, input_shape):
        n = self.units
        self.W_x = self.add_weight(
            name="W_x",
            shape=(input_shape[-1], 3 * n),
            initializer="glorot_uniform",
        )
        self.W_h = self.add_weight(name="W_h", shape=(n, 3 * n), initializer="orthogonal")
        self.b = self.add_weight(
            name="b",
            shape=(2, 3 * n) if self.reset_after else (3 * n,),
            initializer="zeros",
        )

    def call(self, x_t, states, training=False):
        h, n = states[0], self.units
        from_x = keras.ops.matmul(x_t, self.W_x)
        if self.reset_after:
            from_x = from_x + self.b[0]
            from_h = keras.ops.matmul(h, self.W_h) + self.b[1]
            gates = keras.ops.sigmoid(from_x[:, : 2 * n] + from_h[:, : 2 * n])
            r, z = gates[:, :n], gates[:, n:]
            heard = r * from_h[:, 2 * n :]
        else:
            from_x = from_x + self.b
            from_h = keras.ops.matmul(h, self.W_h[:, : 2 * n])
            gates = keras.ops.sigmoid(from_x[:, : 2 * n] + from_h)
            r, z = gates[:, :n], gates[:, n:]
            heard = keras.ops.matmul(r * h, self.W_h[:, 2 * n :])
        candidate = keras.ops.tanh(from_x[:, 2 * n :] + heard)
        h = z * h + (1 - z) * candidate
        return h, [h]

    def get_config(self):
        return {
            **super().get_config(),
            "units": self.units,
            "reset_after": self.reset_after,
        }


# %% single: reset_after: the bias b' is added outside the reset
@keras.saving.register_keras_serializable("course_lib")
class GRUCell(keras.layers.Layer):
    def __init__(self, units, reset_after=False, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.reset_after = reset_after
        self.state_size = units
        self.output_size = units

    def build(self, input_shape):
        n = self.units
        self.W_x = self.add_weight(
            name="W_x",
            shape=(input_shape[-1], 3 * n),
            initializer="glorot_uniform",
        )
        self.W_h = self.add_weight(name="W_h", shape=(n, 3 * n), initializer="orthogonal")
        self.b = self.add_weight(
            name="b",
            shape=(2, 3 * n) if self.reset_after else (3 * n,),
            initializer="zeros",
        )

    def call(self, x_t, states, training=False):
        h, n = states[0], self.units
        from_x = keras.ops.matmul(x_t, self.W_x)
        if self.reset_after:
            from_x = from_x + self.b[0] + self.b[1]
            from_h = keras.ops.matmul(h, self.W_h)
            gates = keras.ops.sigmoid(from_x[:, : 2 * n] + from_h[:, : 2 * n])
            z, r = gates[:, :n], gates[:, n:]
            heard = r * from_h[:, 2 * n :]
        else:
            from_x = from_x + self.b
            from_h = keras.ops.matmul(h, self.W_h[:, : 2 * n])
            gates = keras.ops.sigmoid(from_x[:, : 2 * n] + from_h)
            z, r = gates[:, :n], gates[:, n:]
            heard = keras.ops.matmul(r * h, self.W_h[:, 2 * n :])
        candidate = keras.ops.tanh(from_x[:, 2 * n :] + heard)
        h = z * h + (1 - z) * candidate
        return h, [h]

    def get_config(self):
        return {
            **super().get_config(),
            "units": self.units,
            "reset_after": self.reset_after,
        }


# %% single: reset_after: r dampens h before the product
@keras.saving.register_keras_serializable("course_lib")
class GRUCell(keras.layers.Layer):
    def __init__(self, units, reset_after=False, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.reset_after = reset_after
        self.state_size = units
        self.output_size = units

    def build(self, input_shape):
        n = self.units
        self.W_x = self.add_weight(
            name="W_x",
            shape=(input_shape[-1], 3 * n),
            initializer="glorot_uniform",
        )
        self.W_h = self.add_weight(name="W_h", shape=(n, 3 * n), initializer="orthogonal")
        self.b = self.add_weight(
            name="b",
            shape=(2, 3 * n) if self.reset_after else (3 * n,),
            initializer="zeros",
        )

    def call(self, x_t, states, training=False):
        h, n = states[0], self.units
        from_x = keras.ops.matmul(x_t, self.W_x)
        if self.reset_after:
            from_x = from_x + self.b[0]
            from_h = keras.ops.matmul(h, self.W_h) + self.b[1]
            gates = keras.ops.sigmoid(from_x[:, : 2 * n] + from_h[:, : 2 * n])
            z, r = gates[:, :n], gates[:, n:]
            heard = keras.ops.matmul(r * h, self.W_h[:, 2 * n :])
        else:
            from_x = from_x + self.b
            from_h = keras.ops.matmul(h, self.W_h[:, : 2 * n])
            gates = keras.ops.sigmoid(from_x[:, : 2 * n] + from_h)
            z, r = gates[:, :n], gates[:, n:]
            heard = keras.ops.matmul(r * h, self.W_h[:, 2 * n :])
        candidate = keras.ops.tanh(from_x[:, 2 * n :] + heard)
        h = z * h + (1 - z) * candidate
        return h, [h]

    def get_config(self):
        return {
            **super().get_config(),
            "units": self.units,
            "reset_after": self.reset_after,
        }


# %% single: reset_after=False: r after the product
@keras.saving.register_keras_serializable("course_lib")
class GRUCell(keras.layers.Layer):
    def __init__(self, units, reset_after=False, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.reset_after = reset_after
        self.state_size = units
        self.output_size = units

    def build(self, input_shape):
        n = self.units
        self.W_x = self.add_weight(
            name="W_x",
            shape=(input_shape[-1], 3 * n),
            initializer="glorot_uniform",
        )
        self.W_h = self.add_weight(name="W_h", shape=(n, 3 * n), initializer="orthogonal")
        self.b = self.add_weight(
            name="b",
            shape=(2, 3 * n) if self.reset_after else (3 * n,),
            initializer="zeros",
        )

    def call(self, x_t, states, training=False):
        h, n = states[0], self.units
        from_x = keras.ops.matmul(x_t, self.W_x)
        if self.reset_after:
            from_x = from_x + self.b[0]
            from_h = keras.ops.matmul(h, self.W_h) + self.b[1]
            gates = keras.ops.sigmoid(from_x[:, : 2 * n] + from_h[:, : 2 * n])
            z, r = gates[:, :n], gates[:, n:]
            heard = r * from_h[:, 2 * n :]
        else:
            from_x = from_x + self.b
            from_h = keras.ops.matmul(h, self.W_h[:, : 2 * n])
            gates = keras.ops.sigmoid(from_x[:, : 2 * n] + from_h)
            z, r = gates[:, :n], gates[:, n:]
            heard = r * keras.ops.matmul(h, self.W_h[:, 2 * n :])
        candidate = keras.ops.tanh(from_x[:, 2 * n :] + heard)
        h = z * h + (1 - z) * candidate
        return h, [h]

    def get_config(self):
        return {
            **super().get_config(),
            "units": self.units,
            "reset_after": self.reset_after,
        }


# %% single: the reset gate acts on the whole candidate
@keras.saving.register_keras_serializable("course_lib")
class GRUCell(keras.layers.Layer):
    def __init__(self, units, reset_after=False, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.reset_after = reset_after
        self.state_size = units
        self.output_size = units

    def build(self, input_shape):
        n = self.units
        self.W_x = self.add_weight(
            name="W_x",
            shape=(input_shape[-1], 3 * n),
            initializer="glorot_uniform",
        )
        self.W_h = self.add_weight(name="W_h", shape=(n, 3 * n), initializer="orthogonal")
        self.b = self.add_weight(
            name="b",
            shape=(2, 3 * n) if self.reset_after else (3 * n,),
            initializer="zeros",
        )

    def call(self, x_t, states, training=False):
        h, n = states[0], self.units
        from_x = keras.ops.matmul(x_t, self.W_x)
        if self.reset_after:
            from_x = from_x + self.b[0]
            from_h = keras.ops.matmul(h, self.W_h) + self.b[1]
            gates = keras.ops.sigmoid(from_x[:, : 2 * n] + from_h[:, : 2 * n])
            z, r = gates[:, :n], gates[:, n:]
            heard = r * from_h[:, 2 * n :]
        else:
            from_x = from_x + self.b
            from_h = keras.ops.matmul(h, self.W_h[:, : 2 * n])
            gates = keras.ops.sigmoid(from_x[:, : 2 * n] + from_h)
            z, r = gates[:, :n], gates[:, n:]
            heard = keras.ops.matmul(r * h, self.W_h[:, 2 * n :])
        candidate = keras.ops.tanh(r * from_x[:, 2 * n :] + heard)
        h = z * h + (1 - z) * candidate
        return h, [h]

    def get_config(self):
        return {
            **super().get_config(),
            "units": self.units,
            "reset_after": self.reset_after,
        }


# %% single: the bias has one row in both conventions
@keras.saving.register_keras_serializable("course_lib")
class GRUCell(keras.layers.Layer):
    def __init__(self, units, reset_after=False, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.reset_after = reset_after
        self.state_size = units
        self.output_size = units

    def build(self, input_shape):
        n = self.units
        self.W_x = self.add_weight(
            name="W_x",
            shape=(input_shape[-1], 3 * n),
            initializer="glorot_uniform",
        )
        self.W_h = self.add_weight(name="W_h", shape=(n, 3 * n), initializer="orthogonal")
        self.b = self.add_weight(
            name="b",
            shape=(3 * n,),
            initializer="zeros",
        )

    def call(self, x_t, states, training=False):
        h, n = states[0], self.units
        from_x = keras.ops.matmul(x_t, self.W_x)
        if self.reset_after:
            from_x = from_x + self.b
            from_h = keras.ops.matmul(h, self.W_h)
            gates = keras.ops.sigmoid(from_x[:, : 2 * n] + from_h[:, : 2 * n])
            z, r = gates[:, :n], gates[:, n:]
            heard = r * from_h[:, 2 * n :]
        else:
            from_x = from_x + self.b
            from_h = keras.ops.matmul(h, self.W_h[:, : 2 * n])
            gates = keras.ops.sigmoid(from_x[:, : 2 * n] + from_h)
            z, r = gates[:, :n], gates[:, n:]
            heard = keras.ops.matmul(r * h, self.W_h[:, 2 * n :])
        candidate = keras.ops.tanh(from_x[:, 2 * n :] + heard)
        h = z * h + (1 - z) * candidate
        return h, [h]

    def get_config(self):
        return {
            **super().get_config(),
            "units": self.units,
            "reset_after": self.reset_after,
        }


# %% double: the mix is the wrong way round, and W_h starts uniform
@keras.saving.register_keras_serializable("course_lib")
class GRUCell(keras.layers.Layer):
    def __init__(self, units, reset_after=False, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.reset_after = reset_after
        self.state_size = units
        self.output_size = units

    def build(self, input_shape):
        n = self.units
        self.W_x = self.add_weight(
            name="W_x",
            shape=(input_shape[-1], 3 * n),
            initializer="glorot_uniform",
        )
        self.W_h = self.add_weight(name="W_h", shape=(n, 3 * n), initializer="glorot_uniform")
        self.b = self.add_weight(
            name="b",
            shape=(2, 3 * n) if self.reset_after else (3 * n,),
            initializer="zeros",
        )

    def call(self, x_t, states, training=False):
        h, n = states[0], self.units
        from_x = keras.ops.matmul(x_t, self.W_x)
        if self.reset_after:
            from_x = from_x + self.b[0]
            from_h = keras.ops.matmul(h, self.W_h) + self.b[1]
            gates = keras.ops.sigmoid(from_x[:, : 2 * n] + from_h[:, : 2 * n])
            z, r = gates[:, :n], gates[:, n:]
            heard = r * from_h[:, 2 * n :]
        else:
            from_x = from_x + self.b
            from_h = keras.ops.matmul(h, self.W_h[:, : 2 * n])
            gates = keras.ops.sigmoid(from_x[:, : 2 * n] + from_h)
            z, r = gates[:, :n], gates[:, n:]
            heard = keras.ops.matmul(r * h, self.W_h[:, 2 * n :])
        candidate = keras.ops.tanh(from_x[:, 2 * n :] + heard)
        h = (1 - z) * h + z * candidate
        return h, [h]

    def get_config(self):
        return {
            **super().get_config(),
            "units": self.units,
            "reset_after": self.reset_after,
        }


# %% right: as the hints say
@keras.saving.register_keras_serializable("course_lib")
class GRUCell(keras.layers.Layer):
    def __init__(self, units, reset_after=False, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.reset_after = reset_after
        self.state_size = units
        self.output_size = units

    def build(self, input_shape):
        n = self.units
        self.W_x = self.add_weight(
            name="W_x",
            shape=(input_shape[-1], 3 * n),
            initializer="glorot_uniform",
        )
        self.W_h = self.add_weight(name="W_h", shape=(n, 3 * n), initializer="orthogonal")
        self.b = self.add_weight(
            name="b",
            shape=(2, 3 * n) if self.reset_after else (3 * n,),
            initializer="zeros",
        )

    def call(self, x_t, states, training=False):
        h, n = states[0], self.units
        from_x = keras.ops.matmul(x_t, self.W_x)
        if self.reset_after:
            from_x = from_x + self.b[0]
            from_h = keras.ops.matmul(h, self.W_h) + self.b[1]
            gates = keras.ops.sigmoid(from_x[:, : 2 * n] + from_h[:, : 2 * n])
            z, r = gates[:, :n], gates[:, n:]
            heard = r * from_h[:, 2 * n :]
        else:
            from_x = from_x + self.b
            from_h = keras.ops.matmul(h, self.W_h[:, : 2 * n])
            gates = keras.ops.sigmoid(from_x[:, : 2 * n] + from_h)
            z, r = gates[:, :n], gates[:, n:]
            heard = keras.ops.matmul(r * h, self.W_h[:, 2 * n :])
        candidate = keras.ops.tanh(from_x[:, 2 * n :] + heard)
        h = z * h + (1 - z) * candidate
        return h, [h]

    def get_config(self):
        return {
            **super().get_config(),
            "units": self.units,
            "reset_after": self.reset_after,
        }


# %% right: tf.split, the mix as candidate + z (h - candidate), one path for both conventions
@keras.saving.register_keras_serializable("course_lib")
class GRUCell(keras.layers.Layer):
    def __init__(self, units, reset_after=False, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.reset_after = reset_after
        self.state_size = units
        self.output_size = units

    def build(self, input_shape):
        m, n = input_shape[-1], self.units
        self.kernel = self.add_weight(shape=(m, 3 * n))
        self.recurrent = self.add_weight(
            shape=(n, 3 * n), initializer=keras.initializers.Orthogonal()
        )
        rows = [2] * bool(self.reset_after)
        self.bias = self.add_weight(shape=(*rows, 3 * n), initializer="zeros")

    def call(self, x_t, states, training=False):
        (h,) = states
        both = tf.reshape(self.bias, (-1, 3 * self.units))
        x_z, x_r, x_c = tf.split(tf.matmul(x_t, self.kernel) + both[0], 3, 1)
        if self.reset_after:
            h_z, h_r, h_c = tf.split(tf.matmul(h, self.recurrent) + both[1], 3, axis=1)
            z, r = tf.sigmoid(x_z + h_z), tf.sigmoid(x_r + h_r)
            candidate = tf.tanh(x_c + r * h_c)
        else:
            W_g, W_c = tf.split(self.recurrent, [2 * self.units, self.units], axis=1)
            h_z, h_r = tf.split(tf.matmul(h, W_g), 2, axis=1)
            z, r = tf.sigmoid(x_z + h_z), tf.sigmoid(x_r + h_r)
            candidate = tf.tanh(x_c + tf.matmul(r * h, W_c))
        new = candidate + z * (h - candidate)
        return new, [new]

    def get_config(self):
        return {
            **super().get_config(),
            "units": self.units,
            "reset_after": self.reset_after,
        }
