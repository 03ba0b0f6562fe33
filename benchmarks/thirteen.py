"""SmolLM2 on all thirteen environments for 20 turns: error rates by turn, with their intervals and counts.

    python benchmarks/thirteen.py [--model smollm2] [--episodes 16] [--out results/thirteen]

The easiest settings that still have something to get wrong. Natural conversations and, every third turn, the same
states without their history.
"""

import argparse
import csv
import json
import sys
import tempfile
from pathlib import Path

from horizon.analysis.analyze import analyze_runs
from horizon.core.environment import open_environment
from horizon.core.errors import HorizonError
from horizon.play import session
from horizon.scenarios.scenario import make

SETTINGS = {
    "hanoi": "disks=2,rounds=0",
    "blocks_world": "blocks=2,rounds=0",
    "river_crossing": "pairs=2,boat=3,rounds=0",
    "checker_jumping": "checkers=1,rounds=0",
    "sliding_tiles": "scramble=2,rounds=0",
    "grid_walk": "size=2,map=none,rounds=0",
    "pddl": "rounds=0",
    "running_total": "words=4,largest=5",
    "permutation": "cups=2",
    "stack_machine": "",
    "list_editing": "length=3",
    "board_tracking": "question=turn",
    "endgame": "most_moves=2,rounds=0",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="smollm2")
    parser.add_argument("--episodes", type=int, default=16)
    parser.add_argument("--out", type=Path, default=Path("results/thirteen"))
    given = parser.parse_args()
    rows = []
    for name, settings in SETTINGS.items():
        text = f"{name}:{settings}" if settings else name
        open_environment(text)
        plan = {
            "environment": text,
            "model": given.model,
            "episodes": given.episodes,
            "turns": 20,
            "conditions": ["natural", "fresh"],
            "probe_every": 3,
            "max_tokens": 16,
            "dtype": "auto",
        }
        folder = Path(tempfile.mkdtemp()) / name
        try:
            session.run(make(plan, "thirteen"), folder)
        except HorizonError as problem:
            print(f"{text}: {problem}", file=sys.stderr)
            raise
        found = analyze_runs([folder]).to_dict()
        for each in [e for e in found["error_by_turn"] if e["turn"] is not None]:
            rows.append(
                [text, each["condition"], each["first_turn"], each["last_turn"], each["estimate"], each["low"]]
            )
            rows[-1] += [each["high"], each["n_episodes"], each["n_turns"]]
        gap = found["focus_gap"]
        rate = found["error_rate"]
        first = next(e for e in found["error_by_turn"] if e["condition"] == "natural")
        told = f"turns {first['first_turn']}-{first['last_turn']}: {100 * first['estimate']:.0f} % in error"
        print(
            f"{text:38} {told}; all: {100 * rate['estimate']:.0f} % ({100 * rate['low']:.0f} to "
            f"{100 * rate['high']:.0f}), focus gap {gap['estimate'] and 100 * gap['estimate']:.0f} points",
            flush=True,
        )
        given.out.mkdir(parents=True, exist_ok=True)
        with (given.out / "error_by_turn.csv").open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(
                [
                    "environment",
                    "condition",
                    "first_turn",
                    "last_turn",
                    "error_rate",
                    "low",
                    "high",
                    "n_episodes",
                    "n_turns",
                ]
            )
            writer.writerows(rows)
    about = {"command": " ".join(["python", *sys.argv]), "settings": SETTINGS}
    (given.out / "about.json").write_text(json.dumps(about, indent=2) + "\n")


if __name__ == "__main__":
    main()
