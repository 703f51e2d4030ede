"""Answers to `gru_for_a_gpu`, written from its notebook alone; each cell is one."""

import keras
import tensorflow as tf


# %% single: only the activation is mended
def gru_for_a_gpu(units, dropout=0.0):
    return keras.layers.GRU(
        units,
        activation="tanh",
        reset_after=False,
        dropout=dropout,
    )


# %% single: the dropout is still inside
def gru_for_a_gpu(units, dropout=0.0):
    return keras.layers.GRU(
        units,
        activation="tanh",
        reset_after=True,
        recurrent_dropout=dropout,
    )


# %% single: the activation is still a function of its own
def gru_for_a_gpu(units, dropout=0.0):
    return keras.layers.GRU(
        units,
        activation=lambda a: keras.ops.tanh(a),
        reset_after=True,
        dropout=dropout,
    )


# %% single: the dropout is left out
def gru_for_a_gpu(units, dropout=0.0):
    return keras.layers.GRU(
        units,
    )


# %% single: all states are returned
def gru_for_a_gpu(units, dropout=0.0):
    return keras.layers.GRU(
        units,
        dropout=dropout,
        return_sequences=True,
    )


# %% single: without a bias
def gru_for_a_gpu(units, dropout=0.0):
    return keras.layers.GRU(
        units,
        dropout=dropout,
        use_bias=False,
    )


# %% single: unrolled
def gru_for_a_gpu(units, dropout=0.0):
    return keras.layers.GRU(
        units,
        dropout=dropout,
        unroll=True,
    )


# %% single: a hard sigmoid for the gates
def gru_for_a_gpu(units, dropout=0.0):
    return keras.layers.GRU(
        units,
        dropout=dropout,
        recurrent_activation="hard_sigmoid",
    )


# %% single: cuDNN is turned off
def gru_for_a_gpu(units, dropout=0.0):
    return keras.layers.GRU(
        units,
        dropout=dropout,
        use_cudnn=False,
    )


# %% single: dropout in both places
def gru_for_a_gpu(units, dropout=0.0):
    return keras.layers.GRU(
        units,
        dropout=dropout,
        recurrent_dropout=dropout,
    )


# %% double: only the dropout is mended
def gru_for_a_gpu(units, dropout=0.0):
    return keras.layers.GRU(
        units,
        activation=lambda a: keras.ops.tanh(a),
        reset_after=False,
        dropout=dropout,
    )


# %% right: said in words, all of them
def gru_for_a_gpu(units, dropout=0.0):
    return keras.layers.GRU(
        units,
        activation="tanh",
        recurrent_activation="sigmoid",
        use_bias=True,
        reset_after=True,
        dropout=dropout,
        recurrent_dropout=0,
        unroll=False,
        use_cudnn="auto",
    )


# %% right: TensorFlow's own functions
def gru_for_a_gpu(units, dropout=0.0):
    return keras.layers.GRU(
        units,
        activation=tf.nn.tanh,
        recurrent_activation=keras.activations.sigmoid,
        dropout=dropout,
    )
