"""Claims about shifts of chess: they turn, draw, write and name a position otherwise, and change nothing else."""

import random
import re

import chess
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from horizon.core.environment import open_environment
from horizon.core.errors import UsageError
from horizon.core.records import Answer, Score, Scores
from horizon.domains.chess.shifts import letters, read_shift
from horizon.environments.chess import Chess, Game

PARTS = ("flip", "mirror", "san", "uci", "descriptive", "ascii", "pieces", "renamed")
SHIFTS = (*PARTS, "flip+mirror", "flip+descriptive+pieces+renamed", "mirror+uci+ascii+renamed", "flip+renamed")
shifts = st.sampled_from(SHIFTS)
# From the usual start, where castling is gone; and where every castling, promotion and capture in passing is near.
BUSY = "r3k2r/1P2ppp1/1b6/2pP4/3nN1B1/8/p4P1P/R3K2R w KQkq c6 0 20"


def play_random(task: Chess, seed: int, plies: int) -> Game:
    draw, state = random.Random(seed), task.reset(seed)
    for _ in range(plies):
        if not task.actions(state):
            break
        after = task.step(state, draw.choice(task.actions(state)))
        if task.done(after):
            break
        state = after
    return state


def pair(shift: str, **more: str) -> tuple[Chess, Chess]:
    given = {"castling": "gone"} if "mirror" in shift else {}
    return Chess(**given, **more), Chess(shift=shift, **given, **more)


@given(shifts, st.integers(0, 2**62), st.integers(0, 120), st.sampled_from(["book", "chess960", "atypical"]))
@settings(deadline=None)
def test_every_legal_move_is_read_back_as_itself_under_every_shift(
    shift: str, seed: int, plies: int, opening: str
) -> None:
    plain, shifted = pair(shift, opening=opening)
    state = play_random(plain, seed, plies)
    for action in plain.actions(state):
        assert shifted.parse(state, shifted.render(state, action)) == Answer(action)
        said = shifted.render(state, action).removeprefix("Answer: ")
        assert shifted.parse(state, f"I think that {said} is best, so my move is: {said}.") == Answer(action)


@pytest.mark.parametrize("shift", SHIFTS)
def test_castling_promotion_and_capture_in_passing_are_read_back_too(shift: str) -> None:
    plain, shifted = pair(shift, fen=BUSY, color="white")
    state = plain.reset(0)
    kinds = {"b7a8q", "b7b8n", "d5c6"} | (set() if "mirror" in shift else {"e1g1", "e1c1"})
    assert kinds <= set(plain.actions(state))
    told = shifted.pose(state)
    for action in plain.actions(state):
        said = shifted.render(state, action)
        assert shifted.parse(state, said) == Answer(action)
        assert re.search(rf"[ ,]{re.escape(said.removeprefix('Answer: '))}(,| |\n)", told), said


@given(shifts, st.integers(0, 2**62), st.integers(0, 60))
@settings(deadline=None, max_examples=40)
def test_states_actions_and_verdicts_are_those_of_the_original(shift: str, seed: int, plies: int) -> None:
    plain, shifted = pair(shift)
    state = play_random(plain, seed, plies)
    assert shifted.reset(seed) == plain.reset(seed)
    assert shifted.dump(state) == plain.dump(state) and shifted.load(plain.dump(state)) == state
    assert shifted.actions(state) == plain.actions(state)
    assert shifted.engine_position(state) == plain.engine_position(state)
    scores = Scores({each: Score(place / 100, place) for place, each in enumerate(plain.actions(state))})
    for action in plain.actions(state):
        one, other = plain.judge(state, action, scores), shifted.judge(state, action, scores)
        assert (one.error, one.loss, one.optimal_action) == (other.error, other.loss, other.optimal_action)
    if shift in ("flip", "renamed", "uci"):
        assert plain.judge(state, None, scores) == shifted.judge(state, None, scores)


@pytest.mark.parametrize(("shift", "turned"), [("flip", "flip"), ("mirror", "mirror"), ("flip+mirror", "both")])
@given(seed=st.integers(0, 2**62), plies=st.integers(1, 100))
@settings(deadline=None, max_examples=25)
def test_a_turned_position_is_told_as_if_it_had_always_been_so(shift: str, turned: str, seed: int, plies: int) -> None:
    show = "board+fen+moves+last_move+pieces+legal_moves"
    plain, shifted = pair(shift, show=show)
    state = play_random(plain, seed, plies)

    def board(fen: str) -> chess.Board:
        found = chess.Board(fen)
        if turned in ("flip", "both"):
            found = found.mirror()
        return found.transform(chess.flip_horizontal) if turned in ("mirror", "both") else found

    change = {"flip": 56, "mirror": 7, "both": 63}[turned]
    native = plain.load(f"{board(state.root).fen()} moves - as white")
    for uci in state.moves:
        move = chess.Move.from_uci(uci)
        native = plain.step(
            native, chess.Move(move.from_square ^ change, move.to_square ^ change, move.promotion).uci()
        )
    # A game that Black began counts its moves one later.
    one, other = (re.sub(r"(FEN: .*) \d+", r"\1", text) for text in (shifted.pose(state), plain.pose(native)))
    assert one == other


