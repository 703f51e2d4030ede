"""Projects: a task with a budget, handed in as arrays and a function, judged on unseen data."""
