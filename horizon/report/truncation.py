"""Why replies were cut off, in sentences: the limit of a reply, or a conversation that did not fit into the context.

Two causes with opposite cures: a larger max_tokens leaves the conversation still less room.
"""

from collections.abc import Iterator, Mapping, Sequence

import polars as pl

from horizon.analysis.analysis import Group
from horizon.runs.run_data import RunData

_MUCH = 0.05
"""Shares of the turns of a condition below this are not worth a sentence."""


_CAUSES = ("finish_reason", "context_tokens", "completion_tokens")
"""Columns that distinguish the causes; where a row lacks them, its own limit is taken for the cause."""


def truncation_notes(group: Group, runs: Sequence[RunData]) -> Iterator[str]:
    """Yield a line for each cause that cut many of a group's replies off; `runs` hold its rows.

    Rows without a run, as of an imported table, do not show the cause: the limit of a reply is taken for it.
    """
    counts = pl.concat([_counts(group, run) for run in runs] or [_NONE]).group_by("condition").sum().sort("condition")
    who = f"{group.model}, {group.setting}"
    if at_limit := _shares(counts, "at_limit") if counts.height else _shares_of_kinds(group):
        yield (
            f"{who}: replies cut off at the token limit count as errors ({at_limit}); with a larger max_tokens some "
            "may be correct."
        )
    if no_room := _shares(counts, "no_room"):
        yield (
            f"{who}: turns whose conversation did not fit into the model's context count as errors ({no_room}); no "
            "larger max_tokens helps, but a larger context_tokens, the condition window:k or fewer turns."
        )


_NONE = pl.DataFrame(
    schema={"condition": pl.String, "turns": pl.Int64, "at_limit": pl.Int64, "no_room": pl.Int64},
)


def _counts(group: Group, run: RunData) -> pl.DataFrame:
    """Return the turns of a group in one run by condition, and how many were cut off by each cause."""
    facts = group.table.episodes
    own = pl.DataFrame(
        {"run_id": facts.run_id, "episode_id": facts.episode_id}, schema={"run_id": pl.String, "episode_id": pl.String}
    )
    rows = run.turns.with_columns(pl.lit(None).alias(name) for name in _CAUSES if name not in run.turns.columns)
    rows = rows.join(own.unique(), on=["run_id", "episode_id"], how="semi").filter(pl.col("model") == group.model)
    is_cut = pl.col("error") == "truncated"
    no_room = pl.col("finish_reason") == "overflow"
    limit = (run.manifest.get("model") or {}).get("context_tokens")
    most = (run.manifest.get("plan") or {}).get("max_tokens")
    if isinstance(limit, int) and isinstance(most, int):
        # The reply began, and filled what the conversation had left of the context.
        is_full = pl.col("context_tokens") + pl.col("completion_tokens") >= limit
        no_room |= (pl.col("finish_reason") == "length") & is_full & (pl.col("completion_tokens") < most)
    return (
        rows.with_columns(no_room=is_cut & no_room.fill_null(False))
        .group_by(pl.col("condition").cast(pl.String))
        .agg(
            turns=pl.len().cast(pl.Int64),
            at_limit=(is_cut & ~pl.col("no_room")).sum().cast(pl.Int64),
            no_room=pl.col("no_room").sum().cast(pl.Int64),
        )
    )


def _shares_of_kinds(group: Group) -> str:
    """Return the conditions in which many replies were cut off, from the group's estimate of error kinds."""
    kinds = group.estimates.get("error_kinds")
    shares = {
        str(point.at["condition"]): point.estimate or 0.0
        for point in (kinds if isinstance(kinds, list) else ())
        if point.at.get("kind") == "truncated"
    }
    return _write_shares(shares)


def _shares(counts: pl.DataFrame, cause: str) -> str:
    """Return the conditions in which a cause cut many replies off, as `fresh 8 %, natural 20 %`."""
    return _write_shares({name: cut / n for name, n, cut in counts.select("condition", "turns", cause).iter_rows()})


def _write_shares(shares: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {100 * share:.0f} %" for name, share in shares.items() if share >= _MUCH)
