"""Answers to `LRULayer`, written from its notebook alone; each cell is one, with what is wrong."""

import keras
import numpy as np
import tensorflow as tf

from course_lib.scratch.diagonal import init_lru


def fast_scan(a, b, h_0):
    @tf.custom_gradient
    def states(a, b, h_0):
        a, b = (tf.transpose(z, (1, 0, 2)) for z in (a, b))

        def run(a, b, h_0, reverse=False):
            return tf.scan(
                lambda h, now: now[0] * h + now[1],
                (a, b),
                h_0,
                reverse=reverse,
            )

        h = run(a, b, h_0)

        def backward(dh):
            dh = tf.transpose(dh, (1, 0, 2))
            factors = tf.concat([a[1:], tf.zeros_like(a[:1])], axis=0)
            db = run(tf.math.conj(factors), dh, tf.zeros_like(h_0), reverse=True)
            before = tf.concat([h_0[None], h[:-1]], axis=0)
            da = db * tf.math.conj(before)
            dh_0 = tf.math.conj(a[0]) * db[0]
            da, db = (tf.transpose(z, (1, 0, 2)) for z in (da, db))
            return da, db, dh_0

        return tf.transpose(h, (1, 0, 2)), backward

    return states(a, b, h_0)


# %% single: the imaginary parts are added, not subtracted
@keras.saving.register_keras_serializable("course_lib")
class LRULayer(keras.layers.Layer):
    def __init__(self, units, outputs, seed=0, **kwargs):
        super().__init__(**kwargs)
        self.units, self.outputs, self.seed = units, outputs, seed

    def build(self, input_shape):
        m = input_shape[-1]
        first = init_lru(m, self.units, self.outputs, self.seed)
        for name in ("B", "C"):
            numbers = first.pop(name)
            first[f"{name}_re"], first[f"{name}_im"] = (
                numbers.real,
                numbers.imag,
            )
        order = ("nu_log", "theta_log", "gamma_log")
        for name in (*order, "B_re", "B_im", "C_re", "C_im", "D"):
            weight = self.add_weight(
                name=name,
                shape=first[name].shape,
                initializer=keras.initializers.Constant(first[name]),
            )
            setattr(self, name, weight)

    def call(self, x):
        lam = tf.exp(tf.complex(-tf.exp(self.nu_log), tf.exp(self.theta_log)))
        scale = tf.exp(self.gamma_log)
        b = tf.complex(scale * (x @ self.B_re), scale * (x @ self.B_im))
        a = tf.broadcast_to(lam, tf.shape(b))
        z = fast_scan(a, b, tf.zeros_like(b[:, 0]))
        y = tf.math.real(z) @ self.C_re + tf.math.imag(z) @ self.C_im
        return y + x @ self.D

    def get_config(self):
        return {
            **super().get_config(),
            "units": self.units,
            "outputs": self.outputs,
            "seed": self.seed,
        }


# %% single: a product of real parts only
@keras.saving.register_keras_serializable("course_lib")
class LRULayer(keras.layers.Layer):
    def __init__(self, units, outputs, seed=0, **kwargs):
        super().__init__(**kwargs)
        self.units, self.outputs, self.seed = units, outputs, seed

    def build(self, input_shape):
        m = input_shape[-1]
        first = init_lru(m, self.units, self.outputs, self.seed)
        for name in ("B", "C"):
            numbers = first.pop(name)
            first[f"{name}_re"], first[f"{name}_im"] = (
                numbers.real,
                numbers.imag,
            )
        order = ("nu_log", "theta_log", "gamma_log")
        for name in (*order, "B_re", "B_im", "C_re", "C_im", "D"):
            weight = self.add_weight(
                name=name,
                shape=first[name].shape,
                initializer=keras.initializers.Constant(first[name]),
            )
            setattr(self, name, weight)

    def call(self, x):
        lam = tf.exp(tf.complex(-tf.exp(self.nu_log), tf.exp(self.theta_log)))
        scale = tf.exp(self.gamma_log)
        b = tf.complex(scale * (x @ self.B_re), scale * (x @ self.B_im))
        a = tf.broadcast_to(lam, tf.shape(b))
        z = fast_scan(a, b, tf.zeros_like(b[:, 0]))
        y = tf.math.real(z) @ self.C_re
        return y + x @ self.D

    def get_config(self):
        return {
            **super().get_config(),
            "units": self.units,
            "outputs": self.outputs,
            "seed": self.seed,
        }


