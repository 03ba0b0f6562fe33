"""Claims of the puzzle environment; the positions are classics whose solutions can be looked up."""

import json
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import chess
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from horizon.core.environment import open_environment
from horizon.core.errors import ContractError, ModelFailure, UsageError
from horizon.core.instances import distinct_seeds
from horizon.core.model import Request
from horizon.core.records import Answer, Reply, Score, Scores, Turn
from horizon.domains.chess.shifts import SHIFTS
from horizon.engines.engine import Engine
from horizon.engines.win_probability import make_score
from horizon.environments.puzzle import PuzzleState, PuzzleTask
from horizon.models.random import RandomModel
from horizon.play.loop import play
from horizon.play.setting import Setting
from horizon.scenarios.scenario import make
from horizon.testing.contract_checks import check_environment

PACK = """name,fen,moves,goal,themes,rating
back-rank,6k1/5ppp/8/8/8/8/8/R6K w - - 0 1,a1a8,mate,backRankMate,600
legal,r2qkbnr/ppp2p1p/2np2p1/4N3/2B1P3/2N5/PPPP1PPP/R1BbK2R w KQkq - 0 6,c4f7 e8e7 c3d5,mate,,1200
family-fork,r3k3/8/8/3N4/8/8/5PPP/6K1 w - - 0 1,d5c7 e8d7 c7a8,win,fork,900
opposition,8/8/8/8/3k4/3p4/3K4/8 w - - 0 1,d2d1,hold,endgame,1100
"""
LASKER = "1rbq1rk1/p1b1nppp/1p2p3/8/1B1pN3/P2B4/1P3PPP/2RQ1R1K w - -"
SUITE = f"""{LASKER} bm Nf6+; id "BK.01";
r1bqk1r1/1p1p1n2/p1n2pN1/2p1b2Q/2P1Pp2/1PN5/PB4PP/R4RK1 w q - bm Rxf4; id "two"; c0 "Rxf4=10, Nxe5=7";
4k3/8/8/8/8/8/4q3/R3K3 w Q - am O-O-O; id "avoid";
4k3/8/8/8/8/8/8/R3K2R w KQ - 0 1
"""


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("packs") / "classics.csv"
    path.write_text(PACK)
    return str(path)


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("packs") / "suite.epd"
    path.write_text(SUITE)
    return str(path)


def at(task: PuzzleTask, name: str, moves: str = "-", number: int = 1) -> PuzzleState:
    fen = task._choice.find(name).fen
    side = "white" if " w " in fen else "black"
    return task.load(f"7 | {number} | {name} | {fen} moves {moves} as {side}")


def scores_of(state: PuzzleState, others: int, **given: int) -> Scores:
    """Return scores in centipawns; a mate in n is given as 100000 - n."""
    found = {}
    for move in state.position.legal:
        value = given.get(move, others)
        found[move] = make_score(mate=100_000 - value) if value > 90_000 else make_score(value)
    return Scores(dict(sorted(found.items(), key=lambda each: -each[1].win)))


def whimsical(position: str) -> Scores:
    """Scores by the order of the moves, for checking the contract."""
    moves = [move.uci() for move in chess.Board(position).legal_moves]
    return Scores({move: make_score(-10 * place) for place, move in enumerate(moves)})


@pytest.mark.parametrize("more", ["", "rounds=3", "rounds=0,notation=uci", "rounds=2,shift=flip+descriptive+renamed"])
@pytest.mark.parametrize("scores", [None, whimsical])
def test_the_contract_is_kept(pack: str, suite: str, more: str, scores: Any) -> None:
    for path in (pack, suite):
        check_environment(open_environment(f"puzzle:{more}", {"pack": path}), turns=8, scores=scores)


def test_the_headings_are_all_there() -> None:
    for heading in ("Rules", "Observation", "Action", "Oracle", "Difficulty", "References", "Versions"):
        assert f"\n    {heading}: " in (PuzzleTask.__doc__ or "")


def test_a_puzzle_of_n_moves_is_an_episode_of_n_turns_with_the_forced_replies_in_between(pack: str) -> None:
    task = PuzzleTask(pack=pack)
    state = at(task, "legal")
    assert "Mate in 2. Which move do you play?" in task.pose(state)
    assert task.mover(state) == "model" and task.done(state) is None
    state = task.step(state, "c4f7")
    assert state.moves == ("c4f7", "e8e7") and task.mover(state) == "model"
    told = task.observe(state)
    assert "Last moves: Bxf7+ Ke7" in told and "Mate in 1." in told and "Nd5#" in told
    assert task.done(task.step(state, "c3d5")) == "finished"


