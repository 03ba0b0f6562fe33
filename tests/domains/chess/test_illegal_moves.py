"""Every illegal move has exactly one cause, and python-chess agrees with it."""

import json
import random
from collections import Counter

import chess
import pytest

from horizon.core.environment import open_environment
from horizon.core.records import ILLEGAL_CAUSES
from horizon.domains.chess.illegal_moves import cause_of_move, illegality_of


def random_positions(count: int) -> list[chess.Board]:
    draw, board, found = random.Random(7), chess.Board(), list[chess.Board]()
    while len(found) < count:
        board.push(draw.choice(list(board.legal_moves)))
        if board.is_game_over():
            board = chess.Board()
        elif draw.random() < 0.2:
            found.append(board.copy(stack=False))
    return found


def agrees(board: chess.Board, move: chess.Move, cause: str | None) -> bool:
    """Check a cause by what python-chess says of the move, its squares and its attacks; by other means than ours."""
    man = board.piece_at(move.from_square)
    target = board.piece_at(move.to_square)
    if cause is None:
        return board.is_legal(move)
    if cause == "no_piece":
        return man is None
    if cause == "other_side":
        return man is not None and man.color != board.turn
    assert man is not None
    assert man.color == board.turn
    if cause == "own_man":
        return target is not None and target.color == board.turn and not board.is_pseudo_legal(move)
    if cause == "castling":
        return man.piece_type == chess.KING and chess.square_distance(move.from_square, move.to_square) == 2
    if cause in ("king_attacked", "keeps_check", "exposes_king"):
        is_king = man.piece_type == chess.KING
        kind = "king_attacked" if is_king else "keeps_check" if board.is_check() else "exposes_king"
        after = board.copy()
        after.push(move)
        return kind == cause and board.is_pseudo_legal(move) and not after.is_valid() and after.was_into_check()
    if cause == "promotion":
        others = [chess.Move(move.from_square, move.to_square, kind) for kind in (None, chess.QUEEN)]
        return any(board.is_pseudo_legal(other) for other in others) and not board.is_pseudo_legal(move)
    alone = chess.Board(None)
    alone.turn = board.turn
    alone.set_piece_at(move.from_square, man)
    if target is not None and man.piece_type == chess.PAWN and cause == "cannot_move_so":
        alone.set_piece_at(move.to_square, target)
    reaches = (
        move.to_square in alone.attacks(move.from_square)
        if man.piece_type != chess.PAWN
        else any(
            alone.is_pseudo_legal(chess.Move(move.from_square, move.to_square, kind)) for kind in (None, chess.QUEEN)
        )
    )
    return not board.is_pseudo_legal(move) and reaches == (cause == "path_blocked")


def test_every_illegal_move_of_1000_random_positions_has_one_cause_with_which_python_chess_agrees() -> None:
    draw, seen = random.Random(3), Counter[str | None]()
    for board in random_positions(1000):
        pseudo = [move for move in board.pseudo_legal_moves if not board.is_legal(move)]
        impossible = [
            chess.Move(draw.randrange(64), draw.randrange(64), draw.choice((None, None, chess.QUEEN)))
            for _ in range(20)
        ]
        own = [draw.choice(list(chess.SquareSet(board.occupied_co[board.turn]))) for _ in range(20)]
        for move in (*pseudo, *impossible, *(chess.Move(square, draw.randrange(64)) for square in own)):
            cause = cause_of_move(board, move)
            assert agrees(board, move, cause), (board.fen(), move.uci(), cause)
            seen[cause] += 1
    assert set(ILLEGAL_CAUSES) - {"ambiguous"} <= set(seen), seen


@pytest.mark.parametrize(
    ("fen", "text", "cause"),
    [
        (chess.STARTING_FEN, "Nd4", "cannot_move_so"),
        (chess.STARTING_FEN, "e5", "other_side"),
        (chess.STARTING_FEN, "Nf6", "other_side"),
        (chess.STARTING_FEN, "Ra4", "path_blocked"),
        (chess.STARTING_FEN, "Bd2", "own_man"),
        (chess.STARTING_FEN, "e4e5", "no_piece"),
        (chess.STARTING_FEN, "Nb1d2", "own_man"),
        (chess.STARTING_FEN, "O-O", "castling"),
        (chess.STARTING_FEN, "exd3", "cannot_move_so"),
        ("4k3/P7/8/8/8/8/8/4K3 w - - 0 1", "a8", "promotion"),
        ("4k3/P7/8/8/8/8/8/4K3 w - - 0 1", "a7a8", "promotion"),
        ("4k3/8/8/8/8/8/4r3/R3K3 w Q - 0 1", "Ra2", "keeps_check"),
        ("4k3/8/8/4r3/8/8/4R3/4K3 w - - 0 1", "Rd2", "exposes_king"),
        ("4k3/8/8/4r3/8/8/8/3K4 w - - 0 1", "Ke1", "king_attacked"),
        ("4k3/8/8/8/8/8/K7/R4R2 w - - 0 1", "Rd1", "ambiguous"),
        ("4k3/8/8/8/8/8/8/4K3 w - - 0 1", "Qd4", "no_piece"),
    ],
)
def test_a_written_move_has_the_cause_that_its_position_gives_it(fen: str, text: str, cause: str) -> None:
    found = illegality_of(chess.Board(fen), text)
    assert found is not None
    assert found.cause == cause


def test_a_pinned_man_is_said_to_be_pinned() -> None:
    found = illegality_of(chess.Board("4k3/8/8/4r3/8/8/4R3/4K3 w - - 0 1"), "Rd2")
    assert found is not None
    assert found.is_pinned


def test_a_move_that_was_legal_earlier_in_the_game_is_a_stale_board_of_so_many_plies() -> None:
    board = chess.Board()
    earlier = []
    for move in ("e4", "e5", "Nf3", "Nc6"):
        earlier.append(board.copy(stack=False))
        board.push_san(move)
    stale = illegality_of(board, "e4", earlier)
    never = illegality_of(board, "Qd8", earlier)
    assert stale is not None
    assert stale.stale_plies == 4
    assert never is not None
    assert never.stale_plies is None


def test_legal_moves_and_texts_that_are_no_move_have_no_cause() -> None:
    assert illegality_of(chess.Board(), "e4") is None
    assert illegality_of(chess.Board(), "I resign") is None


def test_played_chess_leaves_the_cause_of_an_illegal_reply_in_extra() -> None:
    task = open_environment("chess:opening=start,color=white")
    state = task.step(task.step(task.reset(0), "e2e4"), "e7e5")
    answer = task.parse(state, "Answer: e4")
    assert answer.error == "illegal"
    extra = json.loads(json.dumps(dict(task.judge(state, answer.action).extra)))
    assert (extra["illegal_cause"], extra["stale_plies"]) == ("cannot_move_so", 2)
