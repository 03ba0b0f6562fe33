"""Hostile replies through play, journal and tables: control characters, markup, numbers beyond bounds, long texts.

Run: python benchmarks/reliability/replies.py [N [SECONDS]]. Every reply must become a judged row that
comes back from the tables as it was (surrogates apart), and the folder must verify; the slowest run is printed.
"""

import os
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"

from horizon.core.model import Request
from horizon.core.records import Json, Reply
from horizon.play import session
from horizon.play.opening import OpenParts, open_setting
from horizon.runs import run_folder
from horizon.runs.verify import verify
from horizon.scenarios.scenario import make

ENVIRONMENTS = (
    "running_total", "permutation", "stack_machine", "list_editing", "board_tracking", "hanoi:disks=3", "grid_walk",
    "blocks_world", "river_crossing", "checker_jumping", "sliding_tiles", "chess",
)  # fmt: skip
PIECES = (
    "\x00", "\x1b[31m", "\x1b]0;pwn\x07", "\x9b31m", "\u202e", "\u2066", "\u200b", "\u2028", "\x85", "\r", "\r\n",
    "\n", "\ud800", "\udc80", "\U000e0041", "\u034f", "</script><script>alert(1)</script>", "<!--", "]]>", "{{7*7}}",
    "%s%n", "=cmd|'/c calc'!A0", "[/red]", "```", "\\", '"', "{", "}", "[", "]", '{"turn":{', "NaN", "-Infinity",
    '","line":1,"sum":"00000000"}' + "\n", "1e309", "9" * 5000, "-" * 300, "١٢٣", "²", "e2e4\u0335", "Answer:",
    "Answer: ", "**Answer:** ", "\\boxed{", "<think>", "</think>", "<|im_end|>", "[INST]", "../../etc/passwd",
    "a\u0301" * 200, "\U0010ffff", "\ufffe",
)  # fmt: skip
LONG = (
    "A" * 200_000, "Answer: 5\n" * 5000, "<think>" * 20_000, "[" * 100_000, "Answer: " + "(" * 50_000,
    "\ud800" * 50_000,
)  # fmt: skip


class Hostile:
    """A model whose replies are drawn from pieces, correct answers and both."""

    name = "hostile"
    reads_text = True

    def __init__(self, draw: random.Random) -> None:
        self.draw, self.sent = draw, list[str]()

    def identity(self) -> dict[str, Json]:
        """Return nothing: it is no model of anybody."""
        return {}

    def count_tokens(self, text: str) -> int | None:
        """Return a quarter of the length."""
        return len(text) // 4

    def close(self) -> None:
        """Do nothing."""

    def reply(self, requests: Sequence[Request]) -> list[Reply]:
        """Return a reply to each request."""
        replies = []
        for request in requests:
            actions = list(request.posed.actions())
            good = request.posed.render(self.draw.choice(actions)) if actions else "Answer: x"
            text = self._text(good)
            self.sent.append(text)
            replies.append(Reply(text, self.draw.choice(("stop", "stop", "length"))))
        return replies

    def _text(self, good: str) -> str:
        draw = self.draw
        junk = "".join(draw.choices(PIECES, k=draw.randint(1, 10)))
        at = draw.randrange(len(good) + 1)
        if draw.random() < 0.002:
            return draw.choice(LONG)
        return draw.choice((good, junk, good + junk, f"{junk}\nAnswer: {junk}", good[:at] + junk + good[at:]))


def main() -> None:
    """Play every environment in turn until there are as many replies as asked for."""
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    work, draw = Path(tempfile.mkdtemp()), random.Random(16)
    counts: Counter[str] = Counter()
    faults: Counter[str] = Counter()
    slowest = 0.0
    trial = 0
    deadline = time.monotonic() + (float(sys.argv[2]) if len(sys.argv) > 2 else 1e9)
    while counts.total() < number and time.monotonic() < deadline:
        environment = ENVIRONMENTS[trial % len(ENVIRONMENTS)]
        given = {"environment": environment, "model": "random", "episodes": 12, "turns": 15, "seed": trial}
        if environment == "chess":
            given |= {"opponents": ["random"], "judge_engine": "none", "episodes": 4}
        trial += 1
        model, folder = Hostile(draw), work / "run"
        begun = time.monotonic()
        try:
            with open_setting(make(given, "replies"), OpenParts(model=model)) as setting:
                session.run_opened(setting, folder)
            rows = run_folder.read_turns(folder)["reply"].to_list()
            sent = {text.encode("utf-8", "replace").replace(b"?", b"") for text in model.sent}
            kept = {text.replace("\ufffd", "").encode().replace(b"?", b"") for text in rows}
            faults[f"{environment}: a reply changed"] += bool(kept - sent)
            faults[f"{environment}: not verified"] += any(check.damage for check in verify(folder))
        except Exception as problem:  # noqa: BLE001 (what is looked for)
            faults[f"{environment}: {type(problem).__name__} {problem!s:.80}"] += 1
        counts[environment] += len(model.sent)
        slowest = max(slowest, (time.monotonic() - begun) / max(1, len(model.sent)))
        shutil.rmtree(folder, ignore_errors=True)
    print("replies", counts.total(), dict(counts))
    print("faults", dict(+faults), f"slowest mean per reply of a run {1000 * slowest:.1f} ms")


if __name__ == "__main__":
    main()
