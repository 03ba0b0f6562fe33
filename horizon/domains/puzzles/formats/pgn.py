"""PGN: a game with a FEN tag is a puzzle that its main line solves; any other game gives positions to play from.

A game from the usual start gives every eighth position from ply 16 on: out of the book, and distinct. Its moves are
not a solution, since people err: such positions are judged by the engine alone. Variations and comments are skipped.
Only orthodox chess is supported; a game with a move that can't be read is a bad row as a whole.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice

import chess

from horizon.domains.chess.position import Position
from horizon.domains.puzzles.formats.fen import board_of, goal_of, solution
from horizon.domains.puzzles.formats.lines import BadRow, FileLine, bad_row
from horizon.domains.puzzles.formats.moves import claims_check, read_move
from horizon.domains.puzzles.formats.pgn_games import RawGame, split_games
from horizon.domains.puzzles.formats.piece_letters import foreign_letters, other_pieces, refuse_ambiguous
from horizon.domains.puzzles.puzzle import Puzzle

FIRST_PLY = 16
EVERY_PLIES = 8
_GAMES_AHEAD = 200
"""The games that are searched for foreign piece letters before the first is read."""
_ORTHODOX = frozenset({"standard", "chess", "from position", "normal", "standard chess", "orthodox", "classical"})
_NO_VALUE = ("", "?", "-")

Others = Mapping[str, frozenset[chess.PieceType]]


def read(lines: Iterable[FileLine], stem: str) -> Iterator[Puzzle | BadRow]:
    """Yield puzzles and positions of a PGN file, named after the stem and the game's number; bad games by line."""
    games = split_games(lines)
    ahead = deque(islice(games, _GAMES_AHEAD))
    foreign = foreign_letters(move.text for game in ahead for move in game.moves)
    number = 0
    while ahead:
        game = ahead.popleft()
        number += 1
        try:
            yield from _puzzles(game, f"{stem}-{number}", other_pieces(foreign))
        except ValueError as problem:
            yield bad_row(game.line, problem)
        for following in islice(games, 1):
            ahead.append(following)
            foreign |= foreign_letters(move.text for move in following.moves)


def _puzzles(game: RawGame, name: str, others: Others) -> list[Puzzle]:
    if game.problem:
        raise ValueError(game.problem)
    variant = game.tags.get("variant", "Standard").strip()
    if variant.lower() not in (*_ORTHODOX, *_NO_VALUE):
        raise ValueError(f"variant {variant} is not orthodox chess")
    fen = game.tags.get("fen", "").strip().rstrip(";").rstrip()
    if fen in _NO_VALUE:
        if game.tags.get("setup") == "1":
            raise ValueError("the tag SetUp is 1, but there is no FEN")
        fen = chess.STARTING_FEN
    if " ".join(fen.split()[:4]) == " ".join(chess.STARTING_FEN.split()[:4]):
        return _positions(_read_moves(game, chess.Board(), others), name)
    if not game.moves:
        raise ValueError("the game has a FEN header, but no move that can be read as its solution")
    board = board_of(fen)
    solved, is_mate = solution(board, _read_moves(game, board, others))
    return [Puzzle(name, board.fen(), solved, goal_of(is_mate, "best"))]


def _read_moves(game: RawGame, start: chess.Board, others: Others) -> list[str]:
    """Return the moves of the main line in UCI."""
    board, moves = start.copy(stack=False), []
    for text, line in game.moves:
        try:
            move = read_move(board, text)
            refuse_ambiguous(board, text, move, others)
            if claims_check(text) and not board.gives_check(move):
                raise ValueError(f"'{text:.40}' is marked as check, but gives none: correct the move or the mark")
        except ValueError as problem:
            raise ValueError(str(problem) if line == game.line else f"line {line}: {problem}") from None
        moves.append(move.uci())
        board.push(move)
    return moves


def _positions(moves: list[str], name: str) -> list[Puzzle]:
    board, puzzles = chess.Board(), []
    for ply, move in enumerate(moves, 1):
        board.push_uci(move)
        if ply >= FIRST_PLY and (ply - FIRST_PLY) % EVERY_PLIES == 0 and not Position(board).ending:
            puzzles.append(Puzzle(f"{name}-ply{ply}", board.fen(), ()))
    if not puzzles:
        raise ValueError(f"a game of {len(moves)} plies without a FEN header gives no position: the first is ply 16")
    return puzzles
