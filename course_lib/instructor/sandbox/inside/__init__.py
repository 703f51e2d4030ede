"""What runs inside the sandbox: these files are shown to it one by one, not as a package.

In: orders of the judge, as messages. Out: plain data, as messages.
`fork_server` starts a child for each notebook behind the walls that `kernel` and `system_calls` put
up; `student` runs the code in it, and `imports` is what that finds; `own_parts` sees that nothing
of the judge's is another afterwards; `messages` is the form of all that crosses; `namespaces`
replaces bubblewrap.
They import each other by their bare names, and of the course only what `view.FILES` lays beside
them: `guard`, `outside`, `graphs` and `reading`.
"""
