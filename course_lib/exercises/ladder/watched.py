"""Arrays that note how large everything is that is computed from them."""

import numpy as np

PRODUCTS = np.einsum, np.tensordot


class Watched(np.ndarray):
    """An array; each array that is made out of it has its size noted, and is watched as well.

    What a function computes is the same as with plain arrays. What it turns into plain arrays on
    the way is no longer seen, so this finds work that needn't be done, and no cheats.
    """

    sizes: list[int] | None = None

    def __array_function__(self, function, types, arguments, named):
        """Called by NumPy for its functions; some products would come back as plain arrays."""
        result = super().__array_function__(function, types, arguments, named)
        if function not in PRODUCTS or isinstance(result, Watched):
            return result
        [product] = watched(self.sizes, np.asarray(result))
        self.sizes.append(product.size)
        return product

    def __array_finalize__(self, source):
        """Called by NumPy for each new array and each view."""
        self.sizes = getattr(source, "sizes", None)
        if self.sizes is not None:
            self.sizes.append(self.size)


def watched(sizes: list[int], *arrays: np.ndarray) -> list[np.ndarray]:
    """Copies of arrays that note in `sizes` what is made out of them."""
    found = []
    for array in arrays:
        one = array.copy().view(Watched)
        one.sizes = sizes
        found.append(one)
    return found
