"""The network of a student: Llama's arithmetic with few operations, and its weights under the names of transformers.

Trained here; played by transformers' own Llama from the saved folder, to which a test holds it.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

CONTEXT_TOKENS = 4096
INITIAL_STD = 0.02
"""The standard deviation of initial weights, unless a recipe has another."""
_EPSILON = 1e-6
_ROPE_BASE = 10_000.0


@dataclass(frozen=True, slots=True)
class Size:
    """The shape of a student: width, layers, heads, and width of the feed-forward layers."""

    width: int
    layers: int
    heads: int
    inner: int


SIZES = {
    "small": Size(96, 4, 3, 192),
    "middle": Size(128, 6, 4, 320),
    "large": Size(320, 6, 10, 864),
}
"""The ladder: about 0.6, 1.5 and 8.4 million parameters with the vocabulary of chess."""


class _Norm(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, inputs: Tensor) -> Tensor:
        return functional.rms_norm(inputs, (inputs.shape[-1],), self.weight, _EPSILON)


class _Attention(nn.Module):
    def __init__(self, size: Size) -> None:
        super().__init__()
        self._heads = size.heads
        self.q_proj, self.k_proj, self.v_proj, self.o_proj = (
            nn.Linear(size.width, size.width, bias=False) for _ in range(4)
        )

    def forward(self, inputs: Tensor, turns: tuple[Tensor, Tensor]) -> Tensor:
        rows, columns, width = inputs.shape
        queries, keys, values = (
            project(inputs).view(rows, columns, self._heads, -1).transpose(1, 2)
            for project in (self.q_proj, self.k_proj, self.v_proj)
        )  # (rows, heads, columns, width of a head)
        mixed = functional.scaled_dot_product_attention(
            _rotate(queries, turns), _rotate(keys, turns), values, is_causal=True
        )
        return self.o_proj(mixed.transpose(1, 2).reshape(rows, columns, width))  # type: ignore[no-any-return]


class _Inner(nn.Module):
    def __init__(self, size: Size) -> None:
        super().__init__()
        self.gate_proj, self.up_proj = (nn.Linear(size.width, size.inner, bias=False) for _ in range(2))
        self.down_proj = nn.Linear(size.inner, size.width, bias=False)

    def forward(self, inputs: Tensor) -> Tensor:
        return self.down_proj(functional.silu(self.gate_proj(inputs)) * self.up_proj(inputs))  # type: ignore[no-any-return]


class _Layer(nn.Module):
    def __init__(self, size: Size) -> None:
        super().__init__()
        self.self_attn, self.mlp = _Attention(size), _Inner(size)
        self.input_layernorm, self.post_attention_layernorm = _Norm(size.width), _Norm(size.width)

    def forward(self, inputs: Tensor, turns: tuple[Tensor, Tensor]) -> Tensor:
        inputs = inputs + self.self_attn(self.input_layernorm(inputs), turns)
        return inputs + self.mlp(self.post_attention_layernorm(inputs))  # type: ignore[no-any-return]


class _Body(nn.Module):
    def __init__(self, size: Size, words: int) -> None:
        super().__init__()
        self.embed_tokens = nn.Embedding(words, size.width)
        self.layers = nn.ModuleList(_Layer(size) for _ in range(size.layers))
        self.norm = _Norm(size.width)


class Network(nn.Module):
    """A causal language model with tied embeddings; padding must be on the right."""

    def __init__(self, size: Size, words: int, seed: int, initial_std: float = INITIAL_STD) -> None:
        """Make a network with normal weights drawn by seed, of this standard deviation."""
        super().__init__()
        self.size, self.words = size, words
        generator = torch.Generator().manual_seed(seed)
        self.model = _Body(size, words)
        for weight in self.parameters():
            if weight.dim() > 1:
                nn.init.normal_(weight, std=initial_std, generator=generator)

    def forward(self, tokens: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
        """Return the logits at these places, (places, words); `tokens` is (rows, columns)."""
        hidden = self.model.embed_tokens(tokens)
        turns = _turns(tokens.shape[1], self.size.width // self.size.heads, hidden)
        for layer in self.model.layers:
            hidden = layer(hidden, turns)
        chosen = self.model.norm(hidden[rows, columns])
        return functional.linear(chosen, self.model.embed_tokens.weight)


def _turns(length: int, width: int, like: Tensor) -> tuple[Tensor, Tensor]:
    """Return cosine and sine of the rotary positions, (length, width)."""
    speeds = _ROPE_BASE ** (-torch.arange(0, width, 2, device=like.device, dtype=torch.float32) / width)
    angles = torch.arange(length, device=like.device, dtype=torch.float32)[:, None] * speeds
    doubled = torch.cat((angles, angles), dim=-1)
    return doubled.cos().to(like.dtype), doubled.sin().to(like.dtype)


def _rotate(vectors: Tensor, turns: tuple[Tensor, Tensor]) -> Tensor:
    first, second = vectors.chunk(2, dim=-1)
    return vectors * turns[0] + torch.cat((-second, first), dim=-1) * turns[1]


def save_network(network: Network, folder: Path, dtype: torch.dtype = torch.float16) -> None:
    """Write the network as a folder that transformers loads as a Llama."""
    from transformers import LlamaConfig, LlamaForCausalLM

    from horizon.distil.batches import END_ID, PAD_ID

    size = network.size
    config = LlamaConfig(
        vocab_size=network.words,
        hidden_size=size.width,
        intermediate_size=size.inner,
        num_hidden_layers=size.layers,
        num_attention_heads=size.heads,
        num_key_value_heads=size.heads,
        max_position_embeddings=CONTEXT_TOKENS,
        rms_norm_eps=_EPSILON,
        tie_word_embeddings=True,
        pad_token_id=PAD_ID,
        bos_token_id=None,
        eos_token_id=END_ID,
    )
    saved: Any = LlamaForCausalLM(config)
    saved.load_state_dict({**network.state_dict(), "lm_head.weight": network.model.embed_tokens.weight})
    saved.to(dtype).save_pretrained(folder)
