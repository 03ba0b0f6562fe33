"""Claims about engines as players: levels repeat by seed, and a broken engine is a failure, not a move."""

from pathlib import Path
from typing import Any

import chess
import pytest
from fake_engine import fake_engine, writing_engine

from horizon.core.environment import open_environment
from horizon.core.errors import ModelFailure, UsageError
from horizon.core.model import Request, open_model
from horizon.core.records import Reply, Scores
from horizon.engines.levels import choose_move
from horizon.engines.win_probability import make_score


class Posed:
    """The first position of a game, as a request poses it."""

    environment = "chess"

    def __init__(self, fen: str = "") -> None:
        self._task = open_environment("chess:opening=start", {"fen": fen} if fen else None)
        self._state = self._task.reset(0)
        self.state = self._task.dump(self._state)

    def actions(self) -> tuple[str, ...]:
        return self._task.actions(self._state)

    def render(self, action: str) -> str:
        return self._task.render(self._state, action)

    def position(self) -> str | None:
        return self._task.engine_position(self._state)

    def is_correct(self, action: str) -> bool:
        raise AssertionError("an engine does not ask the judge")

    optimal_action = difficulty = is_correct  # type: ignore[assignment]


def request(seed: int, posed: Any = None) -> Request:
    return Request((), seed, f"c{seed}", 1, 0, posed or Posed())


def moves(model: str, seeds: range, posed: Any = None) -> list[str]:
    player = open_model(model)
    try:
        return [reply.text for reply in player.reply([request(s, posed) for s in seeds]) if isinstance(reply, Reply)]
    finally:
        player.close()


@pytest.mark.slow
def test_a_level_repeats_by_seed_and_level_1_varies_more_than_level_9() -> None:
    weak, strong = moves("uci:stockfish:level=1", range(16)), moves("uci:stockfish:level=9", range(16))
    assert weak == moves("uci:stockfish:level=1", range(16))
    assert len(set(weak)) > len(set(strong))


@pytest.mark.slow
def test_the_highest_level_mates_in_one() -> None:
    assert moves("uci:stockfish:level=10", range(1), Posed("6k1/5ppp/8/8/8/8/8/R6K w - - 0 1")) == ["Answer: Ra8#"]


def test_level_0_moves_at_random_without_an_engine_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HORIZON_STOCKFISH", str(fake_engine(tmp_path, "crash")))
    played = moves("uci:stockfish:level=0", range(300))
    assert len(set(played)) == 20, "all twenty first moves appear in 300 draws"
    assert not (tmp_path / "searches").exists()


def test_a_lower_temperature_prefers_the_better_moves() -> None:
    scores = Scores({"a": make_score(0), "b": make_score(-100), "c": make_score(-300)})
    assert [choose_move(scores, 0, seed) for seed in range(5)] == ["a"] * 5
    shares = [sum(choose_move(scores, t, seed) == "a" for seed in range(400)) / 400 for t in (0.05, 0.2, 1.0)]
    assert shares == sorted(shares, reverse=True)
    # exp(0), exp(-0.0910/0.2), exp(-0.2511/0.2): 0.5214 of the chance falls to the best; three standard errors.
    assert abs(shares[1] - 0.5214) < 3 * (0.5214 * 0.4786 / 400) ** 0.5


def test_an_engine_that_keeps_crashing_is_a_failure_of_its_request(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HORIZON_STOCKFISH", str(fake_engine(tmp_path, "crash")))
    player = open_model("uci:stockfish:level=3")
    replies = player.reply([request(1), request(2)])
    player.close()
    assert all(isinstance(each, ModelFailure) and "3 times in a row" in str(each) for each in replies)


def test_what_repeats_and_what_does_not_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HORIZON_STOCKFISH", str(fake_engine(tmp_path, "ok")))
    assert open_model("uci:stockfish:level=3").identity()["reproducible"] is True
    for own in ("skill=3", "elo=1400"):
        told = open_model(f"uci:stockfish:{own}").identity()
        assert told["reproducible"] is False
        assert "clock" in str(told["why"])


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("uci:", "needs an engine"),
        ("uci:stokfish", "did you mean 'stockfish'"),
        ("uci:stockfish:level=11", "levels 0 to 10"),
        ("uci:stockfish:level=-2", "out of range"),
        ("uci:stockfish:level=1,nodes=5", "two strengths"),
        ("uci:stockfish:nodes=0", "searches nothing"),
        ("uci:stockfish:lvel=1", "did you mean 'level'"),
    ],
)
def test_a_strength_that_there_is_not_is_refused(name: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        open_model(name)


def test_the_request_seed_alone_decides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HORIZON_STOCKFISH", str(fake_engine(tmp_path, "ok")))
    assert moves("uci:stockfish:level=2", range(8)) == moves("uci:stockfish:level=2", range(8))
    assert chess.Board().parse_san(moves("uci:stockfish:level=10", range(1))[0].removeprefix("Answer: "))


@pytest.mark.parametrize("strength", ["skill=1", "elo=1400"])
@pytest.mark.parametrize("best", ["bestmove a1a1\n", "bestmove 0000\n", "bestmove\n"])
def test_an_engine_whose_own_move_is_none_fails_in_one_line(
    strength: str, best: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HORIZON_STOCKFISH", str(writing_engine(tmp_path, best=best)))
    player = open_model(f"uci:stockfish:{strength}")
    try:
        (failure,) = player.reply([request(0)])
    finally:
        player.close()
    assert isinstance(failure, ModelFailure)
    assert "failed 3 times in a row" in str(failure) and "\n" not in str(failure)
