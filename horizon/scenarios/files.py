"""Scenario files as plain data: TOML with `extends`, `[[scenario]]` tables, `models` and `[grid]` made into drafts.

A draft holds the keys of one scenario, unchecked. Mistakes in a file's form are collected, never raised. Knows no
key's meaning.
"""

import math
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from horizon.core.paths import shipped_folder
from horizon.core.registry import nearest
from horizon.domains.puzzles.formats.file_kinds import name_kind
from horizon.scenarios.merge import Draft, KeySource, Layer, Mistake, axes_of, holds, leaves, merge, points, value_at
from horizon.scenarios.toml_lines import KeyPath, key_lines

FOLDER = shipped_folder("scenarios")
FILE_KEYS = ("extends", "models", "grid", "scenario")
"""What a file may hold beside a scenario's own keys; a `[[scenario]]` table also has its `name`."""
_DEEPEST = 8
_MOST_POINTS = 1_000
_MOST_BYTES = 1_000_000
_MOST_PARTS = 20
_DEEPEST_VALUE = 20
_PART = r"""(?:[A-Za-z0-9_-]+|"[^"\n]*"|'[^'\n]*')"""
_LONG_KEY = re.compile(rf"(?:^|[\[{{,])[ \t]*{_PART}(?:[ \t]*\.[ \t]*{_PART}){{{_MOST_PARTS}}}", re.MULTILINE)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


@dataclass(frozen=True, slots=True)
class Drafts:
    """A file's content: its drafts in order, its description, and the mistakes found without a schema."""

    name: str
    path: str
    description: str
    drafts: tuple[Draft, ...]
    problems: tuple[Mistake, ...]


