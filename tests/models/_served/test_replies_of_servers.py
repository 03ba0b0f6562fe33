"""Claims about what a server sends: a whole reply becomes one, anything else is a failure in the server's own words."""

# ruff: noqa: E501 - the wordings of servers are one line each

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from served_play import answered, ask, ok, request
from stub_server import Raw, completion, serving

from horizon.core.errors import ModelFailure
from horizon.core.model import ModelOptions, open_model
from horizon.core.records import Reply
from horizon.play import session
from horizon.scenarios.scenario import make


def sent(content: Any, finish: Any = "stop", **message: Any) -> Reply | ModelFailure:
    return answered(completion(content, finish, **message))


@pytest.mark.parametrize(
    ("content", "text", "reasoning"),
    [
        ([{"type": "text", "text": "Answer: a"}], "Answer: a", None),
        ([{"type": "text", "text": "Answer"}, {"type": "output_text", "text": ": a"}], "Answer: a", None),
        (["Answer", {"text": ": a"}], "Answer: a", None),
        # Mistral's magistral
        (
            [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}, {"type": "text", "text": "a"}],
            "a",
            "hm",
        ),
        ([{"type": "reasoning", "summary": [{"text": "hm"}]}, {"type": "text", "text": "a"}], "a", "hm"),
        ("", "", None),
    ],
)
def test_the_text_parts_of_a_content_are_joined_and_thoughts_kept_apart(
    content: Any, text: str, reasoning: str | None
) -> None:
    reply = sent(content)
    assert isinstance(reply, Reply), reply
    assert (reply.text, reply.finish_reason, reply.reasoning) == (text, "stop", reasoning)


@pytest.mark.parametrize(
    ("finish", "as_ours"),
    [
        *((finish, "stop") for finish in ("stop", "eos_token", "stop_sequence", "end_turn", "STOP", "COMPLETE")),
        *((finish, "length") for finish in ("length", "max_tokens", "MAX_TOKENS", "max_output_tokens")),
        *((finish, "overflow") for finish in ("model_context_window_exceeded", "context_length_exceeded")),
        ("FINISH_REASON_STOP", "stop"),
        ("refusal", "refusal"),
    ],
)
def test_the_ends_that_servers_name_are_known(finish: str, as_ours: str) -> None:
    reply = sent("Answer: a", finish)
    assert isinstance(reply, Reply), reply
    assert (reply.text, reply.finish_reason) == ("Answer: a", as_ours)


@pytest.mark.parametrize(
    "body",
    [
        *(
            completion("Answer: a", finish)
            for finish in ("error", "abort", "cancelled", "unknown", "other", 7, None, "")
        ),
        completion("", None),
        completion("half a sent", "error"),
        *(completion(content) for content in (7, True, {"image": "a"}, [7], [{"type": "image_url"}], None, [])),
        {"choices": [{"index": 0, "finish_reason": "stop", "message": "hello"}]},
        {"choices": [{"index": 0, "finish_reason": "stop", "message": None}]},
        {"choices": [{"index": 0, "finish_reason": "stop", "text": "hello"}]},
        *({"choices": choices} for choices in ("a", {"0": "a"}, ["a"], [None], [[]], None, [], 3)),
        *([1, 2], "hi", None, 7, {}, ""),
        "[" * 200_000,
        '{"choices":' + "[" * 100_000 + "]" * 100_000 + "}",
        b'{"choices":[{"message":{"content":"\xff\xfe"}}]}',
    ],
    ids=lambda body: str(body)[-60:],
)
def test_what_is_no_whole_reply_is_a_failure_in_one_line(body: Any) -> None:
    outcome = answered(body)
    assert isinstance(outcome, ModelFailure), outcome
    assert len(str(outcome)) < 800 and "\n" not in str(outcome)


@pytest.mark.parametrize("finish", ["content_filter", "SAFETY", "RECITATION", "prohibited_content"])
@pytest.mark.parametrize("content", ["", None, "half a sent"])
def test_a_filter_is_the_infrastructures(finish: str, content: str | None) -> None:
    outcome = sent(content, finish)
    assert isinstance(outcome, ModelFailure)
    assert "filter" in str(outcome)


