"""Mitigations compared: what each gains on the same states, the tokens that it adds, and the gain for its tokens.

A mitigation is posed at the states of natural turns, so that its gain is that of a turn; fewer errors in later
histories come on top. Tokens are those of input and output, cached ones included.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from horizon.analysis.condition_contrast import contrast
from horizon.analysis.stats.intervals import Floats, Floor, Interval, missing, ratio
from horizon.analysis.turn_bins import estimate_mean
from horizon.analysis.turn_table import Sample, TurnTable, error_differences, same_states
from horizon.core.estimator import Estimate
from horizon.core.records import Json

MITIGATIONS = ("window", "recap", "remind", "retry", "selfcheck")
"""The conditions, without their numbers, that a user could build."""
GAIN, TOKENS, BY_TOKENS = "gain", "tokens added", "gain per 1,000 tokens"
TOKENS_METHOD = (
    "mean input and output tokens per turn, both calls counted where the model is asked twice, minus those of "
    "natural on the same states; ratio of sums, jackknife over episodes"
)
BY_TOKENS_METHOD = (
    "sum of the errors avoided divided by the tokens added, on the same states; jackknife over episodes, Student's t"
)
COLUMNS = ("second_call", "reply_tokens", "spent_input", "spent_output")
NO_TOKENS = "it adds no tokens, or the interval of those that it adds holds 0"


def estimates(table: TurnTable) -> dict[str, Estimate | list[Estimate]]:
    """Return `mitigations`: of each that was played its gain, -1..1, the tokens per turn that it adds, and the gain
    per 1,000 tokens (`at`: `condition`, `of`); empty without natural turns.

    Above 0 the mitigation errs less than natural.
    """
    names = [name for name in table.conditions if name.partition(":")[0] in MITIGATIONS]
    figures = [figure for name in names if "natural" in table.samples for figure in _figures(table, name)]
    return {"mitigations": figures}


def _figures(table: TurnTable, name: str) -> tuple[Estimate, Estimate, Estimate]:
    at = [{"condition": name, "of": of} for of in (GAIN, TOKENS, BY_TOKENS)]
    gain = replace(contrast(table, "natural", name), at=at[0], no_effect=0.0)
    natural, own = same_states([table.samples["natural"], table.samples[name]])
    added = _count_added(natural, own)
    known = ~np.isnan(added)
    if not known.any():
        unknown = "the model reports no such counts"
        return gain, missing(unknown, TOKENS_METHOD, at[1]), missing(unknown, BY_TOKENS_METHOD, at[2])
    own, added = own.take(known), added[known]
    n_known, n_all = int(known.sum()), len(known)
    note = f"of the {n_known} of {n_all} turns whose counts are known" if n_known < n_all else None
    tokens = estimate_mean(table, own, added, _any_number, TOKENS_METHOD, at[1], note=note)
    if tokens.low is None or tokens.low <= 0:
        return gain, tokens, missing(NO_TOKENS, BY_TOKENS_METHOD, at[2])
    _, differences = error_differences(natural.take(known), own)
    return gain, tokens, _by_tokens(table, own, differences, added / 1000, at[2], note)


def _count_added(natural: Sample, own: Sample) -> Floats:
    """Return the tokens of each turn that natural does not take; NaN where unknown."""
    beside_natural = own.value("second_call")
    in_its_place = own.value("reply_tokens") - natural.value("spent_input") - natural.value("spent_output")
    second = np.where(beside_natural == 0, 0.0, own.value("reply_tokens"))
    return np.where(np.isnan(beside_natural), in_its_place, second)


def _by_tokens(
    table: TurnTable, own: Sample, differences: Floats, thousands: Floats, at: Mapping[str, Json], note: str | None
) -> Estimate:
    """Return the errors avoided per 1,000 tokens; turns that gain or lose one are as long as the mean."""
    mean = float(thousands.mean())
    floor = Floor(-1 / mean, 1 / mean, ((1.0, mean), (-1.0, mean)))

    def quotient(sums: Floats, weights: Floats) -> Interval:
        return ratio(sums, weights, floor=floor)

    figure = estimate_mean(table, own, differences, quotient, BY_TOKENS_METHOD, at, weights=thousands, note=note)
    return figure.with_no_effect(0.0)


def _any_number(sums: Floats, counts: Floats) -> Interval:
    return ratio(sums, counts)
