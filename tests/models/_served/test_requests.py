"""Claims about requests: what a server refuses in so many words is left out, learnt once, and everything else is kept.

The refusals are the wordings of real servers; their sources are named beside them.
"""

# ruff: noqa: E501 - the wordings of servers are one line each

from typing import Any

import pytest
from served_play import QUESTION, RULES, ask, ok, request
from stub_server import Raw

from horizon.core.errors import ModelFailure, UsageError
from horizon.core.model import ModelOptions, open_model
from horizon.core.records import Message, Reply


def refusal(message: str, **more: Any) -> dict[str, Any]:
    return {"error": {"message": message, "type": "invalid_request_error", "param": None, "code": None, **more}}


def forbidden(name: str) -> list[dict[str, Any]]:
    return [{"type": "extra_forbidden", "loc": ["body", name], "msg": "Extra inputs are not permitted", "input": 7}]


PARAMETERS: list[tuple[str, int, Any]] = [
    # OpenAI, o-series
    ("temperature", 400, refusal("Unsupported value: 'temperature' does not support 0 with this model. Only the default (1) value is supported.", code="unsupported_value", param="temperature")),
    ("temperature", 400, refusal("Unsupported parameter: 'temperature' is not supported with this model.", code="unsupported_parameter")),
    # Mistral: pydantic's list inside a message
    ("seed", 422, {"object": "error", "message": {"detail": forbidden("seed")}, "param": None, "code": None}),
    # FastAPI with pydantic 2 and 1
    ("top_p", 422, {"detail": forbidden("top_p")}),
    ("seed", 422, {"detail": [{"loc": ["body", "seed"], "msg": "extra fields not permitted", "type": "value_error.extra"}]}),
    # Anthropic and others: pydantic's words as text
    ("seed", 400, {"type": "error", "error": {"type": "invalid_request_error", "message": "seed: Extra inputs are not permitted"}}),
    # marshmallow
    ("seed", 400, {"errors": {"seed": ["Unknown field."]}}),
    # Rust's serde lists what it would take
    ("seed", 422, "Failed to deserialize the JSON body into the target type: unknown field `seed`, expected one of `model`, `messages`, `max_tokens`, `temperature`, `top_p` at line 1 column 90"),
    # Gemini
    ("seed", 400, [{"error": {"code": 400, "message": 'Invalid JSON payload received. Unknown name "seed": Cannot find field.', "status": "INVALID_ARGUMENT"}}]),
    # JSON schema
    ("top_p", 400, {"message": "Additional properties are not allowed ('top_p' was unexpected)"}),
    # Text Generation Inference
    ("top_p", 422, {"error": "Input validation error: `top_p` must be > 0.0 and < 1.0", "error_type": "validation"}),
    # Bedrock's Claude
    ("top_p", 400, {"message": "`temperature` and `top_p` cannot both be specified for this model. Please use only one."}),
    # a gateway that wraps the body of the server behind it
    ("seed", 400, {"error": {"message": '{"detail": [{"loc": ["body", "seed"], "msg": "Extra inputs are not permitted", "type": "extra_forbidden"}]}', "code": 400}}),
    ("seed", 501, {"error": "seed is not implemented"}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "status", "body"), PARAMETERS)
def test_a_parameter_that_a_server_refuses_is_left_out_and_the_others_are_sent(
    name: str, status: int, body: Any
) -> None:
    outcomes, stub, learnt = ask(lambda number, asked: Raw(status, body) if name in asked else ok())
    assert isinstance(outcomes[0], Reply), outcomes[0]
    assert outcomes[0].text == "Answer: a"
    assert set(learnt) == {name}
    assert set(stub.requests[0]) - set(stub.requests[-1]) == {name}
    assert len(stub.requests) == 2


