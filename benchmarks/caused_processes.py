"""Processes whose causes are known: those in which none may be found, and those in which one must be found.

Truths are the processes' own parameters. Spread between episodes, probes on some turns, unrecorded difficulty, early
collapses, right answers that are copied, errors that hurt in a long context only, archives whose positions get harder.
"""

import json

import numpy as np
import polars as pl
from hard_processes import Facts, Hard, expit, frames
from numpy.typing import NDArray

from horizon.analysis.turn_table import TurnTable, load_table

ARMS = ("natural", "fresh", "padded", "healed")
NOTHING = {
    "self-conditioning": 1.0,
    "any error shown": 0.0,
    "decomposition: longer context": 0.0,
    "decomposition: turns as such": 0.0,
    "decomposition: own errors": 0.0,
    "regression: turn shown": 1.0,
    "regression: error shown": 1.0,
    "focus gap": 0.0,
}
"""The figures of a model without any effect of its history."""


def hetero(spread: float, n_probed: int = 24) -> Hard:
    """24 episodes of 24 turns whose log odds differ with this standard deviation; the history does nothing."""

    def draw(generator: np.random.Generator) -> TurnTable:
        rate = expit(-1 + spread * generator.standard_normal((24, 1)))
        turns, episodes = frames({name: generator.random((24, 24)) < rate for name in ARMS})
        if n_probed < 24:
            probed = pl.DataFrame(
                [
                    {"seed": episode, "turn": int(turn) + 1}
                    for episode in range(24)
                    for turn in generator.choice(24, n_probed, replace=False)
                ]
            )
            natural = turns.filter(condition="natural")
            turns = pl.concat(
                [natural, turns.filter(pl.col("condition") != "natural").join(probed, on=["seed", "turn"], how="semi")]
            )
        return load_table(turns, episodes)

    probes = f", {n_probed} probes of 24" if n_probed < 24 else ""
    return Hard(f"no effect, spread {spread:g}{probes}", draw, NOTHING)


def hidden_difficulty() -> Hard:
    """Late states are harder and nothing records it; the history does nothing. 24 episodes of 24 turns."""
    rate = expit(-2.5 + 0.13 * np.arange(24))

    def draw(generator: np.random.Generator) -> TurnTable:
        return load_table(*frames({name: generator.random((24, 24)) < rate for name in ARMS}))

    rise = float(rate[16:].mean() - rate[:8].mean())
    truths = NOTHING | {"decomposition: harder states": rise, "decomposition: whole rise": rise}
    return Hard("harder late states, unrecorded", draw, truths)


def pull(strength: float, spread: float) -> Hard:
    """Each error shown adds `strength` to the log odds, over episodes of this spread; 24 x 16."""

    def draw(generator: np.random.Generator) -> TurnTable:
        base = -2 + spread * generator.standard_normal((24, 1))
        natural = np.zeros((24, 16), dtype=bool)
        for turn in range(16):
            shown = natural[:, :turn].sum(axis=1)
            natural[:, turn] = generator.random(24) < expit(base[:, 0] + strength * shown)
        others = {name: generator.random((24, 16)) < expit(base) for name in ARMS[1:]}
        return load_table(*frames({"natural": natural, **others}))

    return Hard(f"pull {strength:g}, spread {spread:g}", draw, {"self-conditioning": float(np.exp(strength))})


def collapse_at_turn_3() -> Hard:
    """Own errors take the rate from 20 to 75 % from turn 3 on; 40 episodes of 24 turns."""
    late = np.where(np.arange(24) >= 2, 0.75, 0.2)

    def draw(generator: np.random.Generator) -> TurnTable:
        shape = (40, 24)
        others = {name: generator.random(shape) < 0.2 for name in ARMS[1:]}
        return load_table(*frames({"natural": generator.random(shape) < late, **others}))

    truths = {
        "decomposition: own errors": 0.55,
        "decomposition: whole rise": 0.55,
        "decomposition: harder states": 0.0,
    }
    return Hard("collapse at turn 3", draw, truths)


def copied_answers() -> Hard:
    """Right answers in the history are copied, own errors do nothing; 40 x 24, with `foreign` to see it."""
    copied = 0.6 * (1 - 0.7 * np.arange(24) / 23)

    def draw(generator: np.random.Generator) -> TurnTable:
        rates: dict[str, NDArray[np.float64] | float] = {"natural": 0.6, "fresh": 0.6, "padded": 0.6, "healed": copied}
        rates["foreign"] = copied
        return load_table(*frames({name: generator.random((40, 24)) < rate for name, rate in rates.items()}))

    help_ = float(copied[16:].mean() - 0.6)
    return Hard("right answers are copied", draw, {"right answers help": help_, "decomposition: whole rise": 0.0})


