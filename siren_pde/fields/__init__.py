"""Unknown functions: networks the engine can differentiate, and fields made of them."""
