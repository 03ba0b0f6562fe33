"""The error rate in bins of turns, for each condition: the curve everyone plots, with its counts."""

from horizon.analysis.stats.intervals import share
from horizon.analysis.turn_bins import estimate_bins
from horizon.analysis.turn_table import TurnTable
from horizon.core.estimator import Estimate
from horizon.core.records import ERROR_KINDS

NAME = "error by turn"
METHOD = "share of a bin's turns, Wilson's interval at the effective number of turns; wider than 95 % for few errors"


def estimate(table: TurnTable, condition: str = "natural") -> list[Estimate]:
    """Return the error rate of each bin of turns that holds any, in 0..1; bins are those of the longest episode."""
    sample = table.sample(condition)
    if sample is None:
        return []
    errors = sample.is_error.astype(float)
    return estimate_bins(table, sample, errors, share, METHOD, {"condition": condition})


def kinds(table: TurnTable, condition: str = "natural") -> list[Estimate]:
    """Return the share of each kind of error that occurs at all, in each bin of turns."""
    sample = table.sample(condition)
    found: list[Estimate] = []
    for index, kind in enumerate(ERROR_KINDS if sample is not None else ()):
        assert sample is not None  # nothing is named without it
        if kind != "none" and (sample.kind == index).any():
            chosen = (sample.kind == index).astype(float)
            found += estimate_bins(table, sample, chosen, share, METHOD, {"condition": condition, "kind": kind})
    return found


def estimates(table: TurnTable) -> dict[str, Estimate | list[Estimate]]:
    """Return `error_by_turn`, a list over conditions and bins, and `error_kinds_by_turn` of natural turns."""
    return {
        "error_by_turn": [each for condition in table.conditions for each in estimate(table, condition)],
        "error_kinds_by_turn": kinds(table),
    }
