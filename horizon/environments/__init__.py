"""The environments, one module each; the name of the file is the name of the environment.

A module sets `ENVIRONMENT`, a frozen dataclass that implements `horizon.core.environment.Environment`.
It may use the contracts, `horizon.core.answers` and anything below; never another environment.
"""
