"""Claims about the turn loop: nothing planned is lost, policies do what they say, resuming changes nothing."""

import json
from dataclasses import replace

import pytest
from doors import Doors
from scripted_play import Listed, Scripted, ordered, played, seeded

from horizon.core.errors import ModelFailure
from horizon.core.model import Request
from horizon.core.records import Reply
from horizon.play.loop import play
from horizon.play.setting import Setting
from horizon.scenarios.scenario import make


def test_every_planned_turn_has_one_natural_and_one_fresh_row() -> None:
    journal, result, _ = played(seeded)
    keys = [(row.episode_id, row.turn, row.condition) for row in journal.turns]
    expected = {(f"doors#{i:05d}", t, c) for i in range(3) for t in range(1, 6) for c in ("natural", "fresh")}
    assert sorted(keys) == sorted(expected)
    assert (result.turns, result.probes, result.episodes_done) == (15, 15, 3)
    assert {each.outcome for each in journal.episodes} == {"turn_limit"}


def test_a_probe_poses_the_same_state_as_its_natural_turn_with_no_history() -> None:
    journal, _, model = played(seeded)
    states = {(row.episode_id, row.turn): row.state for row in journal.turns if row.condition == "natural"}
    probes = [row for row in journal.turns if row.condition == "fresh"]
    assert all(states[row.episode_id, row.turn] == row.state and row.prior_errors == 0 for row in probes)
    fresh = [each for each in model.requests if "/fresh/" in each.conversation]
    # 3 episodes of 5 turns; at turn 1 the fresh conversation is the natural one, which was answered already.
    assert len(fresh) == 12
    assert all([m.role for m in each.messages] == ["system", "user"] and each.turn == 1 for each in fresh)
    assert all("clue" in each.messages[-1].content for each in fresh)


def coin(request: Request) -> Reply:
    """Answer as a batch's rounding might: another way each time, though the conversation is the same."""
    return Reply(f"Answer: {'abc'[request.seed % 3]}")


def test_the_same_conversation_gets_the_same_reply_within_a_turn() -> None:
    journal, _, _ = played(coin, conditions=("natural", "fresh", "recap", "window:9", "healed"))
    rows = {(row.episode_id, row.turn, row.condition): row.reply for row in journal.turns}
    for (name, turn, condition), reply in rows.items():
        if turn == 1 or condition == "window:9":
            assert reply == rows[name, turn, "natural"], (name, turn, condition)


def test_a_repeat_asks_the_natural_conversation_again() -> None:
    journal, _, model = played(coin, episodes=1, turns=3, conditions=("natural", "repeat:1", "repeat:2"))
    asked = {request.conversation: request.messages for request in model.requests}
    for turn in (1, 2, 3):
        first, second = (asked[f"doors#00000/repeat:{number}/{turn}"] for number in (1, 2))
        assert first == second and len(first) == 2 * turn
    replies = {(row.turn, row.condition): row.reply for row in journal.turns}
    assert any(replies[turn, "repeat:1"] != replies[turn, "natural"] for turn in (1, 2, 3))


def test_sampled_replies_are_drawn_anew_for_the_same_conversation() -> None:
    _, _, model = played(coin, episodes=1, turns=1, temperature=1.0)
    assert [request.conversation for request in model.requests] == ["doors#00000", "doors#00000/fresh/1"]


def test_the_natural_history_holds_the_models_own_words() -> None:
    _, _, model = played(seeded, episodes=1, conditions=("natural",))
    last = model.requests[-1]
    assert [each.role for each in last.messages] == ["system"] + ["user", "assistant"] * 4 + ["user"]
    said = [model.script(each).text for each in model.requests]  # type: ignore[union-attr]
    assert [each.content for each in last.messages if each.role == "assistant"] == said[:4]


def test_the_turns_before_in_error_are_counted() -> None:
    journal, _, _ = played(seeded, conditions=("natural",))
    for name in {row.episode_id for row in journal.turns}:
        rows = [row for row in journal.turns if row.episode_id == name]
        assert [row.prior_errors for row in rows] == [sum(not r.correct for r in rows[:i]) for i in range(len(rows))]


def test_an_unplayable_reply_is_substituted_and_the_model_is_told() -> None:
    journal, _, model = played(lambda request: Reply("Answer: d"), episodes=1, turns=2, conditions=("natural",))
    first = journal.turns[0]
    assert (first.error, first.substituted, first.action) == ("illegal", True, "d")
    right = Doors().oracle(Doors().load(first.state))
    assert json.loads(first.extra)["played"] == right  # the only sound action is the right one
    assert (
        model.requests[1]
        .messages[-1]
        .content.startswith(f"Your last reply could not be played. Played for you: {right}\n")
    )


def test_a_wrong_but_legal_action_is_played_as_it_is() -> None:
    def wrong(request: Request) -> Reply:
        return Reply(next(f"Answer: {each}" for each in "abc" if not request.posed.is_correct(each)))

    journal, _, _ = played(wrong, episodes=1, turns=2, conditions=("natural",))
    assert [row.error for row in journal.turns] == ["wrong", "wrong"]
    assert not any(row.substituted for row in journal.turns)
    assert Doors().load(journal.turns[1].state).last == journal.turns[0].action


