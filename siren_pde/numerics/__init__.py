"""Numerical pieces that know nothing of equations: least squares, sequences, schedules."""
