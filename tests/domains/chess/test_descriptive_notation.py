"""Claims about descriptive notation: a famous game as it was printed, and every move read back as it was written."""

import random

import chess
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from horizon.domains.chess import descriptive_notation as descriptive
from horizon.domains.chess.move_parsing import ParsedMove

# Anderssen against Kieseritzky, London 1851, in both notations as books give it.
IMMORTAL = """P-K4 P-K4 P-KB4 PxP B-B4 Q-R5ch K-B1 P-QN4 BxNP N-KB3 N-KB3 Q-R3 P-Q3 N-R4 N-R4 Q-N4 N-B5 P-QB3
P-KN4 N-B3 R-N1 PxB P-KR4 Q-N3 P-R5 Q-N4 Q-B3 N-N1 BxP Q-B3 N-B3 B-B4 N-Q5 QxP B-Q6 BxR P-K5 QxRch K-K2 N-QR3
NxPch K-Q1 Q-B6ch NxQ B-K7mate"""
IN_SAN = """e4 e5 f4 exf4 Bc4 Qh4+ Kf1 b5 Bxb5 Nf6 Nf3 Qh6 d3 Nh5 Nh4 Qg5 Nf5 c6 g4 Nf6 Rg1 cxb5 h4 Qg6 h5 Qg5 Qf3
Ng8 Bxf4 Qf6 Nc3 Bc5 Nd5 Qxb2 Bd6 Bxg1 e5 Qxa1+ Ke2 Na6 Nxg7+ Kd8 Qf6+ Nxf6 Be7#"""


def play_random(seed: int, plies: int) -> chess.Board:
    draw, board = random.Random(seed), chess.Board()
    for _ in range(plies):
        if board.is_game_over():
            break
        board.push(draw.choice(list(board.legal_moves)))
    return board


def test_the_immortal_game_is_read_and_written_as_books_print_it() -> None:
    board = chess.Board()
    for printed, san in zip(IMMORTAL.split(), IN_SAN.split(), strict=True):
        move = board.parse_san(san)
        assert descriptive.read(board, printed) == ParsedMove("legal", move.uci())
        assert descriptive.write_moves(board)[move.uci()].replace(" ", "") == printed
        board.push(move)
    assert board.is_checkmate()


@given(st.integers(0, 2**62), st.integers(0, 200))
@settings(deadline=None)
def test_every_legal_move_has_a_text_of_its_own_that_is_read_back(seed: int, plies: int) -> None:
    board = play_random(seed, plies)
    written = descriptive.write_moves(board)
    assert sorted(written) == sorted(move.uci() for move in board.legal_moves)
    assert len(set(written.values())) == len(written)
    for uci, text in written.items():
        assert descriptive.read(board, text) == ParsedMove("legal", uci)
        assert descriptive.find_last_move(board, f"P-K9 is none; I play {text} and hope.") == ParsedMove("legal", uci)


@pytest.mark.parametrize(
    ("fen", "uci", "text"),
    [
        ("4k3/8/8/8/8/5N2/8/1N2K3 w - - 0 1", "b1d2", "N(N1)-Q2"),
        ("r3k2r/8/8/8/8/8/8/4K3 b kq - 0 1", "e8c8", "O-O-O"),
        ("4k3/P7/8/8/8/8/8/4K3 w - - 0 1", "a7a8n", "P-R8(N)"),
        ("4k3/8/8/3pP3/8/8/8/4K3 w - d6 0 1", "e5d6", "PxP e.p."),
        ("6k1/5ppp/8/8/8/8/8/R5K1 w - - 0 1", "a1a8", "R-R8 mate"),
        ("4k3/8/8/2p1p3/3P4/8/8/4K3 w - - 0 1", "d4c5", "PxBP"),
        # Ranks count from the mover's side.
        ("4k3/4p3/8/8/8/8/8/4K3 b - - 0 1", "e7e5", "P-K4"),
    ],
)
def test_moves_are_written_as_handbooks_write_them(fen: str, uci: str, text: str) -> None:
    assert descriptive.write_moves(chess.Board(fen))[uci] == text
    assert descriptive.read(chess.Board(fen), text) == ParsedMove("legal", uci)


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("N-B3", "ambiguous"),
        ("N-K5", "illegal"),
        ("Kt-KB3", "legal"),
        ("N - KB3 !", "legal"),
        ("knight to bishop three", "unparsable"),
        ("Nf3", "unparsable"),
        ("P-K4" * 20, "unparsable"),
        ("", "unparsable"),
    ],
)
def test_what_is_unclear_or_illegal_is_told_apart(text: str, status: str) -> None:
    assert descriptive.read(chess.Board(), text).status == status


@given(st.text(max_size=300) | st.text(alphabet="KQRBNP12345678-x()O=. \n", max_size=300))
def test_any_text_is_read_without_an_error(text: str) -> None:
    for reading in (descriptive.read(chess.Board(), text), descriptive.find_last_move(chess.Board(), text)):
        assert reading.status in ("legal", "illegal", "ambiguous", "unparsable")
