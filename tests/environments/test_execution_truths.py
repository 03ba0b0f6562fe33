"""Bookkeeping environments held against plain programs that keep the books themselves."""

import re

import chess
import pytest

from horizon.core.environment import open_environment
from horizon.environments.board_tracking import PIECES, _event, _fact


def conversation(text: str, seed: int, turns: int) -> list[tuple[str, str]]:
    """Return what is told and the oracle's answer at each turn, as a model with perfect memory would get it."""
    task = open_environment(text)
    state = task.reset(seed)
    found = []
    for turn in range(turns):
        told = task.pose(state) if turn == 0 else task.observe(state)
        found.append((told, task.render(state, task.oracle(state)).removeprefix("Answer: ")))
        state = task.step(state, task.oracle(state))
    return found


@pytest.mark.parametrize("seed", range(5))
def test_running_total_is_the_sum_that_a_reader_of_the_prompts_gets(seed: int) -> None:
    talk = conversation("running_total:lookups=3,largest=50,negative=true", seed, 30)
    numbers = {word: int(number) for word, number in re.findall(r"(\w+) = (-?\d+)", talk[0][0])}
    total = 0
    for told, answer in talk:
        total += sum(numbers[word] for word in re.search(r"Words: (.*)\.", told)[1].split(", "))  # type: ignore[index]
        assert answer == str(total)


@pytest.mark.parametrize("seed", range(5))
def test_cups_are_where_a_reader_of_the_prompts_has_them(seed: int) -> None:
    talk = conversation("permutation:cups=5,changes=2", seed, 30)
    under = dict(re.findall(r"(\d): (\w+)", talk[0][0]))
    for told, answer in talk:
        for one, other in re.findall(r"Cups (\d) and (\d) swap", told):
            under[one], under[other] = under[other], under[one]
        assert answer == under[re.search(r"under cup (\d)", told)[1]]  # type: ignore[index]


@pytest.mark.parametrize("seed", range(5))
def test_any_rearrangement_is_told_as_it_happens(seed: int) -> None:
    talk = conversation("permutation:cups=4,moves=any", seed, 30)
    under = dict(re.findall(r"(\d): (\w+)", talk[0][0]))
    for told, answer in talk:
        event = told.partition("What lies")[0].rpartition("Cups")[2]
        pairs = re.findall(r"(\d) to (\d)", event)
        if not pairs:
            one, other = re.search(r"(\d) and (\d) swap", event).groups()  # type: ignore[union-attr]
            pairs = [(one, other), (other, one)]
        under |= {target: under[source] for source, target in pairs} | {}
        assert answer == under[re.search(r"under cup (\d)", told)[1]]  # type: ignore[index]


@pytest.mark.parametrize("seed", range(5))
def test_the_machine_computes_what_python_does(seed: int) -> None:
    talk = conversation("stack_machine:lines=4,variables=3", seed, 30)
    names = {name: int(value) for name, value in re.findall(r"(\w) = (\d+)", talk[0][0].partition("Stack")[0])}
    stack: list[int] = []
    for told, answer in talk:
        for line in re.search(r"Instruction: (.*)\.", told)[1].split(", "):  # type: ignore[index]
            words = line.split()
            if words[0] == "push":
                stack.append(names[words[1]] if words[1] in names else int(words[1]))
            elif words[0] == "pop":
                names[words[1]] = stack.pop()
            elif words[0] == "swap":
                names[words[1]], names[words[2]] = names[words[2]], names[words[1]]
            else:
                names[words[0]] = int(words[2])
        asked = re.search(r"value of (\w)", told)
        assert answer == str(names[asked[1]] if asked else stack[-1])


def apply_edit(items: list[str], edit: str) -> None:
    """Change a list as the words of an edit say, whose places count from 1."""
    word, *rest = edit.split()
    if word == "insert":
        items.insert(int(rest[2]) - 1, rest[0])
    elif word == "delete":
        items.pop(int(rest[0]) - 1)
    elif word == "move":
        items.insert(int(rest[2]) - 1, items.pop(int(rest[0]) - 1))
    else:
        items[int(rest[0]) - 1] = rest[2]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("question", ["element", "list"])
def test_the_list_is_what_python_makes_of_the_edits(seed: int, question: str) -> None:
    talk = conversation(f"list_editing:edits=3,length=6,question={question}", seed, 30)
    items = re.findall(r"\d+ (\w+)", talk[0][0].partition("Edit")[0])
    for told, answer in talk:
        for edit in re.search(r"Edit: (.*)\.", told)[1].split(", "):  # type: ignore[index]
            apply_edit(items, edit)
        place = re.search(r"position (\d+) now", told)
        assert answer == (items[int(place[1]) - 1] if place else ", ".join(items))


