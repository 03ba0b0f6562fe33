"""Experiment trackers that `--log NAME` logs to: one module each, more by the entry-point group of this name."""
