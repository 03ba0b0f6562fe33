"""Claims about two roads to one position, checked with python-chess from the text of the messages alone."""

import re
from concurrent.futures import Future

import chess
import pytest
from scripted_play import Listed, Scripted

from horizon.core.environment import open_environment
from horizon.core.errors import UsageError
from horizon.core.model import ModelOptions, Request, open_model
from horizon.core.records import Reply, Score, Scores
from horizon.core.seeds import generator
from horizon.domains.chess.roads import other_order
from horizon.engines.position_text import board_of_position
from horizon.play.loop import play
from horizon.play.opening import check_fit
from horizon.play.setting import Setting
from horizon.scenarios.scenario import make

ENVIRONMENT = "chess:show=last_move+fen,later=last_move+fen"
LAST_MOVE = re.compile(r"Last move: (\S+)\n")


class EqualScores:
    """A judge that calls all legal moves equal."""

    def submit(self, position: str) -> "Future[Scores]":
        future: Future[Scores] = Future()
        moves = [move.uci() for move in board_of_position(position).legal_moves]
        future.set_result(Scores(dict.fromkeys(moves, Score(0.5, 0))))
        return future


def any_move(request: Request) -> Reply:
    return Reply(request.posed.render(generator(request.seed).choice(request.posed.actions())))


def requests(turns: int = 12) -> dict[tuple[str, str], Request]:
    """Return the requests of both roads by episode and turn, and by road."""
    keys = {"environment": ENVIRONMENT, "episodes": 3, "turns": turns, "opponents": ["random"], "temperature": 1.0}
    scenario = make({**keys, "conditions": ["natural", "road:own", "road:other"]}, "test")
    model, opponents = Scripted(any_move), {"random": open_model("random", ModelOptions())}
    play(Setting(scenario, open_environment(ENVIRONMENT), model, opponents, EqualScores(), run_id="run"), Listed())
    asked = {}
    for request in model.requests:
        episode, *probe = request.conversation.split("/")
        if probe:
            asked[f"{episode}/{probe[1]}", probe[0]] = request
    return asked


def replayed(request: Request) -> tuple[chess.Board, list[str]]:
    """Return the position that a dialogue leads to from the FEN of its first message, and its moves."""
    texts = [message.content for message in request.messages[1:]]
    fen = re.search(r"FEN: (.+)", texts[0])
    assert fen is not None
    board, moves = chess.Board(fen[1]), []
    for reply, message in zip(texts[1::2], texts[2::2], strict=True):
        last = LAST_MOVE.search(message)
        assert last is not None
        for san in (reply.removeprefix("Answer: "), last[1]):
            moves.append(board.push_san(san).uci())
        assert f"FEN: {board.fen()}\n" in message
    return board, moves


def test_both_roads_reach_the_same_position_by_the_same_moves_in_another_order() -> None:
    asked = requests()
    keys = {key for key, _ in asked}
    assert len(keys) >= 15
    for key in keys:
        own, other = asked[key, "road:own"], asked[key, "road:other"]
        (end, moves), (other_end, other_moves) = replayed(own), replayed(other)
        # A FEN has men, side to move, castling and en passant rights, and both counters.
        assert end.fen() == other_end.fen() == board_of_position(own.posed.position() or "").fen()
        assert sorted(moves) == sorted(other_moves)
        assert moves != other_moves
        assert own.messages[-1] == other.messages[-1]
        assert own.messages[1] == other.messages[1]


CASTLING = ("h2h4", "a7a6", "h1h3", "a6a5", "h3h1", "a5a4", "g1f3", "b7b6")
"""The rook goes out and back, so that White may no longer castle on that side."""
EN_PASSANT = ("e2e4", "a7a6", "e4e5", "h7h6", "g1f3", "d7d5")


@pytest.mark.parametrize(
    ("moves", "rights"), [(CASTLING, (False, None)), (EN_PASSANT, (True, chess.D6))], ids=["castling", "en passant"]
)
def test_another_order_keeps_castling_and_en_passant_rights(
    moves: tuple[str, ...], rights: tuple[bool, int | None]
) -> None:
    orders = {other_order(chess.STARTING_FEN, (), moves, seed) for seed in range(20)} - {None}
    assert orders
    assert moves not in orders
    for order in orders:
        board = chess.Board()
        for uci in order or ():
            board.push_uci(uci)
        assert (board.has_kingside_castling_rights(chess.WHITE), board.ep_square) == rights


def test_a_game_of_one_order_has_no_other_road() -> None:
    assert other_order(chess.STARTING_FEN, (), ("e2e4", "e7e5"), 0) is None


def test_an_environment_that_knows_no_other_road_is_refused_in_one_line() -> None:
    scenario = make({"environment": "hanoi", "conditions": ["natural", "road:other"]}, "test")
    with pytest.raises(UsageError, match="road:other needs two ways to one state, and hanoi knows none"):
        check_fit(scenario, open_environment("hanoi"))
