"""Small finished runs for tests that score replies again, and the chat template of their tiny models."""

from pathlib import Path
from typing import Any

from horizon.play import session
from horizon.runs.run_data import RunData, read_run
from horizon.scenarios.scenario import make

CHAT = (
    "{% for m in messages %}<{{ m['role'] }}>\n{{ m['content'] }}\n{% endfor %}"
    "{% if add_generation_prompt %}<assistant>\n{% endif %}"
)


def played(folder: Path, model: str, turns: int = 12, **keys: Any) -> RunData:
    given = {"environment": "running_total", "model": model, "episodes": 4, "turns": turns, "conditions": ["natural"]}
    session.run(make({**given, **keys}, "t"), folder)
    return read_run(folder)
