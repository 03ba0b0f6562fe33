"""Claims about the texts of positions: only the name before the colon decides the board."""

import chess
import chess.variant
import pytest

from horizon.core.errors import UsageError
from horizon.engines.position_text import BOARDS, board_of_position, join_position, split_position


def test_every_variant_is_the_one_that_python_chess_calls_so() -> None:
    assert all(kind.uci_variant == name for name, kind in BOARDS.items())
    assert all(kind in chess.variant.VARIANTS for kind in BOARDS.values())


@pytest.mark.parametrize("name", BOARDS)
def test_a_text_comes_apart_and_together_again(name: str) -> None:
    text = join_position(name, BOARDS[name].starting_fen)
    assert split_position(text) == (name, BOARDS[name].starting_fen)
    board = board_of_position(text)
    assert type(board) is BOARDS[name] and board.fen() == BOARDS[name].starting_fen


def test_a_fen_alone_is_orthodox_and_chess960_differs_only_in_castling() -> None:
    fen = "4k3/8/8/8/8/8/8/R3K2R w KQ - 0 1"
    plain, shuffled = board_of_position(fen), board_of_position(f"chess960:{fen}")
    assert not plain.chess960 and shuffled.chess960
    castling = {"e1g1", "e1c1"}, {"e1h1", "e1a1"}
    ours = [{move.uci() for move in board.legal_moves if board.is_castling(move)} for board in (plain, shuffled)]
    assert ours == list(castling)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("atomc:8/8/8/8/8/8/8/8 w - - 0 1", "did you mean 'atomic'"),
        ("atomic:nonsense", "'atomic:nonsense' is not a position"),
        ("3check:rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq - three+3 0 1", "is not a position"),
        ("", "is not a position"),
    ],
)
def test_a_text_that_is_no_position_is_refused_in_one_line(text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        board_of_position(text)
    assert "\n" not in str(caught.value)