# %% single: gamma is forgotten
@keras.saving.register_keras_serializable("course_lib")
class LRULayer(keras.layers.Layer):
    def __init__(self, units, outputs, seed=0, **kwargs):
        super().__init__(**kwargs)
        self.units, self.outputs, self.seed = units, outputs, seed

    def build(self, input_shape):
        m = input_shape[-1]
        first = init_lru(m, self.units, self.outputs, self.seed)
        for name in ("B", "C"):
            numbers = first.pop(name)
            first[f"{name}_re"], first[f"{name}_im"] = (
                numbers.real,
                numbers.imag,
            )
        order = ("nu_log", "theta_log", "gamma_log")
        for name in (*order, "B_re", "B_im", "C_re", "C_im", "D"):
            weight = self.add_weight(
                name=name,
                shape=first[name].shape,
                initializer=keras.initializers.Constant(first[name]),
            )
            setattr(self, name, weight)

    def call(self, x):
        lam = tf.exp(tf.complex(-tf.exp(self.nu_log), tf.exp(self.theta_log)))
        scale = tf.ones_like(self.gamma_log)
        b = tf.complex(scale * (x @ self.B_re), scale * (x @ self.B_im))
        a = tf.broadcast_to(lam, tf.shape(b))
        z = fast_scan(a, b, tf.zeros_like(b[:, 0]))
        y = tf.math.real(z) @ self.C_re - tf.math.imag(z) @ self.C_im
        return y + x @ self.D

    def get_config(self):
        return {
            **super().get_config(),
            "units": self.units,
            "outputs": self.outputs,
            "seed": self.seed,
        }


# %% single: gamma's logarithm in place of gamma
@keras.saving.register_keras_serializable("course_lib")
class LRULayer(keras.layers.Layer):
    def __init__(self, units, outputs, seed=0, **kwargs):
        super().__init__(**kwargs)
        self.units, self.outputs, self.seed = units, outputs, seed

    def build(self, input_shape):
        m = input_shape[-1]
        first = init_lru(m, self.units, self.outputs, self.seed)
        for name in ("B", "C"):
            numbers = first.pop(name)
            first[f"{name}_re"], first[f"{name}_im"] = (
                numbers.real,
                numbers.imag,
            )
        order = ("nu_log", "theta_log", "gamma_log")
        for name in (*order, "B_re", "B_im", "C_re", "C_im", "D"):
            weight = self.add_weight(
                name=name,
                shape=first[name].shape,
                initializer=keras.initializers.Constant(first[name]),
            )
            setattr(self, name, weight)

    def call(self, x):
        lam = tf.exp(tf.complex(-tf.exp(self.nu_log), tf.exp(self.theta_log)))
        scale = self.gamma_log
        b = tf.complex(scale * (x @ self.B_re), scale * (x @ self.B_im))
        a = tf.broadcast_to(lam, tf.shape(b))
        z = fast_scan(a, b, tf.zeros_like(b[:, 0]))
        y = tf.math.real(z) @ self.C_re - tf.math.imag(z) @ self.C_im
        return y + x @ self.D

    def get_config(self):
        return {
            **super().get_config(),
            "units": self.units,
            "outputs": self.outputs,
            "seed": self.seed,
        }


