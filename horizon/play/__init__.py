"""Scenario in, run out: the turn loop and everything that drives it."""
