"""The contract of an estimator: a table of turns in, estimates with their uncertainty out.

A rate without an interval and a count is not a result, so nothing else leaves an estimator.
"""

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Mapping, Protocol, TypeVar

from horizon.core.errors import ContractError
from horizon.core.records import Json


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its 95 % interval and what it rests on.

    A null `estimate` means that the data can't tell; `note` then says why, in words. `low` or `high` is null where
    the interval is open on that side. `at` says where on an axis the figure stands (`{"turn": 5}`).
    """

    estimate: float | None
    low: float | None
    high: float | None
    n_episodes: int
    n_turns: int
    method: str
    note: str | None = None
    at: Mapping[str, Json] = field(default_factory=lambda: MappingProxyType({}))

    def as_json(self) -> dict[str, Any]:
        """Return a plain object for `horizon analyze --json`; `at` is flattened into it."""
        plain: dict[str, Any] = {
            "estimate": self.estimate,
            "low": self.low,
            "high": self.high,
            "n_episodes": self.n_episodes,
            "n_turns": self.n_turns,
            "method": self.method,
        }
        if self.note is not None:
            plain["note"] = self.note
        return {**self.at, **plain}


Estimates = Mapping[str, Estimate | list[Estimate]]
"""The answers of one or more estimators, by key: single estimates, and lists along an axis."""

Table = TypeVar("Table", contravariant=True)


class Estimator(Protocol[Table]):
    """What a module of `horizon.analysis.estimators`, or behind an entry point `horizon.estimators`, defines.

    It may also define, each with the default that is used without it:

    - `COLUMNS: tuple[str, ...] = ()`: the names of numbers that it reads from the `extra` of rows, as
      `Sample.value(name)`.
    - `charts(estimates: Estimates) -> Sequence[Chart]`, by default none: figures made from the answers of all
      estimators, of one group or of those that compare groups (`horizon.analysis.chart`). A figure without a point
      is left out, so a key that is absent needs no special case.
    """

    def estimates(self, table: Table) -> dict[str, Estimate | list[Estimate]]:
        """Return the answers to a turn table (`horizon.analysis.turn_table.TurnTable`) by key.

        Keys are unique among all estimators. What can't be estimated is an `Estimate` of None with a note, or an
        empty list.
        """
        ...


def checked_answers(name: str, module: Any, table: Any) -> dict[str, Estimate | list[Estimate]]:
    """Return what an estimator's module answers about a table, once it is known to be estimates by key.

    Raises:
        ContractError: the module has no function `estimates`, or its answer is something else.
    """
    if not callable(getattr(module, "estimates", None)):
        raise ContractError(f"estimator {name}: {module.__name__} has no function estimates(table)")
    answers = module.estimates(table)
    if not isinstance(answers, dict):
        raise ContractError(f"estimator {name} returned {type(answers).__name__}: return a dict of estimates by key")
    for key, answer in answers.items():
        points = answer if isinstance(answer, list) else [answer]
        if not all(isinstance(point, Estimate) for point in points):
            raise ContractError(
                f"estimator {name} returned '{key}' = {answer!r}: make it an Estimate or a list of them"
            )
    return answers
