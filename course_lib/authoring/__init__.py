"""From one source to the exercise notebooks, the solution notebooks and the book."""
