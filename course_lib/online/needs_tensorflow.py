"""Imported first: says in a sentence if Keras runs on a backend that this package doesn't know."""

from course_lib.layers.backend import tensorflow_for

tensorflow_for("course_lib.online", instead="the layers of course_lib.layers with fit")
