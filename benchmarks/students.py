"""Students that horizon distil made, played from their history and afresh: the rows of results/students.

    python benchmarks/students.py FOLDER [--out results/students] [--episodes 40] [--only NAME]

FOLDER holds one student per folder, each with its card. Chess is played against Stockfish level 1 for 40 turns, other
tasks for 60; probes at every fourth turn of chess and every sixth of the others. Runs in results/play/students are
continued, and rows of other students are kept. `--only tables` plays nothing and makes tables and pictures anew.
"""

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import polars as pl
import students_tables as tables
import students_trends as trends
from csv_files import read_csv, write_csv
from students_tables import CONDITIONS, NOT_ASKED, UNPLAYABLE, Card

from horizon.play import session
from horizon.runs import run_folder
from horizon.scenarios.scenario import make

NOT_PLAYED = ("illegal", "unparsable", "no_answer", "truncated")
MADE_FROM = "rows.csv"


def scenario_of(folder: Path, card: Card, episodes: int) -> dict[str, Any]:
    """Return the scenario that a student is played in."""
    given: dict[str, Any] = {
        "model": f"hf:{folder}",
        "environment": "chess:show=fen,later=last_move,notation=uci" if card.is_chess else card.environment,
        "episodes": episodes,
        "turns": 40 if card.is_chess else 60,
        "conditions": CONDITIONS,
        "probe_every": 4 if card.is_chess else 6,
        "max_tokens": 8,
        "seed": 1000,
    }
    return given | ({"opponents": ("stockfish:level=1",), "judge_nodes": 1000} if card.is_chess else {})


def played(folder: Path, card: Card, episodes: int) -> Path:
    """Return the finished run folder of a student."""
    out = Path("results/play/students") / card.student
    if not (out / "manifest.json").exists() or not run_folder.is_finished(out):
        options = session.RunOptions(resume=(out / "manifest.json").exists())
        session.run(make(scenario_of(folder, card, episodes), "students"), out, options, say=print)
    return out


def card_of(folder: Path) -> Card:
    """Return what the tool wrote beside a student's weights."""
    data = json.loads((folder / "card.json").read_text(encoding="utf-8"))
    recipe = data["recipe"]
    is_chess = recipe["environment"] == "chess"
    return Card(
        student=folder.name,
        environment=recipe["environment"],
        size=recipe["size"],
        targets=recipe["targets"] if is_chess else "exact",
        parameters=data["parameters"],
        steps=recipe["steps"],
        batch_tokens=recipe["batch_tokens"],
        lessons=recipe["lessons"],
        loss=data["loss"],
        device=data["device"],
        seconds=data["seconds"],
        seed=recipe["seed"],
    )


def coded(turns: pl.DataFrame, student: str) -> list[dict[str, str]]:
    """Return the rows of a run: one per game and condition, a character per turn."""
    lines = []
    for condition in CONDITIONS:
        games: dict[str, dict[int, str]] = {}
        some = turns.filter(pl.col("condition") == condition).sort("episode_id", "turn")
        for episode, turn, error, correct in some.select("episode_id", "turn", "error", "correct").iter_rows():
            code = UNPLAYABLE if error in NOT_PLAYED else "." if correct else "w"
            games.setdefault(episode, {})[turn] = code
        for episode in sorted(turns["episode_id"].unique()):
            game = games.get(episode, {})
            codes = "".join(game.get(turn, NOT_ASKED) for turn in range(1, max(game, default=0) + 1))
            lines.append({"student": student, "condition": condition, "turns": codes})
    return lines


def write_tables(out: Path) -> None:
    """Write the tables and pictures of the rows that are there."""
    rows, cards = tables.read_rows(out / MADE_FROM), tables.read_cards(out / "cards.csv")
    (out / "tables.md").write_text(trends.all_tables(rows, cards), encoding="utf-8")
    for name, some in (
        ("chess", tables.ladder(cards)),
        ("bookkeeping", [card for card in cards if not card.is_chess]),
    ):
        if some:
            tables.draw(rows, some, out / f"{name}.png")


def main() -> None:
    """Play the students, add their rows, and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("students", type=Path)
    parser.add_argument("--out", type=Path, default=Path("results/students"))
    parser.add_argument("--episodes", type=int, default=40)
    parser.add_argument("--only", help="the name of one student, or tables")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    for path in sorted(given.students.glob("*/card.json")):
        if given.only not in (None, path.parent.name):
            continue
        card = card_of(path.parent)
        new = coded(run_folder.read_turns(played(path.parent, card, given.episodes)), card.student)
        for name, own in ((MADE_FROM, new), ("cards.csv", [asdict(card)])):
            file = given.out / name
            known = read_csv(file)
            kept = [row for row in known if row["student"] != card.student]
            write_csv(file, sorted([*kept, *own], key=lambda row: row["student"]))
    write_tables(given.out)


if __name__ == "__main__":
    main()
