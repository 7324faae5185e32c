"""How to minimise: one method per file, none of which knows an equation."""
