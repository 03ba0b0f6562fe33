"""The independent unit of a sample: the instance that an episode plays. Also drops copies of episodes.

Episodes of one instance are equally hard, and a model plays a seed the same way in a run of 8 and one of 16 episodes.
Knows columns, no estimator.
"""

import json
from collections import Counter
from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

EPISODE = ("run_id", "episode_id")
"""The columns that identify an episode."""


def without_copies(turns: pl.DataFrame, episodes: pl.DataFrame | None) -> tuple[pl.DataFrame, int]:
    """Drop episodes whose rows are all in another run, with the same setting, seed and plan; return how many.

    Of several copies the longest is kept, then the one in the run with the first id.
    """
    if turns["run_id"].n_unique() < 2:
        return turns, 0
    content = [name for name in turns.columns if name not in ("run_id", "episode_id")]
    rows = turns.select(*EPISODE, "environment", "parameters", "seed", "model", row=pl.struct(content).hash())
    whole = rows.group_by(EPISODE).agg(
        pl.col("environment", "parameters", "seed", "model").first(), pl.col("row").sort(), pl.len().alias("turns")
    )
    if episodes is not None:
        known = [name for name in ("opponent", "plan") if name in episodes.columns]
        whole = whole.join(episodes.select(*EPISODE, *known), on=EPISODE, how="left")
    labels = [name for name in whole.columns if name not in (*EPISODE, "row", "turns")]
    shared = whole.filter(pl.struct(labels).is_duplicated()).sort("turns", *EPISODE, descending=[True, False, False])
    kept: dict[tuple[Any, ...], list[tuple[str, set[int]]]] = {}
    copied = []
    for episode in shared.iter_rows(named=True):
        others, own = kept.setdefault(tuple(episode[name] for name in labels), []), set(episode["row"])
        if any(run != episode["run_id"] and own <= rows for run, rows in others):
            copied.append((episode["run_id"], episode["episode_id"]))
        else:
            others.append((episode["run_id"], own))
    if not copied:
        return turns, 0
    left_out = pl.DataFrame(copied, schema=dict.fromkeys(EPISODE, pl.String), orient="row")
    return turns.join(left_out, on=EPISODE, how="anti"), len(copied)


def instance_codes(
    environments: Sequence[str],
    parameters: Sequence[str | None],
    seeds: Sequence[int],
    runs: Sequence[Hashable],
) -> NDArray[np.int64]:
    """Return the code of each episode's instance: environment, parameters without the opponent, and seed.

    `runs` holds the run, model and opponent of each episode. If one of these plays a seed twice, the seed does not
    identify an instance, and each of its episodes is an instance of its own. Codes are from 0, by first appearance.
    """
    read = {text: _without_opponent(text) for text in set(parameters)}
    keys = list(zip(environments, [read[text] for text in parameters], seeds, strict=True))
    played = list(zip(keys, runs, strict=True))
    count = Counter(played)
    codes: dict[Hashable, int] = {}
    return np.array(
        [
            codes.setdefault(key if count[once] == 1 else (key, place), len(codes))
            for place, (key, once) in enumerate(zip(keys, played, strict=True))
        ],
        dtype=np.int64,
    )


def _without_opponent(text: str | None) -> str | None:
    read = json.loads(text) if text else None
    if not isinstance(read, dict):
        return text
    return json.dumps({name: value for name, value in read.items() if name != "opponent"}, sort_keys=True)
