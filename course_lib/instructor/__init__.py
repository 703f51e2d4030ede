"""Validation of a class's notebooks: hostile code computes in a sandbox, another process judges."""
