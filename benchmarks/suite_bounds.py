"""How often broken models err in the shipped suites, and the bounds that tell them from a model that works.

    python benchmarks/suite_bounds.py [SUITE...] [--episodes 16] [--judge-nodes 2000]

Three models per scenario, natural turns only: a uniformly random mover, one that always gives the same well-formed
reply, and one that is silent. Prints a line per scenario, and writes results/gates/suites.json.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from horizon.core.errors import ModelFailure
from horizon.core.model import Request
from horizon.core.records import Json, Reply
from horizon.play.opening import OpenParts, open_setting
from horizon.play.session import RunOptions, run_opened
from horizon.scenarios.scenario import Scenario, read_suite

SUITES = ("smoke", "execution", "tracking", "planning", "puzzles", "chess", "ood", "focus", "paper")
OUT = Path("results/gates/suites.json")


@dataclass
class Broken:
    """A model that gives one reply for ever: the given text, or the first action of the first state."""

    name: str
    text: str | None = None
    reads_text: bool = True

    def identity(self) -> Mapping[str, Json]:
        return {"text": self.text}

    def reply(self, requests: Sequence[Request]) -> list[Reply | ModelFailure]:
        if self.text is None:
            posed = requests[0].posed
            self.text = posed.render(posed.actions()[0])
        return [Reply(self.text) for _ in requests]

    def count_tokens(self, text: str) -> int | None:
        return len(text.split())

    def close(self) -> None:
        pass


def error_rate(scenario: Scenario, model: Broken | None) -> tuple[float, int, int]:
    """Return the share of natural turns that are errors, with the turns and episodes that were counted."""
    parts = OpenParts(model=model)
    with tempfile.TemporaryDirectory(prefix="horizon-bounds-") as folder, open_setting(scenario, parts) as setting:
        path = Path(folder) / "run"
        run_opened(setting, path, RunOptions())
        turns = pl.read_parquet(path / "turns.parquet", columns=["condition", "error", "episode_id"])
    natural = turns.filter(pl.col("condition") == "natural")
    return float((natural["error"] != "none").mean() or 0.0), natural.height, natural["episode_id"].n_unique()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("suites", nargs="*", default=list(SUITES))
    parser.add_argument("--episodes", type=int, default=16)
    parser.add_argument("--judge-nodes", type=int, default=2000)
    given = parser.parse_args()
    rows = json.loads(OUT.read_text())["rows"] if OUT.exists() else []
    for name in given.suites:
        suite = read_suite(name, model="random")
        for variant in suite.variants:
            scenario = variant.scenario.model_copy(
                update={
                    "conditions": ("natural",),
                    "episodes": min(given.episodes, variant.scenario.episodes),
                    "turns": min(24, variant.scenario.turns),
                    "judge_nodes": given.judge_nodes,
                    "timeout_s": 60.0,
                }
            )
            row: dict[str, object] = {"suite": name, "scenario": variant.name, "planned": variant.scenario.episodes}
            row["judge_nodes"] = given.judge_nodes
            for label, model in (
                ("random", None),
                ("same reply", Broken("same")),
                ("silent", Broken("silent", "")),
            ):
                rate, n_turns, n_episodes = error_rate(scenario, model)
                row[label] = round(rate, 3)
                row |= {"turns": n_turns, "episodes": n_episodes}
            rows = [other for other in rows if (other["suite"], other["scenario"]) != (name, variant.name)] + [row]
            print(json.dumps(row), flush=True)
            OUT.parent.mkdir(parents=True, exist_ok=True)
            found = {"command": f"python {' '.join(sys.argv)}", "rows": rows}
            OUT.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
