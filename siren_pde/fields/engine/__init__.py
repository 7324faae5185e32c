"""How the derivatives of a sine network are computed, forwards and backwards, in closed form."""
