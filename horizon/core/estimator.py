"""The contract of an estimator: a table of turns in, estimates with their uncertainty out.

A rate without an interval and a count is not a result, so nothing else leaves an estimator.
"""

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Mapping

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
