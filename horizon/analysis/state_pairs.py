"""Pairs of one state under two conditions that differ in outcome: the data of conditional logistic regression.

A state is equally hard on both sides of its pair, so its difficulty (the episode, the turn, anything unrecorded)
cancels. Knows turn tables, no estimator.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from horizon.analysis.stats.intervals import Floats
from horizon.analysis.turn_table import Flags, Ints, Sample, same_states

METHOD = "conditional logistic regression within pairs of one state, Firth's penalty, jackknife over instances"

Columns = Callable[[str, Sample], Floats]
"""Maps a condition's name and sample to the columns that differ between conditions, shape (turns, k)."""


@dataclass(frozen=True, slots=True)
class DiscordantPairs:
    """Pairs of which exactly one side erred: the first side's columns minus the second's, and which side it was.

    `differences` has shape (pairs, k), the others (pairs,); `n_pairs` counts those of equal outcome too.
    """

    differences: Floats
    is_first: Flags
    cluster: Ints
    n_pairs: int


def discordant_pairs(
    samples: Sequence[tuple[str, Sample]], partners: Sequence[tuple[int, int]], columns: Columns
) -> DiscordantPairs:
    """Return the discordant pairs of the named samples; `partners` holds the two places of each pair.

    Among pairs of one state that differ in outcome, logit P(the first side erred) is the difference of the columns
    times the coefficients, whatever the state's own difficulty. More than two conditions of a state give more than
    one pair; instances as clusters allow for that.

    Source: Breslow & Day (1980), Statistical methods in cancer research I, section 7.2 (matched pairs); Liang (1987),
    Extended Mantel-Haenszel estimating procedure for multivariate logistic regression models, Biometrics 43, 289-299
    (all pairs of a matched set).
    """
    differences, is_first, cluster, n_pairs = [], [], [], 0
    for left, right in partners:
        (one_name, one_sample), (other_name, other_sample) = samples[left], samples[right]
        one, other = same_states([one_sample, other_sample])
        apart = np.flatnonzero(one.is_error != other.is_error)
        n_pairs += one.n_turns
        one, other = one.take(apart), other.take(apart)
        differences.append(columns(one_name, one) - columns(other_name, other))
        is_first.append(one.is_error)
        cluster.append(one.cluster)
    return DiscordantPairs(np.concatenate(differences), np.concatenate(is_first), np.concatenate(cluster), n_pairs)
