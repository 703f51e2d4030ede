"""What XLA makes of a function: a program of some size, other numbers, or nothing."""

import math
import re
from collections.abc import Callable, Iterable
from typing import Any

from .operations import lists_that_grow, slices_that_change


def xla_refusal(attempt: Callable[[], Any]) -> str:
    """Why XLA can't compile what an attempt runs: the first line of its words, "" if it can.

    XLA can't print, and would look no further: what is traced here leaves `tf.print` out.
    """
    import tensorflow as tf

    prints, tf.print = tf.print, lambda *_, **__: tf.no_op()
    try:
        attempt()
    except (tf.errors.InvalidArgumentError, tf.errors.UnimplementedError) as error:
        return error.message.splitlines()[0]
    finally:
        tf.print = prints
    return ""


def by_xla(
    make: Callable[..., Any], arguments: Iterable[Any], results: Callable[[Any], dict[str, Any]]
) -> dict[str, Any]:
    """What a graph gives that XLA has compiled, in plain arrays.

    Args:
        make: from settings of `tf.function` to the graph.
        arguments: of the graph, arrays.
        results: from what the graph gives to tensors by name.

    Returns:
        "refused", in XLA's words, or ""; and if it isn't refused the results. Where XLA may fail
        without a word, what the graph gives without it stands beside them as "… without XLA".
    """
    import tensorflow as tf

    outputs, arguments = {}, list(map(tf.constant, arguments))

    def run():
        compiled = make(jit_compile=True)
        outputs.update(results(compiled(*arguments)))
        if slices_that_change(compiled) or lists_that_grow(compiled):
            plain = results(make()(*arguments))
            outputs.update({f"{name} without XLA": value for name, value in plain.items()})

    refused = xla_refusal(run)
    return {"refused": refused, **{name: value.numpy() for name, value in outputs.items()}}


def program_size(function: Callable, *examples: Any) -> dict[str, int]:
    """How large the program is that XLA makes of a function.

    XLA gives what a loop lays aside its full size before the loop begins, so the memory is a
    property of the program: the same on every machine, whether it is run or not.

    Args:
        function: of tensors.
        examples: tensors of the sizes in question.

    Returns:
        "instructions": how many; "bytes": what the fullest of its loops carries.
    """
    import tensorflow as tf

    compiled = tf.function(function, jit_compile=True, autograph=False)
    program = compiled.experimental_get_compiler_ir(*examples)(stage="hlo")
    carried = re.findall(r" = \((.*)\) while\(", program)
    return {
        "instructions": program.count(" = "),
        "bytes": max(map(_bytes, carried), default=0),
    }


def loop_bytes(function: Callable, *examples: Any) -> int:
    """The most bytes that one loop of a function carries when XLA compiles it for these
    examples.
    """
    return program_size(function, *examples)["bytes"]


def _bytes(shapes: str) -> int:
    """The size of arrays written as XLA writes them: f32[2,5,3], s32[], pred[4]."""
    total = 0
    for kind, bits, sizes in re.findall(r"\b(pred|[a-z]+?)(\d*)\[([\d,]*)\]", shapes):
        width = 1 if kind == "pred" else int(bits) // 8
        total += width * math.prod(int(size) for size in sizes.split(",") if size)
    return total
