"""How many tokens and how much time requests took: of a reply, of a row with its attempts, of a whole run.

A count that a backend does not report is unknown, and never 0. A row whose reply is that of the same conversation
under another condition took no request. Knows rows; no model and no price but those given.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

import polars as pl

from horizon.core.records import Json, Reply, Turn
from horizon.runs.prices import PriceList, Prices

SHARED = "shared_reply"
"""The key of a row's `extra` that marks a reply which another row has: no request was made for it."""

UNRECORDED = "unrecorded_usage"
"""The manifest's key for the requests whose replies are in no row, as those of a turn that was cut off."""

USAGE = "usage"
"""The key of a calibration for what its turns took."""

SHARED_TEXT = f'"{SHARED}": true'
"""What the text of such an `extra` holds."""
COLUMNS = ("spent_requests", "spent_input", "spent_cached", "spent_output", "spent_ms", "spent_cost")
"""What `with_usage` adds to each row: None where unknown, and no request where the reply is another row's."""

REPLY_TOKENS = "reply_tokens"
"""What it adds, too: input and output tokens of the row's reply, whichever row it was asked for."""


_NEEDED = ("model", "context_tokens", "completion_tokens", "latency_ms", "attempts", "extra")


@dataclass(frozen=True, slots=True)
class Usage:
    """What requests took. `unknown` counts those without token counts, of which the tokens here hold nothing.

    `cached_tokens` are part of `input_tokens`; `ms` is the time of the replies, of which `untimed` have none.
    """

    requests: int = 0
    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    unknown: int = 0
    ms: float = 0.0
    untimed: int = 0

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(*(getattr(self, name) + getattr(other, name) for name in _COUNTS))

    def __sub__(self, other: "Usage") -> "Usage":
        return Usage(*(max(0, getattr(self, name) - getattr(other, name)) for name in _COUNTS))

    def cost(self, prices: Prices) -> float:
        """Return what the known tokens cost."""
        return prices.cost(self.input_tokens, self.cached_tokens, self.output_tokens)

    def as_json(self) -> dict[str, Json]:
        """Return the counts by name."""
        return {name: getattr(self, name) for name in _COUNTS}


_COUNTS = tuple(part.name for part in fields(Usage))


def usage_in(stored: Mapping[str, Any] | None) -> Usage:
    """Return the counts that `as_json` gave; what is no count there is left out."""
    counts: dict[str, Any] = {name: (stored or {}).get(name) for name in _COUNTS}
    known: dict[str, Any] = {
        name: value for name, value in counts.items() if isinstance(value, int | float) and value >= 0
    }
    return Usage(**known)


def usage_of(reply: Reply) -> Usage:
    """Return what one reply took."""
    return _usage(reply.context_tokens, reply.completion_tokens, reply.extra.get("cached_tokens"), reply.latency_ms)


def counts_of(reply: Reply) -> dict[str, Json]:
    """Return the counts of a reply by the names of the row's columns, those that are known."""
    cached = reply.extra.get("cached_tokens")
    counts = {
        "context_tokens": reply.context_tokens,
        "completion_tokens": reply.completion_tokens,
        "cached_tokens": cached if isinstance(cached, int) else None,
        "latency_ms": reply.latency_ms,
    }
    return {name: value for name, value in counts.items() if value is not None}


def usage_of_row(row: Turn) -> Usage:
    """Return what a row took, its earlier attempts included."""
    return _row_usage(row.context_tokens, row.completion_tokens, row.latency_ms, row.attempts, row.extra)


def usage_of_rows(rows: Iterable[Turn]) -> Usage:
    """Return what rows took together."""
    return sum((usage_of_row(row) for row in rows), Usage())


def usage_by_model(turns: pl.DataFrame) -> dict[str, Usage]:
    """Return what the rows of a run took, for each model."""
    if any(name not in turns.columns for name in _NEEDED):
        return {}
    sums = _count_rows(turns).group_by(turns["model"]).sum().sort("model")
    return {row["model"]: Usage(**{name: row[name] for name in _COUNTS}) for row in sums.iter_rows(named=True)}


