"""The parts of `course gpu`, one module each; `course_lib.benchmarks.gpu` runs them.

A part is a function `tasks(device, quick, seconds)`, with settings of its own, which gives one task
after the other, the most telling first: what it is about, a small dict, and a function that does it
and returns what was found, another dict. Both together are a row of the result. `part` does the
tasks of one part, in a process of its own.
"""
