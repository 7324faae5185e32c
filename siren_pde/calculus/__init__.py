"""Values that carry their derivatives, their algebra, and the operators of the field."""
