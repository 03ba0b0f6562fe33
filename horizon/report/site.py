"""A static site of many runs: a table of models by tasks, and a page for each run that its cells link to.

Runs of one model and one protocol are one sample and share a page; others are never pooled with them. What can't be
read is named and left out. Every file is replaced whole, the table last; other files in the folder stay.
"""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from horizon.analysis.analysis import Analysis, Group
from horizon.analysis.analyze import analyze_data, label_groups, table_of
from horizon.core.errors import HorizonError, UsageError
from horizon.core.hashing import json_digest
from horizon.report.html_page import write_page
from horizon.report.site_index import TableCell, index_page, is_site
from horizon.report.write import refuse_empty
from horizon.runs.manifest import MANIFEST
from horizon.runs.prices import PriceList
from horizon.runs.replacing import make_folder, make_subfolder, replace_text
from horizon.runs.run_data import RunData, read_run
from horizon.runs.run_list import all_runs_in
from horizon.runs.spending import set_prices

INDEX = "index.html"
PAGES = "runs"
LISTED = "site.json"
"""Which pages the site has, so that those of runs which are gone can be removed."""
_PAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9.=-]*\.html")


@dataclass(frozen=True, slots=True)
class Site:
    """What was written: the table's page, the pages of runs, and a line for each run that was left out."""

    index: Path
    pages: tuple[Path, ...]
    left_out: tuple[str, ...]


def write_site(folders: Sequence[Path], out: Path, prices: PriceList | None = None) -> Site:
    """Write the site of runs, or of folders of runs, into a folder.

    Cost: one analysis and a page of 2 MB for each run.

    Raises:
        UsageError: no run can be read, or the folder holds a run or another site.
        StoreError: the disk refuses.
    """
    _check(out)
    runs, left_out = _readable(folders)
    if prices is not None:
        runs = list(set_prices(runs, prices))
    if not runs:
        raise UsageError(f"no run is left for the site: {'; '.join(left_out) or 'name at least one, as results/RUN'}")
    named = label_groups(table_of(runs))
    samples = [_analysis(sample) for sample in _samples(runs, named)]
    make_folder(out)
    pages = make_subfolder(out, PAGES)
    names = [_name_of(analysis.runs) for analysis in samples]
    written = [write_page(analysis, pages / name) for analysis, name in zip(samples, names, strict=True)]
    cells = [cell for analysis, name in zip(samples, names, strict=True) for cell in _cells(analysis, name)]
    index = replace_text(out / INDEX, index_page(cells, named, left_out))
    _remove_stale(out, names)
    return Site(index, tuple(written), tuple(left_out))


def _check(out: Path) -> None:
    """Refuse a folder in which a site would take the place of something else."""
    if out.is_symlink() or (out.exists() and not out.is_dir()):
        raise UsageError(f"--site {out} is no folder: choose another one")
    if (out / MANIFEST).exists():
        raise UsageError(f"--site {out} is a run folder: choose another one")
    index = out / INDEX
    if index.exists() and not is_site(index):
        raise UsageError(f"--site {out} has an {INDEX} that Horizon did not write: choose another folder")


def _readable(folders: Sequence[Path]) -> tuple[list[RunData], list[str]]:
    """Return the runs that can be read and have a judged turn, each plan once, and a line for each other one."""
    runs: list[RunData] = []
    left_out: list[str] = []
    plans: dict[str, Path] = {}
    for folder in _distinct(folders, left_out):
        try:
            run = read_run(folder)
            table = table_of([run])
            if not table.samples:
                raise UsageError("no turn of it was judged")
            again = next((str(plans[name]) for name in run.turns["run_id"].unique() if name in plans), None)
            if again is not None:
                raise UsageError(f"it is the same plan as {again}, played again or copied")
        except HorizonError as problem:
            left_out.append(f"{folder}: {problem}")
            continue
        plans |= dict.fromkeys(run.turns["run_id"].unique().to_list(), folder)
        runs.append(run)
    return runs, left_out


def _distinct(folders: Sequence[Path], left_out: list[str]) -> Iterable[Path]:
    seen = set()
    for given in folders:
        try:
            inside = all_runs_in(given)
        except HorizonError as problem:
            left_out.append(f"{given}: {problem}")
            continue
        for folder in inside:
            if folder.resolve() not in seen:
                seen.add(folder.resolve())
                yield folder


def _samples(runs: Sequence[RunData], groups: Sequence[Group]) -> list[list[RunData]]:
    """Return the runs in lists of those that share a group, in the order of the runs."""
    owner = {name: place for place, run in enumerate(runs) for name in run.turns["run_id"].unique().to_list()}
    first = list(range(len(runs)))
    for group in groups:
        places = sorted({first[owner[name]] for name in set(group.table.episodes.run_id)})
        first = [places[0] if place in places else place for place in first]
    return [[run for run, place in zip(runs, first, strict=True) if place == own] for own in sorted(set(first))]


def _analysis(runs: Sequence[RunData]) -> Analysis:
    analysis = analyze_data(runs)
    refuse_empty(analysis)
    return analysis


def _cells(analysis: Analysis, name: str) -> list[TableCell]:
    return [TableCell(group, f"{PAGES}/{name}") for group in analysis.groups]


def _name_of(runs: Sequence[RunData]) -> str:
    """Return the name of a page: the first run's folder and a digest of all plans, in plain letters."""
    ids = sorted(name for run in runs for name in run.turns["run_id"].unique().to_list())
    slug = re.sub(r"[^A-Za-z0-9.=-]+", "-", Path(runs[0].name).name).strip("-.")[:60]
    return f"{slug or 'run'}-{json_digest({'runs': ids}, 4)}.html"


def _remove_stale(out: Path, names: Sequence[str]) -> None:
    """Remove the pages that an earlier site wrote here and this one has not, and list those that it has."""
    try:
        listed = json.loads((out / LISTED).read_bytes())["pages"]
        stale = {name for name in listed if isinstance(name, str) and _PAGE.fullmatch(name)} - set(names)
    except (OSError, ValueError, KeyError, TypeError):
        stale = set()
    replace_text(out / LISTED, json.dumps({"pages": sorted(names)}, indent=1) + "\n")
    for name in sorted(stale):
        (out / PAGES / name).unlink(missing_ok=True)
