"""How often 95 % intervals hold the truth: a thousand simulated studies of each known process, every estimator.

    python benchmarks/coverage.py [--studies 1000] [--only "no fading"] [--out results/coverage]

The truth of a cause (self-conditioning, the regression's terms) is the process's own parameter; that of the other
figures is the same estimator on one study of 40,000 episodes, so that a coverage judges the interval. Figures whose
truth has a formula are in process_coverage.py. Simultaneous bands must hold the whole true curve. About 10 minutes.
"""

import argparse
import json
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from answers import many, one
from coverage_tables import pivot
from csv_files import CRLF, write_csv
from known_processes import KNOWN, Known, facts, studies

from horizon.analysis.estimators import (
    comparison,
    decomposition,
    error_by_turn,
    error_rate,
    focus_gap,
    loss,
    regression,
    self_conditioning,
    skill,
    smooth,
    survival,
)
from horizon.analysis.stats.shares import wilson
from horizon.analysis.turn_table import TurnTable
from horizon.core.estimator import Estimate

TRUTH_EPISODES = 40_000
Figures = dict[str, Estimate]


def figures(table: TurnTable) -> Figures:
    """Return every figure that coverage is counted for, by name."""
    found: Figures = {"error rate": error_rate.estimate(table), "mean loss": loss.estimate(table)}
    found["skill"] = skill.estimate(table)
    curve = error_by_turn.estimate(table)
    found |= {"error by turn, first bin": curve[0], "error by turn, last bin": curve[-1]}
    gaps = focus_gap.estimates(table)
    for name in ("focus_gap", "focus_gap_slope", "practice", "focus_loss"):
        found[name.replace("_", " ")] = one(gaps[name])
    lives = survival.estimates(table)
    points = {int(str(each.at["turn"])): each for each in many(lives["survival"])}
    # A curve that has come down to 0 stays there.
    ended = points[max(points)] if points[max(points)].estimate == 0 else None
    lived = {turn: points.get(turn, ended) for turn in (2, 5, 10)}
    found |= {f"survival after {turn} turns": each for turn, each in lived.items() if each is not None}
    for name in ("h50", "h80", "fading_hazard"):
        found[name.replace("_", " ")] = one(lives[name])
    found["self-conditioning"] = self_conditioning.estimate(table)
    found |= {f"dose {each.at['corrupted']}": each for each in self_conditioning.dose_response(table)}
    found |= {f"recovery after {each.at['turns_after_error']}": each for each in self_conditioning.recovery(table)[:2]}
    for each in many(decomposition.estimates(table)["decomposition"]):
        found[f"decomposition: {each.at['cause']}"] = each
    for each in many(regression.estimates(table)["regression"]):
        found[f"regression: {each.at['term']}"] = each
    natural = table.samples["natural"]
    for axis, position in (("turn", natural.turn.astype(float)), ("context_tokens", natural.context_tokens)):
        for each in smooth.curve(table, natural, position, {"condition": "natural"}, axis):
            found[f"smooth by {axis} at {each.at[axis]}"] = each
    return found


def holds(found: Estimate, truth: float, *, band: bool = False) -> bool | None:
    """Tell whether an interval holds the truth; null where there is none. An open end holds all beyond."""
    low, high = (found.at["band_low"], found.at["band_high"]) if band else (found.low, found.high)
    if low is None and high is None:
        return None
    return (low is None or float(str(low)) <= truth + 1e-9) and (high is None or float(str(high)) >= truth - 1e-9)


def count(known: Known, truths: dict[str, float | None], n_studies: int, seed: int) -> dict[str, list[int]]:
    """Return for each figure [studies whose interval holds the truth, studies that give one]."""
    tally: dict[str, list[int]] = defaultdict(lambda: [0, 0])

    def tell(name: str, held: bool | None) -> None:
        if held is not None:
            tally[name][0] += held
            tally[name][1] += 1

    for table, pair in zip(
        studies(known, n_studies, known.n_episodes, seed),
        studies(_other(known), n_studies, known.n_episodes, seed, replies=1),
        strict=True,
    ):
        found = figures(table)
        bands: dict[str, list[bool]] = defaultdict(list)
        for name, each in found.items():
            truth = truths.get(name)
            if truth is None:
                continue
            family, is_smooth, _ = name.partition(" at ")
            tell(f"{family}, pointwise" if is_smooth else name, holds(each, truth))
            if is_smooth:
                bands[f"{family}, simultaneous"].append(bool(holds(each, truth, band=True)))
        for name, held in bands.items():
            tell(name, all(held))
        tell("comparison, paired", _compared(table, pair, truths))
        if known.cause is not None:
            parts = {name: each.estimate or 0.0 for name, each in found.items() if name.startswith("decomposition: ")}
            parts.pop("decomposition: whole rise")
            own = found[f"decomposition: {known.cause}"]
            tell("named: right cause is the largest", max(parts, key=lambda name: parts[name]).endswith(known.cause))
            tell("named: right cause is above 0", own.low is not None and own.low > 0)
    return dict(tally)


