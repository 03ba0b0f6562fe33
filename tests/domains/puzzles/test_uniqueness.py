"""Claims of the rule for puzzles: one correct move by a margin, from scores alone, along a whole line."""

from collections.abc import Mapping
from dataclasses import replace

import chess
import pytest

from horizon.core.records import Score, Scores
from horizon.domains.puzzles.puzzle import Puzzle
from horizon.domains.puzzles.uniqueness import (
    KEPT_MARGIN,
    MARGIN,
    OnlyMove,
    Solution,
    keeps_solution,
    only_move,
    solve,
)
from horizon.engines.engine import Engine
from horizon.engines.win_probability import make_score


def scores(*ranked: Score) -> Scores:
    return Scores({f"a{number}a{number + 1}": each for number, each in enumerate(ranked, 1)})


class Told:
    """Scores by position, as an engine would give them; every other position has one level move."""

    def __init__(self, told: Mapping[str, Mapping[str, Score]]) -> None:
        self.told = {chess.Board(fen).epd(): each for fen, each in told.items()}

    def score(self, position: str, nodes: int, lines: int | None = None) -> Scores:
        board = chess.Board(position)
        found = self.told.get(board.epd()) or {sorted(map(chess.Move.uci, board.legal_moves))[0]: make_score(0)}
        return Scores(dict(list(found.items())[:lines]))


@pytest.mark.parametrize(
    ("ranked", "goal"),
    [
        ((make_score(mate=2), make_score(200)), "mate"),
        ((make_score(mate=4), make_score(0)), "mate"),
        ((make_score(mate=5), make_score(0)), "win"),
        ((make_score(400), make_score(0)), "win"),
        ((make_score(0), make_score(-400)), "hold"),
        ((make_score(0), make_score(mate=-3)), "hold"),
        # A second mate, a second move that wins as well, a lead too small, a lead in a lost or half-won position.
        ((make_score(mate=2), make_score(mate=4)), None),
        ((make_score(mate=1), make_score(900)), None),
        ((make_score(400), make_score(200)), None),
        ((make_score(-400), make_score(mate=-1)), None),
        ((make_score(250), make_score(-300)), None),
        ((make_score(0), make_score(-250)), None),
        ((make_score(mate=1),), None),
        ((), None),
    ],
)
def test_a_position_has_one_right_move_only_by_a_clear_margin(ranked: tuple[Score, ...], goal: str | None) -> None:
    found = only_move(scores(*ranked))
    assert (found.goal if found else None) == goal
    assert found is None or found.gap >= MARGIN


def test_the_lead_is_in_win_probability() -> None:
    # 1 / (1 + exp(-0.00368208 * 400)) = 0.8135 by lichess's curve; level is 0.5.
    assert only_move(scores(make_score(400), make_score(0))) == OnlyMove(
        "a1a2", "win", None, pytest.approx(0.3135, abs=1e-4)
    )


def test_a_line_to_mate_must_keep_its_distance() -> None:
    fen = "kbK5/pp6/1P6/8/8/8/8/R7 w - - 0 1"
    # Paul Morphy's problem of his boyhood: 1. Ra6 bxa6 2. b7 mate.
    after = chess.Board(fen)
    for move in ("a1a6", "b7a6"):
        after.push_uci(move)
    first = {"a1a6": make_score(mate=2), "a1a7": make_score(0)}
    told = {fen: first, after.fen(): {"b6b7": make_score(mate=1), "c8d7": make_score(0)}}
    key = chess.Board(fen)
    key.push_uci("a1a6")
    told[key.fen()] = {"b7a6": make_score(mate=-1)}
    found = solve(Told(told), fen, 1)
    assert found is not None
    assert (found.moves, found.goal, found.turns) == (("a1a6", "b7a6", "b6b7"), "mate", 2)
    assert found.gaps == pytest.approx((0.5, 0.5))
    told[after.fen()] = {"b6b7": make_score(mate=1), "c8d7": make_score(mate=2)}
    assert solve(Told(told), fen, 1) is None
    told[fen] = {"a1a6": make_score(mate=3), "a1a7": make_score(0)}
    assert solve(Told(told), fen, 1) is None


def test_a_line_to_win_ends_with_the_last_turn_that_has_one_right_move() -> None:
    fen = "r3k3/8/8/3N4/8/8/5PPP/6K1 w - - 0 1"
    told = {fen: {"d5c7": make_score(700), "g2g4": make_score(0)}}
    found = solve(Told(told), fen, 1)
    assert found is not None
    assert (found.moves, found.goal) == (("d5c7",), "win")


def test_two_looks_share_the_beginning_of_a_win_and_all_of_a_mate_or_nothing() -> None:
    long = Solution(("a1a2", "b7b6", "a2a3", "b6b5", "a3a4"), "win", (0.9, 0.5, 0.4))
    other = Solution(("a1a2", "b7b6", "a2a3", "b6c5", "a3a4"), "win", (0.3, 0.3, 0.3))
    assert long.common_line(long) == long
    assert long.common_line(other) == Solution(("a1a2", "b7b6", "a2a3"), "win", (0.9, 0.5))
    assert long.common_line(Solution(("a1b1",), "win", (0.3,))) is None
    assert long.common_line(replace(other, goal="hold")) is None
    assert replace(long, goal="mate").common_line(replace(other, goal="mate")) is None


@pytest.mark.slow
def test_stockfish_solves_legals_mate_and_finds_no_single_move_in_the_usual_start() -> None:
    with Engine("stockfish") as engine:
        found = solve(engine, "r2qkbnr/ppp2p1p/2np2p1/4N3/2B1P3/2N5/PPPP1PPP/R1BbK2R w KQkq - 0 6", 20_000)
        assert found is not None
        assert (found.moves, found.goal) == (("c4f7", "e8e7", "c3d5"), "mate")
        assert solve(engine, chess.STARTING_FEN, 20_000) is None


def test_a_solution_is_kept_only_while_its_moves_lead() -> None:
    fen = "r3k3/8/8/3N4/8/8/5PPP/6K1 w - - 0 1"
    puzzle = Puzzle("fork", fen, ("d5c7",), "win")

    def look(**best: Score) -> str | None:
        return keeps_solution(Told({fen: best}), puzzle, 1)

    assert look(d5c7=make_score(700), g2g4=make_score(200)) is None
    assert "g2g4 is better than d5c7" in str(look(g2g4=make_score(700), d5c7=make_score(200)))
    assert "behind d5c7" in str(look(d5c7=make_score(300), g2g4=make_score(200)))
    assert KEPT_MARGIN < MARGIN
    mate = Puzzle("mate", fen, ("d5c7",), "mate")
    assert "not in 1" in str(keeps_solution(Told({fen: {"d5c7": make_score(mate=2), "g2g4": make_score(0)}}), mate, 1))
    best = Puzzle("suite", fen, ("g2g3",), "best", also=("d5c7",))
    assert keeps_solution(Told({fen: {"d5c7": make_score(1), "g2g4": make_score(0)}}), best, 1) is None
