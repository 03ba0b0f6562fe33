"""The report's first sentences: the most important significant result of all groups, then those of the others.

Significant means a p value below 5 % after Holm's correction within its family (`horizon.analysis.multiplicity`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from horizon.analysis.analysis import Analysis, Group
from horizon.analysis.chart import points_of, single_of
from horizon.analysis.multiplicity import GAP
from horizon.core.estimator import Estimate
from horizon.report.cautions import count_episodes

ALPHA = 0.05
_MOST_NAMED = 6
"""The most other groups named in the headline; the table of results has all."""
_OWN = ("natural-healed", "natural-foreign")
"""The next most important contrasts: the cost of the model's own trajectory."""
_SHOWN = {
    "natural": "with its own history",
    "fresh": "without",
    "healed": "with its errors corrected in the history",
    "foreign": "with another episode's correct answers as history",
    "padded": "with neutral text as long as the history",
    "recap": "with a recap instead of the history",
}


@dataclass(frozen=True, slots=True)
class RankedContrast:
    """A contrast of one group that was tested, with its corrected p value."""

    group: Group
    figure: Estimate
    p_holm: float

    @property
    def is_significant(self) -> bool:
        """Whether the corrected p value is below 5 %."""
        return self.p_holm < ALPHA

    @property
    def size(self) -> float:
        """The smallest size of the effect within its interval, as a difference of error rates."""
        low, high = self.figure.low or 0.0, self.figure.high or 0.0
        return max(low, -high, 0.0)


def findings(analysis: Analysis) -> list[RankedContrast]:
    """Return all tested contrasts of all groups, the most important first.

    Significant contrasts come first. Among them the focus gap comes before the cost of the model's own trajectory, and
    that before all others; equals are ordered by `size`.
    """
    tested = [
        RankedContrast(group, figure, float(p_holm))
        for group in analysis.groups
        for figure in points_of(group.estimates, "contrasts")
        if isinstance(p_holm := figure.at.get("p_holm"), int | float)
        and not str(figure.at["name"]).startswith("natural-repeat")
    ]
    return sorted(tested, key=lambda finding: (not finding.is_significant, _rank(finding), -finding.size))


def headline(analysis: Analysis) -> str:
    """Return the most important significant result with its interval and those of other groups, or that there is none.

    Without contrasts, return the error rates of all groups.
    """
    tested = findings(analysis)
    if not tested:
        return _rates(analysis.groups)
    first = tested[0]
    if not first.is_significant:
        return _nothing(analysis, tested)
    minuend, subtrahend = _sides(first.figure)
    figure, size = first.figure, 100 * (first.figure.estimate or 0.0)
    change = f"{abs(size):.0f} points {'more' if size >= 0 else 'less'} often"
    words = [
        f"On the same positions, {_who(first.group)} errs {change} {minuend} than {subtrahend}, "
        f"{_bounds(figure)}{_correction(first)}.",
        _parts(first.group) if figure.at["name"] == GAP else "",
        _others(tested[1:], str(figure.at["name"])),
    ]
    return " ".join(word for word in words if word)


def _rank(finding: RankedContrast) -> int:
    name = str(finding.figure.at["name"])
    return 0 if name == GAP else 1 if name in _OWN else 2


def _nothing(analysis: Analysis, tested: Sequence[RankedContrast]) -> str:
    """Return the sentence for the case that no contrast of any group is significant."""
    gaps = [finding for finding in tested if finding.figure.at["name"] == GAP]
    widest = min(gaps or tested, key=lambda finding: finding.p_holm)
    points = f"{100 * (widest.figure.estimate or 0.0):+.0f} points, {_bounds(widest.figure)}{_correction(widest)}"
    if len(analysis.groups) == 1:
        minuend, subtrahend = _sides(widest.figure)
        return (
            f"On the same positions, no difference between {_who(widest.group)} {minuend} and {subtrahend} was shown: "
            f"{points}. {_parts(widest.group)}".strip()
        )
    return (
        f"No contrast of any of the {len(analysis.groups)} groups was shown to differ from 0: the nearest is "
        f"{widest.figure.at['contrast']} of {_who(widest.group)}, {points}."
    )


