"""Claims about novelty: none in book, the same for exchanged colours, more off the path, and parts worked by hand."""

import math
from collections import Counter

import chess
import pytest
from hypothesis import given
from hypothesis import strategies as st

from horizon.domains.chess import openings
from horizon.domains.chess.novelty import Counts, book_plies, counts, material_key, novelty_of, pawn_keys


def after(*moves: str) -> chess.Board:
    board = chess.Board()
    for move in moves:
        board.push_san(move)
    return board


def test_every_position_of_every_book_line_has_no_distance() -> None:
    for line in openings.book():
        board = chess.Board()
        for move in line.moves:
            board.push_uci(move)
            assert novelty_of(board).distance == 0.0


def test_a_transposition_into_the_book_counts_as_book() -> None:
    # E00, d4 Nf6 c4 e6 g3 d5, in another order of moves.
    assert book_plies(after("c4", "e6", "d4", "d5", "g3", "Nf6")) == 0


def test_the_start_is_as_little_novel_as_can_be() -> None:
    # Every game of the table met its men and its pawns: log((n + 2) / (n + 1)) / log(n + 2) each.
    n_games = counts().n_games
    least = math.log((n_games + 2) / (n_games + 1)) / math.log(n_games + 2)
    found = novelty_of(chess.STARTING_FEN)
    assert (found.distance, found.material, found.pawns) == pytest.approx((0.0, least, least))
    assert found.value == pytest.approx(2 * least / 3)


def test_a_lost_move_is_a_ply_from_book_and_quiet_moves_are_told_by_their_squares() -> None:
    assert book_plies(chess.Board("rnbqkbnr/pppppppp/8/8/4P3/8/PPPP1PPP/RNBQKBNR w KQkq - 0 1")) == 1
    # Two pawn moves that no line has, from the start: four squares differ.
    assert book_plies(after("h4", "a5")) == 2
    assert novelty_of(after("h4", "a5")).distance == pytest.approx(1 - 2 ** (-2 / 8))


def test_rarity_is_laplaces_surprise_scaled_to_one_for_what_was_never_met() -> None:
    table = Counts(98, {"common": 98, "half": 49}, {})
    assert table.rarity("material", "never") == 1.0
    assert table.rarity("material", "half") == pytest.approx(math.log(2) / math.log(100))
    assert table.rarity("material", "common") == pytest.approx(math.log(100 / 99) / math.log(100))


def test_material_is_named_alike_whoever_has_it() -> None:
    ours, theirs = chess.Board("4k3/8/8/8/8/8/4P3/3QK3 w - - 0 1"), chess.Board("3qk3/4p3/8/8/8/8/8/4K3 w - - 0 1")
    assert material_key(ours) == material_key(theirs) == "Q1R0B0N0P1-Q0R0B0N0P0"


def test_pawns_are_seen_from_their_own_side() -> None:
    # e4 stands on bit 28, without the first rank on bit 20; e5 seen from Black is the same square.
    white, black = pawn_keys(chess.Board("4k3/8/8/4p3/4P3/8/8/4K3 w - - 0 1"))
    assert white == black == f"{1 << 20:012x}"


@given(st.lists(st.integers(0, 10**6), max_size=80))
def test_exchanged_colours_change_nothing_and_every_part_is_a_share(choices: list[int]) -> None:
    board = chess.Board()
    for choice in choices:
        moves = sorted(board.legal_moves, key=chess.Move.uci)
        if not moves:
            break
        board.push(moves[choice % len(moves)])
    found = novelty_of(board)
    assert found == novelty_of(board.mirror())
    for part in (found.distance, found.material, found.pawns, found.value):
        assert 0.0 <= part <= 1.0


def test_atypical_men_are_rarer_than_the_usual_ones() -> None:
    usual = novelty_of("r1bqk2r/pppp1ppp/2n2n2/2b1p3/2B1P3/3P1N2/PPP2PPP/RNBQK2R w KQkq - 1 5")
    queens = novelty_of("r1bqk2r/pppp1ppp/2n2n2/2b1p3/2B1P3/3P1N2/PPP2PPP/QNBQK2Q w kq - 1 5")
    assert queens.material == 1.0
    assert usual.value < 0.3 < queens.value


def test_the_shipped_table_holds_shares_of_its_games_and_only_real_keys() -> None:
    table = counts()
    for kind in (table.material, table.pawns):
        assert all(2 <= met <= table.n_games for met in kind.values())
    assert table.material["Q1R2B2N2P8-Q1R2B2N2P8"] == table.n_games
    # No side ever has more than eight pawns, and none on the last rank of its own.
    most = Counter(int(key, 16).bit_count() for key in table.pawns)
    assert max(most) == 8


def test_a_rows_extra_holds_the_figure_and_its_parts() -> None:
    extra = novelty_of(chess.STARTING_FEN).as_extra()
    assert set(extra) == {"novelty", "novelty_parts"}
    assert extra["novelty_parts"]["distance"] == 0.0  # type: ignore[index,call-overload]
