"""An OpenAI-compatible server on loopback that misbehaves on demand, for tests of what talks to servers."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Raw:
    """A response as it is: a status, a body (JSON unless it is text or bytes), headers; `drip` never ends the body."""

    status: int
    body: Any
    headers: dict[str, str] = field(default_factory=dict)
    drip: bool = False


class Stub:
    """What the server was asked, and how it answers: `behave(number, request)` returns a `Raw` or one of the words."""

    def __init__(
        self, behave: Callable[[int, dict[str, Any]], "str | Raw"], answer: Callable[[dict[str, Any]], str]
    ) -> None:
        self.behave, self.answer = behave, answer
        self.requests: list[dict[str, Any]] = []
        self.keys: list[str] = []
        self.paths: list[str] = []
        self.closing = threading.Event()
        self.lock = threading.Lock()
        self.url = ""


def completion(text: Any, finish: Any = "stop", **more: Any) -> dict[str, Any]:
    message = {"role": "assistant", "content": text, **more}
    return {
        "id": "x",
        "object": "chat.completion",
        "created": 0,
        "model": "stub",
        "choices": [{"index": 0, "message": message, "finish_reason": finish}],
        "usage": {
            "prompt_tokens": 50,
            "completion_tokens": 5,
            "total_tokens": 55,
            "prompt_tokens_details": {"cached_tokens": 32},
        },
    }


@contextmanager
def serving(
    behave: Callable[[int, dict[str, Any]], "str | Raw"] = lambda number, request: "ok",
    answer: Callable[[dict[str, Any]], str] = lambda request: "Answer: a",
) -> Iterator[Stub]:
    stub = Stub(behave, answer)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["content-length"])))
            with stub.lock:
                number = len(stub.requests)
                stub.requests.append(request)
                stub.keys.append(self.headers.get("authorization", ""))
                stub.paths.append(self.path)
            word = stub.behave(number, request)
            if isinstance(word, Raw):
                return self.send_raw(word)
            if word == "hang":
                stub.closing.wait(60)
                self.close_connection = True
                return
            if word == "reset":
                self.close_connection = True
                self.connection.close()
                return
            status = int(word) if word.isdecimal() else 200
            key = stub.keys[number].removeprefix("Bearer ")
            body = json.dumps({"error": {"message": f"no luck with {key}"}})
            if word == "overflow":
                status = 400
                body = json.dumps({"error": {"message": "maximum context length is 8", "code": "400"}})
            elif status == 200:
                body = json.dumps(completion(stub.answer(request)))
            body = {"empty": "", "torn": body[: len(body) // 2], "hollow": "{}", "no choice": '{"choices": []}'}.get(
                word, body
            )
            if word == "thinking":
                body = json.dumps(completion("Answer: b", reasoning_content="let me see"))
            raw = body.encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(raw)))
            self.send_header("retry-after-ms", "1")
            self.end_headers()
            self.wfile.write(raw)

        def send_raw(self, raw: Raw) -> None:
            body = raw.body if isinstance(raw.body, bytes | str) else json.dumps(raw.body)
            sent = body if isinstance(body, bytes) else body.encode("utf-8", "surrogatepass")
            self.send_response(raw.status)
            length = {} if raw.drip else {"content-length": str(len(sent))}
            for name, value in {
                "content-type": "application/json",
                "retry-after-ms": "1",
                **length,
                **raw.headers,
            }.items():
                self.send_header(name, value)
            self.end_headers()
            with suppress(OSError):
                self.wfile.write(sent)
                while raw.drip and not stub.closing.wait(0.02):
                    self.wfile.write(b" ")
            self.close_connection = self.close_connection or raw.drip

        def log_message(self, *arguments: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    stub.url = f"http://127.0.0.1:{server.server_port}/v1"
    try:
        yield stub
    finally:
        stub.closing.set()
        server.shutdown()
        server.server_close()
