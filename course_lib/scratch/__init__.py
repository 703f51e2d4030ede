"""The code that learners write, in NumPy alone: one file for one idea.

Lines between ``# IMPLEMENT-ME: …`` and ``# END IMPLEMENT-ME`` are what an
exercise asks for. The notebooks are generated from these files: the code of an
exercise stands here and nowhere else.
"""
