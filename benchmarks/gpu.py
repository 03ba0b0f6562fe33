"""Long dialogues on a GPU: Horizon's decoder, packed, batched and captured, against the ways of transformers.

    python benchmarks/gpu.py [--dialogues 64] [--turns 40] [--only captured,batched,...] [--size 1.5b|tiny]

A Llama-shaped model with random weights is made on the spot, so that nothing is fetched; each turn appends 24 tokens
to every dialogue and writes 12, greedily, in bfloat16. `packed` is the decoder as on a processor; `batched` reads rows
of one block; `captured` also replays the single-token pass as a CUDA graph, and is what a GPU uses; with `-probes`
each state is asked twice more, without its history and with a replaced one. The floor is bare passes over a
DynamicCache of equal lengths, which no dialogues of unequal length allow. At last the tokens of `captured` in float32
are compared with those of `generate`. Every way gets a process of its own; ratios hold within a run.
"""

import argparse
import inspect
import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
from dialogues import READ, WRITTEN, Write, converse

SIZES = {
    "1.5b": {"hidden_size": 2048, "intermediate_size": 6144, "num_hidden_layers": 28, "num_attention_heads": 16},
    "tiny": {"hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 2, "num_attention_heads": 4},
}
WAYS = ("captured", "batched", "packed", "captured-probes", "packed-probes", "floor", "generate", "continuous")


def make_model(size: str, dtype: str, device: str, attention: str) -> Any:
    """Return a Llama with random weights; the same for the same arguments but attention."""
    import torch
    import transformers

    from horizon.models._local.attention import register

    register()
    config = transformers.LlamaConfig(
        vocab_size=32_000,
        num_key_value_heads=2,
        max_position_embeddings=8192,
        tie_word_embeddings=False,
        initializer_range=0.05,
        **SIZES[size],
    )
    torch.manual_seed(0)
    with torch.device(device):
        model: Any = transformers.AutoModelForCausalLM.from_config(
            config, dtype=getattr(torch, dtype), attn_implementation=attention
        )
    return model.eval()


def horizon_way(model: Any, kind: str) -> Write:
    from horizon.models._local.batch import BatchedPasses
    from horizon.models._local.decoder import Decoder
    from horizon.models._local.jobs import Job

    batched = BatchedPasses(model, is_captured=kind == "captured") if kind != "packed" else None
    decoder = Decoder(model, frozenset(), 32 << 30, lambda tokens: False, lambda token: False, batched=batched)
    return lambda names, talks: [
        reply.tokens
        for reply in decoder.write([Job(name, talk, WRITTEN) for name, talk in zip(names, talks, strict=True)])
    ]


def generate_way(model: Any) -> Write:
    import torch

    def write(names: list[str], talks: list[list[int]]) -> list[list[int]]:
        read = torch.tensor(talks, device=model.device)
        settings = {"max_new_tokens": WRITTEN, "do_sample": False, "eos_token_id": None, "pad_token_id": 0}
        return model.generate(read, attention_mask=torch.ones_like(read), **settings)[:, read.shape[1] :].tolist()

    return write


def floor_way(model: Any) -> Write:
    import torch
    from transformers import DynamicCache

    cache, read = DynamicCache(), 0

    def write(names: list[str], talks: list[list[int]]) -> list[list[int]]:
        nonlocal read
        new = torch.tensor([talk[read:] for talk in talks], device=model.device)
        columns = []
        with torch.inference_mode():
            for _ in range(WRITTEN):
                logits = model(input_ids=new, past_key_values=cache, use_cache=True, logits_to_keep=1).logits
                new = logits[:, -1].argmax(dim=-1, keepdim=True)
                columns.append(new[:, 0].tolist())
        read = len(talks[0]) + WRITTEN - 1
        return [list(row) for row in zip(*columns, strict=True)]

    return write


def continuous_way(model: Any, n_dialogues: int, n_turns: int) -> Write:
    from transformers import ContinuousBatchingConfig, GenerationConfig

    wanted = GenerationConfig(max_new_tokens=WRITTEN, do_sample=False, eos_token_id=-1, pad_token_id=0)
    n_blocks = 2 * (n_dialogues * n_turns * (READ + WRITTEN) + 4096) // 32
    # The page has had two names.
    settings = {"page_size": 32, "block_size": 32, "num_blocks": n_blocks, "allow_block_sharing": True}
    known = inspect.signature(ContinuousBatchingConfig).parameters
    batching = ContinuousBatchingConfig(**{name: value for name, value in settings.items() if name in known})

    def write(names: list[str], talks: list[list[int]]) -> list[list[int]]:
        outputs = model.generate_batch(
            talks, wanted, continuous_batching_config=batching, persistent_manager=True, warmup=False
        )
        return [output.generated_tokens[:WRITTEN] for output in outputs.values()]

    return write


def measured(way: str, given: argparse.Namespace) -> dict[str, Any]:
    """Return what one way wrote and cost, in this process."""
    import torch

    kind, _, probes = way.partition("-")
    ours = kind in ("captured", "batched", "packed")
    model = make_model(given.size, given.dtype, given.device, "horizon_packed" if ours else "sdpa")
    ways: dict[str, Callable[[], Write]] = {
        "generate": lambda: generate_way(model),
        "floor": lambda: floor_way(model),
        "continuous": lambda: continuous_way(model, given.dialogues, given.turns),
    }

    def make_way() -> Write:
        return horizon_way(model, kind) if ours else ways[kind]()

    # Libraries start up with the first passes.
    converse(make_way(), 4, 2, has_probes=False)
    seconds, written = converse(make_way(), given.dialogues, given.turns, has_probes=bool(probes))
    natural = [replies[:: 3 if probes else 1] for replies in written]
    peak = torch.cuda.max_memory_allocated() / 2**20 if given.device == "cuda" else 0
    return {"turns": seconds, "tokens": natural, "peak_mib": peak, "torch": torch.__version__}


def run_way(way: str, given: argparse.Namespace, **changes: Any) -> dict[str, Any] | None:
    """Measure one way in a process of its own; None, and a line, if it fails or takes too long."""
    wanted = {**vars(given), **changes}
    command = [sys.executable, __file__, "--measure", way]
    command += [
        part for name in ("dialogues", "turns", "size", "dtype", "device") for part in (f"--{name}", str(wanted[name]))
    ]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=given.most_seconds)
    except subprocess.TimeoutExpired:
        print(f"{way:16} not finished after {given.most_seconds:.0f} s", flush=True)
        return None
    if done.returncode:
        print(f"{way:16} failed: {done.stderr.strip().splitlines()[-1:]}", flush=True)
        return None
    report: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return report


