"""How many puzzles of a pack Stockfish solves, and random play: the ceiling and the floor of the environment `puzzle`.

    python benchmarks/pack_solved.py [--pack horizon] [--nodes 20000] [--random 20]

One episode through the whole pack, every puzzle once, judged by the solutions alone. A puzzle is solved when every
one of its moves is right. What random play must come to is known exactly: in each position, the share of the legal
moves that are right; of a puzzle, the product over its turns. Both are held against what it came to. Intervals are
Wilson's, at 95 %.
"""

import argparse
import json
import math
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from horizon.analysis.stats.shares import wilson
from horizon.core.environment import open_environment
from horizon.core.records import Turn
from horizon.play import session
from horizon.runs import run_folder
from horizon.scenarios.scenario import make


@dataclass(frozen=True, slots=True)
class Expected:
    """A puzzle's name, and for each of its turns the share of the legal moves that are right."""

    name: str
    shares: tuple[float, ...]


def expected(pack: str) -> Iterator[Expected]:
    """Yield every puzzle of a pack once, in the order of the episode."""
    task = open_environment("puzzle:rounds=0", {"pack": pack})
    state, name, shares = task.reset(0), "", []
    names: set[str] = set()
    while True:
        if not state.moves:
            if name:
                yield Expected(name, tuple(shares))
            if state.name in names:
                return
            name, shares = state.name, []
            names.add(name)
        lost = task.judge(state, None).random_loss
        assert lost is not None  # without scores the line judges
        shares.append(1 - lost)
        state = task.step(state, task.actions(state)[0])


def play(model: str, pack: str, turns: int, episodes: int, folder: Path) -> list[Turn]:
    """Return the turns of so many episodes through the whole pack."""
    scenario = make(
        {
            "environment": "puzzle",
            "parameters": {"pack": pack, "rounds": 0},
            "model": model,
            "conditions": ["natural"],
            "episodes": episodes,
            "turns": turns,
            "judge_engine": "none",
        },
        "benchmark",
    )
    session.run(scenario, folder)
    return list(run_folder.iterate_turns(folder))


def solved(rows: Sequence[Turn]) -> dict[tuple[str, str], bool]:
    """Return whether each puzzle of each episode had every move right."""
    found: dict[tuple[str, str], bool] = {}
    for row in rows:
        key = row.episode_id, str(json.loads(row.extra)["puzzle"])
        found[key] = found.get(key, True) and row.correct
    return found


def share(name: str, right: int, of: int, exact: float | None = None) -> str:
    low, high = wilson(right / of, of)
    known = f"   exactly expected {exact:.4f}" if exact is not None else ""
    return f"{name:34} {right:6} of {of:6} = {right / of:.4f}  ({low:.4f} to {high:.4f}){known}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pack", default="horizon")
    parser.add_argument("--nodes", type=int, default=20_000)
    parser.add_argument("--random", type=int, default=20, help="episodes of random play")
    asked = parser.parse_args()
    puzzles = list(expected(asked.pack))
    turns = sum(len(each.shares) for each in puzzles)
    print(f"{asked.pack}: {len(puzzles)} puzzles, {turns} turns")
    with tempfile.TemporaryDirectory() as folder:
        engine = play(f"uci:stockfish:nodes={asked.nodes}", asked.pack, turns, 1, Path(folder) / "engine")
        found = solved(engine)
        name = f"stockfish at {asked.nodes} nodes"
        print(share(f"{name}: puzzles", sum(found.values()), len(found)))
        print(share(f"{name}: turns", sum(row.correct for row in engine), len(engine)))
        missed = sorted(puzzle for (_, puzzle), is_solved in found.items() if not is_solved)
        print(f"not solved: {', '.join(missed) or 'none'}")
        random = play("random", asked.pack, turns, asked.random, Path(folder) / "random")
    by_chance = solved(random)
    exact_puzzle = sum(math.prod(each.shares) for each in puzzles) / len(puzzles)
    exact_turn = sum(sum(each.shares) for each in puzzles) / turns
    print(share("random: puzzles", sum(by_chance.values()), len(by_chance), exact_puzzle))
    print(share("random: turns", sum(row.correct for row in random), len(random), exact_turn))


if __name__ == "__main__":
    main()