# %% single: nu without its second exponential
@keras.saving.register_keras_serializable("course_lib")
class LRULayer(keras.layers.Layer):
    def __init__(self, units, outputs, seed=0, **kwargs):
        super().__init__(**kwargs)
        self.units, self.outputs, self.seed = units, outputs, seed

    def build(self, input_shape):
        m = input_shape[-1]
        first = init_lru(m, self.units, self.outputs, self.seed)
        for name in ("B", "C"):
            numbers = first.pop(name)
            first[f"{name}_re"], first[f"{name}_im"] = (
                numbers.real,
                numbers.imag,
            )
        order = ("nu_log", "theta_log", "gamma_log")
        for name in (*order, "B_re", "B_im", "C_re", "C_im", "D"):
            weight = self.add_weight(
                name=name,
                shape=first[name].shape,
                initializer=keras.initializers.Constant(first[name]),
            )
            setattr(self, name, weight)

    def call(self, x):
        lam = tf.exp(tf.complex(-self.nu_log, tf.exp(self.theta_log)))
        scale = tf.exp(self.gamma_log)
        b = tf.complex(scale * (x @ self.B_re), scale * (x @ self.B_im))
        a = tf.broadcast_to(lam, tf.shape(b))
        z = fast_scan(a, b, tf.zeros_like(b[:, 0]))
        y = tf.math.real(z) @ self.C_re - tf.math.imag(z) @ self.C_im
        return y + x @ self.D

    def get_config(self):
        return {
            **super().get_config(),
            "units": self.units,
            "outputs": self.outputs,
            "seed": self.seed,
        }


# %% single: theta's logarithm in place of theta
@keras.saving.register_keras_serializable("course_lib")
class LRULayer(keras.layers.Layer):
    def __init__(self, units, outputs, seed=0, **kwargs):
        super().__init__(**kwargs)
        self.units, self.outputs, self.seed = units, outputs, seed

    def build(self, input_shape):
        m = input_shape[-1]
        first = init_lru(m, self.units, self.outputs, self.seed)
        for name in ("B", "C"):
            numbers = first.pop(name)
            first[f"{name}_re"], first[f"{name}_im"] = (
                numbers.real,
                numbers.imag,
            )
        order = ("nu_log", "theta_log", "gamma_log")
        for name in (*order, "B_re", "B_im", "C_re", "C_im", "D"):
            weight = self.add_weight(
                name=name,
                shape=first[name].shape,
                initializer=keras.initializers.Constant(first[name]),
            )
            setattr(self, name, weight)

    def call(self, x):
        lam = tf.exp(tf.complex(-tf.exp(self.nu_log), +self.theta_log))
        scale = tf.exp(self.gamma_log)
        b = tf.complex(scale * (x @ self.B_re), scale * (x @ self.B_im))
        a = tf.broadcast_to(lam, tf.shape(b))
        z = fast_scan(a, b, tf.zeros_like(b[:, 0]))
        y = tf.math.real(z) @ self.C_re - tf.math.imag(z) @ self.C_im
        return y + x @ self.D

    def get_config(self):
        return {
            **super().get_config(),
            "units": self.units,
            "outputs": self.outputs,
            "seed": self.seed,
        }


# %% single: the skip from the input is missing
@keras.saving.register_keras_serializable("course_lib")
class LRULayer(keras.layers.Layer):
    def __init__(self, units, outputs, seed=0, **kwargs):
        super().__init__(**kwargs)
        self.units, self.outputs, self.seed = units, outputs, seed

    def build(self, input_shape):
        m = input_shape[-1]
        first = init_lru(m, self.units, self.outputs, self.seed)
        for name in ("B", "C"):
            numbers = first.pop(name)
            first[f"{name}_re"], first[f"{name}_im"] = (
                numbers.real,
                numbers.imag,
            )
        order = ("nu_log", "theta_log", "gamma_log")
        for name in (*order, "B_re", "B_im", "C_re", "C_im", "D"):
            weight = self.add_weight(
                name=name,
                shape=first[name].shape,
                initializer=keras.initializers.Constant(first[name]),
            )
            setattr(self, name, weight)

    def call(self, x):
        lam = tf.exp(tf.complex(-tf.exp(self.nu_log), tf.exp(self.theta_log)))
        scale = tf.exp(self.gamma_log)
        b = tf.complex(scale * (x @ self.B_re), scale * (x @ self.B_im))
        a = tf.broadcast_to(lam, tf.shape(b))
        z = fast_scan(a, b, tf.zeros_like(b[:, 0]))
        y = tf.math.real(z) @ self.C_re - tf.math.imag(z) @ self.C_im
        return y

    def get_config(self):
        return {
            **super().get_config(),
            "units": self.units,
            "outputs": self.outputs,
            "seed": self.seed,
        }


