"""What TensorFlow and Keras have only one of in a process; neither is imported here.

A check that is stopped in the middle of a layer may leave Keras in training mode, or TensorFlow in
a graph, and nothing in the notebook would compute as before from then on. A class that registers
itself takes the place of the one of the same name, in every model that is loaded later.
"""

import contextlib
import gc
import os
import sys
from collections.abc import Callable, Iterator
from types import GeneratorType, ModuleType
from typing import Any

# Where a learner may put something else in the place of an operation.
OF_OPERATIONS = ("keras", "keras.ops", "keras.random", "tensorflow", "tensorflow.math",
                 "tensorflow.linalg", "tensorflow.nn", "tensorflow.random")  # fmt: skip

# Where TensorFlow's context managers are that change a mode of the whole thread.
OF_CONTEXTS = tuple(
    f"tensorflow/python/{name}.py"
    for name in ("eager/context", "eager/record", "framework/func_graph", "framework/ops",
                 "framework/stack")
)  # fmt: skip

# Keras counts with it how many layers were named alike; numbers that go on harm nobody.
NAMES_IN_USE = "object_name_uids"
DRAWS = "global_seed_generator"
KERAS_SETTINGS = ("_FLOATX", "_EPSILON", "_IMAGE_DATA_FORMAT", "_MAX_EPOCHS",
                  "_MAX_STEPS_PER_EPOCH")  # fmt: skip


def modules_of_operations() -> Iterator[ModuleType]:
    """Those of `OF_OPERATIONS` that are loaded."""
    for name in OF_OPERATIONS:
        module = sys.modules.get(name)
        if isinstance(module, ModuleType):
            yield module


TRACED = "CustomGradient-"  # so begins the name of a gradient that was traced; its number follows


@contextlib.contextmanager
def traced_gradients_forgotten() -> Iterator[None]:
    """After the block, TensorFlow no longer holds the graphs that were traced in it.

    For each function under `tf.custom_gradient` that is traced it registers the gradient, and
    forgets none; with the gradient stay its graph, the model and the weights, megabytes for each
    training step. No gradient can be taken any more through what was traced in the block, so it
    isn't for a learner's notebook, where a check may have traced what they go on with.
    """
    before = set(_gradients())
    try:
        yield
    finally:
        gradients = _gradients()
        traced = [name for name in gradients if name.startswith(TRACED) and name not in before]
        for name in traced:
            del gradients[name]
        if traced:
            gc.collect()


def _gradients() -> dict[str, Any]:
    ops = sys.modules.get("tensorflow.python.framework.ops")
    return ops.gradient_registry._registry if ops else {}


def framework_settings() -> Callable[[], None]:
    """Note the settings of those that are loaded; the function puts back what was changed."""
    put_back = [_tensorflow_settings()] if "tensorflow" in sys.modules else []
    put_back += [_keras_settings()] if "keras" in sys.modules else []

    def all_back() -> None:
        for one in put_back:
            with contextlib.suppress(Exception):  # what was taken apart can't be put back
                one()

    return all_back


def _tensorflow_settings() -> Callable[[], None]:
    from tensorflow.python import pywrap_tfe
    from tensorflow.python.eager import context
    from tensorflow.python.eager.polymorphic_function import eager_function_run
    from tensorflow.python.framework import ops

    taping = not pywrap_tfe.TFE_Py_TapeSetIsStopped()
    current = context.context()
    mode, switches = current._thread_local_data, current.context_switches.stack
    graphs = ops._default_graph_stack.stack
    before = mode.is_eager, switches[:], graphs[:]
    # A thread begins with one switch. Where it has gone on, somebody is inside of a graph.
    entered = _open_contexts() if graphs or len(switches) > 1 else []
    step_by_step = eager_function_run.RUN_FUNCTIONS_EAGERLY
    seed, draws = current._seed, getattr(current, "_rng", None)
    drawn = draws.getstate() if draws is not None else None

    def put_back() -> None:
        is_taping = not pywrap_tfe.TFE_Py_TapeSetIsStopped()
        if (mode.is_eager, switches, graphs) != before or is_taping != taping:
            _leave_contexts(entered)
            mode.is_eager, switches[:], graphs[:] = before
        if taping and pywrap_tfe.TFE_Py_TapeSetIsStopped():
            pywrap_tfe.TFE_Py_TapeSetRestartOnThread()
        if step_by_step != eager_function_run.RUN_FUNCTIONS_EAGERLY:
            eager_function_run.RUN_FUNCTIONS_EAGERLY = step_by_step
        if current._seed != seed or getattr(current, "_rng", None) is not draws:
            current._seed = seed
            current._rng = draws
        if draws is not None and draws.getstate() != drawn:
            draws.setstate(drawn)
            current.clear_kernel_cache()  # there each operation counts its own draws

    return put_back


def _open_contexts() -> list[GeneratorType]:
    """What was entered of TensorFlow's, such as a graph, and not left yet."""
    return [
        one
        for one in gc.get_objects()
        if isinstance(one, GeneratorType)
        and one.gi_suspended
        and one.gi_code.co_filename.replace(os.sep, "/").endswith(OF_CONTEXTS)
    ]


def _leave_contexts(kept: list[GeneratorType]) -> None:
    """Leave what was entered of TensorFlow's and not left, but for what was open before.

    A time limit can fall between the two, and a learner can forget the second. Left to Python's
    garbage collector, it would be left at any later moment, and change the mode then: in the
    middle of another graph, or with an "Exception ignored" on the learner's page.
    """
    for one in _open_contexts():
        if not any(one is other for other in kept):
            with contextlib.suppress(Exception):  # one of them was entered inside of another
                one.close()


def _keras_settings() -> Callable[[], None]:
    from keras.src.backend import config
    from keras.src.backend.common import global_state
    from keras.src.saving import object_registration

    tracker = global_state.GLOBAL_STATE_TRACKER
    state = {name: _copy(value) for name, value in vars(tracker).items() if name != NAMES_IN_USE}
    settings = {name: getattr(config, name) for name in KERAS_SETTINGS if hasattr(config, name)}
    registered = object_registration.GLOBAL_CUSTOM_OBJECTS
    classes = dict(registered)
    draws = state.get(DRAWS)
    drawn = draws.state.numpy() if draws is not None else None

    def put_back() -> None:
        global_state.GLOBAL_STATE_TRACKER = tracker
        now = vars(tracker)
        for name in now.keys() - state.keys() - {NAMES_IN_USE}:
            del now[name]
        now.update((name, _copy(value)) for name, value in state.items())
        vars(config).update(settings)
        registered.update(classes)  # what was added meanwhile, such as by a lazy import, stays
        if draws is not None:
            draws.state.assign(drawn)

    return put_back


def _copy(value: Any) -> Any:
    """Keras's stacks are lists that it changes in place."""
    return value[:] if isinstance(value, list) else value
