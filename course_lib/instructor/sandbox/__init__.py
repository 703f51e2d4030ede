"""Sandbox: from code cells to functions that can be called, and can do no harm.

In: the code cells of one notebook, limits, and the arguments of calls.
Out: what the notebook defines (`session`), and results of calls as plain data (`remote_function`).
Outside: `sandbox` starts it, `view` says what it sees, `available` which kind works here.
`inside`: what runs in there, among it the walls (`kernel`) and the messages that cross them.
"""
