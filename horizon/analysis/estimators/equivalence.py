"""Equivalence: whether the data show that a contrast is smaller than a margin.

The parts of the decomposition have the same test in `no_fading`; over several groups Holm's procedure corrects both.
"""

from horizon.analysis.condition_contrast import contrast
from horizon.analysis.equivalence_test import equivalence
from horizon.analysis.turn_table import TurnTable
from horizon.core.estimator import Estimate

TESTED = (
    ("natural", "fresh"),
    ("natural", "healed"),
    ("natural", "foreign"),
    ("padded", "fresh"),
    ("healed", "padded"),
)


def estimates(table: TurnTable) -> dict[str, Estimate | list[Estimate]]:
    """Return `equivalence`, by the name of the contrast, for those that were played."""
    figures = [
        (f"{one}-{other}", contrast(table, one, other))
        for one, other in TESTED
        if one in table.samples and other in table.samples
    ]
    return {"equivalence": [equivalence(figure, name) for name, figure in figures]}
