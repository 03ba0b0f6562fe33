"""A small turn table from the design's synthetic error process, for tests: every parameter known, every row drawn.

logit P(error) = logit(hazard) + drift (t - 1) + conditioning (errors shown) + difficulty (a standard normal a state).
"""

from collections.abc import Sequence

import numpy as np
import polars as pl


def simulated_turns(
    n_episodes: int = 30,
    n_turns: int = 20,
    *,
    hazard: float = 0.1,
    drift: float = 0.0,
    conditioning: float = 0.0,
    difficulty: float = 0.0,
    tokens: float = 0.0,
    conditions: Sequence[str] = ("natural", "fresh"),
    shortest: int | None = None,
    model: str = "synthetic",
    seed: int = 0,
) -> pl.DataFrame:
    """Return rows of every condition; `tokens` is the slope per 100 tokens of history; episodes end at random turns
    from `shortest` on when given."""
    generator = np.random.default_rng(seed)
    lengths = np.full(n_episodes, n_turns)
    if shortest is not None:
        lengths = generator.integers(shortest, n_turns + 1, n_episodes)
    hardness = generator.standard_normal((n_episodes, n_turns))
    history_errors = np.zeros(n_episodes, dtype=int)
    frames = []
    start = np.log(hazard / (1 - hazard))
    for turn in range(1, n_turns + 1):
        alive = np.flatnonzero(lengths >= turn)
        natural = None
        for condition in ("natural", *(name for name in conditions if name != "natural")):
            shown_turn = 1 if condition in ("fresh", "padded") else turn
            shown_errors = history_errors * 1.0 if condition == "natural" else np.zeros(n_episodes)
            if condition.startswith("corrupted:"):
                shown_errors = np.full(n_episodes, float(condition.split(":")[1]) * (turn - 1))
            context = 100 * (1 if condition == "fresh" else turn)
            logit = (
                start
                + drift * (shown_turn - 1)
                + conditioning * shown_errors
                + difficulty * hardness[:, turn - 1]
                + tokens * (context - 100) / 100
            )
            error = generator.random(n_episodes) < 1 / (1 + np.exp(-logit))
            natural = error if natural is None else natural
            if condition not in conditions:
                continue
            loss = np.where(error, 0.3, 0.0) + generator.random(n_episodes) * 0.05
            frames.append(
                pl.DataFrame(
                    {
                        "episode_id": [f"e{i:04d}" for i in alive],
                        "seed": alive,
                        "condition": condition,
                        "turn": turn,
                        "context_tokens": context,
                        "error": np.where(error, "wrong", "none")[alive],
                        "correct": ~error[alive],
                        "loss": loss[alive],
                        "random_loss": 0.4 + 0.05 * hardness[alive, turn - 1],
                        "prior_errors": shown_errors[alive].astype(int),
                    }
                )
            )
        assert natural is not None
        history_errors = history_errors + natural
    return pl.concat(frames).with_columns(
        run_id=pl.lit(f"run-{model}-{seed}"),
        environment=pl.lit("running_total"),
        parameters=pl.lit("{}"),
        model=pl.lit(model),
    )


def simulated_episodes(
    turns: pl.DataFrame, *, aborted: Sequence[str] = (), opponent: str | None = None
) -> pl.DataFrame:
    """Return the episodes table that goes with such turns: solved, but for those named aborted."""
    episodes = turns.group_by("run_id", "episode_id", maintain_order=True).agg(
        pl.col("environment", "parameters", "seed", "model").first(), turns=pl.col("turn").max()
    )
    is_aborted = pl.col("episode_id").is_in(list(aborted))
    return episodes.with_columns(
        opponent=pl.lit(opponent, pl.String),
        outcome=pl.when(is_aborted).then(pl.lit("aborted")).otherwise(pl.lit("solved")),
        failure=pl.when(is_aborted).then(pl.lit("server down")).otherwise(None),
        extra=pl.lit("{}"),
    )
