"""`Run`: what was played, from a folder or from memory alike; its rows, its analysis, its report, its checks.

Holds the rows that were read once; everything else is computed from them when it is asked for.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from horizon.analysis.analysis import Analysis
from horizon.analysis.analyze import analyze_data
from horizon.core.environment import Environment
from horizon.core.errors import UsageError
from horizon.core.escaping import visible
from horizon.core.registry import nearest
from horizon.runs.exporting import export_runs
from horizon.runs.prices import PriceSource, as_price_list
from horizon.runs.run_data import RunData, read_run
from horizon.runs.run_list import runs_in
from horizon.runs.spending import set_prices
from horizon.scenarios.expectations import BOUNDS

if TYPE_CHECKING:
    from horizon.analysis.gate_sums import Limits
    from horizon.analysis.gates import Outcome
    from horizon.play.replay import Replayed

Folder = str | Path


@dataclass(frozen=True, eq=False, repr=False)
class Run:
    """One or several runs: played into memory, or read from folders.

    Made by `horizon.play` and `horizon.load`.

    Parameters
    ----------
    parts
        The rows and the manifest of each run.
    environment
        The environment that was handed to `horizon.play`, where its name alone does not open it.
    warnings
        What the person who played it should know.

    Examples
    --------
    >>> import horizon
    >>> run = horizon.play("running_total", model="synthetic:hazard=0.2", episodes=4, turns=5)
    >>> run
    Run(running_total-v3, synthetic:hazard=0.2, 4 episodes, 40 turns, in memory)
    >>> run.turns.height, run.episodes.height
    (40, 4)
    """

    parts: tuple[RunData, ...]
    environment: Environment[Any] | None = None
    warnings: tuple[str, ...] = ()

    @cached_property
    def turns(self) -> pl.DataFrame:
        """One row per request to the model, with its verdict: the columns of `turns.parquet`."""
        return pl.concat([part.turns for part in self.parts])

    @cached_property
    def episodes(self) -> pl.DataFrame:
        """One row per episode, with its outcome: the columns of `episodes.parquet`."""
        return pl.concat([part.episodes for part in self.parts])

    @property
    def manifest(self) -> Mapping[str, Any]:
        """The manifest: plan, model, judge, versions and machine.

        Raises
        ------
        UsageError
            Several runs are loaded; `.parts` has the manifest of each.
        """
        return self._single().manifest

    @property
    def folder(self) -> Path | None:
        """The run folder; None for a run in memory and for several runs."""
        return self.parts[0].folder if len(self.parts) == 1 else None

    def analyze(self) -> Analysis:
        """Return every estimate of these turns; computed at the first call.

        Returns
        -------
        Analysis
            By name, as in `run.analyze().focus_gap`; by model and setting in `.groups`.

        Raises
        ------
        UsageError
            The same run is loaded twice.
        """
        return self._analysis

    @cached_property
    def _analysis(self) -> Analysis:
        return analyze_data(self.parts)

    def with_prices(self, prices: PriceSource) -> "Run":
        """Return the same runs with prices, so that analysis and report have costs; the folders stay as they are.

        Parameters
        ----------
        prices
            A TOML file, or models with their `input`, `output` and perhaps `cached_input` per million tokens.

        Raises
        ------
        UsageError
            The file can't be read, or a price is no number from 0 to a million.
        """
        return replace(self, parts=set_prices(self.parts, as_price_list(prices)))

    def report(self, folder: Folder | None = None, *, frozen: Folder | None = None) -> Path:
        """Write page, figures and tables, and return the path of the page.

        Parameters
        ----------
        folder
            Where to write; the run folder by default, which a run in memory does not have.
        frozen
            A plan written by `horizon freeze`; the page then shows whether it was kept.

        Raises
        ------
        UsageError
            No folder is given and there is none, no turn was judged, or the frozen plan was changed.
        """
        from horizon.report.write import write_analysis

        target = Path(folder) if folder is not None else self.folder
        if target is None:
            raise UsageError("a run in memory has no folder for its report: give one, as in run.report('results/x')")
        write_analysis(self.analyze(), target, self.check_registration(frozen) if frozen is not None else ())
        return target / "report.html"

    def check_registration(self, frozen: Folder) -> list[str]:
        """Return whether the frozen plan in a file was kept by these runs, and every deviation, line by line.

        Parameters
        ----------
        frozen
            A plan written by `horizon freeze`.

        Raises
        ------
        UsageError
            The file is no frozen plan, or was changed after it was frozen.
        """
        from horizon.runs.registration import read_registration, verdict_lines

        return verdict_lines(read_registration(Path(frozen)), self.parts)

    def export(self, to: str, folder: Folder) -> list[Path]:
        """Write the rows as files of another form into a new folder, and return the files.

        Parameters
        ----------
        to
            `csv`, `parquet`, `jsonl`, `hf` (a Hugging Face dataset), `sft` (chats), or a form of another package.
        folder
            The new folder.

        Raises
        ------
        UsageError
            There is no such form, the folder holds something already, or the form needs what an imported run lacks.
        """
        return export_runs(to, self.parts, Path(folder))

    def show(self, episode: int | str = 0, turn: int = 1, condition: str = "natural") -> "Replayed":
        """Return what the model was shown at a turn, its reply and the verdict; prints as text.

        Parameters
        ----------
        episode
            Its id, or its number in the sorted list of ids, from 0.
        turn
            From 1.
        condition
            The condition under which the turn was played.

        Raises
        ------
        UsageError
            There is no such turn; the message has those there are.
        """
        from horizon.play.replay import replay_turn

        return replay_turn(self._single(), str(episode), turn, condition, self.environment)

    def check(self, *, turns: str = "", condition: str = "natural", alpha: float = 0.05, **bound: float) -> "Outcome":
        """Return whether a figure keeps within a bound, by its whole interval: passed, failed or undecided.

        Parameters
        ----------
        turns
            The turns that an error rate is about: `20`, `1-10` or `20-`; all by default.
        condition
            The condition that an error rate is about.
        alpha
            The probability of a wrong verdict, above 0 and below 0.5.
        **bound
            One of `error_rate_at_most`, `error_rate_at_least`, `focus_gap_at_most`, `h50_at_least`, `skill_at_least`
            and `aborted_at_most`.

        Returns
        -------
        Outcome
            `.verdict`, the figure with its interval, and how many more episodes an undecided check needs.

        Raises
        ------
        UsageError
            No bound or several, an unknown one, or a value out of range.

        Examples
        --------
        >>> import horizon
        >>> run = horizon.play("running_total", model="synthetic:hazard=0.9", conditions=["natural"], episodes=40)
        >>> run.check(error_rate_at_most=0.2, turns="1-10").verdict
        'failed'
        """
        from horizon.analysis.gates import decide
        from horizon.scenarios.scenario import make

        if len(bound) != 1:
            raise UsageError(f"check takes one bound, and {len(bound)} are given: {', '.join(bound) or BOUNDS[0]}")
        name, value = next(iter(bound.items()))
        if name not in BOUNDS:
            raise UsageError(f"unknown bound '{name}': {nearest(name, BOUNDS)}")
        expected: dict[str, Any] = {name: value}
        if name.startswith("error_rate"):
            key = name.removeprefix("error_rate_")
            expected = {"error_rate": [{key: value, "turns": turns, "condition": condition}]}
        elif turns or condition != "natural":
            raise UsageError(f"turns and condition are for error rates, and {name} takes none: leave them out")
        claim = next(make({"expect": expected, "alpha": alpha}, "check").expect.claims())
        return decide([claim], self.analyze().table, alpha, self.limits)[0]

    @property
    def limits(self) -> "Limits | None":
        """The most turns that an instance could have had; None for several runs and for an imported one."""
        from horizon.play.plan import scenario_of
        from horizon.play.stopping import limits_of
        from horizon.scenarios.scenario import make

        part = self.parts[0]
        if len(self.parts) > 1 or "imported" in part.manifest:
            return None
        return limits_of(make(scenario_of(part.manifest), part.name))

    def __repr__(self) -> str:
        """Return environment, model, counts and folder in one line."""
        names = [" and ".join(self.turns[column].unique().sort().to_list()) for column in ("environment", "model")]
        version = {str(part.manifest["plan"]["environment"]) for part in self.parts}
        where = self.parts[0].name if len(self.parts) == 1 else f"{len(self.parts)} runs"
        counts = f"{self.episodes.height} episodes, {self.turns.height} turns"
        return visible(f"Run({' and '.join(sorted(version))}, {names[1]}, {counts}, {where})")

    def _repr_html_(self) -> str:
        from horizon.report.notebook import notebook_html

        return notebook_html(repr(self), self.analyze())

    def _single(self) -> RunData:
        if len(self.parts) != 1:
            raise UsageError(f"{len(self.parts)} runs are loaded, and this needs one: load its folder alone")
        return self.parts[0]


def load(folders: Folder | Sequence[Folder]) -> Run:
    """Return the runs of one or several folders.

    Parameters
    ----------
    folders
        Run folders, or folders of them as a suite leaves; of an unfinished run, what was played so far.

    Raises
    ------
    StoreError
        A folder is no readable run.
    UsageError
        No folder is given.
    """
    given = [folders] if isinstance(folders, str | Path) else list(folders)
    if not given:
        raise UsageError("no run folder given: name at least one, as results/play/NAME")
    return Run(tuple(read_run(folder) for folder in runs_in(*(Path(folder) for folder in given))))
