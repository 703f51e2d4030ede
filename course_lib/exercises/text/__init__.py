"""Exercises of the page on text, one file an exercise."""