@pytest.mark.parametrize(
    ("old", "new", "body"),
    [
        ("max_tokens", "max_completion_tokens", refusal("Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.", param="max_tokens")),
        ("max_tokens", "max_completion_tokens", {"detail": forbidden("max_tokens")}),
        ("max_tokens", "max_completion_tokens", {"detail": [{"type": "missing", "loc": ["body", "max_completion_tokens"], "msg": "Field required: max_completion_tokens"}]}),
        ("max_tokens", "max_output_tokens", {"error": "unknown parameter max_tokens or max_completion_tokens"}),
    ],
)  # fmt: skip
def test_the_limit_of_a_reply_is_sent_by_the_name_that_the_server_takes(old: str, new: str, body: Any) -> None:
    outcomes, stub, _ = ask(lambda number, asked: ok() if new in asked else Raw(400, body))
    assert isinstance(outcomes[0], Reply), outcomes[0]
    assert stub.requests[0][old] == stub.requests[-1][new] == 20
    assert old not in stub.requests[-1]


def test_a_limit_that_is_too_high_is_told_and_not_sent_by_another_name() -> None:
    words = "max_tokens is too large: 20. This model supports at most 16 completion tokens."
    outcomes, stub, learnt = ask(lambda number, asked: Raw(400, refusal(words, param="max_tokens")))
    assert isinstance(outcomes[0], ModelFailure)
    assert "at most 16 completion tokens" in str(outcomes[0])
    assert (len(stub.requests), learnt) == (1, {})


def test_a_server_that_takes_nothing_optional_is_learnt_step_by_step() -> None:
    def behave(number: int, asked: dict[str, Any]) -> str | Raw:
        for name in ("seed", "top_p", "temperature", "max_tokens"):
            if name in asked:
                return Raw(400, refusal(f"Unrecognized request argument supplied: {name}"))
        return Raw(400, refusal("System role not supported")) if asked["messages"][0]["role"] == "system" else ok()

    outcomes, stub, learnt = ask(behave)
    assert isinstance(outcomes[0], Reply)
    assert set(learnt) == {"seed", "top_p", "temperature", "max_tokens", "system"}
    assert len(stub.requests) == 6


ROLES: list[tuple[int, Any]] = [
    # vLLM with Gemma's template
    (400, refusal("System role not supported")),
    # OpenAI, o1
    (400, refusal("Unsupported value: 'messages[0].role' does not support 'system' with this model.", param="messages[0].role")),
    # vLLM with Mistral's first templates
    (400, refusal("Conversation roles must alternate user/assistant/user/assistant/...")),
    # llama.cpp
    (500, {"error": {"code": 500, "message": "Value is not callable: Jinja Exception: System role not supported", "type": "server_error"}}),
    # Gemini's Gemma
    (400, [{"error": {"code": 400, "message": "Developer instruction is not enabled for models/gemma-3-27b-it", "status": "INVALID_ARGUMENT"}}]),
    # pydantic
    (422, {"detail": [{"type": "literal_error", "loc": ["body", "messages", 0, "role"], "msg": "Input should be 'user' or 'assistant'"}]}),
    (400, {"message": "Unexpected role 'system' in messages: use the top-level parameter"}),
    (400, "the first message must be from the user"),
    # Rust's serde
    (422, "Failed to deserialize: unknown variant `system`, expected `user` or `assistant` at line 1 column 40"),
]  # fmt: skip


@pytest.mark.parametrize(("status", "body"), ROLES)
def test_rules_go_before_the_first_user_message_where_a_server_takes_no_system_role(status: int, body: Any) -> None:
    outcomes, stub, learnt = ask(
        lambda number, asked: Raw(status, body) if asked["messages"][0]["role"] == "system" else ok()
    )
    assert isinstance(outcomes[0], Reply), outcomes[0]
    assert stub.requests[-1]["messages"] == [{"role": "user", "content": f"{RULES}\n\n{QUESTION}"}]
    assert set(learnt) == {"system"}
    assert len(stub.requests) == 2


EMPTY = (Message("user", "one"), Message("assistant", ""), Message("user", "two"))


