"""The `Analysis`: every estimate of some runs, by name, for each group and over all of them.

Made once per command by `analyze`, then passed to the table, badge, figures and page. Computes no statistics.
"""

import html
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import polars as pl

from horizon.analysis.turn_table import TurnTable
from horizon.core.errors import UsageError
from horizon.core.escaping import visible
from horizon.core.estimator import Estimate, Estimates
from horizon.core.registry import nearest
from horizon.runs.run_data import RunData
from horizon.runs.spending import spending_of

HEADLINE = ("error_rate", "focus_gap", "skill", "s1", "h80", "h50")
"""The figures that summaries show, each a single estimate."""


class EstimateList(list[Estimate]):
    """Estimates along an axis or over conditions, such as the error rate by turn.

    Examples
    --------
    >>> curve = EstimateList([Estimate(0.1, 0.0, 0.3, 8, 8, "share", at={"turn": 1})])
    >>> curve.to_polars().columns
    ['turn', 'estimate', 'low', 'high', 'n_episodes', 'n_turns', 'method']
    """

    def to_polars(self) -> pl.DataFrame:
        """Return one row per estimate, with a column per part of its position and per field."""
        return pl.DataFrame([flat(estimate) for estimate in self], infer_schema_length=None)

    def __repr__(self) -> str:
        """Return one line per estimate, with its position."""
        return "\n".join(f"{position(estimate)}: {estimate}" for estimate in self) or "no estimates"

    def _repr_html_(self) -> str:
        return _html_table(("at", "estimate"), ((position(estimate), str(estimate)) for estimate in self))


@dataclass(frozen=True, slots=True)
class Group:
    """The episodes of one model in one setting, and their estimates: what belongs together in one curve."""

    model: str
    environment: str
    parameters: str | None
    opponent: str | None
    table: TurnTable
    estimates: Estimates
    distinction: str = ""
    """The parameters that distinguish this group from others of the same environment, as `shift=flip`."""
    differs_in: str = ""
    """The settings in which its runs differ from other runs with the same labels, as `temperature=0.7`."""

    @property
    def setting(self) -> str:
        """The environment, the opponent and what else distinguishes the group, in words, without the model."""
        against = f" against {self.opponent}" if self.opponent else ""
        return ", ".join(part for part in (f"{self.environment}{against}", self.distinction, self.differs_in) if part)

    def labels(self) -> dict[str, str | None]:
        """Return the columns that distinguish this group from the others."""
        named: dict[str, str | None] = {
            "model": self.model,
            "environment": self.environment,
            "parameters": self.parameters,
            "opponent": self.opponent,
        }
        return named | ({"differs_in": self.differs_in} if self.differs_in else {})

    def headline(self) -> dict[str, Estimate]:
        """Return the single estimates of `HEADLINE` that this group has."""
        named = {name: self.estimates.get(name) for name in HEADLINE}
        return {name: estimate for name, estimate in named.items() if isinstance(estimate, Estimate)}


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Analysis:
    """Every estimate of some runs: pooled over all turns in `whole`, and for each model and setting in `groups`.

    `analysis["NAME"]` returns an estimate or an `EstimateList` by name; the properties are stable from
    version to version. `table` holds the turns behind the estimates.

    Examples
    --------
    >>> import horizon
    >>> rows = {"episode_id": ["a", "a", "b", "b"], "turn": [1, 2, 1, 2], "correct": [True, False, True, True]}
    >>> horizon.analyze(rows).error_rate.estimate
    0.25
    """

    runs: tuple[RunData, ...]
    table: TurnTable
    whole: Estimates
    groups: tuple[Group, ...]

    def __getitem__(self, name: str) -> Estimate | EstimateList:
        """Return an estimate, or a list of them, by name.

        Raises
        ------
        UsageError
            There is no estimate of this name; the message has the nearest name.
        """
        if name not in self.whole:
            raise UsageError(f"no estimate is named '{name}': {nearest(name, self.whole)}")
        return _wrap(self.whole[name])

    def __contains__(self, name: object) -> bool:
        """Return whether there is an estimate, or a list of them, of this name."""
        return name in self.whole

    def __iter__(self) -> Iterator[str]:
        """Yield the names of all estimates."""
        return iter(self.whole)

    @property
    def error_rate(self) -> Estimate | None:
        """The share of natural turns in error, 0 to 1."""
        return self._single("error_rate")

    @property
    def error_by_turn(self) -> EstimateList:
        """The error rate in bins of turns, under each condition."""
        return self._list("error_by_turn")

    @property
    def focus_gap(self) -> Estimate | None:
        """The error rate with history minus that without, on the same states, -1 to 1."""
        return self._single("focus_gap")

    @property
    def contrasts(self) -> dict[str, Estimate]:
        """The differences of error rates between pairs of conditions on shared states, such as `natural-healed`."""
        return {str(estimate.at["name"]): estimate for estimate in self._list("contrasts")}

    @property
    def h50(self) -> Estimate | None:
        """The turn by which half of the episodes have erred."""
        return self._single("h50")

    @property
    def h80(self) -> Estimate | None:
        """The turn by which a fifth of the episodes have erred: 80 % are still free of error."""
        return self._single("h80")

    @property
    def self_conditioning(self) -> Estimate | None:
        """The odds ratio of an error for one more error in the history; 1 is no effect."""
        return self._single("self_conditioning")

    @property
    def decomposition(self) -> EstimateList:
        """The rise from early to late turns, split into its causes, in points of error rate."""
        return self._list("decomposition")

    @property
    def skill(self) -> Estimate | None:
        """1 - loss / random loss over graded natural turns: 1 is perfect play, 0 a random mover."""
        return self._single("skill")

    @property
    def hazard_by_kind(self) -> EstimateList:
        """The hazard of a first error of each kind, by turn."""
        return self._list("hazard_by_kind")

    def between(self) -> dict[str, list[Estimate]]:
        """Return the lists that compare groups, which no single group has."""
        return {
            name: values
            for name, values in self.whole.items()
            if isinstance(values, list) and values and not any(group.estimates.get(name) for group in self.groups)
        }

    def to_dict(self) -> dict[str, Any]:
        """Return the object that `horizon analyze --json` prints.

        The estimates over all turns are at the top under the estimators' names; with several groups (models,
        environments or opponents) the estimates of each are in `groups`, and `pooled` is true.
        """
        return {
            "runs": [run.name for run in self.runs],
            "conditions": list(self.table.conditions),
            "episodes": self.table.n_episodes,
            "aborted_episodes": self.table.n_aborted,
            "pooled": len(self.groups) > 1,
            "spending": [row.as_json() for row in spending_of(self.runs)],
            **as_json(self.whole),
            "groups": [{**group.labels(), **as_json(group.estimates)} for group in self.groups],
        }

    def summary(self) -> str:
        """Return the headline figures with their intervals, one block of lines per model and setting."""
        lines = []
        for group in self.groups:
            lines.append(visible(f"{group.model}: {group.setting}"))
            lines += [f"  {name.replace('_', ' '):10} {estimate}" for name, estimate in group.headline().items()]
        if self.table.n_aborted:
            lines.append(f"{self.table.n_aborted} aborted episodes (infrastructure failures) are left out")
        return "\n".join(lines) or "no turn was judged"

    def __repr__(self) -> str:
        return self.summary()

    def _repr_html_(self) -> str:
        rows = [
            (group.model, group.setting, name.replace("_", " "), str(estimate))
            for group in self.groups
            for name, estimate in group.headline().items()
        ]
        return _html_table(("model", "setting", "figure", "estimate"), rows)

    def _single(self, name: str) -> Estimate | None:
        value = self.whole.get(name)
        return value if isinstance(value, Estimate) else None

    def _list(self, name: str) -> EstimateList:
        value = self.whole.get(name)
        return EstimateList(value) if isinstance(value, list) else EstimateList()


