"""Calling what a learner wrote, so that whatever it does ends in a sentence and harms nothing.

In: a function or a class of a learner's, and what it is called with.
Out: plain arrays, or one sentence; the process, its streams and its libraries as they were.
`guard` also runs in an instructor's sandbox: it imports nothing else of the course.
"""
