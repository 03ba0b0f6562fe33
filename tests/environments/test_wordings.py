"""The wordings of environments: `prompt=v1`, the default, as all earlier runs have it, and `v2` in full sentences."""

import json
import re
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import pytest

from horizon.core import parameters
from horizon.core.answer_start import is_placeholder
from horizon.core.environment import environment_class, open_environment
from horizon.core.errors import UsageError
from horizon.core.instances import distinct_seeds
from horizon.core.registry import names

FIXED = json.loads((Path(__file__).parent / "wordings.json").read_text(encoding="utf-8"))
"""Rules, first message of seed 0 and message after a move: v1 as at commit 785b657, v2 as it was tried on models."""
CHESS = {"chess", "chess_variant", "puzzle"}
WORDED = [name for name in names("environments") if name != "reasoning_gym"]
IN_WORDS = [name for name in WORDED if name not in CHESS]
NEEDED = {
    "blocks_world": "'pick-up X' 'put-down X' 'unstack X Y' 'stack X Y' table hand goal",
    "board_tracking": "'white knight' 'empty' a1 h8",
    "checker_jumping": "left right jumps exactly one checker other colour empty place change sides",
    "chess": "usual rules legal moves",
    "chess_variant": "d4, e4, d5 legal moves third time",
    "endgame": "White checkmate stalemate",
    "grid_walk": "wall exit # @ X north",
    "hanoi": "three pegs top disk larger smaller as few moves as possible",
    "list_editing": "'move 3 to 1' position",
    "pddl": "drive fly load unload needs makes true makes false lorry (truck)",
    "permutation": "cups under",
    "puzzle": "puzzles legal moves",
    "river_crossing": "boat 2 empty missionaries cannibals bank",
    "running_total": "dictionary total",
    "sliding_tiles": "3 8 empty cell row by row as few moves as possible",
    "stack_machine": "'push 5' 'push X' 'pop X' 'X = 5' 'swap X Y'",
}
"""What either wording must name, so that a stranger can play."""


def opened(name: str, prompt: str, more: str = "") -> Any:
    return open_environment(f"{name}:prompt={prompt}{more}")


def states(task: Any, n_turns: int = 3, n_instances: int = 4) -> list[Any]:
    """Return states of a few instances, played by the oracle."""
    reached = []
    for seed in range(n_instances):
        state = task.reset(seed)
        for _ in range(n_turns):
            if task.done(state) is not None:
                break
            if task.mover(state) == "model":
                reached.append(state)
            state = task.step(state, task.oracle(state) or task.actions(state)[0])
    return reached


@pytest.mark.parametrize("text", FIXED)
def test_a_wording_stays_word_for_word_under_its_version(text: str) -> None:
    task = open_environment(text)
    state = task.reset(0)
    later = task.step(state, task.oracle(state) or task.actions(state)[0])
    shown = {"rules": task.rules(), "first": task.pose(state), "later": task.observe(later)}
    assert shown == FIXED[text]


def test_every_environment_but_another_package_s_questions_has_its_wordings_fixed() -> None:
    worded = [name for name in names("environments") if "prompt" in by_name(name)]
    assert worded == WORDED == sorted(NEEDED)
    for is_fuller in (False, True):
        assert {text.partition(":")[0] for text in FIXED if ("prompt=v2" in text) == is_fuller} == set(WORDED)


def by_name(name: str) -> dict[str, parameters.Parameter]:
    return {parameter.name: parameter for parameter in parameters.describe(environment_class(name))}


@pytest.mark.parametrize("name", WORDED)
def test_the_first_wording_is_the_default_and_stands_in_no_plan(name: str) -> None:
    prompt = by_name(name)["prompt"]
    assert (prompt.default, prompt.choices) == ("v1", ("v1", "v2"))
    assert parameters.values(open_environment(name)) == parameters.values(opened(name, "v1"))
    assert "prompt" not in parameters.values(opened(name, "v1"))
    assert parameters.values(opened(name, "v2"))["prompt"] == "v2"


@pytest.mark.parametrize("name", WORDED)
def test_the_fuller_wording_differs_in_words_alone(name: str) -> None:
    first, fuller = opened(name, "v1"), opened(name, "v2")
    assert first.rules() != fuller.rules()
    assert list(islice(distinct_seeds(fuller, 7), 20)) == list(islice(distinct_seeds(first, 7), 20))
    for state in states(first):
        assert fuller.load(fuller.dump(state)) == state
        assert fuller.actions(state) == first.actions(state)
        for action in first.actions(state)[:5]:
            reply = first.render(state, action)
            assert fuller.render(state, action) == reply
            assert fuller.parse(state, reply) == first.parse(state, reply)
            assert fuller.judge(state, action) == first.judge(state, action)
            assert fuller.step(state, action) == first.step(state, action)


@pytest.mark.parametrize("prompt", ["v1", "v2"])
@pytest.mark.parametrize("name", WORDED)
def test_a_wording_names_all_that_a_stranger_needs(name: str, prompt: str) -> None:
    task = opened(name, prompt)
    text = task.rules()
    asked = re.findall(r"'[^']+'|[^\s']+", NEEDED[name])
    assert [word for word in asked if word.lower() not in text.lower()] == []
    assert "Answer: " in text
    assert all("?" in task.pose(state).splitlines()[-1] for state in states(task, 1))


