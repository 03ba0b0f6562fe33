"""Checks of what the code of plug-ins returns, where the type checker can't see: a broken contract is one line.

Called at the few places where an environment's or a model's answer enters the play loop; about 0.1 microseconds each.
"""

from typing import Any, TypeVar

from horizon.core.errors import ContractError

T = TypeVar("T")


def check_returned(value: Any, kind: type[T], by: str) -> T:
    """Return a value if it is of the type that the contract of `by`, such as `environment nim: judge`, promises.

    Raises
    ------
    ContractError
        It is of another type.
    """
    if isinstance(value, kind):
        return value
    raise ContractError(
        f"{by} returned {type(value).__name__}, not {kind.__name__}: docs/extending.md has the contract"
    )
