"""Claims of the maker, its files, and the shipped pack: legal, exact, no two alike, and verified at more nodes."""

import csv
import json
import os
from collections import Counter
from pathlib import Path

import chess
import pytest
from typer.testing import CliRunner

from horizon.cli.app import app
from horizon.core.errors import UsageError
from horizon.core.paths import shipped_folder
from horizon.core.seeds import generator
from horizon.domains.chess.themes import material, themes
from horizon.domains.puzzles.engine_pool import check_pack
from horizon.domains.puzzles.loader import open_pack, read_puzzles
from horizon.domains.puzzles.maker import difficulty, keys_of, kind_of, puzzles_of_game
from horizon.domains.puzzles.pack_builder import SHARES, Collection, game_of, make_pack, nodes_of
from horizon.domains.puzzles.puzzle import Puzzle
from horizon.domains.puzzles.self_play import Effort
from horizon.domains.puzzles.uniqueness import MARGIN
from horizon.engines.engine import Engine

QUICK = Effort(play=100, screen=200, confirm=400, solve=800, final=1000)
PACK = shipped_folder("scenarios") / "packs" / "horizon.csv"
PUZZLES = open_pack("horizon").puzzles


def mating_moves(board: chess.Board, turns: int) -> list[str]:
    """Return the moves that force mate within so many turns, by trying every move and every reply."""
    found = []
    for move in list(board.legal_moves):
        if turns == 1 and not board.gives_check(move):
            continue
        board.push(move)
        replies = list(board.legal_moves)
        is_forced = board.is_checkmate() or (turns > 1 and bool(replies))
        if is_forced and turns > 1:
            for reply in replies:
                board.push(reply)
                is_forced = bool(mating_moves(board, turns - 1))
                board.pop()
                if not is_forced:
                    break
        board.pop()
        if is_forced:
            found.append(move.uci())
    return found


def test_every_move_is_tried_in_morphys_problem() -> None:
    assert mating_moves(chess.Board("kbK5/pp6/1P6/8/8/8/8/R7 w - - 0 1"), 2) == ["a1a6"]
    assert mating_moves(chess.Board("6k1/5ppp/8/8/8/8/8/RR5K w - - 0 1"), 1) == ["b1b8", "a1a8"]


def test_the_shipped_pack_holds_five_hundred_puzzles_of_every_goal_length_and_side() -> None:
    assert len(PUZZLES) == 500
    assert open_pack("horizon").bad_rows == ()
    assert len({puzzle.name for puzzle in PUZZLES}) == 500
    turns = Counter((puzzle.goal, puzzle.turns) for puzzle in PUZZLES)
    assert set(turns) == {(goal, n) for goal in ("mate", "win", "hold") for n in (1, 2, 3, 4)}
    white = sum(" w " in puzzle.fen for puzzle in PUZZLES)
    assert 150 <= white <= 350
    phases = Counter(theme for puzzle in PUZZLES for theme in puzzle.themes)
    assert min(phases[each] for each in ("opening", "middlegame", "endgame")) >= 5


def test_no_two_shipped_puzzles_share_a_position_even_with_colours_flipped() -> None:
    keys = Counter(key for puzzle in PUZZLES for key in keys_of(puzzle))
    assert max(keys.values()) == 1
    # The flip is python-chess's own.
    first = PUZZLES[0]
    flipped = Puzzle("flipped", chess.Board(first.fen).mirror().fen(), ())
    assert chess.Board(first.fen).turn != chess.Board(flipped.fen).turn
    assert keys_of(Puzzle("x", flipped.fen, ("x",)[:0])) <= keys_of(first)


def test_every_shipped_line_is_legal_gives_a_choice_and_mates_in_the_number_that_it_says() -> None:
    for puzzle in PUZZLES:
        board = chess.Board(puzzle.fen)
        assert board.is_valid() and puzzle.fen == board.fen()
        assert len(puzzle.moves) % 2 == 1 and puzzle.turns <= 4
        for ply, move in enumerate(puzzle.moves):
            assert not board.is_game_over()
            assert ply % 2 == 1 or board.legal_moves.count() >= 2
            assert chess.Move.from_uci(move) in board.legal_moves
            board.push_uci(move)
        assert board.is_checkmate() == (puzzle.goal == "mate")
        assert (f"mateIn{puzzle.turns}" in puzzle.themes) == (puzzle.goal == "mate")


