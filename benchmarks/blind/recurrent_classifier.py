"""Answers to `recurrent_classifier`, written from its notebook alone; each cell is one, with what is wrong."""

import keras
import numpy as np
import tensorflow as tf


# %% single: one cell for all layers
def recurrent_classifier(
    cell, units, layers=1, dropout=0.0, l2=0.0, steps=28, pixels=28, classes=10
):
    model = keras.Sequential(
        [
            keras.Input((steps * pixels,)),
            keras.layers.Reshape((steps, pixels)),
        ]
    )
    one = cell(units)
    for k in range(layers):
        model.add(keras.layers.RNN(one, return_sequences=k < layers - 1))
        model.add(keras.layers.Dropout(dropout))
    model.add(keras.layers.Dense(classes))
    for w in model.trainable_weights:
        if "bias" not in w.name and not w.name.startswith("b"):
            w.regularizer = keras.regularizers.L2(l2 / 2)
    return model


# %% single: the penalty is twice as large
def recurrent_classifier(
    cell, units, layers=1, dropout=0.0, l2=0.0, steps=28, pixels=28, classes=10
):
    model = keras.Sequential(
        [
            keras.Input((steps * pixels,)),
            keras.layers.Reshape((steps, pixels)),
        ]
    )
    for k in range(layers):
        model.add(keras.layers.RNN(cell(units), return_sequences=k < layers - 1))
        model.add(keras.layers.Dropout(dropout))
    model.add(keras.layers.Dense(classes))
    for w in model.trainable_weights:
        if "bias" not in w.name and not w.name.startswith("b"):
            w.regularizer = keras.regularizers.L2(l2)
    return model


# %% single: the penalty is on the readout alone
def recurrent_classifier(
    cell, units, layers=1, dropout=0.0, l2=0.0, steps=28, pixels=28, classes=10
):
    model = keras.Sequential(
        [
            keras.Input((steps * pixels,)),
            keras.layers.Reshape((steps, pixels)),
        ]
    )
    for k in range(layers):
        model.add(keras.layers.RNN(cell(units), return_sequences=k < layers - 1))
        model.add(keras.layers.Dropout(dropout))
    model.add(keras.layers.Dense(classes))
    for w in model.layers[-1].trainable_weights:
        if "bias" not in w.name and not w.name.startswith("b"):
            w.regularizer = keras.regularizers.L2(l2 / 2)
    return model


# %% single: biases are penalised too
def recurrent_classifier(
    cell, units, layers=1, dropout=0.0, l2=0.0, steps=28, pixels=28, classes=10
):
    model = keras.Sequential(
        [
            keras.Input((steps * pixels,)),
            keras.layers.Reshape((steps, pixels)),
        ]
    )
    for k in range(layers):
        model.add(keras.layers.RNN(cell(units), return_sequences=k < layers - 1))
        model.add(keras.layers.Dropout(dropout))
    model.add(keras.layers.Dense(classes))
    for w in model.trainable_weights:
        w.regularizer = keras.regularizers.L2(l2 / 2)
    return model


# %% single: dropout after the top layer only
def recurrent_classifier(
    cell, units, layers=1, dropout=0.0, l2=0.0, steps=28, pixels=28, classes=10
):
    model = keras.Sequential(
        [
            keras.Input((steps * pixels,)),
            keras.layers.Reshape((steps, pixels)),
        ]
    )
    for k in range(layers):
        model.add(keras.layers.RNN(cell(units), return_sequences=k < layers - 1))
    model.add(keras.layers.Dropout(dropout))
    model.add(keras.layers.Dense(classes))
    for w in model.trainable_weights:
        if "bias" not in w.name and not w.name.startswith("b"):
            w.regularizer = keras.regularizers.L2(l2 / 2)
    return model


# %% single: the model gives probabilities
def recurrent_classifier(
    cell, units, layers=1, dropout=0.0, l2=0.0, steps=28, pixels=28, classes=10
):
    model = keras.Sequential(
        [
            keras.Input((steps * pixels,)),
            keras.layers.Reshape((steps, pixels)),
        ]
    )
    for k in range(layers):
        model.add(keras.layers.RNN(cell(units), return_sequences=k < layers - 1))
        model.add(keras.layers.Dropout(dropout))
    model.add(keras.layers.Dense(classes, activation="softmax"))
    for w in model.trainable_weights:
        if "bias" not in w.name and not w.name.startswith("b"):
            w.regularizer = keras.regularizers.L2(l2 / 2)
    return model


