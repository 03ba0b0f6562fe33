"""Claims about what engines write: read as the UCI protocol says, and what is missing is a failure, never a guess."""

from collections.abc import Callable
from pathlib import Path

import chess
import pytest
from fake_engine import LINE, writing_engine

from horizon.core.errors import EngineFailure
from horizon.engines.engine import Engine
from horizon.engines.uci_lines import read_scores, read_variants, split_command


def iteration(depth: int, scores: dict[int, str], nodes: int = 100) -> list[str]:
    """Return the lines of an iteration whose moves are a2a3, b2b3 and so on by their place."""
    return [
        f"info depth {depth} multipv {place} score {score} nodes {nodes} time 5 pv {'abcdefgh'[place - 1]}2"
        f"{'abcdefgh'[place - 1]}3"
        for place, score in scores.items()
    ]


WHOLE = {1: "cp 30", 2: "cp 20", 3: "cp 10"}


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text,
        lambda text: f"  {text}",
        lambda text: f"\t{text}",
        lambda text: text.replace(" ", "\t"),
        lambda text: text.replace(" ", "   "),
        lambda text: f"joho {text}",
        lambda text: text.replace("nodes", "unknownfield 7 nodes"),
        lambda text: f"{text}\r",
        lambda text: text.replace("score", "wdl 1 2 3 score"),
        lambda text: text.replace("pv ", "pv ", 1) + " h7h6 h2h4",
        lambda text: text.replace("nodes 100", "nodes\u2028100").replace(" time", "\x0b\x85 time"),
    ],
)
def test_white_space_unknown_words_and_other_fields_change_nothing(change: Callable[[str], str]) -> None:
    lines = [change(line) for line in iteration(4, WHOLE)]
    scores = read_scores([*lines, "bestmove a2a3"], 3, 100)
    assert scores is not None
    assert {move: score.centipawns for move, score in scores.actions.items()} == {"a2a3": 30, "b2b3": 20, "c2c3": 10}


def test_the_fields_of_a_line_may_stand_in_any_order() -> None:
    texts = ["info pv a2a3 b7b6 score cp 30 multipv 1", "info multipv 2 score mate -3 depth 1 pv b2b3 string pv c2c3"]
    scores = read_scores(texts, 2, 100)
    assert scores is not None
    assert [(move, each.centipawns, each.mate) for move, each in scores.actions.items()] == [
        ("a2a3", 30, None),
        ("b2b3", None, -3),
    ]


def test_a_line_without_a_multipv_word_is_the_first_place() -> None:
    scores = read_scores(["info depth 1 score cp 5 pv e2e4", "info depth 2 score cp 7 pv d2d4"], 1, 100)
    assert scores is not None and list(scores.actions) == ["d2d4"]


def test_places_from_the_last_to_the_first_are_an_iteration_too() -> None:
    scores = read_scores([*reversed(iteration(1, WHOLE)), *reversed(iteration(2, WHOLE))], 3, 100)
    assert scores is not None and list(scores.actions) == ["a2a3", "b2b3", "c2c3"]


def test_bounds_and_a_cut_last_iteration_leave_the_one_before() -> None:
    deeper = {1: "cp 99 lowerbound", 2: "cp 98", 3: "cp 97"}
    for last in (iteration(3, deeper), iteration(3, {1: "cp 99"}), iteration(3, {1: "cp 99", 2: "cp 98"}), []):
        scores = read_scores([*iteration(1, {1: "cp 1", 2: "cp 2", 3: "cp 3"}), *iteration(2, WHOLE), *last], 3, 100)
        assert scores is not None and next(iter(scores.actions.values())).centipawns == 30


def test_what_stockfish_prints_when_it_is_stopped_is_one_iteration_of_two_depths() -> None:
    mixed = [*iteration(3, {1: "cp 50"}), *iteration(2, {2: "cp 20", 3: "cp 10"})]
    scores = read_scores([*iteration(2, WHOLE), *mixed, "bestmove a2a3"], 3, 100)
    assert scores is not None and next(iter(scores.actions.values())).centipawns == 50


