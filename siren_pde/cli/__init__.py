"""The command line: words to calls, and nothing else."""
