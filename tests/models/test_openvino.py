"""Claims about OpenVINO as an engine: torch's model, many dialogues at once, repeatable, errors of one line."""

import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("openvino_genai", reason="the extra openvino is not installed")

from small_gguf import write_small_gguf

from horizon.core.errors import HorizonError, ModelFailure, UsageError
from horizon.core.hashing import file_sha256
from horizon.core.model import ModelOptions, Request, fastest_name, open_model
from horizon.core.records import Message, Reply
from horizon.models._openvino.gguf_file import read_header, write_float16
from horizon.models._openvino.weights import gguf_source
from horizon.play.plan import as_started
from horizon.scenarios.scenario import Scenario


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_small_gguf(tmp_path_factory.mktemp("gguf") / "small.gguf")


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # What is converted here is as small as the models, but for the long test.
    monkeypatch.setenv("HORIZON_CACHE", str(tmp_path / "cache"))


@pytest.fixture(scope="module")
def model(file: Path) -> Any:
    return open_model(f"openvino:{file}", ModelOptions(cache_gb=1))


def request(text: str, seed: int = 0, max_tokens: int = 12, legal: tuple[str, ...] = ()) -> Request:
    posed: Any = SimpleNamespace(actions=lambda: legal, render=lambda action: f"Answer: {action}")
    messages = (Message("system", "Say."), Message("user", text))
    return Request(messages, seed, text, 1, 0, posed, max_tokens)


def texts(replies: list[Reply | ModelFailure]) -> list[str]:
    """Return the replies' texts, without the mark of broken bytes, which OpenVINO leaves out."""
    assert all(isinstance(reply, Reply) for reply in replies)
    return [reply.text.replace("\ufffd", "") for reply in replies if isinstance(reply, Reply)]


QUESTIONS = ["hello", "the the the", "a much longer question than the others, with 12 and 34", "x", "an"]


def test_it_writes_what_torch_writes_with_the_same_weights(file: Path, model: Any) -> None:
    torch = open_model(f"gguf:{file}")
    ours, theirs = (
        model.reply([request(text) for text in QUESTIONS]),
        torch.reply([request(text) for text in QUESTIONS]),
    )
    assert texts(ours) == texts(theirs)
    for one, other in zip(ours, theirs, strict=True):
        assert (one.finish_reason, one.context_tokens, one.completion_tokens, one.prompt_tokens) == (
            other.finish_reason,
            other.context_tokens,
            other.completion_tokens,
            other.prompt_tokens,
        )
    assert len(set(texts(ours))) == len(QUESTIONS)


def test_replies_are_the_same_together_alone_and_again(model: Any) -> None:
    requests = [request(text) for text in QUESTIONS]
    together = texts(model.reply(requests))
    assert [text for each in requests for text in texts(model.reply([each]))] == together
    assert texts(model.reply(list(reversed(requests)))) == together[::-1]


def test_sampling_repeats_by_seed_whatever_else_is_in_the_batch(file: Path) -> None:
    sampled = open_model(f"openvino:{file}", ModelOptions(cache_gb=1, temperature=1.0, batch_size=3))
    requests = [request("hello", seed) for seed in range(6)]
    together = texts(sampled.reply(requests))
    assert [text for each in requests for text in texts(sampled.reply([each]))] == together
    assert len(set(together)) == 6


def test_a_conversation_beyond_the_context_is_overflow_and_never_cut(model: Any) -> None:
    short, long = model.reply([request("hi"), request("x" * 600)])
    assert isinstance(short, Reply) and short.finish_reason != "overflow"
    assert isinstance(long, Reply) and long.finish_reason == "overflow" and long.text == ""


def test_constrained_replies_are_legal_ones_in_any_letters(file: Path) -> None:
    constrained = open_model(f"openvino:{file}", ModelOptions(cache_gb=1, constrain="legal"))
    legal = ('say "yes"', "back\\slash", "e2e4", "e2e4q", "♜ Ü", "a(b|c)*")
    replies = constrained.reply([request(text, legal=legal[place:]) for place, text in enumerate(QUESTIONS)])
    for place, text in enumerate(texts(replies)):
        assert text in {f"Answer: {action}" for action in legal[place:]}
    assert all(isinstance(reply, Reply) and reply.finish_reason == "stop" for reply in replies)