# %% single: steps and pixels are swapped
def recurrent_classifier(
    cell, units, layers=1, dropout=0.0, l2=0.0, steps=28, pixels=28, classes=10
):
    model = keras.Sequential(
        [
            keras.Input((steps * pixels,)),
            keras.layers.Reshape((pixels, steps)),
        ]
    )
    for k in range(layers):
        model.add(keras.layers.RNN(cell(units), return_sequences=k < layers - 1))
        model.add(keras.layers.Dropout(dropout))
    model.add(keras.layers.Dense(classes))
    for w in model.trainable_weights:
        if "bias" not in w.name and not w.name.startswith("b"):
            w.regularizer = keras.regularizers.L2(l2 / 2)
    return model


# %% single: the image is read by columns
def recurrent_classifier(
    cell, units, layers=1, dropout=0.0, l2=0.0, steps=28, pixels=28, classes=10
):
    model = keras.Sequential(
        [
            keras.Input((steps * pixels,)),
            keras.layers.Reshape((pixels, steps)),
            keras.layers.Permute((2, 1)),
        ]
    )
    for k in range(layers):
        model.add(keras.layers.RNN(cell(units), return_sequences=k < layers - 1))
        model.add(keras.layers.Dropout(dropout))
    model.add(keras.layers.Dense(classes))
    for w in model.trainable_weights:
        if "bias" not in w.name and not w.name.startswith("b"):
            w.regularizer = keras.regularizers.L2(l2 / 2)
    return model


# %% double: no dropout after the top layer, and no half in the penalty
def recurrent_classifier(
    cell, units, layers=1, dropout=0.0, l2=0.0, steps=28, pixels=28, classes=10
):
    model = keras.Sequential(
        [
            keras.Input((steps * pixels,)),
            keras.layers.Reshape((steps, pixels)),
        ]
    )
    for k in range(layers):
        model.add(keras.layers.RNN(cell(units), return_sequences=k < layers - 1))
        if k < layers - 1:
            model.add(keras.layers.Dropout(dropout))
    model.add(keras.layers.Dense(classes))
    for w in model.trainable_weights:
        if "bias" not in w.name and not w.name.startswith("b"):
            w.regularizer = keras.regularizers.L2(l2)
    return model


# %% right: as the hints say
def recurrent_classifier(
    cell, units, layers=1, dropout=0.0, l2=0.0, steps=28, pixels=28, classes=10
):
    model = keras.Sequential(
        [
            keras.Input((steps * pixels,)),
            keras.layers.Reshape((steps, pixels)),
        ]
    )
    for k in range(layers):
        model.add(keras.layers.RNN(cell(units), return_sequences=k < layers - 1))
        model.add(keras.layers.Dropout(dropout))
    model.add(keras.layers.Dense(classes))
    for w in model.trainable_weights:
        if "bias" not in w.name and not w.name.startswith("b"):
            w.regularizer = keras.regularizers.L2(l2 / 2)
    return model


# %% right: functional, all weights at once, biases told by their shape
def recurrent_classifier(
    cell, units, layers=1, dropout=0.0, l2=0.0, steps=28, pixels=28, classes=10
):
    images = keras.Input(shape=(steps * pixels,))
    h = keras.ops.reshape(images, (-1, steps, pixels))
    stack = [keras.layers.RNN(cell(units), return_sequences=True) for _ in range(layers)]
    for rnn in stack:
        h = keras.layers.Dropout(dropout)(rnn(h))
    model = keras.Model(images, keras.layers.Dense(classes)(h[:, -1]))
    penalty = keras.regularizers.L2(0.5 * l2)
    for w in model.trainable_weights:
        if not ("bias" in w.path.split("/")[-1] or w.name[:1] == "b"):
            w.regularizer = penalty
    return model
