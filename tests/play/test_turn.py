"""Claims about the probe conditions as they are played: same states, changed histories, natural play untouched."""

import json

import pytest
from all_conditions import ALL, EVERY_TURN
from doors import Doors
from hypothesis import given
from hypothesis import strategies as st
from scripted_play import Listed, Scripted, ordered, played, seeded

from horizon.core.model import Request
from horizon.core.records import Reply
from horizon.play.padding import neutral_text


def counted(request: Request) -> Reply:
    """As `seeded`, with the length of the conversation as a server with a template of 5 a message would count it."""
    tokens = sum(len(each.content) + 5 for each in request.messages) + 5
    return Reply(seeded(request).text, context_tokens=tokens)


def conversations(model: Scripted, journal: Listed, condition: str) -> dict[tuple[str, int], Request]:
    """Return the requests of one condition by episode and turn."""
    found = {}
    for request in model.requests:
        parts = request.conversation.split("/")
        if len(parts) == 3 and parts[1] == condition:
            found[(parts[0], int(parts[2]))] = request
    return found


@pytest.fixture(scope="module")
def study() -> tuple[Listed, Scripted]:
    journal, _, model = played(counted, episodes=4, turns=8, conditions=ALL)
    return journal, model


def test_every_condition_re_poses_the_state_of_every_natural_turn(study: tuple[Listed, Scripted]) -> None:
    journal, _ = study
    natural = {(row.episode_id, row.turn): row.state for row in journal.turns if row.condition == "natural"}
    assert len(natural) == 4 * 8
    for condition in EVERY_TURN:
        rows = [row for row in journal.turns if row.condition == condition]
        assert {(row.episode_id, row.turn): row.state for row in rows} == natural
        assert len(rows) == len(natural)


def test_probes_never_change_the_natural_trajectories(study: tuple[Listed, Scripted]) -> None:
    alone, _, _ = played(counted, episodes=4, turns=8, conditions=["natural"])
    natural = [row for row in study[0].turns if row.condition == "natural"]

    def shape(row: object) -> object:
        return {name: getattr(row, name) for name in ("turn", "state", "reply", "action", "error", "prior_errors")}

    assert [shape(row) for row in ordered(natural)] == [shape(row) for row in ordered(alone.turns)]


@pytest.mark.parametrize("most", [1, 7, 40, 101])
def test_resuming_with_every_condition_changes_nothing(most: int, study: tuple[Listed, Scripted]) -> None:
    journal = Listed(most=most)
    with pytest.raises(KeyboardInterrupt):
        played(counted, journal, episodes=4, turns=8, conditions=ALL)
    journal.most = None
    played(counted, journal, episodes=4, turns=8, conditions=ALL)
    assert ordered(journal.turns) == ordered(study[0].turns)


def shown_errors(task: Doors, states: list[str], request: Request) -> int:
    replies = [each.content for each in request.messages if each.role == "assistant"]
    errors = 0
    for text, reply in zip(states, replies, strict=True):
        state = task.load(text)
        answer = task.parse(state, reply)
        errors += answer.error != "none" or task.judge(state, answer.action).error != "none"
    return errors


def states_before(journal: Listed, episode: str, turn: int) -> list[str]:
    rows = [row for row in ordered(journal.turns) if row.condition == "natural" and row.episode_id == episode]
    return [row.state for row in rows if row.turn < turn]


def test_a_healed_history_holds_no_error_and_no_note_on_one(study: tuple[Listed, Scripted]) -> None:
    journal, model = study
    for (episode, turn), request in conversations(model, journal, "healed").items():
        assert shown_errors(Doors(), states_before(journal, episode, turn), request) == 0
        assert (request.prior_errors, request.turn) == (0, turn)
        assert not any("could not be played" in each.content for each in request.messages)


def test_a_corrupted_history_holds_as_many_wrong_replies_as_it_says_each_as_long_as_a_right_one(
    study: tuple[Listed, Scripted],
) -> None:
    journal, model = study
    found = conversations(model, journal, "corrupted:0.5")
    for (episode, turn), request in found.items():
        assert shown_errors(Doors(), states_before(journal, episode, turn), request) == request.prior_errors
    last = [request.prior_errors for (_, turn), request in found.items() if turn == 8]
    assert 0 < sum(last) < 4 * 7
    wrong = [json.loads(row.extra)["wrong_reply"] for row in journal.turns if row.condition == "natural"]
    assert {len(each) for each in wrong} == {len("Answer: a")}


def test_a_larger_share_corrupts_the_same_replies_and_more() -> None:
    shares = ["corrupted:0", "corrupted:0.3", "corrupted:0.7", "corrupted:1"]
    # Sampled replies, since greedy ones of equal conversations are asked for once.
    journal, _, model = played(counted, episodes=3, turns=8, conditions=["natural", *shares], temperature=1.0)
    by_share = [conversations(model, journal, share) for share in shares]
    for key in by_share[0]:
        errors = [each[key].prior_errors for each in by_share]
        assert errors == sorted(errors)
        assert (errors[0], errors[-1]) == (0, key[1] - 1)


def test_a_foreign_history_is_another_episode_without_an_error_and_the_state_is_told_in_full(
    study: tuple[Listed, Scripted],
) -> None:
    journal, model = study
    for (_, turn), request in conversations(model, journal, "foreign").items():
        posed = [each.content for each in request.messages if each.role == "user"]
        assert (len(posed), request.prior_errors) == (turn, 0)
        assert "clue" in posed[-1]
        natural = next(r for r in model.requests if r.conversation == request.conversation.split("/")[0])
        assert turn == 1 or posed[0] != natural.messages[1].content


def test_padding_matches_the_natural_conversation_within_two_percent(study: tuple[Listed, Scripted]) -> None:
    tokens = {(row.episode_id, row.turn, row.condition): row.context_tokens for row in study[0].turns}
    for (episode, turn, condition), count in tokens.items():
        if condition == "padded" and turn > 4:
            natural = tokens[episode, turn, "natural"]
            assert count is not None
            assert natural is not None
            # The template's five a message are told apart by rounding only; a word has up to ten characters.
            assert abs(count - natural) <= 0.02 * natural + 10


def test_a_recap_tells_what_was_played_and_holds_no_history(study: tuple[Listed, Scripted]) -> None:
    journal, model = study
    request = conversations(model, journal, "recap")["doors#00001", 5]
    assert [each.role for each in request.messages] == ["system", "user"]
    assert request.messages[-1].content.startswith("So far 4 turns were played. The last: ")


def test_probes_can_be_thinned_by_step_and_by_sample() -> None:
    journal, _, _ = played(counted, episodes=2, turns=9, conditions=["natural", "fresh"], probe_every=4)
    assert {row.turn for row in journal.turns if row.condition == "fresh"} == {1, 5, 9}
    journal, _, _ = played(counted, episodes=6, turns=9, conditions=["natural", "fresh"], probe_turns=2)
    fresh = [(row.episode_id, row.turn) for row in journal.turns if row.condition == "fresh"]
    assert len(fresh) == 6 * 2
    assert len({turn for _, turn in fresh}) > 2, "each episode has its own sample"


@given(st.integers(0, 5000), st.integers(0, 2**62))
def test_neutral_text_is_as_long_as_asked_within_one_word(n_tokens: int, seed: int) -> None:
    text = neutral_text(seed, n_tokens, lambda text: -(-len(text) // 4))
    assert n_tokens <= -(-len(text) // 4) <= n_tokens + 4 or n_tokens <= 0
    assert neutral_text(seed, n_tokens + 400, lambda text: -(-len(text) // 4)).startswith(text[: len(text) // 2])
