"""A Hugging Face dataset folder: both tables as Parquet, and a README.md as its card, ready to upload.

`datasets.load_dataset(FOLDER, "turns")` reads it. The card has what was played, every column, and no result.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl

from horizon.core.records import Episode, Turn
from horizon.core.version import __version__
from horizon.runs.columns import markdown_table
from horizon.runs.exporting import write_tables
from horizon.runs.replacing import make_subfolder, replace_text
from horizon.runs.run_data import RunData

_CARD = """---
pretty_name: Turns of language models, judged by Horizon
tags:
- horizon-testbed
- evaluation
size_categories:
- {size}
configs:
- config_name: turns
  data_files: data/turns.parquet
  default: true
- config_name: episodes
  data_files: data/episodes.parquet
---
# Turns of language models, judged by Horizon

{n_turns} turns of {n_episodes} episodes, each turn judged by an oracle, exported by Horizon {version}. One row of
`turns` is one request to a model with its verdict; rows of one episode share `episode_id`, so errors in it are not
independent. Compare conditions on equal `episode_id` and `turn`, and do not compare runs with different protocols.

| run | environment | model | conditions | episodes | turns |
| --- | --- | --- | --- | ---: | ---: |
{runs}

## turns

{turns}
## episodes

{episodes}"""


def export(runs: Sequence[RunData], out: Path) -> list[Path]:
    """Write the dataset folder and return its files."""
    data = make_subfolder(out, "data")
    files = write_tables(runs, data, "parquet", pl.DataFrame.write_parquet)
    n_turns = sum(run.turns.height for run in runs)
    card = _CARD.format(
        size=_size_category(n_turns),
        n_turns=n_turns,
        n_episodes=sum(run.episodes.height for run in runs),
        version=__version__,
        runs="\n".join(_line(run) for run in runs),
        turns=markdown_table(Turn),
        episodes=markdown_table(Episode),
    )
    return [replace_text(out / "README.md", card), *files]


def _line(run: RunData) -> str:
    plan: Any = run.manifest.get("plan", {})
    parameters = json.dumps(plan.get("parameters", {}), sort_keys=True)
    cells = (
        run.turns["run_id"].first() if run.turns.height else "",
        f"{plan.get('environment', '')} {parameters}",
        plan.get("model", ""),
        ", ".join(plan.get("conditions", ())),
        run.episodes.height,
        run.turns.height,
    )
    return "| " + " | ".join(str(cell).replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def _size_category(n_rows: int) -> str:
    """Return the Hub's name of a size."""
    bounds = [(1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M")]
    return next((name for bound, name in bounds if n_rows < bound), "1M<n<10M")


EXPORTER = export
