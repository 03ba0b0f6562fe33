"""The `.eval` log of Inspect AI: a zip with header.json and one JSON file per sample; each sample is an episode.

Only what the log itself judged becomes a row: the scores of single turns (intermediate score events), and the sample's
own score at its last turn. A turn without a score has no row, since nothing is known of it. Where Horizon's own task
was evaluated, or Horizon wrote the log, the scores hold its rows, one score per condition, taken as they are.
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from horizon.archives.documents import Document, Problem
from horizon.archives.games import ArchivedChat, ArchivedRows, Found, Harness, JudgedTurn
from horizon.core.records import Episode, Turn
from horizon.runs.row_format import SCHEMA_VERSION, decode

_PASS = {"C": 1.0, "P": 0.5, "I": 0.0, "N": 0.0}
"""Inspect's letters: correct, partially correct, incorrect, no answer."""
_LONGEST_STATE = 20_000


class Inspect:
    """Gathers the header and the samples of a log; samples that come before their header wait for it."""

    def __init__(self) -> None:
        self._headers: dict[str, dict[str, Any]] = {}
        self._waiting: dict[str, list[Document]] = {}

    def recognises(self, document: Document) -> bool:
        """Return whether the file is inside an .eval archive."""
        return any(part.lower().endswith(".eval") for part in document.path.parts[:-1])

    def read(self, document: Document) -> Iterator[Found]:
        """Yield the sample of the document, or those that waited for it."""
        log = next((part for part in document.path.parts if part.lower().endswith(".eval")), document.name)
        if document.path.name == "header.json":
            self._headers[log] = json.loads(document.text())
            for sample in self._waiting.pop(log, []):
                yield _sample(sample, log, self._headers[log])
        elif document.path.parent.name == "samples":
            if log in self._headers:
                yield _sample(document, log, self._headers[log])
            else:
                self._waiting.setdefault(log, []).append(document)

    def finish(self) -> Iterator[Found]:
        """Yield a line for each log that has no header, as one that was cut off while it ran."""
        for log, documents in sorted(self._waiting.items()):
            yield Problem(log, f"has no header.json: {len(documents)} samples are not read")


def _sample(document: Document, log: str, header: dict[str, Any]) -> Found:
    try:
        sample = json.loads(document.text())
    except (ValueError, RecursionError) as problem:
        return Problem(document.name, f"is no JSON: {problem}")
    task = header.get("eval", {})
    config = header.get("plan", {}).get("config", {}) or {}
    scores = sample.get("scores") or {}
    stored = [record for score in scores.values() if (record := _record(score))]
    if stored:
        name = f"inspect/{log}/{sample.get('id')}:{sample.get('epoch', 1)}"
        try:
            return _read_played(stored, name, config)
        except (ValueError, KeyError, TypeError, AttributeError) as problem:
            return Problem(name, f"has a row that is none: {type(problem).__name__}: {problem}")
    messages = [message for message in sample.get("messages", []) if isinstance(message, dict)]
    replies = [place for place, message in enumerate(messages) if message.get("role") == "assistant"]
    broken = sample.get("error")
    if not replies:
        return Problem(document.name, "holds no reply of a model")
    judged = {} if broken else dict(_intermediate(sample))
    final = _pass_of(next(iter(scores.values()), None)) if not broken else None
    if final is not None:
        judged[len(replies)] = final
    return ArchivedChat(
        name=f"inspect/{log}/{sample.get('id')}:{sample.get('epoch', 1)}",
        task=f"inspect_{task.get('task', 'task')}",
        model=str(task.get("model", "?")),
        harness=Harness(
            name="inspect",
            history="natural",
            history_shown="the whole chat",
            board=None,
            legal_moves=None,
            attempts=None,
            after_failure="as the task's solver has it",
            answer="as the task's scorer reads it",
            temperature=_number(config.get("temperature")),
            max_tokens=config.get("max_tokens") if isinstance(config.get("max_tokens"), int) else None,
            records="the whole chat, and the scores that the task gave",
        ),
        turns=tuple(
            _turn(messages, replies, turn, share)
            for turn, share in sorted(judged.items())
            if 1 <= turn <= len(replies)
        ),
        n_turns=len(replies),
        outcome="aborted" if broken else "unscored" if final is None else "solved" if final == 1 else "failed",
        failure=str(broken.get("message", broken))[:300] if isinstance(broken, dict) else None,
        facts={"scorers": sorted(scores)},
    )


def _record(score: Any) -> dict[str, Any] | None:
    """Return the rows that Horizon's own task left in a score."""
    metadata = score.get("metadata") if isinstance(score, dict) else None
    record = metadata.get("horizon") if isinstance(metadata, dict) else None
    return record if isinstance(record, dict) and "turns" in record and "episode" in record else None


def _read_played(records: Sequence[dict[str, Any]], name: str, config: dict[str, Any]) -> Found:
    """Return an episode of Horizon's own task with its rows as they were judged; `records` has one per condition.

    Raises:
        ValueError: a row is none.
    """
    for record in records:
        if record.get("schema_version") != SCHEMA_VERSION:
            return Problem(name, f"has rows of schema version {record.get('schema_version')}, not {SCHEMA_VERSION}")
    turns = [decode(json.dumps({"turn": turn}).encode()) for record in records for turn in record["turns"]]
    record = records[0]
    episode = decode(json.dumps({"episode": record["episode"]}).encode())
    if not isinstance(episode, Episode):
        return Problem(name, "has no episode")
    plan = record["plan"]
    harness = Harness(
        name="horizon",
        history="natural",
        history_shown="the whole conversation",
        board="as the environment poses it",
        legal_moves=None,
        attempts=1 + int(str(plan.get("on_error", "")).partition(":")[2] or 0),
        after_failure=f"{plan.get('on_error')}, {plan.get('substitute')}",
        answer="as the environment parses it",
        temperature=_number(config.get("temperature")),
        max_tokens=config.get("max_tokens") if isinstance(config.get("max_tokens"), int) else None,
        records="every row as it was judged",
    )
    return ArchivedRows(
        name, episode.model, harness, tuple(turn for turn in turns if isinstance(turn, Turn)), episode, plan
    )


def _turn(messages: list[dict[str, Any]], replies: list[int], turn: int, share: float) -> JudgedTurn:
    place = replies[turn - 1]
    before = messages[place - 1] if place else {}
    return JudgedTurn(
        turn=turn,
        state=_text(before)[:_LONGEST_STATE],
        reply=_text(messages[place]),
        error="none" if share == 1 else "wrong",
        loss=1 - share,
        tokens=None,
    )


def _intermediate(sample: dict[str, Any]) -> Iterator[tuple[int, float]]:
    """Yield the turn and the share of each score that was given before the end: after which reply it was given."""
    n_replies = 0
    for event in sample.get("events") or ():
        if event.get("event") == "model" and not event.get("error"):
            n_replies += 1
        elif event.get("event") == "score" and event.get("intermediate"):
            share = _pass_of(event.get("score"))
            if share is not None and n_replies:
                yield n_replies, share


def _pass_of(score: Any) -> float | None:
    """Return a score as a share of 1, or None where it is none: letters, true and false, numbers from 0 to 1."""
    value = score.get("value") if isinstance(score, dict) else None
    if isinstance(value, str):
        return _PASS.get(value)
    number = _number(value)
    return number if number is not None and 0 <= number <= 1 else None


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, bool | int | float) else None


def _text(message: dict[str, Any]) -> str:
    """Return a message's text; of a list of parts those that are text."""
    content = message.get("content", "")
    if isinstance(content, list):
        return "\n".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    return str(content)


IMPORTER = Inspect
