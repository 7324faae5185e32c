"""Least squares on local features: sines of their own in each box of a tree, matched on faces."""
