"""The work of `horizon compare`: matches run folders by setting and refuses those that can't be compared.

BASE and NEW are run folders, or folders of them as written by a suite. The model and its prompt may differ; instances
count as the same only if both runs started in the same state. Computes no statistics.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from horizon.analysis.analyze import groups_of, table_of
from horizon.analysis.compare import FIGURES, Difference, Line, differences, judge
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

    `whose_history` holds error rates by answering model and model of the transcript, if one side shows the other's.
    """

    lines: tuple[Line, ...]
    notes: tuple[str, ...]
    side_by_side: tuple[SideFigure, ...] = ()
    """Figures of imported runs that share no game, which have no lines."""
    whose_history: tuple[Estimate, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return the one object of `horizon compare --json`."""
        beside = {"side_by_side": [figure.as_json() for figure in self.side_by_side]} if self.side_by_side else {}
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
    """Compare the runs in two folders.

    Raises:
        UsageError: as for `compare_data`.
        StoreError: a folder is not a readable run.
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
    notes += [*_changes(*sides), *_stop_warnings(*sides)]
    measured: list[Difference] = []
    for labels, other in matched:
        setting = _setting_text(labels, other, sides[0].groups)
        try:
            tables, left_out = _same_instances(setting, sides, labels, other)
        except UsageError as problem:
            # An archive may have settings with one or two games; the others are still compared.
            if not is_imported:
                raise
            notes.append(f"left out: {problem}")
            continue
        tables, cut = _same_turns(setting, sides, tables)
        notes += cut
        measured += differences(setting, *tables, margin)
        if left_out:
            notes.append(
                f"{setting}: {left_out} instances start in another state or have no partner, and are left out"
            )
    lines = judge(measured, figures or FIGURES)
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
            settings = differences_of_plans([*groups[labels].episodes.plan, *part.episodes.plan])
            words = " and ".join(sorted(set(settings.values())))
            raise UsageError(f"{name} has runs of {labels[0]} with different plans ({words}): name one of them")
        groups[labels] = part
    return _Side(name, tuple(run.manifest for run in runs), groups, first, plans)


def _played_condition(turns: pl.DataFrame) -> str:
    """Return `natural`, or `fresh` for games in which every turn was a new dialogue."""
    return "natural" if (turns["condition"] == "natural").any() else "fresh"


def _refuse_other_rules(base: _Side, new: _Side) -> None:
    """Refuse different versions of an environment and different judges: their verdicts are not comparable."""
    versions, judges = ([_by_environment(side, key) for side in (base, new)] for key in ("plan", "judge"))
    for name in sorted(versions[0].keys() & versions[1].keys()):
        was, now = versions[0][name], versions[1][name]
        if was != now:
            raise UsageError(f"{name} is {was} in BASE and {now} in NEW: versions are not comparable, play BASE again")
        judged_by = [side[name] for side in judges]
        if judged_by[0] != judged_by[1]:
            raise UsageError(
                f"{name} was judged by {judged_by[0]} in BASE and by {judged_by[1]} in NEW: "
                "give both the same judge with horizon grade"
            )


def _by_environment(side: _Side, key: str) -> dict[str, str]:
    """Return the versions, or the judges, of each environment in words."""
    words: dict[str, set[str]] = {}
    for manifest in side.manifests:
        full = str(manifest["plan"]["environment"])
        judge = manifest.get("graded", manifest).get("judge") or {}
        text = full if key == "plan" else f"{judge.get('engine', 'the rules')} {judge.get('version', '')}".strip()
        if key == "judge" and judge:
            text += f" at {judge.get('nodes')} nodes"
        words.setdefault(EnvironmentName.parse(full).name, set()).add(text)
    return {name: " and ".join(sorted(texts)) for name, texts in words.items()}


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
        # Two candidates on one side are ambiguous, so only unique matches are paired.
        for one in [labels for labels in left if [side.count(step(labels)) for side in keys] == [1, 1]]:
            other = next(labels for labels in right if step(labels) == step(one))
            pairs.append((one, other))
            del left[one], right[other]
    notes = [
        f"only in {side.name}: {_setting_text(labels, labels, side.groups)}"
        for side, rest in ((base, left), (new, right))
        for labels in rest
    ]
    if not pairs:
        raise UsageError(f"BASE and NEW share no setting: {'; '.join(notes) or 'they hold no turns'}")
    return sorted(pairs, key=str), notes


def _same_instances(
    setting: str, sides: tuple[_Side, _Side], labels: Labels, other: Labels
) -> tuple[tuple[TurnTable, TurnTable], int]:
    """Return both tables cut to the instances with the same first state, and how many instances that leaves out."""
    tables = sides[0].groups[labels], sides[1].groups[other]
    first_states: list[dict[int, str | None]] = []
    for side, table in zip(sides, tables, strict=True):
        facts = zip(table.episodes.run_id, table.episodes.episode_id, table.episodes.seed, strict=True)
        first_states.append({seed: side.first_states.get((run, episode)) for run, episode, seed in facts})
    shared = first_states[0].keys() & first_states[1].keys()
    same = {seed for seed in shared if first_states[0][seed] == first_states[1][seed]}
    if len(shared) < FEWEST_PAIRS:
        raise UsageError(
            f"{setting}: BASE and NEW share {len(shared)} instances, and a comparison needs {FEWEST_PAIRS}: "
            "play both with the same seed and more episodes"
        )
    if len(same) < FEWEST_PAIRS:
        raise UsageError(
            f"{setting}: of {len(shared)} shared instances {len(same)} start in the same state, so the tasks "
            "themselves differ: play both with the same parameters"
        )
    one, two = (table.choose(np.array([seed in same for seed in table.episodes.seed])) for table in tables)
    return (one, two), sum(len(states) for states in first_states) - 2 * len(same)


def _same_turns(
    setting: str, sides: tuple[_Side, _Side], tables: tuple[TurnTable, TurnTable]
) -> tuple[tuple[TurnTable, TurnTable], list[str]]:
    """Return both tables cut to the turns that both plans have, and a note if that leaves any out.

    Late turns are harder, so a longer run would seem worse by its length alone.
    """
    plans = [
        [side.plan_of.get(run, {}) for run in sorted(set(table.episodes.run_id))]
        for side, table in zip(sides, tables, strict=True)
    ]
    after_error = [sorted({str(plan.get("on_error")) for plan in own}) for own in plans]
    if after_error[0] != after_error[1]:
        was, now = (" and ".join(own) for own in after_error)
        raise UsageError(
            f"{setting}: BASE has on_error={was} and NEW {now}, so they play different turns after an error: "
            "play both with the same on_error"
        )
    most = [{plan["turns"] for plan in own if isinstance(plan.get("turns"), int)} for own in plans]
    last = min(most[0] | most[1], default=None)
    if last is None or most[0] | most[1] == {last}:
        return tables, []
    one, two = (table.up_to(last) for table in tables)
    return (one, two), [f"{setting}: only turns 1 to {last} are compared, which both plans have"]


def _changes(base: _Side, new: _Side) -> Iterator[str]:
    """Yield the differences between the plans, if each side is one run."""
    if len(base.manifests) > 1 or len(new.manifests) > 1:
        return
    plans = [_flat(side.manifests[0]["plan"]) for side in (base, new)]
    for plan in plans:
        plan.pop("protocols", None)
    changes = [
        f"{key} {plans[0].get(key)} -> {plans[1].get(key)}"
        for key in plans[0] | plans[1]
        if plans[0].get(key) != plans[1].get(key)
    ]
    yield f"changed: {', '.join(changes)}" if changes else "changed: nothing in the plan"


def _stop_warnings(base: _Side, new: _Side) -> Iterator[str]:
    """Yield a warning if a run stopped early because of its own figures, which makes them slightly more extreme."""
    for side in (base, new):
        if any(manifest.get("stopped_early") for manifest in side.manifests):
            yield (
                f"{side.name} has runs that stopped once settled: for fairness play them in full "
                "(horizon play --stop never)"
            )


def _flat(plan: Mapping[str, Any]) -> dict[str, Any]:
    inner = {
        f"{key}.{name}": value for key, part in plan.items() if isinstance(part, dict) for name, value in part.items()
    }
    return {**{key: value for key, value in plan.items() if not isinstance(value, dict)}, **inner}


def _setting_text(labels: Labels, other: Labels, among: Iterable[Labels]) -> str:
    """Return a setting as `hanoi disks=3: smollm2 -> gguf:./q4.gguf`, with the parameters that distinguish it."""
    model, environment, _, opponent = labels
    rivals = [json.loads(text or "{}") for _, name, text, side in among if (name, side) == (environment, opponent)]
    own = json.loads(labels[2] or "{}")
    distinctive = [f"{key}={value}" for key, value in own.items() if any(rival.get(key) != value for rival in rivals)]
    where = " ".join([environment, *distinctive, *([f"against {opponent}"] if opponent else [])])
    return f"{where}: {model}" if model == other[0] else f"{where}: {model} -> {other[0]}"
