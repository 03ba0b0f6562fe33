"""Damaged journals: bits flipped, holes, zeros, lines lost, doubled, moved and of another run; then resumed.

Run: python benchmarks/reliability/journals.py [N]. Every damage must be refused with its line, or reported with what
is before it unchanged (as after a kill); other rows without a word are a failure.
"""

import os
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"

from horizon.core.errors import StoreError
from horizon.play import session
from horizon.runs import run_folder
from horizon.runs.journal_reader import entries, rewrite
from horizon.scenarios.scenario import make

Damage = Callable[[random.Random, bytes], bytes]


def flip(draw: random.Random, journal: bytes) -> bytes:
    """Flip one bit."""
    at = draw.randrange(len(journal))
    return journal[:at] + bytes([journal[at] ^ 1 << draw.randrange(8)]) + journal[at + 1 :]


def hole(draw: random.Random, journal: bytes) -> bytes:
    """Cut bytes out."""
    at = draw.randrange(len(journal))
    return journal[:at] + journal[at + draw.randint(1, 4096) :]


def zeros(draw: random.Random, journal: bytes) -> bytes:
    """Overwrite bytes with zeros."""
    at = draw.randrange(len(journal))
    size = min(draw.randint(1, 4096), len(journal) - at)
    return journal[:at] + bytes(size) + journal[at + size :]


def lose(draw: random.Random, journal: bytes) -> bytes:
    """Lose one to five whole lines that are not the last ones."""
    lines = journal.splitlines(keepends=True)
    at = draw.randrange(len(lines) - 6)
    return b"".join(lines[:at] + lines[at + draw.randint(1, 5) :])


def double(draw: random.Random, journal: bytes) -> bytes:
    """Write one line twice."""
    lines = journal.splitlines(keepends=True)
    at = draw.randrange(len(lines))
    return b"".join([*lines[: at + 1], *lines[at:]])


def shuffle(draw: random.Random, journal: bytes) -> bytes:
    """Move two lines."""
    lines = journal.splitlines(keepends=True)
    one, other = draw.sample(range(len(lines)), 2)
    lines[one], lines[other] = lines[other], lines[one]
    return b"".join(lines)


def tail(draw: random.Random, journal: bytes) -> bytes:
    """Append random bytes."""
    return journal + draw.randbytes(draw.randint(1, 300))


def main() -> None:
    """Damage, resume, compare, and print the counts by kind and outcome."""
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    work = Path(tempfile.mkdtemp())
    base, other = work / "base", work / "other"
    given = {"environment": "running_total", "model": "random", "episodes": 6, "turns": 12}
    session.run(make(given, "journals"), base)
    played = [entry.row for entry in entries(base / "turns.jsonl")]
    other.mkdir()
    rewrite(other, [replace(row, extra='{"elsewhere":true}') for row in played])
    whole, strange = ((folder / "turns.jsonl").read_bytes() for folder in (base, other))
    manifest = run_folder.read_manifest(base)

    def mix(draw: random.Random, journal: bytes) -> bytes:
        lines, foreign = journal.splitlines(keepends=True), strange.splitlines(keepends=True)
        at = draw.randrange(1, len(lines) - 1)
        return b"".join(lines[:at] + foreign[at : at + draw.randint(1, 20)])

    kinds: tuple[Damage, ...] = (flip, flip, flip, hole, zeros, lose, double, shuffle, tail, mix)
    draw = random.Random(16)
    outcomes: Counter[tuple[str, str]] = Counter()
    for trial in range(number):
        damage = kinds[trial % len(kinds)]
        journal = damage(draw, whole)
        folder = work / "trial"
        folder.mkdir(exist_ok=True)
        (folder / "manifest.json").write_bytes((base / "manifest.json").read_bytes())
        (folder / "turns.jsonl").write_bytes(journal)
        try:
            resumed = run_folder.resume(folder, manifest)
        except StoreError as problem:
            outcomes[damage.__name__, "refused by line" if "damaged at line" in str(problem) else str(problem)] += 1
            continue
        resumed.journal.close()
        kept = [*resumed.turns, *resumed.episodes]
        is_whole = set(kept) == set(played[: len(kept)])
        word = "reported, the rest whole" if is_whole and resumed.warnings else "OTHER ROWS IN SILENCE"
        outcomes[damage.__name__, "no change" if journal == whole else word] += 1
    for (kind, outcome), count in sorted(outcomes.items()):
        print(f"{count:5} {kind:8} {outcome}")


if __name__ == "__main__":
    main()
