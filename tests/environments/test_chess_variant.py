"""Claims about variants of chess: shown, parsed, ended and judged by the variant's rules as python-chess has them."""

import io
import json
import random
from pathlib import Path

import chess
import chess.pgn
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from horizon.core.errors import ContractError, ModelFailure, UsageError
from horizon.core.records import Answer
from horizon.domains.chess.variant_rules import VARIANTS
from horizon.engines.engine import Engine
from horizon.engines.position_text import BOARDS, board_of_position, split_position
from horizon.environments.chess_variant import ChessVariant
from horizon.play import session
from horizon.runs import run_folder
from horizon.scenarios.scenario import Scenario
from horizon.testing.contract_checks import check_environment

NAMES = tuple(VARIANTS)
names = st.sampled_from(NAMES)
seeds = st.integers(0, 2**62)
unhurried = settings(max_examples=40, deadline=None)


def playout(task: ChessVariant, seed: int, plies: int):  # type: ignore[no-untyped-def]
    """Return a state that seeded random moves lead to, with the game not over."""
    state, draw = task.reset(seed), random.Random(seed)
    for _ in range(plies):
        after = task.step(state, draw.choice(task.actions(state)))
        if task.done(after) is not None:
            break
        state = after
    return state


@given(names, seeds, st.integers(0, 90))
@unhurried
def test_a_state_is_its_text(name: str, seed: int, plies: int) -> None:
    task = ChessVariant(variant=name)
    state = playout(task, seed, plies)
    loaded = task.load(task.dump(state))
    assert loaded == state and hash(loaded) == hash(state) and "\n" not in task.dump(state)
    assert task.dump(loaded) == task.dump(state) and task.pose(loaded) == task.pose(state)
    position = task.engine_position(state)
    assert position is not None
    board = board_of_position(position)
    assert split_position(position).variant == VARIANTS[name].uci_name
    assert {move.uci() for move in board.legal_moves} == set(task.actions(state)), "the engine is asked about the same"


@given(names, seeds, st.integers(0, 90))
@unhurried
def test_every_legal_move_is_read_as_it_is_written(name: str, seed: int, plies: int) -> None:
    san, uci = ChessVariant(variant=name), ChessVariant(variant=name, notation="uci")
    state = playout(san, seed, plies)
    board = state.position.board
    for action in san.actions(state):
        written = board.san(chess.Move.from_uci(action))
        assert san.render(state, action) == f"Answer: {written}" and uci.render(state, action) == f"Answer: {action}"
        for text in (written, action, f"I play {written}.", f"**{action}**"):
            assert san.parse(state, f"Answer: {text}") == Answer(action)


@given(names, seeds)
@unhurried
def test_games_end_as_python_chess_ends_them(name: str, seed: int) -> None:
    task = ChessVariant(variant=name, random_plies=0)
    state, board, draw = task.reset(seed), BOARDS[VARIANTS[name].uci_name](), random.Random(seed)
    for _ in range(250):
        found = board.outcome()
        is_claimed = board.is_repetition(3) or board.is_fifty_moves()
        assert (task.done(state) is not None) == (found is not None or is_claimed)
        if found is not None or is_claimed:
            winner = found.winner if found is not None else None
            ours = state.side == "white"
            assert task.done(state) == ("draw" if winner is None else "won" if winner == ours else "lost")
            assert task.actions(state) == () and task.engine_position(state) is None
            break
        action = draw.choice(task.actions(state))
        board.push_uci(action)
        state = task.step(state, action)


@pytest.mark.parametrize(
    ("name", "fen", "move", "winner"),
    [
        ("atomic", "rnbqkbnr/pppp1ppp/8/4p1N1/8/8/PPPPPPPP/RNBQKB1R w KQkq - 0 3", "g5f7", "white"),
        ("antichess", "8/8/8/1p6/P7/8/8/8 b - - 0 1", "b5a4", "white"),
        ("king_of_the_hill", "4k3/8/8/8/8/4K3/8/8 w - - 0 1", "e3e4", "white"),
        ("three_check", "4k3/8/8/8/8/8/8/K6R w - - 1+3 0 1", "h1h8", "white"),
        ("racing_kings", "8/7K/8/8/8/8/1k6/8 w - - 0 1", "h7h8", "white"),
        ("racing_kings", "7K/1k6/8/8/8/8/8/8 b - - 0 1", "b7b8", None),
        ("horde", "4k3/8/8/8/8/8/3r4/3P4 b - - 0 1", "d2d1", "black"),
        ("crazyhouse", "6rk/6pp/8/8/8/8/8/4K3[N] w - - 0 1", "N@f7", "white"),
    ],
)
def test_each_variant_has_its_own_way_to_win(name: str, fen: str, move: str, winner: str | None) -> None:
    for color in ("white", "black"):
        task = ChessVariant(variant=name, fen=fen, color=color, random_plies=0)
        state = task.step(task.reset(0), move)
        assert task.done(state) == ("draw" if winner is None else "won" if winner == color else "lost")