@pytest.mark.parametrize("restate", ["event", "nothing"])
@pytest.mark.parametrize("question", ["element", "list"])
def test_a_plan_is_applied_to_the_list_once(question: str, restate: str) -> None:
    talk = conversation(f"list_editing:ask=plan,ahead=5,edits=2,question={question},restate={restate}", 3, 8)
    items = re.findall(r"\d+ (\w+)", talk[0][0].partition("Edit")[0])
    for message, answer in talk:
        answers = []
        for edits, place in re.findall(r"Edit: (.*?)\. W[a-z ]*?(?:position (\d+) )?now\?", message):
            for edit in edits.split(", "):
                apply_edit(items, edit)
            answers.append(items[int(place) - 1] if place else ", ".join(items))
        assert len(answers) == 5
        assert answer == "; ".join(answers)


@pytest.mark.parametrize("seed", range(4))
def test_the_board_is_the_one_that_the_announced_moves_make(seed: int) -> None:
    board = chess.Board()
    for told, answer in conversation("board_tracking:plies=2,question=any", seed, 40):
        if "set up again" in told:
            board = chess.Board()
        else:
            for san in re.search(r"Moves: (.*)\.", told)[1].split():  # type: ignore[index]
                board.push_san(san)
        square = re.search(r"stands on (\w\d) now", told)
        side = re.search(r"to castle (white|black) (king|queen)side", told)
        if square:
            piece = board.piece_at(chess.parse_square(square[1]))
            name = f"{'white' if piece.color else 'black'} {PIECES[piece.piece_type - 1]}" if piece else "empty"
            assert answer == name
        elif "Whose move" in told:
            assert answer == ("white" if board.turn else "black")
        elif side:
            mask = (
                (chess.BB_H1 if side[1] == "white" else chess.BB_H8)
                if side[2] == "king"
                else (chess.BB_A1 if side[1] == "white" else chess.BB_A8)
            )
            assert answer == ("yes" if board.castling_rights & mask else "no")
        elif "in check" in told:
            assert answer == ("yes" if board.is_check() else "no")
        else:
            assert answer == str(board.legal_moves.count())


@pytest.mark.parametrize(
    ("fen", "moves"),
    # Depth 1 of the perft results at chessprogramming.org: positions 1 to 5.
    [
        (chess.STARTING_FEN, 20),
        ("r3k2r/p1ppqpb1/bn2pnp1/3PN3/1p2P3/2N2Q1p/PPPBBPPP/R3K2R w KQkq - 0 1", 48),
        ("8/2p5/3p4/KP5r/1R3p1k/8/4P1P1/8 w - - 0 1", 14),
        ("r3k2r/Pppp1ppp/1b3nbN/nP6/BBP1P3/q4N2/Pp1P2PP/R2Q1RK1 w kq - 0 1", 6),
        ("rnbq1k1r/pp1Pbppp/2p5/8/2B5/8/PPP1NnPP/RNBQK2R w KQ - 1 8", 44),
    ],
)
def test_counts_of_legal_moves_are_perfts(fen: str, moves: int) -> None:
    assert _fact(fen, "count", 0) == str(moves)


def test_every_ply_of_a_turn_counts_as_perft_goes_down() -> None:
    # perft(2) of the start is 400: 20 answers to each of 20 moves.
    total = 0
    board = chess.Board()
    for move in board.legal_moves:
        board.push(move)
        total += int(_fact(board.fen(), "count", 0))
        board.pop()
    assert total == 400
    assert len(_event(12345, chess.STARTING_FEN, 5, "turn").moves) == 5


def test_a_running_total_row_tells_what_this_turn_added() -> None:
    task = open_environment("running_total:lookups=2")
    state = task.reset(1)
    total = int(task.oracle(state))
    assert task.judge(state, str(total)).extra["increment"] == total


@pytest.mark.parametrize(
    "text", ["list_editing", "list_editing:question=list,edits=3", "board_tracking:question=count"]
)
@pytest.mark.parametrize("seed", range(4))
def test_the_two_plans_offered_are_the_true_one_and_one_wrong_at_every_question(text: str, seed: int) -> None:
    task = open_environment(f"{text}{',' if ':' in text else ':'}ask=plan,ahead=8")
    state = task.reset(seed)
    for _ in range(5):
        true, wrong = (plan.split("; ") for plan in task.actions(state))
        assert "; ".join(true) == task.oracle(state)
        assert len(true) == len(wrong) == 8
        assert not any(one == other for one, other in zip(true, wrong, strict=True))
        state = task.step(state, "; ".join(true))