@pytest.mark.slow
def test_by_trying_every_move_shipped_mates_have_one_key_and_no_shorter_mate() -> None:
    short = [puzzle for puzzle in PUZZLES if puzzle.goal == "mate" and puzzle.turns <= 2]
    long = [puzzle for puzzle in PUZZLES if puzzle.goal == "mate" and puzzle.turns == 3]
    assert len(short) >= 80 and len(long) >= 10
    for puzzle in short + generator(0, "shipped mates").sample(long, 5):
        board = chess.Board(puzzle.fen)
        assert mating_moves(board, puzzle.turns) == [puzzle.moves[0]]
        assert puzzle.turns == 1 or mating_moves(board, puzzle.turns - 1) == []


def test_the_shipped_columns_follow_from_the_positions() -> None:
    with PACK.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for puzzle, row in zip(PUZZLES, rows, strict=True):
        assert puzzle.themes == themes(puzzle.fen, puzzle.moves)
        assert row["material"] == material(chess.Board(puzzle.fen))
        assert float(row["gap"]) >= MARGIN
        assert puzzle.rating is not None and 5 <= puzzle.rating <= 17


def test_the_shipped_recipe_names_engine_rule_seed_and_command() -> None:
    recipe = json.loads(PACK.with_suffix(".json").read_text(encoding="utf-8"))
    assert recipe["command"] == "horizon puzzles make --number 500 --seed 0 --out horizon.csv"
    assert recipe["engine"] == "Stockfish 15.1"
    assert recipe["rule"]["margin"] == MARGIN
    assert recipe["games"] > game_of(PUZZLES[-1].name)
    assert nodes_of(PACK) == recipe["nodes"]["final"] == Effort().final
    most = {kind: share * 500 for kind, share in SHARES.items()}
    assert all(n <= most[kind] + 1 for kind, n in Counter(map(kind_of, PUZZLES)).items())


@pytest.mark.long
@pytest.mark.slow
def test_a_sample_of_the_shipped_puzzles_keeps_its_solution_at_four_times_the_nodes() -> None:
    sample = generator(0, "shipped puzzles").sample(PUZZLES, 10)
    problems = [each.problem for each in check_pack(sample, 4 * Effort().final)]
    assert len(problems) == 10
    # At least 99 % keep it: two of ten failing would have a chance below 0.5 %.
    assert sum(problem is not None for problem in problems) <= 1, problems


@pytest.mark.long
@pytest.mark.slow
def test_a_pack_depends_on_its_seed_alone_not_on_cores_or_interruptions(tmp_path: Path) -> None:
    counts = make_pack(tmp_path / "one.csv", number=4, seed=3, effort=QUICK)
    assert sum(counts.values()) == 4
    whole = (tmp_path / "one.csv").read_bytes()
    cores = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(cores)})
        make_pack(tmp_path / "alone.csv", number=4, seed=3, effort=QUICK)
    finally:
        os.sched_setaffinity(0, cores)
    assert (tmp_path / "alone.csv").read_bytes() == whole
    recipe = json.loads((tmp_path / "one.json").read_text())
    del recipe["games"]
    for share in (0.0, 0.6, 1.0):
        cut = tmp_path / f"cut{share}.csv"
        cut.write_bytes(whole[: max(1, int(share * len(whole)))])
        cut.with_suffix(".json").write_text(
            json.dumps({**recipe, "command": recipe["command"].replace("one", cut.stem)})
        )
        make_pack(cut, number=4, seed=3, effort=QUICK, resume=True)
        assert cut.read_bytes() == whole
    make_pack(tmp_path / "other.csv", number=4, seed=4, effort=QUICK)
    assert {puzzle.fen for puzzle in read_puzzles(tmp_path / "other.csv").puzzles}.isdisjoint(
        puzzle.fen for puzzle in read_puzzles(tmp_path / "one.csv").puzzles
    )


@pytest.mark.slow
def test_a_games_puzzles_repeat_and_unwanted_kinds_are_left_out() -> None:
    with Engine("stockfish") as engine:
        game, made = next((game, made) for game in range(12) if (made := puzzles_of_game(engine, 5, game, QUICK)))
        assert made == puzzles_of_game(engine, 5, game, QUICK)
        assert puzzles_of_game(engine, 5, game, QUICK, is_wanted=lambda: False) == []
        likely = kind_of(made[0].puzzle)
        without = puzzles_of_game(engine, 5, game, QUICK, frozenset({likely}))
        assert all(each.puzzle.name != made[0].puzzle.name for each in without)


