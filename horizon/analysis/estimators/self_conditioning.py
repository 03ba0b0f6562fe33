"""Self-conditioning: whether errors in the history bring more errors; and recovery from them.

Estimated within pairs of one state, with the model's own errors in the history and without them, so that a hard
episode does not look like self-conditioning. `corrupted:p` gives the dose-response.
"""

from collections.abc import Mapping

import numpy as np

from horizon.analysis.chart import RATE, Chart, series_along
from horizon.analysis.state_pairs import discordant_pairs
from horizon.analysis.stats.intervals import Floats, mean_of_signs, missing, share
from horizon.analysis.stats.matched_pairs import conditional_odds_ratio
from horizon.analysis.turn_bins import estimate_mean
from horizon.analysis.turn_table import Flags, Sample, TurnTable, error_differences, same_states
from horizon.core.estimator import Estimate, Estimates
from horizon.core.records import Json

METHOD = (
    "odds ratio of an error per error shown, conditional logistic regression within pairs of one state, penalised "
    "likelihood widened by the jackknife over instances"
)
ANY_METHOD = (
    "paired difference of error rates on the states whose history shows more errors on the first side, jackknife over "
    "episodes, Student's t"
)
DOSE_METHOD = "share of turns, Wilson's interval at the effective number of turns (variance between episodes)"
ASSUMES = "replacing an error changes nothing else: the correct reply in its place does not help"
LONGEST_RECOVERY = 5
_FEWEST_EPISODES = 3
NO_EFFECT: Mapping[str, float] = {"self_conditioning": 1.0, "self_conditioning_any_error": 0.0}


def estimate(table: TurnTable) -> Estimate:
    """Return the odds ratio of an error for one more error in the history; 1 is no effect, above 1 self-conditioning.

    The pairs are natural and healed; without healed, natural and each `corrupted:p`. Among pairs of one state that
    differ in outcome, logit P(natural erred) = c (errors shown by natural - errors shown by its partner), and the odds
    ratio is exp(c). The difficulty of the state or the episode cancels within the pair.

    One ratio per error assumes that each further error has the same effect as the first. To compare runs of different
    lengths or error rates, use `any_error`, which assumes no form.

    Source: Sinha et al. (2025), arXiv 2509.09677, section 3.3, for the effect; `state_pairs` for the pairs.
    """
    partners = ["healed"] if "healed" in table.samples else _doses(table)
    at: dict[str, Json] = {"contrast": f"natural - {'+'.join(partners) or 'healed'}", "per": "error shown"}
    if "natural" not in table.samples:
        return missing("condition natural was not played", METHOD, at)
    if not partners:
        note = "condition healed was not played: add --condition healed (needed to separate it from hard episodes)"
        return missing(note, METHOD, at)
    return _odds_ratio(table, "natural", partners, at)


def any_error(table: TurnTable, minuend: str = "natural", subtrahend: str = "healed") -> Estimate:
    """Return by how much any error shown raises the chance of an error, in -1..1, where one was shown.

    The states are those whose history shows more errors under `minuend`. The figure has no unit such as turns
    or errors, so runs of different lengths and error rates compare.
    """
    at: dict[str, Json] = {"contrast": f"{minuend} - {subtrahend}", "per": "any error"}
    for name in (minuend, subtrahend):
        if name not in table.samples:
            return missing(f"condition {name} was not played: add --condition {name}", ANY_METHOD, at)
    one, differences = error_differences(table.samples[minuend], table.samples[subtrahend])
    _, other = same_states([table.samples[minuend], table.samples[subtrahend]])
    shows_more = one.prior_errors > other.prior_errors
    if not shows_more.any():
        return missing("no state was posed with more errors in its history than its partner's", ANY_METHOD, at)
    return estimate_mean(table, one.take(shows_more), differences[shows_more], mean_of_signs, ANY_METHOD, at)


