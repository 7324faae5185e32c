"""Values of any shape as JSON and bytes, and back: what the state of a solve is made of."""
