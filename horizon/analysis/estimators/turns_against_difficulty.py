"""Do late turns err more, or are late positions just harder? The odds of an error per doubling of the turn.

Estimated before and after adjustment for what is recorded of the position: legal moves, pieces, material, check,
novelty, the random mover's loss. An association, for archives without `fresh`: the effect of the turn includes
whatever is not recorded. Natural turns, or fresh ones if there are no natural ones.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from horizon.analysis.chart import Chart, named_series, points_of
from horizon.analysis.first_events import first_errors
from horizon.analysis.played_line import NOT_PLAYED, played_line, with_assumption
from horizon.analysis.stats.intervals import Floats, missing
from horizon.analysis.stats.logistic import LogisticFit, fit
from horizon.analysis.turn_table import Flags, Sample, TurnTable
from horizon.core.estimator import Estimate, Estimates
from horizon.core.records import Json

COLUMNS = ("difficulty", "pieces", "material", "check", "novelty")
WORDS: Mapping[str, str] = {"difficulty": "difficulty (legal moves in chess)", "pieces": "phase (pieces left)"}
METHOD = (
    "odds ratio of an error per doubling of the turn, Firth's logistic over turns, jackknife over instances; "
    "assumes that the log odds are linear in log2 of the turn and quadratic in the covariates, and that "
    "nothing else makes late positions harder"
)
COVARIATE_METHOD = (
    "odds ratio of an error per standard deviation at the mean, in the regression that gives the turn's odds ratio "
    "after adjustment"
)
MOST_LEVELS = 12
"""With more different opponents and models than this, none gets a column of its own: analyse them separately."""
_KNOWN = 0.9
"""The share of turns that must have a covariate for an adjustment."""
_FEWEST = 3
NO_EFFECT: Mapping[str, float] = {"turns_against_difficulty": 1.0, "difficulty_covariates": 1.0}


@dataclass(frozen=True, slots=True)
class Design:
    """The adjusted covariates, shape (turns, k), their names, and the turns for which all are known."""

    columns: Floats
    names: tuple[str, ...]
    is_known: Flags


def estimates(table: TurnTable) -> dict[str, Estimate | list[Estimate]]:
    """Return `turns_against_difficulty`: the turn's odds ratio `before` and `after` adjustment, on the same turns; and
    `difficulty_covariates`, the odds ratios of the covariates.
    """
    line = played_line(table)
    if line is None:
        return {"turns_against_difficulty": [missing(NOT_PLAYED, METHOD)], "difficulty_covariates": []}
    return line.mark(_estimates(table, line.sample))


def _estimates(table: TurnTable, sample: Sample) -> dict[str, Estimate | list[Estimate]]:
    design = _design(table, sample)
    part = sample.take(design.is_known)
    columns = design.columns[design.is_known]
    held, kept = _varying(columns)
    names = [design.names[place] for place in kept]
    n_errors = int(part.is_error.sum())
    if part.n_episodes < _FEWEST or not 0 < n_errors < part.n_turns or len(np.unique(part.turn)) < 2:
        why = "too few episodes, turns or errors for a regression"
        return {"turns_against_difficulty": [missing(why, METHOD)], "difficulty_covariates": []}
    turn = np.log2(part.turn.astype(float))
    outcome, cluster = part.is_error.astype(float), table.instance[part.cluster]
    base = np.column_stack([turn, np.ones(part.n_turns)])
    before = fit(base, outcome, cluster)
    note = _note(table, part, sample)
    words = ", ".join(dict.fromkeys(names)) or "nothing recorded"
    rows = [_turn_row(before, part, "before", "nothing", note)]
    if not names:
        why = "no covariate of the position is recorded for these turns: nothing to hold"
        return {
            "turns_against_difficulty": [*rows, missing(why, METHOD, {"held": "after"})],
            "difficulty_covariates": [],
        }
    after = fit(np.column_stack([base, held]), outcome, cluster)
    rows.append(_turn_row(after, part, "after", words, note))
    covariates = []
    for place, name in enumerate(names):
        if name not in names[:place]:  # the square of a covariate follows it under the same name
            at: dict[str, Json] = {"covariate": name}
            covariates.append(_row(after, 2 + place, part, COVARIATE_METHOD, at))
    return {"turns_against_difficulty": rows, "difficulty_covariates": covariates}


def charts(estimates: Estimates) -> list[Chart]:
    """Return the turn's odds ratio before and after adjustment, and those of the covariates."""
    turns = [point for point in points_of(estimates, "turns_against_difficulty") if "held" in point.at]
    if len(turns) < 2:
        return []
    covariates = points_of(estimates, "difficulty_covariates")
    names = [f"doubling of the turn, {point.at['held']} adjustment for difficulty" for point in turns]
    names += [str(point.at["covariate"]) for point in covariates]
    alt_text = (
        f"odds ratio of an error per doubling of the turn: {turns[0].estimate:.2f} before and {turns[1].estimate:.2f} "
        f"after adjustment for {turns[1].at['covariates']}; 1 is no effect."
    )
    series = named_series([*turns, *covariates], names)
    title = "Turns against difficulty"
    chart = Chart(
        "turns_against_difficulty",
        title,
        alt_text,
        "",
        "odds ratio",
        "dot",
        series,
        rank=68,
        y_unit="number",
        baseline=1.0,
    )
    return [with_assumption(chart, estimates, "turns_against_difficulty")]


