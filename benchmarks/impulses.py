"""Planted causes and the impulses and mitigations that must find them: synthetic models, played in full.

    python benchmarks/impulses.py [--studies 40] [--episodes 80] [--turns 10] [--out results/impulses]

Counts, for each process and arm, the studies that find an effect: an impulse where the bands of `impulse_response`
exclude 0 at some lag, a mitigation where the interval of its gain excludes 0. An arm whose cause is not planted may do
so in 5 %. `kind=unparsable`: replies that can't be played, which `retry` asks about again. Cost: 4 s a study.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from planted import Planted, Row, row_of, table_of_causes, write_about, write_rows

import horizon
from horizon.analysis.analyze import table_of
from horizon.analysis.estimators import impulse_response, mitigations
from horizon.core.estimator import Estimate

ENVIRONMENT = "running_total"
IMPULSES = ("impulse:reminder", "impulse:blank", "impulse:right", "impulse:error")
MITIGATIONS = ("remind:3", "retry", "selfcheck")
ARMS = (
    "natural - impulse:reminder",
    "natural - impulse:blank",
    "natural - impulse:right",
    "impulse:error - impulse:right",
    *MITIGATIONS,
)


PLANTED = (
    Planted("nothing", "hazard=0.3", ()),
    Planted(
        "reminders help, for a while", "hazard=0.7,reminder=-4,fading=2", ("natural - impulse:reminder", "remind:3")
    ),
    Planted(
        "own errors in view",
        "hazard=0.2,conditioning=1",
        ("natural - impulse:right", "impulse:error - impulse:right"),
    ),
    Planted("number of messages", "hazard=0.00001,drift=3", ("natural - impulse:blank",)),
    Planted("unreadable replies", "hazard=0.3,kind=unparsable", ("retry",)),
)


def study(planted: Planted, seed: int, n_episodes: int, n_turns: int) -> dict[str, bool]:
    """Return for each arm whether it finds an effect."""
    run = horizon.play(
        ENVIRONMENT,
        model=f"synthetic:{planted.model}",
        conditions=["natural", *IMPULSES, *MITIGATIONS],
        episodes=n_episodes,
        turns=n_turns,
        seed=seed,
    )
    turns = table_of(run.parts)
    sides = dict.fromkeys(ARMS, False)
    for point in _listed(impulse_response.estimates(turns)["impulse_response"]):
        low, high = point.at["band_low"], point.at["band_high"]
        sides[str(point.at["contrast"])] |= _excludes_zero(low, high)
    for figure in _listed(mitigations.estimates(turns)["mitigations"]):
        if figure.at["of"] == mitigations.GAIN:
            sides[str(figure.at["condition"])] = _excludes_zero(figure.low, figure.high)
    return sides


def rows_of(planted: Planted, seeds: Sequence[int], n_episodes: int, n_turns: int) -> list[Row]:
    """Return a row per arm: in how many studies it found an effect."""
    tally = dict.fromkeys(ARMS, 0)
    for seed in seeds:
        for arm, is_shown in study(planted, seed, n_episodes, n_turns).items():
            tally[arm] += is_shown
    return [row_of(planted, arm, {"found": n_shown}, len(seeds)) for arm, n_shown in tally.items()]


def table(rows: Sequence[Row]) -> str:
    """Return the counts as a Markdown table; planted causes bold."""
    return table_of_causes(rows, ARMS, ["found"])


def _listed(answer: Estimate | list[Estimate]) -> list[Estimate]:
    return answer if isinstance(answer, list) else [answer]


def _excludes_zero(low: object, high: object) -> bool:
    return isinstance(low, float) and isinstance(high, float) and (low > 0 or high < 0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, default=40)
    parser.add_argument("--episodes", type=int, default=80)
    parser.add_argument("--turns", type=int, default=10)
    parser.add_argument("--only", default="", help="causes whose name holds this")
    parser.add_argument("--out", type=Path, default=Path("results/impulses"))
    given = parser.parse_args()
    rows: list[Row] = []
    for planted in (planted for planted in PLANTED if given.only in planted.cause):
        rows += rows_of(planted, range(1, given.studies + 1), given.episodes, given.turns)
        print(table([row for row in rows if row["cause"] == planted.cause]), flush=True)
        # Written after each, so that a stopped run keeps what is done.
        write_rows(given.out / "planted.csv", rows)
    write_about(given.out, "python benchmarks/impulses.py", given)


if __name__ == "__main__":
    main()
