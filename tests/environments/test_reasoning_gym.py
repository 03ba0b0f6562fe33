"""Questions of reasoning-gym: asked by seed, the same in every process, and scored as the package itself does."""

import json
import os
import subprocess
import sys

import pytest
import reasoning_gym
from reasoning_gym.factory import DATASETS

import horizon
from horizon.core.environment import open_environment
from horizon.core.errors import ContractError, UsageError
from horizon.core.seeds import derive
from horizon.environments.reasoning_gym import RUNS_ANSWERS, UNREPRODUCIBLE

WITHOUT_ANSWER = {"boxnet", "graph_color", "propositional_logic", "rubiks_cube", "rush_hour"}
SLOW = {"arc_agi", "codeio", "figlet_font", "futoshiki", "group_anagrams", "quantum_lock", "rearc", "zebra_puzzles"}
PLAYED = sorted(set(DATASETS) - RUNS_ANSWERS - UNREPRODUCIBLE - WITHOUT_ANSWER - {"composite"})


def test_the_questions_and_scores_are_those_of_the_package() -> None:
    task = open_environment("reasoning_gym:leg_counting")
    state = task.step(task.reset(5), "0")
    own = reasoning_gym.create_dataset("leg_counting", seed=derive(5, "question", 1) % 2**32, size=1)
    assert task.pose(state) == task.observe(state) == own[0]["question"]
    assert task.oracle(state) == own[0]["answer"]
    for answer in (own[0]["answer"], "7", "seven"):
        verdict = task.judge(state, answer)
        assert verdict.loss == 1 - own.score_answer(answer, own[0])
        assert verdict.error == ("none" if answer == own[0]["answer"] else "wrong")


def test_a_partial_score_is_wrong_with_a_smaller_loss() -> None:
    task = open_environment("reasoning_gym:leg_counting")
    state = task.reset(1)
    best = str(task.oracle(state))
    # The package gives an answer that holds the true one the share of its length.
    verdict = task.judge(state, f"{best} legs")
    assert verdict.error == "wrong" and verdict.loss == 1 - len(best) / len(f"{best} legs")


@pytest.mark.parametrize("name", [name for name in PLAYED if name not in SLOW])
def test_the_own_answer_of_every_data_set_comes_back_from_its_reply_with_the_full_mark(name: str) -> None:
    task = open_environment(f"reasoning_gym:{name}")
    state = task.reset(7)
    best = task.oracle(state)
    assert best is not None and task.parse(state, task.render(state, best)).action == best
    assert task.judge(state, best).error == "none"
    assert task.load(task.dump(state)) == state and best in task.actions(state)


@pytest.mark.parametrize(
    ("reply", "action"),
    [
        ("<answer>4</answer>", "4"),
        ("<think><answer>9</answer></think>So <answer>\n4\n</answer>.", "4"),
        ("<answer>5</answer> No: <answer>4</answer>", "4"),
        ("Answer: 4", "4"),
        ("<answer>1 2\n3 4</answer>", "1 2\n3 4"),
        ("It is 4.", None),
        ("<answer></answer>", None),
        ("", None),
    ],
)
def test_the_last_marked_text_is_the_answer(reply: str, action: str | None) -> None:
    task = open_environment("reasoning_gym")
    answer = task.parse(task.reset(0), reply)
    assert (answer.action, answer.error) == (action, "none" if action else "no_answer")


@pytest.mark.parametrize(
    ("setting", "reason"),
    [
        *((name, "runs answers as code") for name in sorted(RUNS_ANSWERS)),
        *((name, "asks other questions in every process") for name in sorted(UNREPRODUCIBLE)),
        *((name, "gives its own answer no full mark") for name in ("graph_color", "rush_hour")),
        ("composite", "composite mixes data sets"),
        ("acre,level=1", "acre has no levels"),
        ("leg_count", "did you mean 'leg_counting'"),
        ("leg_counting,task=ab", "'task' is set twice"),
    ],
)
def test_what_can_t_be_scored_fairly_or_safely_is_refused_in_one_line(setting: str, reason: str) -> None:
    with pytest.raises(UsageError, match=reason) as caught:
        open_environment(f"reasoning_gym:{setting}")
    assert "\n" not in str(caught.value)


def test_a_data_set_that_prints_writes_nothing_between_the_results(capsys: pytest.CaptureFixture[str]) -> None:
    task = open_environment("reasoning_gym:bf")
    assert task.pose(task.reset(1234)) and capsys.readouterr().out == ""


def test_an_empty_answer_can_t_be_played() -> None:
    task = open_environment("reasoning_gym")
    with pytest.raises(ContractError, match="is not an answer"):
        task.step(task.reset(0), "")


def test_a_chain_of_questions_is_played_with_the_data_set_in_its_parameters() -> None:
    run = horizon.play("reasoning_gym:leg_counting,level=2", model="synthetic:hazard=0.5", episodes=4, turns=4)
    assert run.manifest["plan"]["parameters"] == {"task": "leg_counting", "level": 2}
    assert {"none", "wrong"} <= set(run.turns["error"])
    assert run.turns["state"].n_unique() == 16
    assert "<answer>" in run.show(0, 2).messages[0].content


_PROGRAM = """
import json, sys
from horizon.core.environment import open_environment
questions = {}
for name in sys.argv[1:]:
    task = open_environment("reasoning_gym:" + name)
    states = [task.reset(seed) for seed in range(3)]
    questions[name] = [(task.pose(state), task.oracle(state)) for state in states]
print(json.dumps(questions))
"""


def asked(names: list[str], hash_seed: str) -> dict[str, object]:
    """Return questions and answers as another process makes them."""
    command = [sys.executable, "-c", _PROGRAM, *names]
    env = {**os.environ, "PYTHONHASHSEED": hash_seed}
    result = subprocess.run(command, capture_output=True, text=True, env=env, check=True)
    questions: dict[str, object] = json.loads(result.stdout)
    return questions


@pytest.mark.long
def test_every_data_set_asks_the_same_questions_in_every_process() -> None:
    first, second = asked(PLAYED, "1"), asked(PLAYED, "2")
    assert [name for name in PLAYED if first[name] != second[name]] == []
