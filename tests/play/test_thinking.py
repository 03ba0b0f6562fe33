"""Claims about earlier thinking as it is played: backends agree by default, and each arm shows what its name says."""

import json
from pathlib import Path

import pytest
from scripted_play import Listed, Scripted, ordered, played
from small_models import tiny_tokenizer

import horizon
from horizon.core.errors import UsageError
from horizon.core.model import Request
from horizon.core.records import Reply
from horizon.models._local.template import ChatTemplate
from horizon.runs.manifest import run_id_of
from horizon.scenarios.thinking import thinking_in, without_thinking

CONDITIONS = ["natural", "think:keep", "think:drop", "think:last", "think:replace", "healed"]
REPEATS = "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}\n{% endfor %}<|assistant|>"
DROPS = "{% for m in messages %}<|{{ m.role }}|>{{ m.content.split('</think>')[-1] }}\n{% endfor %}<|assistant|>"


def thought(request: Request) -> str:
    return f"Door {request.seed % 97} or {request.seed % 89}?"


def answer(request: Request) -> str:
    return f"Answer: {'abcd'[request.seed % 4]}"


def local(request: Request) -> Reply:
    return Reply(f"<think>\n{thought(request)}\n</think>\n\n{answer(request)}")


def served(request: Request) -> Reply:
    return Reply(answer(request), reasoning=thought(request))


def histories(model: Scripted, condition: str = "") -> dict[str, list[str]]:
    """Return the replies that each request of a condition shows."""
    return {
        request.conversation + f"@{request.turn}": [m.content for m in request.messages if m.role == "assistant"]
        for request in model.requests
        if request.conversation.partition("/")[2].rpartition("/")[0] == condition
    }


@pytest.mark.parametrize("policy", ["keep", "drop", "last", "replace"])
def test_a_local_and_a_served_model_see_the_same_history(policy: str) -> None:
    shown = [histories(played(reply, conditions=["natural"], thinking=policy)[2]) for reply in (local, served)]
    assert shown[0] == shown[1]
    assert any("<think>" in text for texts in shown[0].values() for text in texts) == (policy != "drop")


@pytest.mark.parametrize("reply", [local, served])
def test_each_arm_shows_what_its_name_says(reply: object) -> None:
    journal, _, model = played(reply, conditions=CONDITIONS, temperature=1.0)  # type: ignore[arg-type]
    natural = {row.episode_id: [] for row in journal.turns}  # type: ignore[var-annotated]
    for row in ordered(journal.turns):
        if row.condition == "natural":
            natural[row.episode_id].append(row)
    for name in ("think:keep", "think:drop", "think:last", "think:replace"):
        for key, texts in histories(model, name).items():
            rows = natural[key.partition("/")[0]]
            assert [without_thinking(text) for text in texts] == [
                without_thinking(row.reply) for row in rows[: len(texts)]
            ]
            is_thought = [text.startswith("<think>\nDoor ") for text in texts]
            wanted = {
                "think:keep": [True] * len(texts),
                "think:last": [False] * (len(texts) - 1) + [True] * bool(texts),
            }
            assert is_thought == wanted.get(name, [False] * len(texts))
    for key, texts in histories(model, "think:replace").items():
        for text, row in zip(texts, natural[key.partition("/")[0]], strict=False):
            kept = thinking_in(row.reply, json.loads(row.extra).get("reasoning", ""))
            # The scripted tokenizer counts characters, so that a word more is at most eleven.
            assert len(kept) <= len(thinking_in(text, "")) <= len(kept) + 11


def test_resuming_shows_the_same_thinking() -> None:
    whole, _, _ = played(served, conditions=CONDITIONS, temperature=1.0)
    journal = Listed(most=31)
    with pytest.raises(KeyboardInterrupt):
        played(served, journal, conditions=CONDITIONS, temperature=1.0)
    journal.most = None
    played(served, journal, conditions=CONDITIONS, temperature=1.0)
    assert ordered(journal.turns) == ordered(whole.turns)


def test_a_healed_history_has_no_thinking_of_the_replies_that_it_replaces() -> None:
    journal, _, model = played(served, conditions=CONDITIONS, thinking="keep")
    correct = {row.episode_id: [] for row in journal.turns}  # type: ignore[var-annotated]
    for row in ordered(journal.turns):
        if row.condition == "natural":
            correct[row.episode_id].append(row.correct)
    for key, texts in histories(model, "healed").items():
        assert ["<think>" in text for text in texts] == correct[key.partition("/")[0]][: len(texts)]


def test_a_template_that_leaves_thinking_out_is_named_and_refused(tmp_path: Path) -> None:
    assert not ChatTemplate("tiny", tiny_tokenizer(REPEATS)).drops_thinking
    drops = ChatTemplate("tiny", tiny_tokenizer(DROPS))
    assert drops.drops_thinking
    assert drops.identity()["earlier_thinking"] == "left out"
    model = Scripted(local)
    model.drops_thinking = True  # type: ignore[attr-defined]
    for keys in ({"conditions": ["natural", "think:keep"]}, {"thinking": "last"}):
        with pytest.raises(UsageError, match="the chat template of scripted leaves it out"):
            horizon.play("running_total", model=model, episodes=1, turns=2, out=None, **keys)  # type: ignore[arg-type]


def test_the_setting_is_part_of_the_plan_and_its_default_changes_no_run_id() -> None:
    plan = {"environment": "doors-v1", "seed": 0}
    assert run_id_of(plan) == run_id_of({**plan, "thinking": "drop"})
    assert run_id_of(plan) != run_id_of({**plan, "thinking": "keep"})
