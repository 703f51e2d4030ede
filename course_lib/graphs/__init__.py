"""Graphs: what TensorFlow makes of a function, in plain numbers and words.

In: a function of tensors, or the graph that `trace` makes of it.
Out: what TensorFlow stumbles over, what the graph holds, what of it a GPU or XLA can't take, what
is computed while it runs, and blocks in which TensorFlow goes another way. Others judge it.
It also runs in an instructor's sandbox, beside a student's code: so these files import each other
relatively, at their top, and nothing else of the course; TensorFlow only when they are called.
"""

from .gpu import HOST, gpu_name, gpu_report, without_gpu_kernel
from .gradients import gradient_sizes
from .kernels import devices_of, knows_gpu_kernels
from .namespace import namespace_of, own_twin
from .operations import (
    kept_by_loops,
    lists_that_grow,
    nodes,
    pipeline_operations,
    slices_that_change,
)
from .settings import (
    as_in_a_new_notebook,
    goes_step_by_step,
    in_graphs,
    keras_in,
    pretended_gpu,
    reads_before_writes,
    step_by_step,
    without_advice,
    without_tf32,
    without_xla,
)
from .tracing import STUMBLES, Counting, Untraceable, stumble, trace
from .watching import alive_at_once, computed_by, most_in_one_array, written
from .xla import by_xla, loop_bytes, program_size, xla_refusal

__all__ = [
    "HOST",
    "STUMBLES",
    "Counting",
    "Untraceable",
    "alive_at_once",
    "as_in_a_new_notebook",
    "by_xla",
    "computed_by",
    "devices_of",
    "goes_step_by_step",
    "gpu_name",
    "gpu_report",
    "gradient_sizes",
    "in_graphs",
    "kept_by_loops",
    "keras_in",
    "knows_gpu_kernels",
    "lists_that_grow",
    "loop_bytes",
    "most_in_one_array",
    "namespace_of",
    "nodes",
    "own_twin",
    "pipeline_operations",
    "pretended_gpu",
    "program_size",
    "reads_before_writes",
    "slices_that_change",
    "step_by_step",
    "stumble",
    "trace",
    "without_advice",
    "without_gpu_kernel",
    "without_tf32",
    "without_xla",
    "written",
    "xla_refusal",
]
