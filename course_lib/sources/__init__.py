"""What the course was made from: the numbers of two old notebooks, and their bugs, rebuilt."""
