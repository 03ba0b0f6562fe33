"""Puzzles in CSV: the Lichess puzzle file and Horizon's own packs, distinguished by the header.

Lichess: https://database.lichess.org/#puzzles. Its FEN is the position before the opponent's move, so that the puzzle
starts after the first move. A pack's columns are the fields of `Puzzle`; columns that are not needed may be missing,
additional ones are skipped. Lists in a cell may be written as Python, JSON or separated by any usual sign.
"""

import csv
import math
import re
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
NEEDED = ("PuzzleId", "FEN", "Moves", "Themes")
"""Of these, the columns that a puzzle needs: the theme `equality` makes a draw the goal."""
PACK = ("name", "fen", "moves", "goal", "themes", "rating", "also", "avoid", "points")
"""The columns of a pack; `points` are written as `e2e4=0.5 d2d4=1`."""
PACK_NEEDED = ("name", "fen", "moves", "goal")

_LIST_SIGNS = re.compile(r"[\s,;|\[\](){}'\"]+")
_DELIMITERS = (",", ";", "\t", "|")
_COLUMN_NAMES = frozenset(
    {"id", "index", "title", "url", "rating", "themes", "position", "solution", "fen", "moves", "pgn"}
)


def read(lines: Iterable[FileLine], stem: str) -> Iterator[Puzzle | BadRow]:
    """Yield the puzzles and bad rows of a CSV file; `stem` is unused, since every row has a name."""
    columns: Sequence[str] = LICHESS
    convert: Callable[[dict[str, str]], Puzzle] = _lichess
    is_first, delimiter = True, ","
    for line in lines:
        if line.problem:
            yield bad_row(line.number, line.problem)
            continue
        # A spreadsheet's mark of its sign, and comments in front of the header.
        if not line.text.strip() or (is_first and line.text.lower().startswith(("#", "sep="))):
            continue
        try:
            text = line.text.removeprefix("\ufeff")
            if is_first:
                delimiter = _delimiter(text)
            cells = _cells(text, delimiter)
            if is_first:
                header = _header(cells)
                is_first = False
                if header is not None:
                    columns, convert = header
                    continue
            # Lichess added its last column later: a row may lack it.
            if len(cells) < len(columns) - (columns[-1] == "OpeningTags"):
                raise ValueError(f"the row is truncated: {len(cells)} of {len(columns)} columns")
            yield convert(dict(zip(columns, cells, strict=False)))
        except ValueError as problem:
            yield bad_row(line.number, problem)
            if is_first:
                # Without a header that can be used, every row would be read wrongly.
                return


def _header(cells: Sequence[str]) -> tuple[Sequence[str], Callable[[dict[str, str]], Puzzle]] | None:
    """Return the columns and the parser of their rows, or None if the first row is a puzzle."""
    for known, needed, convert in ((LICHESS, NEEDED, _lichess), (PACK, PACK_NEEDED, _pack)):
        usual = {name.lower(): name for name in known}
        columns = [usual.get(cell.lower(), cell) for cell in cells]
        if needed[0] not in columns:
            continue
        missing = [name for name in needed if name not in columns]
        if missing:
            raise ValueError(f"the header has no column {', '.join(missing)}")
        twice = next((name for name in needed if columns.count(name) > 1), None)
        if twice:
            raise ValueError(f"the header has the column {twice} twice: keep one")
        return columns, convert
    names = [cell for cell in cells if cell.lower() in _COLUMN_NAMES]
    if names or len(cells) < 2:
        shown = ",".join(cells)
        raise ValueError(
            f"'{shown[:40]}' is no header: Lichess files have {', '.join(NEEDED)}, with the opponent's move first, "
            f"and packs {', '.join(PACK_NEEDED)}"
        )
    return None


def _delimiter(text: str) -> str:
    """Return the sign between the cells of a header; a comma if the line is no header."""
    for sign in _DELIMITERS:
        names = {cell.strip().strip('"').lower() for cell in text.split(sign)}
        if len(names) > 1 and names & {NEEDED[0].lower(), PACK_NEEDED[0]}:
            return sign
    return ","


def _cells(text: str, delimiter: str) -> list[str]:
    try:
        return [cell.strip() for cell in next(csv.reader([text], strict=True, delimiter=delimiter))]
    except (csv.Error, StopIteration) as problem:
        raise ValueError(f"not a row of CSV: {problem}") from None


def _list(text: str) -> list[str]:
    """Return the words of a cell that holds a list, however it is written."""
    return [word for word in _LIST_SIGNS.split(text) if word]


def _lichess(row: dict[str, str]) -> Puzzle:
    name = _name(row["PuzzleId"])
    moves = _list(row["Moves"])
    if len(moves) < 2:
        raise ValueError(f"the opponent's move and a solution are needed, not {len(moves)} moves")
    _, board = line_from(board_of(row["FEN"]), moves[:1])
    solved, is_mate = solution(board, moves[1:])
    themes = tuple(_list(row["Themes"]))
    goal = goal_of(is_mate, "hold" if "equality" in {theme.lower() for theme in themes} else "win")
    return Puzzle(name, board.fen(), solved, goal, themes, _number(row.get("Rating", ""), "Rating"))


def _pack(row: dict[str, str]) -> Puzzle:
    name = _name(row["name"])
    board = board_of(row["fen"])
    goals: tuple[Goal, ...] = get_args(Goal)
    goal = next((name for name in goals if name == row["goal"]), None)
    if goal is None:
        raise ValueError(f"goal '{row['goal']}' is not one of {', '.join(goals)}")
    moves, is_mate = solution(board, _list(row["moves"])) if row["moves"] else ((), False)
    if goal == "mate" and not is_mate:
        raise ValueError("the goal is mate, but the line does not end in mate")
    points = []
    for text in _list(row.get("points", "")):
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
        tuple(_list(row.get("themes", ""))),
        _number(row.get("rating", ""), "rating"),
        tuple(san_move(board, text) for text in _list(row.get("also", ""))),
        tuple(san_move(board, text) for text in _list(row.get("avoid", ""))),
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
