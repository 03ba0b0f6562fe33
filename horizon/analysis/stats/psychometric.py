"""Error rate as a function of a task's settings, learned from few answers, and the setting that errs at a target rate.

Log odds of an error are a Gaussian process over the settings: a level, a slope per parameter, and smooth deviations.
The next setting to try is the one that most reduces the uncertainty about the setting nearest to the target (Thompson
sampling, then the largest reduction of variance). Pure: knows neither model nor task.
Source: Rasmussen & Williams (2006), Gaussian processes for machine learning, algorithm 3.1; Gardner et al. (2015),
Psychophysical detection testing with Bayesian active learning; Russo et al. (2018), A tutorial on Thompson sampling.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from horizon.analysis.stats.logistic import expit

Floats = NDArray[np.float64]
TOLERANCE = 0.03
"""A setting whose rate is within this of the target counts as reaching it."""
_SURE = 0.95
_LEVEL_MEAN, _LEVEL_SD = -1.0, 3.0
_SHAPES = tuple((mean, sd, deviation) for mean, sd in ((4.0, 3.0), (12.0, 8.0)) for deviation in (0.2, 1.0))
"""Mean and standard deviation of the slope from easiest to hardest, and that of deviations; weighed by evidence."""
_WIDTH = 0.25
"""The length scale of the deviations."""
_DRAWS = 4000
_LEAST_AT_END = 16
"""Answers required at the easiest or hardest setting before the target is reported as out of reach."""

Verdict = Literal["reached", "too hard", "too easy", "between"]


@dataclass(frozen=True, slots=True)
class ChosenPlace:
    """The setting to use: its place, its error rate with a 95 % interval, and whether the target is reached.

    `too hard`: even the easiest setting errs more often than the target; `too easy`: even the hardest errs less;
    `between`: the settings next to the target are too far apart. `is_sure`: no further answers are needed.
    """

    place: int
    rate: float
    low: float
    high: float
    verdict: Verdict
    is_sure: bool


@dataclass(frozen=True, slots=True)
class RatePosterior:
    """Posterior draws of the error rates, (draws, settings), and the number of answers at each setting.

    `covariance` is that of the log odds, (settings, settings).
    """

    rates: Floats
    trials: Floats
    covariance: Floats

    def propose(self, target: float, count: int, draw: np.random.Generator) -> list[int]:
        """Return `count` settings to try next.

        For each, one draw of the rates gives the setting nearest to the target, and the proposal is the setting whose
        answer reduces the variance of that setting's log odds most.
        """
        rows = draw.integers(0, len(self.rates), count)
        nearest = np.abs(self.rates[rows] - target).argmin(axis=1)
        information = (self.rates * (1 - self.rates)).mean(axis=0)
        reduction = self.covariance**2 / (np.diag(self.covariance) + 1 / np.maximum(information, 1e-9))
        return [int(reduction[place].argmax()) for place in nearest]

    def choose(self, target: float) -> ChosenPlace:
        """Return the setting with the smallest expected distance to the target."""
        distances = np.abs(self.rates - target)  # (draws, settings)
        place = int(distances.mean(axis=0).argmin())
        low, high = np.quantile(self.rates[:, place], (0.025, 0.975))
        is_near = distances[:, place] <= TOLERANCE
        is_nearest = distances[:, place] <= distances.min(axis=1) + TOLERANCE / 3
        is_sure = bool((is_near | is_nearest).mean() >= _SURE)
        verdict: Verdict = "reached"
        if not low <= target <= high and not is_near.mean() >= 0.5:
            means = self.rates.mean(axis=0)
            beyond = means < target if means[place] > target else means > target
            verdict = "between" if beyond.any() else "too hard" if means[place] > target else "too easy"
            is_sure = is_sure and (verdict == "between" or self.trials[place] >= _LEAST_AT_END)
        return ChosenPlace(place, float(self.rates[:, place].mean()), float(low), float(high), verdict, is_sure)


def learn(settings: Floats, errors: Sequence[int], trials: Sequence[int], seed: int = 0) -> RatePosterior:
    """Return the posterior of the error rates.

    Parameters
    ----------
    settings
        The settings' parameters, (settings, parameters), each scaled to 0 (easiest) to 1 (hardest).
    errors, trials
        The errors and the answers at each setting.
    seed
        The seed of the draws.

    Notes
    -----
    Laplace's approximation under each of a few priors: the mode by Newton's method, then normal draws with the
    curvature at the mode. Each prior's number of draws is proportional to its evidence.
    """
    counts, wrong = np.asarray(trials, dtype=float), np.asarray(errors, dtype=float)
    fits = [_fit(settings, wrong, counts, shape) for shape in _SHAPES]
    evidence = np.exp(np.array([fit.log_evidence for fit in fits]) - max(fit.log_evidence for fit in fits))
    draw = np.random.default_rng(seed)
    n_draws = draw.multinomial(_DRAWS, evidence / evidence.sum())
    normal = draw.standard_normal((_DRAWS, len(settings)))
    parts, first = [], 0
    for fit, count in zip(fits, n_draws, strict=True):
        root = np.linalg.cholesky(fit.covariance + 1e-9 * np.eye(len(settings)))
        parts.append(fit.log_odds + normal[first : first + count] @ root.T)
        first += count
    log_odds = np.concatenate(parts)
    return RatePosterior(expit(log_odds), counts, np.cov(log_odds, rowvar=False).reshape(2 * (len(settings),)))


@dataclass(frozen=True, slots=True)
class _Fit:
    log_odds: Floats
    covariance: Floats
    log_evidence: float


def _fit(settings: Floats, wrong: Floats, counts: Floats, shape: tuple[float, float, float]) -> _Fit:
    """Return Laplace's approximation under one prior: mode, covariance and log evidence."""
    slope_mean, slope_sd, deviation_sd = shape
    mean = _LEVEL_MEAN + slope_mean * (settings.mean(axis=1) - 0.5)
    kernel = _covariance(settings, slope_sd, deviation_sd)
    log_odds, identity = mean.copy(), np.eye(len(mean))
    for _ in range(200):
        rate = expit(log_odds)
        weight = np.sqrt(counts * rate * (1 - rate))
        inner = np.linalg.cholesky(identity + weight[:, None] * kernel * weight)
        pull = weight**2 * (log_odds - mean) + wrong - counts * rate
        half = np.linalg.solve(inner, weight * (kernel @ pull))
        step = mean + kernel @ (pull - weight * np.linalg.solve(inner.T, half)) - log_odds
        # A shorter step where Newton's would overshoot.
        log_odds = log_odds + step / max(1.0, float(np.abs(step).max()) / 2)
        if np.abs(step).max() < 1e-6:
            break
    rate = np.clip(expit(log_odds), 1e-12, 1 - 1e-12)
    weight = np.sqrt(counts * rate * (1 - rate))
    inner = np.linalg.cholesky(identity + weight[:, None] * kernel * weight)
    spread = np.linalg.solve(inner, weight[:, None] * kernel)
    likelihood = wrong @ np.log(rate) + (counts - wrong) @ np.log1p(-rate)
    penalty = 0.5 * (wrong - counts * rate) @ (log_odds - mean) + np.log(np.diag(inner)).sum()
    return _Fit(log_odds, kernel - spread.T @ spread, float(likelihood - penalty))


def _covariance(settings: Floats, slope_sd: float, deviation_sd: float) -> Floats:
    """Return the prior covariance of the log odds; a slope has the same standard deviation for each parameter."""
    centred = settings - 0.5
    gaps = ((settings[:, None] - settings[None]) ** 2).sum(axis=2)
    smooth = deviation_sd**2 * np.exp(-gaps / (2 * _WIDTH**2))
    slopes = slope_sd**2 / settings.shape[1] * centred @ centred.T
    total: Floats = _LEVEL_SD**2 + slopes + smooth
    return total + 1e-6 * np.eye(len(settings))
