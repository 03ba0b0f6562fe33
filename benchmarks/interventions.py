"""Planted causes and the arms that must find them: synthetic models with one cause of errors each, played in full.

    python benchmarks/interventions.py [--studies 200] [--episodes 24] [--turns 10] [--out results/interventions]

Counts, for each process and arm, the studies whose 95 % interval of the arm's contrast excludes 0 on the side of the
cause, and on the other side. An arm whose cause is not planted may do so in 2.5 % on each side. A study of 24 episodes
of 10 turns costs about a second. `marks=2`: two tokens a message for a chat template, with which the one message of
recut:all is as long as the turns (without marks it has 15 % more tokens, which is an effect of length).
"""

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path

from planted import Planted, Row, row_of, table_of_causes, write_about, write_rows

import horizon
from horizon.analysis.analyze import table_of
from horizon.analysis.condition_contrast import contrast

ENVIRONMENT = "running_total"


PLANTED = (
    Planted("nothing", "hazard=0.2", ()),
    Planted("own errors in view", "hazard=0.1,conditioning=1", ("natural-hide:own", "natural-transplant")),
    Planted("length", "hazard=0.1,tokens=15,marks=2", ("padded-fresh",)),
    Planted("number of messages", "hazard=0.1,drift=0.25", ("natural-recut:all",)),
    Planted("rounded memory", "hazard=0.15,rounding=1.5", ("kv:4-natural",)),
)
# kv:4 harms where it errs more than natural, the others where natural errs more.
ARMS = {
    "natural-hide:own": (("natural", "hide:own"), 1),
    "natural-hide:other": (("natural", "hide:other"), 1),
    "kv:4-natural": (("natural", "kv:4"), -1),
    "kv:32-natural": (("natural", "kv:32"), -1),
    "natural-recut:all": (("natural", "recut:all"), 1),
    "natural-transplant": (("natural", "transplant"), 1),
    "padded-fresh": (("padded", "fresh"), 1),
}


def study(planted: Planted, seed: int, n_episodes: int, n_turns: int, folder: Path) -> dict[str, tuple[bool, bool]]:
    """Return for each arm whether its interval lies wholly on the side of harm, and wholly on the other side."""
    keys = {"episodes": n_episodes, "turns": n_turns, "seed": seed}
    donor = folder / f"donor-{seed}"
    if not donor.exists():
        horizon.play(ENVIRONMENT, model="synthetic:hazard=0", out=donor, conditions=["natural"], **keys)
    conditions = ["natural", "fresh", "padded", "hide:own", "hide:other", "kv:4", "kv:32", "recut:all"]
    run = horizon.play(
        ENVIRONMENT, model=f"synthetic:{planted.model}", conditions=[*conditions, f"transplant:{donor}"], **keys
    )
    turns = table_of(run.parts)
    sides: dict[str, tuple[bool, bool]] = {}
    for arm, ((minuend, subtrahend), sign) in ARMS.items():
        figure = contrast(turns, minuend, f"{subtrahend}:{donor}" if subtrahend == "transplant" else subtrahend)
        low, high = sorted((sign * (figure.low or 0.0), sign * (figure.high or 0.0)))
        sides[arm] = low > 0, high < 0
    return sides


def rows_of(planted: Planted, seeds: Sequence[int], n_episodes: int, n_turns: int) -> list[Row]:
    """Return a row per arm: in how many studies it found harm, and the opposite."""
    tally = {arm: [0, 0] for arm in ARMS}
    with tempfile.TemporaryDirectory() as folder:
        for seed in seeds:
            for arm, (harms, helps) in study(planted, seed, n_episodes, n_turns, Path(folder)).items():
                tally[arm][0] += harms
                tally[arm][1] += helps
    return [
        row_of(planted, arm, {"harm": harms, "opposite": helps}, len(seeds)) for arm, (harms, helps) in tally.items()
    ]


def table(rows: Sequence[Row]) -> str:
    """Return the counts as a Markdown table: studies that found harm + those that found the opposite; planted bold."""
    return table_of_causes(rows, tuple(ARMS), ["harm", "opposite"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, default=200)
    parser.add_argument("--episodes", type=int, default=24)
    parser.add_argument("--turns", type=int, default=10)
    parser.add_argument("--out", type=Path, default=Path("results/interventions"))
    given = parser.parse_args()
    rows: list[Row] = []
    for planted in PLANTED:
        rows += rows_of(planted, range(1, given.studies + 1), given.episodes, given.turns)
        print(table([row for row in rows if row["cause"] == planted.cause]), flush=True)
    write_rows(given.out / "interventions.csv", rows)
    write_about(given.out, "python benchmarks/interventions.py", given)
    (given.out / "table.md").write_text(table(rows))


if __name__ == "__main__":
    main()
