"""What `OnlineRNN.compile` takes beside Keras's own."""

from typing import Any

from course_lib.layers.scanned import checked_timescales
from course_lib.online import checks
from course_lib.online.kernel_choice import plain_modes
from course_lib.online.learners import OTHER_RULES, TRACES
from course_lib.online.rules import RULES


def checked_options(
    cell: Any,
    by_step: bool,
    *,
    rule: Any,
    timescales: Any,
    modes: Any,
    samples: Any,
    disturbance: Any,
    chunk: Any,
    update_every: Any,
    trace: Any,
    seed: Any,
) -> dict[str, Any]:
    """The options by name, with plain numbers.

    Args:
        cell: of the model.
        by_step: whether it has an output at every step.
        rule, timescales, modes, samples, disturbance, chunk, update_every, trace, seed: as of
            `OnlineRNN.compile`.

    Raises:
        ValueError: there is no such rule, or an option does not fit it.
    """
    if not isinstance(rule, str) or rule not in (*RULES, *OTHER_RULES):
        raise ValueError(
            f"There is no rule {rule!r}. Choose one of {', '.join([*RULES, *OTHER_RULES])}."
        )
    if not isinstance(trace, str) or trace not in TRACES:
        raise ValueError(f"trace is {trace!r}; choose {' or '.join(TRACES)}.")
    if update_every is not None:
        if not by_step:
            raise ValueError("update_every needs a loss at every step: return_sequences=True.")
        if rule == "bptt":
            raise ValueError(
                "bptt changes the weights once a batch: leave out update_every, or take tbptt."
            )
        update_every = chunk = checks.count("update_every", update_every)
    if timescales is not None and not (isinstance(timescales, str) and timescales == "leak"):
        timescales = checked_timescales(timescales)
    if rule == "kernl_modes":
        if cell.variable_dtype not in ("float32", "float64"):
            raise ValueError(
                f"kernl_modes needs complex numbers; of {cell.variable_dtype} there are"
                " none: give the cell the dtype float32, mixed_float16 or mixed_bfloat16."
            )
        if timescales is not None:
            raise ValueError("kernl_modes has modes, no timescales: leave those out.")
        modes = plain_modes(4 if modes is None else modes, cell)
    elif modes is not None:
        raise ValueError(f'{rule} has no modes; leave them out, or take rule="kernl_modes".')
    if not (isinstance(chunk, str) and chunk == "auto"):
        chunk = checks.count("chunk", chunk)
    samples, seed = checks.count("samples", samples), checks.count("seed", seed, least=0)
    disturbance = checks.number("disturbance", disturbance)
    return {
        "rule": rule,
        "timescales": timescales,
        "modes": modes,
        "samples": samples,
        "disturbance": disturbance,
        "chunk": chunk,
        "update_every": update_every,
        "trace": trace,
        "seed": seed,
    }