def test_without_content_there_is_a_reply_only_where_something_else_says_so() -> None:
    thought = sent(None, "stop", reasoning="Answer: a")
    assert isinstance(thought, Reply) and (thought.text, thought.reasoning) == ("", "Answer: a")
    cut = sent(None, "length")
    assert isinstance(cut, Reply) and (cut.text, cut.finish_reason) == ("", "length")
    function = {"name": "make_move", "arguments": '{"move": "e4"}'}
    call = sent(None, "tool_calls", tool_calls=[{"id": "1", "type": "function", "function": function}])
    assert isinstance(call, Reply) and call.finish_reason == "stop"
    assert call.text == '<tool_call>{"name": "make_move", "arguments": {"move": "e4"}}</tool_call>'
    assert isinstance(sent(None, "tool_calls"), ModelFailure)
    for refused in (sent(None, refusal="No."), sent([{"type": "refusal", "refusal": "No."}]), sent("No.", "refusal")):
        assert isinstance(refused, Reply) and (refused.text, refused.finish_reason) == ("No.", "refusal")
    answered_too = sent("Answer: a", refusal="No.")
    assert isinstance(answered_too, Reply) and answered_too.finish_reason == "stop"


@pytest.mark.parametrize("usage", ["many", None, 7, [], {"prompt_tokens": {}, "prompt_tokens_details": 3}])
@pytest.mark.parametrize("count", [2**63, 10**30, -1, 1.5, True, "5", None, float("nan")])
def test_absurd_counts_of_tokens_are_none(usage: Any, count: Any) -> None:
    for counts in (usage, {"prompt_tokens": count, "completion_tokens": count}):
        reply = answered({**completion("Answer: a"), "usage": counts})
        assert isinstance(reply, Reply)
        assert (reply.context_tokens, reply.completion_tokens) == (None, None)


def test_a_number_of_6000_digits_beside_a_reply_harms_nothing() -> None:
    body = json.dumps(completion("Answer: a"))[:-1] + ', "x": ' + "9" * 6000 + "}"
    assert isinstance(answered(body), Reply)


WORDS: list[tuple[int, Any, str]] = [
    (500, {"error": {"message": "the words"}}, "HTTP 500: the words"),
    (400, {"error": "the words"}, "HTTP 400: the words"),
    (400, {"object": "error", "message": "the words", "type": "BadRequestError", "code": 400}, "the words"),
    (422, {"detail": "the words"}, "HTTP 422: the words"),
    (422, {"detail": [{"loc": ["body", "x"], "msg": "the words", "type": "value_error"}]}, "x: the words"),
    (400, [{"error": {"code": 400, "message": "the words"}}], "the words"),
    (400, {"errors": [{"title": "the", "detail": "words"}]}, "words; the"),
    (400, {"error": {"error": {"reason": "the words"}}}, "the words"),
    (400, '"the words"', "the words"),
    (500, "the words", "HTTP 500: the words"),
    (502, "<html><head><style>b{}</style></head><h1>the</h1> <script>x()</script>words", "a web page: the words"),
    (503, "", "an empty body"),
    (418, {"a": 1}, '{"a": 1}'),
    # OpenRouter: an error in a body of status 200, with the words of the server behind it
    (200, {"error": {"message": "Provider returned error", "code": 400, "metadata": {"raw": "the words"}}}, "the words"),
    (200, {"error": "the words"}, "HTTP 200 with an error: the words"),
    (200, {"detail": "the words"}, "the words"),
    (200, '{"choices": [{"finish_reason": "error", "error": {"message": "the words"}}]}', "the words"),
    (200, 'data: {"choices": [{"delta": {"content": "the words"}}]}\n\ndata: [DONE]\n\n', "the words"),
    (200, 'data: {"error": {"message": "the words"}}\n\n', "the words"),
    (200, "<html>the words</html>", "a web page: the words"),
    (200, "the words", "the words"),
    (404, {"error": {"message": "the words", "type": "not_found_error"}}, "the words"),
    (413, "<html><title>the words</title></html>", "the words"),
    (502, "<center><h1>the words</h1></center>", "a web page: the words"),
    (200, ': PROCESSING\n\ndata: {"error": {"message": "the words"}}\n\n', "the words"),
]  # fmt: skip


