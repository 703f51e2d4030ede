"""Recurrent networks, built by hand and checked.

Importing this package loads NumPy at most: TensorFlow, Matplotlib and the command line
load when a part that needs them is used.
"""

__version__ = "0.1.0"
