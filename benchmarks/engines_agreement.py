"""Equal replies and error rates of two engines on the same states: what an engine's numbers do to a study.

Called by `engines.py --agreement`. The reference, Horizon's decoder in float32, plays; every other engine is asked for
the same requests at the same time, and its replies are judged and never played.
"""

import math
from collections.abc import Sequence
from typing import Any

from engines import gguf_file

ENVIRONMENTS = {"running_total": 24, "stack_machine": 24, "chess:show=fen+legal_moves": 12}
"""Environments, and the most tokens of a reply."""


class Recorder:
    """A model that plays, and others that are asked the same."""

    reads_text = True
    controls_recall = False

    def __init__(self, name: str, others: dict[str, Any]) -> None:
        self.name, self.player, self.others = name, others[name], others
        self.asked: list[Any] = []
        self.replies: dict[str, list[str]] = {name: [] for name in others}

    def identity(self) -> Any:
        return self.player.identity()

    def reply(self, requests: Sequence[Any]) -> Any:
        self.asked += requests
        replies = {name: model.reply(requests) for name, model in self.others.items()}
        for name, given in replies.items():
            self.replies[name] += [reply.text for reply in given]
        return replies[self.name]

    def count_tokens(self, text: str) -> Any:
        return self.player.count_tokens(text)

    def close(self) -> None:
        pass


def is_error(task: Any, request: Any, reply: str) -> bool:
    action = task.parse(task.load(request.posed.state), reply).action
    if action is None or action not in request.posed.actions():
        return True
    return task.name != "chess" and not request.posed.is_correct(action)


def agreement(episodes: int, ways: Sequence[str]) -> None:
    import horizon
    from horizon.core.environment import open_environment
    from horizon.core.model import ModelOptions, open_model

    names = {
        "horizon-float32": ("smollm2", "float32"),
        "horizon-bfloat16": ("smollm2", "bfloat16"),
        "openvino-float32": ("smollm2:engine=openvino", "float32"),
        "openvino-int8": ("smollm2:engine=openvino", "int8"),
        "openvino-packed": (f"openvino:{gguf_file()}:weights=packed", "int8"),
    }
    names = {key: value for key, value in names.items() if key in ways}
    models = {key: open_model(name, ModelOptions(dtype=dtype, cache_gb=2)) for key, (name, dtype) in names.items()}
    sums: dict[str, list[tuple[bool, bool, bool]]] = {key: [] for key in names}
    for environment, n_tokens in ENVIRONMENTS.items():
        recorder = Recorder("horizon-float32", models)
        settings = {"episodes": episodes, "turns": 10, "conditions": ["natural", "fresh"], "max_tokens": n_tokens}
        # Moves are judged by the rules alone: whether they can be played.
        settings |= {"opponent": "random", "judge_engine": "none"} if environment.startswith("chess") else {}
        horizon.play(environment, model=recorder, **settings)
        task = open_environment(environment)
        first = recorder.replies["horizon-float32"]
        wrong = [is_error(task, request, reply) for request, reply in zip(recorder.asked, first, strict=True)]
        for key, replies in recorder.replies.items():
            errors = [is_error(task, request, reply) for request, reply in zip(recorder.asked, replies, strict=True)]
            rows = list(
                zip((one == other for one, other in zip(first, replies, strict=True)), wrong, errors, strict=True)
            )
            sums[key] += rows
            print(f"{environment:28} {key:18} {line(rows)}", flush=True)
    for key, rows in sums.items():
        print(f"{'all':28} {key:18} {line(rows)}", flush=True)


def line(rows: Sequence[tuple[bool, bool, bool]]) -> str:
    """Return the share of equal replies, and the difference of error rates with its 95 % interval.

    Paired differences, normal approximation with the variance of one turn added (Agresti and Min 2005); turns count as
    independent.
    """
    n_rows = len(rows)
    more, fewer = sum(new and not old for _, old, new in rows), sum(old and not new for _, old, new in rows)
    difference = (more - fewer) / n_rows
    n_wide = n_rows + 2
    centre = (more - fewer) / n_wide
    half = 1.96 * math.sqrt(max(0.0, (more + fewer + 1) / n_wide - centre**2) / n_wide)
    rates = (sum(old for _, old, _ in rows) / n_rows, sum(new for *_, new in rows) / n_rows)
    alike = sum(same for same, *_ in rows) / n_rows
    return (
        f"{n_rows} turns, equal replies {100 * alike:.1f} %, error rate {rates[1]:.3f} against {rates[0]:.3f}: "
        f"{difference:+.3f} ({centre - half:+.3f} to {centre + half:+.3f})"
    )