def rows_of(known: Known, n_studies: int, truth_episodes: int = TRUTH_EPISODES) -> Iterator[dict[str, object]]:
    """Yield a row a figure: the truth, how often it is held, and the uncertainty of that."""
    whole = next(iter(studies(known, 1, truth_episodes, 999_983)))
    truths: dict[str, float | None] = {name: each.estimate for name, each in figures(whole).items()}
    truths |= causal_truths(known)
    others = next(iter(studies(_other(known), 1, truth_episodes, 999_983, replies=1)))
    rates = [error_rate.estimate(table).estimate for table in (whole, others)]
    truths["comparison"] = (rates[0] or 0.0) - (rates[1] or 0.0)
    for name, (held, given) in count(known, truths, n_studies, 1).items():
        low, high = wilson(held / given, given)
        yield {
            "process": known.name,
            "figure": name,
            "truth": truths.get("comparison" if name.startswith("comparison") else name),
            "held": held,
            "given": given,
            "studies": n_studies,
            "coverage": held / given,
            "low": float(low),
            "high": float(high),
        }


def causal_truths(known: Known) -> dict[str, float | None]:
    """Return the odds ratios of the process's own causes: what pairs of one state differ by."""
    process = known.process
    pull = float(np.exp(process.conditioning))
    return {
        "self-conditioning": pull,
        "regression: error shown": pull,
        "regression: turn shown": float(np.exp(process.drift)),
        "regression: 1,000 tokens": float(np.exp(process.tokens)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, default=1000)
    parser.add_argument("--only", help="one process by its name")
    parser.add_argument("--truth-episodes", type=int, default=TRUTH_EPISODES, help="of the study that gives the truth")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--out", type=Path, default=Path("results/coverage"))
    given = parser.parse_args()
    chosen = [known for known in KNOWN if given.only in (None, known.name)]
    if not chosen:
        raise SystemExit(f"no process '{given.only}': {', '.join(known.name for known in KNOWN)}")
    rows: list[dict[str, object]] = []
    # Spawned, not forked: polars holds threads that a fork would deadlock on.
    with ProcessPoolExecutor(given.workers, get_context("spawn")) as pool:
        n = len(chosen)
        played = pool.map(_listed, chosen, [given.studies] * n, [given.truth_episodes] * n)
        for known, found in zip(chosen, played, strict=True):
            rows += found
            missed = [row for row in found if not str(row["figure"]).startswith("named") and _is_off(row)]
            print(f"{known.name}: {len(found)} figures, {len(missed)} outside 93 to 97 %", flush=True)
            for row in found:
                mark = "  <-" if row in missed else ""
                print(f"    {row['figure']:42} {100 * float(str(row['coverage'])):5.1f} % of {row['given']}{mark}")
    given.out.mkdir(parents=True, exist_ok=True)
    write_csv(given.out / "coverage.csv", rows, CRLF)
    (given.out / "table.md").write_text(pivot(rows))
    about = {
        "command": "python benchmarks/coverage.py",
        "studies": given.studies,
        "truth_episodes": given.truth_episodes,
    }
    (given.out / "about.json").write_text(json.dumps(about, indent=1) + "\n")


def _listed(known: Known, n_studies: int, truth_episodes: int) -> list[dict[str, object]]:
    return list(rows_of(known, n_studies, truth_episodes))


def _is_off(row: dict[str, object]) -> bool:
    return not 0.93 <= float(str(row["coverage"])) <= 0.97


def _other(known: Known) -> Known:
    """Return the same states played by a model whose hazard has 1.5 times the odds."""
    odds = 1.5 * known.process.hazard / (1 - known.process.hazard)
    return replace(known, process=replace(known.process, hazard=odds / (1 + odds)))


def _compared(one: TurnTable, other: TurnTable, truths: dict[str, float | None]) -> bool | None:
    """Tell whether the comparison of two models on the same instances holds the true difference."""
    n, sample = one.n_episodes, other.samples["natural"]
    first = one.samples["natural"]
    joined: dict[str, Any] = {
        name: np.array([*getattr(first, name), *(getattr(sample, name) + (n if name == "cluster" else 0))])
        for name in first.__slots__
        if name != "extra"
    }
    both = facts("a", n), facts("b", n)
    table = TurnTable(
        {"natural": type(first)(**joined)},
        type(both[0])(*(getattr(both[0], name) + getattr(both[1], name) for name in both[0].__slots__)),
    )
    found = many(comparison.estimates(table)["comparison"])
    truth = truths["comparison"]
    return None if not found or truth is None else holds(found[0], truth)


if __name__ == "__main__":
    main()
