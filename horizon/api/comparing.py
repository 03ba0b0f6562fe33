"""`horizon.compare` and `horizon.power`: is a change worse, and how many episodes does a study need?"""

from collections.abc import Sequence

from horizon.analysis.analyze import table_of
from horizon.analysis.compare_runs import Comparison, compare_data
from horizon.analysis.power_plan import PowerPlan, plan_power
from horizon.api.run import Folder, Run, load


def compare(base: Run | Folder, new: Run | Folder, *, figures: Sequence[str] = (), margin: float = 0.0) -> Comparison:
    """Compare a changed model, prompt or setting with what it replaces, paired on the instances that both played.

    Parameters
    ----------
    base, new
        Runs or run folders, or folders of runs.
    figures
        Some of `error_rate`, `error_by_turn`, `focus_gap`, `loss` and `skill`; all by default.
    margin
        The tolerated regression as a fraction: 0.02 is 2 percentage points.

    Returns
    -------
    Comparison
        A line per setting and figure with its verdict: `worse`, `better`, `no worse` or `unproven`.

    Raises
    ------
    UsageError
        They can't be compared: no setting in common, other versions or judges, too few shared instances.

    Examples
    --------
    >>> import horizon
    >>> keys = {"conditions": ["natural"], "episodes": 40, "turns": 5}
    >>> base = horizon.play("running_total", model="synthetic:hazard=0.1", **keys)
    >>> new = horizon.play("running_total", model="synthetic:hazard=0.5", **keys)
    >>> horizon.compare(base, new, figures=["error_rate"]).lines[0].verdict
    'worse'
    """
    return compare_data(_run(base).parts, _run(new).parts, tuple(figures), margin)


def power(pilot: Run | Folder, *, gap: float = 0.1, power: float = 0.8, against: str = "fresh") -> list[PowerPlan]:
    """Return how many episodes a study needs to detect a difference between two conditions, from a pilot run.

    Parameters
    ----------
    pilot
        A run or run folder with at least 3 episodes under both conditions.
    gap
        The smallest difference of error rates worth detecting, above 0 and at most 1: 0.1 is 10 percentage points.
    power
        The probability of detecting it, 0.5 to 0.999.
    against
        The condition that `natural` is compared with.

    Returns
    -------
    list of PowerPlan
        One per model and setting.

    Raises
    ------
    UsageError
        Too small a pilot, or a gap or power out of range.

    Examples
    --------
    >>> import horizon
    >>> pilot = horizon.play("running_total", model="synthetic:hazard=0.1,drift=0.05", episodes=8, turns=10)
    >>> [plan.turns for plan in horizon.power(pilot, gap=0.1)[0].plans]
    [1, 2, 5, 10, 20, 40, 80]
    """
    return list(plan_power(table_of(_run(pilot).parts), gap, power, against))


def _run(source: Run | Folder) -> Run:
    return source if isinstance(source, Run) else load(source)
