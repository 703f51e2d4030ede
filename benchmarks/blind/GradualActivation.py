"""Answers to `GradualActivation`, written from its notebook alone; each cell is one, with what is wrong."""

import keras
import numpy as np
import tensorflow as tf


# %% single: the gate is a Python number
@keras.saving.register_keras_serializable("course_lib")
class GradualActivation(keras.layers.Layer):
    def __init__(self, activation="relu", g=0.0, **kwargs):
        super().__init__(**kwargs)
        self.activation = keras.activations.get(activation)
        self.first = float(g)
        self.g = self.first

    def call(self, u):
        return (1 - self.g) * u + self.g * self.activation(u)

    def get_config(self):
        return {
            **super().get_config(),
            "activation": keras.activations.serialize(self.activation),
            "g": self.first,
        }


# %% single: the gate is trained
@keras.saving.register_keras_serializable("course_lib")
class GradualActivation(keras.layers.Layer):
    def __init__(self, activation="relu", g=0.0, **kwargs):
        super().__init__(**kwargs)
        self.activation = keras.activations.get(activation)
        self.first = float(g)
        self.g = self.add_weight(
            name="g",
            shape=(),
            initializer=keras.initializers.Constant(self.first),
        )

    def call(self, u):
        return (1 - self.g) * u + self.g * self.activation(u)

    def get_config(self):
        return {
            **super().get_config(),
            "activation": keras.activations.serialize(self.activation),
            "g": self.first,
        }


# %% single: 1 - g and g have changed places
@keras.saving.register_keras_serializable("course_lib")
class GradualActivation(keras.layers.Layer):
    def __init__(self, activation="relu", g=0.0, **kwargs):
        super().__init__(**kwargs)
        self.activation = keras.activations.get(activation)
        self.first = float(g)
        self.g = self.add_weight(
            name="g",
            shape=(),
            initializer=keras.initializers.Constant(self.first),
            trainable=False,
        )

    def call(self, u):
        return self.g * u + (1 - self.g) * self.activation(u)

    def get_config(self):
        return {
            **super().get_config(),
            "activation": keras.activations.serialize(self.activation),
            "g": self.first,
        }


# %% single: the activation is always ReLU
@keras.saving.register_keras_serializable("course_lib")
class GradualActivation(keras.layers.Layer):
    def __init__(self, activation="relu", g=0.0, **kwargs):
        super().__init__(**kwargs)
        self.activation = keras.activations.get(activation)
        self.first = float(g)
        self.g = self.add_weight(
            name="g",
            shape=(),
            initializer=keras.initializers.Constant(self.first),
            trainable=False,
        )

    def call(self, u):
        return (1 - self.g) * u + self.g * keras.ops.relu(u)

    def get_config(self):
        return {
            **super().get_config(),
            "activation": keras.activations.serialize(self.activation),
            "g": self.first,
        }


# %% single: g is missing in the config
@keras.saving.register_keras_serializable("course_lib")
class GradualActivation(keras.layers.Layer):
    def __init__(self, activation="relu", g=0.0, **kwargs):
        super().__init__(**kwargs)
        self.activation = keras.activations.get(activation)
        self.first = float(g)
        self.g = self.add_weight(
            name="g",
            shape=(),
            initializer=keras.initializers.Constant(self.first),
            trainable=False,
        )

    def call(self, u):
        return (1 - self.g) * u + self.g * self.activation(u)

    def get_config(self):
        return {
            **super().get_config(),
            "activation": keras.activations.serialize(self.activation),
        }


# %% single: the gate has shape (1,)
@keras.saving.register_keras_serializable("course_lib")
class GradualActivation(keras.layers.Layer):
    def __init__(self, activation="relu", g=0.0, **kwargs):
        super().__init__(**kwargs)
        self.activation = keras.activations.get(activation)
        self.first = float(g)
        self.g = self.add_weight(
            name="g",
            shape=(1,),
            initializer=keras.initializers.Constant(self.first),
            trainable=False,
        )

    def call(self, u):
        return (1 - self.g) * u + self.g * self.activation(u)

    def get_config(self):
        return {
            **super().get_config(),
            "activation": keras.activations.serialize(self.activation),
            "g": self.first,
        }


# %% single: the config holds the function itself
@keras.saving.register_keras_serializable("course_lib")
class GradualActivation(keras.layers.Layer):
    def __init__(self, activation="relu", g=0.0, **kwargs):
        super().__init__(**kwargs)
        self.activation = keras.activations.get(activation)
        self.first = float(g)
        self.g = self.add_weight(
            name="g",
            shape=(),
            initializer=keras.initializers.Constant(self.first),
            trainable=False,
        )

    def call(self, u):
        return (1 - self.g) * u + self.g * self.activation(u)

    def get_config(self):
        return {
            **super().get_config(),
            "activation": self.activation,
            "g": self.first,
        }


# %% single: the gate always starts at zero
@keras.saving.register_keras_serializable("course_lib")
class GradualActivation(keras.layers.Layer):
    def __init__(self, activation="relu", g=0.0, **kwargs):
        super().__init__(**kwargs)
        self.activation = keras.activations.get(activation)
        self.first = float(g)
        self.g = self.add_weight(
            name="g",
            shape=(),
            initializer="zeros",
            trainable=False,
        )

    def call(self, u):
        return (1 - self.g) * u + self.g * self.activation(u)

    def get_config(self):
        return {
            **super().get_config(),
            "activation": keras.activations.serialize(self.activation),
            "g": self.first,
        }


# %% double: the gate is trained, and the sum has no 1 - g
@keras.saving.register_keras_serializable("course_lib")
class GradualActivation(keras.layers.Layer):
    def __init__(self, activation="relu", g=0.0, **kwargs):
        super().__init__(**kwargs)
        self.activation = keras.activations.get(activation)
        self.first = float(g)
        self.g = self.add_weight(
            name="g",
            shape=(),
            initializer=keras.initializers.Constant(self.first),
        )

    def call(self, u):
        return u + self.g * self.activation(u)

    def get_config(self):
        return {
            **super().get_config(),
            "activation": keras.activations.serialize(self.activation),
            "g": self.first,
        }


# %% right: as the hints say
@keras.saving.register_keras_serializable("course_lib")
class GradualActivation(keras.layers.Layer):
    def __init__(self, activation="relu", g=0.0, **kwargs):
        super().__init__(**kwargs)
        self.activation = keras.activations.get(activation)
        self.first = float(g)
        self.g = self.add_weight(
            name="g",
            shape=(),
            initializer=keras.initializers.Constant(self.first),
            trainable=False,
        )

    def call(self, u):
        return (1 - self.g) * u + self.g * self.activation(u)

    def get_config(self):
        return {
            **super().get_config(),
            "activation": keras.activations.serialize(self.activation),
            "g": self.first,
        }


# %% right: a lerp; the arguments kept whole in a dict
@keras.saving.register_keras_serializable("course_lib")
class GradualActivation(keras.layers.Layer):
    def __init__(self, activation="relu", g=0.0, **kwargs):
        super().__init__(**kwargs)
        self._given = {"activation": activation, "g": float(g)}
        self._bend = keras.activations.get(activation)
        self.g = self.add_weight(
            shape=(),
            initializer=lambda shape, dtype: keras.ops.full(shape, g, dtype),
            trainable=False,
            name="late_gate",
        )

    def call(self, u):
        g = tf.cast(self.g, u.dtype)
        return u + g * (self._bend(u) - u)

    def get_config(self):
        config = super().get_config()
        config["g"] = self._given["g"]
        config["activation"] = keras.activations.serialize(self._bend)
        return config
