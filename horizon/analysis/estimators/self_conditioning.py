"""Self-conditioning: whether errors in the history bring more errors, beyond turns as such; and recovery from them.

With `healed` played, the same states without the errors stand beside; `corrupted:p` gives the dose-response.
"""

import math

import numpy as np

from horizon.analysis.chart import RATE, Chart, series_along
from horizon.analysis.stats.intervals import missing, share
from horizon.analysis.stats.logistic import fit
from horizon.analysis.turn_bins import estimate_mean
from horizon.analysis.turn_table import Flags, Sample, TurnTable
from horizon.core.estimator import Estimate, Estimates
from horizon.core.records import Json

METHOD = "odds ratio of an error per earlier error shown, at the same turn, Firth's logistic, jackknife over episodes"
DOSE_METHOD = "share of turns, Wilson's interval at the effective number of turns (variance between episodes)"
LONGEST_RECOVERY = 5


def estimate(table: TurnTable) -> Estimate:
    """Return the odds ratio of an error for one more error in the history; 1 is no pull, above 1 self-conditioning.

    The model is logit P(error) = a + b (turn - 1) + c (errors shown), over natural and, where played, healed turns.
    Episodes that are harder than others look like self-conditioning without healed: the note says so.

    Source: Sinha et al. (2025), arXiv 2509.09677, section 3.3, for the effect; `stats.logistic` for the fit.
    """
    natural, healed = table.sample("natural"), table.sample("healed")
    if natural is None:
        return missing("condition natural was not played", METHOD)
    samples = [natural] if healed is None else [natural, healed]
    outcome = np.concatenate([each.is_error for each in samples]).astype(float)
    turn = np.concatenate([each.turn for each in samples]).astype(float)
    errors = np.concatenate([each.prior_errors for each in samples]).astype(float)
    cluster = np.concatenate([each.cluster for each in samples])
    n_episodes, n_turns = natural.n_episodes, len(outcome)
    if n_episodes < 3 or len(np.unique(errors)) < 2 or len(np.unique(outcome)) < 2:
        return missing("too few episodes, or no turns both with and without errors before them", METHOD)
    columns = [np.ones(n_turns), errors] + ([turn - 1] if len(np.unique(turn)) > 1 else [])
    fitted = fit(np.column_stack(columns), outcome, cluster)
    if fitted is None:
        return missing("errors before a turn and the turn itself can't be told apart here", METHOD)
    found = fitted.odds_ratio(1)
    if not math.isfinite(found.error):
        return missing("too few episodes", METHOD)
    note = None if healed is not None else "without healed, episodes that are harder as a whole look like this too"
    return found.as_estimate(n_episodes, n_turns, METHOD, note)


def dose_response(table: TurnTable) -> list[Estimate]:
    """Return the error rate at each share of corrupted replies, `healed` as share 0; only turns with a history."""
    shares = {0.0: "healed"} if "healed" in table.conditions else {}
    shares |= {float(name.partition(":")[2]): name for name in table.conditions if name.startswith("corrupted:")}
    found = []
    for dose, name in sorted(shares.items()):
        sample = table.sample(name)
        if sample is None:
            continue
        later = sample.take(sample.turn > 1)
        if later.n_turns:
            found.append(_rate(table, later, later.is_error, {"corrupted": dose}))
    return found


def recovery(table: TurnTable) -> list[Estimate]:
    """Return the share of natural turns that are right n turns after an error, n from 1 to 5."""
    sample = table.sample("natural")
    found: list[Estimate] = []
    for ahead in range(1, LONGEST_RECOVERY + 1) if sample is not None else ():
        assert sample is not None  # the loop is empty without it
        before, after = np.arange(sample.n_turns - ahead), np.arange(ahead, sample.n_turns)
        follows = (sample.cluster[before] == sample.cluster[after]) & (
            sample.turn[after] - sample.turn[before] == ahead
        )
        chosen = after[follows & sample.is_error[before]]
        if len(chosen):
            later = sample.take(chosen)
            found.append(_rate(table, later, ~later.is_error, {"turns_after_error": ahead}))
    return found


def estimates(table: TurnTable) -> dict[str, Estimate | list[Estimate]]:
    """Return `self_conditioning`, `dose_response` and `recovery`."""
    return {
        "self_conditioning": estimate(table),
        "dose_response": dose_response(table),
        "recovery": recovery(table),
    }


def charts(estimates: Estimates) -> list[Chart]:
    """Return the dose-response of wrong replies in the history."""
    axis = "share of wrong replies in the history"
    said = f"error rate against the {axis}."
    series = series_along(estimates, "dose_response", axis="corrupted", by=None)
    return [Chart("dose_response", "Pull of earlier errors", said, axis, RATE, "line", series, rank=100)]


def _rate(table: TurnTable, sample: Sample, chosen: Flags, at: dict[str, Json]) -> Estimate:
    return estimate_mean(table, sample, chosen.astype(float), share, DOSE_METHOD, at)
