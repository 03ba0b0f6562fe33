"""Claims about what a server may cost: a deadline for the whole reply, a most size of its body, and no redirect."""

import gzip
import json
import socket
import threading
import zlib
from typing import Any

import pytest
from served_play import answered, ask, ok, request
from stub_server import Raw, completion, serving

from horizon.core.errors import ModelFailure
from horizon.core.model import ModelOptions, open_model
from horizon.core.records import Reply
from horizon.models._served.http_client import MOST_BYTES


@pytest.mark.parametrize("status", [200, 500])
def test_a_body_that_never_ends_is_cut_off_by_the_deadline(status: int) -> None:
    with serving(lambda number, asked: Raw(status, "{", drip=True)) as stub:
        model = open_model("openai:stub", ModelOptions(base_urls=(stub.url,), timeout_s=0.3, retries=0))
        outcome = model.reply([request()])[0]
        model.close()
    assert isinstance(outcome, ModelFailure)
    assert "no whole reply within 0.3 s" in str(outcome)


def test_headers_that_never_end_are_cut_off_by_the_deadline() -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    closing = threading.Event()

    def drip() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\n")
            number = 0
            while not closing.wait(0.02):
                number += 1
                try:
                    connection.sendall(b"X-%d: 1\r\n" % number)
                except OSError:
                    return

    thread = threading.Thread(target=drip, daemon=True)
    thread.start()
    address = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
    model = open_model("openai:stub", ModelOptions(base_urls=(address,), timeout_s=0.3, retries=0))
    outcome = model.reply([request()])[0]
    closing.set()
    thread.join(5)
    listener.close()
    assert isinstance(outcome, ModelFailure)
    assert "no whole reply within 0.3 s" in str(outcome)


def packed(size: int) -> bytes:
    return gzip.compress(b" " * size)


@pytest.mark.parametrize("status", [200, 500])
@pytest.mark.parametrize(
    ("body", "coding"),
    [(b" " * (MOST_BYTES + 1), "identity"), (packed(MOST_BYTES + 1), "gzip")],
    ids=["plain", "gzip"],
)
def test_a_body_above_the_bound_is_not_kept(status: int, body: bytes, coding: str) -> None:
    outcomes, _, _ = ask(lambda number, asked: Raw(status, body, {"content-encoding": coding}), timeout_s=30)
    assert isinstance(outcomes[0], ModelFailure)
    assert "more than 16 MiB" in str(outcomes[0])


def test_a_reply_of_a_megabyte_is_kept_whole() -> None:
    reply = answered(completion("Nf3 " * 250_000))
    assert isinstance(reply, Reply)
    assert len(reply.text) == 1_000_000


def test_a_packed_reply_is_unpacked_though_none_was_asked_for() -> None:
    body = json.dumps(completion("Answer: a")).encode()
    for coding, sent in (("gzip", gzip.compress(body)), ("deflate", zlib.compress(body))):
        outcomes, _, _ = ask(lambda number, asked, c=coding, s=sent: Raw(200, s, {"content-encoding": c}))  # type: ignore[misc]
        assert isinstance(outcomes[0], Reply) and outcomes[0].text == "Answer: a"
    for coding in ("gzip", "br", "zstd"):
        outcomes, _, _ = ask(lambda number, asked, c=coding: Raw(200, body, {"content-encoding": c}))  # type: ignore[misc]
        assert isinstance(outcomes[0], ModelFailure)


def test_no_redirect_is_followed_and_its_address_is_named() -> None:
    def behave(number: int, asked: dict[str, Any]) -> Raw:
        return Raw(307, "", {"location": "http://user:pass@elsewhere/v1?key=abc"})

    outcomes, stub, _ = ask(behave)
    assert isinstance(outcomes[0], ModelFailure)
    assert "http://[key]@elsewhere/v1?key=[key]" in str(outcomes[0])
    assert len(stub.requests) == 1


def test_an_error_inside_status_200_is_repeated_as_its_own_status_says() -> None:
    busy = {"error": {"message": "Provider returned error", "code": 429, "metadata": {"raw": "rate-limited upstream"}}}
    outcomes, stub, _ = ask(lambda number, asked: Raw(200, busy) if number == 0 else ok())
    assert isinstance(outcomes[0], Reply)
    assert len(stub.requests) == 2
    outcomes, stub, _ = ask(lambda number, asked: Raw(200, {"error": {"message": "no", "code": 403}}))
    assert isinstance(outcomes[0], ModelFailure)
    assert len(stub.requests) == 1