def by_pair(table: TurnTable) -> list[Estimate]:
    """Return both figures for each pair of conditions that differ in the errors shown, natural and healed first."""
    doses = _doses(table)
    pairs = [("natural", "healed"), *(("natural", dose) for dose in doses), *((dose, "healed") for dose in doses)]
    figures = []
    for minuend, subtrahend in pairs:
        if minuend in table.samples and subtrahend in table.samples:
            at: dict[str, Json] = {"contrast": f"{minuend} - {subtrahend}", "per": "error shown"}
            figures.append(_odds_ratio(table, minuend, [subtrahend], at))
            if subtrahend == "healed":
                figures.append(any_error(table, minuend, subtrahend))
    return figures


def dose_response(table: TurnTable) -> list[Estimate]:
    """Return the error rate at each share of corrupted replies, `healed` as share 0; only turns with a history."""
    shares = {0.0: "healed"} if "healed" in table.conditions else {}
    shares |= {float(name.partition(":")[2]): name for name in _doses(table)}
    rates = []
    for dose, name in sorted(shares.items()):
        sample = table.sample(name)
        if sample is None:
            continue
        later = sample.take(sample.turn > 1)
        if later.n_turns:
            rates.append(_rate(table, later, later.is_error, {"corrupted": dose}))
    return rates


def recovery(table: TurnTable) -> list[Estimate]:
    """Return the share of natural turns that are correct n turns after an error, n from 1 to 5."""
    sample = table.sample("natural")
    if sample is None:
        return []
    rates: list[Estimate] = []
    for ahead in range(1, LONGEST_RECOVERY + 1):
        before, after = np.arange(sample.n_turns - ahead), np.arange(ahead, sample.n_turns)
        follows = (sample.cluster[before] == sample.cluster[after]) & (
            sample.turn[after] - sample.turn[before] == ahead
        )
        chosen = after[follows & sample.is_error[before]]
        if len(chosen):
            later = sample.take(chosen)
            rates.append(_rate(table, later, ~later.is_error, {"turns_after_error": ahead}))
    return rates


def estimates(table: TurnTable) -> dict[str, Estimate | list[Estimate]]:
    """Return `self_conditioning` (odds ratio per error), `self_conditioning_any_error` (difference of error rates),
    both by pair of conditions in `self_conditioning_by_pair`, `dose_response` and `recovery`.
    """
    return {
        "self_conditioning": estimate(table),
        "self_conditioning_any_error": any_error(table),
        "self_conditioning_by_pair": by_pair(table),
        "dose_response": dose_response(table),
        "recovery": recovery(table),
    }


def charts(estimates: Estimates) -> list[Chart]:
    """Return the dose-response of wrong replies in the history."""
    axis = "share of wrong replies in the history"
    alt_text = f"error rate against the {axis}."
    series = series_along(estimates, "dose_response", axis="corrupted", by=None)
    return [Chart("dose_response", "Pull of earlier errors", alt_text, axis, RATE, "line", series, rank=100)]


def _odds_ratio(table: TurnTable, minuend: str, subtrahends: list[str], at: dict[str, Json]) -> Estimate:
    samples = [(name, table.samples[name]) for name in (minuend, *subtrahends)]
    pairs = discordant_pairs(samples, [(0, place) for place in range(1, len(samples))], _errors_shown)
    shows_other = pairs.differences[:, 0] != 0
    cluster = pairs.cluster[shows_other]
    n_episodes = len(np.unique(cluster))
    if n_episodes < _FEWEST_EPISODES:
        note = f"only {n_episodes} episodes hold a state that differs both in errors shown and in outcome"
        return missing(note, METHOD, at)
    interval = conditional_odds_ratio(
        pairs.differences[shows_other, 0], pairs.is_first[shows_other], table.instance[cluster]
    )
    counts: dict[str, Json] = {"n_discordant": int(shows_other.sum()), "assumes": ASSUMES}
    return interval.as_estimate(n_episodes, pairs.n_pairs, METHOD, at={**at, **counts})


def _errors_shown(_: str, sample: Sample) -> Floats:
    return sample.prior_errors.astype(float)[:, None]


def _doses(table: TurnTable) -> list[str]:
    return [name for name in table.conditions if name.startswith("corrupted:")]


def _rate(table: TurnTable, sample: Sample, chosen: Flags, at: dict[str, Json]) -> Estimate:
    return estimate_mean(table, sample, chosen.astype(float), share, DOSE_METHOD, at)