@pytest.mark.parametrize("ask", ["interactive", "plan"])
@pytest.mark.parametrize("name", WORDED)
def test_the_example_of_the_fuller_rules_is_an_action_as_it_is_written(name: str, ask: str) -> None:
    if ask == "plan" and name in CHESS:
        return
    task = opened(name, "v2", "" if name in CHESS else f",ask={ask}")
    example = task.rules().rpartition("Answer: ")[2].partition("; ")[0].rstrip(".")
    if is_placeholder(example):
        # Named in the rules instead: "such as Qd4 or Kc3".
        example = re.findall(r"such as (\S+)", task.rules())[-1].rstrip(".,")
    answers = [task.parse(state, f"Answer: {example}") for state in states(task, 2, 12)]
    assert any(answer.action is not None for answer in answers)
    assert {answer.error for answer in answers} <= {"none", "illegal", "unparsable"}


@pytest.mark.parametrize("name", IN_WORDS)
def test_german_has_one_wording(name: str) -> None:
    first, fuller = opened(name, "v1", ",shift=german"), opened(name, "v2", ",shift=german")
    assert first.rules() == fuller.rules()
    for one, other in pairwise(states(fuller)):
        assert first.pose(one) == fuller.pose(one)
        assert first.observe(other) == fuller.observe(other)


@pytest.mark.parametrize("name", IN_WORDS)
@pytest.mark.parametrize("setting", ["restate=event", "restate=nothing", "ask=plan", "shift=notation", "shift=names"])
def test_the_fuller_rules_promise_nothing_of_every_message(name: str, setting: str) -> None:
    rules = opened(name, "v2", f",{setting}").rules()
    assert not re.search(r"\b([Ee]very|[Ee]ach) (message|turn)\b|\bshown (the|a list|each)\b|so far", rules)


@pytest.mark.parametrize("name", [name for name in IN_WORDS if name != "board_tracking"])
def test_an_example_in_the_fuller_rules_uses_no_name_that_a_shift_has_replaced(name: str) -> None:
    assert "For example" not in opened(name, "v2", ",shift=names+notation").rules()


def test_the_fuller_rules_of_chess_name_what_all_of_its_messages_show() -> None:
    both = "You are shown the position and the list of your legal moves."
    assert both in opened("chess", "v2").rules()
    assert "You are shown the position. " in opened("chess", "v2", ",show=fen").rules()
    assert "You are shown" not in opened("chess", "v2", ",show=fen+legal_moves,later=last_move").rules()
    assert "e7e8q" not in opened("chess", "v2", ",notation=uci,shift=renamed").rules()


@pytest.mark.parametrize("name", ["chess", "chess_variant"])
@pytest.mark.parametrize(
    ("parts", "sentence"),
    [
        ("", "Each turn you get the position and your legal moves, written as "),
        (
            ",show=fen,later=last_move",
            "At first you get the position, and later the last move, with moves written as ",
        ),
        (",later=fen", "At first you get the position and your legal moves, and later the position, with moves "),
        (",later=moves+legal_moves", "and later the moves so far and your legal moves, with moves "),
        (",show=moves", "Each turn you get the moves so far, written as "),
    ],
)
def test_the_first_rules_of_chess_name_what_its_messages_show(name: str, parts: str, sentence: str) -> None:
    assert sentence in opened(name, "v1", parts).rules()


def test_a_game_that_a_base_model_continues_has_no_rules_to_word() -> None:
    with pytest.raises(UsageError, match=r"ask=completion shows the game as PGN: leave .* prompt as they are"):
        opened("chess", "v2", ",ask=completion")


@pytest.mark.parametrize(
    ("prompt", "label", "place"),
    [("v1", "Your keys: ", "{letter}: row"), ("v2", "The keys that you have are: ", "Key {letter} ")],
)
def test_no_wording_lists_a_key_that_is_held(prompt: str, label: str, place: str) -> None:
    task = opened("grid_walk", prompt, ",map=none,keys=2,size=5")
    seen = 0
    for seed in range(30):
        state = task.reset(seed)
        while task.done(state) is None:
            text = task.pose(state)
            held = re.search(rf"{label}(.*)\.", text)
            assert held is not None
            for letter in held[1].replace("none", "").split():
                seen += 1
                assert place.format(letter=letter) not in text
            state = task.step(state, task.oracle(state))
    assert seen > 10


@pytest.mark.parametrize("shift", ["none", "mirror"])
def test_the_map_of_a_maze_is_as_the_fuller_rules_describe_it(shift: str) -> None:
    task = opened("grid_walk", "v2", f",size=5,shift={shift}")
    assert "north at its top" in task.rules() and "two characters further on the map" in task.rules()
    for state in states(task, 4, 10):
        text = task.pose(state)
        grid = [line for line in text.splitlines() if set(line) <= set("#.@X")]
        row, column = next((row, line.index("@")) for row, line in enumerate(grid) if "@" in line)
        steps = {"north": (-1, 0), "east": (0, 1), "south": (1, 0), "west": (0, -1)}
        drawn = [way for way, (down, right) in steps.items() if grid[row + down][column + right] != "#"]
        listed = re.search(r"No wall is in these directions: (.*)\.", text)
        assert listed is not None and sorted(listed[1].split(", ")) == sorted(drawn)
        for way in drawn:
            after = task.pose(task.step(state, task.parse(state, f"Answer: {way}").action)).splitlines()
            down, right = steps[way]
            assert after[row + 2 * down][column + 2 * right] == "@"
