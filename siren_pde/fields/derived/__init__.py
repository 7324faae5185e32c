"""Fields made from other fields: composed, shifted, stretched, piecewise, refined."""
