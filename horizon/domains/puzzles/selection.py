"""The puzzles of a pack that are played, and their order by seed. Knows packs by name; no environment, no engine.

An order contains every puzzle once before any repeats; its prefix does not depend on how far it is computed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from horizon.core.errors import UsageError
from horizon.core.registry import nearest
from horizon.core.seeds import generator
from horizon.domains.puzzles.loader import open_pack
from horizon.domains.puzzles.puzzle import Puzzle

_BLOCK = 64
GOALS = ("any", "mate", "win", "hold", "best")


@dataclass(frozen=True, slots=True)
class Filter:
    """Criteria of a puzzle; `themes` are joined by +, any of them is sufficient.

    Empty themes, and a `max_turns`, `min_rating` or `max_rating` of 0, do not filter.
    """

    themes: str = ""
    min_turns: int = 1
    max_turns: int = 0
    min_rating: float = 0.0
    max_rating: float = 0.0
    goal: str = "any"
    castling: str = "any"

    def takes(self, puzzle: Puzzle) -> bool:
        """Return whether a puzzle passes; one without a rating passes only if no rating is required."""
        wanted = set(filter(None, self.themes.split("+")))
        rating, asks_rating = puzzle.rating, bool(self.min_rating or self.max_rating)
        is_rated_right = rating is not None and self.min_rating <= rating <= (self.max_rating or rating)
        return (
            (not wanted or not wanted.isdisjoint(puzzle.themes))
            and self.min_turns <= puzzle.turns <= (self.max_turns or puzzle.turns)
            and (is_rated_right or not asks_rating)
            and self.goal in ("any", puzzle.goal)
            and (self.castling == "any" or puzzle.fen.split(" ")[2] == "-")
        )


@dataclass(frozen=True, slots=True)
class Choice:
    """The selected puzzles, by name, in the pack's order; `is_rated` is whether all have a rating."""

    pack: str
    puzzles: Mapping[str, Puzzle]
    names: tuple[str, ...]
    is_rated: bool

    def puzzle(self, seed: int, number: int) -> Puzzle:
        """Return an episode's n-th puzzle, from 1; none repeats before all were played."""
        cycle, place = divmod(number - 1, len(self.names))
        needed = min(len(self.names), _BLOCK * (place // _BLOCK + 1))
        return self.puzzles[self.names[_order(seed, cycle, len(self.names), needed)[place]]]

    def find(self, name: str) -> Puzzle:
        """Return a puzzle by name.

        Raises:
            UsageError: the puzzle is not among the selected ones.
        """
        if name not in self.puzzles:
            raise UsageError(
                f"no puzzle '{name:.60}' among the selected ones of {self.pack}: {nearest(name, self.names)}"
            )
        return self.puzzles[name]


@lru_cache(maxsize=64)
def choose(pack: str, wanted: Filter) -> Choice:
    """Return the puzzles of a pack (a shipped one's name, or a file's path) that pass a filter.

    Raises:
        UsageError: no such pack, a theme that none of its puzzles has (with the nearest), or no puzzle passes.
    """
    puzzles = open_pack(pack).puzzles
    known = sorted({theme for puzzle in puzzles for theme in puzzle.themes})
    for theme in filter(None, wanted.themes.split("+")):
        if theme not in known:
            raise UsageError(
                f"environment puzzle: no puzzle of {pack} has the theme '{theme}': {nearest(theme, known)}"
            )
    chosen = {puzzle.name: puzzle for puzzle in puzzles if wanted.takes(puzzle)}
    if not chosen:
        raise UsageError(
            f"environment puzzle: none of the {len(puzzles)} puzzles of {pack} passes the filters: relax them"
        )
    return Choice(pack, chosen, tuple(chosen), all(puzzle.rating is not None for puzzle in chosen.values()))


@lru_cache(maxsize=4096)
def _order(seed: int, cycle: int, n_puzzles: int, n_needed: int) -> tuple[int, ...]:
    """Return the first indices of a seeded order; a larger `n_needed` starts with the same ones."""
    draw = generator(seed, "puzzles", cycle)
    places: dict[int, None] = {}
    while len(places) < n_needed:
        places[draw.randrange(n_puzzles)] = None
    return tuple(places)
