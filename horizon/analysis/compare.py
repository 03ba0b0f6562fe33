"""Is NEW worse than BASE? Paired differences on the same instances, each with a verdict that a gate can use.

All figures of all settings are one family, whichever lines are printed: error rates get half of the 5 %, the other
figures share the rest. So many figures raise no more false alarms than one, and a verdict does not depend on what is
printed. Knows two turn tables of one setting, no run.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from horizon.analysis.pairing import (
    ERRORS,
    GAPS,
    LOSSES,
    Paired,
    by_instance,
    error_sums,
    gap_sums,
    loss_sums,
    paired_difference,
)
from horizon.analysis.stats.intervals import LEVEL, Floats, Floor
from horizon.analysis.turn_bins import turn_bins
from horizon.analysis.turn_table import TurnTable
from horizon.core.errors import UsageError
from horizon.core.registry import nearest

METHOD = (
    "new - base over instances that both played, jackknife over instances, Student's t, made-up pairs of turns as in "
    "Bonett & Price; interval at `level`: 95 % for no worse, else corrected for the number of lines"
)
FIGURES = ("error_rate", "error_by_turn", "focus_gap", "loss", "skill")
_MOST_BINS = 4
"""Each bin is a line of its own in the correction, so there are few."""

Verdict = Literal["worse", "better", "no worse", "unproven"]
DEMANDS = ("worse", "unproven")
"""What fails a gate: only figures proven worse, or also those not proven to be no worse."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A figure of BASE and NEW in a setting, before correction; the pair holds a ratio that is worse when larger.

    `margin` is the tolerated regression in the pair's unit. `margin_share` is the share of episodes that, if every
    turn of them were an error, would cause that regression.
    """

    setting: str
    figure: str
    family: str
    pair: Paired
    margin: float
    margin_share: float

    @property
    def pairs_needed(self) -> int | None:
        """The number of pairs needed to exclude such a share of failing episodes; None without a margin."""
        if self.margin_share <= 0:
            return None
        return 1 if self.margin_share >= 1 else math.ceil(math.log((1 - LEVEL) / 2) / math.log1p(-self.margin_share))


@dataclass(frozen=True, slots=True)
class Line:
    """One figure of BASE and NEW in a setting; skill is better when larger, all others when smaller.

    `difference` is new - base; `low` and `high` are the interval behind the verdict, at `level`, None if there is
    none. `low_95` and `high_95` are the interval without correction. `p_worse` and `p_changed` are the p values of
    "not worse by more than the margin" and "no difference", corrected for the number of lines. `because` explains the
    verdict.
    """

    setting: str
    figure: str
    family: str
    base: float
    new: float
    difference: float
    low: float | None
    high: float | None
    level: float
    low_95: float | None
    high_95: float | None
    n_pairs: int
    n_turns: int
    pairs_needed: int | None
    p_worse: float
    p_changed: float
    verdict: Verdict
    because: str = ""

    def __str__(self) -> str:
        """Return the line in words: `hanoi: a -> b: error rate 0.300 -> 0.250, -0.050 [-0.100, 0.000], no worse`."""
        bounds = "" if self.low is None or self.high is None else f" [{self.low:.3f}, {self.high:.3f}]"
        change = f"{self.base:.3f} -> {self.new:.3f}, {self.difference:+.3f}{bounds}"
        because = f" ({self.because})" if self.because else ""
        return f"{self.setting}: {self.figure} {change}, {self.verdict}{because}"

    def as_json(self) -> dict[str, Any]:
        """Return a plain object with the same keys as an estimate."""
        return {
            "setting": self.setting,
            "figure": self.figure,
            "base": self.base,
            "new": self.new,
            "estimate": self.difference,
            "low": self.low,
            "high": self.high,
            "level": self.level,
            "low_95": self.low_95,
            "high_95": self.high_95,
            "n_episodes": self.n_pairs,
            "n_turns": self.n_turns,
            "pairs_needed": self.pairs_needed,
            "method": METHOD,
            "p_worse": self.p_worse,
            "p_changed": self.p_changed,
            "verdict": self.verdict,
            **({"note": self.because} if self.because else {}),
        }


def differences(setting: str, base: TurnTable, new: TurnTable, margin: float) -> Iterator[Difference]:
    """Yield each figure of two tables of one setting, without correction or verdict.

    Figures that one side lacks (no fresh turns, no losses) are left out.

    Raises:
        UsageError: a margin out of range.
    """
    if not 0 <= margin <= 1:
        raise UsageError(f"margin={margin} is out of range: a share from 0 to 1 (0.02 is 2 points)")
    for name, family, floor, sums_of in _figures(base, new):
        sides = tuple(by_instance(sums_of(table), table.episodes.seed) for table in (new, base))
        # Each gap lies in -1..1, so one episode can move their difference by 2.
        share = margin / 2 if family == "focus_gap" else margin
        if family == "skill":
            turns, random_loss = (sum(float(own[i]) for side in sides for own in side.values()) for i in (2, 1))
            if random_loss <= 0:
                continue
            # A turn loses at most 1, so the random mover's loss limits the effect of a turn on skill.
            share, most = margin * random_loss / turns, 2 * turns / random_loss
            floor = Floor(-most, most)
        pair = paired_difference(sides[0], sides[1], floor)
        if pair is not None:
            yield Difference(setting, name, family, pair, margin, share)


def judge(measured: Sequence[Difference], figures: Sequence[str] = FIGURES) -> list[Line]:
    """Return the lines of these figures with their verdicts; the correction is for all differences, printed or not.

    A line is worse if the interval at its own level lies beyond the margin, better if it lies below 0; the levels are
    Bonferroni's with weights. It is no worse if the 95 % interval ends within the margin and there are enough pairs to
    have shown harm in whole episodes. That needs no correction, since a gate requires it of every line.

    Source: Holm (1979), A simple sequentially rejective multiple test procedure, section 4 (weights); Berger (1982),
    Multiparameter hypothesis testing and acceptance sampling, Technometrics 24, 295-300 (several claims may each be
    tested at the full level).

    Raises:
        UsageError: an unknown figure.
    """
    for figure in figures:
        if figure not in FIGURES:
            raise UsageError(f"unknown figure '{figure}': {nearest(figure, FIGURES)}")
    n_first = sum(difference.family == "error_rate" for difference in measured)
    n_others = len(measured) - n_first
    lines = []
    for difference in measured:
        is_first = difference.family == "error_rate"
        count = (n_first if is_first else n_others) * (2 if n_first and n_others else 1)
        if difference.family in figures:
            lines.append(_line(difference, count))
    return lines


def keeps(lines: Sequence[Line], demand: str) -> bool:
    """Return whether a gate passes: no line is worse or, with `unproven`, every line is proven to be no worse.

    No lines prove nothing.
    """
    if demand == "unproven":
        return bool(lines) and not any(line.verdict in DEMANDS for line in lines)
    return not any(line.verdict == "worse" for line in lines)


def _figures(base: TurnTable, new: TurnTable) -> Iterator[tuple[str, str, Floor, Callable[[TurnTable], Floats]]]:
    """Yield each figure's name, family, range and function for its sums: a ratio that is worse when larger."""
    condition = _condition_of(base, new)
    suffix = "" if condition == "natural" else f" ({condition})"
    yield f"error rate{suffix}", "error_rate", ERRORS, partial(error_sums, condition=condition)
    samples = [table.sample(condition) for table in (base, new)]
    last = min((int(sample.turn.max()) for sample in samples if sample is not None and sample.n_turns), default=0)
    bins = turn_bins(last, _MOST_BINS)
    for turns in bins if len(bins) > 1 else ():
        sums_of = partial(error_sums, condition=condition, first=turns.first, last=turns.last)
        yield f"error rate{suffix}, turns {turns.first}-{turns.last}", "error_by_turn", ERRORS, sums_of
    yield "focus gap", "focus_gap", GAPS, gap_sums
    yield f"mean loss{suffix}", "loss", LOSSES, partial(loss_sums, condition=condition)
    yield f"skill{suffix}", "skill", LOSSES, partial(loss_sums, condition=condition, is_relative=True)


