"""What the model was shown at any turn of a run, rebuilt from its rows: conversation, reply and verdict.

Reads a run folder; needs no model. Under `foreign` in chess the judge engine scores again (mostly from its cache).
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from horizon.core.environment import Environment, open_environment
from horizon.core.errors import UsageError
from horizon.core.escaping import visible
from horizon.core.records import Message, Turn
from horizon.core.registry import nearest
from horizon.core.row_faults import naming
from horizon.play.episode import LiveEpisode, failed_attempts, restore
from horizon.play.judging import AS_SENT, judged_as_sent
from horizon.play.opening import OpenParts, open_setting
from horizon.play.outside_model import OutsideModel
from horizon.play.plan import scenario_of
from horizon.play.turn import Padding, request_for
from horizon.runs.run_data import RunData, read_run
from horizon.scenarios.conditions import condition_of
from horizon.scenarios.scenario import make


@dataclass(frozen=True, slots=True, repr=False)
class Replayed:
    """One turn of a run as the model saw it, and its row; `doubt` is why the messages may differ from those sent."""

    messages: tuple[Message, ...]
    row: Turn
    doubt: str = ""

    def __str__(self) -> str:
        """Return the turn as text: the messages, the reply and the verdict."""
        return "\n".join(lines(self))

    __repr__ = __str__


def replay(folder: Path, episode: str, turn: int, condition: str = "natural") -> Replayed:
    """Return one turn of a run folder: `replay_turn` of what it holds.

    Raises:
        UsageError: no such episode, turn or condition in this run, with those there are.
        StoreError: the folder is no readable run.
    """
    return replay_turn(read_run(folder), episode, turn, condition)


def replay_turn(
    run: RunData, episode: str, turn: int, condition: str = "natural", task: Environment[Any] | None = None
) -> Replayed:
    """Return the conversation and the row of one turn; `episode` is its id, or its number in the sorted list (from 0).

    `task` is the environment where its name alone does not open it.

    Raises:
        UsageError: no such episode, turn or condition in this run, with those there are; or an imported run.
    """
    if "imported" in run.manifest:
        raise UsageError(
            f"{run.name} was imported: what its model was shown is not in it; see horizon report {run.name}"
        )
    scenario = make(scenario_of(run.manifest), run.name)
    task = task or open_environment(scenario.environment, dict(scenario.parameters))
    name = _episode(run, episode)
    rows = list(run.turns_of(name))
    natural = sorted((row for row in rows if row.condition == "natural"), key=lambda row: row.turn)
    row = next((row for row in rows if (row.turn, row.condition) == (turn, condition)), None)
    if row is None:
        conditions = sorted({row.condition for row in rows if row.turn == turn})
        if not conditions:
            raise UsageError(f"episode {name} has turns 1 to {len(natural)}, not {turn}")
        raise UsageError(f"turn {turn} of {name} was not played under '{condition}': {nearest(condition, conditions)}")
    with naming(row):
        extra = json.loads(row.extra)
        parts = OpenParts(task, OutsideModel(row.model), opponents={}, is_judged=condition == "foreign")
        # How replies were generated does not matter here, and the reader generates none.
        scenario = scenario.model_copy(
            update={"answer": "generate", "constrain": "none", "conditions": ("natural", condition)}
        )
        with open_setting(scenario, parts) as setting:
            live = LiveEpisode(name, 0, None, row.seed, task.load(row.state))
            # A graded copy has other verdicts than those by which replies were replaced.
            natural = [judged_as_sent(own) for own in natural]
            restore(setting, live, natural[: turn - 1], keep_text=True)
            live.state = task.load(row.state)
            live.attempts = failed_attempts(extra)
            padding = Padding(row.context_tokens, extra.get("padding_words"))
            replied = next((other for other in natural if other.turn == turn), None)
            pending = request_for(setting, live, condition, None, padding, replied)
    return Replayed(pending.request.messages, row, _doubt(run, condition))


def _doubt(run: RunData, condition: str) -> str:
    """Return why it can't be known what was sent: an older Horizon graded the run, and kept no earlier verdict."""
    graded, own = run.manifest.get("graded"), condition_of(condition)
    if not isinstance(graded, dict) or graded.get(AS_SENT) or not (own.alternatives or own.needs_reply):
        return ""
    return (
        f"{condition} replaced replies by the verdicts before this copy was graded, which it does not keep: what was "
        f"sent may differ; see horizon show {graded.get('from', 'of the run that was graded')}"
    )


def lines(replayed: Replayed) -> Iterator[str]:
    """Yield the turn as text for a terminal; control characters of the model are escaped."""
    row = replayed.row
    if replayed.doubt:
        yield f"## note\n{visible(replayed.doubt)}"
    for message in replayed.messages:
        yield f"## {message.role}\n{visible(message.content)}"
    yield f"## reply ({row.completion_tokens} tokens, {row.finish_reason})\n{visible(row.reply)}"
    verdict = f"error {row.error}, action {row.action}, best {row.optimal_action}, loss {row.loss}"
    yield f"## verdict\n{visible(verdict)}"


def _episode(run: RunData, text: str) -> str:
    known = sorted(run.turns["episode_id"].unique().to_list())
    if text in known:
        return text
    if text.isdecimal() and int(text) < len(known):
        return str(known[int(text)])
    what = f"{len(known)} episodes, numbered from 0" if text.isdecimal() else nearest(text, known)
    raise UsageError(f"{run.name} has no episode '{text}': {what}")
