"""Claims about damage: a journal that lost, gained or changed anything is noticed, and its line is named."""

import random
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from horizon.core.errors import StoreError
from horizon.play import session
from horizon.runs import run_folder
from horizon.runs.journal import JOURNAL
from horizon.runs.journal_reader import entries, rewrite
from horizon.scenarios.scenario import make

GIVEN = {
    "environment": "running_total",
    "model": "random",
    "episodes": 3,
    "turns": 5,
    "conditions": ["natural", "fresh"],
}
SCENARIO = make(GIVEN, "test")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of 33 lines."""
    folder = tmp_path_factory.mktemp("base") / "run"
    session.run(SCENARIO, folder)
    return folder


def rows(folder: Path) -> list[pl.DataFrame]:
    turns = run_folder.read_turns(folder).drop("latency_ms", "engine_ms")
    return [turns, run_folder.read_episodes(folder)]


def copy(base: Path, to: Path, journal: bytes | None, *, tables: bool = False) -> Path:
    """Copy a run with another journal, or none; its tables only if asked for."""
    to.mkdir(parents=True)
    (to / "manifest.json").write_bytes((base / "manifest.json").read_bytes())
    if journal is not None:
        (to / JOURNAL).write_bytes(journal)
    for name in ("turns.parquet", "episodes.parquet") if tables else ():
        (to / name).write_bytes((base / name).read_bytes())
    return to


def resume(folder: Path) -> tuple[str, ...]:
    return session.run(SCENARIO, folder, session.RunOptions(resume=True)).warnings


def is_same(folder: Path, base: Path) -> bool:
    return all(one.equals(other) for one, other in zip(rows(folder), rows(base), strict=True))


def flip(draw: random.Random, journal: bytes) -> bytes:
    at = draw.randrange(len(journal))
    return journal[:at] + bytes([journal[at] ^ 1 << draw.randrange(8)]) + journal[at + 1 :]


def hole(draw: random.Random, journal: bytes) -> bytes:
    at = draw.randrange(len(journal))
    return journal[:at] + journal[at + draw.randint(1, 2000) :]


def zeros(draw: random.Random, journal: bytes) -> bytes:
    at, size = draw.randrange(len(journal)), draw.randint(1, 2000)
    return journal[:at] + bytes(min(size, len(journal) - at)) + journal[at + size :]


def lose(draw: random.Random, journal: bytes) -> bytes:
    lines = journal.splitlines(keepends=True)
    at = draw.randrange(len(lines) - 1)
    return b"".join(lines[:at] + lines[at + draw.randint(1, 3) :])


def double(draw: random.Random, journal: bytes) -> bytes:
    lines = journal.splitlines(keepends=True)
    at = draw.randrange(len(lines))
    return b"".join([*lines[: at + 1], *lines[at:]])


def swap(draw: random.Random, journal: bytes) -> bytes:
    lines = journal.splitlines(keepends=True)
    one, other = draw.sample(range(len(lines)), 2)
    lines[one], lines[other] = lines[other], lines[one]
    return b"".join(lines)


@pytest.mark.parametrize("damage", [flip, hole, zeros, lose, double, swap])
def test_no_damage_gives_other_rows_in_silence(
    damage: Callable[[random.Random, bytes], bytes], base: Path, tmp_path: Path
) -> None:
    whole = (base / JOURNAL).read_bytes()
    played = [entry.row for entry in entries(base / JOURNAL)]
    manifest = run_folder.read_manifest(base)
    draw = random.Random(7)
    for trial in range(25):
        journal = damage(draw, whole)
        folder = copy(base, tmp_path / str(trial), journal)
        try:
            journal_again, turns, episodes, warnings = run_folder.resume(folder, manifest)
        except StoreError as problem:
            assert re.search(r"damaged at line \d+: ", str(problem))
            continue
        journal_again.close()
        # Only the end may have been damaged, as a kill leaves it: what is before it is as it was.
        kept = len(turns) + len(episodes)
        assert warnings or journal == whole
        assert {*turns, *episodes} == set(played[:kept])


@pytest.mark.parametrize(
    ("change", "line", "reason"),
    [
        (lambda lines: [*lines[:4], *lines[5:]], 5, "line 5 is missing"),
        (lambda lines: [*lines[:4], *lines[7:]], 5, "lines 5 to 7 are missing"),
        (lambda lines: [*lines[:5], *lines[4:]], 6, "it was line 5"),
        (lambda lines: [*lines, lines[-1]], 34, "it was line 33"),
        (lambda lines: [*lines[:8], lines[9], lines[8], *lines[10:]], 9, "line 9 is missing"),
        (lambda lines: [*lines[:2], lines[2].replace(b'"turn":', b'"turn": ', 1), *lines[3:]], 3, "checksum"),
        (lambda lines: [*lines[:2], lines[2].partition(b',"line":')[0] + b"}\n", *lines[3:]], 3, "has no"),
    ],
)  # fmt: skip
def test_the_damaged_line_is_named_with_what_is_wrong_with_it(
    change: Callable[[list[bytes]], list[bytes]], line: int, reason: str, base: Path, tmp_path: Path
) -> None:
    lines = (base / JOURNAL).read_bytes().splitlines(keepends=True)
    assert len(lines) == 33
    folder = copy(base, tmp_path / "run", b"".join(change(lines)))
    with pytest.raises(StoreError, match=rf"line {line}: .*{reason}"):
        resume(folder)
    with pytest.raises(StoreError, match=rf"line {line}: .*{reason}"):
        run_folder.read_turns(folder)


def test_line_ends_that_copying_changed_cost_no_row(base: Path, tmp_path: Path) -> None:
    whole = (base / JOURNAL).read_bytes()
    folder = copy(base, tmp_path / "copied", whole.replace(b"\n", b"\r\n"))
    assert [entry.row for entry in entries(folder / JOURNAL)] == [entry.row for entry in entries(base / JOURNAL)]


def test_lines_of_another_run_are_refused_though_their_checksums_fit(base: Path, tmp_path: Path) -> None:
    session.run(make({**GIVEN, "seed": 1}, "test"), tmp_path / "other")
    other = (tmp_path / "other" / JOURNAL).read_bytes().splitlines(keepends=True)
    own = (base / JOURNAL).read_bytes().splitlines(keepends=True)
    folder = copy(base, tmp_path / "mixed", b"".join([*own[:10], *other[10:20]]))
    with pytest.raises(StoreError, match="line 11: it is of run"):
        resume(folder)
    folder = copy(base, tmp_path / "whole", b"".join(other))
    with pytest.raises(StoreError, match="put the two files of one run together"):
        resume(folder)


def test_a_line_of_the_same_run_played_elsewhere_does_not_fit(base: Path, tmp_path: Path) -> None:
    own = (base / JOURNAL).read_bytes().splitlines(keepends=True)
    rows = [entry.row for entry in entries(base / JOURNAL)]
    folder = copy(base, tmp_path / "again", None)
    rewrite(folder, [replace(row, extra='{"elsewhere":true}') for row in rows])
    other = (folder / JOURNAL).read_bytes().splitlines(keepends=True)
    with pytest.raises(StoreError, match="line 11: it does not follow the line before it"):
        resume(copy(base, tmp_path / "mixed", b"".join([*own[:10], *other[10:]])))


def unsealed(journal: bytes) -> list[bytes]:
    """Return the lines as an older version wrote them."""
    return [line.partition(b',"line":')[0] + b"}\n" for line in journal.splitlines(keepends=True)]


def test_a_journal_of_an_older_version_is_read_resumed_and_sealed(base: Path, tmp_path: Path) -> None:
    lines = unsealed((base / JOURNAL).read_bytes())
    folder = copy(base, tmp_path / "run", b"".join(lines[:20]))
    assert run_folder.read_turns(folder).height + run_folder.read_episodes(folder).height == 20
    assert any("of an older version" in warning for warning in resume(folder))
    assert is_same(folder, base)
    assert all(entry.link is not None for entry in entries(folder / JOURNAL))
    assert not resume(folder)


def test_a_turn_missing_from_an_old_journal_is_named(base: Path, tmp_path: Path) -> None:
    lines = unsealed((base / JOURNAL).read_bytes())
    lost = next(line for line in lines if b'"natural","turn":2' in line)
    with pytest.raises(StoreError, match=r"turn 2 of episode 'running_total#0000\d' is missing"):
        resume(copy(base, tmp_path / "run", b"".join(line for line in lines if line != lost)))


@pytest.mark.parametrize("left", [None, 0, 2000])
def test_finished_tables_whose_journal_is_gone_or_cut_are_kept_and_nothing_is_played(
    left: int | None, base: Path, tmp_path: Path
) -> None:
    journal = None if left is None else (base / JOURNAL).read_bytes()[:left]
    folder = copy(base, tmp_path / "run", journal, tables=True)
    before = [(folder / name).read_bytes() for name in ("turns.parquet", "episodes.parquet")]
    finished = session.run(SCENARIO, folder, session.RunOptions(resume=True))
    assert finished.played.turns == finished.played.probes == 0
    assert "made again from the tables" in finished.warnings[0]
    assert [(folder / name).read_bytes() for name in ("turns.parquet", "episodes.parquet")] == before
    assert sum(1 for _ in entries(folder / JOURNAL)) == 33


def test_a_finished_run_that_lost_journal_and_a_table_is_refused(base: Path, tmp_path: Path) -> None:
    folder = copy(base, tmp_path / "run", None, tables=True)
    (folder / "turns.parquet").unlink()
    with pytest.raises(StoreError, match=r"turns\.jsonl is gone and turns\.parquet is gone"):
        resume(folder)
    with pytest.raises(StoreError, match=r"turns\.parquet is damaged \(it is gone\)"):
        run_folder.read_turns(folder)
    folder = copy(base, tmp_path / "both", None)
    with pytest.raises(StoreError, match="restore one of them"):
        resume(folder)


def test_a_journal_damaged_beside_whole_tables_changes_neither(base: Path, tmp_path: Path) -> None:
    lines = (base / JOURNAL).read_bytes().splitlines(keepends=True)
    lines[7] = lines[7].replace(b"natural", b"NATURAL").replace(b"fresh", b"FRESH")
    folder = copy(base, tmp_path / "run", b"".join(lines), tables=True)
    with pytest.raises(StoreError, match="line 8"):
        resume(folder)
    assert is_same(folder, base)


def test_a_flipped_byte_of_a_table_is_noticed_and_made_good_from_the_journal(base: Path, tmp_path: Path) -> None:
    table = (base / "turns.parquet").read_bytes()
    folder = copy(base, tmp_path / "run", (base / JOURNAL).read_bytes(), tables=True)
    (folder / "turns.parquet").write_bytes(table[:900] + bytes([table[900] ^ 1]) + table[901:])
    with pytest.raises(StoreError, match=r"turns\.parquet is damaged .*horizon play --resume"):
        run_folder.read_turns(folder)
    resume(folder)
    assert is_same(folder, base)
