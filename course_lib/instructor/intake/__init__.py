"""Intake: from what lies in a folder to the code cells of each student.

In: the paths that were given to `course validate`; nothing about them is trusted.
Out: of each student a `Submission` (`find`), its notebooks as bytes (`read`), and of each notebook
its code cells and remarks (`extract`). What is left out is said in a remark.
No Python is parsed or run here.
"""
