"""Claims of reading chess moves as people write them; python-chess's own SAN and UCI are the outside truth."""

import random

import chess
import pytest
from hypothesis import given
from hypothesis import strategies as st

from horizon.chess_moves import Reading, board_of, last_move_named, position_of, read_move
from horizon.errors import UsageError

START = chess.Board()
CASTLING = chess.Board("r3k2r/pppq1ppp/8/8/8/8/PPPQ1PPP/R3K2R w KQkq - 0 1")
PROMOTION = chess.Board("3r3k/4P3/8/8/8/8/8/K7 w - - 0 1")
PASSANT = chess.Board("4k3/8/8/3pP3/8/8/8/4K3 w - d6 0 2")
TWO_KNIGHTS = chess.Board("4k3/8/8/8/8/5N2/8/1N2K3 w - - 0 1")
FIGHT = chess.Board("rnbqkbnr/ppp1pppp/8/3p4/4P3/2N5/PPPP1PPP/R1BQKBNR w KQkq - 0 3")

WRITTEN = [
    (START, "e4", "e2e4"),
    (START, "e2e4", "e2e4"),
    (START, "E2E4", "e2e4"),
    (START, "E4", "e2e4"),
    (START, "e2-e4", "e2e4"),
    (START, "e2 - e4", "e2e4"),
    (START, "e2–e4", "e2e4"),
    (START, "Pe4", "e2e4"),
    (START, "1. e4", "e2e4"),
    (START, "1.e4", "e2e4"),
    (START, "12... Nf3", "g1f3"),
    (START, "12… Nf3", "g1f3"),
    (START, "Nf3", "g1f3"),
    (START, "nf3", "g1f3"),
    (START, "Ng1-f3", "g1f3"),
    (START, "Ng1f3", "g1f3"),
    (START, "Ngf3", "g1f3"),
    (START, "N1f3", "g1f3"),
    (START, "Nf3+", "g1f3"),
    (START, "Nf3#", "g1f3"),
    (START, "Nf3!?", "g1f3"),
    (START, "Nxf3+", "g1f3"),
    (START, "N x f3", "g1f3"),
    (START, "N f3", "g1f3"),
    (START, "**Nf3**", "g1f3"),
    (START, "`Nf3`.", "g1f3"),
    (START, "(Nf3)", "g1f3"),
    (START, "♘f3", "g1f3"),
    (START, "♞f3", "g1f3"),
    (FIGHT, "exd5", "e4d5"),
    (FIGHT, "ed5", "e4d5"),
    (FIGHT, "e4xd5", "e4d5"),
    (FIGHT, "e4d5", "e4d5"),
    (FIGHT, "e x d5", "e4d5"),
    (FIGHT, "e×d5", "e4d5"),
    (FIGHT, "Nd5", "c3d5"),
    (FIGHT, "Nc3xd5", "c3d5"),
    (CASTLING, "O-O", "e1g1"),
    (CASTLING, "0-0", "e1g1"),
    (CASTLING, "o-o", "e1g1"),
    (CASTLING, "O-O+", "e1g1"),
    (CASTLING, "O–O", "e1g1"),
    (CASTLING, "O-O-O", "e1c1"),
    (CASTLING, "0-0-0", "e1c1"),
    (CASTLING, "e1c1", "e1c1"),
    (CASTLING, "Ke1-g1", "e1g1"),
    (PROMOTION, "e8=Q", "e7e8q"),
    (PROMOTION, "e8=Q+", "e7e8q"),
    (PROMOTION, "e8Q", "e7e8q"),
    (PROMOTION, "e8q", "e7e8q"),
    (PROMOTION, "e8/Q", "e7e8q"),
    (PROMOTION, "e8(Q)", "e7e8q"),
    (PROMOTION, "e8 = Q", "e7e8q"),
    (PROMOTION, "e8 (Q)", "e7e8q"),
    (PROMOTION, "e7e8q", "e7e8q"),
    (PROMOTION, "e7-e8=N", "e7e8n"),
    (PROMOTION, "exd8=R", "e7d8r"),
    (PROMOTION, "ed8R", "e7d8r"),
    (PASSANT, "exd6", "e5d6"),
    (PASSANT, "exd6 e.p.", "e5d6"),
    (PASSANT, "exd6 ep", "e5d6"),
    (PASSANT, "exd6e.p.", "e5d6"),
    (PASSANT, "e5xd6 e.p.!", "e5d6"),
    (PASSANT, "ed6", "e5d6"),
    (PASSANT, "d6", None),
    (TWO_KNIGHTS, "Nbd2", "b1d2"),
    (TWO_KNIGHTS, "N1d2", "b1d2"),
    (TWO_KNIGHTS, "Nf3d2", "f3d2"),
]
"""Board, text, and the UCI move that it means; null where the named move is illegal."""


@pytest.mark.parametrize(("board", "text", "move"), WRITTEN, ids=lambda value: value if isinstance(value, str) else "")
def test_a_move_is_read_as_people_write_it(board: chess.Board, text: str, move: str | None) -> None:
    assert read_move(board, text) == (Reading("legal", move) if move else Reading("illegal", text))


@pytest.mark.parametrize(
    "text",
    ["", " ", "a", "be4", "Knight to f3", "e2 to e4", "e4 e5", "Ke9", "i4", "castle", "x" * 41, "e4" * 30, "1.", "--"],
)
def test_what_is_no_single_move_is_unparsable(text: str) -> None:
    assert read_move(START, text) == Reading("unparsable")


