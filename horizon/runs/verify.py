"""A run folder verified: checksums and chain of the journal, turn counts, tables against journal, and the manifest.

Every damage is one line that names file and place. Reads everything, changes nothing.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from horizon.core.errors import ContractError, StoreError
from horizon.core.records import Episode, Turn
from horizon.runs import manifest as manifests
from horizon.runs import tables
from horizon.runs.journal import JOURNAL
from horizon.runs.journal_reader import Entry, Key, distinct_entries, first_gap
from horizon.runs.row_format import Row, encode, key
from horizon.runs.tables import EPISODES, TURNS

_MOST_ROWS = 5
"""Rows of one kind that are named; the others are counted."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was verified of a run folder; `damage` is None where it is as it should be."""

    what: str
    detail: str
    damage: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Return a plain object, as `--json` prints it."""
        return {"what": self.what, "detail": self.detail, "damage": self.damage}


def verify(folder: Path) -> list[Check]:
    """Verify a run folder.

    Memory: 200 bytes per row. Cost: about a minute for a million rows.

    Raises:
        StoreError: the folder is no run at all.
    """
    try:
        manifest = manifests.read(folder)
    except StoreError as problem:
        if not (folder / manifests.MANIFEST).is_file():
            raise
        return [Check(manifests.MANIFEST, "", str(problem))]
    checks = [_manifest(manifest)]
    journal: dict[Key, int] | None = None
    if (folder / JOURNAL).exists():
        journal = {}
        checks += _journal(folder, manifest, journal)
    has_tables = [name for name in (TURNS, EPISODES) if (folder / name).exists()]
    written = manifest.get(tables.WRITTEN)
    if has_tables or written:
        checks += _tables(folder, manifest, journal)
    if journal is None and not has_tables:
        checks.append(Check(JOURNAL, "", "journal and tables are missing: restore them from a copy"))
    return checks


def _manifest(manifest: Mapping[str, Any]) -> Check:
    is_whole = manifests.is_as_written(manifest)
    if is_whole is None:
        return Check(manifests.MANIFEST, "from an older version, without a checksum")
    problem = None if is_whole else "it was changed after it was written: restore it from a copy"
    return Check(manifests.MANIFEST, "checksum verified", problem)


def _journal(folder: Path, manifest: Mapping[str, Any], seen: dict[Key, int]) -> Iterator[Check]:
    """Verify the journal; fill `seen` with a hash of each row by its key."""
    path = folder / JOURNAL
    entry: Entry | None = None
    shapes: list[Row] = []
    try:
        for entry in distinct_entries(path):
            row = entry.row
            seen[key(row)] = hash(encode(row))
            if isinstance(row, Episode) or row.condition == "natural":
                shapes.append(row)
    except StoreError as problem:
        yield Check(JOURNAL, "", str(problem))
        return
    sealed = (
        "checksums verified" if entry is None or entry.link is not None else "from an older version, without checksums"
    )
    detail = f"{len(seen)} rows, {sealed}"
    torn = path.stat().st_size - (entry.end if entry is not None else 0)
    if torn:
        fix = manifests.resume_command(folder)
        yield Check(
            JOURNAL, detail, f"its last {torn} bytes are an incomplete line, as after a kill: {fix} drops them"
        )
    else:
        yield Check(JOURNAL, detail)
    yield from _counts(folder, manifest, shapes)


def _counts(folder: Path, manifest: Mapping[str, Any], rows: list[Row]) -> Iterator[Check]:
    ended = sum(isinstance(row, Episode) for row in rows)
    detail = f"{ended} ended episodes, {len(rows) - ended} natural turns"
    if manifests.IMPORTED in manifest:
        yield Check("counts", detail)
        return
    gap = first_gap(rows)
    run_id = manifests.run_id_of(manifest["plan"])
    other_run = next((row.run_id for row in rows if row.run_id != run_id), None)
    if other_run is not None:
        gap = f"the rows are of run {other_run!r:.40}, and the plan of the manifest makes run {run_id}"
    yield Check("counts", detail, gap)


def _tables(folder: Path, manifest: Mapping[str, Any], journal: Mapping[Key, int] | None) -> Iterator[Check]:
    """Verify both tables by their checksums, and row by row against the journal where that holds as much."""
    covered = tables.covered_bytes(folder)
    size = (folder / JOURNAL).stat().st_size if (folder / JOURNAL).exists() else -1
    # Tables of a run that was resumed since lack its newest rows; a journal that was cut lacks the tables'.
    compared = journal if covered is None or covered in (-1, size) else None
    shapes: list[Row] = []
    yield _table(folder, TURNS, tables.iterate_table(folder, Turn), manifest, compared, shapes)
    yield _table(folder, EPISODES, tables.iterate_table(folder, Episode), manifest, compared, shapes)
    if covered is not None and covered > size:
        fix = manifests.resume_command(folder)
        what = "is gone" if size < 0 else f"has lost {covered - size} bytes"
        yield Check(
            JOURNAL, f"{covered} bytes when finished", f"it {what}; the tables have all rows: {fix} restores it"
        )
        yield from _counts(folder, manifest, shapes)


def _table(
    folder: Path,
    name: str,
    rows: Iterator[Turn] | Iterator[Episode],
    manifest: Mapping[str, Any],
    journal: Mapping[Key, int] | None,
    shapes: list[Row],
) -> Check:
    """Verify one table; add its episodes and natural turns to `shapes`."""
    if not (folder / name).exists():
        return Check(name, "", tables.damage_message(folder, name, "it is gone"))
    count, differing, keys = 0, list[str](), set[Key]()
    try:
        for row in rows:
            count += 1
            if isinstance(row, Episode) or row.condition == "natural":
                shapes.append(row)
            if journal is not None:
                keys.add(key(row))
                if journal.get(key(row)) != _hash_of(row):
                    differing.append(_place(row))
        damage = None if tables.is_unchanged(folder, name, manifest) else "its checksum does not fit"
    except StoreError as problem:
        return Check(name, "", str(problem))
    lacking = sum((name == EPISODES) == (key[1] == 0) for key in journal.keys() - keys) if journal else 0
    if differing:
        more = f" and {len(differing) - _MOST_ROWS} more" if len(differing) > _MOST_ROWS else ""
        damage = f"it differs from the journal in {', '.join(differing[:_MOST_ROWS])}{more}"
    elif lacking:
        damage = f"it lacks {lacking} of the journal's rows"
    return Check(name, f"{count} rows", tables.damage_message(folder, name, damage) if damage else None)


def _hash_of(row: Row) -> int | None:
    try:
        return hash(encode(row))
    except ContractError:  # a value that no journal holds
        return None


def _place(row: Row) -> str:
    if isinstance(row, Episode):
        return f"episode '{row.episode_id}'"
    return f"turn {row.turn} of episode '{row.episode_id}' ({row.condition})"
