"""Claims judged by the bound of an interval: passed, failed, or undecided with too few episodes.

The intervals hold at all checks at once, so playing may stop as soon as a claim is settled. Turn table in, outcomes
out; knows no file, model or clock.
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
    "betting confidence sequence over instances, valid at every check (Waudby-Smith & Ramdas 2024); a scenario whose "
    "claims are true fails, and one with a false claim passes, with probability {alpha:g} each at most"
)
COUNT_METHOD = "counted"


@dataclass(frozen=True, slots=True)
class Outcome:
    """A claim's verdict with its figure and interval; `low` or `high` is None at an open end.

    `more_episodes` estimates how many more episodes (against each opponent) an undecided claim needs if the model
    keeps its rate. It is None if none are needed, or if no number can be estimated for the reason in `note`.
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
        parts = [f"{self.claim.text}: {self.verdict}"]
        if self.claim.figure == "aborted":
            return f"{parts[0]}, {self.estimate:g} of {self.n_episodes} episodes"
        if self.n_turns:
            parts += [self.figure, f"{self.n_episodes} episodes", f"{self.n_turns} turns"]
        if self.verdict == "undecided" and self.more_episodes is not None:
            parts.append(f"about {self.more_episodes} more episodes are needed")
        return ", ".join([*parts, *([self.note] if self.note else [])])

    @property
    def figure(self) -> str:
        """The figure with its interval, such as `0.12 [0.05, 0.24]`."""
        digits = ".0f" if self.claim.figure == "h50" else ".2f"
        numbers = ((self.estimate, "beyond"), (self.low, "-inf"), (self.high, "inf"))
        one, low, high = (open_end if value is None else f"{value:{digits}}" for value, open_end in numbers)
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

    Each false claim passes with probability at most `alpha`, so a scenario with one does too. The probability of a
    false failure is divided between the claims, so a scenario whose claims are all true fails with probability at most
    `alpha`. Both hold for repeated checks of a table that grows by episodes in order of their index. `limits` must be
    known before playing; by default they are those of the longest episode.

    Cost: milliseconds per claim for a hundred episodes.
    """
    claims = tuple(claims)
    limits = limits or _limits_seen(table)
    shared = alpha / max(1, sum(claim.figure != "aborted" for claim in claims))
    return tuple(
        _judge_aborted(claim, table) if claim.figure == "aborted" else _decide_one(claim, table, limits, alpha, shared)
        for claim in claims
    )


def overall(outcomes: Sequence[Outcome]) -> Verdict:
    """Return failed if any claim failed, passed if all passed, undecided otherwise."""
    verdicts = {outcome.verdict for outcome in outcomes}
    return "failed" if "failed" in verdicts else "undecided" if "undecided" in verdicts else "passed"


def is_settled(outcomes: Sequence[Outcome]) -> bool:
    """Return whether more episodes can't change the verdict: a claim failed, or all passed.

    If every claim counts aborted episodes, only the end of the scenario settles it.
    """
    by_figures = any(outcome.claim.figure != "aborted" for outcome in outcomes)
    verdict = overall(outcomes)
    return verdict == "failed" or (verdict == "passed" and by_figures)


def checkpoints(episodes: int) -> tuple[int, ...]:
    """Return after how many instances to check: 4, 8, 12, 16, 24, 32, 48, 64 and so on, and at the last.

    Few checks cost little and keep a model's batches full; the statistics would allow one after every episode.
    """
    counts, power = [4], 8
    while power < episodes:
        counts += [power, power * 3 // 2]
        power *= 2
    return (*(count for count in counts if count < episodes), episodes)


def _decide_one(claim: Claim, table: TurnTable, limits: Limits, alpha: float, shared: float) -> Outcome:
    reduced = reduce(claim, table, limits)
    method = METHOD.format(alpha=alpha)
    if reduced is None:
        note = f"no turn {claim.first}-{claim.last or ''} was played under {claim.condition}"
        if claim.figure == "focus_gap":
            note = "no state was played under natural and fresh"
        elif claim.figure == "skill":
            note = "no turn has a loss and the random mover's loss"
        return Outcome(claim, "undecided", None, None, None, 0, 0, None, method, note)
    verdict = _verdict(claim, reduced, alpha, shared)
    # The bound that can pass the claim holds at alpha, the one that can fail it at the divided alpha.
    for_low, for_high = (shared, alpha) if reduced.is_at_most else (alpha, shared)
    if claim.figure == "h50":
        low, high = _h50_interval(table, limits, for_high, for_low)
    else:
        ends = [
            confidence_sequences.low(reduced.for_low, for_low),
            confidence_sequences.high(reduced.for_high, for_high),
        ]
        low, high = sorted(reduced.figure_of(end) for end in ends)
    more = None if verdict != "undecided" else _more(reduced, alpha, shared)
    return Outcome(
        claim,
        verdict,
        reduced.estimate,
        low if low is not None and math.isfinite(low) else None,
        high if high is not None and math.isfinite(high) else None,
        reduced.n_episodes,
        reduced.n_turns,
        more,
        method,
        _note(claim, reduced, limits) if verdict == "undecided" and more is None else None,
    )


def _verdict(claim: Claim, reduced: Reduced, alpha: float, shared: float) -> Verdict:
    """Return passed or failed, whichever was proven first; a bound that no figure can break is passed."""
    is_trivial = reduced.bound >= 1 if reduced.is_at_most else reduced.bound <= 0
    if (reduced.for_high.is_share and is_trivial) or (claim.figure == "h50" and claim.bound <= 1):
        return "passed"
    is_below = confidence_sequences.first_proven(
        confidence_sequences.below(reduced.for_high, reduced.bound), alpha if reduced.is_at_most else shared
    )
    is_above = confidence_sequences.first_proven(
        confidence_sequences.above(reduced.for_low, reduced.bound), shared if reduced.is_at_most else alpha
    )
    if is_below is None and is_above is None:
        return "undecided"
    below_first = is_above is None or (is_below is not None and is_below <= is_above)
    return "passed" if below_first == reduced.is_at_most else "failed"


def _more(reduced: Reduced, alpha: float, shared: float) -> int | None:
    """Return how many more instances would settle a claim, extrapolating the evidence for either verdict."""
    for_below, for_above = (alpha, shared) if reduced.is_at_most else (shared, alpha)
    needed = [
        confidence_sequences.units_needed(reduced.for_high, reduced.bound, for_below, is_above=False),
        confidence_sequences.units_needed(reduced.for_low, reduced.bound, for_above, is_above=True),
    ]
    known = [units for units in needed if units is not None]
    return max(1, min(known) - len(reduced.for_low.value)) if known else None


def _note(claim: Claim, reduced: Reduced, limits: Limits) -> str:
    if claim.figure == "h50" and claim.bound > limits.turns + 1:
        return f"no episode has more than {limits.turns} turns, so the claim can't pass: play more turns"
    if claim.figure == "h50":
        return "too many episodes ended early without an error, or the figure is at the bound"
    if reduced.bound in (0.0, 1.0) and reduced.for_high.is_share:
        return "no number of episodes can prove a bound at the end of the range: choose one slightly inside"
    return "the figure is at the bound: no number of episodes can be estimated"


def _h50_interval(table: TurnTable, limits: Limits, for_low: float, for_high: float) -> tuple[float, float | None]:
    """Return the turns between which H50 is proven to lie, from the errors before each turn."""
    sample = table.sample("natural")
    assert sample is not None  # `reduce` returned a rate
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
    """Return the last turn at which a condition holds that, once false, stays false; 0 if it never holds."""
    least, beyond = 0, last + 1
    while beyond - least > 1:
        middle = (least + beyond) // 2
        least, beyond = (middle, beyond) if is_true(middle) else (least, middle)
    return least


def _judge_aborted(claim: Claim, table: TurnTable) -> Outcome:
    """Judge by counting, without an interval: infrastructure failures are not a random sample."""
    verdict: Verdict = "failed" if table.n_aborted > claim.bound else "passed"
    n_turns = sum(sample.n_turns for sample in table.samples.values())
    n_episodes = table.n_episodes + table.n_aborted
    count = float(table.n_aborted)
    return Outcome(claim, verdict, count, count, count, n_episodes, n_turns, None, COUNT_METHOD)


def _limits_seen(table: TurnTable) -> Limits:
    longest = max((int(sample.turn.max()) for sample in table.samples.values() if sample.n_turns), default=1)
    return Limits(longest, sides=max(1, len(set(table.episodes.opponent))))
