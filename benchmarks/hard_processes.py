"""Processes that break intervals: rare errors, whole-episode collapses, shared instances, dependent endings, aborts.

One function a process, and the truth of each figure from the process's own parameters, never from an estimator.
Tables go through `load_table`, as those of run folders do.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from horizon.analysis.turn_table import TurnTable, load_table

Flags = NDArray[np.bool_]
Draw = Callable[[np.random.Generator], TurnTable]


@dataclass(frozen=True)
class Hard:
    """A process: how a study of it is drawn, and the true value of each figure that is counted."""

    name: str
    draw: Draw
    truths: Mapping[str, float]


@dataclass(frozen=True)
class Facts:
    """What the episodes of a frame have besides their turns; each value is for all, or an array of (episodes,)."""

    run: str = "run"
    model: str = "model"
    opponent: str | None = None
    seeds: NDArray[np.int64] | None = None
    outcome: NDArray[np.str_] | str = "turn_limit"


def frames(
    errors: Mapping[str, Flags], facts: Facts | None = None, lengths: NDArray[np.int64] | None = None
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return turns and episodes of errors by condition, arrays of shape (episodes, turns)."""
    facts = facts or Facts()
    n_episodes, n_turns = errors["natural"].shape
    played = np.arange(n_turns)[None, :] < (np.full(n_episodes, n_turns) if lengths is None else lengths)[:, None]
    seeds = np.arange(n_episodes) if facts.seeds is None else facts.seeds
    names = np.array([f"{facts.opponent or ''}#{place:05d}" for place in range(n_episodes)])
    before = np.cumsum(errors["natural"], axis=1) - errors["natural"]
    episode, place = np.nonzero(played)
    turns = pl.concat(
        pl.DataFrame(
            {
                "run_id": facts.run,
                "episode_id": names[episode],
                "environment": "hanoi",
                "parameters": "{}",
                "seed": seeds[episode],
                "model": facts.model,
                "condition": condition,
                "turn": place + 1,
                "error": np.where(wrong[played], "wrong", "none"),
                "prior_errors": before[played] if condition == "natural" else np.zeros(len(place), dtype=np.int64),
            }
        )
        for condition, wrong in errors.items()
    )
    episodes = pl.DataFrame(
        {"run_id": facts.run, "episode_id": names, "opponent": facts.opponent, "outcome": facts.outcome},
        schema_overrides={"opponent": pl.String},
    )
    return turns, episodes


def table(
    errors: Mapping[str, Flags], facts: Facts | None = None, lengths: NDArray[np.int64] | None = None
) -> TurnTable:
    """Return the table of one run."""
    return load_table(*frames(errors, facts, lengths))


def together(*parts: tuple[pl.DataFrame, pl.DataFrame]) -> TurnTable:
    """Return the table of several runs."""
    return load_table(pl.concat(turns for turns, _ in parts), pl.concat(episodes for _, episodes in parts))