def _design(table: TurnTable, sample: Sample) -> Design:
    """Return each covariate that most turns have, its square, and a column for all but one opponent and model."""
    candidates: dict[str, Floats] = {WORDS.get(name, name): sample.value(name) for name in COLUMNS}
    candidates["random mover's loss"] = sample.random_loss
    is_known = np.ones(sample.n_turns, dtype=bool)
    held = {}
    for name, values in candidates.items():
        known = np.isfinite(values)
        if known.mean() >= _KNOWN:
            held[name], is_known = values, is_known & known
    columns: list[Floats] = []
    names: list[str] = []
    for name, values in held.items():
        spread = float(values[is_known].std()) if is_known.any() else 0.0
        if spread > 0:
            scaled = (values - values[is_known].mean()) / spread
            columns += [scaled, scaled**2]
            names += [name, name]
    facts = table.episodes
    labels = list(zip(facts.environment, facts.model, facts.opponent, strict=True))
    levels = sorted(set(labels), key=str)
    if 1 < len(levels) <= MOST_LEVELS:
        code = np.array([levels.index(label) for label in labels])[sample.cluster]
        for level in range(1, len(levels)):
            columns.append((code == level).astype(float))
            names.append(f"opponent or model: {' '.join(str(part) for part in levels[level] if part)}")
    stacked = np.column_stack(columns) if columns else np.zeros((sample.n_turns, 0))
    return Design(stacked, tuple(names), is_known)


def _varying(columns: Floats) -> tuple[Floats, list[int]]:
    """Return the columns that earlier ones and a constant do not determine, and their indices."""
    basis = np.ones((len(columns), 1))
    kept: list[int] = []
    for place in range(columns.shape[1]):
        column = columns[:, place]
        residual = column - basis @ np.linalg.lstsq(basis, column, rcond=None)[0]
        if residual @ residual > 1e-6 * max(float(column @ column), 1e-12):
            kept.append(place)
            basis = np.column_stack([basis, column])
    return columns[:, kept], kept


def _turn_row(fitted: LogisticFit | None, part: Sample, when: str, words: str, note: str | None) -> Estimate:
    return _row(fitted, 0, part, METHOD, {"per": "doubling of the turn", "held": when, "covariates": words}, note)


def _row(
    fitted: LogisticFit | None,
    place: int,
    part: Sample,
    method: str,
    at: dict[str, Json],
    note: str | None = None,
) -> Estimate:
    interval = None if fitted is None else fitted.odds_ratio(place)
    if interval is None or not math.isfinite(interval.error):
        return missing("the likelihood has no maximum here", method, at)
    return interval.as_estimate(part.n_episodes, part.n_turns, method, note, at)


def _note(table: TurnTable, part: Sample, sample: Sample) -> str | None:
    """Return a note on the turns left out and on effects that can't be separated."""
    notes = []
    if part.n_turns < sample.n_turns:
        notes.append(f"{sample.n_turns - part.n_turns} of {sample.n_turns} turns lack a covariate and are left out")
    last, erred = first_errors(part.cluster, part.turn, part.is_error)
    ends, _ = first_errors(part.cluster, part.turn, np.zeros(part.n_turns, dtype=bool))
    if erred.sum() >= _FEWEST and float((last == ends)[erred > 0].mean()) > 0.9:
        notes.append(
            "episodes end at their first error: hard ones leave early, which lowers the turn's odds ratio where "
            "episodes differ in what is not recorded"
        )
    return "; ".join(notes) or None
