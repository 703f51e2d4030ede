"""Similar: whose code is alike, and where. It gives no verdict, and runs nothing.

In: code cells of each student (`tokens`).
Out: groups of students who share an answer (`groups`), and pairs of students with the places that
are alike (`pairs`).
What the stub, the reference and the course's other answers explain is left out (`explained`).
"""