@pytest.mark.parametrize(
    "lines",
    [
        [],
        ["info depth 3 currmove a2a3", "info string multipv 1 score cp 9 pv a2a3"],
        # Lines of an earlier iteration, and of the middle of the last one, are missing.
        [*iteration(1, {1: "cp 1", 3: "cp 3"}), *iteration(2, WHOLE)],
        [*iteration(1, {2: "cp 1"}), *iteration(2, {1: "cp 2", 3: "cp 3"}), *iteration(3, WHOLE)],
        [*iteration(1, WHOLE), *iteration(2, {1: "cp 1", 3: "cp 3"})],
        [*iteration(1, WHOLE), *iteration(2, {2: "cp 1"})],
        # Nothing but bounds, one move in every line, and too few lines long before the nodes are spent.
        iteration(1, dict.fromkeys(WHOLE, "cp 1 upperbound")),
        [line[: line.index(" pv ")] + " pv e2e4" for line in iteration(1, WHOLE)],
        iteration(1, {1: "cp 1", 2: "cp 2"}, nodes=99),
        [line.replace("score cp", "scr") for line in iteration(1, WHOLE)],
        [line[: line.index(" pv ")] + " pv " for line in iteration(1, WHOLE)],
        [f"\0\ufffd\x1b{line}" for line in iteration(1, WHOLE)],
    ],
)
def test_lines_that_are_missing_are_a_failure(lines: list[str]) -> None:
    with pytest.raises(EngineFailure, match=r"of 3"):
        read_scores([*lines, "bestmove a2a3"], 3, 100)


@pytest.mark.parametrize(
    "field", ["cp x", "cp nan", "cp 1.5", "cp 99999999999999999999", "cp 1000001", "cp", "mate", "mate #3", "quick 3"]
)
def test_a_score_that_is_no_number_is_a_failure(field: str) -> None:
    with pytest.raises(EngineFailure, match="malformed line: info depth"):
        read_scores(iteration(1, {**WHOLE, 2: field}), 3, 100)


def test_only_spent_nodes_excuse_an_iteration_that_is_not_whole() -> None:
    assert read_scores(iteration(1, {1: "cp 1", 2: "cp 2"}, nodes=100), 3, 100) is None


def test_commands_and_variants_are_read_by_their_words() -> None:
    assert split_command(" \t joho  uciok ") == ["uciok"]
    assert split_command("bestmoved e2e4") == []
    option = "  option name\tUCI_Variant  type combo default chess var chess var 3check"
    assert read_variants(split_command(option)) == ("chess", "3check")


@pytest.mark.parametrize(
    ("line", "best", "hello"),
    [
        (LINE, "bestmove {move}\n", "id name F\nuciok\n"),
        (f" {LINE}", "\tbestmove {move} ponder e7e5\n", "  id \t name  F\n\tuciok \r\n"),
        (LINE.replace(" ", "\t"), "  bestmove\t{move}\r\n", "uciok\n"),
    ],
)
def test_an_engine_with_odd_white_space_scores_and_plays(line: str, best: str, hello: str, tmp_path: Path) -> None:
    with Engine("fake", path=writing_engine(tmp_path, line, best, hello)) as running:
        assert len(running.score(chess.STARTING_FEN, 100).actions) == 20
        assert running.best(chess.STARTING_FEN, 100) == next(iter(chess.Board().legal_moves)).uci()


def test_an_engine_that_castles_onto_its_rook_or_shouts_is_understood(tmp_path: Path) -> None:
    fen = "4k3/8/8/8/8/8/8/4K2R w K - 0 1"
    with Engine("fake", path=writing_engine(tmp_path, best="bestmove e1h1\n")) as running:
        assert running.best(fen, 100) == "e1g1"
    with Engine("fake", path=writing_engine(tmp_path, best="bestmove E1E2\n")) as running:
        assert running.best(fen, 100) == "e1e2"


@pytest.mark.parametrize(
    "best",
    ["bestmove a1a1\n", "bestmove a1a9\n", "bestmove 0000\n", "bestmove (none)\n", "bestmove\n", "bestmove NULL\n"],
)
def test_a_best_move_that_is_none_is_one_line_for_the_engine_and_for_a_player(best: str, tmp_path: Path) -> None:
    path = writing_engine(tmp_path, best=best)
    with Engine("fake", path=path) as running, pytest.raises(EngineFailure, match="3 times in a row at") as caught:
        running.best(chess.STARTING_FEN, 100)
    assert "\n" not in str(caught.value)


def test_a_second_best_move_is_noticed_before_the_next_search(tmp_path: Path) -> None:
    with Engine("fake", path=writing_engine(tmp_path, best="bestmove {move}\nbestmove {move}\n")) as running:
        running.score(chess.STARTING_FEN, 100)
        # The process is replaced: its answers are no longer those to the questions.
        assert len(running.score(chess.STARTING_FEN, 100).actions) == 20
