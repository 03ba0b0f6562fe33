"""Claims judged by the bound of an interval: passed, failed, or undecided as there are too few episodes to tell.

The intervals hold at every look at once, so that playing may stop as soon as a claim is settled. Turn table in,
outcomes out; knows no file, model or clock.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from horizon.analysis.claims import Claim
from horizon.analysis.first_events import first_errors
from horizon.analysis.gate_sums import Limits, Reduced, errors_by, reduce
from horizon.analysis.stats import confidence_sequences
from horizon.analysis.turn_table import TurnTable

Verdict = Literal["passed", "failed", "undecided"]

ALPHA = 0.05
METHOD = (
    "betting confidence sequence over instances, holding at every look (Waudby-Smith & Ramdas 2024); a scenario whose "
    "claims are true fails, and one with a false claim passes, with probability {alpha:g} each at most"
)
COUNT_METHOD = "counted"


@dataclass(frozen=True, slots=True)
class Outcome:
    """A claim's verdict with its figure and interval; `low` or `high` is null where it is open.

    `more_episodes` estimates how many more (against each opponent) an undecided claim needs, should the model go on
    as it has; null where none is needed or none can be named, and then `note` says why.
    """

    claim: Claim
    verdict: Verdict
    estimate: float | None
    low: float | None
    high: float | None
    n_episodes: int
    n_turns: int
    more_episodes: int | None
    method: str
    note: str | None = None

    @property
    def text(self) -> str:
        """The outcome in words: `error rate at most 0.3: passed, 0.12 [0.05, 0.24], 8 episodes, 80 turns`."""
        told = [f"{self.claim.text}: {self.verdict}"]
        if self.claim.figure == "aborted":
            return f"{told[0]}, {self.estimate:g} of {self.n_episodes} episodes"
        if self.n_turns:
            told += [self.figure, f"{self.n_episodes} episodes", f"{self.n_turns} turns"]
        if self.verdict == "undecided" and self.more_episodes is not None:
            told.append(f"about {self.more_episodes} more episodes are needed")
        return ", ".join([*told, *([self.note] if self.note else [])])

    @property
    def figure(self) -> str:
        """The figure with its interval, such as `0.12 [0.05, 0.24]`."""
        digits = ".0f" if self.claim.figure == "h50" else ".2f"
        numbers = ((self.estimate, "beyond"), (self.low, "-inf"), (self.high, "inf"))
        one, low, high = (open_end if each is None else f"{each:{digits}}" for each, open_end in numbers)
        return f"{one} [{low}, {high}]"

    def as_json(self) -> dict[str, Any]:
        """Return a plain object for programs."""
        return {
            "claim": self.claim.text,
            "verdict": self.verdict,
            "estimate": self.estimate,
            "low": self.low,
            "high": self.high,
            "n_episodes": self.n_episodes,
            "n_turns": self.n_turns,
            "more_episodes": self.more_episodes,
            "method": self.method,
            **({"note": self.note} if self.note else {}),
        }


def decide(
    claims: Iterable[Claim], table: TurnTable, alpha: float = ALPHA, limits: Limits | None = None
) -> tuple[Outcome, ...]:
    """Return the outcome of every claim, in order.

    Each false claim passes with probability `alpha` at most, so a scenario with one does too; the failing side is
    shared out between the claims, so that one whose claims are all true fails with probability `alpha` at most.
    Both hold for tables looked at again and again while they grow by episodes in order of their index. `limits` are
    what was known before playing; without them the longest episode stands for it.

    Cost: milliseconds a claim for a hundred episodes.
    """
    claims = tuple(claims)
    limits = limits or _limits_seen(table)
    shared = alpha / max(1, sum(claim.figure != "aborted" for claim in claims))
    return tuple(
        _aborted(claim, table) if claim.figure == "aborted" else _decided(claim, table, limits, alpha, shared)
        for claim in claims
    )


def overall(outcomes: Sequence[Outcome]) -> Verdict:
    """Return failed where any claim failed, passed where all passed, undecided otherwise."""
    verdicts = {outcome.verdict for outcome in outcomes}
    return "failed" if "failed" in verdicts else "undecided" if "undecided" in verdicts else "passed"


def is_settled(outcomes: Sequence[Outcome]) -> bool:
    """Tell whether more episodes can't change the answer: a claim failed, or all passed and one of them by figures.

    Without a claim on figures nothing settles a scenario but its end.
    """
    by_figures = any(outcome.claim.figure != "aborted" for outcome in outcomes)
    verdict = overall(outcomes)
    return verdict == "failed" or (verdict == "passed" and by_figures)


def looks(episodes: int) -> tuple[int, ...]:
    """Return after how many instances to look: 4, 8, 12, 16, 24, 32, 48, 64 and so on, and at the last.

    Few looks cost little and keep a model's batches full; the statistics would allow one after every episode.
    """
    found, power = [4], 8
    while power < episodes:
        found += [power, power * 3 // 2]
        power *= 2
    return (*(look for look in found if look < episodes), episodes)


def _decided(claim: Claim, table: TurnTable, limits: Limits, alpha: float, shared: float) -> Outcome:
    found = reduce(claim, table, limits)
    method = METHOD.format(alpha=alpha)
    if found is None:
        note = f"nothing was played of turns {claim.first}-{claim.last or ''} under {claim.condition}"
        if claim.figure == "focus_gap":
            note = "no state was played under natural and fresh"
        elif claim.figure == "skill":
            note = "no turn has a loss and the random mover's loss"
        return Outcome(claim, "undecided", None, None, None, 0, 0, None, method, note)
    verdict = _verdict(claim, found, alpha, shared)
    # A bound that the claim is passed by holds at alpha, one that it is failed by at the shared-out alpha.
    for_low, for_high = (shared, alpha) if found.is_at_most else (alpha, shared)
    if claim.figure == "h50":
        low, high = _h50_interval(table, limits, for_high, for_low)
    else:
        ends = [confidence_sequences.low(found.for_low, for_low), confidence_sequences.high(found.for_high, for_high)]
        low, high = sorted(found.figure_of(end) for end in ends)
    more = None if verdict != "undecided" else _more(found, alpha, shared)
    return Outcome(
        claim,
        verdict,
        found.estimate,
        low if low is not None and math.isfinite(low) else None,
        high if high is not None and math.isfinite(high) else None,
        found.n_episodes,
        found.n_turns,
        more,
        method,
        _note(claim, found, limits) if verdict == "undecided" and more is None else None,
    )


def _verdict(claim: Claim, found: Reduced, alpha: float, shared: float) -> Verdict:
    """Return passed or failed by whichever was proven first; a bound that nothing can break is kept."""
    is_trivial = found.bound >= 1 if found.is_at_most else found.bound <= 0
    if (found.for_high.is_share and is_trivial) or (claim.figure == "h50" and claim.bound <= 1):
        return "passed"
    is_below = confidence_sequences.first_proven(
        confidence_sequences.below(found.for_high, found.bound), alpha if found.is_at_most else shared
    )
    is_above = confidence_sequences.first_proven(
        confidence_sequences.above(found.for_low, found.bound), shared if found.is_at_most else alpha
    )
    if is_below is None and is_above is None:
        return "undecided"
    below_first = is_above is None or (is_below is not None and is_below <= is_above)
    return "passed" if below_first == found.is_at_most else "failed"


def _more(found: Reduced, alpha: float, shared: float) -> int | None:
    """Return how many more instances would settle a claim, by the growth of either side's evidence."""
    for_below, for_above = (alpha, shared) if found.is_at_most else (shared, alpha)
    needed = [
        confidence_sequences.units_needed(found.for_high, found.bound, for_below, is_above=False),
        confidence_sequences.units_needed(found.for_low, found.bound, for_above, is_above=True),
    ]
    known = [each for each in needed if each is not None]
    return max(1, min(known) - len(found.for_low.value)) if known else None


