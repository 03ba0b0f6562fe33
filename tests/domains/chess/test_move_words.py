"""Claims of reading moves as people write them: in words, arrows and brackets, black's dots, one of several
refused."""

import chess
import pytest

from horizon.domains.chess.move_mentions import read_answer
from horizon.domains.chess.move_parsing import read_move

START = chess.Board()
BLACK = chess.Board("rnbqkbnr/pppppppp/8/8/4P3/8/PPPP1PPP/RNBQKBNR b KQkq - 0 1")
CASTLING = chess.Board("r3k2r/pppq1ppp/2npbn2/2b1p3/2B1P3/2NPBN2/PPPQ1PPP/R3K2R w KQkq - 0 9")
PROMOTION = chess.Board("8/4P1k1/8/8/8/8/6K1/8 w - - 0 1")
CAPTURE = chess.Board("3r4/4P1k1/8/8/8/8/6K1/8 w - - 0 1")
TWO_CAPTURES = chess.Board("4k3/8/8/3p4/2B1P3/8/1P6/4K3 w - - 0 1")
TWO_KNIGHTS = chess.Board("4k3/8/8/8/8/5N2/8/1N2K3 w - - 0 1")

FROM_TO = (
    "e2 to e4|e2 e4|e2→e4|e2->e4|e2 => e4|e2 - e4|e2:e4|e2/e4|e2_e4|e2, e4|(e2, e4)|from e2 to e4|pawn e2 to e4|E2-E4"
)
CASTLES = "castle kingside|castles kingside|kingside castling|castling king-side|castle short|short castling|OO|00|O—O"
CASTLES_LONG = "castle queenside|queenside castle|castle long|long castling|castle on the queen side|OOO|000"
PROMOTIONS = (
    "e8=Queen|e8 queen|e8 Q|e8=(Q)|e8[Q]|e8{Q}|e8 (queen)|e8-Q|e8:Q|e8^Q|e8→Q|e8Queen|e8 promoting to a queen|e8, "
    "promoting to "
    "a queen|e8 and promote to a queen|e8 becomes a queen|e8 as a queen|e7 to e8 queen|e7-e8 = Queen|E8=QUEEN|"
    "e8=♕|e8 =Q+|"
    "pawn to e8, promotes to queen|promote to a queen on e8|e8=Q (promotion)"
)
WORDS = [
    *((START, text, "e2e4") for text in FROM_TO.split("|")),
    *((CASTLING, text, "e1g1") for text in CASTLES.split("|")),
    *((CASTLING, text, "e1c1") for text in CASTLES_LONG.split("|")),
    *((PROMOTION, text, "e7e8q") for text in PROMOTIONS.split("|")),
    (PROMOTION, "e7e8 promote to rook", "e7e8r"),
    (CAPTURE, "pawn takes d8, promoting to queen", "e7d8q"),
    (CAPTURE, "e7 takes d8 = queen", "e7d8q"),
    (START, "knight to f3", "g1f3"),
    (START, "Knight f3", "g1f3"),
    (START, "the knight on g1 moves to f3", "g1f3"),
    (START, "KNIGHT TO F3", "g1f3"),
    (START, "N to f3", "g1f3"),
    (START, "NF3", "g1f3"),
    (START, "NG1F3", "g1f3"),
    (START, "pawn to e4", "e2e4"),
    (START, "e-pawn to e4", "e2e4"),
    (BLACK, "...e5", "e7e5"),
    (BLACK, "…e5", "e7e5"),
    (BLACK, "1. ... e5", "e7e5"),
    (BLACK, "1. e4 e5", "e7e5"),
    (BLACK, "1. e4 e5 2. Nf3", "e7e5"),
    (START, "1. e4 e5 2. Nf3", "e2e4"),
    (TWO_CAPTURES, "bishop takes d5", "c4d5"),
    (TWO_CAPTURES, "bishop captures the pawn on d5", "c4d5"),
    (TWO_CAPTURES, "captures d5 with the bishop", "c4d5"),
    (TWO_CAPTURES, "B:d5", "c4d5"),
    (TWO_CAPTURES, "BXD5", "c4d5"),
    (TWO_CAPTURES, "EXD5", "e4d5"),
    (TWO_CAPTURES, "e takes d5", "e4d5"),
    (TWO_KNIGHTS, "knight from b1 to d2", "b1d2"),
    (START, "Nf3. It stops ...e5 and prepares Nc3.", "g1f3"),
    (START, "Nf3 instead of Nc3", "g1f3"),
    (START, "e4 (after e5, Nf3)", "e2e4"),
    (START, "e4, then d4", "e2e4"),
    (START, "e4 (e2e4)", "e2e4"),
    (START, "White plays e4", "e2e4"),
]


@pytest.mark.parametrize(("board", "text", "move"), WORDS, ids=lambda value: value if isinstance(value, str) else "")
def test_an_answer_in_words_is_the_one_legal_move_that_fits(board: chess.Board, text: str, move: str) -> None:
    assert read_answer(board, text).move == move
    assert read_answer(board, text).status == "legal"


@pytest.mark.parametrize(
    ("board", "text"),
    [
        (START, "e4 or d4"),
        (START, "e4, d4"),
        (START, "Nf3/Nc3"),
        (START, "e4 and d4"),
        (START, "e4 vs d4"),
        (START, "e4 (or d4)"),
        (START, " ".join(START.san(move) for move in START.legal_moves)),
        (START, "not e4"),
        (TWO_CAPTURES, "xd5"),
        (TWO_CAPTURES, "takes d5"),
        (TWO_KNIGHTS, "knight to d2"),
        (CASTLING, "castle"),
        (PROMOTION, "e8"),
    ],
)
def test_an_answer_that_fits_several_moves_is_refused(board: chess.Board, text: str) -> None:
    assert read_answer(board, text).status in ("ambiguous", "unparsable")


def test_every_legal_move_is_read_in_words() -> None:
    names = {kind: chess.piece_name(kind) for kind in chess.PIECE_TYPES}
    for board in (START, CASTLING, PROMOTION, CAPTURE, TWO_CAPTURES, TWO_KNIGHTS):
        for move in board.legal_moves:
            if board.is_castling(move):
                continue
            origin, to = chess.square_name(move.from_square), chess.square_name(move.to_square)
            promoted = f", promoting to a {names[move.promotion]}" if move.promotion else ""
            verb = "takes" if board.is_capture(move) else "to"
            for text in (
                f"{names[board.piece_type_at(move.from_square) or 1]} from {origin} {verb} {to}{promoted}",
                f"{origin} {verb} {to}{promoted}",
                f"{origin}→{to}{promoted}",
            ):
                assert read_move(board, text).move == move.uci(), text
