"""Several processes that solve one problem together."""
