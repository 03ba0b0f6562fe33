"""The test of "no effect": whether the data show that a difference of error rates is smaller than a margin.

An interval that contains 0 does not show this, as it may also contain 40 points. Two one-sided tests do.
"""

from dataclasses import replace

from horizon.analysis.stats.distributions import t_quantile, t_tail
from horizon.core.estimator import Estimate

MARGIN = 0.05
"""The largest difference of error rates that counts as none."""
METHOD = "90 % interval: two one-sided tests at 5 % (TOST)"


def equivalence(figure: Estimate, name: str, margin: float = MARGIN) -> Estimate:
    """Return a difference with its 90 % interval and the p value of a true difference beyond the margin.

    `at["is_equivalent"]` is true if the interval is within the margin, that is, if p is below 0.05. The standard error
    on each side is taken from the figure's own 95 % interval, by Student's t with its episodes minus 1 as degrees of
    freedom.

    Source: Schuirmann (1987), A comparison of the two one-sided tests procedure and the power approach for assessing
    the equivalence of average bioavailability, J. Pharmacokinetics and Biopharmaceutics 15, 657-680.
    """
    at = {"name": name, **figure.at, "margin": margin}
    if figure.estimate is None or figure.low is None or figure.high is None:
        return replace(figure, method=METHOD, at={**at, "p": None, "is_equivalent": False})
    freedom = max(figure.n_episodes - 1, 1)
    wide, narrow = (t_quantile(level, freedom) for level in (0.975, 0.95))
    below, above = ((abs(end - figure.estimate) / wide) for end in (figure.low, figure.high))
    if not below or not above:
        note = "no pair differs: the data show no spread, and so no bound"
        return replace(figure, method=METHOD, note=note, at={**at, "p": None, "is_equivalent": False})
    p = max(
        t_tail((figure.estimate + margin) / below, freedom),
        t_tail((margin - figure.estimate) / above, freedom),
    )
    low, high = figure.estimate - narrow * below, figure.estimate + narrow * above
    return replace(figure, low=low, high=high, method=METHOD, at={**at, "p": p, "is_equivalent": p < 0.05})
