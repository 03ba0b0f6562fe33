"""The words of code and pages: docstrings, comments, messages, names and documents are plain technical English.

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

REPOSITORY = Path(__file__).parents[2]
PACKAGE = REPOSITORY / "horizon"
PAGES = sorted(
    path.relative_to(REPOSITORY).as_posix()
    for pattern in ("*.md", "docs/**/*.md", "results/**/*.md", "benchmarks/*.md", "examples/*/*.md")
    for path in REPOSITORY.glob(pattern)
)
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


def page_dialect(text: str) -> list[str]:
    """Return the dialect of a Markdown page; blocks and spans of code are quoted from elsewhere."""
    prose = re.sub(
        r"^ *```.*?^ *```", lambda code: "\n" * code.group().count("\n"), text, flags=re.DOTALL | re.MULTILINE
    )
    return [
        f"{line}: {name}: {words.strip()[:100]}"
        for line, words in enumerate(prose.splitlines(), 1)
        for name, pattern in DIALECT.items()
        if re.search(pattern, re.sub(r"`[^`]*`", "", words), re.IGNORECASE)
        and not (name == "null" and "JSON" in words)
    ]


def unreleased(changelog: str) -> str:
    """Return a changelog up to its first release: what was released stays as it was written."""
    return re.split(r"^## \d", changelog, maxsplit=1, flags=re.MULTILINE)[0]


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


@pytest.mark.parametrize("page", PAGES)
def test_a_page_speaks_plain_english(page: str) -> None:
    text = (REPOSITORY / page).read_text(encoding="utf-8")
    problems = page_dialect(unreleased(text) if page == "CHANGELOG.md" else text)
    assert not problems, "\n".join(f"{page}:{problem}" for problem in problems)


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


def test_pages_are_read_but_for_their_code() -> None:
    assert page_dialect("The model is told the rules.") == ["1: told, tell: The model is told the rules."]
    assert not page_dialect("```\nhe said\n```\nPrints `told`, null in JSON.")
    assert page_dialect(unreleased("## Unreleased\nIt goes on.\n## 0.1.0\nIt was told.")) == [
        "2: goes on: It goes on."
    ]
