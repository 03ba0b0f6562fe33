"""Claims about one engine process: the same scores every time, and replaced when it crashes, hangs or babbles."""

from pathlib import Path

import chess
import pytest
from fake_engine import fake_engine

from horizon.core.errors import EngineFailure, UsageError
from horizon.engines import engine, process
from horizon.engines.engine import Engine, describe_engine, engine_names, find_engine

MATE_IN_ONE = "6k1/5ppp/8/8/8/8/8/R6K w - - 0 1"
MIDDLE = "r1bqkbnr/pppp1ppp/2n5/4p3/4P3/5N2/PPPP1PPP/RNBQKB1R w KQkq - 2 3"


@pytest.mark.slow
def test_all_legal_moves_are_scored_best_first_and_the_mate_leads() -> None:
    with Engine("stockfish") as engine:
        scores = engine.score(MATE_IN_ONE, 2000)
    board = chess.Board(MATE_IN_ONE)
    assert set(scores.actions) == {move.uci() for move in board.legal_moves}
    best, score = next(iter(scores.actions.items()))
    assert best == "a1a8"
    assert (score.mate, score.win) == (1, 1.0)


@pytest.mark.slow
def test_the_same_position_scores_the_same_whatever_was_searched_before() -> None:
    with Engine("stockfish") as engine:
        first = engine.score(MIDDLE, 5000)
        engine.score(chess.STARTING_FEN, 5000)
        again = engine.score(MIDDLE, 5000)
    with Engine("stockfish") as other:
        elsewhere = other.score(MIDDLE, 5000)
    assert first.actions == again.actions == elsewhere.actions
    assert list(first.actions) == list(again.actions)


@pytest.mark.slow
def test_fewer_nodes_than_an_iteration_still_score_every_move() -> None:
    with Engine("stockfish") as engine:
        assert len(engine.score(MIDDLE, 1).actions) == chess.Board(MIDDLE).legal_moves.count()


@pytest.mark.slow
def test_fewer_lines_score_only_the_best_moves_and_the_mate_is_one_of_them() -> None:
    with Engine("stockfish") as engine:
        scores = engine.score(MATE_IN_ONE, 2000, lines=2)
        again = engine.score(MATE_IN_ONE, 2000)
        assert engine.score(MATE_IN_ONE, 2000, lines=2).actions == scores.actions
    assert len(scores.actions) == 2
    assert next(iter(scores.actions)) == "a1a8"
    assert len(again.actions) == chess.Board(MATE_IN_ONE).legal_moves.count()


def test_an_engine_that_plays_by_other_rules_is_a_failure_that_names_the_move(tmp_path: Path) -> None:
    with (
        Engine("fake", path=fake_engine(tmp_path, "other rules")) as engine,
        pytest.raises(EngineFailure, match="Fake 1 scored e7e5, which is illegal in 'rnbqkbnr"),
    ):
        engine.score(chess.STARTING_FEN, 100, lines=1)


def test_the_end_of_a_game_has_no_scores(tmp_path: Path) -> None:
    with Engine("fake", path=fake_engine(tmp_path, "crash")) as engine:
        assert engine.score("7k/6Q1/6K1/8/8/8/8/8 b - - 0 1", 100).actions == {}


@pytest.mark.parametrize("way", ["crash", "nonsense", "half"])
def test_an_engine_that_fails_is_replaced_and_the_position_asked_again(way: str, tmp_path: Path) -> None:
    with Engine("fake", path=fake_engine(tmp_path, way, way, "ok")) as engine:
        assert len(engine.score(chess.STARTING_FEN, 100).actions) == 20
    assert (tmp_path / "searches").read_text() == "3"


@pytest.mark.parametrize("way", ["crash", "nonsense"])
def test_three_failures_in_a_row_name_the_position(way: str, tmp_path: Path) -> None:
    with (
        Engine("fake", path=fake_engine(tmp_path, way)) as engine,
        pytest.raises(EngineFailure, match="3 times in a row at position 'rnbqkbnr/pppppppp") as caught,
    ):
        engine.score(chess.STARTING_FEN, 100)
    assert "\n" not in str(caught.value)


def test_an_engine_that_hangs_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "SEARCH_GRACE_S", 0.3)
    with Engine("fake", path=fake_engine(tmp_path, "hang", "ok")) as engine:
        assert len(engine.score(chess.STARTING_FEN, 1).actions) == 20


@pytest.mark.parametrize("n_kills", [1, 2, 3])
def test_an_engine_that_is_killed_while_it_starts_is_started_again_twice(n_kills: int, tmp_path: Path) -> None:
    engine = fake_engine(tmp_path, "ok")
    script = tmp_path / "killed"
    script.write_text(
        f'#!/bin/sh\necho x >> {tmp_path}/starts\n[ "$(wc -l < {tmp_path}/starts)" -le {n_kills} ] && kill -9 $$\n'
        f"exec {engine}\n"
    )
    script.chmod(0o755)
    if n_kills == 3:
        with pytest.raises(EngineFailure, match="exit status -9"):
            Engine("fake", path=script)
        return
    with Engine("fake", path=script) as started:
        assert started.version == "Fake 1"
    assert len((tmp_path / "starts").read_text().split()) == n_kills + 1


def test_a_program_that_is_no_engine_is_told_at_once() -> None:
    with pytest.raises(EngineFailure, match="ended"):
        Engine("fake", path=Path("/bin/true"))


def test_an_engine_is_found_by_its_variable_or_the_fix_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HORIZON_STOCKFISH", "/bin/true")
    assert find_engine("stockfish") == Path("/bin/true")
    monkeypatch.setenv("HORIZON_STOCKFISH", "/no/such")
    with pytest.raises(EngineFailure, match="HORIZON_STOCKFISH=/no/such is not an executable file"):
        find_engine("stockfish")
    monkeypatch.delenv("HORIZON_STOCKFISH")
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(engine, "_GAMES", "/nowhere")
    with pytest.raises(EngineFailure, match="apt-get install stockfish"):
        find_engine("stockfish")
    with pytest.raises(UsageError, match="did you mean 'stockfish'"):
        describe_engine("stokfish")


@pytest.mark.parametrize("name", engine_names())
def test_every_described_engine_has_eleven_levels_from_random_to_best(name: str) -> None:
    levels = describe_engine(name).levels
    assert len(levels) == 11
    assert levels[0].nodes == 0
    assert levels[-1].temperature == 0
    assert [each.temperature for each in levels[1:]] == sorted((e.temperature for e in levels[1:]), reverse=True)