def _note(claim: Claim, found: Reduced, limits: Limits) -> str:
    if claim.figure == "h50" and claim.bound > limits.turns + 1:
        return f"no episode has more than {limits.turns} turns, so the claim can't pass: play more turns"
    if claim.figure == "h50":
        return "too many episodes ended early without an error, or the figure is at the bound"
    if found.bound in (0.0, 1.0) and found.for_high.is_share:
        return "no number of episodes can show a bound at the end of the range: leave it a little room"
    return "the figure is at the bound: no number of episodes can be named"


def _h50_interval(table: TurnTable, limits: Limits, for_low: float, for_high: float) -> tuple[float, float | None]:
    """Return the turns between which H50 is proven to lie, by the errors before each turn."""
    sample = table.sample("natural")
    assert sample is not None  # reduced before
    last, erred = first_errors(sample.cluster, sample.turn, sample.is_error)
    longest = int(sample.turn.max())

    def is_at_least(turn: int) -> bool:
        _, maybe = errors_by(table, sample, last, erred, turn - 1, limits)
        return confidence_sequences.first_proven(confidence_sequences.below(maybe, 0.5), for_low) is not None

    def is_at_most(turn: int) -> bool:
        surely, _ = errors_by(table, sample, last, erred, turn, limits)
        return confidence_sequences.first_proven(confidence_sequences.above(surely, 0.5), for_high) is not None

    low = _last_true(is_at_least, longest + 1)
    high = _last_true(lambda turn: not is_at_most(turn), longest) + 1
    return float(max(low, 1)), float(high) if high <= longest else None


def _last_true(is_true: Callable[[int], bool], last: int) -> int:
    """Return the last turn up to which a claim holds, which once false stays false; 0 where it never holds."""
    least, beyond = 0, last + 1
    while beyond - least > 1:
        middle = (least + beyond) // 2
        least, beyond = (middle, beyond) if is_true(middle) else (least, middle)
    return least


def _aborted(claim: Claim, table: TurnTable) -> Outcome:
    """Judge by counting: episodes that the infrastructure ended are no draw from anything."""
    verdict: Verdict = "failed" if table.n_aborted > claim.bound else "passed"
    n_turns = sum(sample.n_turns for sample in table.samples.values())
    n_episodes = table.n_episodes + table.n_aborted
    count = float(table.n_aborted)
    return Outcome(claim, verdict, count, count, count, n_episodes, n_turns, None, COUNT_METHOD)


def _limits_seen(table: TurnTable) -> Limits:
    longest = max((int(sample.turn.max()) for sample in table.samples.values() if sample.n_turns), default=1)
    return Limits(longest, sides=max(1, len(set(table.episodes.opponent))))
