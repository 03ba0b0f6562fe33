"""How far aborted episodes could move the error rate: from all of their turns correct to all of them wrong.

An infrastructure failure is no error, but it may hit long and hard episodes more often; the finished ones are then
too easy.
"""

import numpy as np

from horizon.analysis.stats.intervals import missing, share
from horizon.analysis.turn_table import TurnTable
from horizon.core.estimator import Estimate

METHOD = (
    "error rate of the natural turns of finished episodes; the interval also allows for aborted episodes of mean "
    "length, from all turns correct to all wrong (worst case): no assumption on why they were aborted"
)


def estimates(table: TurnTable) -> dict[str, Estimate | list[Estimate]]:
    """Return `error_rate_bounds`, in 0..1; no estimate where no episode was aborted.

    Source: Manski (1990), Nonparametric bounds on treatment effects, American Economic Review 80, 319-323.
    """
    sample = table.sample("natural")
    if sample is None or not sample.n_turns:
        return {"error_rate_bounds": missing("condition natural was not played", METHOD)}
    if not table.n_aborted:
        return {"error_rate_bounds": missing("no episode was aborted: the error rate is not affected", METHOD)}
    errors = table.instance_sums(sample.cluster, sample.is_error.astype(float))
    turns = table.instance_sums(sample.cluster, np.ones(sample.n_turns))
    length = np.full(table.n_aborted, sample.n_turns / sample.n_episodes)
    sizes = np.concatenate([turns, length])
    fewest = share(np.concatenate([errors, np.zeros(table.n_aborted)]), sizes)
    most = share(np.concatenate([errors, length]), sizes)
    note = f"{table.n_aborted} aborted beside {sample.n_episodes} finished episodes"
    rate = float(sample.is_error.mean())
    figure = Estimate(rate, fewest.low, most.high, sample.n_episodes, sample.n_turns, METHOD, note)
    return {"error_rate_bounds": figure}