def names() -> tuple[str, ...]:
    """Return the names of the shipped scenario files."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.toml")))


def path_of(name_or_path: str) -> Path:
    """Return the file of a shipped name, or the path itself."""
    path = Path(name_or_path)
    return FOLDER / f"{name_or_path}.toml" if path.suffix != ".toml" and name_or_path in names() else path


def drafts_of(name_or_path: str, overrides: Mapping[str, Any]) -> Drafts:
    """Read a file with all that it extends, and make a draft of each scenario, model and point of the grid."""
    path = path_of(name_or_path)
    reader = _Files()
    top, tables = reader.read(path, (), name_or_path)
    problems, drafts = reader.problems, list[Draft]()
    description = str(merge(top).get("description", ""))
    alone: dict[str, list[Layer]] = {path.stem: []} if top else {}
    for name, own in (tables or alone).items():
        layers = [*top, *own]
        if overrides:
            layers.append(Layer(KeySource("command line", {}), dict(overrides)))
        axes = tuple(axes_of(layers))
        n_points = math.prod(len(axis.values) for axis in axes)
        if n_points > _MOST_POINTS:
            message = f"has {n_points} points: at most {_MOST_POINTS} can be played"
            problems.append(Draft(name, {}, tuple(layers)).problem(("grid",), message))
        else:
            drafts.extend(points(name, layers, axes))
    return Drafts(path.stem, str(path), description, tuple(drafts), tuple(problems))


def _text_of(path: Path) -> str:
    """Return the text of a file.

    Raises:
        OSError, UnicodeDecodeError: it can't be read.
        ValueError: it is no file, or larger than any scenario file.
    """
    if path.exists() and not path.is_file():
        raise ValueError("it is no file")
    with path.open("rb") as file:
        data = file.read(_MOST_BYTES + 1)
    if len(data) > _MOST_BYTES:
        raise ValueError(f"it is larger than {_MOST_BYTES // 1000} kB")
    return data.decode("utf-8-sig")


def _parsed_toml(text: str) -> dict[str, Any]:
    """Return what a TOML text holds.

    Raises:
        ValueError: it is no TOML, or holds more than any scenario file.
        RecursionError: its lists are nested too deeply.
    """
    if _LONG_KEY.search(text):
        # tomllib takes a time that is quadratic in the parts of a key.
        raise ValueError(f"a key has more than {_MOST_PARTS} parts")
    try:
        given = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        raise
    except ValueError as problem:
        raise ValueError(f"a number has too many digits ({problem})") from None
    level: list[Any] = [given]
    for _ in range(_DEEPEST_VALUE):
        level = [inner for part in level if isinstance(part, dict | list) for inner in _values(part)]
    if level:
        raise RecursionError
    tables = given.get("scenario")
    if isinstance(tables, list) and len(tables) > _MOST_POINTS:
        raise ValueError(f"it has {len(tables)} scenarios: at most {_MOST_POINTS} can be played")
    return given


def _values(table: dict[str, Any] | list[Any]) -> list[Any]:
    return list(table.values()) if isinstance(table, dict) else table


class _Files:
    """Reads files, collecting problems."""

    def __init__(self) -> None:
        self.problems: list[Mistake] = []

    def read(self, path: Path, below: tuple[Path, ...], label: str) -> tuple[list[Layer], dict[str, list[Layer]]]:
        """Return the layers of a file's top level, weakest first, and those of each `[[scenario]]` by name."""
        parsed = self._parse(path, label)
        if parsed is None:
            return [], {}
        source, given = parsed
        top, tables = self._extend(path, (*below, path.resolve()), source, given.get("extends"))
        plain = {key: value for key, value in given.items() if key not in ("extends", "scenario")}
        top.append(self._layer(source, plain, ()))
        seen: set[str] = set()
        scenarios = given.get("scenario", [])
        if not isinstance(scenarios, list) or not all(isinstance(scenario, dict) for scenario in scenarios):
            self._say(source, ("scenario",), "write each scenario as a table that begins with [[scenario]]")
            scenarios = []
        for index, table in enumerate(scenarios):
            at: KeyPath = ("scenario", index)
            name = table.get("name")
            if not isinstance(name, str) or not _NAME.fullmatch(name):
                label = f"{name!r} is no name: use letters, digits and _ . -" if name is not None else "needs a name"
                self._say(source, (*at, "name") if name is not None else at, f'{label}, as name = "hanoi"')
                continue
            if name in seen:
                self._say(source, (*at, "name"), f"'{name}' is the name of two scenarios: give each its own")
                continue
            seen.add(name)
            for key in ("extends", "scenario"):
                if key in table:
                    self._say(source, (*at, key), f"'{key}' stands at the top of a file, not in a [[scenario]]")
            plain = {key: value for key, value in table.items() if key not in ("name", "extends", "scenario")}
            tables.setdefault(name, []).append(self._layer(source, plain, at))
        return top, tables

    def _say(self, source: KeySource, path: KeyPath, message: str) -> None:
        self.problems.append(source.problem(path, message))

    def _parse(self, path: Path, label: str) -> tuple[KeySource, dict[str, Any]] | None:
        text = ""
        try:
            text = _text_of(path)
            given = _parsed_toml(text)
            lines = key_lines(text)
        except FileNotFoundError:
            self.problems.append(Mistake(label, None, "", f"there is no such scenario: {nearest(label, names())}"))
            return None
        except tomllib.TOMLDecodeError as problem:
            line = re.search(r"line (\d+)", str(problem))
            number = int(line.group(1)) if line else text.rstrip().count("\n") + 1
            kind = name_kind(text.encode("utf-8", "replace")[:4096], ".toml")
            why = f"it is {kind}" if kind else str(problem)
            self.problems.append(Mistake(str(path), number, "", f"this is no TOML: {why}"))
            return None
        except (OSError, UnicodeDecodeError) as problem:
            self.problems.append(Mistake(str(path), None, "", f"can't be read: {problem}"))
            return None
        except (ValueError, RecursionError) as problem:
            reason = "its lists are nested too deeply" if isinstance(problem, RecursionError) else str(problem)
            self.problems.append(Mistake(str(path), None, "", f"is no scenario file: {reason}"))
            return None
        return KeySource(str(path), lines), given

    def _extend(
        self, path: Path, chain: tuple[Path, ...], source: KeySource, base: object
    ) -> tuple[list[Layer], dict[str, list[Layer]]]:
        if base is None:
            return [], {}
        if not isinstance(base, str):
            self._say(source, ("extends",), f"{base!r} is no text: name a shipped scenario or a file")
            return [], {}
        if base.endswith(".toml"):
            other, known = path.parent / base, tuple(file.name for file in path.parent.glob("*.toml"))
        else:
            other, known = FOLDER / f"{base}.toml", names()
        chain_text = " -> ".join(file.name for file in (*chain, other))
        if not other.is_file():
            self._say(source, ("extends",), f"there is no '{base}': {nearest(base, known)}")
        elif other.resolve() in chain:
            self._say(source, ("extends",), f"goes round in a circle: {chain_text}")
        elif len(chain) >= _DEEPEST:
            self._say(source, ("extends",), f"more than {_DEEPEST} files deep: {chain_text}")
        else:
            return self.read(other, chain, base)
        return [], {}

    def _layer(self, source: KeySource, given: dict[str, Any], at: KeyPath) -> Layer:
        """Return a table as a layer, `models` made a part of its grid; what can't be one is reported and left out."""
        given = dict(given)
        roots: list[tuple[KeyPath, KeyPath]] = [((), at)]
        grid = given.pop("grid", {})
        if not isinstance(grid, dict):
            self._say(source, (*at, "grid"), "write the grid as a table: [grid] with key = [value, value]")
            grid = {}
        axes: dict[str, Any] = {}
        models = given.pop("models", None)
        if models is not None:
            axes["model"] = models
            roots.insert(0, (("grid", "model"), (*at, "models")))
            for other, path in ((given, (*at, "model")), (grid, (*at, "grid", "model"))):
                if "model" in other:
                    self._say(source, path, "model and models are both given: keep one of them")
        axes |= {key: value for key, value in grid.items() if key not in axes}
        for path in leaves(grid):
            if holds(given, path):
                self._say(source, (*at, "grid", *path), "is given as one value too: keep the grid or the value")
        kept = self._check(Layer(source, {"grid": axes}, tuple(roots)))
        return Layer(source, {**given, "grid": kept} if kept else given, tuple(roots))

    def _check(self, layer: Layer) -> dict[str, Any]:
        """Return the lists of a grid that can be played."""
        axes = layer.given["grid"]
        kept: dict[str, Any] = {}
        for path in leaves(axes):
            at, values = layer.place(("grid", *path)) or (), value_at(axes, path)
            if path[0] in ("expect", "description", "name", *FILE_KEYS):
                self._say(layer.source, at, f"'{path[0]}' can't be in a grid: give it in the scenario")
            elif not isinstance(values, list):
                self._say(
                    layer.source, at, f"{values!r} is no list: write it as [{values!r}, ...], or outside the grid"
                )
            elif not values:
                self._say(layer.source, at, "is an empty list: give at least one value")
            elif any(value in values[:index] for index, value in enumerate(values)):
                self._say(layer.source, at, "holds a value twice: keep one of each")
            elif len(path) == 1:
                kept[str(path[0])] = values
            else:
                kept.setdefault(str(path[0]), {})[str(path[1])] = values
        return kept
