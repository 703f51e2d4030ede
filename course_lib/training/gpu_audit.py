"""Does every reference training step run on a GPU? Asked of the traced graph, without a GPU.

A step is traced as it is trained: forward, loss, gradients, update, metrics. Then

- every operation must have a kernel for the GPU, for the type of numbers that it works on;
- none may call back into Python, which a GPU would wait for;
- the graph may not grow with the number of time steps, as that of a Python loop over time does;
- what is meant for cuDNN's kernel must hold it, forward and backward, when Keras sees a GPU;
- the step must compile with XLA and give the same losses.

The steps are in `course_lib.training.reference_steps`.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import tensorflow as tf

from course_lib.exercises.calling.frameworks import traced_gradients_forgotten
from course_lib.graphs import (
    HOST,
    devices_of,
    knows_gpu_kernels,
    nodes,
    pretended_gpu,
    trace,
    without_gpu_kernel,
    without_tf32,
    xla_refusal,
)
from course_lib.training.reference_steps import STEPS, Step

CUDNN = {"CudnnRNNV3", "CudnnRNNBackpropV3"}
T = 6  # time steps
# Of the loss, relative. XLA fuses operations and so adds in another order: in float32 a rounding
# is 6e-8 of a number, and a sum over a few hundred of them in two orders differs by some of these.
# A wrong update would be off by far more: one step changes the loss by about 1e-2.
XLA_TOLERANCE = 1e-5

Take = tf.types.experimental.ConcreteFunction  # a traced step: from a batch to its loss


@dataclass
class Audit:
    """What was found in one step."""

    step: str
    operations: dict[str, set[str]] = field(default_factory=dict)  # to their kernels' devices
    without_gpu_kernel: set[str] = field(default_factory=set)
    failures: list[str] = field(default_factory=list)


def audit(name: str, build: Callable[[int], Step]) -> Audit:
    """Trace a training step, look at each operation in it, and compile it.

    Args:
        name: what to call it.
        build: from a number of time steps to the step.
    """
    with traced_gradients_forgotten():  # else all steps' graphs and models would be there at once
        return _audited(name, build)


def _audited(name: str, build: Callable[[int], Step]) -> Audit:
    found = Audit(name)
    with pretended_gpu(False):  # the loop over time, on a machine with a GPU too
        step = build(T)
        plain = _graph(step)
        operations = nodes(plain)
        grown = len(nodes(_graph(build(2 * T)))) - len(operations)
    _look(operations, found)
    if step.cudnn:
        with pretended_gpu():
            fused = nodes(_graph(build(T)))
        _look(fused, found)
        for op in sorted(CUDNN - {node.op for node in fused}):
            found.failures.append(f"{op} is not taken: the conditions for cuDNN are not met.")
    for op in sorted(found.without_gpu_kernel):
        found.failures.append(f"{op} has no kernel for GPU for what it works on.")
    for op in sorted(found.operations.keys() & set(HOST)):
        found.failures.append(f"{op} calls back into Python on the host.")
    if grown:
        found.failures.append(
            f"The graph for {2 * T} time steps has {grown:+d} operations over that for {T}: there"
            " is a Python loop over time."
        )
    if not found.failures:
        with pretended_gpu(False):
            found.failures += _xla_failures(step, plain)
    return found


def main(as_json: bool = False, steps: dict[str, Callable[[int], Step]] = STEPS) -> int:
    """Audit all steps and print what was found; the number to exit with.

    Args:
        as_json: print the counts as one JSON object, last, and the table on standard error.
        steps: name to step; by default those of the course.
    """
    from rich.console import Console
    from rich.table import Table

    console = Console(stderr=as_json)
    if not knows_gpu_kernels():
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
    table = Table("operation", "kernels", "in the steps")
    for op in sorted(devices):
        where = [found.step for found in audits if op in found.operations]
        everywhere = len(where) == len(audits)
        table.add_row(op, ", ".join(sorted(devices[op])), "all" if everywhere else ", ".join(where))
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


def _look(operations: list, found: Audit) -> None:
    """Note the operations and which of them have no kernel for a GPU."""
    for op, devices in devices_of(operations).items():
        found.operations.setdefault(op, set()).update(devices)
    found.without_gpu_kernel |= without_gpu_kernel(operations)


def _xla_failures(step: Step, plain: Take | None = None) -> list[str]:
    """Take two steps without and with XLA from the same weights and compare the losses.

    The second loss is that after an update, and so it looks at the gradients as well. What is drawn
    at random is left out of the comparison, after it has been compiled too.

    Args:
        step: the step, with what is drawn at random.
        plain: its graph without XLA, where it has been traced.
    """
    start = [variable.numpy() for variable in step.variables]

    @without_tf32()  # with and without XLA a GPU may round otherwise
    def losses(take: Take) -> list[float]:
        for variable, value in zip(step.variables, start, strict=True):
            variable.assign(value)
        batch = tf.constant(step.x), tf.constant(step.y)
        return [float(take(*batch)) for _ in range(2)]

    compiled: list[float] = []

    def compile_it() -> None:
        compiled[:] = losses(_graph(step, jit_compile=True))
        if step.silence is not None:
            step.silence()
            compiled[:] = losses(_graph(step, jit_compile=True))

    if refused := xla_refusal(compile_it):
        return [f"It does not compile with XLA: {refused}"]
    if plain is None or step.silence is not None:
        plain = _graph(step, jit_compile=False)
    expected = losses(plain)
    if not np.allclose(compiled, expected, rtol=XLA_TOLERANCE, atol=0):
        return [f"XLA gives the losses {compiled}, without it they are {expected}."]
    return []


def _graph(step: Step, **settings: bool) -> Take:
    signature = [tf.TensorSpec(array.shape, array.dtype) for array in (step.x, step.y)]
    return trace(step.take, *signature, **settings)
