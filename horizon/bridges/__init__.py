"""Bridges to other frameworks, one file each, imported by them or by nobody: each needs its own extra."""