@pytest.mark.slow
def test_difficulty_is_least_for_a_mate_in_one_and_unknown_for_a_wrong_line() -> None:
    back_rank = "6k1/5ppp/8/8/8/8/8/R6K w - - 0 1"
    with Engine("stockfish") as engine:
        assert difficulty(engine, back_rank, ("a1a8",)) == 5.0
        assert difficulty(engine, back_rank, ("a1a2",)) is None


def test_a_collection_takes_no_position_twice_and_no_kind_beyond_its_share() -> None:
    mates = [
        Puzzle(f"s0g0000{n}p010", f"6k1/5ppp/8/8/8/8/{n}P{7 - n}/R6K w - - 0 1", ("a1a8",), "mate")
        for n in range(1, 4)
    ]
    flipped = Puzzle("s0g00009p010", chess.Board(mates[0].fen).mirror().fen(), ("a8a1",), "mate")
    collection = Collection(20)
    assert collection.take(mates[0])
    assert not collection.take(flipped)
    assert collection.take(mates[1])
    # A tenth of twenty are mates in one.
    assert not collection.take(mates[2])
    assert collection.full() == {"mate1"}
    assert collection.full(games=2) == frozenset()
    assert collection.missing == 18
    assert sum(SHARES.values()) > 1


def test_a_pack_is_neither_overwritten_nor_resumed_otherwise(tmp_path: Path) -> None:
    out = tmp_path / "pack.csv"
    with pytest.raises(UsageError, match=r"give it the extension \.csv"):
        make_pack(tmp_path / "pack.txt", number=1, seed=0)
    with pytest.raises(UsageError, match="leave --resume out"):
        make_pack(out, number=1, seed=0, resume=True)
    out.write_text("name\n")
    with pytest.raises(UsageError, match="continue it with --resume"):
        make_pack(out, number=1, seed=0)
    with pytest.raises(UsageError, match="the recipe of the pack"):
        make_pack(out, number=1, seed=0, resume=True)
    out.write_bytes(PACK.read_bytes())
    out.with_suffix(".json").write_bytes(PACK.with_suffix(".json").read_bytes().replace(b"horizon.csv", b"pack.csv"))
    with pytest.raises(UsageError, match=r"made with another seed \(0\)"):
        make_pack(out, number=500, seed=1, resume=True)
    with pytest.raises(UsageError, match="can't be written"):
        make_pack(out / "deeper" / "pack.csv", number=1, seed=0)


@pytest.mark.slow
def test_the_check_tells_the_share_that_stands_and_fails_below_the_asked_one(tmp_path: Path) -> None:
    path = tmp_path / "mixed.csv"
    path.write_text(
        "name,fen,moves,goal,themes,rating\n"
        "right,6k1/5ppp/8/8/8/8/8/R6K w - - 0 1,a1a8,mate,,\n"
        "wrong,6k1/5ppp/8/8/8/8/8/R6K w - - 0 1,a1a7,win,,\n"
        "bad,6k1/5ppp/8/8/8/8/8/R6K w - - 0 1,a1b8,win,,\n"
    )
    told = CliRunner().invoke(app, ["puzzles", "check", str(path), "--nodes", "2000"])
    assert told.exit_code == 1
    assert "1 of 2 puzzles keep their solution at 2000 nodes: 50.0 % (95 % interval 9.5 to 90.5)" in told.stdout
    assert "wrong: turn 1: a1a8 is better than a1a7" in told.stdout
    assert "line 4 is skipped" in told.stderr
    half = CliRunner().invoke(app, ["puzzles", "check", str(path), "--nodes", "2000", "--at-least", "0.5", "--json"])
    assert half.exit_code == 0
    assert json.loads(half.stdout)["kept"] == 1
    positions = tmp_path / "own.fen"
    positions.write_text("6k1/5ppp/8/8/8/8/8/R6K w - - 0 1\n")
    assert isinstance(CliRunner().invoke(app, ["puzzles", "check", str(positions)]).exception, UsageError)
