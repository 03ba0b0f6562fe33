"""The Python API: what `import horizon` offers, over playing, run folders, analysis and report."""