def test_after_a_wrong_move_the_line_goes_on(pack: str) -> None:
    task = PuzzleTask(pack=pack)
    state = at(task, "legal")
    assert task.judge(state, "a2a3").error == "wrong"
    assert task.is_playable(state, "a2a3") and not task.is_playable(state, "a2a5")
    assert task.step(state, "a2a3") == task.step(state, "c4f7")
    with pytest.raises(ContractError, match="is not legal"):
        task.step(state, "a2a5")


def test_without_scores_the_line_judges_and_every_wrong_move_loses_all(pack: str) -> None:
    task = PuzzleTask(pack=pack)
    state = at(task, "family-fork")
    right, wrong, none = (task.judge(state, action) for action in ("d5c7", "d5f6", None))
    n_legal = chess.Board(state.root).legal_moves.count()
    assert (right.error, right.loss, right.optimal_action) == ("none", 0.0, "d5c7")
    assert (wrong.error, wrong.loss, wrong.extra["graded_by"]) == ("wrong", 1.0, "line")
    assert (none.error, none.loss) == ("no_answer", None)
    assert [each.random_loss for each in (right, wrong, none)] == [pytest.approx((n_legal - 1) / n_legal)] * 3
    assert task.judge(state, "d5e8").error == "illegal"
    assert task.oracle(state) == "d5c7" and task.engine_position(state) == state.root


def test_any_move_that_mates_is_right_and_told_as_an_alternative(tmp_path: Path) -> None:
    # Both rooks mate; the line names one of them.
    (tmp_path / "two.csv").write_text(
        "name,fen,moves,goal,themes,rating\nx,6k1/5ppp/8/8/8/8/8/RR5K w - - 0 1,a1a8,mate,,\n"
    )
    task = PuzzleTask(pack=str(tmp_path / "two.csv"))
    state = task.reset(0)
    line, other, slow = (task.judge(state, action) for action in ("a1a8", "b1b8", "a1a7"))
    assert (line.error, line.extra["alternative"]) == ("none", False)
    assert (other.error, other.loss, other.extra["alternative"]) == ("none", 0.0, True)
    assert (slow.error, slow.extra["alternative"]) == ("wrong", False)


def test_where_mate_is_asked_a_mate_in_time_is_right_and_a_later_one_is_not(pack: str) -> None:
    task = PuzzleTask(pack=pack)
    state = at(task, "legal")
    scores = scores_of(state, 0, c4f7=99_998, c3d5=99_998, e5f7=99_997)
    verdicts = {action: task.judge(state, action, scores) for action in ("c4f7", "c3d5", "e5f7", "a2a3")}
    assert {action: each.error for action, each in verdicts.items()} == {
        "c4f7": "none",
        "c3d5": "none",
        "e5f7": "wrong",
        "a2a3": "wrong",
    }
    assert [verdicts[action].extra["alternative"] for action in ("c4f7", "c3d5")] == [False, True]
    # The mate is what is asked, so that a mere win loses as much as anything else.
    assert (verdicts["e5f7"].loss, verdicts["e5f7"].extra["best_mate"]) == (1.0, 1)


def test_an_alternative_within_the_margin_is_right_and_the_line_goes_on_all_the_same(pack: str) -> None:
    task = PuzzleTask(pack=pack, margin=0.05)
    state = at(task, "family-fork")
    # Win probabilities by lichess's formula: 500 is 0.863, 450 is 0.840, 300 is 0.751.
    scores = scores_of(state, 0, d5c7=500, d5f6=450, d5b6=300)
    near, far, none = (task.judge(state, action, scores) for action in ("d5f6", "d5b6", "g1f1"))
    assert (near.error, near.extra["alternative"]) == ("none", True)
    assert near.loss == pytest.approx(0.8630 - 0.8398, abs=1e-3)
    assert (far.error, far.extra["alternative"], far.extra["graded_by"]) == ("wrong", False, "engine")
    assert far.loss == pytest.approx(0.8630 - 0.7511, abs=1e-3)
    assert none.loss == pytest.approx(0.8630 - 0.5, abs=1e-3)
    assert task.step(state, "d5f6") == task.step(state, "d5c7")
    strict = PuzzleTask(pack=pack, margin=0.01)
    assert strict.judge(state, "d5f6", scores).error == "wrong"


