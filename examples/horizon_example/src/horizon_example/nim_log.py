"""The import format `nim_log`: games of Nim as JSON lines, each turn judged by the oracle of `nim`.

A line is a game: {"game": "7", "model": "M", "turns": [{"heaps": [3, 4, 5], "reply": "A2"}, ...]}. The log has the
model's turns only, each with the heaps that it was shown and its move.
"""

import json
from collections.abc import Iterator
from typing import Any

from horizon.archives.documents import Document, Problem
from horizon.archives.games import ArchivedChat, Found, Harness, JudgedTurn
from horizon_example.nim import Heaps, Nim

_HARNESS = Harness(
    name="nim_log",
    history="natural",
    history_shown="the whole game",
    board="the stones of every heap",
    legal_moves=None,
    attempts=1,
    after_failure="the game is lost",
    answer="the heap's letter and the number of stones",
    records="heaps and move of the model's turns",
)


class NimLog:
    """Reads each line by itself."""

    def recognises(self, document: Document) -> bool:
        """Return whether the file is named as such logs are."""
        return document.name.endswith(".nim.jsonl")

    def read(self, document: Document) -> Iterator[Found]:
        """Yield the game of every line, or a problem for a line that is no game."""
        for number, line in enumerate(document.text().splitlines(), 1):
            if line.strip():
                where = f"{document.name}:{number}"
                try:
                    yield _game(json.loads(line), where)
                except (ValueError, KeyError, TypeError, RecursionError) as problem:
                    yield Problem(where, f"is no game of nim: {type(problem).__name__}: {problem}")

    def finish(self) -> Iterator[Found]:
        """Yield nothing: no line waits for another one."""
        return iter(())


def _game(line: dict[str, Any], where: str) -> ArchivedChat:
    turns = tuple(_turn(turn, number) for number, turn in enumerate(line["turns"], 1))
    return ArchivedChat(
        name=f"nim_log/{where}/{line['game']}",
        task="nim",
        model=str(line["model"]),
        harness=_HARNESS,
        turns=turns,
        n_turns=len(turns),
        outcome="failed" if any(turn.error == "illegal" for turn in turns) else "unscored",
    )


def _turn(turn: dict[str, Any], number: int) -> JudgedTurn:
    nim = Nim()
    state = Heaps(tuple(int(stones) for stones in turn["heaps"]), "model")
    move = str(turn["reply"])
    verdict = nim.judge(state, move)
    return JudgedTurn(number, nim.dump(state), move, verdict.error, verdict.loss, tokens=None)


IMPORTER = NimLog