def as_json(estimates: Estimates) -> dict[str, Any]:
    """Return estimates as plain objects and lists of them; a list of named estimates (`at["name"]`) as one object."""
    return {
        name: _list_json(value) if isinstance(value, list) else value.as_json() for name, value in estimates.items()
    }


def flat(estimate: Estimate) -> dict[str, Any]:
    """Return an estimate as one row of a table: the parts of its position that are single values, and its fields."""
    return {name: value for name, value in estimate.as_json().items() if not isinstance(value, list | dict)}


def position(estimate: Estimate) -> str:
    """Return an estimate's position in words, as `condition natural, turns 1-5`; `all` if it is not part of a list."""
    at = dict(estimate.at)
    if {"first_turn", "last_turn"} <= at.keys():
        first, last, _ = at.pop("first_turn"), at.pop("last_turn"), at.pop("turn", None)
        at |= {"turn": first} if first == last else {"turns": f"{first}-{last}"}
    return ", ".join(f"{key} {_short(value)}" for key, value in at.items()) or "all"


def _short(value: object) -> str:
    """Write a value of a position; a share or a p value with two digits."""
    return f"{value:.2g}" if isinstance(value, float) and abs(value) < 1 else str(value)


def _list_json(estimates: list[Estimate]) -> dict[str, Any] | list[dict[str, Any]]:
    names = [str(estimate.at["name"]) for estimate in estimates if "name" in estimate.at]
    plain = [estimate.as_json() for estimate in estimates]
    is_named = bool(names) and len(set(names)) == len(estimates)
    return dict(zip(names, plain, strict=True)) if is_named else plain


def _wrap(value: Estimate | list[Estimate]) -> Estimate | EstimateList:
    return EstimateList(value) if isinstance(value, list) else value


def _html_table(titles: tuple[str, ...], rows: Any) -> str:
    def cells(tag: str, texts: tuple[str, ...]) -> str:
        return "".join(f"<{tag}>{html.escape(visible(text))}</{tag}>" for text in texts)

    body = "".join(f"<tr>{cells('td', row)}</tr>" for row in rows)
    return f"<table><thead><tr>{cells('th', titles)}</tr></thead><tbody>{body}</tbody></table>"
