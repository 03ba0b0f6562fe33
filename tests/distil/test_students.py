"""Claims about students: how they spell chess, what they read, and that training makes a model that plays."""

import random
from dataclasses import replace
from pathlib import Path

import chess
import numpy as np
import pytest
import torch
from small_models import save_tiny
from transformers import AutoModelForCausalLM, AutoTokenizer

from horizon.core.environment import open_environment
from horizon.core.errors import UsageError
from horizon.core.likelihood import reply_scorer
from horizon.core.model import ModelOptions, Request, open_model
from horizon.core.records import Message
from horizon.distil.batches import END_ID, REPLY_ID, Batch, join, pad, pad_alike
from horizon.distil.chess_lessons import lessons_of
from horizon.distil.dialogue_lessons import dialogue_lessons_of, write_dialogues
from horizon.distil.distil import distil
from horizon.distil.move_spelling import all_moves, spell_position
from horizon.distil.network import SIZES, Network, save_network
from horizon.distil.optimizer import orthogonal
from horizon.distil.recipe import Recipe
from horizon.distil.teacher_games import TeacherGame, game_of
from horizon.distil.tokenizers import TEMPLATE, chess_tokenizer, save_tokenizer, word_tokenizer
from horizon.distil.trainer import Training, train
from horizon.play import session
from horizon.runs import run_folder
from horizon.scenarios.scenario import make

FOOLS_MATE = ("f2f3", "e7e5", "g2g4", "d8h4")


def fools_mate() -> TeacherGame:
    """Return the shortest game; the mate is the only move that its teacher scores above 60 %."""
    board, wins = chess.Board(), []
    for move in FOOLS_MATE:
        legal = sorted(move.uci() for move in board.legal_moves)
        wins.append(
            tuple(100 if text == "d8h4" and len(wins) == 3 else 60 - place for place, text in enumerate(legal))
        )
        board.push_uci(move)
    return TeacherGame(0, 1, 1, FOOLS_MATE, tuple(wins[1:]))


MATE = fools_mate()


def random_board(seed: int, n_plies: int) -> chess.Board:
    draw, board = random.Random(seed), chess.Board()
    for _ in range(n_plies):
        moves = list(board.legal_moves)
        if not moves:
            break
        board.push(draw.choice(moves))
    return board


def test_every_move_of_orthodox_chess_has_a_token() -> None:
    # A queen's moves from every square of an empty board (1,456), a knight's (336), and 44 promotions to four men.
    assert len(all_moves()) == len(set(all_moves())) == 1456 + 336 + 44 * 4
    vocabulary = set(all_moves())
    for seed in range(40):
        assert {move.uci() for move in random_board(seed, 4 * seed).legal_moves} <= vocabulary


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> object:
    folder = tmp_path_factory.mktemp("tokenizer")
    save_tokenizer(chess_tokenizer(), folder, 512)
    return AutoTokenizer.from_pretrained(folder)


@pytest.mark.parametrize("seed", range(20))
def test_a_fen_is_read_as_the_lessons_spell_it(tokenizer: object, seed: int) -> None:
    board = random_board(seed, 5 * seed)
    words = tokenizer.tokenize(f"FEN: {board.fen()}\nYou play White.\nWhich move do you play?<reply>")  # type: ignore[attr-defined]
    assert words == spell_position(board)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("<rules>Write moves as g1f3 or e1g1.\nThe board is a1 to h8.</rules>Last move: e4d5", ["e4d5"]),
        (
            "Your reply could not be played. Played for you: g1f3\nLast move: e8g8",
            ["could not be played", "g1f3", "e8g8"],
        ),
        ("It is now your move 17, and Black has just played e2e1q!", ["e2e1q"]),
        ("Legal moves: g1f3 e1g1 e4d5\nWhich move?<reply>Answer: e1g1", ["e1g1"]),
        ("Read as before, a bishop on b and a knight: nothing to keep.", []),
    ],
)
def test_only_positions_moves_and_replies_are_read(tokenizer: object, text: str, words: list[str]) -> None:
    assert tokenizer.tokenize(text) == words  # type: ignore[attr-defined]


def test_the_environments_prompt_leaves_position_and_moves(tokenizer: object) -> None:
    task = open_environment("chess:show=fen+legal_moves,later=last_move,notation=uci")
    state = task.reset(3)
    messages = [
        Message("system", task.rules()),
        Message("user", task.pose(state)),
        Message("assistant", "Answer: g1f3"),
    ]
    given = [{"role": message.role, "content": message.content} for message in messages]
    text = tokenizer.apply_chat_template(given, add_generation_prompt=False, tokenize=False)  # type: ignore[attr-defined]
    assert tokenizer.tokenize(text) == [*spell_position(state.position.board), "g1f3"]  # type: ignore[attr-defined]


