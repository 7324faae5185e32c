"""The one loop that all problems and methods share, and what it returns."""
