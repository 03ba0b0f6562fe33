"""Statistics that know nothing of runs: intervals, bootstrap, regression, tests."""