def test_its_identity_has_weights_precision_template_and_versions(file: Path, model: Any) -> None:
    identity = json.loads(json.dumps(dict(model.identity())))
    assert identity["sha256"] == file_sha256(file)
    assert identity["precision"] == {"activations": "f32", "cache": "f32", "dynamic_quantization": 0}
    assert identity["weights"] == "as in the file" and identity["context_tokens"] == 512
    assert len(identity["chat_template"]) == 64 and identity["openvino-genai"].startswith("2026.")
    rounded = open_model(f"openvino:{file}", ModelOptions(cache_gb=1, dtype="int8")).identity()
    assert rounded["precision"] != identity["precision"]
    fast = json.loads(json.dumps(open_model(f"openvino:{file}", ModelOptions(cache_gb=1, dtype="auto")).identity()))
    assert fast["precision"]["cache"] == fast["precision"]["activations"] in ("f32", "bf16")
    assert fast["precision"]["dynamic_quantization"] == 0


def test_a_folder_of_its_own_format_gives_the_replies_of_the_file_that_it_came_from(
    file: Path, model: Any, tmp_path: Path
) -> None:
    own = tmp_path / "exported" / file.name
    own.parent.mkdir()
    own.write_bytes(file.read_bytes())
    import openvino_genai

    # It writes the folder beside the file that it reads.
    openvino_genai.LLMPipeline(str(own), "CPU", enable_save_ov_model=True)
    own.unlink()
    exported = open_model(f"openvino:{own.parent}", ModelOptions(cache_gb=1))
    requests = [request(text) for text in QUESTIONS]
    assert texts(exported.reply(requests)) == texts(model.reply(requests))
    assert exported.identity()["backend"] == "openvino" and "openvino_model.bin" in json.dumps(exported.identity())


def test_the_same_weights_in_float16_keep_what_the_file_declares(file: Path, tmp_path: Path) -> None:
    gguf = pytest.importorskip("gguf")
    header = read_header(file)
    write_float16(file, header, tmp_path / "float16.gguf")
    own, read = gguf.GGUFReader(file), gguf.GGUFReader(tmp_path / "float16.gguf")
    assert {tensor.tensor_type.name for tensor in read.tensors} == {"F16", "F32"}
    for one, other in zip(own.tensors, read.tensors, strict=True):
        unpacked = gguf.dequantize(one.data, one.tensor_type)
        assert one.name == other.name
        assert (unpacked.astype(other.data.dtype) == other.data).all()
    for key, field in own.fields.items():
        if key != "general.file_type" and not key.startswith("GGUF."):
            assert field.contents() == read.fields[key].contents()


def test_packings_that_openvino_would_change_are_unpacked_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write_small_gguf(tmp_path / "small.gguf", packing="Q4_1")
    exact = open_model(f"openvino:{file}", ModelOptions(cache_gb=1))
    torch = open_model(f"gguf:{file}")
    requests = [request(text) for text in QUESTIONS]
    assert texts(exact.reply(requests)) == texts(torch.reply(requests))
    assert exact.identity()["weights"] == "unpacked, rounded to float16"
    assert capsys.readouterr().err.count("was converted once") == 2
    packed = open_model(f"openvino:{file}:weights=packed", ModelOptions(cache_gb=1))
    assert packed.identity()["weights"] == "repacked by OpenVINO, not those of the file"
    assert texts(packed.reply(requests)) != texts(torch.reply(requests))
    again = gguf_source("again", file, {"sha256": file_sha256(file)}, "exact")
    assert again.path.is_file() and capsys.readouterr().err == ""


def test_a_base_model_is_noted_and_continues_text(tmp_path: Path) -> None:
    file = write_small_gguf(tmp_path / "base.gguf", template=None)
    plain = open_model(f"openvino:{file}", ModelOptions(cache_gb=1))
    assert "has no chat template" in plain.notes[0]
    assert isinstance(plain.reply([request("hello")])[0], Reply)
    continuing = open_model(f"openvino:{file}", ModelOptions(cache_gb=1, continues="word"))
    (reply,) = continuing.reply([request("1. e4 e5 2. ")])
    assert isinstance(reply, Reply) and " " not in reply.text
    assert continuing.identity()["protocol"] == {"answer": "generate", "constrain": "none", "ask": "completion"}


def test_a_closed_model_says_so(file: Path) -> None:
    model = open_model(f"openvino:{file}", ModelOptions(cache_gb=1))
    model.close()
    model.close()
    with pytest.raises(ModelFailure, match="is closed: open it again"):
        model.count_tokens("x")


