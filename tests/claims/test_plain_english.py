"""The words of the code: docstrings, comments, messages and names are plain technical English, room by room.

Texts that a model is shown (rules, observations, answer formats) are an instrument with versions of their own and are
not read here: only docstrings, comments, and strings that are raised, warned of, or help for a parameter.
"""

import ast
import io
import re
import tokenize
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "horizon"
ROOMS = sorted(path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or (path / "__init__.py").is_file())
_UNITS = (
    "turn|game|move|episode|process|puzzle|ply|second|line|core|gigabyte|token|search|cell|fact|disk|node|run|step"
)
_COUNTED = (
    "turns|plies|moves|nodes|microseconds|milliseconds|seconds|words|answers|puzzles|rows|tokens|episodes|engines|"
    "requests|letters|draws|events|actions|edits|changes|instructions|bits?|searches"
)
DIALECT = {
    "told, tell": r"\b(?:told|tells?|telling)\b",
    "said, heard, spoken": r"\b(?:said|says?|heard|hears?|spoken)\b",
    "goes on": r"\b(?:go|goes|going|gone|went) on\b",
    "stands": r"\bstands?\b",
    "begun": r"\bbegun\b",
    "taken up": r"\btaken up\b",
    "a last time, a look": r"\blast time\b|\blooked at\b|\ba look\b",
    "null": r"\bnull\b(?! move)",
    "per": rf"\b(?:{_COUNTED}) an? (?:{_UNITS})\b",
    "dear": r"\bdear\b",
    "kept library": r"\bkept librar",
    "no room": r"\bthe only door\b",
}
LOCALS = {"found", "told", "said", "heard", "each"}
_IRREGULAR = {"told", "said", "heard", "shown", "written", "drawn", "found", "kept", "begun", "given", "seen", "made"}
_WARNERS = {"_warn", "warn", "parameter", "fail", "addoption", "addini"}


def files(room: str) -> list[Path]:
    path = PACKAGE / room
    return sorted(path.rglob("*.py")) if path.is_dir() else [path.with_suffix(".py")]


def strings(node: ast.AST) -> Iterator[tuple[int, str]]:
    for part in ast.walk(node):
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            yield part.lineno, part.value


def read_words(source: str) -> Iterator[tuple[int, str]]:
    """Yield line and text of every docstring, comment, message and help text."""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield from enumerate(node.value.value.splitlines(), node.value.lineno)
        is_help = isinstance(node, ast.Assign) and any(ast.unparse(name).endswith("_HELP") for name in node.targets)
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            is_help = name in _WARNERS or name.endswith("Failure")
        if isinstance(node, ast.Raise) or is_help:
            yield from strings(node)


def dialect(source: str) -> list[str]:
    return [
        f"{line}: {name}: {text.strip()[:100]}"
        for line, text in sorted(set(read_words(source)))
        for name, pattern in DIALECT.items()
        if re.search(pattern, re.sub(r"`[^`]*`", "", text), re.IGNORECASE) and not (name == "null" and "JSON" in text)
    ]


def bad_names(source: str) -> list[str]:
    problems = []
    for node in ast.walk(ast.parse(source)):
        name = node.id if isinstance(node, ast.Name) else node.arg if isinstance(node, ast.arg) else ""
        if name in LOCALS:
            problems.append(f"{node.lineno}: local {name}")  # type: ignore[attr-defined]
        if isinstance(node, ast.FunctionDef):
            word = node.name.strip("_")
            if word in _IRREGULAR or ("_" not in word and word.endswith("ed")):
                problems.append(f"{node.lineno}: function {node.name}")
            text = ast.get_docstring(node)
            if text is not None and len(text.split()) <= 4:
                problems.append(f"{node.lineno}: docstring that repeats the name: {text}")
    return sorted(set(problems))


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_speaks_plain_english(room: str) -> None:
    problems = [
        f"{path.relative_to(PACKAGE)}:{problem}" for path in files(room) for problem in dialect(path.read_text())
    ]
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize("room", ROOMS)
def test_functions_are_verbs_and_locals_are_nouns(room: str) -> None:
    problems = [
        f"{path.relative_to(PACKAGE)}:{problem}" for path in files(room) for problem in bad_names(path.read_text())
    ]
    assert not problems, "\n".join(problems)


def test_a_class_name_has_one_meaning() -> None:
    trees = (ast.parse(path.read_text()) for path in PACKAGE.rglob("*.py"))
    names = Counter(node.name for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef))
    assert [name for name, count in names.items() if count > 1] == []


@pytest.mark.parametrize(
    "source",
    [
        '"""What the model is told."""',
        "# The episode goes on.",
        'raise UsageError("the file was begun again")',
        'size: int = parameter(4, "edits a turn")',
        '"""Return null where there is none."""',
    ],
)
def test_each_dialect_word_is_caught_where_it_is_read(source: str) -> None:
    assert dialect(source)


@pytest.mark.parametrize(
    "source",
    [
        'return "You are told the position."',
        '"""An absent value is null in JSON."""',
        '"""Return `told` of the record."""',
        '"""Return the number of edits per turn."""',
    ],
)
def test_texts_for_models_data_and_plain_words_pass(source: str) -> None:
    assert not dialect(source)


@pytest.mark.parametrize("source", ["found = 1", "[each for each in ()]", "def digested(): ...", "def f(told): ..."])
def test_empty_names_are_caught(source: str) -> None:
    assert bad_names(source)
