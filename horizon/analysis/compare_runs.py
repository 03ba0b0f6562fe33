"""The answer of `horizon compare`: run folders matched into settings, refused where they can't be compared.

BASE and NEW are run folders, or folders of them as a suite leaves. What may differ is the model and what it is told;
instances count as the same only where both runs began in the same state. Computes no statistic.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from horizon.analysis.analyze import groups_of, table_of
from horizon.analysis.compare import FIGURES, Difference, Line, differences, judged
from horizon.analysis.pairing import FEWEST_PAIRS
from horizon.analysis.run_plans import differences as differences_of_plans
from horizon.analysis.side_by_side import NOTE, SideFigure, are_apart, protocol_differences, side_figures
from horizon.analysis.turn_table import TurnTable
from horizon.analysis.whose_history import whose_history
from horizon.core.environment_name import EnvironmentName
from horizon.core.errors import UsageError
from horizon.core.estimator import Estimate
from horizon.runs.run_data import RunData, read_run
from horizon.runs.run_list import runs_in

Labels = tuple[str, str, str | None, str | None]
"""Model, environment, parameters and opponent."""


@dataclass(frozen=True, slots=True, repr=False)
class Comparison:
    """The lines of every setting that both sides played, and notes on what was left out.

    `whose_history` has the error rates by who answers and whose transcript is shown, where one side shows the other's.
    """

    lines: tuple[Line, ...]
    notes: tuple[str, ...]
    side_by_side: tuple[SideFigure, ...] = ()
    """Figures of imported runs that share no game, which have no lines."""
    whose_history: tuple[Estimate, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return the one object of `horizon compare --json`."""
        beside = {"side_by_side": [each.as_json() for each in self.side_by_side]} if self.side_by_side else {}
        return {
            "comparison": [line.as_json() for line in self.lines],
            "notes": list(self.notes),
            "whose_history": [rate.as_json() for rate in self.whose_history],
            **beside,
        }

    def to_polars(self) -> pl.DataFrame:
        """Return one row per line: setting, figure, both values, the difference with its interval, the verdict."""
        return pl.DataFrame([line.as_json() for line in self.lines], infer_schema_length=None)

    def __str__(self) -> str:
        """Return one line of text per figure, then the notes."""
        rates = (f"{rate.at['answers']} after {rate.at['history']}: {rate}" for rate in self.whose_history)
        return "\n".join([*(str(line) for line in self.lines), *rates, *self.notes])

    __repr__ = __str__


@dataclass(frozen=True, slots=True)
class _Side:
    """The runs of BASE or NEW: manifests, tables by labels, and each episode's first state."""

    name: str
    manifests: tuple[Mapping[str, Any], ...]
    groups: Mapping[Labels, TurnTable]
    first_states: Mapping[tuple[str, str], str]
    plan_of: Mapping[str, Mapping[str, Any]]
    """Each run's plan, by the run's id."""


def compare(base: Path, new: Path, figures: Sequence[str] = (), margin: float = 0.0) -> Comparison:
    """Compare the runs of two folders: `compare_data` of what `runs_in` has in each.

    Raises:
        UsageError: as `compare_data`.
        StoreError: a folder is no readable run.
    """
    sides = [[read_run(run) for run in runs_in(side)] for side in (base, new)]
    return compare_data(sides[0], sides[1], figures, margin)


def compare_data(
    base: Sequence[RunData], new: Sequence[RunData], figures: Sequence[str] = (), margin: float = 0.0
) -> Comparison:
    """Compare two sets of runs; `figures` are all when empty, `margin` is the tolerated regression as a fraction.

    Raises:
        UsageError: they can't be compared: no setting in common, other versions or judges, too few shared instances.
    """
    is_imported = all("imported" in run.manifest for run in (*base, *new))
    if are_apart(base, new, FEWEST_PAIRS):
        points = protocol_differences(base, new)
        differ = [f"the protocols differ in {point}" for point in points] or ["the protocols differ in no point"]
        return Comparison((), (NOTE, *differ), tuple(side_figures(base, new)))
    sides = _side("BASE", base), _side("NEW", new)
    _refuse_other_rules(*sides)
    matched, notes = _match(*sides)
    notes += [*_changes(*sides), *_stopped(*sides)]
    found: list[Difference] = []
    for labels, other in matched:
        setting = _named(labels, other, sides[0].groups)
        try:
            tables, left_out = _same_instances(setting, sides, labels, other)
        except UsageError as problem:
            # An archive has settings of one or two games; its other ones are compared all the same.
            if not is_imported:
                raise
            notes.append(f"left out: {problem}")
            continue
        tables, cut = _same_turns(setting, sides, tables)
        notes += cut
        found += differences(setting, *tables, margin)
        if left_out:
            notes.append(
                f"{setting}: {left_out} instances begin in another state or have no partner, and are left out"
            )
    lines = judged(found, figures or FIGURES)
    if not lines:
        asked = ", ".join(figures or FIGURES)
        raise UsageError(f"BASE and NEW share no figure of {asked}: play both with the same conditions")
    return Comparison(tuple(lines), tuple(notes), whose_history=tuple(whose_history([*base, *new])))


