"""Simulated studies of models whose error process is known: what `coverage.py` holds the estimators against.

The process is that of `synthetic:` models (horizon/models/synthetic.py), drawn for a thousand studies at once; a
sample of the probabilities is checked against that module's own formula at each call.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from horizon.analysis.turn_table import EpisodeFacts, Sample, TurnTable
from horizon.core.records import ERROR_KINDS
from horizon.models.synthetic import Process, error_probability

CONDITIONS = ("natural", "fresh", "padded", "healed", "foreign", "corrupted:0.5")
FIRST_TOKENS, TOKENS_A_TURN = 100, 60
_WITHOUT_HISTORY = ("fresh", "padded")


@dataclass(frozen=True)
class Known:
    """A process and the studies made of it. `rising` is what a turn adds to the standardised difficulty of states,
    `between` the standard deviation of the episodes' own difficulty; episodes end at random from `shortest` on."""

    name: str
    process: Process
    cause: str | None = None
    n_episodes: int = 30
    n_turns: int = 20
    shortest: int | None = None
    rising: float = 0.0
    between: float = 0.0


def _mixture() -> dict[str, object]:
    process = Process(hazard=0.05, drift=0.04, conditioning=0.15, tokens=0.6, difficulty=0.7)
    return {"process": process, "rising": 0.03, "between": 0.7}


KNOWN = (
    Known("no fading", Process(hazard=0.15)),
    Known("fading with turns", Process(hazard=0.1, drift=0.1), "turns as such"),
    Known("fading with tokens", Process(hazard=0.1, tokens=1.7), "longer context"),
    Known("self-conditioning", Process(hazard=0.1, conditioning=0.6), "own errors"),
    Known("harder states", Process(hazard=0.1, difficulty=1.0), "harder states", rising=0.1),
    Known("mixture", **_mixture()),  # type: ignore[arg-type]
    Known("mixture, 8 episodes", n_episodes=8, **_mixture()),  # type: ignore[arg-type]
    Known("mixture, 5 to 30 turns", n_turns=30, shortest=5, **_mixture()),  # type: ignore[arg-type]
    Known("error rate near 0", Process(hazard=0.01)),
    Known("error rate near 1", Process(hazard=0.95)),
)


def studies(known: Known, n_studies: int, n_episodes: int, seed: int, replies: int = 0) -> Iterator[TurnTable]:
    """Yield independent studies of a process; the same seed with other `replies` plays the same states again."""
    draw, reply = np.random.default_rng([seed, 0]), np.random.default_rng([seed, 1, replies])
    shape = (n_studies, n_episodes)
    lengths = np.full(shape, known.n_turns)
    if known.shortest is not None:
        lengths = draw.integers(known.shortest, known.n_turns + 1, shape)
    episode = known.between * draw.standard_normal(shape)
    history = {name: np.zeros(shape) for name in CONDITIONS}  # errors in the history shown
    errors, shown, hardness = {name: [] for name in CONDITIONS}, {name: [] for name in CONDITIONS}, []
    for turn in range(1, known.n_turns + 1):
        state = episode + draw.standard_normal(shape) * np.sqrt(1 - known.between**2) + known.rising * (turn - 1)
        hardness.append(state)
        for name in CONDITIONS:
            chance = _chance(known.process, name, turn, history[name], state)
            errors[name].append(reply.random(shape) < chance)
            shown[name].append(history[name].copy())
        history["natural"] = history["natural"] + errors["natural"][-1]
        history["corrupted:0.5"] = history["corrupted:0.5"] + (draw.random(shape) < 0.5)
    stacked = {name: np.stack(errors[name], axis=2) for name in CONDITIONS}  # (studies, episodes, turns)
    before = {name: np.stack(shown[name], axis=2) for name in CONDITIONS}
    states = np.stack(hardness, axis=2)
    for study in range(n_studies):
        yield TurnTable(
            {
                name: _sample(name, stacked[name][study], before[name][study], states[study], lengths[study])
                for name in CONDITIONS
            },
            facts("synthetic", n_episodes),
        )


def facts(model: str, n_episodes: int) -> EpisodeFacts:
    """Return what is known of episodes of a model, one seed each."""
    same = (None,) * n_episodes
    names = tuple(f"e{place:05d}" for place in range(n_episodes))
    return EpisodeFacts(
        ("run",) * n_episodes, names, ("hanoi",) * n_episodes, ("{}",) * n_episodes, tuple(range(n_episodes)),
        (model,) * n_episodes, same, same,
    )  # fmt: skip


def _chance(
    process: Process, name: str, turn: int, errors: NDArray[np.float64], state: NDArray[np.float64]
) -> NDArray[np.float64]:
    shown_turn = 1 if name in _WITHOUT_HISTORY else turn
    tokens = FIRST_TOKENS + (0 if name == "fresh" else TOKENS_A_TURN * (turn - 1))
    logit = (
        np.log(process.hazard / (1 - process.hazard))
        + process.drift * (shown_turn - 1)
        + process.conditioning * errors
        + process.difficulty * state
        + process.tokens * tokens / 1000
    )
    chance = 1 / (1 + np.exp(-logit))
    one = (0, 0)
    told = error_probability(
        process,
        turn=shown_turn,
        prior_errors=int(errors[one]),
        standardised_difficulty=float(state[one]),
        context_tokens=tokens,
    )
    if not np.isclose(chance[one], told):
        raise SystemExit(f"the simulation's probability {chance[one]} is not the synthetic model's {told}")
    return np.asarray(chance)


def _sample(
    name: str,
    errors: NDArray[np.bool_],
    before: NDArray[np.float64],
    states: NDArray[np.float64],
    lengths: NDArray[np.int64],
) -> Sample:
    """Return the turns of one study under one condition; arrays have shape (episodes, turns)."""
    played = np.arange(errors.shape[1])[None, :] < lengths[:, None]
    cluster, place = np.nonzero(played)
    is_error = errors[played]
    tokens = FIRST_TOKENS + (0 if name == "fresh" else TOKENS_A_TURN) * place
    random_loss = np.clip(0.4 + 0.05 * states[played], 0.05, 1.0)
    return Sample(
        cluster=cluster,
        turn=place + 1,
        is_error=is_error,
        kind=np.where(is_error, ERROR_KINDS.index("wrong"), 0),
        loss=np.where(is_error, random_loss, 0.01),
        random_loss=random_loss,
        context_tokens=tokens.astype(float),
        prior_errors=before[played].astype(np.int64),
        **{each: np.zeros(len(place), dtype=np.int64) for each in ("state_code", "action_code")},
    )
