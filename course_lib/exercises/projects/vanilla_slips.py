"""Honest slips where a project's network is a vanilla RNN whose last state is read out."""

import numpy as np

from course_lib.exercises.projects.project import Project
from course_lib.scratch.rnn import rnn_forward


def name_vanilla_slips(project: Project, step: str) -> None:
    """Make them mistakes of the project.

    Args:
        project: whose function takes weights W_xh, W_hh, b_h, W_hy, b_y and inputs (batch, T, m).
        step: what is read at a step, in a word.
    """
    network = project.reference

    def states(w, x, h_0):
        return rnn_forward(x, h_0, w["W_xh"], w["W_hh"], w["b_h"])[0]

    def nothing(w, x):
        return np.zeros((len(x), len(w["W_hh"])), dtype=x.dtype)

    def read_out(w, h_t):
        return h_t @ w["W_hy"] + w["b_y"]

    @project.mistake(
        f"You read backwards, from the last {step} to the first: `x[:, 0]` is the first to be read."
    )
    def reads_backwards(w, x):
        return network(w, x[:, ::-1])

    @project.mistake(
        "You hand the readout the mean of all states. The network answers with its last state "
        "alone."
    )
    def mean_of_the_states(w, x):
        return read_out(w, states(w, x, nothing(w, x)).mean(axis=1))

    @project.mistake(
        "You hand the readout the state after the first step. It is the last that counts."
    )
    def state_after_the_first_step(w, x):
        return network(w, x[:, :1])

    @project.mistake(
        "You hand the readout the sum of all states. The network answers with its last state alone."
    )
    def sum_of_the_states(w, x):
        return read_out(w, states(w, x, nothing(w, x)).sum(axis=1))

    @project.mistake(
        "You read out every state and add up what comes out. The readout comes once, after the "
        f"last {step}."
    )
    def sum_of_the_readouts(w, x):
        return read_out(w, states(w, x, nothing(w, x))).sum(axis=1)

    @project.mistake(
        f"The last {step} goes through no tanh: each step ends in one, the last like the others."
    )
    def last_step_linear(w, x):
        h = states(w, x[:, :-1], nothing(w, x))[:, -1]
        return read_out(w, x[:, -1] @ w["W_xh"] + h @ w["W_hh"] + w["b_h"])

    @project.mistake(
        "Your units don't remember: `W_hh` brings nothing of the state before into the next one."
    )
    def forgets_the_state_before(w, x):
        return network(w | {"W_hh": np.zeros_like(w["W_hh"])}, x)

    @project.mistake(
        "`W_hh` stands transposed: a row of states is multiplied by it from the right."
    )
    def recurrent_weights_transposed(w, x):
        return network(w | {"W_hh": w["W_hh"].T}, x)

    @project.mistake("Your units leave out `b_h`, the bias inside the tanh.")
    def without_the_bias_of_the_units(w, x):
        return network(w | {"b_h": np.zeros_like(w["b_h"])}, x)

    @project.mistake(
        f"You leave out the last step: the state that counts comes after the last {step}."
    )
    def without_the_last_step(w, x):
        return network(w, x[:, :-1])

    @project.mistake("You leave out the first step: begin with `x[:, 0]`.")
    def without_the_first_step(w, x):
        return network(w, x[:, 1:])

    @project.mistake("Your states start at one. Before the first step there is nothing: at zero.")
    def starts_at_one(w, x):
        return read_out(w, states(w, x, nothing(w, x) + 1)[:, -1])

    @project.mistake(
        "Your units are ReLUs; those that were asked for are vanilla ones, with a tanh."
    )
    def rectified_units(w, x):
        h = nothing(w, x)
        for t in range(x.shape[1]):
            h = np.maximum(x[:, t] @ w["W_xh"] + h @ w["W_hh"] + w["b_h"], 0)
        return read_out(w, h)
