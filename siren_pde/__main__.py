"""`python -m siren_pde` is `siren-pde`."""

from siren_pde.cli import app

app()
