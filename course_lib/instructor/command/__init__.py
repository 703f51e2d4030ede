"""Command: `course validate`, which leads a class through the other rooms.

In: the words of the command line (`command_line`).
Out: reports, and a code to exit with (`validate`, `merge`).
`grader_process` takes one submission after another from intake to verdict; `grader_pool` keeps
several of them at work on this machine, `dask_cluster` on others. `ci_workflow` writes one for CI.
"""
