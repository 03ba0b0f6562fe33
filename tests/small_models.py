"""Small models of every accepted family with random weights, and what transformers itself writes with them."""

from pathlib import Path
from typing import Any

import torch
import transformers
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from horizon.models._local.batch import BatchedPasses
from horizon.models._local.decoder import Decoder

WORDS = 97
SHAPE = {
    "vocab_size": WORDS,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 512,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "pad_token_id": 0,
}
FAMILIES: dict[str, Any] = {
    "llama": lambda: transformers.LlamaConfig(**SHAPE),
    "qwen2": lambda: transformers.Qwen2Config(**SHAPE),
    "qwen3": lambda: transformers.Qwen3Config(**SHAPE, head_dim=8),
    "mistral": lambda: transformers.MistralConfig(**SHAPE, sliding_window=24, head_dim=8),
    "gemma2": lambda: transformers.Gemma2Config(
        **SHAPE, head_dim=8, sliding_window=16, attn_logit_softcapping=5.0, query_pre_attn_scalar=8
    ),
    "gemma3": lambda: transformers.Gemma3TextConfig(**SHAPE, head_dim=8, sliding_window=16, query_pre_attn_scalar=8),
    "gpt2": lambda: transformers.GPT2Config(
        vocab_size=WORDS, n_embd=32, n_layer=3, n_head=4, n_positions=512, bos_token_id=1, eos_token_id=2
    ),
}


def made(family: str, attention: str) -> Any:
    """Return a small model with large random weights, so that its replies vary."""
    torch.manual_seed(5)
    config = FAMILIES[family]()
    model: Any = transformers.AutoModelForCausalLM.from_config(config, attn_implementation=attention)
    with torch.no_grad():
        for name, weights in model.named_parameters():
            if weights.ndim > 1:
                weights.normal_(0, 0.35)
            elif "norm" in name or "ln" in name:
                weights.add_(0.1 * torch.randn_like(weights))
    return model.float().eval()


def reread(model: Any, prompt: list[int], n_tokens: int) -> list[int]:
    """Return what transformers itself writes greedily after reading the whole prompt."""
    read = torch.tensor([prompt])
    out = model.generate(
        read, attention_mask=torch.ones_like(read), max_new_tokens=n_tokens, do_sample=False, pad_token_id=0
    )
    return [each for each in out[0, len(prompt) :].tolist() if each != 2]


def decoder(model: Any, budget_bytes: int = 1 << 30, *, is_batched: bool = False) -> Decoder:
    batched = BatchedPasses(model, is_captured=False) if is_batched else None
    return Decoder(model, frozenset([2]), budget_bytes, lambda tokens: False, lambda token: False, batched=batched)


def tokens(seed: int, length: int) -> list[int]:
    generator = torch.Generator().manual_seed(seed)
    return (3 + torch.randint(0, WORDS - 3, (length,), generator=generator)).tolist()


def tiny_tokenizer(template: str | dict[str, str] | None) -> PreTrainedTokenizerFast:
    """Return a tokenizer of single characters with a chat template."""
    letters = sorted(set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 .,:?#<>|-\n"))
    vocabulary = {letter: place for place, letter in enumerate(["<s>", "</s>", "<unk>", *letters])}
    raw = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    raw.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    return PreTrainedTokenizerFast(
        tokenizer_object=raw, bos_token="<s>", eos_token="</s>", unk_token="<unk>", chat_template=template
    )


def save_tiny(path: Path, template: str | dict[str, str] | None) -> None:
    """Save a tiny Llama of random weights with a character tokenizer and a chat template, as users save theirs."""
    tokenizer = tiny_tokenizer(template)
    tokenizer.save_pretrained(path)
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=4096,
        eos_token_id=1,
        bos_token_id=0,
    )
    LlamaForCausalLM(config).save_pretrained(path)
