"""One import from start to finished folder: documents to formats, games to rows, rows to the journal and parquet.

Whatever can't be used is one line and left out; everything that can be used goes in.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any

from horizon.archives.documents import Document, Problem, read_documents
from horizon.archives.games import ArchivedGame, ArchivedRows, Found, Harness, Reader
from horizon.archives.rows import Rows
from horizon.archives.workers import replay_parts
from horizon.core import registry
from horizon.core.environment import open_environment
from horizon.core.environment_name import EnvironmentName
from horizon.core.errors import UsageError
from horizon.core.parameters import values
from horizon.core.records import Json
from horizon.runs import manifest, run_folder
from horizon.runs.building import building
from horizon.runs.journal import Journal

GENERIC = "pgn"
"""The format that is asked last: others hold files of it."""
_MOST_PROBLEMS_KEPT = 1000


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """What is imported: `format` None is found by looking; `player` names the model where headers name none."""

    paths: tuple[Path, ...]
    format: str | None = None
    player: str | None = None


@dataclass(slots=True)
class Imported:
    """What an import has done so far: games by format, rows by error kind, ends, and what was left out."""

    formats: Counter[str] = field(default_factory=Counter)
    episodes: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    causes: Counter[str] = field(default_factory=Counter)
    """Why replies were no legal move, by the names that rows have."""
    outcomes: Counter[str] = field(default_factory=Counter)
    opponents: Counter[str] = field(default_factory=Counter)
    harnesses: Counter[Harness] = field(default_factory=Counter)
    sides: Counter[str] = field(default_factory=Counter)
    problems: list[Problem] = field(default_factory=list)
    skipped: int = 0
    played: dict[str, Json] = field(default_factory=dict)
    """Environment and parameters of episodes that Horizon itself judged elsewhere."""

    @property
    def n_turns(self) -> int:
        """How many rows were written."""
        return self.errors.total()

    @property
    def n_episodes(self) -> int:
        """How many episodes were written."""
        return self.episodes.total()


def import_games(
    options: ImportOptions, out: Path, watch: Callable[[Imported], None] = lambda imported: None
) -> Imported:
    """Import everything under the paths into one run folder.

    The run is made in a folder beside `out`, so that a killed import leaves nothing there and is simply run again; the
    manifest gets the protocols in the end, when they are known.

    Raises
    ------
    UsageError
        A path or format that does not exist, a folder that can't be used, or no game at all; no folder is left then.
    """
    run_folder.check_new(out)
    readers = open_readers(options)
    imported = Imported()
    run_id = _digest(options)
    names: set[str] = set()
    journal: Journal | None = None
    with ExitStack() as stack:
        for part, rows in replay_parts(_parts(options.paths, readers, imported), run_id):
            if isinstance(rows, Rows) and rows.episode.episode_id in names:
                rows = Problem(rows.episode.episode_id, "is there twice: the second one is left out")
            if isinstance(rows, Problem):
                imported.problems.append(rows)
                continue
            names.add(rows.episode.episode_id)
            _count(imported, part, rows)
            if journal is None:
                journal = stack.enter_context(building(out, _manifest(options, imported, rows)))
            for turn in rows.turns:
                journal.append(turn)
            journal.append(rows.episode)
            watch(imported)
        if journal is None:
            raise UsageError(_nothing(options, imported))
        stored = run_folder.read_manifest(journal.folder)
        manifest.write(journal.folder, _manifest(options, imported, rows=None, stored=stored))
    return imported


def open_readers(options: ImportOptions) -> dict[str, Reader]:
    """Return a reader of the format asked for, or of each one there is, the most general last.

    Raises
    ------
    UsageError
        There is no such format.
    """
    known = registry.names("importers")
    names = (options.format,) if options.format else (*(name for name in known if name != GENERIC), GENERIC)
    readers: dict[str, Reader] = {}
    for name in names:
        module = registry.load("importers", name)
        readers[name] = (
            module.IMPORTER(options.player) if getattr(module, "TAKES_PLAYER", False) else module.IMPORTER()
        )
    return readers


def _parts(paths: Iterable[Path], readers: dict[str, Reader], imported: Imported) -> Iterator[Found]:
    """Yield what the readers make of every document; a format named by the user gets them all."""
    is_named = len(readers) == 1
    for path in paths:
        for document in read_documents(path):
            if isinstance(document, Problem):
                yield document
                continue
            name = next((name for name, reader in readers.items() if is_named or reader.recognises(document)), None)
            if name is None:
                imported.skipped += 1
            else:
                yield from _count_parts(name, readers[name].read(document), document, imported)
    for name, reader in readers.items():
        yield from _count_parts(name, reader.finish(), None, imported)


def _count_parts(name: str, parts: Iterator[Found], document: Document | None, imported: Imported) -> Iterator[Found]:
    """Yield a reader's parts, counted by format; what breaks a reader is the document's fault, in one line."""
    try:
        for part in parts:
            imported.formats[name] += not isinstance(part, Problem)
            yield part
    except (ValueError, KeyError, TypeError, IndexError, RecursionError) as problem:
        # Another package's format raises ValueError for a document that can't be read; the rest is its own fault.
        if not isinstance(problem, ValueError) and registry.plugin_fault(problem):
            raise
        where = document.name if document is not None else name
        yield Problem(where, f"is no {name} that can be read: {type(problem).__name__}: {problem}")


def _count(imported: Imported, part: Found, rows: Rows) -> None:
    imported.episodes[rows.episode.model] += 1
    imported.outcomes[rows.episode.outcome] += 1
    imported.errors.update(turn.error for turn in rows.turns)
    for turn in rows.turns:
        cause = json.loads(turn.extra).get("illegal_cause") if turn.error in ("illegal", "unparsable") else None
        if isinstance(cause, str):
            imported.causes[cause] += 1
    if rows.episode.opponent:
        imported.opponents[rows.episode.opponent] += 1
    if not isinstance(part, Problem):
        imported.harnesses[part.harness] += 1
    if isinstance(part, ArchivedGame):
        imported.sides[part.side] += 1
    if isinstance(part, ArchivedRows):
        imported.played = {name: part.plan[name] for name in ("environment", "parameters")}


def _digest(options: ImportOptions) -> str:
    """Return the run's name: a hash of the files' names and bytes and of the options."""
    digest = blake2b(f"{options.format}|{options.player}".encode(), digest_size=6)
    for path in options.paths:
        files = sorted(file for file in path.rglob("*") if not file.is_symlink()) if path.is_dir() else [path]
        for file in files:
            if file.is_file():
                digest.update(f"|{file.name}|{file.stat().st_size}".encode())
                with file.open("rb") as stream:
                    for block in iter(lambda: stream.read(2**20), b""):
                        digest.update(block)
    return digest.hexdigest()


def _manifest(
    options: ImportOptions, imported: Imported, rows: Rows | None, stored: dict[str, Json] | None = None
) -> dict[str, Json]:
    """Return the manifest: `plan.protocol` holds what all games share, `plan.protocols` each one with its games."""
    protocols = [{**harness.as_json(), "episodes": n} for harness, n in imported.harnesses.most_common()]
    shared: dict[str, Any] = {
        name: value if all(protocol[name] == value for protocol in protocols) else "varies"
        for name, value in protocols[0].items()
        if name != "episodes"
    }
    colours = sorted(imported.sides)
    shared |= {"opponent": sorted(imported.opponents), "colour": colours[0] if len(colours) == 1 else "both"}
    before: Any = stored
    name = rows.episode.environment if rows is not None else EnvironmentName.parse(before["plan"]["environment"]).name
    task = open_environment("chess") if name == "chess" else None
    plan: dict[str, Any] = {
        "environment": str(EnvironmentName(name, str(task.version if task else 1))),
        "parameters": values(task) if task else {},
        "model": ", ".join(sorted(imported.episodes)),
        "opponents": sorted(imported.opponents),
        "conditions": sorted({harness.history for harness in imported.harnesses}),
        "judge_engine": "none",
        "protocol": shared,
        "protocols": protocols,
        **imported.played,
    }
    made = manifest.make(
        plan,
        model_identity={"name": plan["model"], "imported": True},
        opponent_identities={
            opponent: {"name": opponent, "imported": True} for opponent in sorted(imported.opponents)
        },
        judge_identity=None,
    )
    counts: dict[str, Any] = {
        "from": [str(path) for path in options.paths],
        "formats": dict(imported.formats),
        "episodes": dict(imported.episodes),
        "errors": dict(imported.errors),
        "causes": dict(imported.causes),
        "outcomes": dict(imported.outcomes),
        "left_out": [str(problem) for problem in imported.problems[:_MOST_PROBLEMS_KEPT]],
        "n_left_out": len(imported.problems),
        "files_of_no_format": imported.skipped,
    }
    return {**made, manifest.IMPORTED: counts}


def _nothing(options: ImportOptions, imported: Imported) -> str:
    """Return what to report of an import that found no game."""
    where = ", ".join(str(path) for path in options.paths)
    if imported.problems:
        return (
            f"no game of {where} can be used; the first of {len(imported.problems)} problems: {imported.problems[0]}"
        )
    known = ", ".join(registry.names("importers"))
    return f"{where} holds no games of a known format ({known}): name one with --format to force it"
