"""Answers to `VanillaRNNCell`, written from its notebook alone; each cell is one, with what is wrong."""

import keras
import numpy as np
import tensorflow as tf


# %% single: NumPy's tanh on a tensor
@keras.saving.register_keras_serializable("course_lib")
class VanillaRNNCell(keras.layers.Layer):
    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.state_size = units

    def build(self, input_shape):
        m, n = input_shape[-1], self.units
        self.W_xh = self.add_weight(name="W_xh", shape=(m, n), initializer="glorot_uniform")
        self.W_hh = self.add_weight(name="W_hh", shape=(n, n), initializer="orthogonal")
        self.b_h = self.add_weight(name="b_h", shape=(n,), initializer="zeros")

    def call(self, x_t, states, training=False):
        a = keras.ops.matmul(x_t, self.W_xh) + self.b_h
        h = np.tanh(a + keras.ops.matmul(states[0], self.W_hh))
        return h, [h]

    def get_config(self):
        return {**super().get_config(), "units": self.units}


# %% single: W_hh starts with Glorot's numbers, like W_xh
@keras.saving.register_keras_serializable("course_lib")
class VanillaRNNCell(keras.layers.Layer):
    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.state_size = units

    def build(self, input_shape):
        m, n = input_shape[-1], self.units
        self.W_xh = self.add_weight(name="W_xh", shape=(m, n), initializer="glorot_uniform")
        self.W_hh = self.add_weight(name="W_hh", shape=(n, n), initializer="glorot_uniform")
        self.b_h = self.add_weight(name="b_h", shape=(n,), initializer="zeros")

    def call(self, x_t, states, training=False):
        a = keras.ops.matmul(x_t, self.W_xh) + self.b_h
        h = keras.ops.tanh(a + keras.ops.matmul(states[0], self.W_hh))
        return h, [h]

    def get_config(self):
        return {**super().get_config(), "units": self.units}


# %% single: the recurrent product with the transposed W_hh
@keras.saving.register_keras_serializable("course_lib")
class VanillaRNNCell(keras.layers.Layer):
    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.state_size = units

    def build(self, input_shape):
        m, n = input_shape[-1], self.units
        self.W_xh = self.add_weight(name="W_xh", shape=(m, n), initializer="glorot_uniform")
        self.W_hh = self.add_weight(name="W_hh", shape=(n, n), initializer="orthogonal")
        self.b_h = self.add_weight(name="b_h", shape=(n,), initializer="zeros")

    def call(self, x_t, states, training=False):
        a = keras.ops.matmul(x_t, self.W_xh) + self.b_h
        h = keras.ops.tanh(a + keras.ops.matmul(states[0], keras.ops.transpose(self.W_hh)))
        return h, [h]

    def get_config(self):
        return {**super().get_config(), "units": self.units}


# %% single: units is missing in the config
@keras.saving.register_keras_serializable("course_lib")
class VanillaRNNCell(keras.layers.Layer):
    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.state_size = units

    def build(self, input_shape):
        m, n = input_shape[-1], self.units
        self.W_xh = self.add_weight(name="W_xh", shape=(m, n), initializer="glorot_uniform")
        self.W_hh = self.add_weight(name="W_hh", shape=(n, n), initializer="orthogonal")
        self.b_h = self.add_weight(name="b_h", shape=(n,), initializer="zeros")

    def call(self, x_t, states, training=False):
        a = keras.ops.matmul(x_t, self.W_xh) + self.b_h
        h = keras.ops.tanh(a + keras.ops.matmul(states[0], self.W_hh))
        return h, [h]

    def get_config(self):
        return super().get_config()


# %% single: the bias is added after the tanh
@keras.saving.register_keras_serializable("course_lib")
class VanillaRNNCell(keras.layers.Layer):
    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.state_size = units

    def build(self, input_shape):
        m, n = input_shape[-1], self.units
        self.W_xh = self.add_weight(name="W_xh", shape=(m, n), initializer="glorot_uniform")
        self.W_hh = self.add_weight(name="W_hh", shape=(n, n), initializer="orthogonal")
        self.b_h = self.add_weight(name="b_h", shape=(n,), initializer="zeros")

    def call(self, x_t, states, training=False):
        a = keras.ops.matmul(x_t, self.W_xh)
        h = keras.ops.tanh(a + keras.ops.matmul(states[0], self.W_hh)) + self.b_h
        return h, [h]

    def get_config(self):
        return {**super().get_config(), "units": self.units}


