"""Claims about the text of chess positions and states; python-chess's rules are the outside truth."""

import chess
import pytest

from horizon.core.errors import UsageError
from horizon.domains.chess.game_text import board_of, join_state, parse_uci_move, split_state

START = chess.Board()


@pytest.mark.parametrize(
    "text",
    [
        "",
        chess.STARTING_FEN,
        f"{chess.STARTING_FEN} moves - as green",
        f"{chess.STARTING_FEN} moves as white",
        f"{chess.STARTING_FEN} moves e2e4",
    ],
)
def test_what_is_no_state_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(UsageError, match="is not a chess state") as caught:
        split_state(text)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("uci", "said"), [("e2e5", "move e2e5 is illegal"), ("Nf3", "not a move in UCI notation"), ("0000", "illegal")]
)
def test_a_move_that_can_not_be_is_refused_in_one_line(uci: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        parse_uci_move(START, uci)


def test_a_state_s_text_is_joined_as_it_was_split() -> None:
    for text in (f"{chess.STARTING_FEN} moves e2e4 c7c5 as black", f"chess960:{chess.STARTING_FEN} moves - as white"):
        assert join_state(split_state(text)) == text


@pytest.mark.parametrize(
    ("fen", "said"),
    [
        ("4k3/8/8/8/8/8/8/8 w - - 0 1", "White has no king"),
        ("8/8/8/8/8/8/8/4K3 w - - 0 1", "Black has no king"),
        ("4k3/8/8/8/8/8/8/3KK3 w - - 0 1", "more than two kings"),
        ("4k3/8/8/8/8/8/8/3PK3 w - - 0 1", "a pawn stands on the first or last rank"),
        ("4k3/pppppppp/p7/8/8/8/8/4K3 w - - 0 1", "Black has more than 8 pawns"),
        ("4k3/8/8/8/8/8/8/4K3 w K - 0 1", "castling rights"),
        ("4k3/8/8/8/8/8/8/4K3 w - e6 0 1", "en passant"),
        ("4k3/4R3/8/8/8/8/8/4K3 w - - 0 1", "not to move is in check"),
        ("4k3/8/8/8/8/8/8/4K3 x - - 0 1", "is not a FEN"),
        ("4k3/8/8/8/8/8/8/4K3 w - - many 1", "is not a FEN"),
    ],
)
def test_an_impossible_position_is_refused_with_what_is_wrong(fen: str, said: str) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        board_of(fen)
    assert "\n" not in str(caught.value)


def test_positions_of_variants_are_no_chess() -> None:
    with pytest.raises(UsageError, match="has the variant atomic: give chess or chess960"):
        board_of(f"atomic:{chess.STARTING_FEN}")
    with pytest.raises(UsageError, match="did you mean 'chess960'"):
        board_of(f"ches960:{chess.STARTING_FEN}")
