"""Answers to `GradualDropout`, written from its notebook alone; each cell is one, with what is wrong."""

import keras
import numpy as np
import tensorflow as tf


# %% single: NumPy's noise: drawn once, while the layer is traced
@keras.saving.register_keras_serializable("course_lib")
class GradualDropout(keras.layers.Layer):
    def __init__(self, rate, seed=None, **kwargs):
        super().__init__(**kwargs)
        if not 0 <= rate < 1:
            raise ValueError(f"The rate is {rate}: it must be at least 0 and below 1.")
        self.rate = rate
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)
        self.built = True

    def call(self, x, g, training=False):
        if not training:
            return x
        noise = np.random.default_rng(self.seed).random(x.shape)
        rate = self.rate * g
        return keras.ops.where(noise >= rate, x / (1 - rate), 0)

    def compute_output_shape(self, x_shape, g_shape=None):
        return x_shape

    def get_config(self):
        mine = {"rate": self.rate, "seed": self.seed}
        return {**super().get_config(), **mine}


# %% single: the seed is a plain number: the same noise each time
@keras.saving.register_keras_serializable("course_lib")
class GradualDropout(keras.layers.Layer):
    def __init__(self, rate, seed=None, **kwargs):
        super().__init__(**kwargs)
        if not 0 <= rate < 1:
            raise ValueError(f"The rate is {rate}: it must be at least 0 and below 1.")
        self.rate = rate
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)
        self.built = True

    def call(self, x, g, training=False):
        if not training:
            return x
        noise = keras.random.uniform(keras.ops.shape(x), dtype=x.dtype, seed=self.seed)
        rate = self.rate * g
        return keras.ops.where(noise >= rate, x / (1 - rate), 0)

    def compute_output_shape(self, x_shape, g_shape=None):
        return x_shape

    def get_config(self):
        mine = {"rate": self.rate, "seed": self.seed}
        return {**super().get_config(), **mine}


# %% single: what is kept isn't scaled
@keras.saving.register_keras_serializable("course_lib")
class GradualDropout(keras.layers.Layer):
    def __init__(self, rate, seed=None, **kwargs):
        super().__init__(**kwargs)
        if not 0 <= rate < 1:
            raise ValueError(f"The rate is {rate}: it must be at least 0 and below 1.")
        self.rate = rate
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)
        self.built = True

    def call(self, x, g, training=False):
        if not training:
            return x
        noise = keras.random.uniform(keras.ops.shape(x), dtype=x.dtype, seed=self.seed_generator)
        rate = self.rate * g
        return keras.ops.where(noise >= rate, x, 0)

    def compute_output_shape(self, x_shape, g_shape=None):
        return x_shape

    def get_config(self):
        mine = {"rate": self.rate, "seed": self.seed}
        return {**super().get_config(), **mine}


# %% single: scaled by the full rate, whatever the gate
@keras.saving.register_keras_serializable("course_lib")
class GradualDropout(keras.layers.Layer):
    def __init__(self, rate, seed=None, **kwargs):
        super().__init__(**kwargs)
        if not 0 <= rate < 1:
            raise ValueError(f"The rate is {rate}: it must be at least 0 and below 1.")
        self.rate = rate
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)
        self.built = True

    def call(self, x, g, training=False):
        if not training:
            return x
        noise = keras.random.uniform(keras.ops.shape(x), dtype=x.dtype, seed=self.seed_generator)
        rate = self.rate * g
        return keras.ops.where(noise >= rate, x / (1 - self.rate), 0)

    def compute_output_shape(self, x_shape, g_shape=None):
        return x_shape

    def get_config(self):
        mine = {"rate": self.rate, "seed": self.seed}
        return {**super().get_config(), **mine}


# %% single: drops where it should keep
@keras.saving.register_keras_serializable("course_lib")
class GradualDropout(keras.layers.Layer):
    def __init__(self, rate, seed=None, **kwargs):
        super().__init__(**kwargs)
        if not 0 <= rate < 1:
            raise ValueError(f"The rate is {rate}: it must be at least 0 and below 1.")
        self.rate = rate
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)
        self.built = True

    def call(self, x, g, training=False):
        if not training:
            return x
        noise = keras.random.uniform(keras.ops.shape(x), dtype=x.dtype, seed=self.seed_generator)
        rate = self.rate * g
        return keras.ops.where(noise < rate, x / (1 - rate), 0)

    def compute_output_shape(self, x_shape, g_shape=None):
        return x_shape

    def get_config(self):
        mine = {"rate": self.rate, "seed": self.seed}
        return {**super().get_config(), **mine}


# %% single: one draw for a row: whole units are dropped for all sequences
@keras.saving.register_keras_serializable("course_lib")
class GradualDropout(keras.layers.Layer):
    def __init__(self, rate, seed=None, **kwargs):
        super().__init__(**kwargs)
        if not 0 <= rate < 1:
            raise ValueError(f"The rate is {rate}: it must be at least 0 and below 1.")
        self.rate = rate
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)
        self.built = True

    def call(self, x, g, training=False):
        if not training:
            return x
        noise = keras.random.uniform(
            keras.ops.shape(x)[-1:], dtype=x.dtype, seed=self.seed_generator
        )
        rate = self.rate * g
        return keras.ops.where(noise >= rate, x / (1 - rate), 0)

    def compute_output_shape(self, x_shape, g_shape=None):
        return x_shape

    def get_config(self):
        mine = {"rate": self.rate, "seed": self.seed}
        return {**super().get_config(), **mine}


