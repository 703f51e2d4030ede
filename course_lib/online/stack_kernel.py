"""The kernels of a stack: one for each cell, fitted apart."""

from typing import NamedTuple

import keras


class StackFit(NamedTuple):
    """What the cells' fits found, from below: they add up over chunks as each does."""

    fits: tuple

    @property
    def missed(self):
        """|ε|², of all cells."""
        return sum(fit.missed for fit in self.fits)

    @property
    def moved(self):
        """|moved|², of all cells."""
        return sum(fit.moved for fit in self.fits)


@keras.saving.register_keras_serializable("course_lib")
class StackKernel(keras.layers.Layer):
    """One kernel for each cell of a stack.

    A cell's kernel is about that cell alone: noise moves its state while what it reads stays.

    Args:
        kernels: of the cells, from below; each a `Kernel` or a `ModesKernel`.
    """

    def __init__(self, kernels, **kwargs):
        super().__init__(**kwargs | {"trainable": False})
        self.kernels = list(kernels)
        self.units = sum(kernel.units for kernel in self.kernels)
        self.built = True

    def start(self, shortest, longest, seed):
        """Begin anew, with other time constants; those of `Kernel.start`, for all cells."""
        for kernel in self.kernels:
            kernel.start(shortest, longest, seed)

    def restart(self):
        """Forget what was learned; of kernels of modes."""
        for kernel in self.kernels:
            kernel.restart()

    def no_sums(self, samples):
        """What the fits add up, before the first step."""
        return tuple(kernel.no_sums(samples) for kernel in self.kernels)

    def no_fit(self):
        """A fit of no samples."""
        return StackFit(tuple(kernel.no_fit() for kernel in self.kernels))

    def gradients(self, fit):
        """Of all kernels, in the order of `weights`."""
        pairs = zip(self.kernels, fit.fits, strict=True)
        return [gradient for kernel, own in pairs for gradient in kernel.gradients(own)]

    def get_config(self):
        """What Keras stores to build the same kernels again."""
        kernels = [keras.saving.serialize_keras_object(kernel) for kernel in self.kernels]
        return {**super().get_config(), "kernels": kernels}

    @classmethod
    def from_config(cls, config):
        """The kernels of a config."""
        kernels = [keras.saving.deserialize_keras_object(one) for one in config.pop("kernels")]
        return cls(kernels, **config)
