"""One estimator a file: turn table in, estimates out. Nothing here sees a model, an engine or a clock."""
