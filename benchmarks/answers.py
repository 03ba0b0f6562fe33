"""An estimator's answer as what it must be: one figure, or a list of them."""

from horizon.core.estimator import Estimate


def one(found: Estimate | list[Estimate]) -> Estimate:
    """Return a single figure."""
    if isinstance(found, list):
        raise TypeError("a single figure was expected")
    return found


def many(found: Estimate | list[Estimate]) -> list[Estimate]:
    """Return a list of figures."""
    if isinstance(found, Estimate):
        raise TypeError("a list of figures was expected")
    return found
