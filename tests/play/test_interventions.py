"""Claims about hidden, rounded and recut histories as they are played by local models of random weights."""

import json
from pathlib import Path

import pytest
import torch
import transformers
from small_models import FAMILIES, tiny_tokenizer

import horizon
from horizon.analysis.unchanged_histories import unchanged_conditions
from horizon.core.records import Turn
from horizon.play.replay import replay
from horizon.report.cautions import without_effect
from horizon.runs.run_data import read_run

TEMPLATE = (
    "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}\n{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
CONDITIONS = ["natural", "hide:own", "hide:other", "kv:2", "kv:32", "recut:1", "recut:2", "recut:all"]


def saved(folder: Path, family: str) -> Path:
    """Save a small model of a family with large random weights and a tokenizer of characters."""
    tokenizer = tiny_tokenizer(TEMPLATE)
    tokenizer.save_pretrained(folder)
    config = FAMILIES[family]()
    config.vocab_size, config.eos_token_id = len(tokenizer), 1
    setattr(config, "n_positions" if family == "gpt2" else "max_position_embeddings", 4096)
    torch.manual_seed(3)
    model = transformers.AutoModelForCausalLM.from_config(config)
    with torch.no_grad():
        for weights in model.parameters():
            if weights.ndim > 1:
                weights.normal_(0, 0.35)
    model.save_pretrained(folder)
    return folder


@pytest.mark.parametrize("family", ["llama", "qwen2", "gemma3", "gpt2"])
def test_exact_memory_and_the_same_turns_reproduce_the_natural_replies(family: str, tmp_path: Path) -> None:
    model = f"hf:{saved(tmp_path / 'model', family)}"
    keys = {"episodes": 1, "turns": 5, "max_tokens": 8, "conditions": CONDITIONS}
    run = horizon.play("running_total", model=model, out=tmp_path / "run", **keys)
    rows: dict[tuple[str, int, str], Turn] = {
        (row.episode_id, row.turn, row.condition): row for part in run.parts for row in _rows(part)
    }
    assert len(rows) == 5 * len(CONDITIONS)
    differing = dict.fromkeys(CONDITIONS, 0)
    for (episode, turn, condition), row in rows.items():
        natural = rows[episode, turn, "natural"]
        assert row.state == natural.state
        differing[condition] += row.reply != natural.reply
        extra = json.loads(row.extra)
        assert (extra.get("hidden_tokens", 0) > 0) == (condition.startswith("hide") and turn > 1)
        assert (extra.get("rounded_tokens", 0) > 0) == (condition.startswith("kv") and turn > 1)
        if condition.startswith(("hide", "kv")):
            assert row.context_tokens == natural.context_tokens
        if turn == 1:
            assert row.reply == natural.reply
    assert differing["kv:32"] == differing["recut:1"] == 0
    # Rounding to 32 bits is a computation of its own, while recut:1 is the conversation itself.
    assert unchanged_conditions(read_run(tmp_path / "run")) == ["recut:1"]
    (line,) = without_effect([read_run(tmp_path / "run")])
    assert line.startswith("recut:1 posed the same conversations as natural at every turn")
    # The others are not the natural condition by another name; tied embeddings make the small Gemma repeat a letter.
    if family != "gemma3":
        assert min(differing[each] for each in ("hide:own", "hide:other", "recut:all")) > 0
    shown = replay(tmp_path / "run", "0", 3, "recut:all").messages
    assert [message.role for message in shown] == ["system", "user"]
    assert shown[-1].content.count("You replied: ") == 2
    hidden = [replay(tmp_path / "run", "0", 3, each).messages for each in ("natural", "hide:own", "kv:2")]
    assert hidden[0] == hidden[1] == hidden[2]


def _rows(part: object) -> list[Turn]:
    return [row for name in part.turns["episode_id"].unique() for row in part.turns_of(name)]  # type: ignore[attr-defined]
