"""Commands: what `course` offers, by who asks for it.

In: the words after `course`, which Typer takes apart.
Out: a call of the function that does it, loaded only then, so that help is instant; and its exit
code. What it can't do is said in one line.
"""