# %% double: the bias is made first, and W_hh is not orthogonal
@keras.saving.register_keras_serializable("course_lib")
class VanillaRNNCell(keras.layers.Layer):
    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.state_size = units

    def build(self, input_shape):
        m, n = input_shape[-1], self.units
        self.b_h = self.add_weight(name="b_h", shape=(n,), initializer="zeros")
        self.W_xh = self.add_weight(name="W_xh", shape=(m, n), initializer="glorot_uniform")
        self.W_hh = self.add_weight(name="W_hh", shape=(n, n), initializer="random_normal")

    def call(self, x_t, states, training=False):
        a = keras.ops.matmul(x_t, self.W_xh) + self.b_h
        h = keras.ops.tanh(a + keras.ops.matmul(states[0], self.W_hh))
        return h, [h]

    def get_config(self):
        return {**super().get_config(), "units": self.units}


# %% right: as the hints say
@keras.saving.register_keras_serializable("course_lib")
class VanillaRNNCell(keras.layers.Layer):
    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.state_size = units

    def build(self, input_shape):
        m, n = input_shape[-1], self.units
        self.W_xh = self.add_weight(name="W_xh", shape=(m, n), initializer="glorot_uniform")
        self.W_hh = self.add_weight(name="W_hh", shape=(n, n), initializer="orthogonal")
        self.b_h = self.add_weight(name="b_h", shape=(n,), initializer="zeros")

    def call(self, x_t, states, training=False):
        a = keras.ops.matmul(x_t, self.W_xh) + self.b_h
        h = keras.ops.tanh(a + keras.ops.matmul(states[0], self.W_hh))
        return h, [h]

    def get_config(self):
        return {**super().get_config(), "units": self.units}


# %% right: one product of [x, h], weights cut out of no stack, einsum
@keras.saving.register_keras_serializable("course_lib")
class VanillaRNNCell(keras.layers.Layer):
    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.n = int(units)
        self.state_size = [self.n]
        self.output_size = self.n

    def build(self, input_shape):
        _, m = input_shape
        make = self.add_weight
        self.input_weights = make(shape=(m, self.n), initializer=keras.initializers.GlorotUniform())
        self.memory_weights = make(
            shape=(self.n, self.n), initializer=keras.initializers.Orthogonal()
        )
        self.offset = make(shape=(self.n,), initializer="zeros")
        super().build(input_shape)

    def call(self, x_t, states, training=False):
        (h,) = states
        W = tf.concat([self.input_weights, self.memory_weights], axis=0)
        v = tf.concat([x_t, h], axis=1)
        h = tf.math.tanh(tf.einsum("bp,pn->bn", v, W) + self.offset)
        return h, [h]

    def get_config(self):
        config = super().get_config()
        config.update(units=self.n)
        return config


# %% right: written as wrong; but Keras takes a single new state without its list
@keras.saving.register_keras_serializable("course_lib")
class VanillaRNNCell(keras.layers.Layer):
    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.state_size = units

    def build(self, input_shape):
        m, n = input_shape[-1], self.units
        self.W_xh = self.add_weight(name="W_xh", shape=(m, n), initializer="glorot_uniform")
        self.W_hh = self.add_weight(name="W_hh", shape=(n, n), initializer="orthogonal")
        self.b_h = self.add_weight(name="b_h", shape=(n,), initializer="zeros")

    def call(self, x_t, states, training=False):
        a = keras.ops.matmul(x_t, self.W_xh) + self.b_h
        h = keras.ops.tanh(a + keras.ops.matmul(states[0], self.W_hh))
        return h, h

    def get_config(self):
        return {**super().get_config(), "units": self.units}
