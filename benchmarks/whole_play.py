"""The whole of `make play` before and after: re-reading every history by generate(), and reading only what is new.

    python benchmarks/whole_play.py [--episodes 4] [--turns 30]

SmolLM2 in the first curve's scenario: games against two opponents, every position posed again, judged by Stockfish
with an empty score cache. Both play through the same runner; only the model's replies are made another way:
transformers' generate() on the whole conversations, padded on the left into the same batches. Loading is left out.
In bfloat16 the two round differently, so that games part after a while: equal states are compared only.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any


class Rereading:
    """A local model whose replies come from generate() on everything said so far."""

    def __init__(self, local: Any, batch_size: int) -> None:
        self.local, self.batch_size = local, batch_size
        self.name, self.reads_text, self.count_tokens = local.name, True, local.count_tokens
        # Its own packed attention knows no padding: the library's for this one.
        local._model.set_attn_implementation("sdpa")

    def reply(self, requests: Sequence[Any]) -> list[Any]:
        import torch

        from horizon.records import Reply

        found = []
        for start in range(0, len(requests), self.batch_size):
            batch = requests[start : start + self.batch_size]
            prompts = [self.local._tokens(each.messages) for each in batch]
            width = max(map(len, prompts))
            read = torch.tensor([[0] * (width - len(each)) + each for each in prompts])
            seen = torch.tensor([[0] * (width - len(each)) + [1] * len(each) for each in prompts])
            with torch.inference_mode():
                written = self.local._model.generate(
                    read,
                    attention_mask=seen,
                    max_new_tokens=batch[0].max_tokens,
                    do_sample=False,
                    eos_token_id=sorted(self.local._decoder.end_tokens),
                    pad_token_id=0,
                )
            for prompt, tokens in zip(prompts, written[:, width:].tolist(), strict=True):
                ends = [place for place, token in enumerate(tokens) if token in self.local._decoder.end_tokens]
                kept = tokens[: ends[0]] if ends else tokens
                text = self.local._text(kept)
                found.append(Reply(text, "stop" if ends else "length", None, len(prompt), len(kept)))
        return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--episodes", type=int, default=4)
    parser.add_argument("--turns", type=int, default=30)
    given = parser.parse_args()

    from horizon.environment import open_environment
    from horizon.judging import Judge
    from horizon.model import ModelOptions, open_model
    from horizon.records import Turn
    from horizon.runner import play
    from horizon.scenarios import read
    from horizon.session import opponent_model

    scenario = read("first_curve", episodes=given.episodes, turns=given.turns)
    task = open_environment(scenario.environment, dict(scenario.parameters))
    local: Any = open_model(scenario.model, ModelOptions(dtype=scenario.dtype))
    seconds: dict[str, float] = {}
    actions: dict[str, dict[tuple[str, int, str, str], str | None]] = {}
    for way in ("after", "before"):
        rows: list[Turn] = []

        class Journal:
            def append(self, record: Any, rows: list[Turn] = rows) -> None:
                if isinstance(record, Turn):
                    rows.append(record)

        with ExitStack() as stack:
            os.environ["HORIZON_CACHE"] = stack.enter_context(tempfile.TemporaryDirectory())
            judge = stack.enter_context(Judge(scenario.judge_engine, nodes=scenario.judge_nodes))
            opponents = {each: open_model(opponent_model(each)) for each in scenario.opponents}
            for each in opponents.values():
                stack.callback(each.close)
            model = local if way == "after" else Rereading(local, scenario.batch_size)
            began = time.perf_counter()
            play(scenario, way, task, model, opponents, judge, Journal())
            seconds[way] = time.perf_counter() - began
        actions[way] = {(row.episode_id, row.turn, row.condition, row.state): row.action for row in rows}
        print(f"{way}: {seconds[way]:.1f} s for {len(rows)} turns, {len(rows) / seconds[way]:.1f} turns/s", flush=True)
    shared = actions["before"].keys() & actions["after"].keys()
    same = sum(actions["before"][key] == actions["after"][key] for key in shared)
    print(f"RATIO before / after: {seconds['before'] / seconds['after']:.2f}; the same action in {same} of ", end="")
    print(f"{len(shared)} equal states ({local._dtype})")


if __name__ == "__main__":
    main()
