"""Many runs: of one problem, or of suites; where they are solved, and what came of all."""