def _others(rest: Sequence[RankedContrast], name: str) -> str:
    """Return the headline's contrast for the other groups, and how many other contrasts are significant."""
    alike = [finding for finding in rest if finding.figure.at["name"] == name]
    words = []
    for is_significant, start in ((True, "Significant as well"), (False, "No difference shown")):
        named = [
            f"{_who(finding.group)} {100 * (finding.figure.estimate or 0.0):+.0f} ({_range(finding.figure)})"
            for finding in alike
            if finding.is_significant == is_significant
        ]
        if named:
            more = f" and {len(named) - _MOST_NAMED} more" if len(named) > _MOST_NAMED else ""
            words.append(f"{start}: {'; '.join(named[:_MOST_NAMED])}{more}.")
    beside = [finding for finding in rest if finding.figure.at["name"] != name]
    significant = [finding for finding in beside if finding.is_significant]
    if significant:
        largest = max(significant, key=lambda finding: finding.size)
        words.append(
            f"Of {len(beside)} other contrasts, {len(significant)} are significant after correction, "
            f"the largest {largest.figure.at['contrast']} of {_who(largest.group)}: "
            f"{100 * (largest.figure.estimate or 0.0):+.0f} ({_range(largest.figure)})."
        )
    elif beside:
        words.append(f"None of {len(beside)} other contrasts was shown to differ from 0.")
    return " ".join(words)


def _rates(groups: Sequence[Group]) -> str:
    """Return the error rates of all groups, for runs of one condition."""
    rates = [(group, rate) for group in groups if (rate := single_of(group.estimates, "error_rate")) is not None]
    if not rates:
        return f"{_who(groups[0])} has no judged turns yet." if groups else "No turn was judged."
    words = []
    for place, (group, rate) in enumerate(rates[:_MOST_NAMED]):
        verb = " was in error in" if not place else ":"
        turns = " of its turns" if not place else ""
        interval = "" if rate.low is None or rate.high is None else f", 95 % interval {_range(rate)} %"
        episodes = count_episodes(rate.n_episodes)
        words.append(f"{_who(group)}{verb} {100 * (rate.estimate or 0.0):.0f} %{turns}{interval}, {episodes}")
    more = f"; and {len(rates) - _MOST_NAMED} more in the table" if len(rates) > _MOST_NAMED else ""
    return f"{'; '.join(words)}{more}."


def _parts(group: Group) -> str:
    """Return the sentence that separates practice from loss of focus, if both were estimated."""
    words = []
    for key, name in (("practice", "practice with the format"), ("focus_loss", "its own trajectory")):
        part = single_of(group.estimates, key)
        if part is None or part.low is None or part.high is None:
            return ""
        words.append(f"{name} {100 * (part.estimate or 0.0):+.0f} points ({_range(part)})")
    return f"Its parts: {' and '.join(words)}."


def _sides(figure: Estimate) -> tuple[str, str]:
    minuend, _, subtrahend = str(figure.at["contrast"]).partition(" - ")
    if minuend == "natural" and subtrahend == "fresh":
        return "with its history", "without"
    return _words(minuend), _words(subtrahend) if subtrahend != "fresh" else "without a history"


def _words(condition: str) -> str:
    return _SHOWN.get(condition, f"under {condition}")


def _who(group: Group) -> str:
    return f"{group.model} ({group.setting})"


def _range(figure: Estimate) -> str:
    low, high = ("open" if bound is None else f"{100 * bound:.0f}" for bound in (figure.low, figure.high))
    return f"{low} to {high}"


def _bounds(figure: Estimate) -> str:
    return f"95 % interval {_range(figure)}, {count_episodes(figure.n_episodes)}"


def _correction(finding: RankedContrast) -> str:
    """Return the corrected p value if there was more than one test."""
    n_tests = int(str(finding.figure.at["n_tests"]))
    return "" if n_tests < 2 else f", {write_p(finding.p_holm)} after Holm's correction over {n_tests} tests"


def write_p(value: float | None) -> str:
    """Write a p value as `p = 0.013`, a small one as `p < 0.001`."""
    if value is None:
        return "-"
    return "p < 0.001" if value < 0.001 else f"p = {value:.2g}"