def _side(name: str, runs: Sequence[RunData]) -> _Side:
    first: dict[tuple[str, str], str] = {}
    plans: dict[str, Mapping[str, Any]] = {}
    for run in runs:
        plans.update(dict.fromkeys(run.turns["run_id"].unique().to_list(), run.manifest["plan"]))
        opening = run.turns.filter((pl.col("turn") == 1) & (pl.col("condition") == _played_condition(run.turns)))
        first.update({(row[0], row[1]): row[2] for row in opening.select("run_id", "episode_id", "state").iter_rows()})
    groups: dict[Labels, TurnTable] = {}
    for labels, part in groups_of(table_of(runs)):
        if labels in groups:
            told = differences_of_plans([*groups[labels].episodes.plan, *part.episodes.plan])
            words = " and ".join(sorted(set(told.values())))
            raise UsageError(f"{name} has runs of {labels[0]} with unlike plans ({words}): name one of them")
        groups[labels] = part
    return _Side(name, tuple(run.manifest for run in runs), groups, first, plans)


def _played_condition(turns: pl.DataFrame) -> str:
    """Return `natural`, or `fresh` for games in which every turn was a new dialogue."""
    return "natural" if (turns["condition"] == "natural").any() else "fresh"


def _refuse_other_rules(base: _Side, new: _Side) -> None:
    """Refuse environments of other versions and other judges: their verdicts are different measures."""
    versions, judges = ([_by_environment(side, key) for side in (base, new)] for key in ("plan", "judge"))
    for name in sorted(versions[0].keys() & versions[1].keys()):
        was, now = versions[0][name], versions[1][name]
        if was != now:
            raise UsageError(f"{name} is {was} in BASE and {now} in NEW: versions are never compared, play BASE again")
        judged_by = [side[name] for side in judges]
        if judged_by[0] != judged_by[1]:
            raise UsageError(
                f"{name} was judged by {judged_by[0]} in BASE and by {judged_by[1]} in NEW: "
                "give both the same judge with horizon grade"
            )


def _by_environment(side: _Side, key: str) -> dict[str, str]:
    """Return, for each environment, its versions or its judges in words."""
    found: dict[str, set[str]] = {}
    for manifest in side.manifests:
        full = str(manifest["plan"]["environment"])
        judge = manifest.get("graded", manifest).get("judge") or {}
        told = full if key == "plan" else f"{judge.get('engine', 'the rules')} {judge.get('version', '')}".strip()
        if key == "judge" and judge:
            told += f" at {judge.get('nodes')} nodes"
        found.setdefault(EnvironmentName.parse(full).name, set()).add(told)
    return {name: " and ".join(sorted(words)) for name, words in found.items()}


def _match(base: _Side, new: _Side) -> tuple[list[tuple[Labels, Labels]], list[str]]:
    """Pair the settings of both sides: equal ones first, then those with another model, other parameters, or both."""
    left, right = dict.fromkeys(base.groups), dict.fromkeys(new.groups)
    steps: tuple[Callable[[Labels], tuple[str | None, ...]], ...] = (
        lambda labels: labels,
        lambda labels: labels[1:],
        lambda labels: (labels[0], labels[1], labels[3]),
        lambda labels: (labels[1], labels[3]),
    )
    pairs = []
    for step in steps:
        keys = [[step(labels) for labels in side] for side in (left, right)]
        # Where two settings of a side would do, nothing says which is meant.
        for one in [labels for labels in left if [side.count(step(labels)) for side in keys] == [1, 1]]:
            other = next(labels for labels in right if step(labels) == step(one))
            pairs.append((one, other))
            del left[one], right[other]
    notes = [
        f"only in {side.name}: {_named(each, each, side.groups)}"
        for side, rest in ((base, left), (new, right))
        for each in rest
    ]
    if not pairs:
        raise UsageError(f"BASE and NEW share no setting: {'; '.join(notes) or 'they hold no turns'}")
    return sorted(pairs, key=str), notes


