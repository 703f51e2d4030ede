"""Answers to `LSTMCell`, written from its notebook alone; each cell is one, with what is wrong."""

import keras
import numpy as np
import tensorflow as tf


# %% single: the four parts are taken in another order: i, f, o, candidate
@keras.saving.register_keras_serializable("course_lib")
class LSTMCell(keras.layers.Layer):
    def __init__(self, units, forget_bias=1.0, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.forget_bias = forget_bias
        self.state_size = [units, units]
        self.output_size = units

    def build(self, input_shape):
        n = self.units
        start = np.repeat([0, self.forget_bias, 0, 0], n)
        self.W_x = self.add_weight(
            name="W_x",
            shape=(input_shape[-1], 4 * n),
            initializer="glorot_uniform",
        )
        self.W_h = self.add_weight(name="W_h", shape=(n, 4 * n), initializer="orthogonal")
        self.b = self.add_weight(
            name="b",
            shape=(4 * n,),
            initializer=keras.initializers.Constant(start),
        )

    def call(self, x_t, states, training=False):
        h, c = states
        a = keras.ops.matmul(x_t, self.W_x) + self.b
        a = a + keras.ops.matmul(h, self.W_h)
        i, f, o, candidate = keras.ops.split(a, 4, axis=1)
        i, f, o = (keras.ops.sigmoid(gate) for gate in (i, f, o))
        c = f * c + i * keras.ops.tanh(candidate)
        h = o * keras.ops.tanh(c)
        return h, [h, c]

    def get_config(self):
        return {
            **super().get_config(),
            "units": self.units,
            "forget_bias": self.forget_bias,
        }


# %% single: the output has no tanh of the memory
@keras.saving.register_keras_serializable("course_lib")
class LSTMCell(keras.layers.Layer):
    def __init__(self, units, forget_bias=1.0, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.forget_bias = forget_bias
        self.state_size = [units, units]
        self.output_size = units

    def build(self, input_shape):
        n = self.units
        start = np.repeat([0, self.forget_bias, 0, 0], n)
        self.W_x = self.add_weight(
            name="W_x",
            shape=(input_shape[-1], 4 * n),
            initializer="glorot_uniform",
        )
        self.W_h = self.add_weight(name="W_h", shape=(n, 4 * n), initializer="orthogonal")
        self.b = self.add_weight(
            name="b",
            shape=(4 * n,),
            initializer=keras.initializers.Constant(start),
        )

    def call(self, x_t, states, training=False):
        h, c = states
        a = keras.ops.matmul(x_t, self.W_x) + self.b
        a = a + keras.ops.matmul(h, self.W_h)
        i, f, candidate, o = keras.ops.split(a, 4, axis=1)
        i, f, o = (keras.ops.sigmoid(gate) for gate in (i, f, o))
        c = f * c + i * keras.ops.tanh(candidate)
        h = o * c
        return h, [h, c]

    def get_config(self):
        return {
            **super().get_config(),
            "units": self.units,
            "forget_bias": self.forget_bias,
        }


# %% single: the output reads the memory before the step
@keras.saving.register_keras_serializable("course_lib")
class LSTMCell(keras.layers.Layer):
    def __init__(self, units, forget_bias=1.0, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.forget_bias = forget_bias
        self.state_size = [units, units]
        self.output_size = units

    def build(self, input_shape):
        n = self.units
        start = np.repeat([0, self.forget_bias, 0, 0], n)
        self.W_x = self.add_weight(
            name="W_x",
            shape=(input_shape[-1], 4 * n),
            initializer="glorot_uniform",
        )
        self.W_h = self.add_weight(name="W_h", shape=(n, 4 * n), initializer="orthogonal")
        self.b = self.add_weight(
            name="b",
            shape=(4 * n,),
            initializer=keras.initializers.Constant(start),
        )

    def call(self, x_t, states, training=False):
        h, c = states
        a = keras.ops.matmul(x_t, self.W_x) + self.b
        a = a + keras.ops.matmul(h, self.W_h)
        i, f, candidate, o = keras.ops.split(a, 4, axis=1)
        i, f, o = (keras.ops.sigmoid(gate) for gate in (i, f, o))
        new = f * c + i * keras.ops.tanh(candidate)
        h = o * keras.ops.tanh(c)
        return h, [h, new]

    def get_config(self):
        return {
            **super().get_config(),
            "units": self.units,
            "forget_bias": self.forget_bias,
        }


# %% single: the forget bias is added at each step, and the weight starts at zero
@keras.saving.register_keras_serializable("course_lib")
class LSTMCell(keras.layers.Layer):
    def __init__(self, units, forget_bias=1.0, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.forget_bias = forget_bias
        self.state_size = [units, units]
        self.output_size = units

    def build(self, input_shape):
        n = self.units
        start = np.zeros(4 * n)
        self.W_x = self.add_weight(
            name="W_x",
            shape=(input_shape[-1], 4 * n),
            initializer="glorot_uniform",
        )
        self.W_h = self.add_weight(name="W_h", shape=(n, 4 * n), initializer="orthogonal")
        self.b = self.add_weight(
            name="b",
            shape=(4 * n,),
            initializer=keras.initializers.Constant(start),
        )

    def call(self, x_t, states, training=False):
        h, c = states
        a = keras.ops.matmul(x_t, self.W_x) + self.b
        a = a + keras.ops.matmul(h, self.W_h)
        i, f, candidate, o = keras.ops.split(a, 4, axis=1)
        f = f + self.forget_bias
        i, f, o = (keras.ops.sigmoid(gate) for gate in (i, f, o))
        c = f * c + i * keras.ops.tanh(candidate)
        h = o * keras.ops.tanh(c)
        return h, [h, c]

    def get_config(self):
        return {
            **super().get_config(),
            "units": self.units,
            "forget_bias": self.forget_bias,
        }


# %% single: the forget bias stands at the input gate
@keras.saving.register_keras_serializable("course_lib")
class LSTMCell(keras.layers.Layer):
    def __init__(self, units, forget_bias=1.0, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.forget_bias = forget_bias
        self.state_size = [units, units]
        self.output_size = units

    def build(self, input_shape):
        n = self.units
        start = np.repeat([self.forget_bias, 0, 0, 0], n)
        self.W_x = self.add_weight(
            name="W_x",
            shape=(input_shape[-1], 4 * n),
            initializer="glorot_uniform",
        )
        self.W_h = self.add_weight(name="W_h", shape=(n, 4 * n), initializer="orthogonal")
        self.b = self.add_weight(
            name="b",
            shape=(4 * n,),
            initializer=keras.initializers.Constant(start),
        )

    def call(self, x_t, states, training=False):
        h, c = states
        a = keras.ops.matmul(x_t, self.W_x) + self.b
        a = a + keras.ops.matmul(h, self.W_h)
        i, f, candidate, o = keras.ops.split(a, 4, axis=1)
        i, f, o = (keras.ops.sigmoid(gate) for gate in (i, f, o))
        c = f * c + i * keras.ops.tanh(candidate)
        h = o * keras.ops.tanh(c)
        return h, [h, c]

    def get_config(self):
        return {
            **super().get_config(),
            "units": self.units,
            "forget_bias": self.forget_bias,
        }


# %% single: the new states come back as c, h
@keras.saving.register_keras_serializable("course_lib")
class LSTMCell(keras.layers.Layer):
    def __init__(self, units, forget_bias=1.0, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.forget_bias = forget_bias
        self.state_size = [units, units]
        self.output_size = units

    def build(self, input_shape):
        n = self.units
        start = np.repeat([0, self.forget_bias, 0, 0], n)
        self.W_x = self.add_weight(
            name="W_x",
            shape=(input_shape[-1], 4 * n),
            initializer="glorot_uniform",
        )
        self.W_h = self.add_weight(name="W_h", shape=(n, 4 * n), initializer="orthogonal")
        self.b = self.add_weight(
            name="b",
            shape=(4 * n,),
            initializer=keras.initializers.Constant(start),
        )

    def call(self, x_t, states, training=False):
        h, c = states
        a = keras.ops.matmul(x_t, self.W_x) + self.b
        a = a + keras.ops.matmul(h, self.W_h)
        i, f, candidate, o = keras.ops.split(a, 4, axis=1)
        i, f, o = (keras.ops.sigmoid(gate) for gate in (i, f, o))
        c = f * c + i * keras.ops.tanh(candidate)
        h = o * keras.ops.tanh(c)
        return h, [c, h]

    def get_config(self):
        return {
            **super().get_config(),
            "units": self.units,
            "forget_bias": self.forget_bias,
        }


# %% single: forget_bias is ignored: always 1
@keras.saving.register_keras_serializable("course_lib")
class LSTMCell(keras.layers.Layer):
    def __init__(self, units, forget_bias=1.0, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.forget_bias = forget_bias
        self.state_size = [units, units]
        self.output_size = units

    def build(self, input_shape):
        n = self.units
        start = np.repeat([0, 1, 0, 0], n)
        self.W_x = self.add_weight(
            name="W_x",
            shape=(input_shape[-1], 4 * n),
            initializer="glorot_uniform",
        )
        self.W_h = self.add_weight(name="W_h", shape=(n, 4 * n), initializer="orthogonal")
        self.b = self.add_weight(
            name="b",
            shape=(4 * n,),
            initializer=keras.initializers.Constant(start),
        )

    def call(self, x_t, states, training=False):
        h, c = states
        a = keras.ops.matmul(x_t, self.W_x) + self.b
        a = a + keras.ops.matmul(h, self.W_h)
        i, f, candidate, o = keras.ops.split(a, 4, axis=1)
        i, f, o = (keras.ops.sigmoid(gate) for gate in (i, f, o))
        c = f * c + i * keras.ops.tanh(candidate)
        h = o * keras.ops.tanh(c)
        return h, [h, c]

    def get_config(self):
        return {
            **super().get_config(),
            "units": self.units,
            "forget_bias": self.forget_bias,
        }


# %% double: coupled gates, and W_h starts uniform
@keras.saving.register_keras_serializable("course_lib")
class LSTMCell(keras.layers.Layer):
    def __init__(self, units, forget_bias=1.0, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.forget_bias = forget_bias
        self.state_size = [units, units]
        self.output_size = units

    def build(self, input_shape):
        n = self.units
        start = np.repeat([0, self.forget_bias, 0, 0], n)
        self.W_x = self.add_weight(
            name="W_x",
            shape=(input_shape[-1], 4 * n),
            initializer="glorot_uniform",
        )
        self.W_h = self.add_weight(name="W_h", shape=(n, 4 * n), initializer="glorot_uniform")
        self.b = self.add_weight(
            name="b",
            shape=(4 * n,),
            initializer=keras.initializers.Constant(start),
        )

    def call(self, x_t, states, training=False):
        h, c = states
        a = keras.ops.matmul(x_t, self.W_x) + self.b
        a = a + keras.ops.matmul(h, self.W_h)
        i, f, candidate, o = keras.ops.split(a, 4, axis=1)
        i, f, o = (keras.ops.sigmoid(gate) for gate in (i, f, o))
        c = f * c + (1 - f) * keras.ops.tanh(candidate)
        h = o * keras.ops.tanh(c)
        return h, [h, c]

    def get_config(self):
        return {
            **super().get_config(),
            "units": self.units,
            "forget_bias": self.forget_bias,
        }


# %% right: as the hints say
@keras.saving.register_keras_serializable("course_lib")
class LSTMCell(keras.layers.Layer):
    def __init__(self, units, forget_bias=1.0, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.forget_bias = forget_bias
        self.state_size = [units, units]
        self.output_size = units

    def build(self, input_shape):
        n = self.units
        start = np.repeat([0, self.forget_bias, 0, 0], n)
        self.W_x = self.add_weight(
            name="W_x",
            shape=(input_shape[-1], 4 * n),
            initializer="glorot_uniform",
        )
        self.W_h = self.add_weight(name="W_h", shape=(n, 4 * n), initializer="orthogonal")
        self.b = self.add_weight(
            name="b",
            shape=(4 * n,),
            initializer=keras.initializers.Constant(start),
        )

    def call(self, x_t, states, training=False):
        h, c = states
        a = keras.ops.matmul(x_t, self.W_x) + self.b
        a = a + keras.ops.matmul(h, self.W_h)
        i, f, candidate, o = keras.ops.split(a, 4, axis=1)
        i, f, o = (keras.ops.sigmoid(gate) for gate in (i, f, o))
        c = f * c + i * keras.ops.tanh(candidate)
        h = o * keras.ops.tanh(c)
        return h, [h, c]

    def get_config(self):
        return {
            **super().get_config(),
            "units": self.units,
            "forget_bias": self.forget_bias,
        }


# %% right: gates as an axis of their own, sigmoid by tanh, an initializer of its own
@keras.saving.register_keras_serializable("course_lib")
class LSTMCell(keras.layers.Layer):
    def __init__(self, units, forget_bias=1.0, **kwargs):
        super().__init__(**kwargs)
        self.units, self.forget_bias = units, forget_bias
        self.state_size = (units, units)
        self.output_size = units

    def build(self, input_shape):
        n = self.units

        def first_bias(shape, dtype=None):
            zeros = tf.zeros((n,), dtype)
            return tf.concat([zeros, zeros + self.forget_bias, zeros, zeros], axis=0)

        kinds = {
            "kernel": ((input_shape[-1], 4 * n), "glorot_uniform"),
            "recurrent": ((n, 4 * n), "orthogonal"),
            "bias": ((4 * n,), first_bias),
        }
        self.kernel, self.recurrent, self.bias = (
            self.add_weight(name=name, shape=shape, initializer=how)
            for name, (shape, how) in kinds.items()
        )

    def call(self, x_t, states, training=False):
        h, c = states[0], states[1]
        a = tf.matmul(x_t, self.kernel) + tf.matmul(h, self.recurrent)
        a = tf.reshape(a + self.bias, (-1, 4, self.units))

        def gate(k):
            return 0.5 + 0.5 * tf.tanh(0.5 * a[:, k])

        c = gate(1) * c + gate(0) * tf.tanh(a[:, 2])
        h = gate(3) * tf.tanh(c)
        return h, [h, c]

    def get_config(self):
        return {
            **super().get_config(),
            "units": self.units,
            "forget_bias": self.forget_bias,
        }
