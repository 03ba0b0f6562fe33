"""EPD suites and FEN lists, one position per line: WAC, Bratko-Kopec, STS with graded points, or plain positions.

Source: Steven J. Edwards (1994), Portable Game Notation Specification, section 16.2. The operations `bm`, `am`, `id`
and the points in `c0 "Nf6=10, Rd8=4"` are parsed; without a `bm`, the first move of `pm` or `pv` is the best one.
`dm` alone states a mate without a move, and is a bad row. Others are skipped. A line without any of these is a
position to play from: its moves are judged by the engine alone. Lines that start with # are comments.
"""

import re
from collections.abc import Iterable, Iterator

import chess

from horizon.domains.puzzles.formats.fen import board_of, goal_of, san_move
from horizon.domains.puzzles.formats.lines import BadRow, FileLine, bad_row
from horizon.domains.puzzles.puzzle import Puzzle

_POSITION = re.compile(r"(\S+)\s+(\S+)\s+(\S+)\s+([^\s;]+)(?:\s*;)?\s*")
_GRADED = re.compile(r"([^\s,=]+(?:=[QRBNqrbn])?[+#]?)=(\d{1,4})(?:,|$)")


def read(lines: Iterable[FileLine], stem: str) -> Iterator[Puzzle | BadRow]:
    """Yield the puzzles and bad rows of a suite; a position without `id` is named after the stem and its line."""
    for line in lines:
        text = line.text.strip().removeprefix("\ufeff")
        if not line.problem and (not text or text.startswith("#")):
            continue
        try:
            if line.problem:
                raise ValueError(line.problem)
            yield _puzzle(text, f"{stem}-{line.number}")
        except ValueError as problem:
            yield bad_row(line.number, problem)


def _puzzle(text: str, default: str) -> Puzzle:
    position, operations = _split(text)
    board = board_of(position)
    points = _points(board, operations.get("c0", ""))
    best = _moves(board, operations.get("bm", ""))
    avoid = _moves(board, operations.get("am", ""))
    if not best and not avoid and not points:
        best = _read_predicted(board, operations)
    if not best and points:
        best = tuple(move for move, share in points if share == 1)
    if set(best) & set(avoid):
        raise ValueError("a move is both bm and am: remove one")
    name = operations.get("id", "").strip() or default
    if not name.isprintable():
        raise ValueError(f"{name!r} is not a printable name: correct its id")
    mates = [_mates(board, move) for move in best]
    goal = goal_of(bool(mates) and all(mates), "best")
    return Puzzle(name, board.fen(), best[:1], goal, also=best[1:], avoid=avoid, points=points)


def _read_predicted(board: chess.Board, operations: dict[str, str]) -> tuple[str, ...]:
    """Return the move that an engine predicted, the first of `pm` or `pv`; empty if there is none."""
    for opcode in ("pm", "pv"):
        if operations.get(opcode):
            return _moves(board, re.sub(r"^[\d.]+\s*", "", operations[opcode]).split()[0])
    if "dm" in operations:
        raise ValueError(f"dm {operations['dm']} states a mate without its move: add bm, or remove dm")
    return ()


def _split(text: str) -> tuple[str, dict[str, str]]:
    """Return the FEN, with its counters where they are, and the operations."""
    fields = _POSITION.match(text)
    if fields is None:
        return text, {}
    rest = text[fields.end() :]
    counters = re.match(r"(\d{1,9})\s+(\d{1,9})(?:\s+|;|$)", rest)
    if counters:
        rest = rest[counters.end() :]
    operations = _operations(rest.partition("#")[0] if rest.startswith("#") else rest)
    clock, number = counters.groups() if counters else (operations.get("hmvc", "0"), operations.get("fmvn", "1"))
    return " ".join((*fields.groups(), clock, number)), operations


def _operations(text: str) -> dict[str, str]:
    """Return operands by opcode; a semicolon inside quotation marks is part of the operand."""
    pieces = text.split('"')
    if len(pieces) % 2 == 0:
        raise ValueError("a quotation mark is not closed")
    pieces[1::2] = [piece.replace(";", "\0") for piece in pieces[1::2]]
    operands: dict[str, str] = {}
    for part in "".join(pieces).split(";"):
        opcode, operand = (*part.split(None, 1), "", "")[:2]
        opcode = opcode.lower()
        if not opcode or opcode == "-":
            continue
        if not opcode[0].isalpha():
            raise ValueError(f"'{opcode}' is not an EPD operation")
        if opcode in operands:
            raise ValueError(f"operation {opcode} is given twice: keep one")
        operands[opcode] = operand.replace("\0", ";").strip()
    if not operands.get("bm", "-") or not operands.get("am", "-"):
        raise ValueError("the line is truncated: bm or am without a move")
    return operands


def _moves(board: chess.Board, text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(san_move(board, text) for text in re.split(r"[\s,]+", text) if text))


def _points(board: chess.Board, text: str) -> tuple[tuple[str, float], ...]:
    """Return the graded moves, best first, each with its share of the best one's points; none from another comment."""
    graded = text.strip()
    if not graded or _GRADED.sub("", re.sub(r"\s", "", graded)):
        return ()
    worth = {san_move(board, move): int(value) for move, value in _GRADED.findall(re.sub(r"\s", "", graded))}
    most = max(worth.values())
    if not most:
        raise ValueError("c0 gives no points to any move")
    return tuple((move, value / most) for move, value in sorted(worth.items(), key=lambda pair: -pair[1]))


def _mates(board: chess.Board, move: str) -> bool:
    after = board.copy(stack=False)
    after.push_uci(move)
    return after.is_checkmate()
