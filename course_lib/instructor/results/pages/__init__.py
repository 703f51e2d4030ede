"""The pages of a run: one file each, which loads nothing and runs no script but its own."""
