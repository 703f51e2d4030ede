"""Data sets: MNIST, and four sequence problems that are made on the spot."""

from course_lib.data.errors import DataError
from course_lib.data.generated import (
    adding_problem,
    adding_problem_chance,
    anbn,
    anbn_chance,
    anbn_floor,
    anbn_stream,
    copy_memory,
    copy_memory_chance,
    noisy_sine,
    noisy_sine_chance,
    noisy_sine_floor,
)
from course_lib.data.mnist import Mnist, find_full_mnist, load_mnist, problem_with_full_mnist

__all__ = [
    "DataError",
    "Mnist",
    "adding_problem",
    "adding_problem_chance",
    "anbn",
    "anbn_chance",
    "anbn_floor",
    "anbn_stream",
    "copy_memory",
    "copy_memory_chance",
    "find_full_mnist",
    "load_mnist",
    "noisy_sine",
    "noisy_sine_chance",
    "noisy_sine_floor",
    "problem_with_full_mnist",
]
