"""Every exercise by its id, in the order of the chapters; loaded when it is asked for."""

import difflib
import functools
import importlib
from dataclasses import dataclass

from course_lib.exercises.exercise import Exercise
from course_lib.exercises.tensorflow_only import (
    loads_tensorflow,
    see_that_keras_runs_on_tensorflow,
)
from course_lib.interrupted import when_whole

PROJECT = "predict_"  # how the id of a project begins, and no other


@dataclass(frozen=True)
class Chapter:
    """A chapter, its notebook and its exercises.

    Args:
        name: the module below `course_lib.exercises`, and the page below `book/`.
        title: as in the book.
        notebook: name of the notebook, without ending.
        exercises: ids in the order of the notebook.
    """

    name: str
    title: str
    notebook: str
    exercises: tuple[str, ...]


CHAPTERS = (
    Chapter(
        "vanilla_rnn",
        "The vanilla RNN",
        "01-vanilla-rnn",
        (
            "rnn_step",
            "rnn_forward",
            "masked_rnn_forward",
            "cross_entropy_from_logits",
            "VanillaRNNCell",
            "read_digits",
            "train_step",
            "padded_batches",
            "predict_rows",
        ),
    ),
    Chapter(
        "bptt",
        "Backpropagation through time",
        "02-bptt",
        (
            "rnn_step_backward",
            "rnn_backward",
            "numerical_gradient",
            "gradient_check",
            "truncated_bptt",
            "clip_by_global_norm",
            "update_on_window",
            "state_jacobian",
            "bptt_gradient",
            "checkpointed",
            "train_step_windows",
            "gradient_by_step",
            "predict_remember",
        ),
    ),
    Chapter(
        "gated_cells",
        "Gated cells",
        "03-gated-cells",
        (
            "forget_bias_for",
            "gru_step",
            "lstm_step",
            "lstm_step_backward",
            "fresh_cells",
            "collect_outputs",
            "dropout_between_layers",
            "stacked_forward",
            "LSTMCell",
            "GRUCell",
            "looped",
            "recurrent_classifier",
            "EarlyStopping",
            "gru_for_a_gpu",
            "predict_few_labels",
        ),
    ),
    Chapter(
        "gradnets",
        "GradNets",
        "04-gradnets",
        (
            "grelu",
            "grelu_backward",
            "GradualActivation",
            "GateSchedule",
            "propagate",
            "stop_gate",
            "gradual_dropout",
            "GradualDropout",
            "gradient_norms",
            "log_gradients",
            "final_accuracy",
            "predict_depth",
        ),
    ),
    Chapter(
        "kernl",
        "KeRNL and online learning",
        "05-kernl",
        (
            "trace_step",
            "weight_gradient",
            "forward_gradient",
            "perturbation_step",
            "kernel_gradients",
            "kernel_fit",
            "fit_modes",
            "identity_recurrence",
            "chunk_border",
            "chunked_trace",
            "KernlModel",
            "update_inside",
            "rflo_gradient",
            "predict_no_tape",
        ),
    ),
    Chapter(
        "diagonal",
        "Recurrences made to be scanned",
        "06-diagonal",
        (
            "combine",
            "scan",
            "scan_backward",
            "ring",
            "lru_forward",
            "last_state",
            "lru_trace_step",
            "lru_trace_gradient",
            "mingru_forward",
            "fast_scan",
            "LRULayer",
            "predict_pixels",
        ),
    ),
    Chapter(
        "text",
        "Text, letter by letter",
        "07-text",
        ("carried_windows", "sample_with_temperature"),
    ),
)


class UnknownExercise(KeyError):
    """No exercise has this id; the message names the nearest."""

    def __str__(self) -> str:
        return self.args[0]


@functools.cache
def ids() -> tuple[str, ...]:
    """Every exercise's id, in order."""
    return tuple(one for chapter in CHAPTERS for one in chapter.exercises)


def project_files() -> frozenset[str]:
    """Names of the files that projects hand their arrays in with: rows.npz for predict_rows."""
    return frozenset(file_of(one) for one in ids() if one.startswith(PROJECT))


def file_of(project_id: str) -> str:
    """The name of the file with a project's arrays."""
    return f"{project_id.removeprefix(PROJECT)}.npz"


def chapter_of(exercise_id: str) -> Chapter:
    """The chapter that an exercise belongs to.

    Raises:
        UnknownExercise: if there is no such exercise.
    """
    for chapter in CHAPTERS:
        if exercise_id in chapter.exercises:
            return chapter
    files = {one.removeprefix(PROJECT): one for one in ids()}  # what a project's pages call it
    known = files | {_as_typed(one): one for one in ids()}
    near = difflib.get_close_matches(_as_typed(exercise_id), known, n=1)
    meant = f"Did you mean {known[near[0]]}?" if near else "`course progress` lists them."
    raise UnknownExercise(f"There is no exercise called {exercise_id!r}. {meant}")


def _as_typed(exercise_id: str) -> str:
    """Without what is easily mistaken: small letters for capitals, a dash for an underscore."""
    return exercise_id.casefold().replace("-", "_")


@functools.cache
def get(exercise_id: str) -> Exercise:
    """The exercise with this id.

    Raises:
        UnknownExercise: if there is no such exercise.
        OtherBackend: if it is checked with TensorFlow and Keras runs on another backend.
    """
    # The one late import between the two: the rungs that every function has look exercises up here.
    from course_lib.exercises.ladder.generic import complete

    if needs_tensorflow(exercise_id):
        see_that_keras_runs_on_tensorflow(exercise_id)
    with when_whole():  # around the import, so that what was loaded stays
        module = importlib.import_module(_module_of(exercise_id))
    return complete(module.EXERCISE)


def needs_tensorflow(exercise_id: str) -> bool:
    """Whether an exercise's own file loads TensorFlow; found without importing it.

    Raises:
        UnknownExercise: if there is no such exercise.
    """
    return loads_tensorflow(_module_of(exercise_id))


def _module_of(exercise_id: str) -> str:
    return f"course_lib.exercises.{chapter_of(exercise_id).name}.{exercise_id.lower()}"
