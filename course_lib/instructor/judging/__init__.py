"""Judging: from a student's functions to a verdict on each exercise.

In: a `Submission`; its notebooks go to the sandbox, what comes back is data.
Out: `Verdict`s as plain dicts (`submission`, `notebook`, `exercise`), with remarks.
The way from rung to verdict is that of the learner's own check, `exercises.checker`; added here are
`fresh_ladder`, `hidden_cases`, and what may be in the sandbox meanwhile (`requirements`).
"""