def test_captures_are_compulsory_in_antichess_and_others_are_illegal() -> None:
    task = ChessVariant(variant="antichess", fen="rnbqkbnr/p1pppppp/8/1p6/8/4P3/PPPP1PPP/RNBQKBNR w - - 0 2")
    state = ChessVariant(variant="antichess", fen=task.fen, random_plies=0).reset(0)
    assert task.actions(state) == ("f1b5",)
    assert task.parse(state, "Answer: Nf3").error == "illegal"


def test_a_pawn_may_become_a_king_in_antichess_alone() -> None:
    task = ChessVariant(variant="antichess", fen="8/4P3/8/8/8/8/8/7r w - - 0 1", random_plies=0)
    state = task.reset(0)
    assert "e7e8k" in task.actions(state)
    assert task.parse(state, "Answer: e8=K") == Answer("e7e8k")
    plain = ChessVariant(variant="king_of_the_hill", fen="8/4P3/8/8/8/k7/8/K7 w - - 0 1", random_plies=0)
    assert plain.parse(plain.reset(0), "Answer: e8=K").error == "illegal"


def test_men_in_hand_and_checks_left_are_told_and_drops_are_read() -> None:
    task = ChessVariant(variant="crazyhouse", fen="4k3/8/8/8/8/8/8/4K3[QNPPr] w - - 0 1", random_plies=0)
    state = task.reset(0)
    for text in (task.pose(state), task.observe(state)):
        assert text.startswith("In hand: White QNPP, Black R.\n")
    for said, action in (("N@f3", "N@f3"), ("n@f3", "N@f3"), ("P@e4", "P@e4"), ("@e4", "P@e4"), ("Q @ e7+", "Q@e7")):
        assert task.parse(state, f"Answer: {said}") == Answer(action), said
    assert task.parse(state, "I would drop the knight: N@f3 is best.") == Answer("N@f3")
    for said in ("R@f3", "P@e8", "N@e1"):
        assert task.parse(state, f"Answer: {said}").error == "illegal", said
    checks = ChessVariant(variant="three_check", fen="4k3/8/8/8/8/8/8/K6R w - - 2+3 0 1", random_plies=0)
    after = checks.step(checks.reset(0), "h1h8")
    assert checks.pose(after).startswith("Checks left to give: White 1, Black 3.\n")


def test_positions_of_crazyhouse_recur_over_captures_and_fifty_moves_end_no_game() -> None:
    # Knights are exchanged and dropped again: every second round gives the same position, captures between.
    fen = "4r1k1/8/8/4n3/8/5N2/8/6K1[] w - - 120 90"
    task = ChessVariant(variant="crazyhouse", fen=fen, color="white", random_plies=0)
    state, board = task.reset(0), BOARDS["crazyhouse"](fen)
    assert task.done(state) is None
    for number in range(4):
        last = "g8h8" if number % 2 == 0 else "h8g8"
        for move in ("f3e5", "e8e5", "N@f3", "e5e8", "g1h1", "N@e5", "h1g1", last):
            assert task.done(state) is None and not board.is_repetition(3)
            state = task.step(state, move)
            board.push_uci(move)
    assert board.is_repetition(3) and task.done(state) == "draw"


