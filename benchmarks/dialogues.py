"""Long dialogues: Horizon's decoder against re-reading by generate(), the bare floor, and continuous batching.

    python benchmarks/dialogues.py [--episodes 8] [--turns 40] [--only horizon,floor] [--growth 100] [--dtype bfloat16]

SmolLM2, greedy; each turn appends 24 tokens to every conversation and writes 12. Every way gets a process of its own;
all must write the same tokens in float32 (in bfloat16 ways round differently, and their tokens part). The floor is
nothing but forward passes of the new tokens of all conversations at once, in equal lengths, over transformers' own
cache: what any way must pay. The same over its StaticCache, made as long as the dialogue will be, is `static`. Ratios
from one run.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

READ, WRITTEN = 24, 12
WAYS = ("horizon", "floor", "static", "continuous", "generate")


def appended(episode: int, turn: int) -> list[int]:
    """Return the tokens that a turn appends: plain words, none special, different for each conversation."""
    from horizon.core.seeds import generator

    draw = generator(0, "dialogue", episode, turn)
    return [draw.randrange(1000, 20_000) for _ in range(READ)]


Write = Callable[[list[str], list[list[int]]], list[list[int]]]
"""Writes the reply of every dialogue: its name and all its tokens in, new tokens out."""


def converse(
    write: Write, n_dialogues: int, n_turns: int, *, has_probes: bool
) -> tuple[list[float], list[list[list[int]]]]:
    """Return the seconds of each turn, and the replies written in it: one per dialogue, three with probes.

    One probe asks a state without its history, the other with a history whose replies were replaced.
    """
    talks: list[list[int]] = [[] for _ in range(n_dialogues)]
    healed: list[list[int]] = [[] for _ in range(n_dialogues)]
    seconds, written = [], []
    for turn in range(n_turns):
        began = time.perf_counter()
        names, prompts = [], []
        for number, talk in enumerate(talks):
            new = appended(number, turn)
            talk += new
            healed[number] += new
            names.append(f"natural-{number}")
            prompts.append(list(talk))
            if has_probes:
                names += [f"fresh-{number}@{turn}", f"healed-{number}"]
                prompts += [list(new), list(healed[number])]
        replies = write(names, prompts)
        written.append(replies)
        for number, talk in enumerate(talks):
            talk += replies[number * (3 if has_probes else 1)]
            healed[number] += [20_000 + (number + turn) % 1000] * WRITTEN
        seconds.append(time.perf_counter() - began)
    return seconds, written


def loaded(attention: str, dtype: str) -> Any:
    import transformers

    from horizon.core.model import ModelOptions, open_model

    transformers.utils.logging.set_verbosity_error()
    model: Any = open_model("smollm2", ModelOptions(dtype=dtype))
    if attention != "horizon":
        model._model.set_attn_implementation(attention)
    return model._model


def horizon_way(model: Any, episodes: int, turns: int) -> tuple[list[list[int]], list[float], int]:
    """Return every conversation, the seconds of each turn, and the bytes that the cache holds at the end."""
    from horizon.models._local.decoder import Decoder
    from horizon.models._local.jobs import Job

    reader = Decoder(model, frozenset(), 8 << 30, lambda tokens: False, lambda token: False)
    talks: list[list[int]] = [[] for _ in range(episodes)]
    seconds = []
    for turn in range(turns):
        began = time.perf_counter()
        for episode, talk in enumerate(talks):
            talk += appended(episode, turn)
        jobs = [Job(str(episode), list(talk), WRITTEN) for episode, talk in enumerate(talks)]
        for talk, written in zip(talks, reader.write(jobs), strict=True):
            talk += written.tokens
        seconds.append(time.perf_counter() - began)
    return talks, seconds, reader.bytes_a_token * sum(len(talk) for talk in talks)


def floor_way(model: Any, episodes: int, turns: int) -> tuple[list[list[int]], list[float], int]:
    from transformers import DynamicCache

    return bare_way(model, episodes, turns, DynamicCache())


def static_way(model: Any, episodes: int, turns: int) -> tuple[list[list[int]], list[float], int]:
    from transformers import StaticCache

    return bare_way(model, episodes, turns, StaticCache(model.config, max_cache_len=turns * (READ + WRITTEN)))


def bare_way(model: Any, episodes: int, turns: int, cache: Any) -> tuple[list[list[int]], list[float], int]:
    """Run forward passes of the new tokens alone over a cache of transformers."""
    import torch

    talks: list[list[int]] = [[] for _ in range(episodes)]
    seconds = []
    with torch.inference_mode():
        for turn in range(turns):
            began = time.perf_counter()
            # The last token that was written has not been read yet: it goes with the next turn's.
            new = torch.tensor([talk[-1:] + appended(episode, turn) for episode, talk in enumerate(talks)])
            for episode, talk in enumerate(talks):
                talk += appended(episode, turn)
            for _ in range(WRITTEN):
                logits = model(input_ids=new, past_key_values=cache, use_cache=True, logits_to_keep=1).logits
                new = logits[:, -1].argmax(dim=-1, keepdim=True)
                for talk, token in zip(talks, new[:, 0].tolist(), strict=True):
                    talk.append(token)
            seconds.append(time.perf_counter() - began)
    return talks, seconds, 0


def generate_way(model: Any, episodes: int, turns: int) -> tuple[list[list[int]], list[float], int]:
    import torch

    talks: list[list[int]] = [[] for _ in range(episodes)]
    seconds = []
    for turn in range(turns):
        began = time.perf_counter()
        for episode, talk in enumerate(talks):
            talk += appended(episode, turn)
        read = torch.tensor(talks)
        found = model.generate(
            read,
            attention_mask=torch.ones_like(read),
            max_new_tokens=WRITTEN,
            do_sample=False,
            eos_token_id=None,
            pad_token_id=0,
        )
        talks = found.tolist()
        seconds.append(time.perf_counter() - began)
    return talks, seconds, 0


def continuous_way(model: Any, episodes: int, turns: int) -> tuple[list[list[int]], list[float], int]:
    from transformers import ContinuousBatchingConfig, GenerationConfig

    wanted = GenerationConfig(max_new_tokens=WRITTEN, do_sample=False, eos_token_id=-1, pad_token_id=0)
    n_tokens = episodes * turns * (READ + WRITTEN) + 4096
    batching = ContinuousBatchingConfig(
        page_size=32, num_blocks=2 * n_tokens // 32, max_batch_tokens=512, allow_block_sharing=True
    )
    talks: list[list[int]] = [[] for _ in range(episodes)]
    seconds = []
    for turn in range(turns):
        began = time.perf_counter()
        for episode, talk in enumerate(talks):
            talk += appended(episode, turn)
        found = model.generate_batch(
            talks, wanted, continuous_batching_config=batching, persistent_manager=True, warmup=False
        )
        for talk, output in zip(talks, found.values(), strict=True):
            talk += output.generated_tokens[:WRITTEN]
        seconds.append(time.perf_counter() - began)
    return talks, seconds, 0


def measured(way: str, episodes: int, turns: int, dtype: str) -> dict[str, Any]:
    """Return what one way wrote and cost, in this process."""
    ways = {
        "horizon": horizon_way,
        "floor": floor_way,
        "static": static_way,
        "generate": generate_way,
        "continuous": continuous_way,
    }
    model = loaded({"horizon": "horizon", "continuous": "sdpa"}.get(way, "sdpa"), dtype)
    weights = sum(each.numel() * each.element_size() for each in model.parameters())
    # What loading left behind is no cost of decoding: the peak is counted from here.
    before = _resident()
    ways[way](model, 2, 1)
    began = time.perf_counter()
    talks, seconds, cache = ways[way](model, episodes, turns)
    return {
        "way": way,
        "seconds": time.perf_counter() - began,
        "turn_5": seconds[min(4, turns - 1)],
        "turn_last": sum(seconds[-3:]) / len(seconds[-3:]),
        "tokens": talks,
        "cache_mib": cache / 2**20,
        "weights_mib": weights / 2**20,
        "before_mib": before,
        "peak_mib": _peak(),
        "turns": seconds,
    }


def _resident() -> float:
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * resource.getpagesize() / 2**20


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _apart(way: str, episodes: int, turns: int, dtype: str) -> dict[str, Any]:
    command = [sys.executable, __file__, "--measure", way, "--episodes", str(episodes), "--turns", str(turns)]
    command += ["--dtype", dtype]
    said = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
    found: dict[str, Any] = json.loads(said.splitlines()[-1])
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--episodes", type=int, default=8)
    parser.add_argument("--turns", type=int, default=40)
    parser.add_argument("--only", default=",".join(WAYS), help="ways, separated by commas")
    parser.add_argument("--growth", type=int, default=0, help="also the cost of a turn at this one against turn 5")
    parser.add_argument("--dtype", default="float32", choices=("float32", "bfloat16"))
    parser.add_argument("--measure", choices=WAYS, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.measure:
        print(json.dumps(measured(given.measure, given.episodes, given.turns, given.dtype)))
        return
    found = {}
    for way in given.only.split(","):
        found[way] = _apart(way, given.episodes, given.turns, given.dtype)
        each, first = found[way], next(iter(found.values()))
        pairs = zip(first["tokens"], each["tokens"], strict=True)
        same = sum(one == other for ours, theirs in pairs for one, other in zip(ours, theirs, strict=True))
        alike = same / sum(map(len, first["tokens"]))
        print(
            f"{way:11} {each['seconds']:7.1f} s, {each['seconds'] / first['seconds']:6.2f} x {next(iter(found))}; "
            f"tokens alike {100 * alike:.2f} %; turn 5 {each['turn_5']:.2f} s, last {each['turn_last']:.2f} s; "
            f"cache {each['cache_mib']:.0f} MiB, peak over loading {each['peak_mib'] - each['before_mib']:.0f} MiB",
            flush=True,
        )
    if given.growth:
        for way in given.only.split(","):
            if way in ("horizon", "floor", "static"):
                grown = _apart(way, given.episodes, given.growth, given.dtype)
                early, late = sum(grown["turns"][3:6]) / 3, sum(grown["turns"][-3:]) / 3
                print(
                    f"{way}: turn {given.growth} costs {late / early:.2f} times turn 5 ({late:.2f} s, {early:.2f} s)"
                )
                if way == "horizon":
                    over, cache = grown["peak_mib"] - grown["before_mib"], grown["cache_mib"]
                    print(
                        f"memory: {over:.0f} MiB over loading for a cache of {cache:.0f} MiB, {over / cache:.2f} times"
                    )


if __name__ == "__main__":
    main()
