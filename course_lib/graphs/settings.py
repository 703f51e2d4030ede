"""TensorFlow and Keras, set in another way for as long as a block lasts."""

import contextlib
import importlib
import sys
from collections.abc import Iterator


@contextlib.contextmanager
def step_by_step() -> Iterator[None]:
    """While it lasts, functions that TensorFlow would trace run as the Python that they are."""
    with _functions_run_eagerly(True):
        yield


@contextlib.contextmanager
def in_graphs() -> Iterator[None]:
    """While it lasts, functions are traced, also inside of `step_by_step`.

    For what was traced long ago: there the graph is the quick way.
    """
    with _functions_run_eagerly(False):
        yield


@contextlib.contextmanager
def as_in_a_new_notebook(traced: bool = True) -> Iterator[None]:
    """While it lasts, TensorFlow and Keras have the settings that they begin with.

    A learner who looks for a fault may have told TensorFlow to run functions eagerly, or to look
    for NaN, and one who trains may have given Keras another policy; an answer is as right as
    before. What isn't loaded stays so.

    Args:
        traced: False: functions that TensorFlow would trace run as the Python that they are.
    """
    with contextlib.ExitStack() as settings:
        if traced == goes_step_by_step():
            settings.enter_context(_functions_run_eagerly(not traced))
        if "tensorflow" in sys.modules:
            settings.enter_context(_without_debuggers())
        if "keras" in sys.modules:
            settings.enter_context(keras_in("float32"))
            settings.enter_context(_channels_last())
        yield


@contextlib.contextmanager
def _functions_run_eagerly(they_do: bool) -> Iterator[None]:
    import tensorflow as tf

    before = tf.config.functions_run_eagerly()
    tf.config.run_functions_eagerly(they_do)
    try:
        yield
    finally:
        tf.config.run_functions_eagerly(before)


@contextlib.contextmanager
def _without_debuggers() -> Iterator[None]:
    """While it lasts, nothing looks at each operation, and tf.data runs no pipeline in Python.

    `tf.debugging.enable_check_numerics` puts an operation behind each other one, which XLA doesn't
    know; of `tf.data.experimental.enable_debug_mode`, TensorFlow has no way back.
    """
    from tensorflow.python.data.ops import debug_mode
    from tensorflow.python.eager import context

    thread = context.context()._thread_local_data
    before = thread.op_callbacks, debug_mode.DEBUG_MODE
    thread.op_callbacks, debug_mode.DEBUG_MODE = [], False
    try:
        yield
    finally:
        thread.op_callbacks, debug_mode.DEBUG_MODE = before


def goes_step_by_step() -> bool:
    """Whether TensorFlow, if it is there, runs functions as the Python that they are."""
    tensorflow = sys.modules.get("tensorflow")
    return tensorflow is not None and tensorflow.config.functions_run_eagerly()


@contextlib.contextmanager
def keras_in(dtype: str) -> Iterator[None]:
    """Whatever Keras makes and computes, its losses too, has one dtype unless told otherwise.

    A check in float64 would else refuse Keras's own losses, which begin with float32.

    Args:
        dtype: "float64", or "float32".
    """
    import keras

    before = keras.config.floatx(), keras.config.dtype_policy()
    keras.config.set_floatx(dtype)
    keras.config.set_dtype_policy(dtype)
    try:
        yield
    finally:
        keras.config.set_floatx(before[0])
        keras.config.set_dtype_policy(before[1])


@contextlib.contextmanager
def _channels_last() -> Iterator[None]:
    """While it lasts, Keras takes images with their channels last, whatever keras.json says."""
    import keras

    before = keras.config.image_data_format()
    keras.config.set_image_data_format("channels_last")
    try:
        yield
    finally:
        keras.config.set_image_data_format(before)


@contextlib.contextmanager
def reads_before_writes() -> Iterator[None]:
    """While it lasts, a graph that reads a weight and then changes it does so in this order.

    TensorFlow's dependency optimizer can lose the order where a weight is read twice, such as by a
    layer and by `tf.einsum`: in TensorFlow 2.21, a right training step then computes, now and then,
    with a weight that it has already changed.
    """
    import tensorflow as tf

    name = "dependency_optimization"
    before = tf.config.optimizer.get_experimental_options().get(name, True)
    tf.config.optimizer.set_experimental_options({name: False})
    try:
        yield
    finally:
        tf.config.optimizer.set_experimental_options({name: before})


@contextlib.contextmanager
def without_xla() -> Iterator[None]:
    """While it lasts, what asks XLA to compile it is traced as a plain graph.

    XLA takes a third of a second for each size of a small step, whose numbers are the same. What
    XLA makes of a step is looked at once, elsewhere.
    """
    from tensorflow.python.eager.polymorphic_function.polymorphic_function import Function

    # A property of the class counts for more than the entry that each function has of its own.
    Function._jit_compile = property(
        lambda _: None, lambda function, asked: vars(function).update(_jit_compile=asked)
    )
    try:
        yield
    finally:
        del Function._jit_compile


@contextlib.contextmanager
def without_tf32() -> Iterator[None]:
    """Products in float32 use all 24 bits of a number.

    Recent NVIDIA GPUs else round what they multiply to TF32, of 11 bits, so that a layer's outputs
    differ from a processor's in the third digit. What compares the two leaves it out.
    """
    import tensorflow as tf

    on = tf.config.experimental.tensor_float_32_execution_enabled()
    tf.config.experimental.enable_tensor_float_32_execution(False)
    try:
        yield
    finally:
        tf.config.experimental.enable_tensor_float_32_execution(on)


@contextlib.contextmanager
def pretended_gpu(there: bool = True) -> Iterator[None]:
    """Let Keras choose as if there were a GPU, or none, whatever there is.

    What is traced with a GPU holds cuDNN's kernel where Keras would take it; without one it can be
    looked at, but not run. What is traced without a GPU holds the loop over time, which XLA can
    compile; the kernel it can't.

    Args:
        there: whether Keras shall see a GPU.
    """
    # By its full name: in Keras's package, the name stands for the function.
    rnn = importlib.import_module("keras.src.backend.tensorflow.rnn")
    asks = rnn._is_gpu_available
    rnn._is_gpu_available = lambda: there
    try:
        yield
    finally:
        rnn._is_gpu_available = asks


@contextlib.contextmanager
def without_advice() -> Iterator[None]:
    """While it lasts, TensorFlow keeps its advice to itself, such as that on tracing too often.

    A check makes the same training step several times over, which is what it advises against.
    """
    import tensorflow as tf

    logger = tf.get_logger()
    level = logger.level
    logger.setLevel("ERROR")
    try:
        yield
    finally:
        logger.setLevel(level)
