"""Claims about the judge: a pool that keeps every position's scores, and whose failures name their position."""

import sqlite3
from pathlib import Path

import chess
import pytest
from fake_engine import fake_engine

from horizon.core.errors import EngineFailure
from horizon.core.records import Scores
from horizon.engines.cache import ScoresCache
from horizon.engines.judge import Judge
from horizon.engines.win_probability import make_score

START = chess.STARTING_FEN
OTHER = "6k1/5ppp/8/8/8/8/8/R6K w - - 0 1"


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HORIZON_CACHE", str(tmp_path / "cache"))


def engine(folder: Path, monkeypatch: pytest.MonkeyPatch, *ways: str) -> None:
    monkeypatch.setenv("HORIZON_STOCKFISH", str(fake_engine(folder, *ways)))


def searches(folder: Path) -> int:
    return int((folder / "searches").read_text())


def test_a_position_is_searched_once_in_this_run_and_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine(tmp_path, monkeypatch, "ok")
    with Judge("stockfish", nodes=100) as judge:
        first = judge.submit(START).result()
        assert judge.submit(START).result() == first
    with Judge("stockfish", nodes=100) as judge:
        assert judge.submit(START).result() == first
    assert searches(tmp_path) == 1
    assert list(first.actions) == list(judge_order())


def judge_order() -> list[str]:
    return [move.uci() for move in chess.Board().legal_moves]


def test_other_nodes_are_other_scores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine(tmp_path, monkeypatch, "ok")
    for nodes in (100, 200):
        with Judge("stockfish", nodes=nodes) as judge:
            judge.submit(START).result()
    assert searches(tmp_path) == 2


def test_a_position_asked_for_twice_at_once_is_searched_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine(tmp_path, monkeypatch, "ok")
    with Judge("stockfish", nodes=100) as judge:
        futures = [judge.submit(START) for _ in range(10)]
        assert len({tuple(future.result().actions.items()) for future in futures}) == 1
    assert searches(tmp_path) == 1


def test_a_crash_costs_a_retry_and_three_in_a_row_name_the_position(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine(tmp_path, monkeypatch, "crash", "ok", "crash", "crash", "crash", "ok")
    with Judge("stockfish", nodes=100, processes=1) as judge:
        assert len(judge.submit(START).result().actions) == 20
        with pytest.raises(EngineFailure, match="3 times in a row at position '6k1"):
            judge.submit(OTHER).result()
        assert judge.submit(OTHER).result().actions, "a failure is not kept"


def test_a_text_that_is_no_position_is_a_failure_that_quotes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine(tmp_path, monkeypatch, "ok")
    with Judge("stockfish", nodes=100) as judge, pytest.raises(EngineFailure, match="'nonsense' is not a position"):
        judge.submit("nonsense").result()


def test_who_waits_when_the_judge_closes_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine(tmp_path, monkeypatch, "ok")
    judge = Judge("stockfish", nodes=100, processes=1)
    futures = [judge.submit(START.replace(" 0 1", f" 0 {n}")) for n in range(1, 60)]
    judge.close()
    outcomes = {type(future.exception()) for future in futures}
    assert outcomes <= {type(None), EngineFailure}
    with pytest.raises(EngineFailure, match="closed"):
        judge.submit(START)


def test_scores_come_back_from_disk_as_they_were(tmp_path: Path) -> None:
    scores = Scores(
        {"e2e4": make_score(31), "a7a8q": make_score(mate=4), "b1c3": make_score(-900), "g1h3": make_score(mate=-2)},
        1.5,
    )
    for _ in range(2):
        cache = ScoresCache(tmp_path / "s.sqlite", "engine", 100)
        cache.put("position", scores)
        cache.close()
    cache = ScoresCache(tmp_path / "s.sqlite", "engine", 100)
    assert cache.get("position") == scores
    assert cache.get("other") is None
    assert ScoresCache(tmp_path / "s.sqlite", "another", 100).get("position") is None


def test_a_damaged_cache_is_set_aside_with_a_warning(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "s.sqlite"
    path.write_bytes(b"no database at all, but long enough to be looked at" * 100)
    cache = ScoresCache(path, "engine", 100)
    cache.put("position", Scores({"e2e4": make_score(31)}, 1.0))
    cache.close()
    assert "renamed to" in capsys.readouterr().err
    assert len(list(tmp_path.glob("s.damaged-*"))) == 1
    assert sqlite3.connect(path).execute("SELECT count(*) FROM scores").fetchone() == (1,)


@pytest.mark.slow
def test_stockfish_gives_the_same_scores_with_one_process_and_with_two(tmp_path: Path) -> None:
    positions = [f"6k1/5ppp/8/8/8/8/{file}/7K w - - 0 1" for file in ("R7", "1R6", "2Q5", "3N4", "4B3", "5P2")]
    found = []
    for processes in (1, 2):
        with Judge("stockfish", nodes=1000, processes=processes) as judge:
            found.append([judge.submit(each).result().actions for each in positions])
        for file in (tmp_path / "cache").iterdir():
            file.unlink()
    assert found[0] == found[1]
