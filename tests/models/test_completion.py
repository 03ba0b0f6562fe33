"""Claims about ask=completion: local and served models continue plain text, and what can't do so is refused."""

import io
import json
from pathlib import Path
from typing import Any

import chess.pgn
import pytest
from small_models import save_tiny
from stub_server import Raw, serving

from horizon.core.continuation import is_over
from horizon.core.errors import ModelFailure, UsageError
from horizon.core.model import ModelOptions, Request, open_model
from horizon.core.records import Message, Reply
from horizon.play import session
from horizon.play.in_memory import play_episodes
from horizon.play.replay import replay
from horizon.runs import run_folder
from horizon.scenarios.scenario import make

TEXT = "Rules.\n\nWhat is 2+2?\nAnswer:"
TEMPLATE = "{% for m in messages %}<s>{{ m['content'] }}{% endfor %}"


def request(text: str = TEXT, max_tokens: int = 12) -> Request:
    return Request((Message("user", text),), 3, "c", 1, 0, None, max_tokens)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("models") / "base"
    save_tiny(path, None)
    return path


@pytest.fixture(scope="module")
def chat(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("models") / "chat"
    save_tiny(path, TEMPLATE)
    return path


@pytest.mark.parametrize("unit", ["line", "word"])
def test_a_local_model_reads_the_text_alone_with_or_without_a_template(unit: Any, base: Path, chat: Path) -> None:
    replies = []
    for folder in (base, chat):
        model = open_model(f"hf:{folder}", ModelOptions(continues=unit))
        (reply,) = model.reply([request()])
        assert isinstance(reply, Reply)
        assert reply.context_tokens == model.count_tokens(TEXT)
        protocol = json.loads(json.dumps(dict(model.identity())))["protocol"]
        assert protocol == {"answer": "generate", "constrain": "none", "ask": "completion"}
        replies.append(reply.text)
    assert replies[0] == replies[1]
    assert replies[0].startswith("Answer:") if unit == "line" else " " not in replies[0]


def test_a_base_model_that_is_asked_to_chat_is_named_and_one_with_a_template_is_not(base: Path, chat: Path) -> None:
    (note,) = open_model(f"hf:{base}").notes  # type: ignore[attr-defined]
    assert "has no chat template" in note and "ask=completion" in note and "\n" not in note
    assert open_model(f"hf:{chat}").notes == ()  # type: ignore[attr-defined]
    assert open_model(f"hf:{base}", ModelOptions(continues="line")).notes == ()  # type: ignore[attr-defined]


def continued(text: Any, finish: Any = "stop") -> Raw:
    choice = {"index": 0, "text": text, "finish_reason": finish, "logprobs": None}
    usage = {"prompt_tokens": 50, "completion_tokens": 5, "total_tokens": 55}
    return Raw(
        200,
        {"id": "x", "object": "text_completion", "created": 0, "model": "stub", "choices": [choice]}
        | {"usage": usage},
    )


def test_a_server_is_asked_at_its_completions_endpoint() -> None:
    with serving(lambda number, asked: continued(" Nf3 Nc6 3")) as stub:
        model = open_model("openai:stub", ModelOptions(base_urls=(stub.url,), continues="word"))
        (reply,) = model.reply([request("1. e4 e5 2.", max_tokens=256)])
        assert model.identity()["protocol"] == {"ask": "completion"}
    assert isinstance(reply, Reply)
    assert (reply.text, reply.finish_reason, reply.context_tokens, reply.completion_tokens) == ("Nf3", "stop", 50, 5)
    (asked,) = stub.requests
    assert stub.paths[0].endswith("/completions") and "chat" not in stub.paths[0]
    assert (asked["prompt"], asked["stop"], asked["max_tokens"]) == ("1. e4 e5 2.", ["\n"], 16)
    assert "messages" not in asked


@pytest.mark.parametrize(
    ("unit", "text", "finish", "reply"),
    [
        # Sixteen tokens of a game are several moves, so that a server always ends at the limit.
        ("word", " Nf3 Nc6 3. Bb5 a6 4.", "length", ("Nf3", "stop")),
        ("word", " Nf3", "length", ("Nf3", "length")),
        ("word", " 12. ", "length", ("12.", "length")),
        ("line", " 4\n\nWhat is 3+3?\nAnswer: 6", "length", ("Answer: 4", "stop")),
        ("line", " 4 x x x", "length", ("Answer: 4 x x x", "length")),
        ("line", TEXT + " 4\n\nWhat is 3+3?", "length", ("Answer: 4", "stop")),
        ("line", TEXT + " 4", "stop", ("Answer: 4", "stop")),
        ("word", TEXT + " Nf3 Nc6", "stop", ("Nf3", "stop")),
        ("line", "", "stop", ("Answer:", "stop")),
    ],
)
def test_a_whole_unit_is_no_cut_off_reply_and_an_echoed_prompt_is_no_reply(
    unit: Any, text: str, finish: str, reply: tuple[str, str]
) -> None:
    with serving(lambda number, asked: continued(text, finish)) as stub:
        model = open_model("openai:stub", ModelOptions(base_urls=(stub.url,), continues=unit))
        (answer,) = model.reply([request()])
    assert isinstance(answer, Reply)
    assert (answer.text, answer.finish_reason) == reply


@pytest.mark.parametrize(
    ("text", "is_whole"), [("12. ", False), ("12.", False), ("12. e", False), ("12. e4 ", True), ("42 is it", True)]
)
def test_a_move_number_alone_is_no_whole_word(text: str, is_whole: bool) -> None:
    assert is_over("word", text) is is_whole


def test_a_served_game_is_not_cut_off_at_its_limit() -> None:
    def first_legal(number: int, asked: Any) -> Raw:
        game = chess.pgn.read_game(io.StringIO(asked["prompt"]))
        assert game is not None
        board = game.end().board()
        return continued(f" {board.san(min(board.legal_moves, key=str))} e5 3. Bb5 a6", "length")

    with serving(first_legal) as stub:
        options = ModelOptions(base_urls=(stub.url,), continues="word")
        given: dict[str, Any] = {"turns": 3, "opponents": ["random"], "judge_engine": "none"}
        played = play_episodes("chess:ask=completion", open_model("openai:stub", options), **given)
    assert [turn.error for turn in played.turns] == ["none"] * 3


@pytest.mark.parametrize(
    "answer",
    [
        continued(None),
        continued({"a": 1}),
        continued(" Nf3", "error"),
        Raw(200, {"error": {"message": "out of memory"}}),
        Raw(200, "not JSON"),
        Raw(404, {"error": {"message": "no such path"}}),
    ],
)
def test_what_fails_at_that_endpoint_is_no_reply(answer: Raw) -> None:
    with serving(lambda number, asked: answer) as stub:
        options = ModelOptions(base_urls=(stub.url,), continues="line", retries=0)
        (failure,) = open_model("openai:stub", options).reply([request()])
    assert isinstance(failure, ModelFailure)
    assert "\n" not in str(failure)


def test_a_dialogue_and_a_game_are_played_as_text_and_shown_so(base: Path, tmp_path: Path) -> None:
    given = {"model": f"hf:{base}", "episodes": 1, "turns": 3, "max_tokens": 8, "judge_engine": "none"}
    for name, more in {
        "hanoi": {"environment": "hanoi", "parameters": {"ask": "completion"}},
        "running_total": {"environment": "running_total", "parameters": {"ask": "completion"}},
        "chess": {"environment": "chess", "parameters": {"ask": "completion"}, "opponents": ["random"]},
    }.items():
        folder = tmp_path / name
        session.run(make({**given, **more, "conditions": ["natural", "fresh"]}, "test"), folder)
        manifest = json.loads((folder / "manifest.json").read_text())
        assert '"ask": "completion"' in json.dumps(manifest)
        rows = list(run_folder.iterate_turns(folder))
        assert {row.condition for row in rows} == {"natural", "fresh"}
        episode = rows[0].episode_id
        (message,) = replay(folder, episode, 2).messages
        if name == "chess":
            assert message.content.startswith("[Event ") and "Answer" not in message.content
        else:
            first = next(row for row in rows if row.turn == 1)
            assert message.content.endswith("\nAnswer:") and first.reply in message.content
        (first_natural, first_fresh) = (
            replay(folder, episode, 1, condition).messages for condition in ("natural", "fresh")
        )
        assert first_natural == first_fresh


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"conditions": ["natural", "padded"]}, "leave out condition padded"),
        ({"constrain": "legal", "model": "smollm2"}, "ask=completion generates freely"),
        ({"model": "human"}, "ask=completion needs a model that continues text"),
        *(
            (
                {
                    "environment": "running_total",
                    "opponents": [],
                    "conditions": ["natural", hidden],
                    "model": "smollm2",
                },
                f"ask=completion has no messages to hide or round: leave out condition {hidden}",
            )
            for hidden in ("hide:own", "hide:other", "kv:8")
        ),
    ],
)
def test_what_does_not_fit_is_refused_in_one_line(more: dict[str, Any], reason: str, tmp_path: Path) -> None:
    given = {"model": "random", "environment": "chess", "parameters": {"ask": "completion"}, "opponents": ["random"]}
    with pytest.raises(UsageError, match=reason) as caught:
        session.run(
            make({**given, "judge_engine": "none", "episodes": 1, "turns": 1, **more}, "test"), tmp_path / "run"
        )
    assert "\n" not in str(caught.value)


def test_a_model_that_reads_no_text_plays_as_ever(tmp_path: Path) -> None:
    given = {"model": "random", "environment": "chess", "parameters": {"ask": "completion"}, "opponents": ["random"]}
    session.run(make({**given, "judge_engine": "none", "episodes": 1, "turns": 3}, "test"), tmp_path / "run")
    assert [row.error for row in run_folder.iterate_turns(tmp_path / "run") if row.condition == "natural"] == [
        "none"
    ] * 3
