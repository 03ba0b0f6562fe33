"""The version of Horizon, apart from the package's own `__init__` so that every room may import it."""

__version__ = "0.2.0"
