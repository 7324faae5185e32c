"""Many runs of one problem: members, where they are solved, and what came of all."""