def alike(one: dict[str, Any], other: dict[str, Any]) -> float:
    """Return the share of equal tokens in what two ways wrote; one that differs changes those after it."""
    return float(np.mean(np.array(one["tokens"]) == np.array(other["tokens"])))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dialogues", type=int, default=64)
    parser.add_argument("--turns", type=int, default=40)
    parser.add_argument("--size", choices=SIZES, default="1.5b")
    parser.add_argument("--dtype", default="bfloat16")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--only", default=",".join(WAYS), help="ways, separated by commas; the first is the reference")
    parser.add_argument("--most-seconds", type=float, default=120, help="of one way, before it is given up")
    parser.add_argument("--measure", choices=WAYS, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.measure:
        print(json.dumps(measured(given.measure, given)))
        return
    first: dict[str, Any] | None = None
    for way in given.only.split(","):
        report = run_way(way, given)
        if report is None:
            continue
        first = first or report
        turns = report["turns"]
        total, early, late = sum(turns), sum(turns[3:6]) / 3, sum(turns[-3:]) / 3
        print(
            f"{way:16} {total:7.2f} s, {total / sum(first['turns']):5.2f} x, "
            f"{given.dialogues * given.turns / total:7.1f} turns/s; turn 5 {early:.3f} s, last {late:.3f} s; peak "
            f"{report['peak_mib']:.0f} MiB; tokens alike {100 * alike(first, report):.1f} %",
            flush=True,
        )
    exact = [run_way(way, given, dtype="float32", dialogues=8, turns=10) for way in ("captured", "packed", "generate")]
    if exact[2] is not None:
        for name, report in zip(("captured", "packed"), exact, strict=False):
            if report is not None:
                print(f"float32, 8 x 10: {name} and generate: tokens alike {100 * alike(report, exact[2]):.2f} %")


if __name__ == "__main__":
    main()
