"""Coverage and false alarms of every figure whose truth is a parameter of the process: hard and caused processes.

    python benchmarks/process_coverage.py [--studies 300] [--only "collapse"] [--out results/coverage]

Writes processes.csv and processes.md: how often the 95 % interval holds the truth, and how often it lies wholly above
or below it; where the truth is no effect these are the false alarms of a cause (2.5 % on each side at most). They are
written after each process, and one that is there with as many studies is not run again.
"""

import argparse
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from answers import many, one
from caused_processes import CAUSED
from coverage_tables import percents, process_table
from csv_files import CRLF, read_csv, write_csv
from hard_processes import HARD, Hard

from horizon.analysis.estimators import (
    aborted_bounds,
    chains,
    competing_events,
    decomposition,
    error_by_turn,
    error_rate,
    focus_gap,
    hazard_by_kind,
    parametric_horizon,
    regression,
    self_conditioning,
    survival,
    turns_against_difficulty,
)
from horizon.analysis.stats.shares import wilson
from horizon.analysis.turn_table import TurnTable
from horizon.core.estimator import Estimate

Figures = Mapping[str, Estimate]
PROCESSES = (*HARD, *CAUSED)
_KINDS: dict[str, Callable[[str], object]] = {"process": str, "figure": str, "given": int, "studies": int}


def _survival(table: TurnTable) -> Figures:
    found = survival.estimates(table)
    figures = {name: one(found[name]) for name in ("h50", "h80", "h50_net", "h80_net")}
    start = one(found["s1"])
    low, high = (None if bound is None else 1 - bound for bound in (start.high, start.low))
    figures["error at turn 1"] = Estimate(
        1 - (start.estimate or 0.0), low, high, start.n_episodes, start.n_turns, start.method
    )
    points = {int(str(point.at["turn"])): point for point in many(found["survival"])}
    return figures | {f"survival after {turn} turns": points[turn] for turn in (2, 5, 10) if turn in points}


def _incidence(table: TurnTable) -> Figures:
    words = {"any error": "an error"}
    return {
        f"incidence of {words.get(str(point.at['event']), point.at['event'])} by turn {point.at['turn']}": point
        for point in many(competing_events.estimates(table)["incidence_by_kind"])
    }


def _hazards(table: TurnTable) -> Figures:
    """Return the hazard of each event in the first bin, and of the whole curve at once.

    Where the true hazard is constant, all bands hold it if the highest low end and the lowest high end do.
    """
    by_event: dict[str, list[Estimate]] = {}
    for point in many(hazard_by_kind.estimates(table)["hazard_by_kind"]):
        by_event.setdefault(f"hazard of {point.at['event']}", []).append(point)
    figures = {name: points[0] for name, points in by_event.items()}
    for name, points in by_event.items():
        low = max(float(str(point.at["band_low"])) for point in points)
        high = min(float(str(point.at["band_high"])) for point in points)
        figures[f"{name}, simultaneous"] = replace(points[0], low=low, high=high)
    return figures


def _parametric(table: TurnTable) -> Figures:
    return {
        f"{point.at['family']} horizon {point.at['level']}": point
        for point in many(parametric_horizon.estimates(table)["parametric_horizon"])
        if "level" in point.at
    }


def _rates(table: TurnTable) -> Figures:
    curve = error_by_turn.estimate(table)
    gaps = focus_gap.estimates(table)
    return {
        "error rate": error_rate.estimate(table),
        "error by turn, first bin": curve[0],
        "error by turn, last bin": curve[-1],
        "focus gap": one(gaps["focus_gap"]),
        "focus gap slope": one(gaps["focus_gap_slope"]),
    }


def _causes(table: TurnTable) -> Figures:
    found = decomposition.estimates(table)
    figures = {f"decomposition: {point.at['cause']}": point for point in many(found["decomposition"])}
    figures |= {
        f"order: {point.at['cause']}, {point.at['order']}": point for point in many(found["decomposition_orders"])
    }
    return figures | {"right answers help": many(found["decomposition_checks"])[0]}


def _pull(table: TurnTable) -> Figures:
    figures = {"self-conditioning": self_conditioning.estimate(table)}
    return figures | {"any error shown": self_conditioning.any_error(table)}


def _regression(table: TurnTable) -> Figures:
    return {f"regression: {point.at.get('term')}": point for point in many(regression.estimates(table)["regression"])}


def _chains(table: TurnTable) -> Figures:
    found = chains.estimates(table)
    by_length = {f"chain gap over {point.at['length']} turns": point for point in many(found["chain_gap_by_length"])}
    return {"chain gap": one(found["chain_gap"]), **by_length}


