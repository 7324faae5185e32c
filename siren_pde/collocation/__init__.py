"""Where residuals are taken, and what an optimiser sees of them."""