def _same_instances(
    setting: str, sides: tuple[_Side, _Side], labels: Labels, other: Labels
) -> tuple[tuple[TurnTable, TurnTable], int]:
    """Return both tables cut down to the instances that began alike, and how many instances that leaves out."""
    tables = sides[0].groups[labels], sides[1].groups[other]
    begun: list[dict[int, str | None]] = []
    for side, table in zip(sides, tables, strict=True):
        facts = zip(table.episodes.run_id, table.episodes.episode_id, table.episodes.seed, strict=True)
        begun.append({seed: side.first_states.get((run, episode)) for run, episode, seed in facts})
    shared = begun[0].keys() & begun[1].keys()
    same = {seed for seed in shared if begun[0][seed] == begun[1][seed]}
    if len(shared) < FEWEST_PAIRS:
        raise UsageError(
            f"{setting}: BASE and NEW share {len(shared)} instances, and a comparison needs {FEWEST_PAIRS}: "
            "play both with the same --seed and more --episodes"
        )
    if len(same) < FEWEST_PAIRS:
        raise UsageError(
            f"{setting}: of {len(shared)} shared instances {len(same)} begin in the same state: what was changed "
            "changes the task itself, so a difference would not be the model's"
        )
    one, two = (table.choose(np.array([seed in same for seed in table.episodes.seed])) for table in tables)
    return (one, two), sum(len(each) for each in begun) - 2 * len(same)


def _same_turns(
    setting: str, sides: tuple[_Side, _Side], tables: tuple[TurnTable, TurnTable]
) -> tuple[tuple[TurnTable, TurnTable], list[str]]:
    """Return both tables cut down to the turns that both were to play, and a note where that leaves any out.

    Late turns are harder, so that the longer run would seem worse by its length alone.
    """
    plans = [
        [side.plan_of.get(run, {}) for run in sorted(set(table.episodes.run_id))]
        for side, table in zip(sides, tables, strict=True)
    ]
    after_error = [sorted({str(plan.get("on_error")) for plan in each}) for each in plans]
    if after_error[0] != after_error[1]:
        was, now = (" and ".join(each) for each in after_error)
        raise UsageError(
            f"{setting}: after an error BASE goes on by on_error={was} and NEW by {now}, so that other turns are "
            "played: play both alike"
        )
    most = [{plan["turns"] for plan in each if isinstance(plan.get("turns"), int)} for each in plans]
    last = min(most[0] | most[1], default=None)
    if last is None or most[0] | most[1] == {last}:
        return tables, []
    one, two = (table.up_to(last) for table in tables)
    return (one, two), [f"{setting}: only turns 1 to {last} are compared, which both sides were to play"]


def _changes(base: _Side, new: _Side) -> Iterator[str]:
    """Yield what the plans differ in, where each side is one run."""
    if len(base.manifests) > 1 or len(new.manifests) > 1:
        return
    plans = [_flat(side.manifests[0]["plan"]) for side in (base, new)]
    for plan in plans:
        plan.pop("protocols", None)
    told = [
        f"{key} {plans[0].get(key)} -> {plans[1].get(key)}"
        for key in plans[0] | plans[1]
        if plans[0].get(key) != plans[1].get(key)
    ]
    yield f"changed: {', '.join(told)}" if told else "changed: nothing in the plan"


def _stopped(base: _Side, new: _Side) -> Iterator[str]:
    """Yield a warning where runs ended by their own figures: such runs are a little more extreme than whole ones."""
    for side in (base, new):
        if any(manifest.get("stopped_early") for manifest in side.manifests):
            yield f"{side.name} holds runs that ended once settled: to be fair to both, play them whole (--stop never)"


def _flat(plan: Mapping[str, Any]) -> dict[str, Any]:
    inner = {
        f"{key}.{name}": value for key, each in plan.items() if isinstance(each, dict) for name, value in each.items()
    }
    return {**{key: each for key, each in plan.items() if not isinstance(each, dict)}, **inner}


def _named(labels: Labels, other: Labels, among: Iterable[Labels]) -> str:
    """Write a setting as `hanoi disks=3: smollm2 -> gguf:./q4.gguf`, with the parameters that tell it from others."""
    model, environment, _, opponent = labels
    alike = [json.loads(each[2] or "{}") for each in among if (each[1], each[3]) == (environment, opponent)]
    own = json.loads(labels[2] or "{}")
    telling = [f"{key}={value}" for key, value in own.items() if any(each.get(key) != value for each in alike)]
    where = " ".join([environment, *telling, *([f"against {opponent}"] if opponent else [])])
    return f"{where}: {model}" if model == other[0] else f"{where}: {model} -> {other[0]}"
