"""Claims about the notes on truncated replies: the limit of a reply and a full context have different cures."""

from dataclasses import dataclass

import pytest
from scripted_play import Scripted

import horizon
from horizon.core.model import Request
from horizon.core.records import FinishReason, Json, Reply
from horizon.report.truncation import truncation_notes

LARGER = "with a larger max_tokens some may be correct."


@dataclass
class Limited(Scripted):
    """A scripted model with a context of 100 tokens."""

    def identity(self) -> dict[str, Json]:
        return {"context_tokens": 100}


def notes(finish: FinishReason, context_tokens: int | None, completion_tokens: int) -> list[str]:
    def reply(request: Request) -> Reply:
        if request.turn % 2:
            return Reply("Answer: 1")
        return Reply("let me", finish, context_tokens=context_tokens, completion_tokens=completion_tokens)

    keys = {"episodes": 2, "turns": 4, "conditions": (), "max_tokens": 16}
    analysis = horizon.play("running_total", model=Limited(reply), **keys).analyze()  # type: ignore[arg-type]
    return [note for group in analysis.groups for note in truncation_notes(group, analysis.runs)]


@pytest.mark.parametrize(("context_tokens", "completion_tokens"), [(40, 16), (None, 16), (84, 16)])
def test_a_reply_that_reached_its_own_limit_may_be_correct_with_a_larger_one(
    context_tokens: int | None, completion_tokens: int
) -> None:
    [note] = notes("length", context_tokens, completion_tokens)
    assert "cut off at the token limit count as errors (natural 50 %)" in note and note.endswith(LARGER)


@pytest.mark.parametrize(("finish", "completion_tokens"), [("overflow", 0), ("length", 7)])
def test_a_conversation_that_filled_the_context_is_not_helped_by_a_larger_limit(
    finish: FinishReason, completion_tokens: int
) -> None:
    [note] = notes(finish, 95, completion_tokens)
    assert "did not fit into the model's context count as errors (natural 50 %)" in note and LARGER not in note
    assert "no larger max_tokens helps, but a larger context_tokens, the condition window:k or fewer turns" in note


def test_replies_that_ended_by_themselves_have_no_note() -> None:
    assert notes("stop", 95, 7) == []
