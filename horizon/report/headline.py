"""The report's first sentences: the headline figure in plain words, what it can't say, and the command behind it."""

import shlex
from collections.abc import Sequence

from horizon.analysis.analysis import Analysis, Group
from horizon.core.estimator import Estimate
from horizon.report.cautions import cautions
from horizon.runs.run_data import RunData

_MUCH_TRUNCATED = 0.05


def headline(analysis: Analysis) -> str:
    """Return one sentence with the headline figure and its interval; says so where the interval holds 0."""
    group = _widest(analysis.groups)
    who = f"{group.model} ({group.setting})"
    gap, rate = group.estimates.get("focus_gap"), group.estimates.get("error_rate")
    if isinstance(gap, Estimate) and gap.estimate is not None:
        if gap.low is None or gap.high is None:
            return (
                f"On the same positions, {who} was in error {_points(gap.estimate)} with its history than without; "
                f"{_episodes(gap.n_episodes)} are too few for an interval."
            )
        bounds = f"95 % interval {100 * gap.low:.0f} to {100 * gap.high:.0f}, {_episodes(gap.n_episodes)}"
        if gap.low <= 0 <= gap.high:
            return (
                f"On the same positions, no difference between {who} with its history and without could be told: "
                f"{100 * gap.estimate:+.0f} points, {bounds}.{_parts(group)}"
            )
        return (
            f"On the same positions, {who} errs {_points(gap.estimate)} with its history than without, {bounds}."
            f"{_parts(group)}"
        )
    if isinstance(rate, Estimate) and rate.estimate is not None:
        bounds = ""
        if rate.low is not None and rate.high is not None:
            bounds = f", 95 % interval {100 * rate.low:.0f} to {100 * rate.high:.0f} %"
        return f"{who} was in error in {100 * rate.estimate:.0f} % of its turns{bounds}, {_episodes(rate.n_episodes)}."
    return f"{who} has no judged turns yet."


def _parts(group: Group) -> str:
    """Return the sentence that tells practice from loss of focus, where both can be told."""
    found = [group.estimates.get(name) for name in ("practice", "focus_loss")]
    told = []
    for each, words in zip(found, ("practice with the format", "its own trajectory"), strict=True):
        if not isinstance(each, Estimate) or each.estimate is None or each.low is None or each.high is None:
            return ""
        told.append(f"{words} {100 * each.estimate:+.0f} points ({100 * each.low:.0f} to {100 * each.high:.0f})")
    return f" In it: {' and '.join(told)}."


def limits(analysis: Analysis) -> list[str]:
    """Return what the figures can't say, given what was played."""
    conditions = set(analysis.table.conditions)
    found = cautions(analysis)
    if "fresh" not in conditions:
        found.append("Without the condition fresh, a rise with the turn may be nothing but harder positions.")
    if "foreign" not in conditions:
        found.append("Without foreign, practice with the format and loss of focus are one net figure.")
    if "healed" not in conditions:
        found.append("Without healed, the pull of the model's own errors can't be told from the length itself.")
    if "padded" not in conditions:
        found.append("Without padded, a longer context can't be told from more turns.")
    found += [line for group in analysis.groups if (line := _truncated(group))]
    if analysis.table.n_aborted:
        found.append(
            f"{_episodes(analysis.table.n_aborted)} were aborted by the infrastructure and left out; they may be the "
            f"hard ones{_with_aborted(analysis)}."
        )
    if analysis.table.n_episodes < 20:
        found.append(f"{_episodes(analysis.table.n_episodes)} are few: read the intervals, not the points.")
    return found


def _with_aborted(analysis: Analysis) -> str:
    """Return how far they could move the error rate, in words."""
    bounds = analysis.whole.get("error_rate_bounds")
    if not isinstance(bounds, Estimate) or bounds.low is None or bounds.high is None:
        return ""
    return f": with them the error rate lies between {100 * bounds.low:.0f} and {100 * bounds.high:.0f} %"


def _truncated(group: Group) -> str:
    """Return the line on replies that were cut off, where they are many."""
    kinds = group.estimates.get("error_kinds")
    shares = {
        str(each.at["condition"]): each.estimate or 0.0
        for each in (kinds if isinstance(kinds, list) else ())
        if each.at.get("kind") == "truncated"
    }
    told = [f"{name} {100 * share:.0f} %" for name, share in shares.items() if share >= _MUCH_TRUNCATED]
    if not told:
        return ""
    return (
        f"{group.model}, {group.setting}: replies cut off at the most tokens allowed count as errors "
        f"({', '.join(told)}); with a larger max_tokens some may be right."
    )


def command(runs: Sequence[RunData]) -> str:
    """Return the commands that play these runs again and make this page; a run in memory has no page of its own."""
    stored = [run.name for run in runs if run.folder is not None]
    lines = [_play(run) for run in runs]
    return "\n".join([*lines, *([f"horizon report {' '.join(map(shlex.quote, stored))}"] if stored else [])])


def _play(run: RunData) -> str:
    plan = run.manifest["plan"]
    if "imported" in run.manifest:
        sources = (str(source) for source in run.manifest["imported"].get("from", ()))
        return " ".join(shlex.quote(word) for word in ("horizon", "import", *sources, "--out", run.name))
    parameters = ",".join(f"{key}={value}" for key, value in plan.get("parameters", {}).items() if value != "")
    environment = str(plan["environment"]).rpartition("-v")[0]
    words = ["horizon", "play", "--model", str(plan.get("model", "")), "--env"]
    words.append(f"{environment}:{parameters}" if parameters else environment)
    for key, flag in (("opponents", "--opponent"), ("conditions", "--condition")):
        for value in plan.get(key, ()):
            words += [flag, str(value)]
    for key in ("episodes", "turns", "seed"):
        words += [f"--{key}", str(plan.get(key))]
    own = {"environment", "parameters", "model", "opponents", "conditions", "episodes", "turns", "seed"}
    for key, value in plan.items():
        if key not in own and value is not None:
            words += ["--set", f"{key}={value}"]
    out = ["--out", run.name] if run.folder is not None else []
    return " ".join(shlex.quote(word) for word in [*words, *out])


def _widest(groups: Sequence[Group]) -> Group:
    return max(groups, key=lambda group: group.table.n_episodes)


def _points(gap: float) -> str:
    return f"{abs(100 * gap):.0f} points {'more' if gap >= 0 else 'less'} often"


def _episodes(number: int) -> str:
    return f"{number} episode{'' if number == 1 else 's'}"