# %% single: the gate acts as 1 - g
@keras.saving.register_keras_serializable("course_lib")
class GradualDropout(keras.layers.Layer):
    def __init__(self, rate, seed=None, **kwargs):
        super().__init__(**kwargs)
        if not 0 <= rate < 1:
            raise ValueError(f"The rate is {rate}: it must be at least 0 and below 1.")
        self.rate = rate
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)
        self.built = True

    def call(self, x, g, training=False):
        if not training:
            return x
        noise = keras.random.uniform(keras.ops.shape(x), dtype=x.dtype, seed=self.seed_generator)
        rate = self.rate * (1 - g)
        return keras.ops.where(noise >= rate, x / (1 - rate), 0)

    def compute_output_shape(self, x_shape, g_shape=None):
        return x_shape

    def get_config(self):
        mine = {"rate": self.rate, "seed": self.seed}
        return {**super().get_config(), **mine}


# %% single: the generator is made anew in each call
@keras.saving.register_keras_serializable("course_lib")
class GradualDropout(keras.layers.Layer):
    def __init__(self, rate, seed=None, **kwargs):
        super().__init__(**kwargs)
        if not 0 <= rate < 1:
            raise ValueError(f"The rate is {rate}: it must be at least 0 and below 1.")
        self.rate = rate
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)
        self.built = True

    def call(self, x, g, training=False):
        if not training:
            return x
        noise = keras.random.uniform(
            keras.ops.shape(x), dtype=x.dtype, seed=keras.random.SeedGenerator(self.seed)
        )
        rate = self.rate * g
        return keras.ops.where(noise >= rate, x / (1 - rate), 0)

    def compute_output_shape(self, x_shape, g_shape=None):
        return x_shape

    def get_config(self):
        mine = {"rate": self.rate, "seed": self.seed}
        return {**super().get_config(), **mine}


# %% single: noise at evaluation too
@keras.saving.register_keras_serializable("course_lib")
class GradualDropout(keras.layers.Layer):
    def __init__(self, rate, seed=None, **kwargs):
        super().__init__(**kwargs)
        if not 0 <= rate < 1:
            raise ValueError(f"The rate is {rate}: it must be at least 0 and below 1.")
        self.rate = rate
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)
        self.built = True

    def call(self, x, g, training=False):
        noise = keras.random.uniform(keras.ops.shape(x), dtype=x.dtype, seed=self.seed_generator)
        rate = self.rate * g
        return keras.ops.where(noise >= rate, x / (1 - rate), 0)

    def compute_output_shape(self, x_shape, g_shape=None):
        return x_shape

    def get_config(self):
        mine = {"rate": self.rate, "seed": self.seed}
        return {**super().get_config(), **mine}


# %% double: not scaled, and the gate is ignored
@keras.saving.register_keras_serializable("course_lib")
class GradualDropout(keras.layers.Layer):
    def __init__(self, rate, seed=None, **kwargs):
        super().__init__(**kwargs)
        if not 0 <= rate < 1:
            raise ValueError(f"The rate is {rate}: it must be at least 0 and below 1.")
        self.rate = rate
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)
        self.built = True

    def call(self, x, g, training=False):
        if not training:
            return x
        noise = keras.random.uniform(keras.ops.shape(x), dtype=x.dtype, seed=self.seed_generator)
        rate = self.rate
        return keras.ops.where(noise >= rate, x, 0)

    def compute_output_shape(self, x_shape, g_shape=None):
        return x_shape

    def get_config(self):
        mine = {"rate": self.rate, "seed": self.seed}
        return {**super().get_config(), **mine}


# %% right: as the hints say
@keras.saving.register_keras_serializable("course_lib")
class GradualDropout(keras.layers.Layer):
    def __init__(self, rate, seed=None, **kwargs):
        super().__init__(**kwargs)
        if not 0 <= rate < 1:
            raise ValueError(f"The rate is {rate}: it must be at least 0 and below 1.")
        self.rate = rate
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)
        self.built = True

    def call(self, x, g, training=False):
        if not training:
            return x
        noise = keras.random.uniform(keras.ops.shape(x), dtype=x.dtype, seed=self.seed_generator)
        rate = self.rate * g
        return keras.ops.where(noise >= rate, x / (1 - rate), 0)

    def compute_output_shape(self, x_shape, g_shape=None):
        return x_shape

    def get_config(self):
        mine = {"rate": self.rate, "seed": self.seed}
        return {**super().get_config(), **mine}


# %% right: a mask of zeros and ones, by floor
@keras.saving.register_keras_serializable("course_lib")
class GradualDropout(keras.layers.Layer):
    def __init__(self, rate, seed=None, **kwargs):
        super().__init__(**kwargs)
        if not 0 <= rate < 1:
            raise ValueError("The rate is out of range.")
        self.rate, self.seed = rate, seed
        self.source = keras.random.SeedGenerator(seed=seed)
        self.built = True

    def call(self, x, g, training=False):
        if training:
            keep = 1.0 - tf.cast(self.rate, x.dtype) * tf.cast(g, x.dtype)
            draw = keras.random.uniform(tf.shape(x), seed=self.source, dtype=x.dtype)
            x = tf.floor(keep + draw) * x / keep
        return x

    def compute_output_shape(self, x_shape, g_shape=None):
        return x_shape

    def get_config(self):
        return super().get_config() | {"rate": self.rate, "seed": self.seed}
