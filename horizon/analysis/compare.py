"""Is NEW worse than BASE? Paired differences on the same instances, each with a verdict that a gate can use.

`worse` is proven beyond the margin after Holm's correction over all lines, so that many figures raise no more false
alarms than one. `no worse` needs no correction: a gate that asks for it asks it of every line (an intersection-union
test). Knows two turn tables of one setting, no run.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal

from horizon.analysis.pairing import Paired, by_instance, error_sums, gap_sums, loss_sums, paired
from horizon.analysis.stats.intervals import LEVEL, Floats, holm
from horizon.analysis.turn_bins import turn_bins
from horizon.analysis.turn_table import TurnTable
from horizon.core.errors import UsageError
from horizon.core.registry import nearest

METHOD = "new - base over instances that both played, jackknife over instances, Student's t"
FIGURES = ("error_rate", "error_by_turn", "focus_gap", "loss", "skill")
_MOST_BINS = 4
"""Each bin is a line of its own in the correction: few keep its price low."""

Verdict = Literal["worse", "better", "no worse", "unproven"]
DEMANDS = ("worse", "unproven")
"""What a gate refuses: only what is proven worse, or also what is not proven to be no worse."""


@dataclass(frozen=True, slots=True)
class Line:
    """One figure of BASE and NEW in a setting; skill is better when larger, all others when smaller.

    `difference` is new - base with its 95 % interval, null where the data can't tell. `p_worse` and `p_changed` are
    of "not worse by more than the margin" and "no difference", corrected for the number of lines.
    """

    setting: str
    figure: str
    base: float
    new: float
    difference: float
    low: float | None
    high: float | None
    n_pairs: int
    n_turns: int
    p_worse: float
    p_changed: float
    verdict: Verdict = "unproven"

    def __str__(self) -> str:
        """Return the line in words: `hanoi: a -> b: error rate 0.300 -> 0.250, -0.050 [-0.100, 0.000], no worse`."""
        bounds = "" if self.low is None or self.high is None else f" [{self.low:.3f}, {self.high:.3f}]"
        change = f"{self.base:.3f} -> {self.new:.3f}, {self.difference:+.3f}{bounds}"
        return f"{self.setting}: {self.figure} {change}, {self.verdict}"

    def as_json(self) -> dict[str, Any]:
        """Return a plain object, with the names that every estimate has."""
        return {
            "setting": self.setting,
            "figure": self.figure,
            "base": self.base,
            "new": self.new,
            "estimate": self.difference,
            "low": self.low,
            "high": self.high,
            "n_episodes": self.n_pairs,
            "n_turns": self.n_turns,
            "method": METHOD,
            "p_worse": self.p_worse,
            "p_changed": self.p_changed,
            "verdict": self.verdict,
        }


def differences(
    setting: str, base: TurnTable, new: TurnTable, figures: Sequence[str], margin: float
) -> Iterator[Line]:
    """Yield a line for each figure of two tables of one setting, without correction or verdict.

    Figures that a side lacks (no fresh turns, no losses) give no line.

    Raises:
        UsageError: an unknown figure, or a margin below 0.
    """
    for each in figures:
        if each not in FIGURES:
            raise UsageError(f"unknown figure '{each}': {nearest(each, FIGURES)}")
    if not 0 <= margin <= 1:
        raise UsageError(f"margin={margin} is out of range: a share from 0 to 1 (0.02 is 2 points)")
    for name, is_skill, sums_of in _figures(base, new, figures):
        sides = [by_instance(sums_of(table), table.episodes.seed) for table in (new, base)]
        found = paired(*sides)
        if found is not None:
            yield _line(setting, name, found, margin, is_skill)


def judged(lines: Sequence[Line], margin: float) -> list[Line]:
    """Return the lines with their p values corrected for their number, and each one's verdict.

    Source: Berger (1982), Multiparameter hypothesis testing and acceptance sampling, Technometrics 24, 295-300 (all of
    several claims may each be tested at the full level).
    """
    worse, changed = holm([each.p_worse for each in lines]), holm([each.p_changed for each in lines])
    corrected = [replace(each, p_worse=p, p_changed=q) for each, p, q in zip(lines, worse, changed, strict=True)]
    return [replace(each, verdict=_verdict(each, margin)) for each in corrected]


def keeps(lines: Sequence[Line], demand: str) -> bool:
    """Tell whether a gate lets the lines pass: none is worse, or (`unproven`) every one is proven no worse."""
    refused = DEMANDS if demand == "unproven" else ("worse",)
    return not any(each.verdict in refused for each in lines)


def _figures(
    base: TurnTable, new: TurnTable, figures: Sequence[str]
) -> Iterator[tuple[str, bool, Callable[[TurnTable], Floats]]]:
    """Yield each figure's name, whether it is skill, and what gives its sums: a ratio that is worse when larger."""
    if "error_rate" in figures:
        yield "error rate", False, error_sums
    if "error_by_turn" in figures:
        naturals = [table.sample("natural") for table in (base, new)]
        last = min((int(each.turn.max()) for each in naturals if each is not None and each.n_turns), default=0)
        bins = turn_bins(last, _MOST_BINS)
        for turns in bins if len(bins) > 1 else ():
            yield (
                f"error rate, turns {turns.first}-{turns.last}",
                False,
                partial(error_sums, first=turns.first, last=turns.last),
            )
    if "focus_gap" in figures:
        yield "focus gap", False, gap_sums
    if "loss" in figures:
        yield "mean loss", False, loss_sums
    if "skill" in figures:
        yield "skill", True, partial(loss_sums, is_relative=True)


def _line(setting: str, name: str, found: Paired, margin: float, is_skill: bool) -> Line:
    reach = found.reach(LEVEL)
    base, new, difference = found.second, found.first, found.difference
    if is_skill:
        base, new, difference = 1 - base, 1 - new, 0.0 - difference
    is_known = not math.isnan(reach)
    return Line(
        setting=setting,
        figure=name,
        base=base,
        new=new,
        difference=difference,
        low=difference - reach if is_known else None,
        high=difference + reach if is_known else None,
        n_pairs=found.n_pairs,
        n_turns=found.n_turns,
        p_worse=found.p(margin) if found.difference > margin else 1.0,
        p_changed=found.p(),
    )


def _verdict(line: Line, margin: float) -> Verdict:
    if line.low is None or line.high is None:
        return "unproven"
    is_skill = line.figure == "skill"
    low, high = (-line.high, -line.low) if is_skill else (line.low, line.high)
    if low > margin and line.p_worse < 1 - LEVEL:
        return "worse"
    if high < 0 and line.p_changed < 1 - LEVEL:
        return "better"
    return "no worse" if high <= margin else "unproven"
