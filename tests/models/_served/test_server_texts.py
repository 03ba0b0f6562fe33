"""Claims of what servers say in place of a reply, in the words of their own public bug reports."""

import json
from typing import Any

import pytest

from horizon.core.records import Reply
from horizon.models._served.completion import Fault, read_completion
from horizon.models._served.dialect import learn
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


def choice(**more: Any) -> bytes:
    return json.dumps({"choices": [{"message": {"content": ""}, "finish_reason": "stop", **more}]}).encode()


@pytest.mark.parametrize(
    ("body", "text", "reasoning"),
    [
        # LM Studio, vLLM, OpenRouter, LiteLLM and gateways name the same thoughts otherwise
        (completion("a", reasoning={"content": "t"}), "a", None),
        *(
            (completion("a").replace(b'"content": "a"', b'"content": "a", ' + thoughts), "a", "t")
            for thoughts in (
                b'"reasoning": {"content": "t"}',
                b'"reasoning_content": ["t"]',
                b'"reasoning_text": "t"',
                b'"thinking": "t"',
                b'"reasoning_details": [{"type": "reasoning.text", "text": "t"}]',
                b'"thinking_blocks": [{"type": "thinking", "thinking": "t", "signature": "s"}]',
            )
        ),
        (completion([{"type": "text", "text": {"value": "a", "annotations": []}}]), "a", None),
        (b"\xef\xbb\xbf" + completion("a"), "a", None),
        (completion("a").decode().encode("utf-16"), "a", None),
        (b"\n \n" + completion("a") + b"\n", "a", None),
        (completion("a")[:-1] + b', "logprobs": NaN}', "a", None),
    ],
)
def test_a_reply_and_its_thoughts_are_read_in_each_form(body: bytes, text: str, reasoning: str | None) -> None:
    reply = read_completion(body)
    assert isinstance(reply, Reply), reply
    assert (reply.text, reply.reasoning, reply.finish_reason) == (text, reasoning, "stop")


@pytest.mark.parametrize(
    ("name", "finish"),
    [
        *((name, "stop") for name in ("stopStringFound", "eosFound", "<|im_end|>", "</s>", "END_OF_TURN", "Stop")),
        *((name, "length") for name in ("maxTokens", "max-tokens", "token limit", "limit", "repetition_truncation")),
        ("contextLengthReached", "overflow"),
    ],
)
def test_ends_are_known_in_any_case_and_with_any_marks(name: str, finish: str) -> None:
    reply = read_completion(completion("a", name))
    assert isinstance(reply, Reply), reply
    assert reply.finish_reason == finish


@pytest.mark.parametrize(
    "name", ["IMAGE_SAFETY", "ContentFilter", "content-filter", "moderation", "sensitive", "risk_control"]
)
def test_a_filter_is_known_by_any_of_its_names(name: str) -> None:
    fault = read_completion(completion("", name))
    assert isinstance(fault, Fault) and fault.is_filter


def test_what_a_provider_reports_beside_an_empty_reply_is_no_reply() -> None:
    filtered = read_completion(choice(content_filter_results={"hate": {"filtered": True, "severity": "high"}}))
    assert isinstance(filtered, Fault) and filtered.is_filter
    assert isinstance(read_completion(choice(content_filter_results={"hate": {"filtered": False}})), Reply)
    assert isinstance(read_completion(choice(native_finish_reason="error")), Fault)
    assert isinstance(read_completion(choice(native_finish_reason="STOP")), Reply)
    fault = read_completion(completion("a", object="error", message="boom"))
    assert isinstance(fault, Fault) and "boom" in fault.reason


SENT = {
    "model": "m",
    "messages": [{"role": "system", "content": "r"}, {"role": "user", "content": "q"}],
    "temperature": 0.0,
    "top_p": 1.0,
    "seed": 7,
    "max_tokens": 20,
}
MENTIONS = [
    # vLLM, text-generation-webui, a fork of vLLM, transformers, LiteLLM
    (500, "Internal error: unexpected exception while sampling with temperature=0.0"),
    (500, "KeyError: 'temperature_last'"),
    (500, "AssertionError: Currently only supporting same temperature for all sequences in batch"),
    (500, "probability tensor contains either inf, nan or element < 0; temperature not valid"),
    (500, "unknown error: seed task failed"),
    (500, "OpenAIException - top_p cannot be processed; upstream unavailable"),
    (500, "The system is not available; instruction queue full"),
    (500, "The system prompt cache is not available"),
    (502, "upstream: temperature not supported"),
    (503, "Unsupported parameter: 'temperature'"),
    (404, "temperature is not supported"),
    (401, "temperature is not supported"),
    (400, "Model is overloaded; temperature of GPU 7 exceeded"),
    (400, "request with seed 7 was rejected by the content policy"),
    (400, "Your account's role does not allow model access by the system administrator"),
    (400, "Could not finish the message because max_tokens or model output limit was reached"),
    (400, "max_tokens (20) must be at least 32"),
]
REFUSALS = [
    (400, "temperature must be in (0, 1]", "temperature"),
    (400, "Invalid 'temperature': decimal below minimum value. Expected a value >= 0.01", "temperature"),
    (400, "temperature \u5fc5\u987b\u5927\u4e8e 0", "temperature"),
    (400, "O-series models don't support temperature=0.0. Only temperature=1 is supported.", "temperature"),
    (400, "does not support parameters: ['temperature'], for model=gpt-5", "temperature"),
    (400, "You may set temperature or top_p, not both", "top_p"),
    (400, "#: extraneous key [top_p] is not permitted, please reformat your input and try again.", "top_p"),
    (400, "Malformed input request: extraneous key [seed] is not permitted", "seed"),
    (400, "seed is out of range: must be less than 2147483647", "seed"),
    (501, "seed is not implemented", "seed"),
    (400, "Please ensure that the first message is of role user", "system"),
    (400, "Please use a valid role: user, model.", "system"),
    (400, "Only user, assistant and tool roles are supported, got system.", "system"),
    (400, "invalid message role: system", "system"),
    (500, "Jinja Exception: Conversation roles must alternate user/assistant/user/assistant/...", "system"),
]


@pytest.mark.parametrize(("status", "words"), MENTIONS)
def test_an_error_that_only_mentions_a_part_of_the_request_teaches_nothing(status: int, words: str) -> None:
    assert learn(status, read_error(json.dumps({"error": {"message": words}}).encode()), SENT) == frozenset()


@pytest.mark.parametrize(("status", "words", "name"), REFUSALS)
def test_a_refusal_of_a_part_of_the_request_is_learnt(status: int, words: str, name: str) -> None:
    assert learn(status, read_error(json.dumps({"error": {"message": words}}).encode()), SENT) == {name}


@pytest.mark.parametrize(
    "words",
    [
        "Invalid assistant message: role=assistant content='' tool_calls=None prefix=False",
        "Unable to submit request because it must have a text parameter",
        "message content must be a non-null string",
        "The text field in the ContentBlock object at messages.1.content.0 is blank. Add text to the text field",
        "* GenerateContentRequest.contents[1].parts: contents.parts must not be empty.",
    ],
)
def test_a_refusal_of_an_empty_reply_is_learnt(words: str) -> None:
    sent = {**SENT, "messages": [*SENT["messages"], {"role": "assistant", "content": ""}]}  # type: ignore[misc]
    assert learn(400, read_error(json.dumps({"message": words}).encode()), sent) == {"empty_assistant"}