def interaction() -> Hard:
    """Errors cost 40 points in a long context and nothing in a window of two turns; 30 x 24."""

    def draw(generator: np.random.Generator) -> TurnTable:
        rates = {"natural": 0.6, **dict.fromkeys((*ARMS[1:], "window:2"), 0.2)}
        return load_table(*frames({name: generator.random((30, 24)) < rate for name, rate in rates.items()}))

    truths = {"order: own errors, after length": 0.4, "order: own errors, before length": 0.0}
    truths |= {"order: own errors, mean of both orders": 0.2, "order: errors x length, interaction": 0.4}
    return Hard("errors hurt in long contexts", draw, truths)


def archive(slope: float, spread: float) -> Hard:
    """60 games of 20 turns without `fresh`: positions get harder, and the turn itself adds `slope` per doubling."""

    def draw(generator: np.random.Generator) -> TurnTable:
        turn = np.arange(1, 21)
        hard = 0.12 * turn + generator.standard_normal((60, 20))
        logit = -2.0 + hard + slope * np.log2(turn) + spread * generator.standard_normal((60, 1))
        turns, episodes = frames({"natural": generator.random((60, 20)) < expit(logit)}, Facts())
        extra = pl.Series([json.dumps({"difficulty": round(value, 4)}) for value in hard.ravel()])
        return load_table(turns.with_columns(extra=extra), episodes)

    return Hard(
        f"archive, {slope:g} per doubling, spread {spread:g}", draw, {"turn after difficulty": float(np.exp(slope))}
    )


def shared_opponents() -> Hard:
    """12 instances of spread 1.5 against 4 opponents each; the history does nothing."""

    def draw(generator: np.random.Generator) -> TurnTable:
        rate = expit(-1 + 1.5 * generator.standard_normal((12, 1)))
        parts = [
            frames({name: generator.random((12, 12)) < rate for name in ARMS}, Facts(opponent=f"o{place}"))
            for place in range(4)
        ]
        return load_table(pl.concat(turns for turns, _ in parts), pl.concat(episodes for _, episodes in parts))

    return Hard("no effect, 4 opponents", draw, NOTHING)


def errors_make_states_harder() -> Hard:
    """Each error adds 1 to the log odds of all later states, with a history or without; episodes differ. 40 x 12."""

    def draw(generator: np.random.Generator) -> TurnTable:
        natural, fresh = np.zeros((40, 12), dtype=bool), np.zeros((40, 12), dtype=bool)
        base = -2.5 + generator.standard_normal(40)
        for turn in range(12):
            rate = expit(base + natural[:, :turn].sum(axis=1))
            natural[:, turn], fresh[:, turn] = generator.random(40) < rate, generator.random(40) < rate
        return load_table(*frames({"natural": natural, "fresh": fresh}))

    truths = {"chain gap": 0.0, "chain gap over 5 turns": 0.0, "chain gap over 10 turns": 0.0}
    return Hard("errors make states harder", draw, truths)


def forgetting() -> Hard:
    """A history costs 3 points more each turn: natural 5 % at turn 1, 38 % at turn 12, fresh 5 %; 40 x 12."""
    rate = 0.05 + 0.03 * np.arange(12)

    def draw(generator: np.random.Generator) -> TurnTable:
        shape = (40, 12)
        return load_table(
            *frames({"natural": generator.random(shape) < rate, "fresh": generator.random(shape) < 0.05})
        )

    truths = {f"chain gap over {n} turns": float(0.95**n - np.prod(1 - rate[:n])) for n in (5, 7)}
    return Hard("a history costs more each turn", draw, truths)


CAUSED = (
    *(hetero(spread) for spread in (0.0, 0.5, 1.0, 2.0)),
    hetero(1.0, 6),
    hetero(2.0, 6),
    hidden_difficulty(),
    pull(0.3, 1.0),
    errors_make_states_harder(),
    forgetting(),
    collapse_at_turn_3(),
    copied_answers(),
    interaction(),
    shared_opponents(),
    *(archive(0.0, spread) for spread in (0.0, 0.5, 1.0, 2.0)),
    archive(0.5, 0.0),
)