def _condition_of(base: TurnTable, new: TurnTable) -> str:
    """Return `natural`, or `fresh` where both sides have that alone, as archives of fresh dialogues have."""
    is_fresh = all("natural" not in table.conditions and "fresh" in table.conditions for table in (base, new))
    return "fresh" if is_fresh else "natural"


def _line(difference: Difference, count: int) -> Line:
    """Return the line of a difference that is one of `count` lines of equal weight."""
    pair, spread, margin = difference.pair, difference.pair.spread, difference.margin
    level = 1 - (1 - LEVEL) / count
    plain, corrected = spread.interval(), spread.interval(level)
    needed = difference.pairs_needed
    verdict: Verdict = "unproven"
    because = ""
    if corrected.low > margin:
        verdict = "worse"
    elif corrected.high < 0:
        verdict = "better"
    elif plain.high <= margin and needed is not None and pair.n_pairs >= needed:
        verdict, because = "no worse", f"{needed} pairs needed"
    elif plain.high <= margin or spread.error == 0:
        because = f"no worse needs {needed} pairs" if needed else "no worse needs a margin above 0"
    shown = plain if verdict == "no worse" else corrected
    is_skill = difference.family == "skill"
    base, new = (1 - pair.second, 1 - pair.first) if is_skill else (pair.second, pair.first)
    low, high = _ends(shown.low, shown.high, is_skill)
    low_95, high_95 = _ends(plain.low, plain.high, is_skill)
    return Line(
        setting=difference.setting,
        figure=difference.figure,
        family=difference.family,
        base=base,
        new=new,
        difference=0.0 - spread.estimate if is_skill else spread.estimate,
        low=low,
        high=high,
        level=LEVEL if verdict == "no worse" else level,
        low_95=low_95,
        high_95=high_95,
        n_pairs=pair.n_pairs,
        n_turns=pair.n_turns,
        pairs_needed=needed,
        p_worse=min(1.0, count * spread.p(margin)) if spread.centre > margin else 1.0,
        p_changed=min(1.0, count * spread.p()),
        verdict=verdict,
        because=because,
    )


def _ends(low: float, high: float, is_negated: bool) -> tuple[float | None, float | None]:
    """Return the ends of an interval, with the sign changed for figures better when larger; None if unknown."""
    if math.isnan(low) or math.isnan(high):
        return None, None
    return (0.0 - high, 0.0 - low) if is_negated else (low, high)
