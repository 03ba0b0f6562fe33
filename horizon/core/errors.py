"""The exceptions that Horizon raises on purpose: five kinds, all under HorizonError.

A message is one line: it names the thing, the value and the fix. The command line prints it and exits with 2.
"""


class HorizonError(Exception):
    """Base class of all errors that Horizon reports; the message is a single line."""

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.split()))


class UsageError(HorizonError):
    """The user's input can't be used: an unknown name, an impossible value, a wrong folder."""


class ContractError(HorizonError):
    """An environment, model or estimator does not keep its contract."""


class PluginError(ContractError):
    """A module of another package can't be imported, or raised an exception that no contract allows.

    `trace` is that package's own traceback, several lines, for its author.
    """

    def __init__(self, message: str, trace: str = "") -> None:
        super().__init__(message)
        self.trace = trace


class EngineFailure(HorizonError):
    """A chess engine is missing, crashed, hung or gave malformed output; never an error of the model's answer."""


class ModelFailure(HorizonError):
    """A model could not be loaded or reached; never an error of the model's answer."""


class StoreError(HorizonError):
    """A run folder can't be read, written or locked."""
