"""Results: from verdicts to grades that can be read.

In: the result of each submission, a plain dict, as it comes.
Out: the `ledger`, which survives a kill; `points`; and the `reports`: pages for the instructor and
for each student, CSV, JUnit, Gradescope.
Nothing of a student's is run here, and all of it is escaped.
"""
