"""Everything that a run holds, read once: manifest, turns and episodes, from its folder or from rows in memory.

Analysis, figures and page take their rows from here, so that nothing is read twice. Knows no model or estimator.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from horizon.core.environment import Environment, open_environment
from horizon.core.environment_name import EnvironmentName
from horizon.core.records import Episode, Turn
from horizon.runs import run_folder
from horizon.runs.row_format import LAYOUTS, Row, key
from horizon.runs.tables import arrow_schema


@dataclass(frozen=True, slots=True, eq=False)
class RunData:
    """One run: its manifest and its two tables.

    `folder` is None for a run in memory. Memory: about 1.5 kB per turn, most of it replies.
    """

    folder: Path | None
    manifest: Mapping[str, Any]
    turns: pl.DataFrame = field(repr=False)
    episodes: pl.DataFrame = field(repr=False)

    @property
    def name(self) -> str:
        """The folder as it was given, or `in memory`."""
        return str(self.folder) if self.folder is not None else "in memory"

    @property
    def ends_at_errors(self) -> bool:
        """Whether its episodes end with their first error (on_error=stop)."""
        return dict(self.manifest.get("plan", {})).get("on_error") == "stop"

    def open_environment(self) -> Environment[Any]:
        """Return the environment that its plan names, of the version that is installed.

        Raises:
            UsageError: no such environment, parameter or value here.
        """
        plan = dict(self.manifest.get("plan") or {})
        name = EnvironmentName.parse(str(plan.get("environment"))).name
        return open_environment(name, dict(plan.get("parameters") or {}))

    def turns_of(self, episode_id: str) -> Iterator[Turn]:
        """Yield the turns of one episode as records."""
        rows = self.turns.filter(pl.col("episode_id") == episode_id)
        yield from (Turn(**row) for row in rows.iter_rows(named=True))


def read_run(folder: Path) -> RunData:
    """Return what a run folder holds; of an unfinished run, what was played so far.

    Raises:
        StoreError: the folder is no readable run.
    """
    manifest = run_folder.read_manifest(folder)
    return RunData(folder, manifest, run_folder.read_turns(folder), run_folder.read_episodes(folder))


def data_of(manifest: Mapping[str, Any], turns: Sequence[Turn], episodes: Sequence[Episode]) -> RunData:
    """Return a run in memory; its rows are sorted as those of a finished folder."""
    return RunData(
        None, manifest, frame_of(Turn, sorted(turns, key=key)), frame_of(Episode, sorted(episodes, key=key))
    )


def frame_of(kind: type[Row], rows: Sequence[Row]) -> pl.DataFrame:
    """Return records of one kind as a table with the columns of the run folder."""
    empty = pl.from_arrow(arrow_schema(kind).empty_table())
    assert isinstance(empty, pl.DataFrame)  # a table's type by construction, not a user's input
    return pl.DataFrame([LAYOUTS[kind].values(row) for row in rows], schema=empty.schema, orient="row")
