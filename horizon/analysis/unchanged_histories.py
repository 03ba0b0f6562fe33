"""Conditions that changed nothing in a run: every conversation was natural's own, and a contrast is 0 by construction.

An example is a window as long as the game, or a reminder after more turns than were played.
"""

import polars as pl

from horizon.runs.run_data import RunData
from horizon.runs.usage import SHARED_TEXT

_PLACE = ("run_id", "episode_id", "turn")


def unchanged_conditions(run: RunData) -> list[str]:
    """Return the conditions, other than natural, that posed natural's own conversation at all turns after turn 1.

    A conversation is known to be the same where its reply was shared, with the reply and the context of natural: it is
    not known of models that answer each conversation for itself, by sampling or as synthetic ones do.
    """
    if run.turns.is_empty() or not {"reply", "context_tokens", "extra"} <= set(run.turns.columns):
        return []
    later = run.turns.filter(pl.col("turn") > 1)
    natural = later.filter(pl.col("condition") == "natural").select(*_PLACE, "reply", "context_tokens")
    others = later.filter(pl.col("condition") != "natural").join(natural, on=_PLACE, suffix="_natural")
    is_same = (
        pl.col("extra").str.contains(SHARED_TEXT, literal=True)
        & (pl.col("reply") == pl.col("reply_natural"))
        & (pl.col("context_tokens") == pl.col("context_tokens_natural"))
    )
    same = others.group_by("condition").agg(is_same.fill_null(value=False).all().alias("same"))
    return sorted(same.filter(pl.col("same"))["condition"].to_list())