def test_a_game_survives_its_line() -> None:
    assert game_of(MATE.as_json()) == MATE


def test_soft_shares_follow_the_scores_and_hard_ones_are_the_best_move() -> None:
    numbers = chess_tokenizer().get_vocab()
    lessons = lessons_of([MATE], numbers)
    table = lessons.table()
    mate, n_legal = table.shares[3, table.tokens[3] == numbers["d8h4"]], len(MATE.wins[2])
    assert mate.tolist() == pytest.approx([0.5 + 0.5 / n_legal], abs=1e-3)
    assert table.shares.sum(axis=1) == pytest.approx(np.ones(5), abs=1e-2)
    assert (table.shares[:4] > 0).sum(axis=1).tolist() == [20, 20, 19, n_legal]
    # One percent less is exp(-0.01 / 0.02) as likely, beside what is spread evenly.
    ordered = np.sort(table.shares[1].astype(float))[::-1] - 0.5 / 20
    assert ordered[1] / ordered[0] == pytest.approx(np.exp(-0.5), abs=0.01)
    assert table.tokens[4, 0] == END_ID
    hard = replace(lessons, targets="hard").table()
    assert (hard.shares == 1).sum(axis=1).tolist() == [1, 1, 1, 1, 1]
    assert (hard.shares.argmax(axis=1) == table.shares.argmax(axis=1)).all()


def test_a_book_move_is_the_only_good_one_and_random_moves_teach_legality_alone() -> None:
    numbers = chess_tokenizer().get_vocab()
    table = lessons_of([TeacherGame(0, 1, 3, FOOLS_MATE, MATE.wins[2:])], numbers).table()
    assert table.tokens[0, table.shares[0].argmax()] == numbers["f2f3"]
    assert set(table.shares[1][table.shares[1] > 0].tolist()) == {np.float16(1 / 20)}


def test_lessons_aim_at_the_teachers_moves_and_then_at_the_end() -> None:
    numbers = chess_tokenizer().get_vocab()
    lessons = lessons_of([MATE], numbers)
    numbers_of_moves = {numbers[move] for move in all_moves()}
    for batch in lessons.batches(0, 0, 1.0):
        for row, column, aim in zip(batch.rows, batch.columns, batch.aims, strict=True):
            is_own_reply = aim == 4
            assert (batch.tokens[row, column] in numbers_of_moves) >= is_own_reply
    again = lessons.batches(0, 0, 1.0)
    assert (again[0].tokens == lessons.batches(0, 0, 1.0)[0].tokens).all()


@pytest.mark.parametrize("environment", ["permutation", "stack_machine", "board_tracking", "running_total"])
def test_dialogues_teach_what_the_oracle_answers(environment: str) -> None:
    texts = write_dialogues(environment, 0, range(3), 4)
    tokenizer = word_tokenizer(texts)
    lessons = dialogue_lessons_of(texts, tokenizer)
    for number, text in enumerate(texts):
        replies = [part.split("<asked>")[0].removeprefix("Answer: ") for part in text.split("<reply>")[1:]]
        dialogue = lessons._dialogue(number, 4)
        aimed = [aim for _, aim, _ in dialogue.aims]
        written = tokenizer.decode(aimed, skip_special_tokens=False)
        assert [part.strip() for part in written.split("<end>")[:-1]] == replies


def test_short_dialogues_come_first() -> None:
    texts = write_dialogues("permutation", 0, range(9), 4)
    lessons = dialogue_lessons_of(texts, word_tokenizer(texts))
    for done, n_replies in ((0.0, 1), (0.3, 3), (0.6, 4), (1.0, 4)):
        (batch,) = lessons.batches(0, 5, done)
        assert ((batch.tokens == REPLY_ID).sum(axis=1) == n_replies).all()


def test_only_exact_tasks_have_dialogues() -> None:
    with pytest.raises(UsageError, match="no exact oracle"):
        write_dialogues("chess_variant", 0, range(1), 2)


def test_the_saved_network_is_transformers_llama(tmp_path: Path) -> None:
    network = Network(SIZES["small"], 200, 1).eval()
    save_network(network, tmp_path, torch.float32)
    llama = AutoModelForCausalLM.from_pretrained(tmp_path).eval()
    tokens = torch.randint(0, 200, (2, 40), generator=torch.Generator().manual_seed(0))
    rows, columns = torch.tensor([0, 1, 1]), torch.tensor([39, 0, 20])
    with torch.no_grad():
        assert torch.allclose(network(tokens, rows, columns), llama(tokens).logits[rows, columns], atol=1e-5)


