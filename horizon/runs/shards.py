"""Large studies on machines that share nothing: which episodes a shard plays, and joining the shards' run folders.

Shards of one plan share its run id and instances, so that the joined run holds the rows of a run played whole.
Refuses what does not belong together. Knows rows and folders, no model and no environment.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from horizon.core.errors import StoreError, UsageError
from horizon.core.records import Json
from horizon.runs import manifest as manifests
from horizon.runs import run_folder
from horizon.runs.building import building, check_replaceable
from horizon.runs.manifest import COST_STOP
from horizon.runs.usage import UNRECORDED, Usage, usage_in


@dataclass(frozen=True, slots=True)
class Shard:
    """Part `number`, from 1, of a run that is split into `of` parts; the whole run is part 1 of 1."""

    number: int = 1
    of: int = 1

    def holds(self, index: int) -> bool:
        """Return whether the episodes of an instance, counted from 0, are played in this part.

        Dealt out like cards, so that parts are of equal length and of equal mixture.
        """
        return index % self.of == self.number - 1

    def as_json(self) -> Json:
        """Return the part as the manifest records it; None for a whole run."""
        return None if self.of == 1 else {"number": self.number, "of": self.of}


def shard_of(number: int, of: int) -> Shard:
    """Return a shard.

    Raises:
        UsageError: a number outside 1 to `of`.
    """
    if of < 1 or not 1 <= number <= of:
        raise UsageError(f"shard {number} of {of} does not exist: with --shards {of}, --shard is 1 to {max(1, of)}")
    return Shard(number, of)


def part_folder(out: Path, number: int) -> Path:
    """Return where a part is played of a run that is split and joined into `out` at once."""
    return out.with_name(f"{out.name}.parts") / f"part-{number}"


def shard_in(manifest: Mapping[str, Any]) -> Shard:
    """Return the part that a run folder's manifest names."""
    shard = manifest.get("shard")
    return Shard(int(shard["number"]), int(shard["of"])) if isinstance(shard, Mapping) else Shard()


def merge(folders: Sequence[Path], out: Path) -> Path:
    """Join finished shards into one run folder, and return it; the shards stay as they are.

    The rows are those of the run played whole, in the same order; only times differ. A merge that is killed leaves
    nothing in `out`, and is simply run again.

    Raises:
        UsageError: fewer than two folders, or an `out` that is taken.
        StoreError: a folder is unfinished, played with other settings or models, or a shard is twice or missing.
    """
    if len(folders) < 2:
        raise UsageError("merge needs the folders of all shards: horizon merge RUN-1 RUN-2 --out RUN")
    check_replaceable(out)
    stored = [run_folder.read_manifest(folder) for folder in folders]
    _check(folders, stored)
    parts = [
        {"folder": str(folder), **_told_apart(manifest)} for folder, manifest in zip(folders, stored, strict=True)
    ]
    joined: dict[str, Json] = {**stored[0], "shard": None, "merged": manifests.plain(parts)}
    left = sum((usage_in(manifest.get(UNRECORDED)) for manifest in stored), Usage())  # type: ignore[arg-type]
    if left.requests:
        joined[UNRECORDED] = left.as_json()
    with building(out, joined) as journal:
        for folder in folders:
            for turn in run_folder.iterate_turns(folder):
                journal.append(turn)
            for episode in run_folder.iterate_episodes(folder):
                journal.append(episode)
    return out


def _check(folders: Sequence[Path], stored: Sequence[Mapping[str, Any]]) -> None:
    """Refuse shards that are not exactly the parts of one run, each finished."""
    first = stored[0]
    of = shard_in(first).of
    seen: dict[int, Path] = {}
    for folder, manifest in zip(folders, stored, strict=True):
        for part in ("plan", "model", "opponents", "judge"):
            difference = manifests.first_difference(first.get(part), manifest.get(part), part)
            if difference is not None:
                name, here, there = difference
                raise StoreError(
                    f"{folders[0]} and {folder} don't belong together: {name} is {here} and {there}; "
                    "play all shards with the same settings, model and engines"
                )
        manifests.refuse_other_transcripts(str(folder), manifest, first)
        shard = shard_in(manifest)
        if shard.of != of or shard.of == 1:
            raise StoreError(f"{folder} is shard {shard.number} of {shard.of}, {folders[0]} of {of}: join one split")
        if shard.number in seen:
            raise StoreError(f"{folder} and {seen[shard.number]} are both shard {shard.number}: name each one once")
        seen[shard.number] = folder
        if manifest.get(COST_STOP):
            again = manifests.resume_command(folder)
            raise StoreError(f"{folder} was stopped by its cost limit: continue it with {again}, then merge")
        if not run_folder.is_finished(folder):
            raise StoreError(
                f"{folder} is unfinished: continue it with {manifests.resume_command(folder)}, then merge"
            )
    missing = [str(number) for number in range(1, of + 1) if number not in seen]
    if missing:
        raise StoreError(f"shard {', '.join(missing)} of {of} is missing: name all {of} folders")


def _told_apart(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a merged manifest keeps of each shard: where and when it was played."""
    return {name: manifest.get(name) for name in ("shard", "created", "machine", "git", "resumed")}
