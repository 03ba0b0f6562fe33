"""Makes packs of puzzles on all cores, written incrementally; the same seed makes the same file.

A pack is a CSV and a JSON of the same name with its recipe. Games are judged in the order of their numbers, so that a
pack depends on neither cores nor interruptions.
"""

import csv
import io
import json
import math
import re
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from pathlib import Path

import chess

from horizon.core.errors import UsageError
from horizon.core.records import Json
from horizon.domains.chess.themes import material
from horizon.domains.puzzles.engine_pool import ENGINE, engine_pool
from horizon.domains.puzzles.loader import read_puzzles
from horizon.domains.puzzles.maker import EFFORT, MadePuzzle, keys_of, kind_of, puzzles_of_game
from horizon.domains.puzzles.puzzle import Puzzle
from horizon.domains.puzzles.self_play import Effort
from horizon.domains.puzzles.uniqueness import rule
from horizon.engines.engine import Engine, describe_engine

COLUMNS = ("name", "fen", "moves", "goal", "themes", "rating", "material", "gap")
SHARES = {
    "mate1": 0.07,
    "mate2": 0.16,
    "mate3": 0.12,
    "mate4": 0.08,
    "win1": 0.09,
    "win2": 0.14,
    "win3": 0.10,
    "win4": 0.06,
    "hold1": 0.06,
    "hold2": 0.08,
    "hold3": 0.05,
    "hold4": 0.06,
    "win1 plain": 0.05,
    "win2 plain": 0.05,
    "win3 plain": 0.03,
    "win4 plain": 0.02,
    "hold1 plain": 0.04,
    "hold2 plain": 0.03,
    "hold3 plain": 0.02,
    "hold4 plain": 0.02,
}
"""The maximum share of each kind. They sum to more than 1, so that no pack waits for rare kinds."""
_AHEAD = 32
"""Games in progress at once: the full kinds that a game skips are those known this many games before."""

MAKER = "puzzles-v1"
"""Increased with every change that would make other puzzles from the same seed."""


class Collection:
    """The puzzles of a pack so far: no duplicates, none beyond the share of its kind."""

    def __init__(self, number: int, kept: Iterable[Puzzle] = ()) -> None:
        self.number = number
        self._most = {kind: math.ceil(share * number) for kind, share in SHARES.items()}
        self._keys: set[str] = set()
        self._kinds: list[tuple[int, str]] = []
        for puzzle in kept:
            self._keep(puzzle)

    @property
    def missing(self) -> int:
        """The number of puzzles still to be made."""
        return self.number - len(self._kinds)

    def counts(self, games: int | None = None) -> Counter[str]:
        """Return the number of puzzles of each kind, of all games or of the first `games`."""
        return Counter(kind for game, kind in self._kinds if games is None or game < games)

    def full(self, games: int | None = None) -> frozenset[str]:
        """Return the kinds that have reached their share."""
        counted = self.counts(games)
        return frozenset(kind for kind, most in self._most.items() if counted[kind] >= most)

    def take(self, puzzle: Puzzle) -> bool:
        """Add a puzzle if it is wanted; return whether it was added."""
        is_wanted = self.missing > 0 and kind_of(puzzle) not in self.full() and self._keys.isdisjoint(keys_of(puzzle))
        if is_wanted:
            self._keep(puzzle)
        return is_wanted

    def _keep(self, puzzle: Puzzle) -> None:
        self._keys.update(keys_of(puzzle))
        self._kinds.append((game_of(puzzle.name), kind_of(puzzle)))


def make_pack(
    out: Path,
    *,
    number: int,
    seed: int,
    resume: bool = False,
    effort: Effort = EFFORT,
    say: Callable[[str], None] = lambda text: None,
) -> Counter[str]:
    """Write a pack of verified puzzles and return the number of each kind.

    The puzzles of a game are on disk before the next game is judged, so that an interruption loses none of them;
    `resume` continues to the same file. Cost: some 2 seconds per puzzle on two cores.

    Raises:
        UsageError: the file exists and `resume` is not set, has another recipe, or can't be written.
        EngineFailure: Stockfish is missing or keeps failing.
    """
    if out.suffix != ".csv":
        raise UsageError(f"--out {out} is not a pack: give it the extension .csv")
    with engine_pool() as (version, submit):
        recipe = _recipe(out, version, number, seed, effort)
        kept, at = _begin(out, recipe, resume)
        collection = Collection(number, kept)
        waiting: deque[Future[list[MadePuzzle]]] = deque()
        while collection.missing:
            while len(waiting) < _AHEAD:
                game = at + len(waiting)
                full = collection.full(game - _AHEAD)
                waiting.append(submit(partial(_play, seed, game, effort, full)))
            rows = [_row(made) for made in waiting.popleft().result() if collection.take(made.puzzle)]
            _append(out, rows)
            at += 1
            say(f"{number - collection.missing} of {number} puzzles in {at} games")
    _save(out, {**recipe, "games": at})
    return collection.counts()