def _difficulty(table: TurnTable) -> Figures:
    rows = many(turns_against_difficulty.estimates(table)["turns_against_difficulty"])
    return {f"turn {point.at['held']} difficulty": point for point in rows if "held" in point.at}


def _aborted(table: TurnTable) -> Figures:
    return {"error rate with aborted episodes": one(aborted_bounds.estimates(table)["error_rate_bounds"])}


SOURCES: Mapping[str, Callable[[TurnTable], Figures]] = {
    "h50": _survival,
    "h80": _survival,
    "survival": _survival,
    "error at turn 1": _survival,
    "incidence": _incidence,
    "hazard": _hazards,
    "weibull": _parametric,
    "log-logistic": _parametric,
    "error rate with aborted": _aborted,
    "error": _rates,
    "focus gap": _rates,
    "decomposition": _causes,
    "order": _causes,
    "right answers": _causes,
    "self-conditioning": _pull,
    "any error": _pull,
    "regression": _regression,
    "turn after": _difficulty,
    "chain gap": _chains,
}
"""Which function has a figure, by the start of its name; the first that fits."""


def figures_of(table: TurnTable, names: Iterable[str]) -> Figures:
    """Return the named figures of a study, each estimator run once."""
    sources = dict.fromkeys(next(make for start, make in SOURCES.items() if name.startswith(start)) for name in names)
    found: dict[str, Estimate] = {}
    for make in sources:
        found |= make(table)
    return found


def rows_of(process: Hard, n_studies: int) -> list[dict[str, object]]:
    """Return a row per figure: its truth, how often it is held, and how often the interval is above or below."""
    tally: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for study in range(n_studies):
        found = figures_of(process.draw(np.random.default_rng([study, 17])), process.truths)
        for name, truth in process.truths.items():
            figure = found.get(name)
            if figure is None or (figure.low is None and figure.high is None):
                continue
            tally[name][0] += 1
            tally[name][1] += figure.low is not None and figure.low > truth + 1e-9
            tally[name][2] += figure.high is not None and figure.high < truth - 1e-9
    rows: list[dict[str, object]] = []
    for name, (given, above, below) in tally.items():
        held = given - above - below
        low, high = wilson(held / given, given)
        rows.append(
            {
                "process": process.name,
                "figure": name,
                "truth": process.truths[name],
                "given": given,
                "studies": n_studies,
                "coverage": held / given,
                "low": float(low),
                "high": float(high),
                "above": above / given,
                "below": below / given,
            }
        )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, default=300)
    parser.add_argument("--only", help="processes whose name holds this")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--out", type=Path, default=Path("results/coverage"))
    given = parser.parse_args()
    chosen = [process for process in PROCESSES if given.only is None or given.only in process.name]
    if not chosen:
        raise SystemExit(f"no process '{given.only}': {', '.join(process.name for process in PROCESSES)}")
    given.out.mkdir(parents=True, exist_ok=True)
    rows = _rows_on_disk(given.out / "processes.csv")
    is_done = {name: int(str(own[0]["studies"])) >= given.studies for name, own in rows.items()}
    chosen = [process for process in chosen if not is_done.get(process.name)]
    # Spawned, not forked: polars holds threads that a fork would deadlock on. By name: a process's draw has no pickle.
    with ProcessPoolExecutor(given.workers, get_context("spawn")) as pool:
        names = [process.name for process in chosen]
        for name, found in zip(names, pool.map(_by_name, names, [given.studies] * len(names)), strict=True):
            rows[name] = found
            _write([row for process in PROCESSES for row in rows.get(process.name, ())], given.out)
            for row in found:
                off = "" if float(str(row["coverage"])) >= 0.93 else "  <-"
                print(f"{row['process']:38} {row['figure']:42} {percents(row)}{off}", flush=True)


def _rows_on_disk(path: Path) -> dict[str, list[dict[str, object]]]:
    """Return the rows of earlier calls by process, with numbers where the columns have them."""
    rows: dict[str, list[dict[str, object]]] = defaultdict(list)
    for row in read_csv(path):
        rows[row["process"]].append({key: _KINDS.get(key, float)(value) for key, value in row.items()})
    return rows


def _write(rows: list[dict[str, object]], folder: Path) -> None:
    write_csv(folder / "processes.csv", rows, CRLF)
    (folder / "processes.md").write_text(process_table(rows))


def _by_name(name: str, n_studies: int) -> list[dict[str, object]]:
    return rows_of(next(process for process in PROCESSES if process.name == name), n_studies)


if __name__ == "__main__":
    main()
