"""Survival over whole turns with two parameters, linear in log2 of the turn on a link scale: Weibull or log-logistic.

link(share free of an event after t turns) = a + b log2 t, fitted by maximum likelihood with censoring. Knows
formulas only.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from horizon.analysis.stats.distributions import chi2_tail
from horizon.analysis.stats.intervals import Interval, quantile

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
Family = Literal["weibull", "log-logistic"]
FAMILIES: Mapping[Family, str] = {
    "weibull": "Weibull: log(-log(share free of error)) is linear in log2 of the turn",
    "log-logistic": "METR's curve: the log odds of no error are linear in log2 of the turns (log-logistic)",
}
_LEAST = 1e-12
_FEWEST_EXPECTED = 5.0


@dataclass(frozen=True, slots=True)
class SurvivalFit:
    """The two coefficients a and b, their covariance between clusters, and how well the curve fits.

    `p_fit` is the probability of events as far from the fitted ones as these, None where too few bins are filled.
    """

    family: Family
    coefficients: Floats
    covariance: Floats
    n_clusters: int
    p_fit: float | None

    def share(self, turns: Floats) -> Floats:
        """Return the fitted share free of an event after each number of turns, shape (turns,)."""
        return _free(self.family, self.coefficients, np.log2(turns))

    def band(self, turns: Floats) -> tuple[Floats, Floats]:
        """Return the pointwise 95 % bounds of the share, from the link scale."""
        x = np.log2(turns)
        reach = quantile(self.n_clusters) * self._error(x)
        eta = self.coefficients[0] + self.coefficients[1] * x
        ends = [_inverse(self.family, eta + side * reach)[0] for side in (-1, 1)]
        return np.minimum(*ends), np.maximum(*ends)

    def horizon(self, level: float) -> Interval:
        """Return the turn at which this share is still free of an event, with its 95 % interval.

        An end is infinite or 0 where the curve may never cross the level on that side.

        Source: Fieller (1954), Some problems in interval estimation, J. R. Statist. Soc. B 16, 175-185.
        """
        a, b = self.coefficients
        target = _link(self.family, level)
        at = float(np.exp2((target - a) / b))
        q = quantile(self.n_clusters)
        v = self.covariance
        # (a + b x - target)^2 <= q^2 var(a + b x), a quadratic in x = log2 of the turn.
        square = b**2 - q**2 * v[1, 1]
        half = (a - target) * b - q**2 * v[0, 1]
        rest = (a - target) ** 2 - q**2 * v[0, 0]
        within = half**2 - square * rest
        if square <= 0 or within < 0:
            # The slope may be 0: the interval is open on a side where the bounds do not cross the level.
            return Interval(at, *self._open_ends(target, q), float("nan"))
        low, high = (float(np.exp2(np.clip((-half + s * np.sqrt(within)) / square, -60, 60))) for s in (-1, 1))
        return Interval(at, low, high, (high - low) / (2 * q))

    def _open_ends(self, target: float, q: float) -> tuple[float, float]:
        x = np.linspace(-10, 60, 7001)
        eta = self.coefficients[0] + self.coefficients[1] * x
        inside = np.flatnonzero(np.abs(eta - target) <= q * self._error(x))
        if not len(inside):
            return 0.0, float("inf")
        low = 0.0 if inside[0] == 0 else float(np.exp2(x[inside[0]]))
        return low, float("inf") if inside[-1] == len(x) - 1 else float(np.exp2(x[inside[-1]]))

    def _error(self, x: Floats) -> Floats:
        v = self.covariance
        return np.asarray(np.sqrt(np.maximum(v[0, 0] + 2 * v[0, 1] * x + v[1, 1] * x**2, 0.0)))


def fit_survival(
    family: Family, last: Ints, has_event: Flags, instance: Ints, *, penalty: float = 1.0
) -> SurvivalFit | None:
    """Fit a family to episodes with an event at turn `last`, or censored there; arrays of shape (episodes,).

    None with fewer than 2 events, or if the events do not determine a slope. Episodes of one `instance` are one
    cluster. `penalty` 1 is Jeffreys' prior, which keeps the slope finite if all events fall on one turn; 0 is plain
    maximum likelihood.

    Source: Kalbfleisch & Prentice (2002), The statistical analysis of failure time data, sections 2.2 and 4.6
    (grouped times); Firth (1993), Biometrika 80, 27-38; Cameron & Miller (2015), J. Human Resources 50 (clusters).
    """
    if has_event.sum() < 2:
        return None
    size = int(last.max())
    ended = np.bincount(last, minlength=size + 1)[1:]
    events = np.bincount(last[has_event], minlength=size + 1)[1:].astype(float)
    at_risk = (len(last) - np.concatenate([[0], np.cumsum(ended)[:-1]])).astype(float)
    x = np.log2(np.arange(1, size + 1, dtype=float))

    def loss(theta: Floats) -> float:
        hazard, slope = _hazards(family, np.array([theta[0], _slope_of(family, theta[1])]), x)
        plain = float(events @ np.log(hazard) + (at_risk - events) @ np.log1p(-hazard))
        information = _information(hazard, slope, at_risk)
        determinant = float(information[0, 0] * information[1, 1] - information[0, 1] ** 2)
        return -plain - penalty * 0.5 * float(np.log(max(determinant, 1e-300)))

    share = float(np.clip(1 - events.sum() / max(at_risk.sum(), 1.0), 0.01, 0.99))
    start = np.array([_link(family, share), 0.0])
    solved = optimize.minimize(loss, start, method="Nelder-Mead", options={"xatol": 1e-7, "fatol": 1e-9})
    coefficients = np.array([solved.x[0], _slope_of(family, solved.x[1])])
    hazard, slope = _hazards(family, coefficients, x)
    information = _information(hazard, slope, at_risk)
    if size < 2 or not np.isfinite(information).all() or np.linalg.cond(information) > 1e12:
        return None
    inverse: Floats = np.asarray(np.linalg.inv(information), dtype=np.float64)
    covariance, n_clusters = _between_clusters(inverse, hazard, slope, last, has_event, instance)
    return SurvivalFit(family, coefficients, covariance, n_clusters, _p_fit(events, at_risk, hazard))


def _between_clusters(
    inverse: Floats, hazard: Floats, slope: Floats, last: Ints, has_event: Flags, instance: Ints
) -> tuple[Floats, int]:
    """Return the sandwich covariance, no variance below that of independent episodes, and the number of clusters."""
    # An episode's score: over its turns (event - hazard) d logit(hazard).
    weight = slope / (hazard * (1 - hazard))  # (2, turns)
    gone = np.cumsum(-hazard * weight, axis=1)
    scores = gone[:, last - 1] + has_event * weight[:, last - 1]  # (2, episodes)
    _, cluster = np.unique(instance, return_inverse=True)
    n_clusters = int(cluster.max()) + 1
    own = np.array([np.bincount(cluster, row, n_clusters) for row in scores])
    spread = inverse @ (own @ own.T) @ inverse * n_clusters / max(n_clusters - 1, 1)
    widen = np.sqrt(np.maximum(1.0, np.diag(inverse) / np.maximum(np.diag(spread), 1e-300)))
    return spread * np.outer(widen, widen), n_clusters


def _information(hazard: Floats, slope: Floats, at_risk: Floats) -> Floats:
    return np.asarray((slope * (at_risk / (hazard * (1 - hazard)))) @ slope.T)


def _hazards(family: Family, coefficients: Floats, x: Floats) -> tuple[Floats, Floats]:
    """Return the hazard at each turn, shape (turns,), and its derivatives, shape (2, turns)."""
    free, slope = _inverse(family, coefficients[0] + coefficients[1] * x)
    before = np.concatenate([[1.0], free[:-1]])
    by = np.stack([slope, slope * x])  # derivatives of the share free after each turn
    by_before = np.concatenate([np.zeros((2, 1)), by[:, :-1]], axis=1)
    before = np.maximum(before, _LEAST)
    hazard = 1 - free / before
    derivative = -by / before + free * by_before / before**2
    return np.clip(hazard, _LEAST, 1 - _LEAST), derivative


def _inverse(family: Family, eta: Floats) -> tuple[Floats, Floats]:
    """Return the share free of an event at a link value, and its derivative."""
    if family == "weibull":
        rate = np.exp(np.minimum(eta, 50.0))
        free = np.exp(-rate)
        return free, -rate * free
    free = 0.5 * (1 + np.tanh(0.5 * eta))
    return free, free * (1 - free)


def _free(family: Family, coefficients: Floats, x: Floats) -> Floats:
    return _inverse(family, coefficients[0] + coefficients[1] * x)[0]


def _link(family: Family, share: float) -> float:
    return float(np.log(-np.log(share)) if family == "weibull" else np.log(share / (1 - share)))


def _slope_of(family: Family, log_size: float) -> float:
    """Return the slope per doubling from its logarithm: the share free of an event can only fall."""
    size = float(np.exp(np.clip(log_size, -12, 6)))
    return size if family == "weibull" else -size


def _p_fit(events: Floats, at_risk: Floats, hazard: Floats) -> float | None:
    """Return Pearson's p of events in runs of turns with at least 5 expected; the fit takes 2 degrees of freedom."""
    observed, expected, variance, cells = 0.0, 0.0, 0.0, []
    for seen, n, chance in zip(events, at_risk, hazard, strict=True):
        observed, expected, variance = observed + seen, expected + n * chance, variance + n * chance * (1 - chance)
        if expected >= _FEWEST_EXPECTED and variance > 0:
            cells.append((observed, expected, variance))
            observed, expected, variance = 0.0, 0.0, 0.0
    if cells and expected:
        cells[-1] = tuple(a + b for a, b in zip(cells[-1], (observed, expected, variance), strict=True))
    freedom = len(cells) - 2
    if freedom < 1:
        return None
    return chi2_tail(sum((o - e) ** 2 / v for o, e, v in cells), freedom)
