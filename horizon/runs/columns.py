"""What every column of a run's two tables holds: the text of docs/schema.md, and of the card of an exported dataset.

The types and whether a value may be missing come from the records themselves; only the meaning is written here.
"""

from dataclasses import dataclass

from horizon.core.records import ERROR_KINDS, Episode, Turn
from horizon.runs.row_format import LAYOUTS, Row

_TURN = {
    "run_id": "the run: a hash of its plan, the same wherever that plan is played",
    "episode_id": "the episode within its run; its probes share it",
    "environment": "the environment's name, such as `hanoi`",
    "parameters": "the environment's parameters as a JSON object, with `opponent` where there is one",
    "seed": "the instance: equal seeds of one environment and parameters are equal first states",
    "model": "the model's name as it was played, such as `hf:ORG/NAME`",
    "condition": "how the history was shown: `natural`, or a probe such as `fresh`",
    "turn": "the model's turn in its episode, from 1",
    "state": "the state before the reply as one line of text, which `Environment.load` takes",
    "prompt_tokens": "tokens that this turn's own message added to the input",
    "context_tokens": "tokens of the whole input of the request",
    "completion_tokens": "tokens of the reply",
    "reply": "the model's whole reply; of several attempts the last",
    "action": "the action parsed from the reply in its canonical text; missing where it held none",
    "error": "the kind of error: " + ", ".join(f"`{kind}`" for kind in ERROR_KINDS),
    "correct": "whether `error` is `none`",
    "loss": "how bad the action was, 0 to 1; missing where the turn is not graded",
    "random_loss": "the mean loss over all legal actions of the state, 0 to 1",
    "optimal_action": "one action without loss, where the oracle knows it",
    "attempts": "requests that the turn took: more than 1 only under `on_error = retry:n`",
    "substituted": "whether another action was played in place of the reply's",
    "prior_errors": "errors in the history that was shown",
    "latency_ms": "time of the reply in milliseconds; of a batch, the batch's share",
    "engine_ms": "time of the judge engine in milliseconds",
    "finish_reason": "`stop`, `length` (cut by the token limit), `overflow` (did not fit the context) or `refusal`",
    "extra": "further figures as a JSON object (see below)",
}
_EPISODE = {
    **{name: _TURN[name] for name in ("run_id", "episode_id", "environment", "parameters", "seed", "model")},
    "opponent": "the opponent's name; missing where there is none",
    "turns": "natural turns that were played",
    "outcome": "the environment's outcome (`won`, `solved`, ...), `turn_limit`, `error` (under `on_error = stop`) or "
    "`aborted`, a failure of the infrastructure",
    "failure": "why an aborted episode was aborted",
    "extra": "a JSON object; `final_state` is the state in which the episode ended",
}
_MEANINGS: dict[type[Row], dict[str, str]] = {Turn: _TURN, Episode: _EPISODE}

EXTRA = {
    "difficulty": "how hard the state is, in the environment's own unit",
    "attempts": "the earlier attempts under `retry:n`: objects with `reply`, `error` and their known counts of tokens "
    "and time",
    "shared_reply": "true where the reply is that of the same conversation under another condition, without a request",
    "cached_tokens": "input tokens that the server had in its cache",
    "played": "the action that was played where `substituted` is true",
    "right_reply": "the reply that `healed` histories show in place of an incorrect one: a correct one, or what was "
    "played",
    "wrong_reply": "the incorrect reply that `corrupted:p` histories may show",
    "wrong_note": "what was played, in the message after `wrong_reply`, where the state follows from the replies",
    "sent_error": "in a graded copy: the verdict by which later histories were healed when they were sent, if it was "
    "another one",
    "reasoning": "the model's reasoning, where its server returns it apart from the reply",
    "thinking_words": "words of neutral text that are as long as the reply's thinking, for `think:replace`",
    "hidden_tokens": "how many tokens of the history `hide:own` or `hide:other` hid",
    "rounded_tokens": "how many tokens of the history `kv:bits` rounded",
    "illegal_cause": "why a chess move was illegal",
    "pieces, material, check": "chess: men on the board, material in pawns, whether the side to move is in check",
}
"""Keys of a turn's `extra` that several environments or conditions write; an environment's page lists its own."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name, its type as Parquet has it, whether a value may be missing, and what it holds."""

    name: str
    type: str
    is_nullable: bool
    meaning: str


def columns_of(kind: type[Row]) -> list[Column]:
    """Return the columns of one of a run's tables, in their order."""
    layout, types = LAYOUTS[kind], {str: "string", int: "int64", float: "float64", bool: "bool"}
    columns = zip(layout.names, layout.types, layout.nullable, strict=True)
    return [Column(name, types[type_], nullable, _MEANINGS[kind][name]) for name, type_, nullable in columns]


def markdown_table(kind: type[Row]) -> str:
    """Return the columns as a table in Markdown."""
    lines = ["| column | type | missing | what it holds |", "| --- | --- | --- | --- |"]
    for column in columns_of(kind):
        missing = "may be" if column.is_nullable else "never"
        lines.append(f"| `{column.name}` | {column.type} | {missing} | {column.meaning} |")
    return "\n".join(lines) + "\n"
