"""Puzzles in CSV: the Lichess puzzle file and Horizon's own packs, distinguished by the header.

Lichess: https://database.lichess.org/#puzzles. Its FEN is the position before the opponent's move, so that the puzzle
starts after the first move. A pack's columns are the fields of `Puzzle`; additional columns are skipped.
"""

import csv
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import get_args

from horizon.domains.puzzles.formats.fen import board_of, goal_of, line_from, san_move, solution
from horizon.domains.puzzles.formats.lines import BadRow, FileLine, bad_row
from horizon.domains.puzzles.puzzle import Goal, Puzzle

LICHESS = (
    "PuzzleId",
    "FEN",
    "Moves",
    "Rating",
    "RatingDeviation",
    "Popularity",
    "NbPlays",
    "Themes",
    "GameUrl",
    "OpeningTags",
)
PACK = ("name", "fen", "moves", "goal", "themes", "rating")
"""The required columns of a pack; `also`, `avoid` and `points` (as `e2e4=0.5 d2d4=1`) are optional."""


def read(lines: Iterable[FileLine], stem: str) -> Iterator[Puzzle | BadRow]:
    """Yield the puzzles and bad rows of a CSV file; `stem` is unused, since every row has a name."""
    columns: Sequence[str] = LICHESS
    convert: Callable[[dict[str, str]], Puzzle] = _lichess
    is_first = True
    for line in lines:
        if line.problem:
            yield bad_row(line.number, line.problem)
            continue
        if not line.text.strip():
            continue
        try:
            cells = _cells(line.text)
            if is_first:
                is_first = False
                header = _header(cells)
                if header is not None:
                    columns, convert = header
                    continue
            # Lichess added its last column later: a row may lack it.
            if len(cells) < len(columns) - (columns[-1] == "OpeningTags"):
                raise ValueError(f"the row is truncated: {len(cells)} of {len(columns)} columns")
            yield convert(dict(zip(columns, cells, strict=False)))
        except ValueError as problem:
            yield bad_row(line.number, problem)


def _header(cells: Sequence[str]) -> tuple[Sequence[str], Callable[[dict[str, str]], Puzzle]] | None:
    """Return the columns and the parser of their rows, or None if the first row is a puzzle."""
    for wanted, convert in ((LICHESS[:-1], _lichess), (PACK, _pack)):
        if wanted[0] in cells:
            missing = [name for name in wanted if name not in cells]
            if missing:
                raise ValueError(f"the header has no column {', '.join(missing)}")
            return cells, convert
    return None


def _cells(text: str) -> list[str]:
    try:
        return [cell.strip() for cell in next(csv.reader([text], strict=True))]
    except (csv.Error, StopIteration) as problem:
        raise ValueError(f"not a row of CSV: {problem}") from None


def _lichess(row: dict[str, str]) -> Puzzle:
    name = _name(row["PuzzleId"])
    moves = row["Moves"].split()
    if len(moves) < 2:
        raise ValueError(f"the opponent's move and a solution are needed, not {len(moves)} moves")
    _, board = line_from(board_of(row["FEN"]), moves[:1])
    solved, is_mate = solution(board, moves[1:])
    themes = tuple(row["Themes"].split())
    goal = goal_of(is_mate, "hold" if "equality" in themes else "win")
    return Puzzle(name, board.fen(), solved, goal, themes, _number(row["Rating"], "Rating"))


def _pack(row: dict[str, str]) -> Puzzle:
    name = _name(row["name"])
    board = board_of(row["fen"])
    goals: tuple[Goal, ...] = get_args(Goal)
    goal = next((name for name in goals if name == row["goal"]), None)
    if goal is None:
        raise ValueError(f"goal '{row['goal']}' is not one of {', '.join(goals)}")
    moves, is_mate = solution(board, row["moves"].split()) if row["moves"] else ((), False)
    if goal == "mate" and not is_mate:
        raise ValueError("the goal is mate, but the line does not end in mate")
    points = []
    for text in row.get("points", "").split():
        move, _, share = text.partition("=")
        worth = _number(share, "points")
        if worth is None or not 0 <= worth <= 1:
            raise ValueError(f"points '{text}' are not MOVE=SHARE with a share in 0..1")
        points.append((san_move(board, move), worth))
    return Puzzle(
        name,
        board.fen(),
        moves,
        goal,
        tuple(row["themes"].split()),
        _number(row["rating"], "rating"),
        tuple(san_move(board, text) for text in row.get("also", "").split()),
        tuple(san_move(board, text) for text in row.get("avoid", "").split()),
        tuple(points),
    )


def _name(text: str) -> str:
    if not text or not text.isprintable():
        raise ValueError(f"{text!r} is not a printable name")
    return text


def _number(text: str, column: str) -> float | None:
    """Return a finite number; None if the cell is empty."""
    if not text:
        return None
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(f"{column} '{text}' is not a number")
    return number
