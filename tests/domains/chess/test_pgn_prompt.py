"""Claims about the prompt of ask=completion: python-chess reads it as the game so far, and the next word as a move."""

import io
import random

import chess
import chess.pgn
import pytest

from horizon.core.errors import UsageError
from horizon.domains.chess.game import Game
from horizon.environments.chess import Chess


def games(opening: str, n_plies: int) -> list[Game]:
    """Return the states of one game of random moves, the first included."""
    task, draw = Chess(opening=opening, ask="completion"), random.Random(n_plies)
    states = [task.reset(3)]
    for _ in range(n_plies):
        if task.done(states[-1]):
            break
        states.append(task.step(states[-1], draw.choice(task.actions(states[-1]))))
    return states


@pytest.mark.parametrize("opening", ["start", "book", "chess960", "random", "counterfactual"])
@pytest.mark.parametrize("is_whole", [True, False])
def test_python_chess_reads_the_prompt_and_the_next_move_in_it(opening: str, is_whole: bool) -> None:
    task = Chess(opening=opening, ask="completion")
    for state in games(opening, 30)[:-1]:
        board = state.position.board
        move = next(iter(board.legal_moves))
        prompt = task.game_record(state, is_whole=is_whole)
        assert prompt == prompt.rstrip()
        game = chess.pgn.read_game(io.StringIO(f"{prompt} {board.san(move)} *\n"))
        assert game is not None and game.errors == []
        after = game.end().board()
        assert after.pop() == move
        assert (after.board_fen(), after.turn, after.fullmove_number) == (
            board.board_fen(),
            board.turn,
            board.fullmove_number,
        )
        assert game.end().ply() - game.ply() == (len(state.moves) if is_whole else 0) + 1


def test_a_game_from_the_usual_start_is_written_as_public_harnesses_write_it() -> None:
    task = Chess(opening="start", ask="completion")
    state = task.reset(0)
    for move in ("e2e4", "e7e5"):
        state = task.step(state, move)
    assert task.game_record(state, is_whole=True).endswith('[Result "*"]\n\n1. e4 e5 2.')
    assert task.game_record(task.step(state, "g1f3"), is_whole=True).endswith("\n\n1. e4 e5 2. Nf3")
    assert task.game_record(task.step(state, "g1f3"), is_whole=False).endswith("\n\n2...")


@pytest.mark.parametrize(("word", "action"), [("Nf3", "g1f3"), ("e4", "e2e4"), ("Nf3+!", "g1f3"), ("1-0", None)])
def test_the_word_that_continues_it_is_read_as_the_move(word: str, action: str | None) -> None:
    task = Chess(opening="start", ask="completion")
    assert task.parse(task.reset(0), word).action == action


@pytest.mark.parametrize("parameters", [{"shift": "flip"}, {"notation": "uci"}])
def test_pgn_has_its_own_notation(parameters: dict[str, str]) -> None:
    with pytest.raises(UsageError, match="ask=completion shows the game as PGN"):
        Chess(ask="completion", **parameters)
