"""Horizon measures how a model's error rate changes as a task gets longer, and why."""

__version__ = "0.2.0"