@pytest.mark.parametrize("text", ["Ke2", "e5", "O-O", "e2e5", "Qxf7#", "a8=Q", "e4=Q"])
def test_a_move_against_the_rules_is_illegal_with_what_was_named(text: str) -> None:
    assert read_move(START, text) == Reading("illegal", text.rstrip("#"))


@pytest.mark.parametrize(("board", "text"), [(TWO_KNIGHTS, "Nd2"), (PROMOTION, "e8"), (PROMOTION, "e7e8")])
def test_what_fits_several_moves_is_ambiguous(board: chess.Board, text: str) -> None:
    assert read_move(board, text) == Reading("ambiguous", text)


def test_castling_is_not_named_by_the_king_s_square_alone() -> None:
    assert read_move(CASTLING, "Kg1").status == "illegal"


SPOKEN = [
    ("The answer is: Nh3.", Reading("legal", "g1h3")),
    ("The answer is: e4.", Reading("legal", "e2e4")),
    ("1. e4", Reading("legal", "e2e4")),
    ("I would play **e4** here", Reading("legal", "e2e4")),
    ("My move:\n\ne4", Reading("legal", "e2e4")),
    ("Nf3, which controls d4 and e5", Reading("legal", "g1f3")),
    ("I looked at Nf3, but I play e4", Reading("legal", "e2e4")),
    ("Nf3 is fine and Nc3 is better", Reading("legal", "b1c3")),
    ("Nf3 (if Nc6 then Bb5)", Reading("legal", "g1f3")),
    ("a3 a4 Na3 Nc3", Reading("legal", "b1c3")),
    ("I play e2 - e4", Reading("legal", "e2e4")),
    ("Ke2!", Reading("illegal", "Ke2")),
    ("First Qh5, then Qxf7#", Reading("illegal", "Qxf7")),
    ("Knight to f3", Reading("unparsable")),
    ("the pawn on e4 is strong", Reading("unparsable")),
    ("a be4 b4u c3po N6", Reading("unparsable")),
    ("FEN: rnbqkbnr/pppppppp/8/8/4P3/8/PPPP1PPP/RNBQKBNR b KQkq e3 0 1", Reading("unparsable")),
    ("8/Nb6/8 Nb6/8", Reading("unparsable")),
    ("", Reading("unparsable")),
]


@pytest.mark.parametrize(("text", "reading"), SPOKEN, ids=lambda value: value if isinstance(value, str) else "")
def test_the_last_legal_move_named_counts(text: str, reading: Reading) -> None:
    assert last_move_named(START, text) == reading


@given(st.integers(0, 2**32))
def test_san_uci_and_long_notation_of_every_legal_move_are_read_back(seed: int) -> None:
    draw = random.Random(seed)
    board = chess.Board()
    for _ in range(draw.randrange(80)):
        if board.is_game_over():
            break
        board.push(draw.choice(list(board.legal_moves)))
    legal = list(board.legal_moves)
    for move in legal:
        expected = Reading("legal", move.uci())
        assert read_move(board, board.san(move), legal) == expected
        assert read_move(board, move.uci()) == expected
        assert read_move(board, board.lan(move), legal) == expected
        assert last_move_named(board, f"I think it is {board.san(move)} for me", legal) == expected


SCRAPS = st.sampled_from(
    [
        "e4",
        "Nf3",
        "O-O",
        "x",
        "=",
        "-",
        " ",
        "\n",
        ".",
        "1.",
        "(",
        ")",
        "Q",
        "b",
        "8",
        "h",
        "♘",
        "0",
        "<",
        "/",
        "play ",
        ":",
    ]
)


@given(st.one_of(st.text(), st.lists(SCRAPS).map("".join)))
def test_any_text_gets_a_reading_and_only_legal_moves_are_called_legal(text: str) -> None:
    for board in (START, PROMOTION, CASTLING):
        for reading in (read_move(board, text), last_move_named(board, text)):
            if reading.status == "legal":
                assert reading.move is not None and chess.Move.from_uci(reading.move) in board.legal_moves
            else:
                assert (reading.move is None) == (reading.status == "unparsable")


def test_the_text_of_a_state_leads_to_its_position() -> None:
    board = chess.Board()
    for move in ("e2e4", "c7c5", "g1f3"):
        board.push_uci(move)
    assert position_of(f"{chess.STARTING_FEN} moves e2e4 c7c5 g1f3 as black") == board.fen()
    assert position_of(f"{chess.STARTING_FEN} moves - as white") == chess.STARTING_FEN


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no chess state"),
        (chess.STARTING_FEN, "no chess state"),
        (f"{chess.STARTING_FEN} moves - as green", "no chess state"),
        (f"{chess.STARTING_FEN} moves as white", "no chess state"),
        (f"{chess.STARTING_FEN} moves e2e5 as white", "move e2e5 is illegal"),
        (f"{chess.STARTING_FEN} moves Nf3 as white", "no move in UCI notation"),
        (f"{chess.STARTING_FEN} moves 0000 as white", "illegal"),
        ("8/8/8/8/8/8/8/8 w - - 0 1 moves - as white", "board is empty"),
        ("nonsense moves - as white", "no FEN"),
    ],
)
def test_a_broken_state_is_refused_in_one_line(text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        position_of(text)
    assert "\n" not in str(caught.value)


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
        ("4k3/8/8/8/8/8/8/4K3 x - - 0 1", "no FEN"),
        ("4k3/8/8/8/8/8/8/4K3 w - - many 1", "no FEN"),
    ],
)
def test_an_impossible_position_is_refused_with_what_is_wrong(fen: str, said: str) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        board_of(fen)
    assert "\n" not in str(caught.value)
