"""Make the bundled subset, and the images that projects are judged on, from the full MNIST.

    python -m course_lib.data.make_subset path/to/mnist.npz [where/to/write.npz]

The same input gives the same images in the same order, and with the same zlib the same bytes.
"""

import argparse
from pathlib import Path

import numpy as np

from course_lib.data.archive import is_full_mnist, read_arrays
from course_lib.data.errors import DataError
from course_lib.data.held_back import HELD_BACK_FILE, SPLITS
from course_lib.data.mnist import SUBSET_FILE

SEED = 0
TRAIN, TEST = 10_000, 2_000
HELD_BACK = 2_000  # of each kind


def stratified_indices(labels: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Choose `count` of `labels` at random, each class in its own proportion.

    Args:
        labels: (N,) integers.
        count: how many to choose, at most N.
        rng: where the randomness comes from.

    Returns:
        (count,) positions in `labels`, none twice, in random order: any first part is a fair
        sample too.
    """
    classes, sizes = np.unique(labels, return_counts=True)
    share = count * sizes / len(labels)
    wanted = np.floor(share).astype(int)
    # Rounding down leaves a few places: they go to the largest remainders.
    leftover = count - wanted.sum()
    wanted[np.argsort(wanted - share, kind="stable")[:leftover]] += 1
    chosen = [
        rng.permutation(np.flatnonzero(labels == label))[:number]
        for label, number in zip(classes, wanted, strict=True)
    ]
    return rng.permutation(np.concatenate(chosen))


def make_subset(full: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The subset's arrays, with index_train and index_test: their positions in the full set.

    Raises:
        DataError: `full` is not the published MNIST.
    """
    if not is_full_mnist(full):
        raise DataError("This is not the full MNIST: use the file that Keras downloads.")
    rng = np.random.Generator(np.random.PCG64(SEED))
    subset = {}
    for split, count in (("train", TRAIN), ("test", TEST)):
        index = stratified_indices(full[f"y_{split}"], count, rng)
        subset[f"x_{split}"] = full[f"x_{split}"][index]
        subset[f"y_{split}"] = full[f"y_{split}"][index]
        subset[f"index_{split}"] = index.astype(np.uint16)
    return subset


def make_held_back(full: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Test images of the full set that the subset doesn't hold: x_check, y_check, and so on.

    Raises:
        DataError: `full` is not the published MNIST.
    """
    index = make_subset(full)["index_test"]
    left = np.setdiff1d(np.arange(len(full["y_test"])), index)
    rng = np.random.Generator(np.random.PCG64(SEED + 1))
    held_back = {}
    for split in SPLITS:
        chosen = left[stratified_indices(full["y_test"][left], HELD_BACK, rng)]
        held_back[f"x_{split}"] = full["x_test"][chosen]
        held_back[f"y_{split}"] = full["y_test"][chosen]
        left = np.setdiff1d(left, chosen)
    return held_back


def main(arguments: list[str] | None = None) -> None:
    """Run the command line: read the full set, write both files."""
    parser = argparse.ArgumentParser(description="Make the bundled images from the full MNIST.")
    parser.add_argument("full", type=Path, help="the full MNIST, an .npz file")
    parser.add_argument("subset", type=Path, nargs="?", default=SUBSET_FILE)
    options = parser.parse_args(arguments)
    full = read_arrays(options.full)
    beside = options.subset.with_name(HELD_BACK_FILE.name)
    for file, arrays in {options.subset: make_subset(full), beside: make_held_back(full)}.items():
        # NumPy dates every member of the archive 1980: nothing in the bytes depends on the clock.
        np.savez_compressed(file, **arrays)
        print(f"{file}: {file.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
