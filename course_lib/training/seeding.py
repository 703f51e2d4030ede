"""One place to seed every generator that a run uses."""


def seed_everything(seed: int) -> None:
    """Seed Python's `random`, NumPy's global generator and the backend of Keras.

    The same seed on the same machine and versions gives the same run up to the order in which
    threads add numbers up; compare results of training with a tolerance, never to the last digit.

    Args:
        seed: any integer from 0 to 2³² - 1.
    """
    import keras  # loads TensorFlow: only when a run needs it

    keras.utils.set_random_seed(seed)
