"""Cumulative incidence of competing events at whole turns (Aalen-Johansen), with its variance between clusters.

With one kind of event it is 1 minus the Kaplan-Meier curve. Knows formulas only; the estimators define the events.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from horizon.analysis.stats.intervals import quantile
from horizon.analysis.stats.shares import modified_wilson

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Incidence:
    """At each turn from 1: episodes at risk (turns,), events, shares with each event by then, and their errors.

    `events`, `share`, `error`, `low` and `high` have shape (kinds, turns); `free` is the share without any event.
    """

    at_risk: Ints
    events: Ints
    share: Floats
    error: Floats
    low: Floats
    high: Floats
    free: Floats


def cumulative_incidence(last: Ints, event: Ints, n_kinds: int, instance: Ints) -> Incidence:
    """Return the share of episodes with each kind of event by each turn; arrays of shape (episodes,).

    `last` is the turn of an episode's event, or its last turn if it had none; `event` is the kind of event, from 1,
    or 0 for none (censored). Episodes of one `instance` are one cluster. If one episode has an event and another is
    censored at the same turn, the event is counted first.

    The variance is the infinitesimal jackknife between clusters, which for one kind is Greenwood's; the interval is
    Wilson's at the number of uncensored episodes that would have this variance, with Student's quantile where an
    instance has several episodes. Cost: episodes x turns x kinds.

    Source: Aalen & Johansen (1978), An empirical transition matrix for non-homogeneous Markov chains based on censored
    observations, Scand. J. Statist. 5, 141-150; Efron (1981), Censored data and the bootstrap, JASA 76, 312-319
    (infinitesimal jackknife); Rothman (1978), J. Chronic Diseases 31, 557-560 (effective number).
    """
    size = int(last.max())
    at_risk = len(last) - np.concatenate([[0], np.cumsum(np.bincount(last, minlength=size + 1)[1:])[:-1]])
    events = np.array(
        [np.bincount(last[event == kind], minlength=size + 1)[1:] for kind in range(1, n_kinds + 1)], dtype=np.int64
    ).reshape(n_kinds, size)
    hazards = events / at_risk
    free = np.cumprod(1 - hazards.sum(axis=0))
    before = np.concatenate([[1.0], free[:-1]])
    share = np.cumsum(before * hazards, axis=1)
    error = _errors(last, event, instance, at_risk, hazards, before)
    with np.errstate(divide="ignore", invalid="ignore"):
        effective = share * (1 - share) / error**2
    # Before the first event the variance is 0, so the number at risk is used instead.
    known = np.isfinite(effective) & (share > 1e-12) & (share < 1 - 1e-12)
    effective = np.where(known, effective, np.broadcast_to(at_risk, share.shape))
    n_clusters = len(np.unique(instance))
    low, high = modified_wilson(share, effective, quantile(n_clusters if 1 < n_clusters < len(last) else None))
    return Incidence(at_risk, events, share, error, low, high, free)


def _errors(last: Ints, event: Ints, instance: Ints, at_risk: Ints, hazards: Floats, before: Floats) -> Floats:
    """Return the standard error of each share, shape (kinds, turns), from each cluster's influence."""
    codes, cluster = np.unique(instance, return_inverse=True)
    n_kinds, size = hazards.shape
    n_clusters, is_shared = len(codes), len(codes) < len(last)
    influence = np.zeros((n_kinds, len(last)))
    on_free = np.zeros(len(last))  # of each episode on the share without any event before the turn
    error = np.zeros((n_kinds, size))
    for place in range(size):
        is_at_risk = (last > place).astype(float)
        has_event = last == place + 1
        whole, n = np.zeros(len(last)), at_risk[place]
        for kind in range(n_kinds):
            own = ((has_event & (event == kind + 1)) - is_at_risk * hazards[kind, place]) / n
            influence[kind] += on_free * hazards[kind, place] + before[place] * own
            whole += own
        on_free = on_free * (1 - hazards[:, place].sum()) - before[place] * whole
        for kind in range(n_kinds):
            sums = np.bincount(cluster, influence[kind], n_clusters) if is_shared else influence[kind]
            error[kind, place] = np.sqrt(sums @ sums)
    return error * np.sqrt(n_clusters / max(n_clusters - 1, 1)) if is_shared else error
