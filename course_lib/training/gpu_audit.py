"""Does every reference training step run on a GPU? Asked of the traced graph, without a GPU.

A step is traced as it is trained: forward, loss, gradients, update, metrics. Then

- every operation must have a kernel for the GPU, for the type of numbers that it works on;
- none may call back into Python, which a GPU would wait for;
- the graph may not grow with the number of time steps, as that of a Python loop over time does;
- the step must compile with XLA and give the same losses.
"""

# First: it loads TensorFlow without its chatter.
import course_lib.quiet  # noqa: F401, I001
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import keras
import numpy as np
import tensorflow as tf
from tensorflow.core.framework import kernel_def_pb2, node_def_pb2
from tensorflow.python.framework.kernels import get_registered_kernels_for_op

from course_lib.training.vanilla_mnist import Config, build_model

# name -> a compiled model whose training step is looked at, for sequences (batch, T, m)
STEPS: dict[str, Callable[[], keras.Model]] = {
    "vanilla-mnist": lambda: build_model(Config.units, Config.learning_rate),
}

# Kernels for a GPU. DEFAULT ones are registered for every device, and so for this one: they move
# no numbers (While and NoOp pass them on, Placeholder and ReadVariableOp hand them out).
GPU_KERNELS = ("GPU", "DEFAULT")
HOST = ("PyFunc", "PyFuncStateless", "EagerPyFunc")  # py_function and numpy_function
BATCH = 4
# Of the loss, relative. XLA fuses operations and so adds in another order: in float32 a rounding
# is 6e-8 of a number, and a sum over a few hundred of them in two orders differs by some of these.
# A wrong update would be off by far more: one step changes the loss by about 1e-2.
XLA_TOLERANCE = 1e-5


@dataclass
class Audit:
    """What was found in one step."""

    step: str
    operations: dict[str, set[str]] = field(default_factory=dict)  # to their kernels' devices
    without_gpu_kernel: set[str] = field(default_factory=set)
    failures: list[str] = field(default_factory=list)


def audit(name: str, build: Callable[[], keras.Model]) -> Audit:
    """Trace a training step, look at each operation in it, and compile it.

    Args:
        name: what to call it.
        build: makes the model, compiled, with the input (batch, T, m) and logits (batch, c) or
            (batch, T, c), and labels of one integer for each row of logits.
    """
    found = Audit(name)
    model = build()
    steps, features = model.input_shape[1:]
    nodes = _trace(model, steps)
    for node in nodes:
        kernels = get_registered_kernels_for_op(node.op).kernel
        found.operations.setdefault(node.op, set()).update(k.device_type for k in kernels)
        if not any(k.device_type in GPU_KERNELS and _fits(k, node) for k in kernels):
            found.without_gpu_kernel.add(node.op)
    for op in sorted(found.without_gpu_kernel):
        found.failures.append(f"{op} has no kernel for GPU for what it works on.")
    for op in sorted(found.operations.keys() & set(HOST)):
        found.failures.append(f"{op} calls back into Python on the host.")

    grown = len(_trace(_longer(model, 2 * steps, features), 2 * steps)) - len(nodes)
    if grown:
        found.failures.append(
            f"The graph for {2 * steps} time steps has {grown:+d} operations over that for"
            f" {steps}: there is a Python loop over time."
        )
    if not found.failures:
        found.failures += _xla_failures(model, steps)
    return found


