"""Exercises of chapter 2, one file an exercise."""
