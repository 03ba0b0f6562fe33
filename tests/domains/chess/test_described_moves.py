"""Claims of moves that are described, in other languages or parted by a tokenizer, and of text that only speaks
of moves."""

import chess
import pytest

from horizon.domains.chess.described_moves import described_moves
from horizon.domains.chess.move_mentions import find_last_move, read_answer, read_lines
from horizon.domains.chess.move_parsing import read_move

START = chess.Board()
CASTLING = chess.Board("r3k2r/pppq1ppp/2npbn2/2b1p3/2B1P3/2NPBN2/PPPQ1PPP/R3K2R w KQkq - 0 9")
ONE_CASTLING = chess.Board("4k3/8/8/8/8/8/8/4K2R w K - 0 1")
NO_RIGHTS = chess.Board("4k3/8/8/8/8/8/8/4K2R w - - 0 1")
EN_PASSANT = chess.Board("rnbqkbnr/ppp1p1pp/8/3pPp2/8/8/PPPP1PPP/RNBQKBNR w KQkq f6 0 3")
PROMOTION = chess.Board("8/4P1k1/8/8/8/8/6K1/8 w - - 0 1")
CAPTURE = chess.Board("4k3/8/8/3p4/2B1P3/8/1P6/4K3 w - - 0 1")
TWO_KNIGHTS = chess.Board("4k3/8/8/8/8/5N2/8/1N2K3 w - - 0 1")

READ = [
    *((ONE_CASTLING, text, "e1g1") for text in ("castle", "castles", "I castle.", "I will castle", "castling")),
    *((CASTLING, text, "e1g1") for text in ("e1h1", "e1-h1", "castle K-side", "castles (kingside)", "kurze Rochade")),
    *((CASTLING, text, "e1g1") for text in ("petit roque", "enroque corto", "короткая рокировка")),
    *((CASTLING, text, "e1c1") for text in ("e1a1", "castle Q-side", "lange Rochade", "grand roque", "enroque largo")),
    *((EN_PASSANT, text, "e5f6") for text in ("en passant", "take en passant", "capture en passant on f6", "exf")),
    *((PROMOTION, text, "e7e8q") for text in ("promote to queen", "promote the pawn to a queen", "e7 e8 q", "e8='Q'")),
    (PROMOTION, "underpromote to a knight on e8", "e7e8n"),
    *((CAPTURE, text, "c4d5") for text in ("bishop takes pawn", "BxP", "my bishop takes the pawn", "B x d5")),
    *((TWO_KNIGHTS, text, "b1d2") for text in ("N(b1)d2", "N(b)d2", "N/b1-d2", "Knight b to d2", "b-knight to d2")),
    *(
        (START, text, "g1f3")
        for text in ("Ng1 to f3", "N f 3", "N f3", "Springer nach f3", "Springer f3", "caballo a f3")
    ),
    *((START, text, "g1f3") for text in ("cavalier en f3", "конь на f3", "from: g1, to: f3", "not e4 but Nf3")),
    *((START, text, "e2e4") for text in ("e2 pawn to e4", "e2-pawn to e4", "e 4", "P e4", "push e4", "Bauer nach e4")),
]


@pytest.mark.parametrize(("board", "text", "move"), READ, ids=lambda value: value if isinstance(value, str) else "")
def test_the_one_legal_move_that_fits_is_read(board: chess.Board, text: str, move: str) -> None:
    reading = read_answer(board, text)
    assert (reading.status, reading.move) == ("legal", move)


@pytest.mark.parametrize(
    ("board", "text"),
    [
        (CASTLING, "castle"),
        (NO_RIGHTS, "castle"),
        (NO_RIGHTS, "e1h1"),
        (START, "en passant"),
        (START, "promote to a queen"),
        (START, "Läufer f3"),
        (START, "square e4"),
        (START, "the word f3"),
        (START, "a) Nf3 b) Nc3"),
        (START, "Nf3? Nc3?"),
        (START, "e4 oder d4"),
        (START, "e4 ou d4"),
        (START, "e4 或者 d4"),
        (START, "anything except Nf3"),
        (START, "I won't play Nf3"),
    ],
)
def test_what_fits_none_or_several_is_no_legal_move(board: chess.Board, text: str) -> None:
    assert read_answer(board, text).status != "legal"


@pytest.mark.parametrize(
    "text",
    [
        "Nf3 is a mistake.",
        "Nf3 loses a piece.",
        "Nf3?? is a blunder",
        "Nf3 was played last game.",
        "Don't play Nf3.",
        "Your opponent played e4.",
        "I can't decide between Nf3 and e4.",
    ],
)
def test_a_move_that_a_text_rejects_or_that_the_other_side_played_is_no_answer(text: str) -> None:
    assert find_last_move(START, text).status != "legal"


@pytest.mark.parametrize(
    ("text", "move"),
    [
        ("1. Nf3 d5 2. d4", "g1f3"),
        ("1.e4 e5 2.Nf3 *", "e2e4"),
        ("Nf3 (to follow with g3)", "g1f3"),
        ("Nf3 (candidates: e4, d4)", "g1f3"),
        ("Move history: 1. e4 e5. Now I play Nf3.", "g1f3"),
    ],
)
def test_a_reply_that_opens_a_line_of_play_means_its_first_move(text: str, move: str) -> None:
    assert read_lines(START, text).move == move


def test_castling_onto_the_rook_is_read_as_python_chess_reads_it() -> None:
    for text in ("e1h1", "e1a1"):
        assert read_move(CASTLING, text).move == CASTLING.parse_uci(text).uci()


def test_every_capture_that_is_the_only_one_of_its_kind_is_described() -> None:
    board = chess.Board("r1bqk2r/pp2bppp/2n1pn2/2pp4/2PP4/2N1PN2/PP2BPPP/R1BQK2R w KQkq - 0 7")
    names = {kind: chess.piece_name(kind) for kind in chess.PIECE_TYPES}
    captures = [move for move in board.legal_moves if board.is_capture(move)]
    assert captures
    for move in captures:
        kinds = (board.piece_type_at(move.from_square) or 1, board.piece_type_at(move.to_square) or 1)
        like = [
            other
            for other in captures
            if (board.piece_type_at(other.from_square), board.piece_type_at(other.to_square)) == kinds
        ]
        assert described_moves(board, f"{names[kinds[0]]} takes {names[kinds[1]]}", board.legal_moves) == like