@pytest.mark.parametrize(
    "body",
    [
        refusal("messages: text content blocks must be non-empty"),
        refusal("messages.1: all messages must have non-empty content except for the optional final assistant message"),
        {"detail": [{"type": "string_too_short", "loc": ["body", "messages", 1, "content"], "msg": "String should have at least 1 character"}]},
        {"message": "Assistant message must have either content or tool_calls, but not none."},
        {"error": "message content cannot be blank"},
        refusal("Invalid 'messages[1].content': string too short. Expected a string with minimum length 1.", param="messages[1].content"),
    ],
)  # fmt: skip
def test_an_empty_reply_in_the_history_ends_no_episode(body: Any) -> None:
    def behave(number: int, asked: dict[str, Any]) -> Raw:
        return ok() if all(message["content"].strip() for message in asked["messages"]) else Raw(400, body)

    outcomes, stub, learnt = ask(behave, [request(EMPTY)])
    assert isinstance(outcomes[0], Reply), outcomes[0]
    assert [message["role"] for message in stub.requests[-1]["messages"]] == ["user", "assistant", "user"]
    assert set(learnt) == {"empty_assistant"}


def test_neighbours_of_one_role_become_one_message_where_roles_must_alternate() -> None:
    def behave(number: int, asked: dict[str, Any]) -> Raw:
        roles = [message["role"] for message in asked["messages"]]
        alternates = all((role == "user") == (place % 2 == 0) for place, role in enumerate(roles))
        return ok() if alternates else Raw(400, refusal("roles must alternate between 'user' and 'assistant'"))

    messages = (Message("system", "r"), Message("user", "one"), Message("user", "two"))
    outcomes, stub, learnt = ask(behave, [request(messages)])
    assert isinstance(outcomes[0], Reply)
    assert stub.requests[-1]["messages"] == [{"role": "user", "content": "r\n\none\n\ntwo"}]
    assert set(learnt) == {"system", "repeated_role"}


def test_a_batch_learns_from_its_first_request_and_the_later_ones_are_not_refused() -> None:
    requests = [request(conversation=f"e{number}") for number in range(12)]
    outcomes, stub, _ = ask(
        lambda number, asked: Raw(400, refusal("Unknown parameter: 'seed'.")) if "seed" in asked else ok(), requests
    )
    assert all(isinstance(outcome, Reply) for outcome in outcomes)
    assert sum("seed" in asked for asked in stub.requests) == 1


def test_what_a_user_leaves_out_is_never_sent_and_is_in_the_identity() -> None:
    outcomes, stub, _ = ask(lambda number, asked: ok(), setting=":without=temperature+max_tokens+system")
    assert isinstance(outcomes[0], Reply)
    assert set(stub.requests[0]) == {"model", "messages", "top_p", "seed", "max_completion_tokens"}
    assert stub.requests[0]["model"] == "stub"
    assert [message["role"] for message in stub.requests[0]["messages"]] == ["user"]
    model = open_model("openai:llama3:8b:without=seed", ModelOptions(base_urls=("http://localhost:1/v1",)))
    assert (model.name, model.identity()["name"]) == ("openai:llama3:8b:without=seed", "llama3:8b")
    assert list(model.identity()["requests"]["left_out"]) == ["seed"]  # type: ignore[index, call-overload, arg-type]


@pytest.mark.parametrize(
    ("setting", "words"), [("without=sede", "did you mean 'seed'"), ("with=seed", "the only one is without")]
)
def test_an_unknown_setting_is_refused(setting: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        open_model(f"openai:stub:{setting}", ModelOptions(base_urls=("http://localhost:1/v1",)))


def test_surrogates_are_sent_as_utf_8_can_hold_them() -> None:
    """U+D83D with U+DE00 is one character in UTF-16; a lone one is none (Unicode 15, 3.8)."""
    messages = (Message("user", "a\ud800b\ud83d\ude00c\udc00"),)
    outcomes, stub, _ = ask(lambda number, asked: ok("So \ud800: Answer: a"), [request(messages)])
    assert isinstance(outcomes[0], Reply)
    assert stub.requests[0]["messages"][0]["content"] == "a\ufffdb\U0001f600c\ufffd"
    assert outcomes[0].text.endswith("Answer: a")


def test_an_error_that_names_no_part_of_the_request_is_a_failure_at_once() -> None:
    for status, words in ((400, "the temperature of the cluster is fine"), (401, "seed is unknown"), (404, "no seed")):
        outcomes, stub, learnt = ask(lambda number, asked, s=status, w=words: Raw(s, refusal(w)))  # type: ignore[misc]
        if status != 400:
            assert isinstance(outcomes[0], ModelFailure)
            assert (len(stub.requests), learnt) == (1, {})
