"""From the code cells of a learner's notebook to the functions in them.

In: numbers and sources of cells, and the names that are asked for.
Out: those names with their values (`run`), made by the statements that they need and by no others
(`needed`, from the names in each statement, `names`). What is IPython's is translated (`magics`).

`course check` uses it, and so does an instructor's sandbox, where nothing else of the course can be
imported: so these files import each other relatively, and nothing else of the course.
"""
