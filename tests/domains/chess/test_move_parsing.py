"""Claims of reading chess moves as people write them; python-chess's own SAN and UCI are the outside truth."""

import random

import chess
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from horizon.domains.chess.game_text import board_of, text_of
from horizon.domains.chess.move_mentions import find_last_move
from horizon.domains.chess.move_parsing import ParsedMove, read_move

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
    assert read_move(board, text) == (ParsedMove("legal", move) if move else ParsedMove("illegal", text))


@pytest.mark.parametrize(
    "text",
    ["", " ", "a", "be4", "e4 e5", "Ke9", "i4", "castle", "x" * 41, "e4" * 30, "1.", "--"],
)
def test_what_is_no_single_move_is_unparsable(text: str) -> None:
    assert read_move(START, text) == ParsedMove("unparsable")


@pytest.mark.parametrize("text", ["Ke2", "e5", "O-O", "e2e5", "Qxf7#", "a8=Q", "e4=Q"])
def test_a_move_against_the_rules_is_illegal_with_what_was_named(text: str) -> None:
    assert read_move(START, text) == ParsedMove("illegal", text.rstrip("#"))


@pytest.mark.parametrize(("board", "text"), [(TWO_KNIGHTS, "Nd2"), (PROMOTION, "e8"), (PROMOTION, "e7e8")])
def test_what_fits_several_moves_is_ambiguous(board: chess.Board, text: str) -> None:
    assert read_move(board, text) == ParsedMove("ambiguous", text)


def test_castling_is_not_named_by_the_king_s_square_alone() -> None:
    assert read_move(CASTLING, "Kg1").status == "illegal"


SPOKEN = [
    ("The answer is: Nh3.", ParsedMove("legal", "g1h3")),
    ("The answer is: e4.", ParsedMove("legal", "e2e4")),
    ("1. e4", ParsedMove("legal", "e2e4")),
    ("I would play **e4** here", ParsedMove("legal", "e2e4")),
    ("My move:\n\ne4", ParsedMove("legal", "e2e4")),
    ("Nf3, which controls d4 and e5", ParsedMove("legal", "g1f3")),
    ("I looked at Nf3, but I play e4", ParsedMove("legal", "e2e4")),
    ("Nf3 is fine and Nc3 is better", ParsedMove("legal", "b1c3")),
    ("Nf3 (if Nc6 then Bb5)", ParsedMove("legal", "g1f3")),
    ("a3 a4 Na3 Nc3", ParsedMove("ambiguous", "b1c3")),
    ("Nf3 or Nc3", ParsedMove("ambiguous", "b1c3")),
    ("I'd play e4 or d4.", ParsedMove("ambiguous", "d2d4")),
    ("I play e2 - e4", ParsedMove("legal", "e2e4")),
    ("Ke2!", ParsedMove("illegal", "Ke2")),
    ("First Qh5, then Qxf7#", ParsedMove("illegal", "Qxf7")),
    ("Knight to f3", ParsedMove("legal", "g1f3")),
    ("I would put my knight to e5", ParsedMove("ambiguous", "Ne5")),
    ("The knight f3 is strong", ParsedMove("unparsable")),
    ("the pawn on e4 is strong", ParsedMove("unparsable")),
    ("a be4 b4u c3po N6", ParsedMove("unparsable")),
    ("FEN: rnbqkbnr/pppppppp/8/8/4P3/8/PPPP1PPP/RNBQKBNR b KQkq e3 0 1", ParsedMove("unparsable")),
    ("8/Nb6/8 Nb6/8", ParsedMove("unparsable")),
    ("", ParsedMove("unparsable")),
]


@pytest.mark.parametrize(("text", "reading"), SPOKEN, ids=lambda value: value if isinstance(value, str) else "")
def test_the_last_legal_move_named_counts(text: str, reading: ParsedMove) -> None:
    assert find_last_move(START, text) == reading


@given(st.integers(0, 2**32))
@settings(deadline=None)
def test_san_uci_and_long_notation_of_every_legal_move_are_read_back(seed: int) -> None:
    draw = random.Random(seed)
    board = chess.Board()
    for _ in range(draw.randrange(80)):
        if board.is_game_over():
            break
        board.push(draw.choice(list(board.legal_moves)))
    legal = list(board.legal_moves)
    for move in legal:
        expected = ParsedMove("legal", move.uci())
        assert read_move(board, board.san(move), legal) == expected
        assert read_move(board, move.uci()) == expected
        assert read_move(board, board.lan(move), legal) == expected
        assert find_last_move(board, f"I think it is {board.san(move)} for me", legal) == expected


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
@settings(deadline=None)
def test_any_text_gets_a_reading_and_only_legal_moves_are_called_legal(text: str) -> None:
    for board in (START, PROMOTION, CASTLING):
        for reading in (read_move(board, text), find_last_move(board, text)):
            if reading.status == "legal":
                assert reading.move is not None and chess.Move.from_uci(reading.move) in board.legal_moves
            else:
                assert (reading.move is None) == (reading.status == "unparsable")


SHUFFLED = "chess960:r1k1r2q/p1ppp1pp/8/8/8/8/P1PPP1PP/R1K1R2Q w KQkq - 0 1"


@pytest.mark.parametrize(
    ("text", "move"),
    [
        ("O-O", "c1e1"),
        ("O-O-O", "c1a1"),
        ("c1e1", "c1e1"),
        ("c1a1", "c1a1"),
        # As ordinary chess writes it: from the king's square to where the king ends.
        ("c1g1", "c1g1"),
        ("Kb1", "c1b1"),
        ("Kb2", "c1b2"),
    ],
)
def test_castling_of_chess960_is_read_in_both_ways_of_writing_it(text: str, move: str) -> None:
    board = board_of(SHUFFLED)
    wanted = ParsedMove("legal", "c1e1" if text == "c1g1" else move)
    assert read_move(board, text) == wanted
    assert find_last_move(board, f"I play {text}.") == wanted or text in ("O-O", "O-O-O")


def test_where_the_king_may_step_to_that_square_it_steps_and_does_not_castle() -> None:
    board = board_of("chess960:4k3/8/8/8/8/8/8/5K1R w K - 0 1")
    assert read_move(board, "f1g1") == ParsedMove("legal", "f1g1")
    assert read_move(board, "f1h1") == read_move(board, "O-O") == ParsedMove("legal", "f1h1")


@pytest.mark.parametrize("number", [0, 1, 300, 517, 959])
def test_every_move_of_a_chess960_game_is_read_back(number: int) -> None:
    board, draw = chess.Board.from_chess960_pos(number), random.Random(number)
    for _ in range(60):
        for move in board.legal_moves:
            for text in (move.uci(), board.san(move)):
                assert read_move(board, text) == ParsedMove("legal", move.uci())
        assert board_of(text_of(board)).fen() == board.fen() and board_of(text_of(board)).chess960
        if board.is_game_over():
            break
        board.push(draw.choice(list(board.legal_moves)))
