"""Hold gates against models whose truth is known: false alarms, power, and episodes used, with sequential stopping on.

    python benchmarks/gates.py suite [--repetitions 200]     real runs of benchmarks/gates.toml: about 4 minutes
    python benchmarks/gates.py bounds [--studies 2000]       simulated turns, truth at the bound: about 2 minutes
    python benchmarks/gates.py sample [--studies 1000]       episodes used against a fixed sample: about 1 minute

Simulated studies are settled after any instance, not only at checks, so that their false alarms are at least those
of real runs. Wilson intervals. Writes a JSON file a part into results/gates, and with all three there the table.
"""

import argparse
import json
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from known_processes import Known, facts, studies
from numpy.typing import NDArray

from horizon.analysis.claims import Claim
from horizon.analysis.gate_sums import Limits
from horizon.analysis.gates import checkpoints, decide, overall
from horizon.analysis.stats.intervals import share
from horizon.analysis.stats.shares import wilson
from horizon.analysis.turn_table import Sample, TurnTable
from horizon.models.synthetic import Process
from horizon.play.gate import play_gate
from horizon.scenarios.scenario import read_suite

SUITE = Path(__file__).parent / "gates.toml"
OUT = Path("results/gates")
ALPHA = 0.05
MODELS = {
    "as released": "synthetic:hazard=0.05",
    "loses focus": "synthetic:hazard=0.05,drift=0.35,conditioning=0.4",
}


def play_suite(task: tuple[str, int]) -> dict[str, object]:
    """Play the suite with one model and seed in real sessions; return verdicts and episodes used."""
    model, seed = task
    suite, verdicts, used = read_suite(str(SUITE), model=model, seed=seed), [], []
    folder = Path(tempfile.mkdtemp(prefix="horizon-gates-"))
    try:
        for variant in suite.variants:
            run = play_gate(variant.scenario, folder / variant.folder)
            verdicts.append(run.verdict)
            used.append(run.n_episodes)
    finally:
        shutil.rmtree(folder)
    return {"verdicts": verdicts, "used": used, "names": [each.name for each in suite.variants]}


def suite_part(repetitions: int) -> list[dict[str, object]]:
    rows = []
    with get_context("spawn").Pool(2) as pool:
        for name, model in MODELS.items():
            found = pool.map(play_suite, [(model, seed) for seed in range(repetitions)], chunksize=5)
            worst = Counter(_worst(each["verdicts"]) for each in found)
            used = np.array([each["used"] for each in found], dtype=float)
            rows.append(
                {
                    "model": name,
                    "process": model,
                    "repetitions": repetitions,
                    **{verdict: _share(worst[verdict], repetitions) for verdict in ("failed", "passed", "undecided")},
                    "mean_episodes_a_scenario": dict(zip(found[0]["names"], used.mean(axis=0).round(1), strict=True)),
                    "most_episodes": 48,
                }
            )
            print(json.dumps(rows[-1]), flush=True)
    return rows


def _worst(verdicts: object) -> str:
    """Return the suite's verdict: failed where a scenario failed, passed where all passed."""
    assert isinstance(verdicts, list)
    return next((each for each in ("aborted", "failed", "undecided") if each in verdicts), "passed")


def bounds_part(n_studies: int) -> list[dict[str, object]]:
    """Put the truth exactly at the bound: both verdicts are then wrong or unproven, each at most at alpha."""
    rows = []
    for name, claims, tables, limits in at_the_bound(n_studies):
        counts = Counter[str]()
        for table in tables:
            counts[overall(decide(claims, table, ALPHA, limits))] += 1
        rows.append(
            {
                "case": name,
                "studies": n_studies,
                **{each: _share(counts[each], n_studies) for each in ("failed", "passed")},
            }
        )
        print(json.dumps(rows[-1]), flush=True)
    return rows


Case = tuple[str, list[Claim], Iterator[TurnTable], Limits]


def at_the_bound(n: int) -> Iterator[Case]:
    """Yield claims and studies of 64 episodes whose truth is the claims' bound."""
    turns, episodes = 12, 64
    limits = Limits(turns)

    def drawn(hazard: float, seed: int) -> Iterator[TurnTable]:
        known = Known("boundary", Process(hazard=hazard), n_episodes=episodes, n_turns=turns)
        return studies(known, n, episodes, seed)

    def at_most(bound: float, last: int | None = None) -> Claim:
        return Claim("error_rate", "at_most", bound, "natural", 1, last)

    yield "error rate 0.2, turns independent", [at_most(0.2)], drawn(0.2, 1), limits
    yield "error rate 0.05, turns independent", [at_most(0.05)], drawn(0.05, 2), limits
    whole = _simulated(n, episodes, turns, 3, lambda draw, shape: draw.random(shape) < 0.2)
    yield "error rate 0.2, episodes wholly right or wrong", [at_most(0.2)], whole, limits
    beta = _simulated(n, episodes, turns, 4, lambda draw, shape: draw.beta(0.5, 2.0, shape))
    yield "error rate 0.2, episodes of beta hardness", [at_most(0.2)], beta, limits
    # Harder episodes are longer too, so that the rate over turns is not the mean of the episodes' rates.
    mixed = _simulated(n, episodes, turns, 5, lambda draw, shape: np.where(draw.random(shape) < 0.5, 0.4, 0.1), True)
    yield "error rate 0.3, longer episodes harder", [at_most(0.3)], mixed, limits
    yield "focus gap 0", [Claim("focus_gap", "at_most", 0.0)], drawn(0.2, 6), limits
    yield "h50 6", [Claim("h50", "at_least", 6.0)], drawn(1 - 0.5 ** (1 / 5), 7), limits
    # An error loses what random play does, 0.4 on average, and a right action 0.01.
    skill = 1 - (0.2 + 0.8 * 0.01 / 0.4)
    yield f"skill {skill:g}", [Claim("skill", "at_least", skill)], drawn(0.2, 8), limits
    many = [at_most(0.2), at_most(0.2, 6), Claim("focus_gap", "at_most", 0.0), Claim("skill", "at_least", skill)]
    yield "four claims in one scenario", many, drawn(0.2, 9), limits


