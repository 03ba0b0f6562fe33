"""Noise of the instrument: how often the same prompt gets a different verdict, from the conditions `repeat:n`.

Noise does not bias a gap between conditions, which is a mean over states, but it flips single verdicts. If verdicts
flip as often on the same prompt as between conditions, those flips are no evidence of an effect of the history.
"""

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from horizon.analysis.chart import Chart, named_series, points_of
from horizon.analysis.stats.intervals import Floats, jackknife, missing, share
from horizon.analysis.turn_bins import estimate_mean
from horizon.analysis.turn_table import Sample, TurnTable, same_states
from horizon.core.estimator import Estimate, Estimates

SHARE = "share of states, Wilson's interval at the effective number of states"
ICC = (
    "intraclass correlation of verdicts on the same prompt: 1 - P(two verdicts differ) / (2 m (1 - m)) with m the "
    "error rate, jackknife over instances"
)


def estimates(table: TurnTable) -> dict[str, Estimate | list[Estimate]]:
    """Return `instrument_noise`, a list by `figure`; empty where no state was repeated (`--repeat-states n`).

    `verdict differs` and `action differs`: the share of pairs of replies to one prompt that differ in this. `icc`: the
    share of the verdicts' variance that is between states; 1 without noise. `verdict differs from C` for each other
    condition C: the same share between the natural prompt and that of C, on the repeated states; only its excess over
    `verdict differs` can be due to the history.
    """
    repeated = [name for name in table.conditions if name.startswith("repeat:")]
    if "natural" not in table.samples or not repeated:
        return {}
    asked = same_states([table.samples[name] for name in ("natural", *repeated)])
    figures = [_differing(table, asked, "verdict"), _differing(table, asked, "action"), _icc(table, asked)]
    for name in table.conditions:
        if name not in ("natural", *repeated):
            natural, *_, other = same_states([table.samples[part] for part in ("natural", *repeated, name)])
            differs = (natural.is_error != other.is_error).astype(float)
            figures.append(_share(table, natural, differs, f"verdict differs from {name}"))
    return {"instrument_noise": figures}


def charts(estimates: Estimates) -> list[Chart]:
    """Return how often verdicts differ on the same prompt, beside how often they differ between conditions."""
    points = [point for point in points_of(estimates, "instrument_noise") if point.at["figure"] != "icc"]
    names = [str(point.at["figure"]) for point in points]
    alt_text = "Share of the repeated states; only what a condition adds to the same prompt's share can be its effect."
    title, axis = "Noise of the instrument", "share of states"
    return [Chart("instrument_noise", title, alt_text, "", axis, "dot", named_series(points, names), rank=240)]


def _differing(table: TurnTable, asked: Sequence[Sample], what: str) -> Estimate:
    values = [sample.is_error if what == "verdict" else sample.action_code for sample in asked]
    pairs = list(combinations(values, 2))
    differs = np.sum([one != other for one, other in pairs], axis=0) / len(pairs)
    return _share(table, asked[0], differs, f"{what} differs")


def _share(table: TurnTable, sample: Sample, values: Floats, figure: str) -> Estimate:
    at = {"figure": figure}
    if not sample.n_turns:
        return missing("no state was posed under all of these conditions", SHARE, at)
    return estimate_mean(table, sample, values, share, SHARE, at)


def _icc(table: TurnTable, asked: Sequence[Sample]) -> Estimate:
    """Return the intraclass correlation of binary verdicts.

    Source: Ridout, Demetrio & Firth (1999), Estimating intraclass correlation for binary data, Biometrics 55,
    137-148, the pair-based estimator of equal group sizes.
    """
    at, sample = {"figure": "icc"}, asked[0]
    if not sample.n_turns:
        return missing("no state was posed under all of these conditions", ICC, at)
    errors = np.array([sample.is_error for sample in asked], dtype=float)
    n, wrong = len(asked), errors.sum(axis=0)
    # Pairs that differ, of n (n - 1) / 2; then verdicts in error, of n; then states.
    columns = [wrong * (n - wrong) / (n * (n - 1) / 2), wrong / n, np.ones(sample.n_turns)]
    sums = np.column_stack([table.instance_sums(sample.cluster, column) for column in columns])
    if not 0 < sums[:, 1].sum() < sums[:, 2].sum():
        return missing("all verdicts are alike: there is no variance to share out", ICC, at)
    interval = jackknife(sums, _correlation)
    return interval.as_estimate(sample.n_episodes, sample.n_turns, ICC, at=at)


def _correlation(totals: Floats) -> Floats:
    differing, rate = totals[:, 0] / totals[:, 2], totals[:, 1] / totals[:, 2]
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(1 - differing / (2 * rate * (1 - rate)))
