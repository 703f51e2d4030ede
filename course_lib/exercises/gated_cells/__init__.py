"""Exercises of chapter 3, one file an exercise."""
