"""Claims of the theme tests, on positions whose theme the literature names."""

import chess
import pytest

from horizon.domains.chess.themes import material, phase, themes

RETI = "rnb1kb1r/pp3ppp/2p5/4q3/4n3/3Q4/PPPB1PPP/2KR1BNR w kq - 0 9"
"""Réti against Tartakower, Vienna 1910, after 8... Nxe4: 9. Qd8+ Kxd8 10. Bg5+ Kc7 11. Bd8 mate."""
PHILIDOR = "5r1k/6pp/8/q5N1/8/1Q6/6PP/6K1 w - - 0 1"
LEGAL = "r2qkbnr/ppp2p1p/2np2p1/4N3/2B1P3/2N5/PPPP1PPP/R1BbK2R w KQkq - 0 6"
SAAVEDRA = "8/8/1KP5/3r4/8/8/8/k7 w - - 0 1"
PETROV = "rnbqkb1r/pppp1ppp/5n2/4N3/8/8/PPPPQPPP/RNB1KB1R w KQkq - 0 5"
"""1. e4 e5 2. Nf3 Nf6 3. Nxe5 Nxe4 4. Qe2 Nf6: the trap that 5. Nc6+ punishes."""


def shown(fen: str, line: str) -> set[str]:
    return set(themes(fen, line.split()))


def test_reti_mates_tartakower_by_sacrifice_and_double_check() -> None:
    found = shown(RETI, "d3d8 e8d8 d2g5 d8c7 g5d8")
    assert {"sacrifice", "doubleCheck", "discoveredAttack", "mate", "mateIn3", "long", "opening"} <= found


def test_philidors_legacy_is_a_smothered_mate_after_a_queen_sacrifice_and_double_check() -> None:
    found = shown(PHILIDOR, "g5f7 h8g8 f7h6 g8h8 b3g8 f8g8 h6f7")
    assert {"smotheredMate", "sacrifice", "doubleCheck", "mateIn4", "veryLong"} <= found
    assert "backRankMate" not in found


def test_legals_mate_is_neither_smothered_nor_on_the_back_rank() -> None:
    assert shown(LEGAL, "c4f7 e8e7 c3d5") == {"mate", "mateIn2", "short", "opening"}


def test_saavedra_promotes_to_a_rook() -> None:
    found = shown(SAAVEDRA, "c6c7 d5d6 b6b5 d6d5 b5b4 d5d4 b4b3 d4d3 b3c2 d3d4 c7c8r")
    assert {"promotion", "underPromotion", "veryLong", "endgame"} <= found
    assert "promotion" in shown(SAAVEDRA, "c6c7 d5d6 b6b5 d6c6 b5c6 a1a2 c7c8q")
    assert "underPromotion" not in shown(SAAVEDRA, "c6c7 d5d6 b6b5 d6c6 b5c6 a1a2 c7c8q")


def test_a_knight_gives_a_discovered_check_in_petrovs_defence() -> None:
    assert "discoveredAttack" in shown(PETROV, "e5c6")
    assert "discoveredAttack" not in shown(PETROV, "d2d3 f8e7 g2g3")


def test_a_rook_mates_on_the_back_rank_only_behind_the_kings_own_pawns() -> None:
    assert "backRankMate" in shown("6k1/5ppp/8/8/8/8/8/R6K w - - 0 1", "a1a8")
    # The same with a queen beside a pawn, where a white rook and not a pawn shuts the king in.
    assert "backRankMate" not in shown("6k1/R7/8/8/8/8/1Q6/7K w - - 0 1", "b2b8")


@pytest.mark.parametrize(
    ("fen", "line", "name"),
    [
        ("r3k3/8/8/3N4/8/8/5PPP/6K1 w - - 0 1", "d5c7 e8d7 c7a8", "fork"),
        ("r1bqkbnr/ppp2ppp/2np4/4p3/4P3/5N2/PPPP1PPP/RNBQKB1R w KQkq - 0 4", "f1b5", "pin"),
        ("4q3/8/8/4k3/8/8/6PP/R5K1 w - - 0 1", "a1e1 e5d6 e1e8", "skewer"),
        ("rnbqkbnr/ppp1p1pp/8/3pPp2/8/8/PPPP1PPP/RNBQKBNR w KQkq f6 0 3", "e5f6", "enPassant"),
        ("4k3/8/8/8/8/8/3r4/4K2R w K - 0 1", "e1g1", "castling"),
        # The first solver's move of lichess's own example, which lichess tags so.
        ("r6k/pp2r2p/4Rp1Q/3p4/8/1N1P2b1/PqP3PP/7K w - - 0 25", "e6e7 b2b1 b3c1 b1c1 h6c1", "hangingPiece"),
    ],
)
def test_each_theme_is_found_where_it_stands_and_not_a_move_earlier(fen: str, line: str, name: str) -> None:
    assert name in shown(fen, line)
    board = chess.Board(fen)
    other = next(move for move in sorted(board.legal_moves, key=chess.Move.uci) if move.uci() != line.split()[0])
    assert name not in shown(fen, other.uci())


def test_a_fork_by_a_man_that_can_be_taken_for_nothing_is_none() -> None:
    assert "fork" not in shown("r3k3/8/1b6/3N4/8/8/5PPP/6K1 w - - 0 1", "d5c7")


def test_a_pawn_is_pinned_by_nobody_and_a_queen_taken_back_hangs_not() -> None:
    assert "pin" not in shown("4k3/3p4/8/8/8/8/8/4KB2 w - - 0 1", "f1b5")
    assert "hangingPiece" not in shown("3qk3/8/8/8/8/8/8/3QK3 w - - 0 1", "d1d8")


def test_lichess_calls_its_example_long_and_a_middlegame() -> None:
    found = shown("r6k/pp2r2p/4Rp1Q/3p4/8/1N1P2b1/PqP3PP/7K w - - 0 25", "e6e7 b2b1 b3c1 b1c1 h6c1")
    assert "long" in found and "sacrifice" not in found


def test_a_colour_flip_shows_the_same_themes() -> None:
    for fen, line in ((RETI, "d3d8 e8d8 d2g5 d8c7 g5d8"), (PHILIDOR, "g5f7 h8g8 f7h6 g8h8 b3g8 f8g8 h6f7")):
        flipped = [
            chess.Move(chess.square_mirror(move.from_square), chess.square_mirror(move.to_square)).uci()
            for move in map(chess.Move.from_uci, line.split())
        ]
        assert themes(chess.Board(fen).mirror().fen(), flipped) == themes(fen, line.split())


def test_material_and_phase_are_told_from_the_movers_side() -> None:
    assert material(chess.Board(SAAVEDRA)) == "KP-KR"
    assert material(chess.Board()) == "KQRRBBNNPPPPPPPP-KQRRBBNNPPPPPPPP"
    assert [phase(chess.Board(fen)) for fen in (chess.STARTING_FEN, PHILIDOR)] == ["opening", "endgame"]