def test_an_engine_that_does_not_see_the_solution_accepts_nothing_else(pack: str) -> None:
    task = PuzzleTask(pack=pack)
    state = at(task, "family-fork")
    scores = scores_of(state, 0, d5f6=500)
    assert task.judge(state, "d5c7", scores).error == "none"
    verdict = task.judge(state, "d5f6", scores)
    assert (verdict.error, verdict.loss, verdict.extra["graded_by"]) == ("wrong", 1.0, "line")
    assert verdict.optimal_action == "d5c7"


@pytest.mark.parametrize("name", ["legal", "family-fork"])
def test_scores_that_lack_a_legal_move_break_the_contract(pack: str, name: str) -> None:
    task = PuzzleTask(pack=pack)
    with pytest.raises(ContractError, match="lack the legal move"):
        task.judge(at(task, name), "c4f7", Scores({"c4f7": Score(0.5, 0), "d5c7": Score(0.5, 0)}))


def test_suites_with_best_avoided_and_graded_moves_are_judged_as_they_say(suite: str) -> None:
    task = PuzzleTask(pack=suite)
    assert task.judge(at(task, "BK.01"), "e4f6").error == "none"
    graded = at(task, "two")
    assert [task.judge(graded, move).loss for move in ("f1f4", "g6e5", "g1h1")] == pytest.approx([0.0, 0.3, 1.0])
    assert [task.judge(graded, move).error for move in ("f1f4", "g6e5", "g1h1")] == ["none", "wrong", "wrong"]
    assert PuzzleTask(pack=suite, margin=0.3).judge(graded, "g6e5").extra["alternative"] is True
    # An engine's view changes nothing of what a file grades.
    scores = scores_of(graded, 0, g1h1=900)
    assert task.judge(graded, "g1h1", scores).loss == 1.0


def test_a_move_to_avoid_is_wrong_and_every_other_is_right(tmp_path: Path) -> None:
    (tmp_path / "avoid.epd").write_text('6k1/5ppp/8/8/8/8/5PPP/R5K1 w - - am Ra7; id "avoid";\n')
    task = PuzzleTask(pack=str(tmp_path / "avoid.epd"))
    state = task.reset(0)
    assert [task.judge(state, move).error for move in ("a1a7", "a1a8", "g1f1")] == ["wrong", "none", "none"]
    assert task.done(task.step(state, "a1a7")) == "finished"
    assert task.load(task.dump(task.step(state, "a1a7"))) == task.step(state, "a1a7")
    assert task.oracle(state) != "a1a7"


def test_a_position_without_a_solution_is_judged_by_the_engine_alone(tmp_path: Path) -> None:
    (tmp_path / "list.fen").write_text("4k3/8/8/8/8/8/8/R3K2R w KQ - 0 1\n")
    task = PuzzleTask(pack=str(tmp_path / "list.fen"))
    state = task.reset(0)
    unknown = task.judge(state, "a1a8")
    assert (unknown.error, unknown.loss, unknown.random_loss, unknown.optimal_action) == ("none", None, None, None)
    scores = scores_of(state, 0, a1a7=800, h1h7=790)
    verdicts = [task.judge(state, move, scores) for move in ("a1a7", "h1h7", "e1d1")]
    assert [each.error for each in verdicts] == ["none", "none", "wrong"]
    assert verdicts[0].optimal_action == "a1a7" and verdicts[2].loss == pytest.approx(0.9501 - 0.5, abs=1e-3)
    assert not any(each.extra["alternative"] for each in verdicts)


def test_rows_tell_puzzle_themes_depth_rating_and_novelty(pack: str) -> None:
    task = PuzzleTask(pack=pack)
    extra = task.judge(at(task, "legal", "c4f7 e8e7"), "c3d5").extra
    assert (extra["puzzle"], extra["depth"], extra["rating"], extra["goal"]) == ("legal", 1, 1200, "mate")
    assert task.judge(at(task, "legal"), None).extra["depth"] == 2
    assert task.judge(at(task, "family-fork"), None).extra["themes"] == ["fork"]
    assert isinstance(extra["novelty"], float) and 0 <= extra["novelty"] <= 1
    json.dumps(dict(extra))


def test_difficulty_is_the_rating_or_else_the_moves_left(pack: str, suite: str) -> None:
    assert PuzzleTask(pack=pack).difficulty(at(PuzzleTask(pack=pack), "legal")) == 1200
    assert PuzzleTask(pack=suite).difficulty(at(PuzzleTask(pack=suite), "BK.01")) == 1