def nodes_of(path: Path) -> int | None:
    """Return the nodes at which a pack's solutions were confirmed, or None if it has no recipe."""
    beside = path.with_suffix(".json")
    if not beside.is_file():
        return None
    nodes = _load_recipe(beside).get("nodes")
    final = nodes.get("final") if isinstance(nodes, dict) else None
    return final if isinstance(final, int) else None


def _play(
    seed: int, game: int, effort: Effort, full: frozenset[str], engine: Engine, is_wanted: Callable[[], bool]
) -> list[MadePuzzle]:
    return puzzles_of_game(engine, seed, game, effort, full, is_wanted)


def _recipe(out: Path, version: str, number: int, seed: int, effort: Effort) -> dict[str, Json]:
    return {
        "command": f"horizon puzzles make --number {number} --seed {seed} --out {out.name}",
        "maker": MAKER,
        "engine": version,
        "options": dict(describe_engine(ENGINE).options),
        "nodes": asdict(effort),
        "rule": rule(),
        "shares": dict(SHARES),
        "number": number,
        "seed": seed,
    }


def _begin(out: Path, recipe: Mapping[str, Json], resume: bool) -> tuple[list[Puzzle], int]:
    """Return the puzzles of an interrupted pack, and the number of the next game."""
    if not resume:
        if out.exists():
            raise UsageError(f"{out} exists already: continue it with --resume, or give another --out")
        _save(out, recipe)
        _write(out, ",".join(COLUMNS) + "\n")
        return [], 0
    if not out.is_file():
        raise UsageError(f"{out} does not exist: leave --resume out")
    earlier = _load_recipe(out.with_suffix(".json"))
    differing = [name for name, value in recipe.items() if earlier.get(name) != value]
    if differing:
        name = differing[-1]
        raise UsageError(
            f"{out} was made with another {name} ({earlier.get(name)}): resume it with that, or give another --out"
        )
    whole = [line for line in out.read_text(encoding="utf-8").splitlines(keepends=True) if line.endswith("\n")]
    if len(whole) <= 1:
        _write(out, ",".join(COLUMNS) + "\n")
        return [], 0
    # The last game may be incomplete: it is played again.
    last = game_of(whole[-1].partition(",")[0])
    whole = [line for line in whole[1:] if game_of(line.partition(",")[0]) < last]
    _write(out, "".join((",".join(COLUMNS) + "\n", *whole)))
    return (list(read_puzzles(out).puzzles) if whole else []), last


def game_of(name: str) -> int:
    """Return the number of the game that a puzzle of this name was made from.

    Raises:
        UsageError: the name was not given by `horizon puzzles make`.
    """
    match = re.fullmatch(r"s\d+g(\d+)[pb]\d+", name)
    if match is None:
        raise UsageError(f"'{name}' is not a name of horizon puzzles make: resume only packs that it made")
    return int(match[1])


def _row(made: MadePuzzle) -> str:
    puzzle = made.puzzle
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(
        (
            puzzle.name,
            puzzle.fen,
            " ".join(puzzle.moves),
            puzzle.goal,
            " ".join(puzzle.themes),
            f"{puzzle.rating:g}",
            material(chess.Board(puzzle.fen)),
            f"{made.gap:.2f}",
        )
    )
    return text.getvalue()


def _append(out: Path, rows: Sequence[str]) -> None:
    if rows:
        with _reporting_errors(out), out.open("a", encoding="utf-8") as file:
            file.write("".join(rows))


def _write(out: Path, text: str) -> None:
    with _reporting_errors(out):
        whole = out.with_suffix(".csv.part")
        whole.write_text(text, encoding="utf-8")
        whole.replace(out)


def _save(out: Path, recipe: Mapping[str, Json]) -> None:
    with _reporting_errors(out):
        out.parent.mkdir(parents=True, exist_ok=True)
        out.with_suffix(".json").write_text(json.dumps(recipe, indent=2) + "\n", encoding="utf-8")


def _load_recipe(path: Path) -> dict[str, Json]:
    try:
        recipe = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as problem:
        raise UsageError(
            f"{path}, the recipe of the pack, can't be read ({problem}): restore it, or give another pack"
        ) from None
    return recipe if isinstance(recipe, dict) else {}


@contextmanager
def _reporting_errors(out: Path) -> Iterator[None]:
    try:
        yield
    except OSError as problem:
        raise UsageError(f"{out} can't be written ({problem.strerror}): give another --out") from None