@pytest.mark.parametrize(("status", "body", "words"), WORDS)
def test_a_servers_own_words_reach_the_user(status: int, body: Any, words: str) -> None:
    outcome = answered(body, status)
    assert isinstance(outcome, ModelFailure)
    assert words in str(outcome)


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        (400, "the server refuses the request as it is"),
        (401, "OPENAI_API_KEY"),
        (403, "OPENAI_API_KEY"),
        (404, "the model's name"),
        (413, "no request of this size"),
        (422, "the server refuses the request as it is"),
        (429, "wait, or start again with fewer"),
        (500, "the server's log"),
        (307, "as the server's"),
    ],
)
def test_the_advice_fits_the_status(status: int, advice: str) -> None:
    outcome = answered({"error": {"message": "no"}}, status, location="http://elsewhere/v1")
    assert advice in str(outcome)
    assert "check that it is up" not in str(outcome)


def test_a_server_that_is_down_is_named_so() -> None:
    with serving() as stub:
        pass
    model = open_model("openai:stub", ModelOptions(base_urls=(stub.url,), retries=0))
    outcome = model.reply([request()])[0]
    assert isinstance(outcome, ModelFailure)
    assert "check that it is up" in str(outcome)


def test_control_characters_of_a_server_are_escaped() -> None:
    outcome = answered({"error": {"message": "\x1b]0;pwn\x07\x1b[31mno\u202e \x9b31m\nline"}}, 400)
    assert str(outcome).isprintable()
    assert r"\x1b]0;pwn\x07" in str(outcome)


OVERFLOWS: list[tuple[str, int, Any]] = [
    ("OpenAI", 400, {"error": {"message": "This model's maximum context length is 8192 tokens. However, your messages resulted in 9000 tokens.", "code": "context_length_exceeded"}}),
    ("vLLM", 400, {"object": "error", "message": "This model's maximum context length is 200 tokens. However, your request has 203 input tokens. Please reduce the length of the input messages. None", "type": "BadRequestError", "param": None, "code": 400}),
    ("vLLM", 400, {"message": "The prompt (total length 203) is too long to fit into the model (context length 200)."}),
    ("vLLM", 400, {"error": {"message": "The decoder prompt (length 203) is longer than the maximum model length of 200.", "code": 400}}),
    ("vLLM", 400, {"error": {"message": "'max_tokens' or 'max_completion_tokens' is too large: 256. This model's maximum context length is 200 tokens and your request has 180 input tokens (256 > 200 - 180).", "param": "max_tokens", "code": 400}}),
    ("SGLang", 400, {"object": "error", "message": "The input (203 tokens) is longer than the model's context length (200 tokens).", "type": "BadRequestError"}),
    ("SGLang", 400, {"message": "Requested token count exceeds the model's maximum context length of 200 tokens. You requested a total of 436 tokens"}),
    ("TGI", 422, {"error": "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 200. Given: 180 `inputs` tokens and 256 `max_new_tokens`", "error_type": "validation"}),
    ("TGI", 422, {"error": "Input validation error: `inputs` must have less than 1024 tokens. Given: 1500", "error_type": "validation"}),
    ("llama.cpp", 400, {"error": {"code": 400, "message": "the request exceeds the available context size, try increasing it", "type": "exceed_context_size_error", "n_prompt_tokens": 203, "n_ctx": 200}}),
    ("llama-cpp-python", 400, {"error": {"message": "Requested tokens (203) exceed context window of 200"}}),
    ("LM Studio", 400, {"error": "Trying to keep the first 203 tokens when context the overflows. However, the model is loaded with context length of only 200 tokens"}),
    ("Ollama", 400, {"error": {"message": "prompt too long; exceeded max context length by 3 tokens", "type": "api_error"}}),
    ("Ollama", 500, {"error": "the input length exceeds the context length"}),
    ("Anthropic", 400, {"type": "error", "error": {"type": "invalid_request_error", "message": "prompt is too long: 203 tokens > 200 maximum"}}),
    ("Anthropic", 400, {"error": {"message": "input length and `max_tokens` exceed context limit: 188240 + 21333 > 200000, decrease input length or `max_tokens` and try again"}}),
    ("Gemini", 400, [{"error": {"code": 400, "message": "The input token count (203) exceeds the maximum number of tokens allowed (200).", "status": "INVALID_ARGUMENT"}}]),
    ("Groq", 413, {"error": {"message": "Request too large for model `m` on tokens per minute (TPM): Limit 200, Requested 203, please reduce your message size and try again.", "type": "tokens", "code": "rate_limit_exceeded"}}),
    ("Groq", 400, {"error": {"message": "Please reduce the length of the messages or completion.", "type": "invalid_request_error", "code": "context_length_exceeded"}}),
    ("Mistral", 400, {"object": "error", "message": "Prompt contains 40000 tokens and 0 draft tokens, too large for model with 32768 maximum context length", "type": "invalid_request_prompt"}),
    ("Cohere", 400, {"message": "too many tokens: total number of tokens in the prompt cannot exceed 4081 - received 5000."}),
    ("Bedrock", 400, {"message": "Input is too long for requested model."}),
    ("xAI", 400, {"error": "This model's maximum prompt length is 131072 but the request contains 537812 tokens."}),
    ("OpenRouter", 200, {"error": {"message": "This endpoint's maximum context length is 131072 tokens. However, you requested about 200000 tokens", "code": 400}}),
    ("a gateway", 400, {"message": "total tokens 5000 exceed the limit of 4096"}),
    ("TabbyAPI", 400, {"detail": "Prompt length 203 is greater than max_seq_len 200"}),
]  # fmt: skip