def with_usage(turns: pl.DataFrame, prices: PriceList) -> pl.DataFrame:
    """Return a run's turns with `COLUMNS`: tokens, time and cost of each row, its earlier attempts included; and
    `REPLY_TOKENS`.
    """
    if any(name not in turns.columns for name in _NEEDED):
        return turns
    counted = _count_rows(turns)
    by_model = {model: prices.of(model) for model in turns["model"].unique().to_list()}
    priced = pl.lit(None, pl.Float64)
    for model, own in by_model.items():
        if own is not None:
            cached_price = own.input if own.cached_input is None else own.cached_input
            cached = pl.min_horizontal("cached_tokens", "input_tokens")
            cost = (pl.col("input_tokens") - cached) * own.input + cached * cached_price
            cost += pl.col("output_tokens") * own.output
            priced = pl.when(turns["model"] == model).then(cost / 1e6).otherwise(priced)
    is_known, is_timed = pl.col("unknown") == 0, pl.col("untimed") == 0
    return turns.with_columns(
        counted.select(
            pl.col("requests").cast(pl.Float64).alias("spent_requests"),
            *(
                pl.when(is_known).then(pl.col(f"{name}_tokens")).cast(pl.Float64).alias(f"spent_{name}")
                for name in ("input", "cached", "output")
            ),
            pl.when(is_timed).then(pl.col("ms")).alias("spent_ms"),
            pl.when(is_known).then(priced).alias("spent_cost"),
        )
    ).with_columns((pl.col("context_tokens") + pl.col("completion_tokens")).cast(pl.Float64).alias(REPLY_TOKENS))


def _count_rows(turns: pl.DataFrame) -> pl.DataFrame:
    """Return the fields of `Usage` for each row; only rows with attempts, shared or cached tokens are parsed."""
    context, completion, latency = (pl.col(name) for name in ("context_tokens", "completion_tokens", "latency_ms"))
    is_known = context.is_not_null() & completion.is_not_null()
    counted = turns.select(
        requests=pl.lit(1, pl.Int64),
        input_tokens=pl.when(is_known).then(context).otherwise(0).cast(pl.Int64),
        cached_tokens=pl.lit(0, pl.Int64),
        output_tokens=pl.when(is_known).then(completion).otherwise(0).cast(pl.Int64),
        unknown=(~is_known).cast(pl.Int64),
        ms=latency.fill_null(0.0).cast(pl.Float64),
        untimed=latency.is_null().cast(pl.Int64),
    )
    extra = turns["extra"]
    is_special = (turns["attempts"] > 1) | extra.str.contains(SHARED_TEXT, literal=True)
    is_special |= extra.str.contains('"cached_tokens":', literal=True)
    if not is_special.any():
        return counted
    parsed = [_row_usage(*row) for row in turns.filter(is_special).select(_NEEDED[1:]).iter_rows()]
    rows = [tuple(getattr(usage, name) for name in _COUNTS) for usage in parsed]
    special = pl.DataFrame(rows, schema=counted.schema, orient="row").with_columns(row=is_special.arg_true())
    return counted.with_row_index("row").update(special, on="row").drop("row")


def _row_usage(context: Any, completion: Any, latency: Any, attempts: int, extra: str) -> Usage:
    if SHARED in extra and SHARED_TEXT in extra:
        return Usage()
    if attempts <= 1 and "cached_tokens" not in extra:
        return _usage(context, completion, None, latency)
    details = json.loads(extra)
    usage = _usage(context, completion, details.get("cached_tokens"), latency)
    if attempts <= 1:
        return usage
    listed = details.get("attempts")
    earlier = [attempt for attempt in listed if isinstance(attempt, dict)] if isinstance(listed, list) else []
    names = ("context_tokens", "completion_tokens", "cached_tokens", "latency_ms")
    usages = [_usage(*(attempt.get(name) for name in names)) for attempt in earlier[: attempts - 1]]
    missing = attempts - 1 - len(usages)
    return sum(usages, usage) + Usage(requests=missing, unknown=missing, untimed=missing)


def _usage(context: Any, completion: Any, cached: Any, latency: Any) -> Usage:
    is_known = isinstance(context, int) and isinstance(completion, int)
    new, old, out = (context, cached if isinstance(cached, int) else 0, completion) if is_known else (0, 0, 0)
    is_timed = isinstance(latency, int | float)
    return Usage(1, new, old, out, int(not is_known), float(latency) if is_timed else 0.0, int(not is_timed))
