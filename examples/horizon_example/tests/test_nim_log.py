"""The import format judges moves by Bouton's theorem, and leaves out what is no game."""

import json

from horizon_example.nim_log import NimLog

from horizon.archives.documents import Document, Problem
from horizon.archives.games import ArchivedChat

GAME = {
    "game": "7",
    "model": "someone",
    # 3 ^ 4 ^ 5 = 2 is won: A2 leaves 1 ^ 4 ^ 5 = 0 and keeps it. 1 ^ 3 ^ 5 = 7 is won: B1 leaves 1 ^ 2 ^ 5 = 6.
    "turns": [{"heaps": [3, 4, 5], "reply": "A2"}, {"heaps": [1, 3, 5], "reply": "B1"}, {"heaps": [1], "reply": "A9"}],
}


def read(*lines: str) -> list[object]:
    return list(NimLog().read(Document("games.nim.jsonl", "\n".join(lines).encode())))


def test_each_turn_is_judged_by_the_theory_of_the_game() -> None:
    (game,) = read(json.dumps(GAME))
    assert isinstance(game, ArchivedChat)
    assert [turn.error for turn in game.turns] == ["none", "wrong", "illegal"]


def test_a_line_that_is_no_game_is_one_problem_and_the_others_are_read() -> None:
    torn, whole = read('{"game": "7", "turns"', json.dumps(GAME))
    assert isinstance(torn, Problem) and torn.where == "games.nim.jsonl:1"
    assert isinstance(whole, ArchivedChat)


def test_logs_are_recognised_by_their_name() -> None:
    assert NimLog().recognises(Document("a/games.nim.jsonl", b""))
    assert not NimLog().recognises(Document("a/games.csv", b""))
