"""Digits turned, stretched and moved a little: images that nobody has stored."""

import numpy as np

from course_lib.data.generated import generator
from course_lib.values import FROM_0, checked_number

TURN = 5.0  # degrees, at most
STRETCH = 0.05  # of the size, at most, and as much slant
SHIFT = 1.0  # pixels, at most


def warped(x: np.ndarray, seed: int, strength: float = 1.0) -> np.ndarray:
    """Each image under a small affine map of its own, drawn anew with the seed.

    Args:
        x: images (N, H, W), float.
        seed: a whole number, at least 0.
        strength: multiplies how far an image may be turned, stretched and moved.

    Returns:
        Images of the same shape and dtype: bilinear, and 0 from beyond the border.

    Raises:
        ValueError: seed or strength is something else.
    """
    rng, strength = generator(seed), checked_number(strength, "strength", FROM_0)
    n, height, width = x.shape
    angle = strength * np.deg2rad(rng.uniform(-TURN, TURN, n))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    stretch = np.eye(2)[..., None] + strength * rng.uniform(-STRETCH, STRETCH, (2, 2, n))
    maps = np.einsum("ijn,jkn->nik", turn, stretch)
    shift = strength * rng.uniform(-SHIFT, SHIFT, (n, 2, 1))
    middle = np.array([[(height - 1) / 2], [(width - 1) / 2]])
    to = np.stack(np.meshgrid(np.arange(height), np.arange(width), indexing="ij")).reshape(2, -1)
    row, column = np.moveaxis(maps @ (to - middle) + middle + shift, 1, 0)
    return _between_pixels(x, row, column).reshape(x.shape).astype(x.dtype)


def _between_pixels(x: np.ndarray, row: np.ndarray, column: np.ndarray) -> np.ndarray:
    """The images' values at places between their pixels, (N, places)."""
    n, height, width = x.shape
    # A frame of zeros, so that places beyond the border need no rule of their own.
    framed = np.zeros((n, height + 2, width + 2), x.dtype)
    framed[:, 1:-1, 1:-1] = x
    row, column = np.clip(row + 1, 0, height), np.clip(column + 1, 0, width)
    top, left = np.floor(row).astype(int), np.floor(column).astype(int)
    down, right = row - top, column - left
    image = np.arange(n)[:, None]
    return (
        framed[image, top, left] * (1 - down) * (1 - right)
        + framed[image, top, left + 1] * (1 - down) * right
        + framed[image, top + 1, left] * down * (1 - right)
        + framed[image, top + 1, left + 1] * down * right
    )
