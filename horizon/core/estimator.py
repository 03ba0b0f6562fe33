"""The contract of an estimator: a table of turns in, estimates with their uncertainty out.

A rate without an interval and a count is not a result, so nothing else leaves an estimator.
"""

import html
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Mapping, Protocol, TypeVar

from horizon.core.errors import ContractError
from horizon.core.escaping import visible
from horizon.core.records import Json


@dataclass(frozen=True, slots=True, repr=False)
class Estimate:
    """A figure with its 95 % interval and what it rests on.

    Parameters
    ----------
    estimate
        The figure; None where the data can't give one, and `note` then gives the reason.
    low, high
        The ends of the interval; None where it is open on that side.
    n_episodes, n_turns
        The counts behind it.
    method
        How figure and interval were computed, in words.
    at
        The position on an axis, such as `{"turn": 5}`.
    no_effect
        The value that means "no effect": 0 for differences, 1 for ratios, None for plain figures.

    Examples
    --------
    >>> Estimate(0.125, 0.04, 0.2, 8, 160, "share of turns")
    0.12 [0.04, 0.20], 8 episodes, 160 turns
    >>> Estimate(0.1, -0.02, 0.22, 8, 160, "difference", no_effect=0)
    0.10 [-0.02, 0.22] (no effect: 0), 8 episodes, 160 turns
    """

    estimate: float | None
    low: float | None
    high: float | None
    n_episodes: int
    n_turns: int
    method: str
    note: str | None = None
    at: Mapping[str, Json] = field(default_factory=lambda: MappingProxyType({}))
    no_effect: float | None = None

    def __str__(self) -> str:
        """Return the figure, its interval and its counts: `0.12 [0.04, 0.20], 8 episodes, 160 turns`."""
        if self.estimate is None:
            return f"no estimate: {self.note or 'no turn to estimate from'}"
        effect = "" if self.no_effect is None else f" (no effect: {self.no_effect:g})"
        return f"{self.figure}{effect}, {_counts_of(self.n_episodes, 'episode')}, {_counts_of(self.n_turns, 'turn')}"

    __repr__ = __str__

    @property
    def figure(self) -> str:
        """The figure with its interval, such as `0.12 [0.04, 0.20]`; `-` where there is none."""
        if self.estimate is None:
            return "-"
        if self.low is None and self.high is None:
            return f"{_number(self.estimate)} [no interval]"
        low = "-inf" if self.low is None else _number(self.low)
        high = "inf" if self.high is None else _number(self.high)
        return f"{_number(self.estimate)} [{low}, {high}]"

    def with_no_effect(self, value: float) -> "Estimate":
        """Return the estimate with the value that means "no effect"."""
        return replace(self, no_effect=value)

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
        if self.no_effect is not None:
            plain["no_effect"] = self.no_effect
        return {**self.at, **plain}

    def _repr_html_(self) -> str:
        """Return the estimate for a notebook, with its method as the tool tip."""
        return f'<span title="{html.escape(visible(self.method))}">{html.escape(visible(str(self)))}</span>'


Estimates = Mapping[str, Estimate | list[Estimate]]
"""The answers of one or more estimators, by key: single estimates, and lists along an axis."""

Table = TypeVar("Table", contravariant=True)


class Estimator(Protocol[Table]):
    """What a module of `horizon.analysis.estimators`, or behind an entry point `horizon.estimators`, defines.

    It may also define, each with the default that is used without it:

    - `COLUMNS: tuple[str, ...] = ()`: the names of numbers that it reads from the `extra` of rows, as
      `Sample.value(name)`; `reply_code` is a code of the reply's text, equal for equal texts.
    - `CHOICES: Mapping[str, tuple[str, ...]] = {}`: texts of a fixed set that it reads from `extra`, by name, as the
      place in the set from 1 (`Sample.value(name)`).
    - `NO_EFFECT: Mapping[str, float] = {}`: by key, the value of its estimates that means "no effect": 0 for
      differences, 1 for ratios.
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
    """Return the answers of an estimator's module, checked to be estimates by key, with their `NO_EFFECT`.

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
    neutral: Mapping[str, float] = getattr(module, "NO_EFFECT", {})
    return {
        key: _with_no_effect(answer, neutral[key]) if key in neutral else answer for key, answer in answers.items()
    }


def _with_no_effect(answer: Estimate | list[Estimate], value: float) -> Estimate | list[Estimate]:
    if isinstance(answer, Estimate):
        return answer.with_no_effect(value)
    return [estimate.with_no_effect(value) for estimate in answer]


def _number(value: float) -> str:
    """Write a figure with two decimals, a small one with two digits, a large one without decimals."""
    if value and abs(value) < 0.01:
        return f"{value:.2g}"
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.2f}"


def _counts_of(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}".replace(",", " ")
