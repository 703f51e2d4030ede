"""Validation of a class's notebooks: hostile code computes in a sandbox, another process judges.

The rooms, in the order in which a submission walks through them:

    intake    files of a class      -> code cells of each student
    similar   code cells            -> pairs of students whose code is alike
    sandbox   code cells            -> functions that can be called, and can do no harm
    judging   functions             -> a verdict on each exercise
    results   verdicts              -> ledger, points, reports
    command   `course validate`, which leads through; many submissions at once

Each room imports from those before it, and never from those after it.
"""
