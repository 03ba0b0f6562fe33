"""Chat messages for fine-tuning: correct dialogues by the oracle, and the conversations that models really had.

train.jsonl and train.parquet hold the same rows: `messages` as chat templates take them, `kind`, `correct` (per reply
of the assistant), and where it comes from. Filter by `kind`: `replayed` conversations hold the model's errors.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import polars as pl

from horizon.core.environment import Environment, open_environment
from horizon.core.records import Message, Turn
from horizon.play.replay import replay_turn
from horizon.runs.replacing import replacing
from horizon.runs.run_data import RunData

_MESSAGE = pl.Struct({"role": pl.String, "content": pl.String})
SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "messages": pl.List(_MESSAGE),
    "kind": pl.String,
    "correct": pl.List(pl.Boolean),
    "environment": pl.String,
    "parameters": pl.String,
    "seed": pl.Int64,
    "model": pl.String,
    "run_id": pl.String,
    "episode_id": pl.String,
    "turn": pl.Int64,
}


@dataclass(frozen=True, slots=True)
class OracleDialogue:
    """One example: `oracle`, a whole episode by the oracle; `oracle_turn`, one state; `replayed`, a model's episode.

    `turn` is the turn of the last reply.
    """

    kind: Literal["oracle", "oracle_turn", "replayed"]
    messages: tuple[Message, ...]
    correct: tuple[bool, ...]
    turn: int


def export(runs: Sequence[RunData], out: Path) -> list[Path]:
    """Write the dialogues of all runs and return the files.

    Raises:
        UsageError: a run was imported: what its model was shown is not in it.
    """
    rows = [row for run in runs for row in _rows(run)]
    table = pl.DataFrame(rows, schema=SCHEMA, orient="row")
    files = [out / "train.jsonl", out / "train.parquet"]
    with replacing(files[0]) as file:
        table.write_ndjson(file)
    with replacing(files[1]) as file:
        table.write_parquet(file, compression="zstd")
    return files


def _rows(run: RunData) -> Iterator[dict[str, Any]]:
    episodes = run.turns.filter(pl.col("condition") == "natural")["episode_id"].unique().sort().to_list()
    instances: set[tuple[str, int]] = set()
    for episode in episodes:
        natural = sorted((r for r in run.turns_of(episode) if r.condition == "natural"), key=lambda row: row.turn)
        first = natural[0]
        task = _environment_of(first)
        is_exact = not task.has_opponent and task.oracle_kind != "engine"
        dialogues = [_replay(run, natural)]
        # Episodes of one instance have one dialogue by the oracle.
        if is_exact and (first.parameters, first.seed) not in instances:
            dialogues.append(oracle_dialogue(task, first.seed, int(run.manifest["plan"].get("turns", len(natural)))))
            instances.add((first.parameters, first.seed))
        if not is_exact:
            dialogues += _by_turn(task, natural)
        for dialogue in dialogues:
            if dialogue.correct:
                yield _row(dialogue, first)


def _environment_of(row: Turn) -> Environment[Any]:
    parameters = {name: value for name, value in json.loads(row.parameters).items() if name != "opponent"}
    return open_environment(row.environment, parameters)


def oracle_dialogue(task: Environment[Any], seed: int, turns: int) -> OracleDialogue:
    """Return an instance solved by the environment's oracle, as the conversation of a model without errors."""
    state = task.reset(seed)
    messages = [Message("system", task.rules())]
    n_turns = 0
    while n_turns < turns and task.done(state) is None and (action := task.oracle(state)) is not None:
        messages.append(Message("user", task.observe(state) if n_turns else task.pose(state)))
        messages.append(Message("assistant", task.render(state, action)))
        state = task.step(state, action)
        n_turns += 1
    return OracleDialogue("oracle", tuple(messages), (True,) * n_turns, n_turns)


def _by_turn(task: Environment[Any], natural: Sequence[Turn]) -> Iterator[OracleDialogue]:
    """Yield each state whose best action the run knows as a dialogue of one turn, where only an engine knows it."""
    for row in natural:
        if row.optimal_action is not None:
            state = task.load(row.state)
            reply = task.render(state, row.optimal_action)
            messages = (
                Message("system", task.rules()),
                Message("user", task.pose(state)),
                Message("assistant", reply),
            )
            yield OracleDialogue("oracle_turn", messages, (True,), row.turn)


def _replay(run: RunData, natural: Sequence[Turn]) -> OracleDialogue:
    """Return the model's own conversation, up to the last reply; failed attempts at a turn count as incorrect."""
    last = natural[-1]
    shown = replay_turn(run, last.episode_id, last.turn)
    correct = [is_right for row in natural for is_right in (*[False] * (row.attempts - 1), row.correct)]
    return OracleDialogue("replayed", (*shown.messages, Message("assistant", last.reply)), tuple(correct), last.turn)


def _row(dialogue: OracleDialogue, row: Turn) -> dict[str, Any]:
    return {
        "messages": [asdict(message) for message in dialogue.messages],
        "kind": dialogue.kind,
        "correct": list(dialogue.correct),
        "environment": row.environment,
        "parameters": row.parameters,
        "seed": row.seed,
        "model": "oracle" if dialogue.kind == "oracle" else row.model,
        "run_id": row.run_id,
        "episode_id": row.episode_id,
        "turn": dialogue.turn,
    }


EXPORTER = export