def test_a_cut_reply_without_an_answer_is_truncated_and_one_with_an_answer_is_not() -> None:
    cut, _, _ = played(lambda request: Reply("I think", "length"), episodes=1, turns=1)
    assert {row.error for row in cut.turns} == {"truncated"}
    late, _, _ = played(lambda request: Reply("Answer: d\nbecause", "length"), episodes=1, turns=1)
    assert {row.error for row in late.turns} == {"illegal"}
    overflow, _, _ = played(lambda request: Reply("", "overflow"), episodes=1, turns=1)
    assert {(row.error, row.finish_reason) for row in overflow.turns} == {("truncated", "overflow")}


def test_stop_ends_an_episode_at_its_first_error_with_the_error_recorded() -> None:
    journal, _, _ = played(seeded, on_error="stop", episodes=20, turns=50, conditions=("natural",))
    for episode in journal.episodes:
        rows = ordered([row for row in journal.turns if row.episode_id == episode.episode_id])
        assert all(row.correct for row in rows[:-1])
        assert not rows[-1].correct
        assert (episode.outcome, episode.turns) == ("error", len(rows))


def test_retry_gives_that_many_attempts_and_records_every_one() -> None:
    replies = iter(["hm", "Answer: d", "Answer: a", "hm", "hm", "hm", "Answer: a"])
    journal, _, model = played(
        lambda request: Reply(next(replies)), on_error="retry:2", episodes=1, turns=3, conditions=("natural",)
    )
    first, second, third = journal.turns
    assert (first.attempts, first.substituted, first.reply) == (3, False, "Answer: a")
    assert [each["error"] for each in json.loads(first.extra)["attempts"]] == ["no_answer", "illegal"]
    assert (second.attempts, second.substituted, second.error) == (3, True, "no_answer")
    assert third.attempts == 1
    assert "named an action that is not legal here" in model.requests[2].messages[-1].content
    # The history of turn 2 holds all three attempts of turn 1.
    assert [m.content for m in model.requests[3].messages if m.role == "assistant"] == ["hm", "Answer: d", "Answer: a"]


@pytest.mark.parametrize("on_error", ["substitute", "retry:2", "stop"])
@pytest.mark.parametrize("most", [1, 2, 5, 9, 14, 17, 23])
def test_a_run_stopped_anywhere_and_resumed_equals_one_that_was_not(most: int, on_error: str) -> None:
    whole, _, _ = played(seeded, on_error=on_error, conditions=("natural", "fresh", "window:2"))
    journal = Listed(most=most)
    if most < len(whole.records):
        with pytest.raises(KeyboardInterrupt):
            played(seeded, journal, on_error=on_error, conditions=("natural", "fresh", "window:2"))
    journal.most = None
    played(seeded, journal, on_error=on_error, conditions=("natural", "fresh", "window:2"))
    assert ordered(journal.turns) == ordered(whole.turns)
    assert sorted(each.episode_id for each in journal.episodes) == sorted(each.episode_id for each in whole.episodes)
    assert {replace(each) for each in journal.episodes} == set(whole.episodes)


def test_a_resumed_model_is_shown_the_same_conversations() -> None:
    _, _, whole = played(seeded, conditions=("natural",), on_error="retry:1")
    journal = Listed(most=7)
    with pytest.raises(KeyboardInterrupt):
        played(seeded, journal, conditions=("natural",), on_error="retry:1")
    journal.most = None
    _, _, resumed = played(seeded, journal, conditions=("natural",), on_error="retry:1")
    shown = {(each.conversation, each.messages) for each in whole.requests}
    assert {(each.conversation, each.messages) for each in resumed.requests} <= shown


def test_infrastructure_failures_are_never_rows_and_abort_only_their_own_episode() -> None:
    def script(request: Request) -> Reply | ModelFailure:
        if request.conversation.startswith("doors#00001") and request.turn >= 3:
            return ModelFailure("server down: start it again")
        return seeded(request)

    journal, result, _ = played(script, conditions=("natural",))
    outcomes = {each.episode_id: (each.outcome, each.turns, each.failure) for each in journal.episodes}
    assert outcomes["doors#00001"] == ("aborted", 2, "server down: start it again")
    assert outcomes["doors#00000"][:2] == outcomes["doors#00002"][:2] == ("turn_limit", 5)
    assert result.episodes_aborted == 1
    assert len(journal.turns) == 12


def test_a_failure_that_passes_costs_nothing() -> None:
    seen: dict[tuple[str, int], int] = {}

    def script(request: Request) -> Reply | ModelFailure:
        key = (request.conversation, len(request.messages))
        seen[key] = seen.get(key, 0) + 1
        return ModelFailure("try again") if seen[key] < 3 else seeded(request)

    flaky, result, _ = played(script)
    calm, _, _ = played(seeded)
    assert ordered(flaky.turns) == ordered(calm.turns)
    assert result.episodes_aborted == 0


def test_when_every_episode_is_aborted_the_last_failure_is_raised() -> None:
    with pytest.raises(ModelFailure, match="gone"):
        played(lambda request: ModelFailure("the server is gone"))


def test_an_episode_ends_when_its_environment_says_so() -> None:
    journal = Listed()
    scenario = make({"environment": "doors", "episodes": 2, "turns": 50}, "test")
    play(Setting(scenario, Doors(rooms=4), Scripted(seeded), run_id="run"), journal)
    assert {(each.outcome, each.turns) for each in journal.episodes} == {("solved", 4)}
