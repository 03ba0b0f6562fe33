"""Claims of the opening book: real lines, all legal, all different, chosen evenly by seed."""

import collections

import chess
import pytest

from horizon.domains.chess.openings import Opening, book, line, name_of


def test_there_are_at_least_sixty_lines_no_two_alike() -> None:
    assert len(book()) >= 60
    assert len({each.moves for each in book()}) == len(book())
    assert len({each.name for each in book()}) == len(book())


@pytest.mark.parametrize("opening", book(), ids=lambda each: each.name)
def test_every_line_is_legal_short_and_leaves_a_quiet_game(opening: Opening) -> None:
    board = chess.Board()
    for move in opening.moves:
        assert chess.Move.from_uci(move) in board.legal_moves
        board.push_uci(move)
    assert 4 <= len(opening.moves) <= 8
    assert not board.is_game_over(claim_draw=True)
    assert opening.eco[0] in "ABCDE" and opening.eco[1:].isdigit()


def test_a_seed_means_one_line_and_seeds_reach_every_line() -> None:
    assert line(7) == line(7)
    counts = collections.Counter(line(seed) for seed in range(5000))
    assert set(counts) == set(book())
    # Mean 5000 / 86 = 58, standard deviation 7.6: six of them on either side.
    assert min(counts.values()) >= 12 and max(counts.values()) <= 105


def test_a_game_is_named_after_the_longest_line_it_begins_with() -> None:
    italian = next(each for each in book() if each.name == "Italian Game, Classical Variation")
    assert name_of((*italian.moves, "d2d4")) == italian.name
    assert name_of(("a2a3",)) is None