def _simulated(
    n: int,
    episodes: int,
    turns: int,
    seed: int,
    chance: Callable[[np.random.Generator, tuple[int, int]], NDArray[np.floating] | NDArray[np.bool_]],
    is_longer_when_harder: bool = False,
) -> Iterator[TurnTable]:
    """Yield studies whose episodes differ in their chance of an error at any turn."""
    draw = np.random.default_rng([seed, 0])
    for _ in range(n):
        chances = np.asarray(chance(draw, (episodes, 1)), dtype=float)
        errors = draw.random((episodes, turns)) < chances
        # (0.5 * 12 * 0.4 + 0.5 * 6 * 0.1) / (0.5 * 12 + 0.5 * 6) is 0.3.
        lengths = np.where(is_longer_when_harder & (chances < 0.25), turns // 2, turns)
        cluster, place = np.nonzero(np.arange(turns)[None, :] < lengths)
        is_error = errors[cluster, place]
        count = len(place)
        unknown = np.full(count, np.nan)
        none = np.zeros(count, dtype=np.int64)
        sample = Sample(cluster, place + 1, is_error, is_error * 4, unknown, unknown, unknown, none, none, none)
        yield TurnTable({"natural": sample}, facts("synthetic", episodes))


def sample_part(n_studies: int) -> list[dict[str, object]]:
    """Compare the episodes that sequential gates use with one look at a fixed sample, at the same alpha.

    The fixed sample's test is the interval of `horizon analyze` at one look; looked at after each look of a run
    instead, its false alarms are what peeking costs.
    """
    rows = []
    for truth, bound in ((0.05, 0.2), (0.1, 0.2), (0.2, 0.2), (0.3, 0.2), (0.4, 0.2), (0.6, 0.2)):
        process = replace(Process(), hazard=truth)
        claim, limits, most = Claim("error_rate", "at_most", bound), Limits(12), 96
        counts, used, peeked = Counter[str](), [], 0
        fixed = {look: Counter[str]() for look in checkpoints(most)}
        for table in studies(Known("sample", process, n_episodes=most, n_turns=12), n_studies, most, 10):
            verdict, look = "undecided", most
            sample = table.samples["natural"]
            errors = np.bincount(sample.cluster, weights=sample.is_error.astype(float))
            told = []
            for look in checkpoints(most):
                found = share(errors[:look], np.full(look, 12.0))
                told.append("failed" if found.low > bound else "passed" if found.high <= bound else "undecided")
                fixed[look][told[-1]] += 1
            for look in checkpoints(most):
                part = table.choose(np.arange(most) < look)
                verdict = decide([claim], part, ALPHA, limits)[0].verdict
                if verdict != "undecided":
                    break
            counts[verdict] += 1
            used.append(look)
            peeked += "failed" in told
        right = "failed" if truth > bound else "passed"
        enough = [look for look in checkpoints(most) if fixed[look][right] >= 0.9 * n_studies]
        rows.append(
            {
                "truth": truth,
                "bound": bound,
                "studies": n_studies,
                **{each: _share(counts[each], n_studies) for each in ("failed", "passed", "undecided")},
                "mean_episodes": round(float(np.mean(used)), 1),
                "ninety_percent_by": int(np.quantile(used, 0.9)),
                "fixed_sample_for_90_percent": enough[0] if enough and truth != bound else None,
                "failed_by_peeking_at_fixed_intervals": _share(peeked, n_studies),
            }
        )
        print(json.dumps(rows[-1]), flush=True)
    return rows


def _share(count: int, of: int) -> dict[str, float]:
    low, high = wilson(count / of, of)
    return {"share": count / of, "low": round(float(low), 4), "high": round(float(high), 4)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=("suite", "bounds", "sample"))
    parser.add_argument("--repetitions", type=int, default=200)
    parser.add_argument("--studies", type=int, default=2000)
    parser.add_argument("--out", type=Path, default=OUT)
    given = parser.parse_args()
    parts = {"bounds": bounds_part, "sample": sample_part}
    rows = suite_part(given.repetitions) if given.part == "suite" else parts[given.part](given.studies)
    given.out.mkdir(parents=True, exist_ok=True)
    command = f"python benchmarks/gates.py {given.part}"
    (given.out / f"{given.part}.json").write_text(json.dumps({"command": command, "rows": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()
