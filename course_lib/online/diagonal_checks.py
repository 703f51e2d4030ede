"""What an `OnlineScan` can be made of, and with which losses its rule is exact."""

from typing import Any

import keras

from course_lib.layers import ResidualBlock
from course_lib.layers.scanned import ScannedRNN
from course_lib.online import checks, losses
from course_lib.online.diagonal import recurrence_of
from course_lib.online.reading import acts_by_step

RULES = ("exact", "bptt")


def mean(loss: Any) -> None:
    """See that the loss of a sequence is the mean of those of its windows, by their length.

    Raises:
        ValueError: it may not be.
    """
    one = losses.instance_of(loss)
    if not losses.is_mean_of_steps(one):
        raise ValueError(
            "With an output at every step the loss must be a plain mean over all steps: give one of"
            " Keras's with reduction='sum_over_batch_size', along the last axis and without"
            " ignore_class, or take the rule bptt."
        )


def activity(layers: list[Any]) -> None:
    """See that layers whose steps are taken window by window have no penalty on outputs.

    Raises:
        ValueError: one has.
    """
    for leaf in (leaf for layer in layers for leaf in layer._flatten_layers()):
        if leaf.activity_regularizer is not None:
            raise ValueError(
                f"{leaf.name} can't have an activity_regularizer with the rule exact: leave it out,"
                " or take the rule bptt."
            )


def readout(readout: Any) -> None:
    """See that a readout makes of a window what it makes of these steps of a whole sequence.

    Raises:
        ValueError: one of Keras's layers may not.
    """
    for layer in readout._flatten_layers():
        own = type(layer).__module__.startswith("keras.")
        holds = isinstance(layer, keras.Sequential | keras.src.models.Functional)
        if own and not holds and not acts_by_step(layer):
            raise ValueError(
                f"{layer.name} of the readout may look at several steps, and the rule exact reads"
                " them window by window: leave it out, or take the rule bptt."
            )


def stack(layers: list[Any]) -> None:
    """See that traces can be carried through the layers.

    Raises:
        TypeError: one is neither a scanned layer nor a block of one.
        ValueError: an option of one does not fit.
    """
    for layer in layers:
        if not isinstance(layer, ResidualBlock | ScannedRNN):
            raise TypeError(f"{layer!r} is no LRU, MinGRU or ResidualBlock of one.")
    if not layers:
        raise ValueError("There are no layers; give one at least.")
    if len({id(recurrence_of(layer)) for layer in layers}) < len(layers):
        raise ValueError("A layer stands in the stack twice: make one for each place.")
    for number, layer in enumerate(layers):
        one = recurrence_of(layer)
        if one.zero_output_for_mask:
            raise ValueError(
                f"{one.name} shows zero at masked steps; leave zero_output_for_mask out: the model"
                " reads what it shows at the last real step."
            )
        if one.stateful or one.go_backwards or one.return_state or getattr(one, "every", 1) > 1:
            raise ValueError(
                f"{one.name} is stateful, goes backwards, returns its state or leaves out steps;"
                " leave these options out: the rule carries states and traces itself."
            )
        if number < len(layers) - 1 and not one.return_sequences:
            raise ValueError(
                f"{one.name} has another layer above it, so it needs return_sequences=True."
            )


def options(
    rule: Any, update_every: Any, chunk: Any, ramp: Any, clock_speed: Any, by_step: bool
) -> dict[str, Any]:
    """What the model was compiled with beside Keras's own: by name, with plain numbers.

    Args:
        rule, update_every, chunk, ramp, clock_speed: as of `OnlineScan.compile`.
        by_step: whether the model has an output at every step.

    Raises:
        ValueError: there is no such rule, or an option does not fit it.
    """
    if not isinstance(rule, str) or rule not in RULES:
        raise ValueError(f"There is no rule {rule!r}. Choose {' or '.join(RULES)}.")
    if rule == "bptt" and (update_every is not None or clock_speed != 1):
        raise ValueError(
            "bptt is Keras's own step, once a batch; leave out update_every and clock_speed."
        )
    if update_every is not None:
        update_every = checks.count("update_every", update_every)
    if not (isinstance(chunk, str) and chunk == "auto"):
        chunk = checks.count("chunk", chunk)
    ramp, clock_speed = checks.number("ramp", ramp), checks.number("clock_speed", clock_speed)
    if ramp and (update_every is None or by_step):
        raise ValueError(
            "ramp weighs the losses inside a sequence that has one target: set update_every,"
            " and leave return_sequences out."
        )
    return {
        "rule": rule,
        "update_every": update_every,
        "chunk": chunk,
        "ramp": ramp,
        "clock_speed": clock_speed,
    }
