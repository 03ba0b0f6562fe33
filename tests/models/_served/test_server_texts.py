"""Claims of what servers say in place of a reply, in the words of their own public bug reports."""

import json
from typing import Any

import pytest

from horizon.core.records import Reply
from horizon.models._served.completion import Fault, read_completion
from horizon.models._served.error_text import is_overflow, read_error

TOO_LONG = [
    (400, "input length and `max_tokens` exceed context limit: 199759 + 8192 > 200000, decrease input length"),
    (400, "prompt is too long: 208310 tokens > 200000 maximum"),
    (400, "The input token count (1100000) exceeds the maximum number of tokens allowed (1048576)."),
    (400, "Invalid request: Your request exceeded model token limit: 8192"),
    (400, "The input or output tokens must be reduced in order to run the model"),
    (400, "Range of input length should be [1, 30720]"),
    (400, "Prompt 超长"),
    (400, "输入超过模型最大上下文长度"),
    (400, "tokens in request more than max tokens allowed"),
    (400, "the prompt has 5000 tokens but the limit is 4096"),
    (400, "litellm.ContextWindowExceededError: litellm.BadRequestError"),
    (400, "max_tokens must be at least 1, got -904."),
    (400, "KV cache is full: prompt needs 5000 slots, 4096 available"),
    (400, "Cannot truncate prompt with n_keep (5000) >= n_ctx (4096)"),
    (500, "context shift is disabled"),
    (500, "prompt exceeds n_ctx"),
]
NOT_TOO_LONG = [
    (429, "Rate limit reached for gpt-4o on tokens per min (TPM): Limit 30000, Used 29000, Requested 2000."),
    (400, "max_tokens is too large: 100000. This model supports at most 16384 completion tokens"),
    (400, "Messages have too many roles"),
    (400, "stop: too many stop sequences, the maximum is 4"),
    (400, "seed exceeds the maximum of 2147483647"),
    (500, "request queue length exceeds the limit of 100"),
    (500, "CUDA out of memory. Tried to allocate 2 GiB"),
    (401, "Incorrect API key provided"),
]


@pytest.mark.parametrize(
    ("status", "words", "is_long"),
    [*((*case, True) for case in TOO_LONG), *((*case, False) for case in NOT_TOO_LONG)],
)
def test_a_conversation_that_does_not_fit_is_distinguished_from_other_refusals(
    status: int, words: str, is_long: bool
) -> None:
    for body in ({"error": {"message": words}}, {"object": "error", "message": words}, {"error": words}):
        assert is_overflow(status, read_error(json.dumps(body).encode())) == is_long


def test_a_limit_of_characters_in_a_list_of_pydantic_is_overflow() -> None:
    entry = {
        "type": "string_too_long",
        "loc": ["body", "messages", 1, "content"],
        "msg": "String should have at most 9 characters",
    }
    assert is_overflow(422, read_error(json.dumps({"detail": [entry]}).encode()))


def completion(content: Any, finish: Any = "stop", **more: Any) -> bytes:
    choice = {"message": {"role": "assistant", "content": content}, "finish_reason": finish}
    return json.dumps({"choices": [choice], **more}).encode()


@pytest.mark.parametrize(
    ("body", "text", "finish"),
    [
        (completion({"type": "text", "text": "a"}), "a", "stop"),
        (
            completion([{"type": "reasoning_content", "reasoning_content": "t"}, {"type": "text", "text": "a"}]),
            "a",
            "stop",
        ),
        *(
            (completion("a", name), "a", "stop")
            for name in ("eos_found", "stop_str", "matched_stop", "END_TOKEN", "done")
        ),
        *((completion("a", name), "a", "length") for name in ("model_length", "MAX_TOKENS", "output_limit")),
        (completion("a", error=None), "a", "stop"),
        (completion("a", error={"code": 0, "message": ""}), "a", "stop"),
    ],
)
def test_a_whole_reply_is_read_in_each_form(body: bytes, text: str, finish: str) -> None:
    reply = read_completion(body)
    assert isinstance(reply, Reply)
    assert (reply.text, reply.finish_reason) == (text, finish)


@pytest.mark.parametrize(
    "body",
    [
        completion("half a", error={"message": "upstream boom"}),
        completion("half a", error="boom"),
        completion({"parts": [{"text": "boom"}]}),
        *(
            completion("boom", name)
            for name in ("cancelled", "network_error", "insufficient_system_resource", "preempted")
        ),
    ],
)
def test_an_error_beside_a_reply_is_a_failure_with_the_servers_words(body: bytes) -> None:
    fault = read_completion(body)
    assert isinstance(fault, Fault)
    assert "boom" in fault.reason or "finish_reason" in fault.reason
