"""Claims about credentials of served models: none reaches a file, a message or a command, whatever a server echoes."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from served_play import ok, request
from stub_server import Raw, serving

from horizon.core.errors import HorizonError, ModelFailure, UsageError
from horizon.core.model import ModelOptions, open_model
from horizon.core.records import Reply
from horizon.play import session
from horizon.scenarios.scenario import make

KEY = 'sk-very"secret-key'
PASSWORD, QUERY = "pass-w0rd", "query-s3cret"
BASIC = base64.b64encode(f"me:{PASSWORD}".encode()).decode()


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)


def with_credentials(url: str) -> str:
    return url.replace("http://", f"http://me:{PASSWORD}@") + f"?key={QUERY}&api-version=2024-10-01"


@pytest.mark.parametrize("word", ["reply", "error", "text", "page"])
def test_no_file_and_no_message_has_a_credential_that_a_server_echoes(word: str, tmp_path: Path) -> None:
    echoed = f"{KEY} {json.dumps(KEY)} {BASIC} {PASSWORD} {QUERY}"

    def behave(number: int, asked: dict[str, Any]) -> Raw:
        return {
            "reply": ok(f"Answer: A C {echoed}", reasoning_content=echoed),
            "error": Raw(400, {"error": {"message": "x" * 380 + echoed}}),
            "text": Raw(500, f"<b>{echoed}"),
            "page": Raw(200, f"<html>{echoed}</html>"),
        }[word]

    given = {"environment": "hanoi", "model": "openai:stub", "episodes": 1, "turns": 2, "server_retries": 0}
    printed = ""
    with serving(behave) as stub:
        options = session.RunOptions(base_urls=(with_credentials(stub.url),))
        try:
            session.run(make({**given, "conditions": ["natural"]}, "test"), tmp_path / "run", options)
        except HorizonError as problem:
            printed = str(problem)
    stored = b"".join(file.read_bytes() for file in (tmp_path / "run").iterdir()) + printed.encode()
    for secret in (KEY, json.dumps(KEY)[1:-1], BASIC, PASSWORD, QUERY, KEY[:12]):
        assert secret.encode() not in stored
    assert b"[key]" in stored
    manifest = json.loads((tmp_path / "run" / "manifest.json").read_text())
    host = stub.url.removeprefix("http://")
    assert manifest["model"]["servers"] == [f"http://[key]@{host}?key=[key]&api-version=2024-10-01"]


@pytest.mark.parametrize(
    "raw",
    [
        Raw(200, {"choices": [{"message": {"content": "a"}, "finish_reason": "x" * 70 + KEY}]}),
        Raw(200, {"choices": [{"message": {"content": {"a": "x" * 180 + KEY}}, "finish_reason": "stop"}]}),
        Raw(400, {"error": {"message": "x" * 1990 + KEY}}),
        Raw(400, {"error": {"message": "m", "code": KEY}}),
        Raw(302, "", {"location": f"http://elsewhere/{KEY}/v1"}),
        Raw(200, "x", {"content-encoding": KEY}),
        Raw(500, "x" * 390 + "".join(f"&#{ord(letter)};" for letter in KEY)),
    ],
)
def test_no_part_of_a_key_is_left_where_a_text_is_cut(raw: Raw) -> None:
    with serving(lambda number, asked: raw) as stub:
        outcome = open_model("openai:stub", ModelOptions(base_urls=(stub.url,), retries=0)).reply([request()])[0]
    assert isinstance(outcome, ModelFailure)
    assert not any(part in str(outcome) for part in (KEY[:5], "&#115;", KEY[-6:]))


def test_libraries_log_no_credential(caplog: pytest.LogCaptureFixture) -> None:
    """httpx logs addresses with their query, httpcore the headers of responses."""
    caplog.set_level(0)
    with serving(lambda number, asked: Raw(200, ok().body, {"x-echo": KEY, "set-cookie": f"k={PASSWORD}"})) as stub:
        model = open_model("openai:stub", ModelOptions(base_urls=(with_credentials(stub.url),)))
        assert isinstance(model.reply([request()])[0], Reply)
        model.close()
    assert "/chat/completions" in caplog.text
    assert not any(secret in caplog.text for secret in (KEY[:9], PASSWORD, QUERY, BASIC))


def test_the_credentials_of_an_address_are_sent() -> None:
    with serving() as stub:
        model = open_model("openai:stub", ModelOptions(base_urls=(with_credentials(stub.url),)))
        assert isinstance(model.reply([request()])[0], Reply)
    assert stub.keys == [f"Basic {BASIC}"]
    assert stub.paths == [f"/v1/chat/completions?key={QUERY}&api-version=2024-10-01"]


@pytest.mark.parametrize("key", ["sk-schl\u00fcssel", "sk-a\nb", "sk-\U0001f511", "sk-\x7f"])
def test_a_key_that_no_header_can_hold_is_refused_without_printing_it(
    key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", key)
    with pytest.raises(UsageError, match=r"OPENAI_API_KEY has .* as character \d+ of \d+") as caught:
        open_model("openai:stub", ModelOptions(base_urls=("http://localhost:1/v1",)))
    assert "sk-" not in str(caught.value)


def test_white_space_around_a_key_is_no_part_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "  sk-plain-key\n")
    with serving() as stub:
        open_model("openai:stub", ModelOptions(base_urls=(stub.url,))).reply([request()])
    assert stub.keys == ["Bearer sk-plain-key"]


@pytest.mark.parametrize(
    "address", ["me:pass-w0rd@host/v1", "http://me:pass/w0rd@host/v1", "ftp://me:pass-w0rd@host", "http://h:99999/v1",
                "http://[::1/v1", "http:///v1?key=pass-w0rd", "", "http://a b/v1", "\x1b[31m"],
)  # fmt: skip
def test_a_malformed_address_is_refused_in_one_line_without_its_credentials(address: str) -> None:
    with pytest.raises(UsageError, match="is not an address") as caught:
        open_model("openai:stub", ModelOptions(base_urls=(address,) if address else (" ",)))
    assert "w0rd" not in str(caught.value)
    assert str(caught.value).isprintable()


def test_a_short_key_mauls_no_reply(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "e4")
    with serving(answer=lambda asked: "Answer: e4") as stub:
        reply = open_model("openai:stub", ModelOptions(base_urls=(stub.url,))).reply([request()])[0]
    assert not isinstance(reply, ModelFailure) and reply.text == "Answer: e4"