# %% single: the decay has the wrong sign
@keras.saving.register_keras_serializable("course_lib")
class LRULayer(keras.layers.Layer):
    def __init__(self, units, outputs, seed=0, **kwargs):
        super().__init__(**kwargs)
        self.units, self.outputs, self.seed = units, outputs, seed

    def build(self, input_shape):
        m = input_shape[-1]
        first = init_lru(m, self.units, self.outputs, self.seed)
        for name in ("B", "C"):
            numbers = first.pop(name)
            first[f"{name}_re"], first[f"{name}_im"] = (
                numbers.real,
                numbers.imag,
            )
        order = ("nu_log", "theta_log", "gamma_log")
        for name in (*order, "B_re", "B_im", "C_re", "C_im", "D"):
            weight = self.add_weight(
                name=name,
                shape=first[name].shape,
                initializer=keras.initializers.Constant(first[name]),
            )
            setattr(self, name, weight)

    def call(self, x):
        lam = tf.exp(tf.complex(tf.exp(self.nu_log), tf.exp(self.theta_log)))
        scale = tf.exp(self.gamma_log)
        b = tf.complex(scale * (x @ self.B_re), scale * (x @ self.B_im))
        a = tf.broadcast_to(lam, tf.shape(b))
        z = fast_scan(a, b, tf.zeros_like(b[:, 0]))
        y = tf.math.real(z) @ self.C_re - tf.math.imag(z) @ self.C_im
        return y + x @ self.D

    def get_config(self):
        return {
            **super().get_config(),
            "units": self.units,
            "outputs": self.outputs,
            "seed": self.seed,
        }


# %% single: always float32
@keras.saving.register_keras_serializable("course_lib")
class LRULayer(keras.layers.Layer):
    def __init__(self, units, outputs, seed=0, **kwargs):
        super().__init__(**kwargs)
        self.units, self.outputs, self.seed = units, outputs, seed

    def build(self, input_shape):
        m = input_shape[-1]
        first = init_lru(m, self.units, self.outputs, self.seed)
        for name in ("B", "C"):
            numbers = first.pop(name)
            first[f"{name}_re"], first[f"{name}_im"] = (
                numbers.real,
                numbers.imag,
            )
        order = ("nu_log", "theta_log", "gamma_log")
        for name in (*order, "B_re", "B_im", "C_re", "C_im", "D"):
            weight = self.add_weight(
                name=name,
                shape=first[name].shape,
                initializer=keras.initializers.Constant(first[name]),
            )
            setattr(self, name, weight)

    def call(self, x):
        x = tf.cast(x, tf.float32)
        lam = tf.exp(tf.complex(-tf.exp(self.nu_log), tf.exp(self.theta_log)))
        scale = tf.exp(self.gamma_log)
        b = tf.complex(scale * (x @ self.B_re), scale * (x @ self.B_im))
        a = tf.broadcast_to(lam, tf.shape(b))
        z = fast_scan(a, b, tf.zeros_like(b[:, 0]))
        y = tf.math.real(z) @ self.C_re - tf.math.imag(z) @ self.C_im
        return y + x @ self.D

    def get_config(self):
        return {
            **super().get_config(),
            "units": self.units,
            "outputs": self.outputs,
            "seed": self.seed,
        }


