"""Exercises of chapter 5: KeRNL and its relatives."""
