"""Claims about games.pgn: python-chess reads every game back, whatever models wrote; judgements are lichess's."""

import io
import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from pathlib import Path

import chess
import chess.pgn
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from horizon.core.environment import exports_of
from horizon.core.errors import ModelFailure, StoreError
from horizon.core.model import Request
from horizon.core.records import Episode, Json, Reply, Score, Scores, Turn
from horizon.core.seeds import derive
from horizon.domains.chess.pgn_export import games_as_pgn
from horizon.engines.position_text import board_of_position
from horizon.environments.chess import Chess
from horizon.models.random import RandomModel
from horizon.play.loop import play
from horizon.play.setting import Setting
from horizon.runs import run_folder
from horizon.runs.exports import write_exports
from horizon.runs.journal import JOURNAL
from horizon.runs.journal_reader import rewrite
from horizon.scenarios.scenario import make

PLAN: dict[str, Json] = {
    "plan": {"environment": "chess-v1"},
    "schema_version": 1,
    "created": "2026-11-24T03:00:00+00:00",
}
HOSTILE = 'Answer: Knight} [%eval 99] { (1. $1) ; "\n\n[White "me"]\n\n% 1-0 \x00\x1b\u202e\\ *'


class Whimsical:
    """Scores by a hash of position and move, with a mate now and then: enough to see what is written."""

    def submit(self, position: str) -> "Future[Scores]":
        scores: dict[str, Score] = {}
        for move in board_of_position(position).legal_moves:
            drawn = derive(0, position, move.uci()) % 1000
            mated = drawn < 30
            scores[move.uci()] = Score(drawn / 1000, None if mated else drawn - 500, -2 if mated else None)
        future: Future[Scores] = Future()
        future.set_result(Scores(dict(sorted(scores.items(), key=lambda each: -each[1].win))))
        return future


@dataclass
class Scripted:
    """A model that replies by a function of the request."""

    script: Callable[[Request], str]
    name: str = 'scripted "one"'
    reads_text: bool = False

    def identity(self) -> Mapping[str, Json]:
        return {}

    def reply(self, requests: Sequence[Request]) -> list[Reply | ModelFailure]:
        return [Reply(self.script(each)) for each in requests]

    def count_tokens(self, text: str) -> int | None:
        return None

    def close(self) -> None:
        pass


def chosen(request: Request) -> str:
    """Any legal move, and every fourth turn something hostile."""
    actions = request.posed.actions()
    if request.turn % 4 == 0:
        return HOSTILE
    return request.posed.render(actions[derive(request.seed) % len(actions)])


def run(folder: Path, script: Callable[[Request], str] = chosen, task: Chess | None = None, **keys: object) -> Path:
    given = {"conditions": ["natural", "fresh"], "episodes": 3, "turns": 9, "live_episodes": 2, **keys}
    with run_folder.create(folder, PLAN) as journal:
        scenario, opponents = make(given, "test"), {"random": RandomModel()}
        play(Setting(scenario, task or Chess(), Scripted(script), opponents, Whimsical(), run_id="run7"), journal)
    return folder


def games(path: Path) -> list[chess.pgn.Game]:
    found: list[chess.pgn.Game] = []
    with path.open(encoding="utf-8") as file:
        while (game := chess.pgn.read_game(file)) is not None:
            assert game.errors == []
            found.append(game)
    return found


def write_games(folder: Path) -> Path:
    (path,) = write_exports(folder, exports_of(Chess()))
    return path


def rows(folder: Path) -> dict[str, list[Turn]]:
    found: dict[str, list[Turn]] = {}
    for row in run_folder.iterate_turns(folder):
        if row.condition == "natural":
            found.setdefault(row.episode_id, []).append(row)
    return found


def test_every_game_is_read_back_with_its_moves_and_judgements(tmp_path: Path) -> None:
    folder = run(tmp_path / "run")
    run_folder.finish(folder)
    written = games(write_games(folder))
    assert [game.headers["Episode"] for game in written] == ["random#00000", "random#00001", "random#00002"]
    for game, episode in zip(written, run_folder.iterate_episodes(folder), strict=True):
        final = Chess().load(json.loads(episode.extra)["final_state"])
        assert tuple(move.uci() for move in game.mainline_moves()) == final.moves
        nodes = {node.ply() - 1: node for node in game.mainline()}
        for row in rows(folder)[episode.episode_id]:
            node = nodes[len(Chess().load(row.state).moves)]
            extra = json.loads(row.extra)
            evaluation = node.eval()
            if row.error in ("none", "wrong"):
                assert evaluation is not None
                assert evaluation.white().score() == extra.get("eval_cp")
                assert evaluation.white().mate() == extra.get("eval_mate")
            else:
                assert evaluation is None and f"{node.san()} was played instead" in node.comment
            assert ("wrong" in node.comment) == (row.error == "wrong")
            assert ("unreadable reply: Answer: Knight eval 99" in node.comment) == (row.error == "unparsable")
        assert not any(node.comment for ply, node in nodes.items() if ply not in _turn_plies(rows(folder), episode))


def _turn_plies(found: dict[str, list[Turn]], episode: Episode) -> set[int]:
    return {len(Chess().load(row.state).moves) for row in found[episode.episode_id]}


def test_headers_say_who_played_what(tmp_path: Path) -> None:
    folder = run(tmp_path / "run", task=Chess(color="black"), episodes=1)
    headers = games(write_games(folder))[0].headers
    assert (headers["White"], headers["Black"], headers["Round"]) == ("random", "scripted 'one'", "0")
    assert (headers["Event"], headers["Date"], headers["Result"]) == ("Horizon run run7", "2026.11.24", "*")
    assert headers["Termination"] == "unterminated"
    assert headers["Opening"] and "FEN" not in headers