def test_mirrored_chess_needs_castling_to_be_gone_in_the_original_too() -> None:
    with pytest.raises(UsageError, match="castling=gone"):
        open_environment("chess:shift=mirror")
    assert " - " in Chess(castling="gone").reset(1).root


def test_a_drawing_tells_all_that_the_fen_tells() -> None:
    state = Chess(fen=BUSY).reset(0)
    drawn, listed = Chess(shift="ascii", fen=BUSY).pose(state), Chess(shift="pieces", fen=BUSY).pose(state)
    assert "FEN" not in drawn + listed
    rows = drawn.split("\n")[1:9]
    fen = "/".join("".join(row.split()) for row in rows)
    assert chess.BaseBoard(re.sub(r"\.+", lambda dots: str(len(dots.group())), fen)).board_fen() == BUSY.split()[0]
    men = chess.BaseBoard(None)
    for row, color in zip(listed.split("\n")[:2], (chess.WHITE, chess.BLACK), strict=True):
        for man in row.partition(": ")[2].split():
            kind = chess.PIECE_SYMBOLS.index(man[0].lower())
            men.set_piece_at(chess.parse_square(man[1:]), chess.Piece(kind, color))
    assert men.board_fen() == BUSY.split()[0]
    for told in (drawn, listed):
        assert "Castling: KQkq; en passant: c6; halfmove clock: 0; move: 20" in told
        assert "You play White." in told


def test_letters_are_no_letters_of_chess_differ_by_start_and_are_told_each_turn() -> None:
    shown = {letters(seed).shown for seed in range(200)}
    assert len(shown) > 150
    for each in shown:
        assert len(set(each)) == 6 and not set(each) & set("KQRBNPOXABCDEFGH")
    task = Chess(shift="renamed", opening="start", color="white")
    state = task.reset(0)
    told = task.pose(state)
    found = re.search(r"king (\w), queen (\w), rook (\w), bishop (\w), knight (\w), pawn (\w)\.", told)
    assert found and told == task.observe(state)
    knight, pawn = found.group(5), found.group(6)
    assert f"{knight}f3" in told and f"/{pawn * 8}/" in told and "Nf3" not in told and "/PPP" not in told


@pytest.mark.parametrize(
    ("reply", "action"),
    [
        ("Answer: {N}f3", "g1f3"),
        ("Answer: {n}f3", "g1f3"),
        ("Answer: Nf3", "g1f3"),
        ("You should move out. My move is: {N}c3", "b1c3"),
        ("Answer: e4", "e2e4"),
        ("Answer: e2e4", "e2e4"),
        ("Answer: {P}e4", "e2e4"),
        ("Answer: {K}f3", None),
    ],
)
def test_replies_may_use_the_told_letters_or_the_usual_ones(reply: str, action: str | None) -> None:
    task = Chess(shift="renamed", opening="start", color="white")
    state = task.reset(0)
    found = re.search(r"king (\w), queen (\w), rook (\w), bishop (\w), knight (\w), pawn (\w)\.", task.pose(state))
    assert found
    names = dict(zip("KQRBNP", found.groups(), strict=True))
    answer = task.parse(state, reply.format(n=names["N"].lower(), **names))
    assert answer.action == action if action else answer.error == "illegal"


@given(shifts, st.text(max_size=200) | st.text(alphabet="JMUVWYZKQabcdefgh12345678x=+-() \n", max_size=200))
@settings(deadline=None, max_examples=60)
def test_any_reply_gets_a_verdict_under_any_shift(shift: str, reply: str) -> None:
    _, task = pair(shift)
    state = task.reset(3)
    for text in (reply, f"Answer: {reply}"):
        answer = task.parse(state, text)
        assert (answer.action in task.actions(state)) == (answer.error == "none")


@pytest.mark.parametrize(
    ("shift", "said"),
    [
        ("flipp", "did you mean 'flip'"),
        ("uci+san", "exclude one another"),
        ("ascii+pieces", "exclude one another"),
        ("flip+flip", "twice"),
        ("", "no shift is called ''"),
        ("none+flip", "no shift is called 'none'"),
    ],
)
def test_a_bad_shift_is_refused_in_one_line(shift: str, said: str) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        read_shift(shift)
    assert "\n" not in str(caught.value)
