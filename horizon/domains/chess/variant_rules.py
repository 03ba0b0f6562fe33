"""The variants of chess: their names and complete rules in words, and the state of a position beyond its placement.

The rules are those of python-chess (lichess's); its boards obey every sentence. Knows boards, no environment.
"""

from dataclasses import dataclass

import chess
from chess.variant import CrazyhouseBoard, ThreeCheckBoard


@dataclass(frozen=True, slots=True)
class VariantRules:
    """The rules of one variant, with its title and its UCI name (as in `position_text`)."""

    title: str
    uci_name: str
    rules: str


_AS_IN_CHESS = "Men move as in chess, and check, checkmate, stalemate and castling are as in chess"

VARIANTS: dict[str, VariantRules] = {
    "atomic": VariantRules(
        "Atomic chess",
        "atomic",
        "Men move as in chess, but every capture is an explosion: the captured man, the capturing man, and all "
        "pieces on the eight squares around the square of the capture are removed; pawns around it stay. You win "
        "by exploding the enemy king, or by checkmate. You may not explode your own king, so a king never "
        "captures. A move that explodes the enemy king wins even if your own king is attacked. While the two "
        "kings stand on neighbouring squares neither is in check. Stalemate is a draw.",
    ),
    "antichess": VariantRules(
        "Antichess",
        "antichess",
        "Men move as in chess, but you win by losing all your men, or by having no legal move on your turn. If "
        "you can capture you must; of several captures you choose one. The king is a man like any other: there is "
        "no check, no checkmate and no castling, he may be captured, and a pawn may promote to a king too (e8=K).",
    ),
    "king_of_the_hill": VariantRules(
        "King of the hill",
        "kingofthehill",
        f"{_AS_IN_CHESS}. You also win at once by moving your king to one of the squares d4, e4, d5 and e5; he may "
        "not move into check there either. Lack of material is no draw.",
    ),
    "three_check": VariantRules(
        "Three-check chess",
        "3check",
        f"{_AS_IN_CHESS}. You also win at once by giving check for the third time in the game; a double check "
        "counts once. In the FEN, 3+2 after the en passant square means that White has 3 checks left to give and "
        "Black 2.",
    ),
    "racing_kings": VariantRules(
        "Racing kings",
        "racingkings",
        "Men move as in chess; there are no pawns, and both sides begin on the first two ranks. You win by "
        "bringing your king to the eighth rank first. If White's king gets there and Black's can follow with the "
        "very next move, Black has that move, and the game is a draw if he follows. No move may give check, and "
        "none may leave your own king attacked. Having no legal move is a draw.",
    ),
    "horde": VariantRules(
        "Horde chess",
        "horde",
        "Black has the usual men, White a horde of 36 pawns and no king. Men move as in chess; a white pawn on "
        "the first rank may also move two squares, and can't be taken en passant then. White wins by checkmating "
        "Black's king, Black by capturing every white man, those promoted included. Having no legal move without "
        "being in check is a draw.",
    ),
    "crazyhouse": VariantRules(
        "Crazyhouse",
        "crazyhouse",
        f"{_AS_IN_CHESS}, but men that you capture change sides and go to your hand. Instead of moving on the "
        "board you may drop a man from your hand on any empty square, written N@f3, or P@e4 for a pawn; pawns not "
        "on the first or last rank. A drop may give check and checkmate. A promoted piece becomes a pawn again "
        "when captured. In the FEN the hands stand in brackets (White's in capitals), and ~ marks promoted "
        "pieces.",
    ),
}


def describe_extras(board: chess.Board) -> str:
    """Return the state of a position beyond its placement (checks left, men in hand) as a line, or an empty text."""
    if isinstance(board, ThreeCheckBoard):
        white, black = (max(0, board.remaining_checks[color]) for color in (chess.WHITE, chess.BLACK))
        return f"Checks left to give: White {white}, Black {black}."
    if isinstance(board, CrazyhouseBoard):
        white_hand, black_hand = (str(board.pockets[color]).upper() or "-" for color in (chess.WHITE, chess.BLACK))
        return f"In hand: White {white_hand}, Black {black_hand}."
    return ""
