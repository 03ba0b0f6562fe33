"""Keys from several tables laid over one another, and a grid's points: each key still knows the line it came from.

Plain data in and out; knows no key's meaning, but for `environment`, whose parameters are its own, and `grid`.
"""

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from horizon.core.errors import UsageError
from horizon.core.escaping import visible
from horizon.core.parameters import split_name
from horizon.scenarios.toml_lines import KeyPath, path_text


@dataclass(frozen=True, slots=True)
class Mistake:
    """One mistake, or one thing to think of where `is_warning`; `line` and `key` are empty for a whole file."""

    where: str
    line: int | None
    key: str
    message: str
    value: str = ""
    is_warning: bool = False

    def __str__(self) -> str:
        """Return one line: file, line, key and value, and what was meant."""
        line = f", line {self.line}" if self.line is not None else ""
        value = f"={self.value}" if self.value else ""
        key = f" {self.key}{value}:" if self.key else ""
        return visible(" ".join(f"{self.where}{line}:{key} {self.message}".split()))


def in_order(problems: Iterable[Mistake]) -> tuple[Mistake, ...]:
    """Return problems by file and line, those without a line last; points of a grid share theirs, reported once."""
    once = dict.fromkeys(problems)
    order = {name: place for place, name in enumerate(dict.fromkeys(problem.where for problem in once))}
    return tuple(sorted(once, key=lambda problem: (order[problem.where], problem.line is None, problem.line or 0)))


@dataclass(frozen=True, slots=True)
class KeySource:
    """A file, or the command line, with the lines of its keys."""

    name: str
    lines: Mapping[KeyPath, int]

    def problem(self, path: KeyPath, message: str) -> Mistake:
        """Return a problem with the key at a path."""
        return Mistake(self.name, self.lines.get(path), path_text(path), message)


@dataclass(frozen=True, slots=True)
class Layer:
    """Keys from one table; `roots` are their places in the source, longest first."""

    source: KeySource
    given: Mapping[str, Any]
    roots: tuple[tuple[KeyPath, KeyPath], ...] = (((), ()),)

    def place(self, path: KeyPath) -> KeyPath | None:
        """Return the path in the source of a path in `given`; None where `given` has no such key."""
        if not holds(self.given, path):
            return None
        for inside, outside in self.roots:
            if path[: len(inside)] == inside:
                return outside + path[len(inside) :]
        return None


@dataclass(frozen=True, slots=True)
class Draft:
    """The keys of one scenario, with a name, and the layers they came from, the strongest last."""

    name: str
    given: Mapping[str, Any]
    layers: tuple[Layer, ...]

    def problem(self, path: KeyPath, message: str, value: str = "", *, is_warning: bool = False) -> Mistake:
        """Return a problem with the key at a path, reported at the place that set it, or the nearest around it."""
        for length in range(len(path), 0, -1):
            for layer in reversed(self.layers):
                place = layer.place(path[:length])
                if place is not None:
                    line = layer.source.lines.get(place)
                    return Mistake(
                        layer.source.name, line, path_text(place + path[length:]), message, value, is_warning
                    )
        # Set nowhere, so it is a default: the file is named that was read, and not the command line.
        source = next((layer.source for layer in reversed(self.layers) if layer.source.lines), self.layers[-1].source)
        return Mistake(source.name, None, path_text(path), message, value, is_warning)


@dataclass(frozen=True, slots=True)
class Axis:
    """One list of a grid: the key that varies, its values, and the list's place."""

    path: KeyPath
    values: tuple[Any, ...]
    source: KeySource
    place: KeyPath


def axes_of(layers: Sequence[Layer]) -> Iterator[Axis]:
    """Yield the lists of the grid that these layers make together."""
    grid = merge(layers).get("grid", {})
    for path in leaves(grid):
        for layer in reversed(layers):
            place = layer.place(("grid", *path))
            if place is not None:
                yield Axis(path, tuple(value_at(grid, path)), layer.source, place)
                break


def points(name: str, layers: Sequence[Layer], axes: Sequence[Axis]) -> Iterator[Draft]:
    """Yield a draft for each point of the grid, the last list's values changing first; one draft without a grid."""
    for chosen in itertools.product(*(range(len(axis.values)) for axis in axes)):
        picks, choices = [], []
        for axis, index in zip(axes, chosen, strict=True):
            value = axis.values[index]
            choices.append(f"{axis.path[-1]}={_text_of(value)}")
            given = {str(axis.path[0]): value if len(axis.path) == 1 else {axis.path[1]: value}}
            picks.append(Layer(axis.source, given, ((axis.path, (*axis.place, index)), ((), ()))))
        # On top even of the command line: a key given there has dropped its list from the grid already.
        drawn = (*layers, *picks)
        kept = {key: value for key, value in merge(drawn).items() if key != "grid"}
        yield Draft(f"{name}[{','.join(choices)}]" if choices else name, kept, drawn)


def merge(layers: Sequence[Layer]) -> dict[str, Any]:
    """Return the keys of all layers, the later ones stronger; tables join, everything else is replaced."""
    result: dict[str, Any] = {}
    for layer in layers:
        result = _join(result, layer.given)
    return result


def _join(below: dict[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    result = {key: dict(value) if isinstance(value, dict) else value for key, value in below.items()}
    grid: dict[str, Any] = result.pop("grid", {})
    if "environment" in above and "environment" in below and _first(above) != _first(below):
        # Parameters belong to their environment: another one begins without.
        result.pop("parameters", None)
        grid.pop("parameters", None)
    for name in _inline_parameters(above):
        # `hanoi:disks=4` sets a parameter as a table does.
        for table in (result, grid):
            if isinstance(table.get("parameters"), Mapping):
                table["parameters"] = _without(table["parameters"], (name,))
    for path in leaves(above):
        # A value replaces the list that it varied over.
        if path[0] != "grid" and holds(grid, path):
            grid = _without(grid, path)
    result = _deep(result, {key: value for key, value in above.items() if key != "grid"})
    grid = _deep(grid, above.get("grid", {}))
    return {**result, "grid": grid} if grid else result


def _inline_parameters(given: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the parameters that are written within the environment's name; none where they are not readable."""
    try:
        return tuple(split_name(str(given.get("environment", "")))[1])
    except UsageError:
        return ()


def _first(given: Mapping[str, Any]) -> str:
    return str(given["environment"]).partition(":")[0]


def _deep(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(below)
    for key, value in above.items():
        both = isinstance(value, Mapping) and isinstance(result.get(key), Mapping)
        result[key] = _deep(result[key], value) if both else value
    return result


def leaves(given: Mapping[str, Any]) -> Iterator[KeyPath]:
    """Yield the path of every key, those of tables one level down."""
    for key, value in given.items():
        if isinstance(value, Mapping):
            yield from ((key, inner) for inner in value)
        else:
            yield (key,)


def holds(given: Any, path: KeyPath) -> bool:
    """Return whether there is a value at a path."""
    for part in path:
        if isinstance(part, int) and isinstance(given, list | tuple):
            if part >= len(given):
                return False
        elif not isinstance(given, Mapping) or part not in given:
            return False
        given = given[part]
    return True


def value_at(given: Any, path: KeyPath) -> Any:
    """Return the value at a path that is there."""
    for part in path:
        given = given[part]
    return given


def _without(given: dict[str, Any], path: KeyPath) -> dict[str, Any]:
    first, *rest = path
    if not rest:
        return {key: value for key, value in given.items() if key != first}
    return {**given, str(first): _without(given[str(first)], tuple(rest))}


def _text_of(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "+".join(map(_text_of, value)) if isinstance(value, list) else str(value)
