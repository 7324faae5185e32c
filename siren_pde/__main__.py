"""`python -m siren_pde` is `siren-pde`."""

from siren_pde.cli.app import app

app()
