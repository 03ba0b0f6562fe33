"""Claims of the chess environment; python-chess's own game, with all its history, is the outside truth."""

import random
from typing import Any

import chess
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from horizon.core.environment import Environment, open_environment
from horizon.core.errors import ContractError, UsageError
from horizon.core.records import Answer, ErrorKind, Score, Scores
from horizon.core.seeds import derive
from horizon.domains.chess.start_positions import OPENINGS
from horizon.environments.chess import Chess, Game

SAN, UCI = Chess(), Chess(notation="uci", opening="start")
START = Chess(color="white", opening="start")


def played(task: Chess, state: Game, *moves: str) -> Game:
    for move in moves:
        state = task.step(state, move)
    return state


def playout(task: Chess, seed: int, plies: int) -> Game:
    draw = random.Random(seed)
    state = task.reset(seed)
    for _ in range(plies):
        if not task.actions(state):
            break
        state = task.step(state, draw.choice(task.actions(state)))
    return state


def scored(task: Chess, state: Game, wins: dict[str, float], others: float) -> Scores:
    """Return scores of all legal moves, best first, as a judge gives them."""
    every = {move: Score(wins.get(move, others), round(1000 * wins.get(move, others))) for move in task.actions(state)}
    return Scores(dict(sorted(every.items(), key=lambda each: -each[1].win)))


def test_the_environment_keeps_the_contract() -> None:
    task: Environment[Any] = open_environment("chess:notation=uci,color=black")
    assert (task.name, task.version, task.oracle_kind, task.has_opponent) == ("chess", 4, "engine", True)
    for heading in ("Rules", "Observation", "Action", "Oracle", "Difficulty", "References", "Versions"):
        assert f"\n    {heading}: " in (Chess.__doc__ or "")


@given(st.integers(0, 2**62), st.integers(0, 120), st.sampled_from([SAN, UCI]))
@settings(deadline=None)
def test_actions_are_the_legal_moves_and_every_rendering_is_parsed_back(seed: int, plies: int, task: Chess) -> None:
    state = playout(task, seed, plies)
    board = chess.Board(state.root)
    for move in state.moves:
        board.push_uci(move)
    assert state.position.fen == board.fen()
    if task.done(state) is None:
        assert task.actions(state) == tuple(sorted(move.uci() for move in board.legal_moves))
    for action in task.actions(state):
        assert task.parse(state, task.render(state, action)) == Answer(action)
        assert task.parse(state, board.san(chess.Move.from_uci(action))) == Answer(action)


@given(st.integers(0, 2**62), st.integers(0, 120))
@settings(deadline=None)
def test_a_state_is_its_text_and_equal_states_hash_alike(seed: int, plies: int) -> None:
    state = playout(SAN, seed, plies)
    loaded = SAN.load(SAN.dump(state))
    assert loaded == state and hash(loaded) == hash(state)
    assert SAN.dump(loaded) == SAN.dump(state) and "\n" not in SAN.dump(state)
    assert SAN.pose(loaded) == SAN.pose(state) and SAN.done(loaded) == SAN.done(state)


@given(st.integers(0, 2**62))
@settings(deadline=None)
def test_games_end_as_python_chess_ends_them(seed: int) -> None:
    # Few men and many plies, so that repetitions, fifty moves and bare kings all come up.
    task = Chess(fen="4k3/7p/8/8/8/8/8/R3K3 w - - 60 40")
    draw = random.Random(seed)
    state, board = task.reset(seed), chess.Board(task.fen)
    for _ in range(150):
        outcome = board.outcome()
        claims = board.halfmove_clock >= 100 or board.is_repetition(3)
        assert (task.done(state) is not None) == (outcome is not None or claims)
        if task.done(state):
            if outcome is None or outcome.winner is None:
                assert task.done(state) == "draw"
            else:
                assert task.done(state) == ("won" if outcome.winner == (state.side == "white") else "lost")
            assert task.actions(state) == () and task.engine_position(state) is None
            return
        action = draw.choice(task.actions(state))
        state = task.step(state, action)
        board.push_uci(action)


@given(st.one_of(st.text(), st.text().map("Answer: {}".format), st.text(alphabet="abcdefgh12345678NBRQKxO0-+#=. \n")))
@settings(deadline=None)
def test_any_text_at_all_gets_a_verdict(reply: str) -> None:
    state = START.reset(0)
    answer = START.parse(state, reply)
    assert (answer.action in START.actions(state)) == (answer.error == "none")
    assert START.judge(state, answer.action).error in ("none", "illegal", "no_answer")