def test_orthogonal_keeps_the_singular_vectors() -> None:
    matrices = torch.randn(2, 12, 30, generator=torch.Generator().manual_seed(0))
    left, _, right = torch.linalg.svd(matrices, full_matrices=False)
    inside = left.mT @ orthogonal(matrices) @ right.mT
    diagonal = inside.diagonal(dim1=1, dim2=2)
    assert ((diagonal > 0.6) & (diagonal < 1.3)).all()
    assert (inside - torch.diag_embed(diagonal)).abs().max() < 1e-3


def test_joined_batches_have_the_logits_of_the_separate_ones() -> None:
    texts = write_dialogues("permutation", 0, range(9), 3)
    lessons = dialogue_lessons_of(texts, word_tokenizer(texts))
    batches = pad_alike([lessons._dialogue(number, 1 + number % 3) for number in range(9)])
    network = Network(SIZES["small"], lessons.words, 1).eval()

    def logits(batch: Batch) -> torch.Tensor:
        tokens, rows, columns = (torch.from_numpy(part).long() for part in (batch.tokens, batch.rows, batch.columns))
        return network(tokens, rows, columns)

    joined = join(batches)
    assert joined.aims.tolist() == [aim for batch in batches for aim in batch.aims.tolist()]
    assert joined.weights.shape == joined.aims.shape
    with torch.no_grad():
        assert torch.allclose(logits(joined), torch.cat([logits(batch) for batch in batches]), atol=1e-5)


def test_training_resumes_to_the_same_weights(tmp_path: Path) -> None:
    texts = write_dialogues("permutation", 0, range(40), 3)
    lessons = dialogue_lessons_of(texts, word_tokenizer(texts))

    class Killed(Exception):
        pass

    class Interrupted:
        words = lessons.words
        table = staticmethod(lessons.table)

        def batches(self, seed: int, step: int, done: float) -> list[object]:
            if step == 3:
                raise Killed
            return [pad([lessons._dialogue(step, 3)])]  # type: ignore[list-item]

    class Whole(Interrupted):
        def batches(self, seed: int, step: int, done: float) -> list[object]:
            return [pad([lessons._dialogue(step, 3)])]  # type: ignore[list-item]

    training = Training("small", 6, 1e-3, checkpoint_s=0.0)
    with pytest.raises(Killed):
        train(Interrupted(), training, tmp_path / "killed")  # type: ignore[arg-type]
    resumed = train(Whole(), training, tmp_path / "killed")  # type: ignore[arg-type]
    whole = train(Whole(), training, tmp_path / "whole")  # type: ignore[arg-type]
    for one, other in zip(resumed.parameters(), whole.parameters(), strict=True):
        assert torch.equal(one, other)


def test_a_distilled_student_is_played_and_has_its_card(tmp_path: Path) -> None:
    recipe = Recipe("permutation:cups=2", "small", lessons=60, turns=3, steps=3, batch_tokens=400)
    folder = distil(recipe, tmp_path / "student", device="cpu")
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert "60 dialogues of at most 3 turns" in card and "horizon distil --env permutation:cups=2" in card
    assert not (folder / "checkpoint.pt").exists()
    scenario = make({"model": f"hf:{folder}", "environment": "permutation:cups=2", "episodes": 1, "turns": 2}, "test")
    session.run(scenario, tmp_path / "run")
    assert run_folder.read_turns(tmp_path / "run").height == 4
    with pytest.raises(UsageError, match="is not empty"):
        distil(recipe, folder)
    with pytest.raises(UsageError, match="started with steps=3, not 4"):
        distil(
            Recipe("permutation:cups=2", "small", lessons=60, turns=3, steps=4, batch_tokens=400), folder, resume=True
        )


def test_the_template_marks_what_the_tokenizer_drops() -> None:
    assert "<rules>" in TEMPLATE and "</rules>" in TEMPLATE


def test_a_reply_is_scored_as_it_stands_in_a_conversation(tmp_path: Path) -> None:
    """Its tokenizer drops the mark of an answer behind a prompt alone; read by itself it was an unknown word."""
    folder = tmp_path / "student"
    save_tiny(folder, TEMPLATE)
    save_tokenizer(word_tokenizer(["<asked>Add 3.<reply>Answer: 12<asked>Add 4 .<reply>7 5 6 8 9 0"]), folder, 512)
    model = open_model(f"hf:{folder}", ModelOptions())
    messages = (Message("user", "Add 3."), Message("assistant", "Answer: 12"), Message("user", "Add 4."))
    replies = ["Answer: 75", "75", "Answer: 57"]
    requests = [Request(messages, 0, f"talk {place}", 2, 0, None) for place in range(3)]
    marked, plain, other = (score.log_likelihood for score in reply_scorer(model)(requests, replies))
    assert marked == pytest.approx(plain, abs=1e-5)
    assert marked != pytest.approx(other, abs=1e-2)
