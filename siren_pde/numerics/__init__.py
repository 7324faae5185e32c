"""Numerical pieces without equations: least squares, sequences, schedules."""