# %% single: weights as NumPy numbers: they don't learn
@keras.saving.register_keras_serializable("course_lib")
class LRULayer(keras.layers.Layer):
    def __init__(self, units, outputs, seed=0, **kwargs):
        super().__init__(**kwargs)
        self.units, self.outputs, self.seed = units, outputs, seed

    def build(self, input_shape):
        m = input_shape[-1]
        first = init_lru(m, self.units, self.outputs, self.seed)
        for name in ("B", "C"):
            numbers = first.pop(name)
            first[f"{name}_re"], first[f"{name}_im"] = (
                numbers.real,
                numbers.imag,
            )
        order = ("nu_log", "theta_log", "gamma_log")
        for name in (*order, "B_re", "B_im", "C_re", "C_im", "D"):
            weight = self.add_weight(
                name=name,
                shape=first[name].shape,
                initializer=keras.initializers.Constant(first[name]),
            )
            setattr(self, name, weight)

    def call(self, x):
        lam = tf.exp(tf.complex(-tf.exp(self.nu_log), tf.exp(self.theta_log)))
        scale = np.exp(self.gamma_log.numpy())
        b = tf.complex(scale * (x @ self.B_re), scale * (x @ self.B_im))
        a = tf.broadcast_to(lam, tf.shape(b))
        z = fast_scan(a, b, tf.zeros_like(b[:, 0]))
        y = tf.math.real(z) @ self.C_re - tf.math.imag(z) @ self.C_im
        return y + x @ self.D

    def get_config(self):
        return {
            **super().get_config(),
            "units": self.units,
            "outputs": self.outputs,
            "seed": self.seed,
        }


# %% single: the batch size of the first call
@keras.saving.register_keras_serializable("course_lib")
class LRULayer(keras.layers.Layer):
    def __init__(self, units, outputs, seed=0, **kwargs):
        super().__init__(**kwargs)
        self.units, self.outputs, self.seed = units, outputs, seed

    def build(self, input_shape):
        m = input_shape[-1]
        first = init_lru(m, self.units, self.outputs, self.seed)
        for name in ("B", "C"):
            numbers = first.pop(name)
            first[f"{name}_re"], first[f"{name}_im"] = (
                numbers.real,
                numbers.imag,
            )
        order = ("nu_log", "theta_log", "gamma_log")
        for name in (*order, "B_re", "B_im", "C_re", "C_im", "D"):
            weight = self.add_weight(
                name=name,
                shape=first[name].shape,
                initializer=keras.initializers.Constant(first[name]),
            )
            setattr(self, name, weight)

    def call(self, x):
        lam = tf.exp(tf.complex(-tf.exp(self.nu_log), tf.exp(self.theta_log)))
        scale = tf.exp(self.gamma_log)
        b = tf.complex(scale * (x @ self.B_re), scale * (x @ self.B_im))
        a = tf.broadcast_to(lam, b.shape)
        z = fast_scan(a, b, tf.zeros_like(b[:, 0]))
        y = tf.math.real(z) @ self.C_re - tf.math.imag(z) @ self.C_im
        return y + x @ self.D

    def get_config(self):
        return {
            **super().get_config(),
            "units": self.units,
            "outputs": self.outputs,
            "seed": self.seed,
        }


# %% double: no gamma, and the imaginary part is added
@keras.saving.register_keras_serializable("course_lib")
class LRULayer(keras.layers.Layer):
    def __init__(self, units, outputs, seed=0, **kwargs):
        super().__init__(**kwargs)
        self.units, self.outputs, self.seed = units, outputs, seed

    def build(self, input_shape):
        m = input_shape[-1]
        first = init_lru(m, self.units, self.outputs, self.seed)
        for name in ("B", "C"):
            numbers = first.pop(name)
            first[f"{name}_re"], first[f"{name}_im"] = (
                numbers.real,
                numbers.imag,
            )
        order = ("nu_log", "theta_log", "gamma_log")
        for name in (*order, "B_re", "B_im", "C_re", "C_im", "D"):
            weight = self.add_weight(
                name=name,
                shape=first[name].shape,
                initializer=keras.initializers.Constant(first[name]),
            )
            setattr(self, name, weight)

    def call(self, x):
        lam = tf.exp(tf.complex(-tf.exp(self.nu_log), tf.exp(self.theta_log)))
        scale = 1.0
        b = tf.complex(scale * (x @ self.B_re), scale * (x @ self.B_im))
        a = tf.broadcast_to(lam, tf.shape(b))
        z = fast_scan(a, b, tf.zeros_like(b[:, 0]))
        y = tf.math.real(z) @ self.C_re + tf.math.imag(z) @ self.C_im
        return y + x @ self.D

    def get_config(self):
        return {
            **super().get_config(),
            "units": self.units,
            "outputs": self.outputs,
            "seed": self.seed,
        }


