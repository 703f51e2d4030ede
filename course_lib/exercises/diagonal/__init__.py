"""Exercises of chapter 6: recurrences made to be scanned."""
