"""One place to seed every generator that a run uses."""


def seed_everything(seed: int) -> None:
    """Seed Python's `random`, NumPy's global generator and the backend of Keras.

    The same seed on the same machine and versions gives the same run up to the order in which
    threads add numbers up; compare results of training with a tolerance, never to the last digit.

    Args:
        seed: any integer from 0 to 2³² - 1.

    Raises:
        ValueError: it is something else.
    """
    # They load TensorFlow: only when a run needs it.
    import keras

    from course_lib.layers.sizes import checked_seed

    seed = checked_seed(seed, least=0, optional=False)
    if seed >= 2**32:
        raise ValueError(f"seed is {seed}; the largest there is is 2³² - 1.")
    keras.utils.set_random_seed(seed)