def test_an_episode_of_several_rounds_plays_each_puzzle_once_before_any_comes_again(pack: str) -> None:
    task = PuzzleTask(pack=pack, rounds=0)
    state, names, turns = task.reset(5), [], 0
    while len(names) < 12:
        if not state.moves:
            names.append(state.name)
            assert task.observe(state).startswith("A new puzzle.\n") == (state.number > 1)
            assert not task.pose(state).startswith("A new puzzle.")
        best = task.oracle(state)
        assert best is not None and task.judge(state, best).error == "none"
        state, turns = task.step(state, best), turns + 1
    for cycle in range(3):
        assert len(set(names[4 * cycle : 4 * cycle + 4])) == 4
    finite = PuzzleTask(pack=pack, rounds=4)
    state, turns = finite.reset(5), 0
    while finite.done(state) is None:
        state, turns = finite.step(state, finite.actions(state)[0]), turns + 1
    # One, two, two and one moves to find.
    assert turns == 6


def test_instances_differ_until_the_pack_is_used_up(pack: str) -> None:
    task = PuzzleTask(pack=pack)
    told = [task.reset(seed).name for seed in islice(distinct_seeds(task, 0), 4)]
    assert len(set(told)) == 4


@pytest.mark.parametrize(
    ("more", "names"),
    [
        ("goal=mate", {"back-rank", "legal"}),
        ("themes=fork+endgame", {"family-fork", "opposition"}),
        ("min_turns=2", {"legal", "family-fork"}),
        ("max_turns=1", {"back-rank", "opposition"}),
        ("min_rating=900,max_rating=1100", {"family-fork", "opposition"}),
        ("castling=gone", {"back-rank", "family-fork", "opposition"}),
    ],
)
def test_filters_choose_among_the_puzzles(pack: str, more: str, names: set[str]) -> None:
    task = open_environment(f"puzzle:rounds=0,{more}", {"pack": pack})
    state, found = task.reset(1), set()
    for _ in range(12):
        found.add(state.name)
        state = task.step(state, task.actions(state)[0])
    assert found == names


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"pack": "horizn"}, "did you mean 'horizon'"),
        ({"themes": "forks"}, "did you mean 'fork'"),
        ({"goal": "mat"}, "did you mean 'mate'"),
        ({"min_turns": 9}, "none of the 4 puzzles"),
        ({"shift": "mirror"}, "castling=gone"),
        ({"shift": "fip"}, "did you mean 'flip'"),
        ({"show": "fn"}, "did you mean 'fen'"),
    ],
)
def test_a_bad_setting_is_refused_in_one_line(pack: str, more: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        open_environment("puzzle", {"pack": pack, **more})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is not a puzzle state"),
        ("1 | 1 | legal", "is not a puzzle state"),
        ("x | 1 | legal | 8/8/8/8/3k4/3p4/3K4/8 w - - 0 1 moves - as white", "is not a puzzle state"),
        ("1 | 1 | opositon | 8/8/8/8/3k4/3p4/3K4/8 w - - 0 1 moves - as white", "did you mean 'opposition'"),
        ("1 | 1 | opposition | 8/8/8/8/3k4/3p4/3K4/8 w - - 0 2 moves - as white", "use the pack of the state"),
        ("1 | 1 | opposition | 8/8/8/8/3k4/3p4/3K4/8 w - - 0 1 moves d2e1 as white", "use the pack of the state"),
        ("1 | 1 | opposition | 8/8/8/8/3k4/3p4/3K4/8 w - - 0 1 moves as white", "is not a chess state"),
    ],
)
def test_a_broken_state_is_refused_in_one_line(pack: str, text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        PuzzleTask(pack=pack).load(text)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("shift", SHIFTS)
@given(seed=st.integers(0, 2**62))
@settings(max_examples=8, deadline=None)
def test_a_shifted_puzzle_makes_a_pair_with_its_original(pack: str, shift: str, seed: int) -> None:
    plain, shifted = (
        PuzzleTask(pack=pack, castling="gone", rounds=0, shift=each, show="fen+last_move+legal_moves")
        for each in ("none", shift)
    )
    state = plain.reset(seed)
    for _ in range(6):
        assert shifted.load(plain.dump(state)) == state and shifted.dump(state) == plain.dump(state)
        assert shifted.actions(state) == plain.actions(state)
        assert shifted.engine_position(state) == plain.engine_position(state)
        assert (shifted.pose(state) == plain.pose(state)) == (shift == "san")
        scores = whimsical(state.position.text)
        for action in plain.actions(state):
            assert shifted.parse(state, shifted.render(state, action)) == Answer(action)
            # A colour flip, and every other shift, leaves the loss as it is: the judge sees the original alone.
            one, other = plain.judge(state, action, scores), shifted.judge(state, action, scores)
            assert (one.error, one.loss, one.random_loss) == (other.error, other.loss, other.random_loss)
        assert shifted.step(state, plain.oracle(state)) == plain.step(state, plain.oracle(state))
        state = plain.step(state, plain.oracle(state))


@dataclass
class Scripted:
    """Replies by turn, in a circle."""

    replies: Sequence[str]
    name: str = "scripted"
    reads_text: bool = True

    def identity(self) -> Mapping[str, Any]:
        return {}

    def reply(self, requests: Sequence[Request]) -> list[Reply | ModelFailure]:
        self.seen = [*getattr(self, "seen", []), *requests]
        return [Reply(self.replies[(each.turn - 1) % len(self.replies)]) for each in requests]

    def count_tokens(self, text: str) -> int | None:
        return None

    def close(self) -> None:
        pass


class Rows(list[Turn]):
    """A journal in memory."""

    def append(self, record: Any) -> None:
        if isinstance(record, Turn):
            super().append(record)


class Judged:
    """A judge that gives two moves of the family fork the same score."""

    def submit(self, position: str) -> "Future[Scores]":
        board = chess.Board(position)
        found = {move.uci(): Score(0.9 if move.uci() in ("d5c7", "d5f6") else 0.1, 0) for move in board.legal_moves}
        future: Future[Scores] = Future()
        future.set_result(Scores(found))
        return future


@pytest.mark.parametrize("policy", ["sound", "oracle", "legal"])
def test_for_an_unplayable_reply_the_lines_own_move_is_played_and_told(pack: str, policy: str) -> None:
    task = PuzzleTask(pack=pack, themes="fork")
    model, rows = Scripted(["I resign.", "Answer: Nxa8"]), Rows()
    scenario = make({"environment": "puzzle", "episodes": 1, "turns": 4, "substitute": policy}, "test")
    play(Setting(scenario, task, model, judge=Judged()), rows)
    natural = [row for row in rows if row.condition == "natural"]
    assert [(row.error, row.substituted) for row in natural] == [("no_answer", True), ("none", False)]
    assert json.loads(natural[0].extra)["played"] == "d5c7"
    told = next(each for each in model.seen if len(each.messages) > 2).messages[-1].content
    assert "Played for you: Nc7+" in told and "Last moves: Nc7+ Kd7" in told


def test_an_accepted_alternative_is_correct_and_the_episode_goes_on(pack: str) -> None:
    task = PuzzleTask(pack=pack, themes="fork")
    model, rows = Scripted(["Answer: Nf6+", "Answer: Nxa8"]), Rows()
    scenario = make({"environment": "puzzle", "episodes": 1, "turns": 4, "on_error": "retry:2"}, "test")
    play(Setting(scenario, task, model, judge=Judged()), rows)
    natural = [row for row in rows if row.condition == "natural"]
    assert [(row.action, row.correct, row.attempts, row.substituted) for row in natural] == [
        ("d5f6", True, 1, False),
        ("c7a8", True, 1, False),
    ]
    assert [json.loads(row.extra)["alternative"] for row in natural] == [True, False]


class FreshEngine:
    """Stockfish at few nodes, asked afresh every time: what is equal is so without a cache."""

    def __init__(self) -> None:
        self.engine = Engine("stockfish")

    def submit(self, position: str) -> "Future[Scores]":
        future: Future[Scores] = Future()
        future.set_result(self.engine.score(position, 1000))
        return future


@pytest.mark.slow
@pytest.mark.parametrize("name", ["puzzle", "chess"])
def test_colours_exchanged_lose_exactly_as_much_to_a_real_engine(pack: str, name: str) -> None:
    judge, runs = FreshEngine(), []
    with judge.engine:
        for shift in ("none", "flip"):
            given = {"pack": pack, "rounds": 0} if name == "puzzle" else {}
            task = open_environment(name, {"shift": shift, **given})
            opponents = {"random": RandomModel()} if name == "chess" else {}
            rows = Rows()
            scenario = make({"environment": name, "episodes": 2, "turns": 8, "opponents": list(opponents)}, "test")
            play(Setting(scenario, task, RandomModel(), opponents, judge), rows)
            runs.append([(row.episode_id, row.turn, row.condition, row.state, row.action, row.loss) for row in rows])
    assert runs[0] == runs[1] and len(runs[0]) == 32
    assert len({row[-1] for row in runs[0]}) > 5
