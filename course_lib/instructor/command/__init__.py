"""Command: `course validate`, which leads a class through the other rooms.

In: the words of the command line (`command_line`).
Out: reports, and a code to exit with (`validate`, `merge`).
`grader_process` takes one submission after another from intake to verdict; `grader_pool` keeps
several of them at work on this machine, `dask_cluster` on others. `ci_workflow` and
`gradescope_bundle` take it elsewhere; the other commands for instructors have a file each.
"""