def main(as_json: bool = False, steps: dict[str, Callable[[], keras.Model]] = STEPS) -> int:
    """Audit all steps and print what was found; the number to exit with.

    Args:
        as_json: print the counts as one JSON object, last, and the table on standard error.
        steps: name to model; by default those of the course.
    """
    from rich.console import Console
    from rich.table import Table

    console = Console(stderr=as_json)
    if not any(k.device_type == "GPU" for k in get_registered_kernels_for_op("MatMul").kernel):
        console.print(
            "This build of TensorFlow has no kernels for GPU at all, so it can't tell. The wheel"
            " for Linux, package tensorflow, has them."
        )
        return 2
    audits = [audit(name, build) for name, build in steps.items()]
    devices: dict[str, set[str]] = {}
    for found in audits:
        for op, of in found.operations.items():
            devices.setdefault(op, set()).update(of)
    table = Table("operation", "kernels", "in")
    for op in sorted(devices):
        table.add_row(
            op,
            ", ".join(sorted(devices[op])),
            ", ".join(found.step for found in audits if op in found.operations),
        )
    console.print(table)
    for found in audits:
        for failure in found.failures:
            console.print(f"✗ {found.step}: {failure}", markup=False, soft_wrap=True)
    counts = {
        "steps": len(audits),
        "operations": len(devices),
        "without_gpu_kernel": sorted(set().union(*(f.without_gpu_kernel for f in audits))),
    }
    print(json.dumps(counts) if as_json else "  ".join(f"{k}: {v}" for k, v in counts.items()))
    return 1 if any(found.failures for found in audits) else 0


def _trace(model: keras.Model, steps: int) -> list[node_def_pb2.NodeDef]:
    """Every operation in the graph of one training step, in the bodies of its loops too."""
    model.optimizer.build(model.trainable_variables)
    signature = [tf.TensorSpec(array.shape, array.dtype) for array in _examples(model, steps)]
    graph = _function(model).get_concrete_function(*signature).graph.as_graph_def()
    return list(_nodes(graph))


def _nodes(graph: tf.compat.v1.GraphDef) -> Iterator[node_def_pb2.NodeDef]:
    """The nodes of a graph and, once each, of the functions that they call."""
    library = {function.signature.name: function.node_def for function in graph.library.function}
    waiting = [graph.node]
    while waiting:
        for node in waiting.pop():
            yield node
            for value in node.attr.values():
                for function in (value.func, *value.list.func):
                    if function.name in library:
                        waiting.append(library.pop(function.name))


def _fits(kernel: kernel_def_pb2.KernelDef, node: node_def_pb2.NodeDef) -> bool:
    """Whether a kernel is for the types of numbers that the node has."""
    return all(
        set(node.attr[rule.name].list.type or [node.attr[rule.name].type])
        <= set(rule.allowed_values.list.type)
        for rule in kernel.constraint
    )


def _longer(model: keras.Model, steps: int, features: int) -> keras.Model:
    """The same model for sequences of another length."""
    longer = keras.models.clone_model(model, input_tensors=keras.Input((steps, features)))
    longer.compile_from_config(model.get_compile_config())
    return longer


def _function(model: keras.Model, **settings: bool) -> tf.types.experimental.PolymorphicFunction:
    return tf.function(lambda x, y: model.train_step((x, y))["loss"], **settings)


def _examples(model: keras.Model, steps: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    *rows, classes = (n or BATCH for n in model.output_shape)
    if len(rows) == 2:
        rows[1] = steps
    x = rng.random((BATCH, steps, model.input_shape[-1]), np.float32)
    return x, rng.integers(0, classes, rows)


def _xla_failures(model: keras.Model, steps: int) -> list[str]:
    """Take two steps without and with XLA from the same weights and compare the losses.

    The second loss is that after an update, and so it looks at the gradients as well.
    """
    variables = [*model.variables, *model.optimizer.variables]
    start = [variable.numpy() for variable in variables]
    losses = []
    for compiled in (False, True):
        for variable, value in zip(variables, start, strict=True):
            variable.assign(value)
        model.reset_metrics()
        step = _function(model, jit_compile=compiled)
        try:
            losses.append([float(step(*_examples(model, steps))) for _ in range(2)])
        except (tf.errors.InvalidArgumentError, tf.errors.UnimplementedError) as error:
            return [f"It does not compile with XLA: {error.message.splitlines()[0]}"]
    if not np.allclose(*losses, rtol=XLA_TOLERANCE, atol=0):
        return [f"XLA gives the losses {losses[1]}, without it they are {losses[0]}."]
    return []
