"""Claims about where games begin: legal, by seed, off the book where they say so, and fair by symmetry."""

from collections import Counter

import chess
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from horizon.core.seeds import derive
from horizon.domains.chess import openings
from horizon.domains.chess.game_text import board_of
from horizon.domains.chess.start_positions import ATYPICAL, OPENINGS, Start, start_of, without_castling

seeds = st.integers(0, 2**62)


def board_after(start: Start) -> chess.Board:
    board = board_of(start.root)
    for move in start.moves:
        board.push(board.parse_uci(move))
    return board


@pytest.mark.parametrize("opening", OPENINGS)
@given(seed=seeds)
@settings(max_examples=25, deadline=None)
def test_every_start_is_a_legal_position_that_goes_on_and_repeats_by_seed(opening: str, seed: int) -> None:
    start = start_of(opening, seed, 20)
    assert start == start_of(opening, seed, 20)
    board = board_after(start)
    assert board.is_valid() and not board.is_game_over(claim_draw=True)
    bare = board_after(without_castling(start))
    assert bare.is_valid() and not bare.castling_rights and bare.board_fen() == board.board_fen()


def test_chess960_starts_are_those_that_fischer_allows() -> None:
    numbers = set()
    for index in range(400):
        board = board_after(start_of("chess960", derive(0, index), 0))
        number = board.chess960_pos()
        assert number is not None and board.chess960
        numbers.add(number)
    # Of 960, 400 draws meet 960 * (1 - (959/960)^400) = 327 on average, standard deviation 6.
    assert 300 < len(numbers) < 355


def test_the_counterfactual_start_exchanges_knights_and_bishops_and_nothing_else() -> None:
    usual, board = chess.Board(), board_after(start_of("counterfactual", 1, 0))
    assert (board.knights, board.bishops) == (usual.bishops, usual.knights)
    for kind in (chess.KING, chess.QUEEN, chess.ROOK, chess.PAWN):
        assert board.pieces_mask(kind, chess.WHITE) == usual.pieces_mask(kind, chess.WHITE)
    assert board.castling_xfen() == "KQkq"


@given(seed=seeds, plies=st.integers(1, 60))
@settings(max_examples=25, deadline=None)
def test_a_random_start_lies_so_many_plies_from_the_usual_one(seed: int, plies: int) -> None:
    assert board_after(start_of("random", seed, plies)).ply() == plies


@given(seed=seeds)
@example(seed=37869)  # a capture in passing was once left out
@settings(max_examples=40, deadline=None)
def test_an_unbooked_start_is_as_long_as_its_book_line_and_in_no_line(seed: int) -> None:
    start = start_of("unbooked", seed, 20)
    assert len(start.moves) == len(openings.line(seed).moves)
    known = set()
    for line in openings.book():
        board = chess.Board()
        for move in line.moves:
            board.push_uci(move)
            known.add(board.epd())
    board = board_after(start)
    assert board.epd() not in known
    assert len(board.piece_map()) == 32 and not any(board.is_capture(move) for move in board.legal_moves)


@given(seed=seeds)
@settings(max_examples=60, deadline=None)
def test_atypical_men_are_promoted_pawns_and_the_same_for_both_sides(seed: int) -> None:
    board = board_after(start_of("atypical", seed, 20))
    exchanged = board.mirror()
    exchanged.turn = chess.WHITE
    assert exchanged.fen() == board.fen()
    men = Counter(piece.symbol() for piece in board.piece_map().values() if piece.color == chess.WHITE)
    promoted = sum(max(0, men[letter] - usual) for letter, usual in {"Q": 1, "R": 2, "B": 2, "N": 2}.items())
    assert promoted >= 1 and men["P"] <= 8 - promoted
    assert not any(board.is_capture(move) or board.gives_check(move) for move in board.legal_moves)


def test_every_kind_of_atypical_material_comes_up() -> None:
    found = {
        "".join(sorted(piece.symbol() for piece in board.piece_map().values() if piece.color == chess.WHITE))
        for board in (board_after(start_of("atypical", derive(0, index), 0)) for index in range(120))
    }
    assert len(found) == len(ATYPICAL)
