"""One estimator per file: turn table in, estimates out. Nothing here uses a model, an engine or a clock."""