@pytest.mark.parametrize(
    ("argument", "options", "message"),
    [
        ("", {}, "give a GGUF file, a folder or a hub name"),
        ("FILE:weights=exakt", {}, "its one setting is :weights= exact or packed"),
        ("./nowhere.gguf", {}, "there is no such file or folder"),
        ("EMPTY", {}, "neither openvino_model.xml nor a .gguf file is in"),
        ("HF", {}, "optimum-cli export openvino --model"),
        ("GARBAGE", {}, "is no whole GGUF file"),
        ("CUT", {}, "is no whole GGUF file"),
        ("FILE", {"dtype": "float16"}, "choose float32, auto or int8"),
        ("GEMMA", {}, "OpenVINO reads GGUF files of llama, qwen2, qwen3: play it as gguf:"),
        ("FILE", {"device": "cuda"}, "runs on the processor"),
        ("FILE", {"answer": "score"}, "can't score replies"),
    ],
)
def test_what_can_not_be_opened_is_one_line(
    file: Path, tmp_path: Path, argument: str, options: dict[str, Any], message: str
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "hf").mkdir()
    (tmp_path / "hf" / "config.json").write_text("{}")
    (tmp_path / "garbage.gguf").write_bytes(b"GGUF" + b"\xff" * 100)
    (tmp_path / "cut.gguf").write_bytes(file.read_bytes()[:-20_000])
    for name, place in (("FILE", file), ("EMPTY", tmp_path / "empty"), ("HF", tmp_path / "hf")):
        argument = argument.replace(name, str(place))
    argument = argument.replace("GARBAGE", str(tmp_path / "garbage.gguf")).replace("CUT", str(tmp_path / "cut.gguf"))
    argument = argument.replace("GEMMA", str(write_small_gguf(tmp_path / "gemma.gguf", architecture="gemma3")))
    with pytest.raises((UsageError, ModelFailure)) as caught:
        open_model(f"openvino:{argument}", ModelOptions(**options))
    assert message in str(caught.value) and "\n" not in str(caught.value) and len(str(caught.value)) < 600
    assert isinstance(caught.value, HorizonError)


def test_smollm2_chooses_its_engine() -> None:
    with pytest.raises(UsageError, match="the one setting is engine=torch or engine=openvino"):
        open_model("smollm2:engine=tensorflow")


@pytest.mark.skipif(sys.platform != "linux" or Path("/dev/nvidiactl").exists(), reason="torch is preferred here")
def test_runs_of_smollm2_take_openvino_where_it_does_what_is_asked() -> None:
    assert fastest_name("smollm2", ModelOptions()) == "smollm2:engine=openvino"
    assert fastest_name("smollm2", ModelOptions(dtype="auto", continues="word")) == "smollm2:engine=openvino"
    for asked in ({"answer": "score"}, {"constrain": "legal"}, {"calls_tools": True}, {"dtype": "bfloat16"}):
        assert fastest_name("smollm2", ModelOptions(**asked)) == "smollm2"
    assert fastest_name("smollm2", ModelOptions(), changes_recall=True) == "smollm2"
    for named in ("smollm2:engine=torch", "random", "no_such_backend", "hf:ORG/NAME"):
        assert fastest_name(named, ModelOptions()) == named


@pytest.mark.parametrize("engine", ["smollm2", "smollm2:engine=torch", "smollm2:engine=openvino"])
def test_a_resumed_run_keeps_the_engine_that_it_was_started_with(engine: str) -> None:
    stored = {"plan": {"model": engine}}
    assert as_started(Scenario(model="smollm2"), stored).model == engine
    assert as_started(Scenario(model="smollm2:engine=torch"), stored).model == "smollm2:engine=torch"
    assert as_started(Scenario(model="random"), stored).model == "random"


@pytest.mark.long
def test_smollm2_writes_on_openvino_what_it_writes_in_torch() -> None:
    questions = (
        "Name the capital of France in one word.",
        "The total is 17. Add 5. What is the total now? End with a line Answer: N",
        "You play chess. FEN: rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq - 0 1. Your move?",
        "List three colours.",
    )
    requests = [request(text, max_tokens=16) for text in questions]
    ours = open_model("smollm2:engine=openvino", ModelOptions(cache_gb=1)).reply(requests)
    theirs = open_model("smollm2").reply(requests)
    assert texts(ours) == texts(theirs)
    assert [reply.context_tokens for reply in ours] == [reply.context_tokens for reply in theirs]
