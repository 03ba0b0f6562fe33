"""The error rate of one condition minus that of another, over the states that both posed: a contrast.

Never a difference of two rates over different turns. Knows turn tables, no estimator.
"""

from horizon.analysis.stats.intervals import Floats, mean_of_signs, missing
from horizon.analysis.turn_bins import estimate_bins, estimate_mean
from horizon.analysis.turn_table import Sample, TurnTable, error_differences
from horizon.core.estimator import Estimate
from horizon.core.records import Json

METHOD = (
    "paired difference of error rates on the same states, jackknife over instances, Student's t, one pair lost "
    "and one won more (Bonett & Price)"
)


def contrast(table: TurnTable, minuend: str, subtrahend: str, *also: str) -> Estimate:
    """Return the error rate of one condition minus another's, in -1..1, over the states that all named posed."""
    pairs = differences(table, minuend, subtrahend, *also)
    if isinstance(pairs, Estimate):
        return pairs
    return estimate_mean(table, *pairs, mean_of_signs, METHOD, contrast_labels(minuend, subtrahend))


def contrast_by_turn(table: TurnTable, minuend: str, subtrahend: str) -> list[Estimate]:
    """Return the contrast in each bin of turns that holds a state of both conditions."""
    pairs = differences(table, minuend, subtrahend)
    if isinstance(pairs, Estimate):
        return []
    return estimate_bins(table, *pairs, mean_of_signs, METHOD, contrast_labels(minuend, subtrahend))


def differences(table: TurnTable, minuend: str, subtrahend: str, *also: str) -> tuple[Sample, Floats] | Estimate:
    """Return the states that all conditions posed and the difference of errors at each; else an empty estimate."""
    at = contrast_labels(minuend, subtrahend)
    named = (minuend, subtrahend, *also)
    for absent in named:
        if absent not in table.samples:
            return missing(f"condition {absent} was not played: add --condition {absent}", METHOD, at)
    one, errors = error_differences(*(table.samples[name] for name in named))
    if not one.n_turns:
        return missing(f"{minuend} and {subtrahend} share no state", METHOD, at)
    return one, errors


def contrast_labels(minuend: str, subtrahend: str) -> dict[str, Json]:
    """Return the position of a contrast, for `Estimate.at`."""
    return {"contrast": f"{minuend} - {subtrahend}"}