# %% right: as the hints say
@keras.saving.register_keras_serializable("course_lib")
class LRULayer(keras.layers.Layer):
    def __init__(self, units, outputs, seed=0, **kwargs):
        super().__init__(**kwargs)
        self.units, self.outputs, self.seed = units, outputs, seed

    def build(self, input_shape):
        m = input_shape[-1]
        first = init_lru(m, self.units, self.outputs, self.seed)
        for name in ("B", "C"):
            numbers = first.pop(name)
            first[f"{name}_re"], first[f"{name}_im"] = (
                numbers.real,
                numbers.imag,
            )
        order = ("nu_log", "theta_log", "gamma_log")
        for name in (*order, "B_re", "B_im", "C_re", "C_im", "D"):
            weight = self.add_weight(
                name=name,
                shape=first[name].shape,
                initializer=keras.initializers.Constant(first[name]),
            )
            setattr(self, name, weight)

    def call(self, x):
        lam = tf.exp(tf.complex(-tf.exp(self.nu_log), tf.exp(self.theta_log)))
        scale = tf.exp(self.gamma_log)
        b = tf.complex(scale * (x @ self.B_re), scale * (x @ self.B_im))
        a = tf.broadcast_to(lam, tf.shape(b))
        z = fast_scan(a, b, tf.zeros_like(b[:, 0]))
        y = tf.math.real(z) @ self.C_re - tf.math.imag(z) @ self.C_im
        return y + x @ self.D

    def get_config(self):
        return {
            **super().get_config(),
            "units": self.units,
            "outputs": self.outputs,
            "seed": self.seed,
        }


# %% right: no scan: complex products, lam by its size and angle, a loop over two real halves
@keras.saving.register_keras_serializable("course_lib")
class LRULayer(keras.layers.Layer):
    def __init__(self, units, outputs, seed=0, **kwargs):
        super().__init__(**kwargs)
        self.units, self.outputs, self.seed = units, outputs, seed

    def build(self, input_shape):
        m = input_shape[-1]
        first = init_lru(m, self.units, self.outputs, self.seed)
        for name in ("B", "C"):
            numbers = first.pop(name)
            first[f"{name}_re"], first[f"{name}_im"] = (
                numbers.real,
                numbers.imag,
            )
        order = ("nu_log", "theta_log", "gamma_log")
        for name in (*order, "B_re", "B_im", "C_re", "C_im", "D"):
            weight = self.add_weight(
                name=name,
                shape=first[name].shape,
                initializer=keras.initializers.Constant(first[name]),
            )
            setattr(self, name, weight)

    def call(self, x):
        size = tf.exp(-tf.exp(self.nu_log))
        angle = tf.exp(self.theta_log)
        cosine, sine = size * tf.cos(angle), size * tf.sin(angle)
        B = tf.concat([self.B_re, self.B_im], axis=1)
        g = tf.tile(tf.exp(self.gamma_log), [2])
        came_in = tf.einsum("btm,mn->tbn", x, B) * g

        def turn(z, new):
            re, im = tf.split(z, 2, axis=-1)
            return new + tf.concat([cosine * re - sine * im, sine * re + cosine * im], axis=-1)

        z = tf.scan(turn, came_in, tf.zeros_like(came_in[0]))
        C = tf.concat([self.C_re, -self.C_im], axis=0)
        y = tf.einsum("tbn,nk->btk", z, C)
        return y + tf.einsum("btm,mk->btk", x, self.D)

    def get_config(self):
        return {
            **super().get_config(),
            "units": self.units,
            "outputs": self.outputs,
            "seed": self.seed,
        }
