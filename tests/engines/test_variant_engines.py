"""Claims about engines in Chess960 and in variants: every legal move scored, the same each time, wins seen."""

from pathlib import Path

import chess
import pytest
from fake_engine import fake_engine

from horizon.core.errors import EngineFailure, UsageError
from horizon.core.seeds import generator
from horizon.engines.engine import Engine
from horizon.engines.judge import Judge
from horizon.engines.position_text import BOARDS, board_of_position

ENGINES = {name: ("pyffish",) if name == "atomic" else ("fairy-stockfish", "pyffish") for name in BOARDS}
EACH = [(variant, engine) for variant, found in ENGINES.items() for engine in found]
CASTLING_960 = "chess960:4k3/8/8/8/8/8/8/1R2K1R1 w GB - 0 1"

WON_IN_ONE = {
    "rules of chess": ("6k1/5ppp/8/8/8/8/8/R6K w - - 0 1", {"a1a8"}),
    "the explosion takes the king": (
        "atomic:rnbqkbnr/pppp1ppp/8/4p1N1/8/8/PPPPPPPP/RNBQKB1R w KQkq - 0 3",
        {"g5f7"},
    ),
    "a king on the hill": ("kingofthehill:4k3/8/8/8/8/4K3/8/8 w - - 0 1", {"e3d4", "e3e4"}),
    "the third check": ("3check:4k3/8/8/8/8/8/8/K6R w - - 1+3 0 1", {"h1h8", "h1e1"}),
    "the eighth rank": ("racingkings:8/7K/8/8/8/8/1k6/8 w - - 0 1", {"h7g8", "h7h8"}),
    "the last of the horde": ("horde:4k3/8/8/8/8/8/3r4/3P4 b - - 0 1", {"d2d1"}),
    "a drop that smothers": ("crazyhouse:6rk/6pp/8/8/8/8/8/4K3[N] w - - 0 1", {"N@f7"}),
    "the last man must be taken": ("antichess:8/8/8/1p6/8/P7/8/8 w - - 0 1", {"a3a4"}),
}


def middlegame(variant: str) -> str:
    """Return a position of a variant that 16 seeded legal plies lead to."""
    board = BOARDS[variant]()
    draw = generator(1, "middlegame", variant)
    for _ in range(16):
        board.push(draw.choice(list(board.legal_moves)))
    assert not board.is_game_over()
    return f"{variant}:{board.fen()}"


@pytest.mark.slow
@pytest.mark.parametrize(("variant", "engine"), EACH)
def test_every_legal_move_is_scored_and_the_same_in_another_process(variant: str, engine: str) -> None:
    position = middlegame(variant)
    with Engine(engine) as first:
        scores = first.score(position, 3000)
        first.score(chess.STARTING_FEN, 1000)
        again = first.score(position, 3000)
    with Engine(engine) as other:
        elsewhere = other.score(position, 3000)
    assert set(scores.actions) == {move.uci() for move in board_of_position(position).legal_moves}
    assert list(scores.actions.items()) == list(again.actions.items()) == list(elsewhere.actions.items())


@pytest.mark.slow
@pytest.mark.parametrize("what", WON_IN_ONE)
def test_a_win_at_hand_leads_the_scores(what: str) -> None:
    position, winning = WON_IN_ONE[what]
    for name in ENGINES.get(position.partition(":")[0], ("stockfish", "fairy-stockfish", "pyffish")):
        with Engine(name) as engine:
            scores = engine.score(position, 1000)
        assert {move for move, score in scores.actions.items() if score.mate is not None and score.mate > 0} >= winning
        assert next(iter(scores.actions)) in winning
        assert next(iter(scores.actions.values())).win == 1.0


@pytest.mark.slow
@pytest.mark.parametrize("name", ["stockfish", "fairy-stockfish", "pyffish"])
def test_castling_of_chess960_is_king_takes_rook_and_ordinary_castling_stays(name: str) -> None:
    usual = "4k3/8/8/8/8/8/8/R3K2R w KQ - 0 1"
    with Engine(name) as engine:
        assert {"e1g1", "e1c1"} <= set(engine.score(usual, 500).actions)
        assert {"e1g1", "e1b1"} <= set(engine.score(CASTLING_960, 500).actions)
        assert {"e1h1", "e1a1"} <= set(engine.score(f"chess960:{usual}", 500).actions)
        assert {"e1g1", "e1c1"} <= set(engine.score(usual, 500).actions)


@pytest.mark.slow
def test_an_engine_that_lacks_a_variant_says_so_and_goes_on() -> None:
    start = BOARDS["atomic"].starting_fen
    for name in ("stockfish", "fairy-stockfish"):
        with Engine(name) as engine:
            assert "atomic" not in engine.variants
            with pytest.raises(UsageError, match=r"Stockfish.* can't play atomic: name another engine.*pyffish"):
                engine.score(f"atomic:{start}", 500)
            assert len(engine.score(start, 500).actions) == 20


@pytest.mark.slow
def test_a_variant_is_not_taken_from_the_cache_for_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HORIZON_CACHE", str(tmp_path))
    position = "r1bqkb1r/pppp1ppp/2n2n2/4p2Q/2B1P3/8/PPPP1PPP/RNB1K1NR w KQkq - 4 4"
    for _ in range(2):
        with Judge("fairy-stockfish", nodes=1000) as judge:
            plain = judge.submit(position).result()
            hill = judge.submit(f"kingofthehill:{position}").result()
            with pytest.raises(EngineFailure, match="can't play atomic"):
                judge.submit(f"atomic:{position}").result()
        assert set(plain.actions) == set(hill.actions) and plain.actions != hill.actions


@pytest.mark.slow
def test_an_engine_killed_in_a_variant_is_replaced_and_set_up_again() -> None:
    position = middlegame("crazyhouse")
    with Engine("fairy-stockfish") as engine:
        scores = engine.score(position, 1000)
        engine._process._child.kill()  # type: ignore[union-attr]
        assert engine.score(position, 1000).actions == scores.actions


def test_options_are_sent_only_when_they_change(tmp_path: Path) -> None:
    with Engine("fake", path=fake_engine(tmp_path, "ok")) as engine:
        shuffled = f"chess960:{chess.STARTING_FEN}"
        for position in (chess.STARTING_FEN, chess.STARTING_FEN, shuffled, shuffled, chess.STARTING_FEN):
            engine.score(position, 100)
    sent = [line.removeprefix("setoption name ") for line in (tmp_path / "options").read_text().splitlines()]
    assert sent == ["MultiPV value 20", "UCI_Chess960 value true", "UCI_Chess960 value false"]
