"""The whole of `make play` before and after: re-reading every history by generate(), and reading only what is new.

    python benchmarks/whole_play.py [--episodes 4] [--turns 30]

SmolLM2 in the first curve's scenario: games against two opponents, every position posed again, judged by Stockfish
with an empty score cache. Both play through the same runner; only the model's replies are made another way:
transformers' generate() on the whole conversations, padded on the left in batches of 8 by length, stopped at the
answer as Horizon's own decoding is. Loading is left out.
In bfloat16 the two round differently, so that games part after a while: equal states are compared only.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from functools import partial
from typing import Any

_TOGETHER = 8
"""Conversations in one batch of generate(): the games of a run, apart from their positions posed afresh."""


class Rereading:
    """A local model whose replies come from generate() on everything said so far."""

    def __init__(self, local: Any, batch_size: int) -> None:
        self.local, self.batch_size, self.turns = local, batch_size, 0
        self.name, self.reads_text, self.count_tokens = local.name, True, local.count_tokens
        # Its own packed attention knows no padding: the library's for this one.
        local._model.set_attn_implementation("sdpa")

    def reply(self, requests: Sequence[Any]) -> list[Any]:
        import torch

        from horizon.core.records import Reply

        tokens = [self.local._tokens(each.messages) for each in requests]
        # By length, long histories apart from fresh positions: what is padded is computed for nothing.
        order = sorted(range(len(requests)), key=lambda place: len(tokens[place]))
        found: dict[int, Any] = {}
        size = min(self.batch_size, _TOGETHER)
        for start in range(0, len(order), size):
            places = order[start : start + size]
            batch, prompts = [requests[each] for each in places], [tokens[each] for each in places]
            width = max(map(len, prompts))
            read = torch.tensor([[0] * (width - len(each)) + each for each in prompts])
            seen = torch.tensor([[0] * (width - len(each)) + [1] * len(each) for each in prompts])
            with torch.inference_mode():
                written = self.local._model.generate(
                    read,
                    attention_mask=seen,
                    stopping_criteria=[partial(self._are_complete, width)],
                    max_new_tokens=batch[0].max_tokens,
                    do_sample=False,
                    eos_token_id=sorted(self.local._decoder.end_tokens),
                    pad_token_id=0,
                )
            for place, prompt, answer in zip(places, prompts, written[:, width:].tolist(), strict=True):
                ends = [at for at, token in enumerate(answer) if token in self.local._decoder.end_tokens]
                kept = answer[: ends[0]] if ends else answer
                # What is written to a finished row while others go on is padding.
                text = self.local._text(kept)
                found[place] = Reply(text, "stop" if ends else "length", None, len(prompt), len(kept))
        self.turns += 1
        print(f"before: {self.turns} calls, {max(map(len, tokens))} tokens", file=sys.stderr, flush=True)
        return [found[place] for place in range(len(requests))]

    def _are_complete(self, width: int, written: Any, scores: Any, **_: Any) -> Any:
        """Tell which conversations have a finished answer: both ways stop at it."""
        import torch

        from horizon.core.answers import is_complete

        return torch.tensor([is_complete(self.local._text(each)) for each in written[:, width:].tolist()])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--episodes", type=int, default=4)
    parser.add_argument("--turns", type=int, default=30)
    given = parser.parse_args()

    from horizon.core.model import ModelOptions, open_model
    from horizon.play.in_memory import play_episodes
    from horizon.scenarios.scenario import read

    scenario = read("first_curve", episodes=given.episodes, turns=given.turns)
    local: Any = open_model(scenario.model, ModelOptions(dtype=scenario.dtype))
    settings = {name: getattr(scenario, name) for name in scenario.model_fields_set - {"environment", "model"}}
    seconds: dict[str, float] = {}
    actions: dict[str, dict[tuple[str, int, str, str], str | None]] = {}
    for way in ("after", "before"):
        with tempfile.TemporaryDirectory() as cache:
            os.environ["HORIZON_CACHE"] = cache
            model = local if way == "after" else Rereading(local, scenario.batch_size)
            began = time.perf_counter()
            rows = play_episodes(scenario.environment, model, **settings).turns
            seconds[way] = time.perf_counter() - began
        actions[way] = {(row.episode_id, row.turn, row.condition, row.state): row.action for row in rows}
        print(f"{way}: {seconds[way]:.1f} s for {len(rows)} turns, {len(rows) / seconds[way]:.1f} turns/s", flush=True)
    shared = actions["before"].keys() & actions["after"].keys()
    same = sum(actions["before"][key] == actions["after"][key] for key in shared)
    print(f"RATIO before / after: {seconds['before'] / seconds['after']:.2f}; the same action in {same} of ", end="")
    print(f"{len(shared)} equal states ({local._dtype})")


if __name__ == "__main__":
    main()
