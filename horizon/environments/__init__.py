"""One module an environment; the file's name is the environment's name.

A module here sets `ENVIRONMENT`, a frozen dataclass that keeps `horizon.core.environment.Environment`.
It may use the contracts, `horizon.core.answers` and anything below; never another environment.
"""
