"""Runs in, estimates out: turn table, statistics, estimators, comparison, power and gates."""