@pytest.mark.parametrize(("color", "result"), [("white", "1-0"), ("black", "0-1")])
def test_a_won_game_has_its_result_and_its_own_start(tmp_path: Path, color: str, result: str) -> None:
    fens = {"white": "7k/8/6K1/8/8/8/8/1Q6 w - - 0 1", "black": "1q6/8/8/8/8/6k1/8/7K b - - 0 1"}
    task = Chess(color=color, fen=fens[color])
    folder = run(
        tmp_path / "run", lambda request: "Answer: Qb8" if color == "white" else "Answer: Qb1", task, episodes=1
    )
    game = games(write_games(folder))[0]
    assert (game.headers["Result"], game.headers["Termination"]) == (result, "normal")
    assert (game.headers["FEN"], game.headers["SetUp"]) == (fens[color], "1")
    assert game.end().board().is_checkmate()


def test_a_chess960_game_is_read_back_as_one_with_its_castling(tmp_path: Path) -> None:
    def castling(request: Request) -> str:
        sans = [request.posed.render(each).removeprefix("Answer: ") for each in request.posed.actions()]
        return f"Answer: {next((san for san in sans if san.startswith('O-O')), sans[request.turn % len(sans)])}"

    task = Chess(opening="chess960")
    folder = run(tmp_path / "run", castling, task, episodes=8, turns=25)
    run_folder.finish(folder)
    castled = 0
    for game, episode in zip(games(write_games(folder)), run_folder.iterate_episodes(folder), strict=True):
        final = json.loads(episode.extra)["final_state"]
        assert (game.headers["Variant"], game.headers["SetUp"]) == ("Chess960", "1")
        assert final.startswith(f"chess960:{game.headers['FEN']} moves ")
        board = game.board()
        assert board.chess960 and board.chess960_pos() is not None
        for move in game.mainline_moves():
            castled += board.is_castling(move)
            board.push(move)
        assert tuple(board.uci(move) for move in board.move_stack) == task.load(final).moves
    assert castled > 0


def test_torn_and_aborted_episodes_are_written_with_a_star(tmp_path: Path) -> None:
    folder = run(tmp_path / "run")
    # All but the ends of the episodes: as if the run had been killed, with the last line torn.
    rewrite(folder, list(run_folder.iterate_turns(folder)))
    with (folder / JOURNAL).open("ab") as journal:
        journal.write(b'{"turn":{"run_id":"torn')
    torn = games(write_games(folder))
    assert {game.headers["Episode"] for game in torn} == set(rows(folder))
    assert all((game.headers["Result"], game.headers["Black"] != "?") == ("*", True) for game in torn)
    for game in torn:
        last = rows(folder)[game.headers["Episode"]][-1]
        assert len(list(game.mainline_moves())) == len(Chess().load(last.state).moves) + 1


def test_an_episode_without_a_turn_is_written_too(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    extra = json.dumps({"final_state": f"{chess.STARTING_FEN} moves - as white"})
    aborted = Episode("r", "x#00007", "chess", "{}", 5, 'a "b" \\ \n]', "o", 0, "aborted", "gone", extra)
    with run_folder.create(folder, PLAN) as journal:
        journal.append(aborted)
    found = games(write_games(folder))
    assert [(game.headers["Round"], game.headers["Result"]) for game in found] == [("7", "*")]
    assert (found[0].headers["Termination"], found[0].headers["White"]) == ("abandoned", "a 'b' /  ]")


def test_under_stop_the_last_reply_is_told_after_the_last_move(tmp_path: Path) -> None:
    folder = run(
        tmp_path / "run", lambda request: "Answer: Ka9 Kh1", Chess(color="white"), episodes=1, on_error="stop"
    )
    game = games(write_games(folder))[0]
    assert "illegal reply: Kh1" in game.end().comment and "instead" not in game.end().comment


@settings(max_examples=30, deadline=None)
@given(st.text(max_size=300))
def test_nothing_that_a_model_writes_can_break_a_game(tmp_path_factory: pytest.TempPathFactory, reply: str) -> None:
    folder = run(
        tmp_path_factory.mktemp("any") / "run", lambda request: reply, episodes=1, turns=2, conditions=["natural"]
    )
    text = write_games(folder).read_text(encoding="utf-8")
    found = games(folder / "games.pgn")
    assert len(found) == 1 and len(list(found[0].mainline_moves())) >= 6
    assert text.count("{") == text.count("}") == sum(bool(node.comment) for node in found[0].mainline())
    assert chess.pgn.read_game(io.StringIO(text)) is not None


def test_a_folder_that_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError):
        write_games(tmp_path)


def test_an_open_game_whose_states_began_anew_is_written_from_there(tmp_path: Path) -> None:
    folder = run(tmp_path / "run", episodes=1)
    turns = rows(folder)["random#00000"]
    moved = replace(turns[3], state="8/8/8/8/4k3/8/4P3/4K3 w - - 99 60 moves - as white", error="none", action="e1d1")
    moved = replace(moved, reply="Kd1", substituted=False, extra=json.dumps({"begun_at_ply": 40, "eval_cp": 12}))
    (text,) = games_as_pgn([*turns[:3], moved], [], "2026-11-24T03:00:00+00:00")
    game = chess.pgn.read_game(io.StringIO(text))
    assert game is not None and game.errors == []
    assert game.headers["FEN"] == "8/8/8/8/4k3/8/4P3/4K3 w - - 99 60"
    assert [move.uci() for move in game.mainline_moves()] == ["e1d1"]
