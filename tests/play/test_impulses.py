"""Claims about impulses and mitigations as they are played: drawn turns, second calls, and an exact resumption."""

import json
from collections import defaultdict

import pytest
from scripted_play import Listed, ordered, played, seeded

from horizon.core.model import Request
from horizon.core.records import Reply, Turn
from horizon.runs.usage import SHARED
from horizon.scenarios.mitigations import CHECK

IMPULSES = ["impulse:reminder", "impulse:right", "impulse:error", "impulse:blank"]
MITIGATIONS = ["remind:2", "retry", "selfcheck"]
CONDITIONS = ["natural", *IMPULSES, *MITIGATIONS]


def right(request: Request) -> Reply:
    return Reply(request.posed.render(request.posed.optimal_action() or ""))


def reading(request: Request) -> Reply:
    """Be right where the rules were repeated or a check is asked for, unreadable at odd turns, and wrong otherwise."""
    messages = request.messages[1:]
    if any(message.content.startswith("The rules once more:") for message in messages):
        return right(request)
    if messages[-1].content == CHECK or "Try again" in messages[-1].content:
        return right(request)
    if request.turn % 2:
        return Reply("hm")
    best = request.posed.optimal_action()
    return Reply(f"Answer: {next(door for door in 'abc' if door != best)}")


def by_condition(journal: Listed) -> dict[str, list[Turn]]:
    rows = defaultdict(list)
    for row in ordered(journal.turns):
        rows[row.condition].append(row)
    return rows


def test_all_kinds_pose_the_turns_after_one_drawn_turn_of_each_episode() -> None:
    journal, _, _ = played(seeded, episodes=40, turns=9, conditions=["natural", *IMPULSES])
    rows = by_condition(journal)
    drawn = {row.episode_id: json.loads(row.extra)["impulse_turn"] for row in rows["impulse:reminder"]}
    # The first half of nine turns, each about as often: 40 draws of 4 leave one out once in 25,000.
    assert set(drawn.values()) == {1, 2, 3, 4}
    for condition in IMPULSES:
        for row in rows[condition]:
            assert json.loads(row.extra)["impulse_turn"] == drawn[row.episode_id] < row.turn
    for condition in ("impulse:reminder", "impulse:blank"):
        posed = {(row.episode_id, row.turn) for row in rows[condition]}
        assert posed == {(name, turn) for name, first in drawn.items() for turn in range(first + 1, 10)}
    assert {(row.episode_id, row.turn) for row in rows["impulse:error"]} <= {
        (row.episode_id, row.turn) for row in rows["impulse:right"]
    }


def test_a_model_that_reacts_to_a_reminder_is_right_after_it_and_only_there() -> None:
    journal, _, _ = played(reading, turns=8, conditions=CONDITIONS)
    rows = by_condition(journal)
    assert not any(row.correct for row in rows["natural"])
    assert all(row.correct for row in rows["impulse:reminder"])
    assert not any(row.correct for row in rows["impulse:blank"])
    assert {row.turn for row in rows["remind:2"] if row.correct} == set(range(2, 9))


def test_a_retry_asks_again_where_no_action_could_be_played_and_elsewhere_keeps_the_reply() -> None:
    journal, _, model = played(reading, turns=6, conditions=CONDITIONS)
    rows = by_condition(journal)
    natural = {(row.episode_id, row.turn): row for row in rows["natural"]}
    assert len(rows["retry"]) == len(natural)
    for row in rows["retry"]:
        own, extra = natural[row.episode_id, row.turn], json.loads(row.extra)
        assert (extra["second_call"], row.correct) == ((1, True) if own.substituted else (0, False))
        assert extra.get(SHARED, False) != own.substituted
        if not own.substituted:
            assert (row.reply, row.error, row.state) == (own.reply, own.error, own.state)
    asked = [request for request in model.requests if "/retry/" in request.conversation]
    assert len(asked) == sum(row.substituted for row in rows["natural"])
    assert all(request.messages[-2].content == "hm" for request in asked)
    assert all(row.correct for row in rows["selfcheck"])


@pytest.mark.parametrize("on_error", ["substitute", "retry:1"])
@pytest.mark.parametrize("temperature", [0.0, 1.0])
@pytest.mark.parametrize("most", [3, 20, 61])
def test_a_killed_run_has_the_same_rows_after_it_is_resumed(most: int, temperature: float, on_error: str) -> None:
    keys = {"turns": 6, "conditions": CONDITIONS, "temperature": temperature, "on_error": on_error}
    whole, _, _ = played(seeded, **keys)
    journal = Listed(most=most)
    with pytest.raises(KeyboardInterrupt):
        played(seeded, journal, **keys)
    journal.most = None
    played(seeded, journal, **keys)
    assert ordered(journal.turns) == ordered(whole.turns)


def test_a_reply_that_counts_is_read_back_from_its_row_after_failed_attempts_too() -> None:
    keys = {"turns": 4, "conditions": ["natural", "retry"], "on_error": "retry:1"}
    whole, _, _ = played(seeded, **keys)
    natural_only = Listed([row for row in whole.turns if row.condition == "natural"])
    played(seeded, natural_only, **keys)
    assert ordered(natural_only.turns) == ordered(whole.turns)