@pytest.mark.parametrize("name", NAMES)
def test_games_differ_by_seed_and_repeat_with_it(name: str) -> None:
    task = ChessVariant(variant=name)
    first = [task.reset(seed) for seed in range(12)]
    assert first == [task.reset(seed) for seed in range(12)]
    assert len({state.moves for state in first}) > 8
    assert all(len(state.moves) == 4 and task.done(state) is None for state in first)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"variant": "atomic", "fen": "nonsense"}, "is not a FEN"),
        ({"variant": "horde", "fen": "8/8/8/8/8/8/8/8 w - - 0 1"}, "impossible"),
        ({"variant": "king_of_the_hill", "fen": "4k3/8/8/8/4K3/8/8/8 b - - 0 1"}, "the game is over"),
        ({"show": "fen+bord"}, "environment chess_variant: show=fen\\+bord has no part 'bord'"),
    ],
)
def test_what_cannot_be_played_is_refused_in_one_line(given: dict[str, str], said: str) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        ChessVariant(**given)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)


def test_a_state_of_another_variant_and_an_illegal_move_are_refused() -> None:
    atomic, horde = ChessVariant(variant="atomic"), ChessVariant(variant="horde")
    with pytest.raises(UsageError, match="has the variant atomic: give horde"):
        horde.load(atomic.dump(atomic.reset(0)))
    with pytest.raises(ContractError, match="chess_variant can't play 'e2e5': it is illegal"):
        atomic.step(atomic.reset(0), "e2e5")


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_the_contract_is_kept_with_real_scores(name: str) -> None:
    task = ChessVariant(variant=name)
    with Engine(task.judge_engine) as engine:
        check_environment(task, seeds=range(2), turns=12, scores=lambda position: engine.score(position, 500))


def scenario(name: str, **more: object) -> Scenario:
    chosen: dict[str, object] = {
        "environment": "chess_variant",
        "parameters": {"variant": name},
        "model": "random",
        "opponents": ("random",),
        "episodes": 2,
        "turns": 6,
        "judge_nodes": 500,
    }
    return Scenario.model_validate(chosen | more)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_run_is_judged_and_leaves_games_that_python_chess_reads_back(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HORIZON_CACHE", str(tmp_path / "cache"))
    run = tmp_path / "run"
    session.run(scenario(name), run)
    turns = run_folder.read_turns(run)
    assert turns.height > 2 and turns["random_loss"].null_count() == 0 and turns["loss"].null_count() == 0
    made = json.loads((run / "manifest.json").read_text(encoding="utf-8"))
    engine = "pyffish" if name == "atomic" else "fairy-stockfish"
    assert made["plan"]["judge_engine"] == engine and "Fairy-Stockfish" in json.dumps(made)
    text = io.StringIO((run / "games.pgn").read_text(encoding="utf-8"))
    for final in run_folder.iterate_episodes(run):
        game = chess.pgn.read_game(text)
        assert game is not None and not game.errors
        assert game.headers["Variant"] == BOARDS[VARIANTS[name].uci_name].aliases[0]
        line = json.loads(final.extra)["final_state"].partition(" moves ")[2].rpartition(" as ")[0].split()
        assert [move.uci() for move in game.mainline_moves()] == line
    assert chess.pgn.read_game(text) is None


@pytest.mark.slow
def test_engines_play_each_side_of_a_variant_and_one_that_lacks_it_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HORIZON_CACHE", str(tmp_path / "cache"))
    # Judged at 500 nodes over all moves, what more nodes on the best one alone find would count as lost.
    strong, weak = "uci:fairy-stockfish:nodes=20000", "fairy-stockfish:level=1"
    wanted = scenario("antichess", model=strong, opponents=(weak, "stockfish:level=0"), judge_nodes=20_000)
    session.run(wanted, tmp_path / "run")
    turns = run_folder.read_turns(tmp_path / "run")
    assert turns.height > 8 and turns["error"].is_in(["none", "wrong"]).all()
    assert turns["loss"].mean() < turns["random_loss"].mean() / 2
    with pytest.raises(ModelFailure, match=r"opponent stockfish:level=1: Stockfish.* can't play antichess"):
        session.run(scenario("antichess", opponents=("stockfish:level=1",)), tmp_path / "other")


@pytest.mark.slow
def test_a_judge_that_lacks_the_variant_is_refused_before_anything_is_played(tmp_path: Path) -> None:
    for engine, name, fix in (
        ("stockfish", "horde", "name fairy-stockfish"),
        ("fairy-stockfish", "atomic", "name pyffish"),
    ):
        with pytest.raises(UsageError, match=f"Stockfish.* can't play {name}: leave judge_engine out, or {fix}"):
            session.run(scenario(name, judge_engine=engine), tmp_path / "run")
    assert not (tmp_path / "run").exists()