@pytest.mark.parametrize(
    ("reply", "action", "error"),
    [
        ("Answer: Nf3", "g1f3", "none"),
        ("answer: 1. e4!", "e2e4", "none"),
        ("I like Nc3.\nAnswer: **e4**\n", "e2e4", "none"),
        ("Answer: e4\nNo, wait.\nAnswer: d4", "d2d4", "none"),
        ("Answer: Nf3 because it develops", "g1f3", "none"),
        ("Answer: \\boxed{Nf3}", "g1f3", "none"),
        ("The answer is: Nh3.", "g1h3", "none"),
        ("<think>Answer: e4</think>Nc3", "b1c3", "none"),
        ("1. e4", "e2e4", "none"),
        ("Answer: Ke2", "Ke2", "illegal"),
        ("I castle: O-O", "O-O", "illegal"),
        ("Answer: Knight to f3", "g1f3", "none"),
        ("Knight to f3", "g1f3", "none"),
        ("Answer: MOVE", None, "unparsable"),
        ("I castle kingside", "O-O", "illegal"),
        ("I might castle kingside in some moves", None, "unparsable"),
        ("", None, "no_answer"),
        ("I am a language model.", None, "no_answer"),
        ("<think>Nf3", None, "no_answer"),
    ],
)
def test_a_reply_is_read_fairly_and_strictly(reply: str, action: str | None, error: ErrorKind) -> None:
    assert START.parse(START.reset(0), reply) == Answer(action, error)


def test_an_ambiguous_move_is_unparsable() -> None:
    task = Chess(color="white", fen="4k3/8/8/8/8/5N2/8/1N2K3 w - - 0 1")
    assert task.parse(task.reset(0), "Answer: Nd2") == Answer(None, "unparsable")
    assert task.parse(task.reset(0), "Answer: Nbd2") == Answer("b1d2")


def test_the_third_time_is_a_draw_even_when_loaded_from_text() -> None:
    there_and_back = ("g1f3", "g8f6", "f3g1", "f6g8")
    state = played(START, START.reset(0), *there_and_back, *there_and_back[:3])
    assert START.done(state) is None
    state = START.step(state, "f6g8")
    assert START.done(state) == "draw" and START.done(START.load(START.dump(state))) == "draw"
    with pytest.raises(ContractError, match="over by repetition"):
        START.step(state, "e2e4")


def test_lost_castling_rights_make_a_new_position() -> None:
    task = Chess(color="white", fen="r3k2r/8/8/8/8/8/8/R3K2R w KQkq - 0 1")
    there_and_back = ("e1e2", "e8e7", "e2e1", "e7e8")
    # The men stand as at the start for the third time, but then they could castle.
    state = played(task, task.reset(0), *there_and_back, *there_and_back)
    assert task.done(state) is None
    # Both kings have moved before the position after two plies, so that one counts from the first time on.
    state = task.step(state, "e1e2")
    assert task.done(state) is None
    assert task.done(task.step(state, "e8e7")) == "draw"


def test_a_hundred_plies_without_capture_or_pawn_move_are_a_draw_and_mate_comes_first() -> None:
    task = Chess(color="white", fen="7k/8/6K1/8/8/8/8/1Q6 w - - 99 80")
    state = task.reset(0)
    assert task.done(task.step(state, "b1c1")) == "draw"
    assert task.done(task.step(state, "b1b8")) == "won"


@pytest.mark.parametrize(
    ("fen", "move", "white", "black"),
    [
        ("7k/8/6K1/8/8/8/8/1Q6 w - - 0 1", "b1b8", "won", "lost"),
        ("7k/8/5K2/8/8/8/8/6Q1 w - - 0 1", "g1g6", "draw", "draw"),
        ("7k/8/8/8/8/8/6p1/7K w - - 0 1", "h1g2", "draw", "draw"),
    ],
    ids=["checkmate", "stalemate", "bare kings"],
)
def test_an_ending_is_told_from_the_model_s_side(fen: str, move: str, white: str, black: str) -> None:
    for color, outcome in (("white", white), ("black", black)):
        task = Chess(color=color, fen=fen)
        assert task.done(task.step(task.reset(0), move)) == outcome


def test_colors_alternate_by_seed_and_the_opponent_moves_for_the_other_side() -> None:
    sides = [SAN.reset(derive(0, "episode", index)).side for index in range(400)]
    # Mean 200, standard deviation 10.
    assert 150 < sides.count("white") < 250
    for color in ("white", "black"):
        state = Chess(color=color, opening="start").reset(5)
        assert state.side == color
        assert START.mover(state) == ("model" if color == "white" else "opponent")
        assert START.engine_position(state) == chess.STARTING_FEN, "the opponent may be an engine as well"


def test_openings_differ_by_seed_and_can_be_left_out() -> None:
    assert len({SAN.reset(derive(0, index)).moves for index in range(60)}) > 30
    assert SAN.reset(3) == SAN.reset(3)
    assert UCI.reset(3).moves == ()
    assert Chess(fen="4k3/8/8/8/8/8/8/R3K3 w - - 0 1").reset(3).root == "4k3/8/8/8/8/8/8/R3K3 w - - 0 1"