@pytest.mark.parametrize(("server", "status", "body"), OVERFLOWS)
def test_a_context_that_is_exceeded_is_overflow_in_the_words_of_every_server(
    server: str, status: int, body: Any
) -> None:
    outcomes, stub, learnt = ask(lambda number, asked: Raw(status, body))
    assert isinstance(outcomes[0], Reply), outcomes[0]
    assert (outcomes[0].text, outcomes[0].finish_reason) == ("", "overflow")
    assert (len(stub.requests), learnt) == (1, {})


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (429, "Rate limit reached for m: limit 6000 tokens per minute, please reduce the length of your prompts"),
        (400, "max_tokens is too large: 20. This model supports at most 16 completion tokens."),
        (413, "<html><head><title>413 Request Entity Too Large</title></head>nginx</html>"),
        (413, '{"message": "request entity too large", "type": "entity.too.large"}'),
        (404, "The model with the longest context length does not exist"),
        (500, "CUDA out of memory"),
        (400, "the system is too busy"),
    ],
)
def test_other_refusals_are_no_overflow(status: int, words: str) -> None:
    assert isinstance(answered(words, status), ModelFailure)


def test_a_refusal_is_an_error_of_its_own_kind_and_a_failure_is_no_row(tmp_path: Path) -> None:
    """Of four episodes one refuses in its second turn, and one gets nothing but errors inside status 200."""
    given = {"environment": "hanoi", "model": "openai:stub", "episodes": 4, "turns": 3, "server_retries": 0}
    first: dict[str, int] = {}

    def behave(number: int, asked: dict[str, Any]) -> str | Raw:
        place = first.setdefault(asked["messages"][1]["content"], len(first))
        if place == 1 and len(asked["messages"]) == 4:
            return ok(None, refusal="I can't help with that.")
        if place == 2:
            return Raw(200, completion("", "error"))
        return ok("Answer: A C")

    folder = tmp_path / "run"
    scenario = make({**given, "conditions": ["natural"]}, "test")
    with serving(behave) as stub:
        session.run(scenario, folder, session.RunOptions(base_urls=(stub.url,)))
    turns = pl.read_parquet(folder / "turns.parquet")
    refused = turns.filter(pl.col("error") == "refusal")
    assert refused.select("turn", "reply", "finish_reason").rows() == [(2, "I can't help with that.", "refusal")]
    assert turns.group_by("episode_id").len()["len"].to_list() == [3, 3, 3]
    assert pl.read_parquet(folder / "episodes.parquet")["outcome"].to_list().count("aborted") == 1
