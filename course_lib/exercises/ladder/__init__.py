"""Ladders: the rungs that checks are made of, and how one of them is climbed.

In: an exercise, and a function that may be wrong.
Out: what the function made of each rung, and whether that is right.
`rungs` holds what most ladders share, `graph_rungs` what looks at a traced graph, `generic` what
every function has; `cell_calls` also runs in an instructor's sandbox.
"""
