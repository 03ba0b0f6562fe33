"""The same conversations through Inspect AI's `hf/` provider and through Horizon, turns a second.

    python -m venv /tmp/peer && /tmp/peer/bin/pip install inspect-ai
    python benchmarks/inspect_peer.py --peer /tmp/peer/bin/python [--episodes 8] [--turns 20]

SmolLM2 in float32, greedy, 12 new tokens a turn, conversations of the stack machine; one process each, one after the
other. Inspect reads every history again at each turn, as its provider calls generate(). Inspect stays outside this
project's environment; it is given this one's torch and transformers.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import sysconfig
import tempfile
import time
from pathlib import Path
from typing import Any

MAX_TOKENS = 12


def asked(episodes: int, turns: int) -> list[list[str]]:
    """Return what each conversation is asked, the rules before the first."""
    from horizon.core.environment import open_environment

    task: Any = open_environment("stack_machine:restate=state")
    found = []
    for episode in range(episodes):
        state, told = task.reset(episode), []
        for turn in range(turns):
            told.append((task.rules() + "\n\n" if turn == 0 else "") + task.pose(state))
            state = task.step(state, task.oracle(state))
        found.append(told)
    return found


def by_horizon(folder: str, questions: list[list[str]]) -> tuple[float, list[str]]:
    from horizon.core.model import ModelOptions, Request, open_model
    from horizon.core.records import Message

    model = open_model(f"hf:{folder}", ModelOptions())
    talks: list[list[Message]] = [[] for _ in questions]
    replies: list[str] = []
    began = 0.0
    for turn in range(-1, len(questions[0])):
        if turn == 0:
            began = time.perf_counter()
        for talk, told in zip(talks, questions, strict=True):
            talk.append(Message("user", told[max(turn, 0)]))
        requests = [
            Request(tuple(talk), 0, f"{place}/{min(turn, 0)}", 1, 0, None, MAX_TOKENS)  # type: ignore[arg-type]
            for place, talk in enumerate(talks)
        ]
        found: list[Any] = list(model.reply(requests))
        if turn < 0:
            talks = [[] for _ in questions]  # the warm-up
            continue
        replies += [each.text for each in found]
        for talk, reply in zip(talks, found, strict=True):
            talk.append(Message("assistant", reply.text))
    return time.perf_counter() - began, replies


def by_inspect(folder: str, questions: list[list[str]]) -> tuple[float, list[str]]:
    from inspect_ai.model import (  # type: ignore[import-not-found]
        ChatMessageAssistant,
        ChatMessageUser,
        GenerateConfig,
        get_model,
    )

    config = GenerateConfig(max_tokens=MAX_TOKENS, temperature=0.0, max_connections=len(questions))
    model = get_model(
        "hf/local", model_path=folder, tokenizer_path=folder, device="cpu", do_sample=False, config=config
    )

    async def turns_of() -> tuple[float, list[str]]:
        await model.generate("hello")
        talks: list[list[Any]] = [[] for _ in questions]
        replies: list[str] = []
        began = time.perf_counter()
        for turn in range(len(questions[0])):
            for talk, told in zip(talks, questions, strict=True):
                talk.append(ChatMessageUser(content=told[turn]))
            found = await asyncio.gather(*(model.generate(talk) for talk in talks))
            replies += [each.completion for each in found]
            for talk, each in zip(talks, found, strict=True):
                talk.append(ChatMessageAssistant(content=each.completion))
        return time.perf_counter() - began, replies

    return asyncio.run(turns_of())


def saved(folder: Path) -> None:
    """Write SmolLM2's weights and tokenizer as a folder that both load."""
    import transformers

    from horizon.core.model import ModelOptions, open_model

    model: Any = open_model("smollm2", ModelOptions())
    # The weights were read out of a quantised file; the folder holds plain ones.
    config = model._model.config
    del config.quantization_config
    plain: Any = transformers.AutoModelForCausalLM.from_config(config, attn_implementation="sdpa")
    plain.load_state_dict(model._model.state_dict())
    plain.save_pretrained(folder)
    model._tokenizer.save_pretrained(folder)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer", type=Path, default=Path("/tmp/peer/bin/python"), help="Python that has inspect-ai")
    parser.add_argument("--episodes", type=int, default=8)
    parser.add_argument("--turns", type=int, default=20)
    parser.add_argument("--part", choices=("horizon", "inspect"), help=argparse.SUPPRESS)
    parser.add_argument("--folder", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.part:
        # Inspect's interpreter sees this project's packages after its own.
        sys.path += json.loads(sys.stdin.readline())
        questions = json.loads(sys.stdin.readline())
        seconds, replies = (by_horizon if given.part == "horizon" else by_inspect)(given.folder, questions)
        print(json.dumps({"seconds": seconds, "replies": replies}))
        return
    questions = asked(given.episodes, given.turns)
    ours = [sysconfig.get_paths()["purelib"], str(Path(__file__).parents[1])]
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        saved(Path(folder))
        for part, python in (("horizon", sys.executable), ("inspect", str(given.peer))):
            said = subprocess.run(
                [python, __file__, "--part", part, "--folder", folder],
                input=f"{json.dumps(ours if part == 'inspect' else [])}\n{json.dumps(questions)}\n",
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                check=True,
            ).stdout
            found[part] = json.loads(said.splitlines()[-1])
            n_turns = given.episodes * given.turns
            print(
                f"{part}: {n_turns / found[part]['seconds']:.2f} turns/s ({found[part]['seconds']:.1f} s)", flush=True
            )
    pairs = list(zip(found["horizon"]["replies"], found["inspect"]["replies"], strict=True))
    same = sum(one.strip() == other.strip() for one, other in pairs)
    print(f"Horizon is {found['inspect']['seconds'] / found['horizon']['seconds']:.1f} times as fast; ", end="")
    print(f"{same} of {len(pairs)} replies are the same")


if __name__ == "__main__":
    main()
