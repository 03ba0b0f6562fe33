"""A small Llama with random, quantised weights and a byte-level tokenizer, written by the gguf package itself."""

from pathlib import Path

import gguf
import numpy as np

WIDTH, HIDDEN, HEADS, KEY_HEADS, LAYERS = 64, 96, 4, 2, 2
TEMPLATE = (
    "{% for m in messages %}<s>{{ m['role'] }} {{ m['content'] }}\n{% endfor %}"
    "{% if add_generation_prompt %}<s>assistant {% endif %}"
)


def write_small_gguf(
    path: Path,
    seed: int = 0,
    template: str | None = TEMPLATE,
    packing: str = "Q8_0",
    architecture: str = "llama",
) -> Path:
    """Write the file, its matrices packed as ggml names it, and return its path."""
    drawn = np.random.default_rng(seed)
    letters = _byte_letters()
    words = ["<s>", "</s>", *letters, "th", "he", "the", "an"]
    writer = gguf.GGUFWriter(path, architecture)
    writer.add_name("small")
    writer.add_context_length(512)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(HIDDEN)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KEY_HEADS)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    writer.add_rope_freq_base(10000.0)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(len(words))
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q8_0)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list(words)
    writer.add_token_types([3, 3, *[1] * (len(words) - 2)])
    writer.add_token_merges(["t h", "h e", "th e", "a n"])
    writer.add_bos_token_id(0)
    writer.add_eos_token_id(1)
    writer.add_pad_token_id(1)
    if template is not None:
        writer.add_chat_template(template)
    kind = gguf.GGMLQuantizationType[packing]

    def add(name: str, *shape: int) -> None:
        weights = drawn.normal(0, 0.35, shape).astype(np.float32)
        writer.add_tensor(name, gguf.quantize(weights, kind), raw_dtype=kind)

    def add_norm(name: str) -> None:
        writer.add_tensor(name, (1 + 0.1 * drawn.normal(size=WIDTH)).astype(np.float32))

    add("token_embd.weight", len(words), WIDTH)
    add_norm("output_norm.weight")
    for layer in range(LAYERS):
        add_norm(f"blk.{layer}.attn_norm.weight")
        add_norm(f"blk.{layer}.ffn_norm.weight")
        key_width = WIDTH // HEADS * KEY_HEADS
        for name, rows, columns in (
            ("attn_q", WIDTH, WIDTH),
            ("attn_k", key_width, WIDTH),
            ("attn_v", key_width, WIDTH),
            ("attn_output", WIDTH, WIDTH),
            ("ffn_gate", HIDDEN, WIDTH),
            ("ffn_up", HIDDEN, WIDTH),
            ("ffn_down", WIDTH, HIDDEN),
        ):
            add(f"blk.{layer}.{name}.weight", rows, columns)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _byte_letters() -> list[str]:
    """Return the letters that stand for the 256 bytes in byte-level vocabularies.

    Source: Radford et al. (2019), GPT-2's encoder: printable bytes stand for themselves, the others follow from 256.
    """
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = iter(range(256, 512))
    return [chr(byte) if byte in printable else chr(next(others)) for byte in range(256)]
