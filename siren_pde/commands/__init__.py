"""What the commands of `siren-pde` do, apart from reading their options."""
