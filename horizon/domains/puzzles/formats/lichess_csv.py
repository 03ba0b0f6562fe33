"""Puzzles in CSV: the Lichess puzzle file, and Horizon's own packs. Which of them it is, the header tells.

Lichess: https://database.lichess.org/#puzzles. Its FEN stands before the opponent's move, so that the puzzle begins
after the first move. A pack's columns are those of `Puzzle`, by name; others are for people, and skipped.
"""

import csv
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import get_args

from horizon.domains.puzzles.formats.fen import board_of, goal_of, line_from, san_move, solution
from horizon.domains.puzzles.formats.lines import BadRow, Line, bad_row
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
"""The columns that a pack must have; `also`, `avoid` and `points` (as `e2e4=0.5 d2d4=1`) may be there."""


def read(lines: Iterable[Line], stem: str) -> Iterator[Puzzle | BadRow]:
    """Yield the puzzles and bad rows of a CSV file; `stem` is not needed, since every row has its name."""
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
            # Lichess's last column was added late, so that a row may go without it.
            if len(cells) < len(columns) - (columns[-1] == "OpeningTags"):
                raise ValueError(f"it ends early: {len(cells)} of {len(columns)} columns")
            yield convert(dict(zip(columns, cells, strict=False)))
        except ValueError as problem:
            yield bad_row(line.number, problem)


def _header(cells: Sequence[str]) -> tuple[Sequence[str], Callable[[dict[str, str]], Puzzle]] | None:
    """Return the columns and how their rows are read, or null where the first row is a puzzle already."""
    for wanted, convert in ((LICHESS[:-1], _lichess), (PACK, _pack)):
        if wanted[0] in cells:
            missing = [name for name in wanted if name not in cells]
            if missing:
                raise ValueError(f"the header has no column {', '.join(missing)}")
            return cells, convert
    return None


def _cells(text: str) -> list[str]:
    try:
        return [each.strip() for each in next(csv.reader([text], strict=True))]
    except (csv.Error, StopIteration) as problem:
        raise ValueError(f"no row of CSV: {problem}") from None


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
    goal = next((each for each in goals if each == row["goal"]), None)
    if goal is None:
        raise ValueError(f"goal '{row['goal']}' is none of {', '.join(goals)}")
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
        raise ValueError(f"{text!r} is no name for a puzzle")
    return text


def _number(text: str, column: str) -> float | None:
    """Return a finite number; null where the cell is empty."""
    if not text:
        return None
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(f"{column} '{text}' is no number")
    return number
