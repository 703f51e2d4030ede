"""Proving the checks themselves, for authors: `course prove`, its mutants and its measurements.

In: the exercises.
Out: whether each stub, named mistake, alternative and reference gets its verdict, which mutants no
rung notices, what a check takes, and that every promise of a docstring has a rung.
"""
