"""Claims about the scores cache: a row with any bit changed is scored again, and so is one of another position."""

import sqlite3
from pathlib import Path

from horizon.core.records import Scores
from horizon.engines.cache import ScoresCache
from horizon.engines.win_probability import make_score

SCORES = Scores({"e2e4": make_score(31), "a7a8q": make_score(mate=4), "b1c3": make_score(-900)}, 1.5)


def filled(path: Path) -> bytes:
    cache = ScoresCache(path, "engine", 100)
    cache.put("position", SCORES)
    cache.close()
    with sqlite3.connect(path) as data:
        (blob,) = data.execute("SELECT moves FROM scores").fetchone()
    return bytes(blob)


def change(path: Path, column: str, value: object) -> None:
    with sqlite3.connect(path) as data:
        data.execute(f"UPDATE scores SET {column} = ?", (value,))


def test_no_flipped_bit_gives_other_scores(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    blob = filled(path)
    for bit in range(8 * len(blob)):
        damaged = bytearray(blob)
        damaged[bit // 8] ^= 1 << bit % 8
        change(path, "moves", bytes(damaged))
        cache = ScoresCache(path, "engine", 100)
        assert cache.get("position") is None
        cache.close()
    change(path, "moves", blob)
    assert ScoresCache(path, "engine", 100).get("position") == SCORES


def test_a_row_that_is_cut_of_another_type_or_of_another_position_is_scored_again(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    blob = filled(path)
    for value in (blob[:-9], blob[:-4], blob + b"\0" * 9, b"", "text", 7, None):
        change(path, "moves", value)
        assert ScoresCache(path, "engine", 100).get("position") is None
    change(path, "moves", blob)
    change(path, "position", "another")
    assert ScoresCache(path, "engine", 100).get("another") is None


def test_a_row_scored_again_replaces_the_damaged_one(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    blob = filled(path)
    change(path, "moves", blob[:-1] + bytes([blob[-1] ^ 1]))
    cache = ScoresCache(path, "engine", 100)
    cache.put("position", SCORES)
    assert cache.get("position") == SCORES
