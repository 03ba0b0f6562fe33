"""Quantiles and tails of the distributions that the estimators use, by scipy's functions beneath its distributions.

`scipy.stats` takes over a second to import, at each start of each command; `scipy.special`, on which it rests, a tenth
of it, and gives the same numbers.
"""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

Floats = NDArray[np.float64]


def normal_quantile(share: float) -> float:
    """Return the value below which a share of the standard normal distribution lies."""
    return float(special.ndtri(share))


def normal_tail(value: float) -> float:
    """Return the probability of a standard normal number above a value."""
    return float(special.ndtr(-value))


def normal_below(values: ArrayLike) -> Floats:
    """Return the probabilities of standard normal numbers below values."""
    return np.asarray(special.ndtr(values))


def normal_density(values: ArrayLike) -> Floats:
    """Return the density of the standard normal distribution at values."""
    return np.asarray(np.exp(-(np.asarray(values, float) ** 2) / 2) / math.sqrt(2 * math.pi))


def skewness(values: Floats) -> float:
    """Return the third central moment over the standard deviation cubed; 0 for values that are all the same."""
    apart = values - values.mean()
    variance = float(np.mean(apart**2))
    if variance <= (np.finfo(float).resolution * float(values.mean())) ** 2:
        return 0.0
    return float(np.mean(apart**3) / variance**1.5)


def t_quantile(share: float, freedom: float) -> float:
    """Return the value below which a share of Student's t distribution lies."""
    return float(special.stdtrit(freedom, share))


def t_tail(value: float, freedom: float) -> float:
    """Return the probability of a number of Student's t distribution above a value."""
    return float(special.stdtr(freedom, -value))


def noncentral_t_below(value: float, freedom: float, shift: float) -> float:
    """Return the probability of a number of the noncentral t distribution below a value."""
    return float(special.nctdtr(freedom, shift, value))


def chi2_quantile(shares: ArrayLike, freedom: ArrayLike) -> Floats:
    """Return the values below which shares of chi-squared distributions lie."""
    return np.asarray(2 * special.gammaincinv(np.asarray(freedom) / 2, shares))


def chi2_tail(value: float, freedom: float) -> float:
    """Return the probability of a chi-squared number above a value."""
    return float(special.chdtrc(freedom, value))


def fair_coins(count: int) -> Floats:
    """Return the probabilities of 0 to `count` heads in `count` throws of a fair coin."""
    heads = np.arange(count + 1)
    logs = special.gammaln(count + 1) - special.gammaln(heads + 1) - special.gammaln(count - heads + 1)
    return np.asarray(np.exp(logs - count * math.log(2)))


def fair_coin_test(one: int, other: int) -> float:
    """Return the exact two-sided p value of so many heads and tails of a fair coin; at least one throw."""
    return min(1.0, 2 * float(special.bdtr(min(one, other), one + other, 0.5)))
