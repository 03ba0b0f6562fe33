"""Claims about local models as backends: made from a folder, distinguished by hash, and run on SmolLM2."""

import json
from pathlib import Path

import pytest
from small_models import save_tiny

from horizon.core.errors import ModelFailure, UsageError
from horizon.core.model import ModelOptions, Request, open_model
from horizon.core.records import Message, Reply
from horizon.play import session
from horizon.runs import run_folder
from horizon.scenarios.scenario import make

TEMPLATE = (
    "{% for m in messages %}<s>{{ m['role'] }} {{ m['content'] }}\n{% endfor %}"
    "{% if add_generation_prompt %}<s>assistant {% endif %}"
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny Llama of random weights with a character tokenizer and a chat template, saved as users save theirs."""
    path = tmp_path_factory.mktemp("models") / "tiny"
    save_tiny(path, TEMPLATE)
    return path


def request(text: str, conversation: str = "c", seed: int = 0, max_tokens: int = 12) -> Request:
    messages = (Message("system", "Say."), Message("user", text))
    return Request(messages, seed, conversation, 1, 0, None, max_tokens)  # type: ignore[arg-type]


def test_a_folder_is_loaded_and_known_by_its_hashes(folder: Path) -> None:
    model = open_model(f"hf:{folder}")
    identity = json.loads(json.dumps(dict(model.identity())))
    assert list(identity["files"]) == ["model.safetensors"]
    assert len(identity["files"]["model.safetensors"]) == 64
    assert (identity["dtype"], identity["reproducible"]) == ("float32", True)
    reply = model.reply([request("hello")])[0]
    assert isinstance(reply, Reply)
    assert 0 <= (reply.completion_tokens or 0) <= 12
    assert reply.context_tokens == model.count_tokens("<s>system Say.\n<s>user hello\n<s>assistant ")


def test_sampling_repeats_by_seed_whatever_else_is_in_the_batch(folder: Path) -> None:
    model = open_model(f"hf:{folder}", ModelOptions(temperature=1.0, batch_size=3))
    requests = [request("hello", f"c{seed}", seed) for seed in range(6)]
    together = [reply.text for reply in model.reply(requests) if isinstance(reply, Reply)]
    alone = [reply.text for each in requests for reply in model.reply([each]) if isinstance(reply, Reply)]
    assert together == alone
    assert len(set(together)) > 1


def test_a_conversation_beyond_the_context_is_overflow_and_never_cut(folder: Path) -> None:
    model = open_model(f"hf:{folder}")
    short, long = model.reply([request("hi", "a"), request("x" * 4100, "b")])
    assert isinstance(short, Reply) and short.finish_reason != "overflow"
    assert isinstance(long, Reply) and long.finish_reason == "overflow" and long.text == ""


@pytest.mark.parametrize("cache_gb", [1e-6, 1.0])
def test_a_small_memory_budget_changes_no_reply(folder: Path, cache_gb: float) -> None:
    model = open_model(f"hf:{folder}", ModelOptions(cache_gb=cache_gb))
    texts = [r.text for r in model.reply([request(f"say {n}", f"c{n}") for n in range(6)]) if isinstance(r, Reply)]
    free = open_model(f"hf:{folder}")
    assert texts == [r.text for n in range(6) for r in free.reply([request(f"say {n}")]) if isinstance(r, Reply)]


def test_what_cant_be_loaded_is_told_with_what_to_do(tmp_path: Path, folder: Path) -> None:
    with pytest.raises(UsageError, match=r"no model in .*config.json"):
        open_model(f"hf:{tmp_path}")
    with pytest.raises(UsageError, match="needs a name"):
        open_model("hf:")
    with pytest.raises(ModelFailure, match="hf:no/such-model can't be loaded"):
        open_model("hf:no/such-model")
    with pytest.raises(UsageError, match="dtype=int3"):
        open_model(f"hf:{folder}", ModelOptions(dtype="int3"))
    torn = tmp_path / "torn"
    torn.mkdir()
    for file in folder.iterdir():
        (torn / file.name).write_bytes(file.read_bytes()[: 200 if file.suffix == ".safetensors" else None])
    with pytest.raises(ModelFailure, match="can't be loaded") as caught:
        open_model(f"hf:{torn}")
    assert "\n" not in str(caught.value)
    with pytest.raises(UsageError):
        open_model(f"gguf:{tmp_path / 'none.gguf'}")


@pytest.mark.parametrize(
    "more", [{"answer": "score"}, {"constrain": "legal"}, {"constrain": "legal", "temperature": 1}]
)
def test_replies_held_to_legal_ones_are_never_illegal_or_unreadable(
    folder: Path, tmp_path: Path, more: dict[str, object]
) -> None:
    given = {"environment": "hanoi:disks=2", "model": f"hf:{folder}", "episodes": 2, "turns": 3, **more}
    session.run(make(given, "test"), tmp_path / "run")
    turns = run_folder.read_turns(tmp_path / "run")
    assert turns.height and set(turns["error"]) <= {"none", "wrong"}
    assert set(turns["finish_reason"]) == {"stop"}
    manifest = run_folder.read_manifest(tmp_path / "run")
    assert dict(manifest["model"])["protocol"] == {  # type: ignore[call-overload, arg-type]
        "answer": more.get("answer", "generate"),
        "constrain": more.get("constrain", "none"),
    }
    if "answer" in more:
        extra = json.loads(turns["extra"][0])
        assert extra["choices"] >= 2 and 1 / extra["choices"] <= extra["chosen_share"] <= 1


def test_a_backend_that_would_not_follow_a_protocol_is_refused(tmp_path: Path) -> None:
    given = {"environment": "hanoi", "model": "random", "answer": "score"}
    with pytest.raises(UsageError, match="answer=score needs a local model"):
        session.run(make(given, "test"), tmp_path / "run")