def expit(logit: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return probabilities of logits."""
    return np.asarray(1 / (1 + np.exp(-logit)))


def mean_rate(logit: float, spread: float) -> float:
    """Return the mean of expit(logit + spread z) over a standard normal z, by Gauss-Hermite quadrature."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(80)
    return float((weights * expit(logit + spread * nodes)).sum() / weights.sum())


def two_rates(one: float, other: float, n_episodes: int, n_turns: int) -> Hard:
    """Natural and fresh turns err independently at two constant rates."""

    def draw(generator: np.random.Generator) -> TurnTable:
        shape = (n_episodes, n_turns)
        return table({"natural": generator.random(shape) < one, "fresh": generator.random(shape) < other})

    truths = {"error rate": one, "error by turn, first bin": one, "error by turn, last bin": one}
    truths |= {"focus gap": one - other, "focus gap slope": 0.0, "survival after 2 turns": (1 - one) ** 2}
    return Hard(f"{one:g} v {other:g}, {n_episodes}x{n_turns}", draw, truths)


def late_and_rare() -> Hard:
    """Only the last 5 of 20 turns err, 1 in 100 of them; without history nothing errs. 24 episodes."""

    def draw(generator: np.random.Generator) -> TurnTable:
        late = np.arange(20) >= 15
        return table({"natural": (generator.random((24, 20)) < 0.01) & late, "fresh": np.zeros((24, 20), dtype=bool)})

    truths = {"error rate": 0.0025, "focus gap": 0.0025, "decomposition: whole rise": 0.01 * 5 / 7}
    return Hard("rare and late errors", draw, truths)


def collapses(share: float, n_episodes: int, n_turns: int, at: int) -> Hard:
    """A share of the episodes errs at each turn from `at` on, the others never do; nothing errs without history."""

    def draw(generator: np.random.Generator) -> TurnTable:
        wrong = (generator.random((n_episodes, 1)) < share) & (np.arange(1, n_turns + 1) >= at)
        return table({"natural": wrong, "fresh": np.zeros((n_episodes, n_turns), dtype=bool)})

    rate = share * (n_turns - at + 1) / n_turns
    truths = {"error rate": rate, "focus gap": rate, "error by turn, last bin": share}
    return Hard(f"1 in {1 / share:.0f} collapses, {n_episodes}x{n_turns}", draw, truths)


def skewed_lengths() -> Hard:
    """Of 24 episodes with hardness of their own, one in eight has 120 turns and the others 4 to 10."""

    def draw(generator: np.random.Generator) -> TurnTable:
        lengths = np.where(np.arange(24) % 8 == 0, 120, generator.integers(4, 11, 24))
        rate = expit(-1.5 + generator.standard_normal((24, 1)))
        return table({name: generator.random((24, 120)) < rate for name in ("natural", "fresh")}, None, lengths)

    return Hard("one of 8 has 120 turns", draw, {"error rate": mean_rate(-1.5, 1.0), "focus gap": 0.0})


def opponents(n_opponents: int) -> Hard:
    """12 instances with hardness of their own (sd 1.5), each played against every opponent."""

    def draw(generator: np.random.Generator) -> TurnTable:
        rate = expit(-1 + 1.5 * generator.standard_normal((12, 1)))
        return together(
            *(
                frames(
                    {"natural": generator.random((12, 10)) < rate, "fresh": generator.random((12, 10)) < 0.6 * rate},
                    Facts(opponent=f"o{place}"),
                )
                for place in range(n_opponents)
            )
        )

    rate = mean_rate(-1.0, 1.5)
    return Hard(f"{n_opponents} opponents, 12 instances", draw, {"error rate": rate, "focus gap": 0.4 * rate})


def copies() -> Hard:
    """A run of 16 episodes and another of 12 that holds the same first 12, row by row."""

    def draw(generator: np.random.Generator) -> TurnTable:
        rate = expit(-1 + generator.standard_normal((16, 1)))
        errors = {
            "natural": generator.random((16, 10)) < rate,
            "fresh": generator.random((16, 10)) < 0.6 * rate,
        }
        first = {name: wrong[:12] for name, wrong in errors.items()}
        return together(frames(errors, Facts(run="sixteen")), frames(first, Facts(run="twelve")))

    rate = mean_rate(-1.0, 1.0)
    return Hard("runs of 16 and 12 with copies", draw, {"error rate": rate, "focus gap": 0.4 * rate})


def dependent_endings(n_episodes: int, hazards: tuple[float, float], name: str) -> Hard:
    """Half the instances are easy (hazard 0.03 per turn) and half hard (0.2); each kind is solved at its own rate.

    `hazards` are the chances of being solved after an error-free turn, of easy and hard ones; 24 turns at most.
    """
    rates = np.array([0.03, 0.2])
    solved = np.array(hazards)

    def draw(generator: np.random.Generator) -> TurnTable:
        kind = generator.integers(0, 2, n_episodes)
        wrong = generator.random((n_episodes, 24)) < rates[kind][:, None]
        ends = generator.random((n_episodes, 24)) < solved[kind][:, None]
        # An episode goes on after an error: only one that is still free of error is solved.
        first = np.where(wrong.any(axis=1), wrong.argmax(axis=1), 24)
        end = np.where(ends.any(axis=1), ends.argmax(axis=1), 24)
        is_solved = end < first
        lengths = np.where(is_solved, end + 1, 24)
        outcome = np.where(is_solved, "solved", "turn_limit")
        return table({"natural": wrong}, Facts(outcome=outcome), lengths)

    def incidence(turn: int) -> float:
        # Each turn errs first, or is solved after a right turn: a geometric race of two events.
        stays = (1 - rates) * (1 - solved)
        return float((rates * (1 - stays**turn) / (1 - stays)).mean())

    half = next((turn for turn in range(1, 25) if incidence(turn) >= 0.5), None)
    truths = {f"incidence of an error by turn {turn}": incidence(turn) for turn in (2, 5, 10)}
    truths |= {"error at turn 1": float(rates.mean())}
    if half is not None:
        truths["h50"] = float(half)
    return Hard(f"{name}, {n_episodes} episodes", draw, truths)


def independent_endings(n_episodes: int, hazard: float, solved: float) -> Hard:
    """Every turn errs at one hazard, and after a right turn the episode is solved at one rate; 24 turns at most.

    A third of the errors are illegal. Endings say nothing of errors, so that the net curve is identified.
    """

    def draw(generator: np.random.Generator) -> TurnTable:
        wrong = generator.random((n_episodes, 24)) < hazard
        ends = generator.random((n_episodes, 24)) < solved
        first = np.where(wrong.any(axis=1), wrong.argmax(axis=1), 24)
        end = np.where(ends.any(axis=1), ends.argmax(axis=1), 24)
        is_solved = end < first
        outcome = np.where(is_solved, "solved", "turn_limit")
        turns, episodes = frames({"natural": wrong}, Facts(outcome=outcome), np.where(is_solved, end + 1, 24))
        illegal = pl.Series(generator.random(turns.height) < 1 / 3)
        kind = pl.when((pl.col("error") == "wrong") & illegal).then(pl.lit("illegal")).otherwise(pl.col("error"))
        return load_table(turns.with_columns(error=kind), episodes)

    stays = (1 - hazard) * (1 - solved)

    def incidence(turn: int) -> float:
        return hazard * (1 - stays**turn) / (1 - stays)

    truths = {f"incidence of an error by turn {turn}": incidence(turn) for turn in (2, 5, 10)}
    truths |= {f"incidence of illegal by turn {turn}": incidence(turn) / 3 for turn in (5, 10)}
    truths |= {f"survival after {turn} turns": (1 - hazard) ** turn for turn in (2, 5, 10)}
    truths |= {
        "hazard of any error": hazard,
        "hazard of illegal": hazard / 3,
        "hazard of solved": (1 - hazard) * solved,
    }
    truths |= {f"{name}, simultaneous": truths[name] for name in ("hazard of any error", "hazard of solved")}
    truths |= {f"weibull horizon {level}": float(np.log(level) / np.log(1 - hazard)) for level in (0.5, 0.8, 0.95)}
    truths |= {"h50_net": float(np.ceil(np.log(0.5) / np.log(1 - hazard))), "error at turn 1": hazard}
    return Hard(f"independent endings, {n_episodes} episodes", draw, truths)


def logistic_lengths(n_episodes: int) -> Hard:
    """The share free of error after t turns has log odds 2 - 1.2 log2 t, METR's curve; 40 turns at most."""

    def free(turn: NDArray[np.float64]) -> NDArray[np.float64]:
        return expit(2 - 1.2 * np.log2(turn))

    def draw(generator: np.random.Generator) -> TurnTable:
        share = free(np.arange(1, 41).astype(float))
        # The first error comes in the first turn after which fewer than a uniform share are still free of one.
        first = (share[None, :] >= generator.random((n_episodes, 1))).sum(axis=1)
        return table({"natural": np.arange(40)[None, :] == first[:, None]})

    truths = {
        f"log-logistic horizon {level}": float(2 ** ((2 - np.log(level / (1 - level))) / 1.2)) for level in (0.5, 0.8)
    }
    return Hard(f"METR's curve, {n_episodes} episodes", draw, truths)


def aborts_of_the_hard() -> Hard:
    """Of 30 episodes the hard ones are the likelier to be aborted: the truth counts all that were begun."""

    def draw(generator: np.random.Generator) -> TurnTable:
        logit = -1.2 + 1.5 * generator.standard_normal(30)
        aborted = generator.random(30) < expit(-1.5 + 1.5 * (logit + 1.2))
        outcome = np.where(aborted, "aborted", "turn_limit")
        return table({"natural": generator.random((30, 20)) < expit(logit)[:, None]}, Facts(outcome=outcome))

    return Hard("hard episodes are aborted", draw, {"error rate with aborted episodes": mean_rate(-1.2, 1.5)})


HARD = (
    late_and_rare(),
    collapses(1 / 15, 16, 12, 7),
    two_rates(0.99, 0.01, 8, 10),
    two_rates(0.003, 0.001, 30, 20),
    two_rates(0.02, 0.005, 8, 10),
    skewed_lengths(),
    opponents(2),
    opponents(4),
    copies(),
    dependent_endings(30, (0.15, 0.01), "easy ones end early"),
    dependent_endings(200, (0.15, 0.01), "easy ones end early"),
    dependent_endings(30, (0.01, 0.15), "hard ones end early"),
    dependent_endings(200, (0.01, 0.15), "hard ones end early"),
    aborts_of_the_hard(),
    independent_endings(30, 0.1, 0.08),
    independent_endings(200, 0.1, 0.08),
    logistic_lengths(60),
)
