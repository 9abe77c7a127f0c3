"""The `tr2m` command line: one file per verb."""
