"""From the name of a rule to what learns by it, on a cell or on a stack."""

from course_lib.online import modes_traces, traces
from course_lib.online.bptt import Window
from course_lib.online.modes_rule import ModesLearner
from course_lib.online.rtrl import RTRL
from course_lib.online.rules import RULES, TraceLearner
from course_lib.online.snap2 import SnAp2
from course_lib.online.stack import StackDynamics, StackLearner
from course_lib.online.uoro import UORO

TRACES = {"chunked": traces.chunked, "per_step": traces.per_step}
MODES_TRACES = {"chunked": modes_traces.chunked, "per_step": modes_traces.per_step}
OTHER_RULES = ("rtrl", "snap2", "uoro", "bptt", "tbptt")


def learner_of(options, dynamics, kernel, seeds, masked):
    """The rule at work on a cell or on a stack.

    Args:
        options: of `OnlineRNN.compile`: rule, trace and update_every.
        dynamics: of the cell or the stack.
        kernel: what the rule learns with; None for a rule without one.
        seeds: of the noise of "uoro".
        masked: whether a step may be no step.

    Raises:
        ValueError: the rule isn't written for a stack.
    """
    name = options["rule"]
    if name == "tbptt":
        return Window(dynamics, options["update_every"])
    if isinstance(dynamics, StackDynamics):
        if name == "uoro":
            raise ValueError("uoro is written for one cell, not for a stack: take another rule.")
        kernels = len(dynamics.levels) * [None] if kernel is None else kernel.kernels
        pairs = zip(dynamics.levels, kernels, strict=True)
        learners = [learner_of(options, one.dynamics, own, seeds, masked) for one, own in pairs]
        return StackLearner(dynamics, learners, kernel, masked)
    if name == "rtrl":
        return RTRL(dynamics)
    if name == "snap2":
        return SnAp2(dynamics)
    if name == "uoro":
        return UORO(dynamics, seeds)
    rule = RULES[name]
    if rule.decay == "modes":
        return ModesLearner(dynamics, kernel, MODES_TRACES[options["trace"]])
    return TraceLearner(rule, dynamics, kernel, TRACES[options["trace"]])