def test_an_observation_shows_what_is_asked_for() -> None:
    state = played(START, START.reset(0), "e2e4", "e7e5")
    everything = Chess(show="board+fen+moves+last_move+legal_moves")
    assert everything.pose(state) == everything.observe(state)
    told = everything.pose(state).split("\n")
    assert told[0] == "Board, White below:"
    assert told[1] == "r n b q k b n r" and told[8] == "R N B Q K B N R"
    assert told[9] == f"FEN: {state.position.fen}"
    assert told[10] == "Moves so far: 1. e4 e5" and told[11] == "Last move: e5"
    assert told[12].startswith("You play White. Legal moves: a3 a4 Na3 Nc3 b3")
    assert told[13] == "Which move do you play?" and len(told) == 14
    in_uci = Chess(show="moves+last_move+legal_moves", notation="uci").pose(state)
    assert "Moves so far: e2e4 e7e5\nLast move: e7e5\nYou play White. Legal moves: a2a3 a2a4" in in_uci
    assert "Last move" not in START.pose(START.reset(0))


def test_later_turns_show_what_later_names_and_a_posed_state_all_of_show() -> None:
    task = Chess(show="fen+legal_moves", later="last_move+legal_moves", opening="start")
    state = played(task, task.reset(0), "e2e4", "e7e5")
    assert task.observe(state).startswith("Last move: e5\nYou play White. Legal moves: a3")
    assert "FEN" not in task.observe(state)
    assert task.pose(state).startswith("FEN: rnbqkbnr/pppp1ppp")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("chess:fen=8/8/8/8/8/8/8/4K3 w - - 0 1", "Black has no king"),
        ("chess:fen=nonsense", "is not a FEN"),
        ("chess:fen=7k/6Q1/6K1/8/8/8/8/8 b - - 0 1", "game is over .* checkmate"),
        ("chess:show=fen+bord", "did you mean 'board'"),
        ("chess:show=", "no part ''"),
        ("chess:show=fen+fen", "twice"),
        ("chess:color=withe", "did you mean 'white'"),
        ("chess:colour=white", "did you mean 'color'"),
        ("chess:wrong_loss=1.5", "out of range"),
    ],
)
def test_a_bad_setting_is_refused_in_one_line(text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        open_environment(text)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is not a chess state"),
        (f"{chess.STARTING_FEN} moves e2e5 as white", "move e2e5 is illegal"),
        (f"{chess.STARTING_FEN} moves - as both", "is not a chess state"),
        ("4k3/8/8/8/8/8/8/8 w - - 0 1 moves - as white", "White has no king"),
        ("7k/8/6K1/8/8/8/8/1Q6 w - - 99 80 moves b1c1 h8g8 as white", "over by fifty moves before move h8g8"),
    ],
)
def test_a_broken_state_is_refused_in_one_line(text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        SAN.load(text)


def test_loss_is_the_win_probability_given_away() -> None:
    state = START.reset(0)
    scores = scored(START, state, {"e2e4": 0.55, "d2d4": 0.5, "g1h3": 0.35}, 0.45)
    best, fair, bad = (START.judge(state, move, scores) for move in ("e2e4", "d2d4", "g1h3"))
    assert (best.error, best.loss, best.optimal_action) == ("none", 0.0, "e2e4")
    assert (fair.error, fair.loss) == ("none", pytest.approx(0.05))
    assert (bad.error, bad.loss) == ("wrong", pytest.approx(0.20))
    # Twenty legal moves at the start: losses 0, 0.05, 0.20 and seventeen times 0.10.
    assert best.random_loss == pytest.approx((0.0 + 0.05 + 0.20 + 17 * 0.10) / 20)
    assert START.oracle(state, scores) == "e2e4" and START.oracle(state) is None
    assert (bad.extra["eval_cp"], bad.extra["best_cp"]) == (350, 550)


def test_a_turn_without_a_move_still_tells_the_position_s_own_difficulty() -> None:
    state = START.reset(0)
    scores = scored(START, state, {"e2e4": 0.6}, 0.4)
    for action, error in ((None, "no_answer"), ("e2e5", "illegal"), ("hello", "illegal")):
        verdict = START.judge(state, action, scores)
        assert (verdict.error, verdict.loss, verdict.optimal_action) == (error, None, "e2e4")
        assert verdict.random_loss == pytest.approx(0.2 * 19 / 20)
        assert "eval_cp" not in verdict.extra


def test_without_scores_nothing_is_graded() -> None:
    state = START.reset(0)
    for action, error in (("e2e4", "none"), (None, "no_answer"), ("e2e5", "illegal")):
        verdict = START.judge(state, action)
        assert (verdict.error, verdict.loss, verdict.random_loss, verdict.optimal_action) == (error, None, None, None)
    assert START.difficulty(state) == 20.0


def test_the_best_move_is_never_wrong_however_strict() -> None:
    task = Chess(color="white", opening="start", wrong_loss=0.0)
    state = task.reset(0)
    scores = scored(task, state, {"e2e4": 0.6}, 0.4)
    assert [task.judge(state, move, scores).error for move in ("e2e4", "d2d4")] == ["none", "wrong"]


def test_scores_that_lack_a_legal_move_break_the_contract() -> None:
    with pytest.raises(ContractError, match="lack the legal move a2a3"):
        START.judge(START.reset(0), "e2e4", Scores({"e2e4": Score(0.5, 0)}))


def test_evaluations_are_white_s_and_count_mate_from_after_the_move() -> None:
    white = Chess(color="white", fen="7k/8/5K2/8/8/8/8/Q7 w - - 0 1")
    black = Chess(color="black", fen="q7/8/8/8/8/5k2/8/7K b - - 0 1")
    for task, sign in ((white, 1), (black, -1)):
        state = task.reset(0)
        every = {move: Score(0.5, 120) for move in task.actions(state)}
        first, second, third, *_ = every
        scores = Scores(
            {**every, first: Score(1.0, None, 1), second: Score(1.0, None, 3), third: Score(0.0, None, -2)}
        )
        assert "eval_mate" not in task.judge(state, first, scores).extra
        assert task.judge(state, second, scores).extra["eval_mate"] == 2 * sign
        assert task.judge(state, third, scores).extra["eval_mate"] == -2 * sign


def test_rules_and_observation_are_short() -> None:
    # A token is at least three characters of such text, so this bounds the rules at 120 tokens.
    assert len(SAN.rules()) < 360 and SAN.rules().endswith("Answer: MOVE, where MOVE is one of the legal moves.")


@pytest.mark.parametrize("opening", OPENINGS)
@given(seed=st.integers(0, 2**62), plies=st.integers(0, 80))
@settings(max_examples=15, deadline=None)
def test_from_every_start_states_are_their_texts_and_moves_are_read_back(opening: str, seed: int, plies: int) -> None:
    task = Chess(opening=opening)
    state = playout(task, seed, plies)
    loaded = task.load(task.dump(state))
    assert loaded == state and loaded.position.text == state.position.text
    assert task.pose(loaded) == task.pose(state)
    assert (state.root.startswith("chess960:")) == (opening == "chess960")
    assert task.engine_position(state) in (None, state.position.text)
    for action in task.actions(state):
        assert task.parse(state, task.render(state, action)) == Answer(action)
        assert task.parse(state, f"Answer: {action}") == Answer(action)


def test_the_same_seed_pairs_sides_across_openings() -> None:
    for seed in range(20):
        assert len({Chess(opening=opening).reset(seed).side for opening in OPENINGS}) == 1


@pytest.mark.parametrize(
    ("position", "counts"),
    [
        # Andy Grant's fischer.epd, the first two positions.
        ("chess960:bqnb1rkr/pp3ppp/3ppn2/2p5/5P2/P2P4/NPP1P1PP/BQ1BNRKR w HFhf - 2 9", (21, 528)),
        ("chess960:2nnrbkr/p1qppppp/8/1ppb4/6PP/3PP3/PPP2P2/BQNNRBKR w HEhe - 1 9", (21, 807)),
    ],
)
def test_chess960_has_as_many_lines_as_is_published(position: str, counts: tuple[int, ...]) -> None:
    task = Chess(fen=position)
    states = [task.reset(0)]
    for count in counts:
        states = [task.step(state, action) for state in states for action in task.actions(state)]
        assert len(states) == count


def test_chess960_is_told_in_the_rules_and_castles_king_takes_rook() -> None:
    task = Chess(opening="chess960", color="white")
    assert "Chess960" in task.rules() and "Chess960" not in SAN.rules()
    shuffled = Chess(fen="chess960:4k3/8/8/8/8/8/8/1RK3R1 w GB - 0 1", color="white")
    state = shuffled.reset(0)
    assert {"c1g1", "c1b1"} <= set(shuffled.actions(state))
    assert shuffled.parse(state, "Answer: O-O") == Answer("c1g1")
    castled = shuffled.step(state, "c1g1").position.board
    assert (castled.king(chess.WHITE), castled.piece_type_at(chess.F1)) == (chess.G1, chess.ROOK)


def test_novelty_stands_in_every_verdict_and_is_the_same_for_exchanged_colours() -> None:
    state = playout(SAN, 3, 40)
    for shift in ("none", "flip", "renamed"):
        extra = Chess(shift=shift).judge(state, None).extra
        assert extra["novelty"] == SAN.judge(state, None).extra["novelty"]
    assert SAN.judge(START.reset(0), None).extra["novelty"] < 0.01
