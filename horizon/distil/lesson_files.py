"""The lessons of a recipe on disk: made once, and shared by the students that are taught the same.

A folder holds the teacher's games (chess), the tokenizer, and the arrays. Knows engines and environments; no network.
"""

import json
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from os import sched_getaffinity
from pathlib import Path
from zipfile import BadZipFile

from tokenizers import Tokenizer

from horizon.core.errors import UsageError
from horizon.distil import chess_lessons
from horizon.distil.chess_lessons import ChessLessons
from horizon.distil.dialogue_lessons import (
    DialogueLessons,
    check_spelling,
    dialogue_lessons_of,
    load_dialogue_lessons,
    write_dialogues,
)
from horizon.distil.recipe import EARLIER, Recipe
from horizon.distil.teacher_games import read_games, write_games
from horizon.distil.tokenizers import chess_tokenizer, constant_words, word_tokenizer
from horizon.runs.lock import LOCK, Lock
from horizon.runs.replacing import make_folder, replace_text, replacing
from horizon.runs.worker_pool import open_workers

FACTS = "lessons.json"
"""The file of what determines the lessons of a folder."""
_PART = 100
HELD_OUT = 20
"""One game in this many, the last ones, is not trained on."""


def make_lessons(recipe: Recipe, folder: Path, watch: Callable[[str], None]) -> None:
    """Write the lessons of a recipe into a folder, unless they are there; an interrupted call is continued.

    Raises:
        UsageError: an environment that can't be taught, or a folder with the lessons of another recipe.
        EngineFailure: Stockfish is missing, or a position could not be scored.
    """
    make_folder(folder)
    if (folder / "lessons.npz").is_file():
        _keep_facts(recipe, folder)
        return
    # Students that share lessons may be started together: one makes them.
    with Lock(folder):
        _keep_facts(recipe, folder)
        if not (folder / "lessons.npz").is_file():
            _write_lessons(recipe, folder, watch)


def _write_lessons(recipe: Recipe, folder: Path, watch: Callable[[str], None]) -> None:
    lessons: ChessLessons | DialogueLessons
    if recipe.is_chess:
        games = folder / "games"
        write_games(
            games,
            recipe.lessons,
            seed=recipe.seed_of_lessons,
            nodes=recipe.nodes,
            watch=lambda n_done: watch(f"{n_done} of {recipe.lessons} games"),
        )
        tokenizer, lessons = _from_games(games, recipe.lessons)
    else:
        tokenizer, lessons = _from_dialogues(recipe)
    watch(f"{tokenizer.get_vocab_size()} tokens in the vocabulary")
    replace_text(folder / "tokenizer.json", tokenizer.to_str(pretty=True))
    with replacing(folder / "lessons.npz") as file:
        lessons.save(file)


def _keep_facts(recipe: Recipe, folder: Path) -> None:
    """Write what determines the lessons into a new folder, or check that the folder's are the same.

    Raises:
        UsageError: other lessons, or files of unknown origin.
    """
    path = folder / FACTS
    if not path.is_file():
        if any(path.name != LOCK for path in folder.iterdir()):
            raise UsageError(f"{folder} has no {FACTS}, so its lessons are unknown: name another folder")
        replace_text(path, json.dumps(recipe.of_lessons, indent=2) + "\n")
        return
    try:
        known = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        known = None
    if not isinstance(known, dict):
        raise UsageError(f"{path} can't be read: name another folder for the lessons")
    known = EARLIER | known
    for name, value in recipe.of_lessons.items():
        if known.get(name) != value:
            usable = f", or learn from these by --lessons-seed {known.get(name)}" if name == "seed" else ""
            raise UsageError(
                f"{folder} has lessons with {name}={known.get(name)}, not {value}: name another folder by "
                f"--data{usable}"
            )


def load_chess(recipe: Recipe, folder: Path) -> ChessLessons:
    """Return all games of a recipe's lessons, those that are not trained on included."""
    targets: chess_lessons.Targets = "hard" if recipe.targets == "hard" else "soft"
    with _readable(folder / "lessons.npz") as path:
        return chess_lessons.load_lessons(path, targets, recipe.batch_tokens)


def load_dialogues(recipe: Recipe, folder: Path) -> DialogueLessons:
    """Return the dialogues of a recipe's lessons."""
    with _readable(folder / "lessons.npz") as path:
        return load_dialogue_lessons(path, recipe.batch_tokens)


@contextmanager
def _readable(path: Path) -> Iterator[Path]:
    """Raise UsageError when what is inside finds a file cut or changed."""
    try:
        yield path
    except (ValueError, KeyError, EOFError, zlib.error, BadZipFile):
        raise UsageError(f"{path} is damaged: delete it, and the same command makes it again") from None


def held_out(lessons: ChessLessons) -> range:
    """Return the numbers of the games that are not trained on."""
    n_games = len(lessons.starts) - 1
    return range(n_games - max(1, n_games // HELD_OUT), n_games)


def trained_on(lessons: ChessLessons) -> ChessLessons:
    """Return the lessons without the games that are kept for the card."""
    return replace(lessons, starts=lessons.starts[: held_out(lessons).start + 1])


def _from_games(folder: Path, n_games: int) -> tuple[Tokenizer, ChessLessons]:
    parts = [range(start, min(n_games, start + _PART)) for start in range(0, n_games, _PART)]
    tokenizer = chess_tokenizer()
    with open_workers(min(len(parts), len(sched_getaffinity(0)))) as pool:
        numbers = [tokenizer.get_vocab()] * len(parts)
        lessons = chess_lessons.join_lessons(list(pool.map(_lessons, [folder] * len(parts), parts, numbers)))
    return tokenizer, lessons


def _lessons(folder: Path, part: range, numbers: dict[str, int]) -> ChessLessons:
    return chess_lessons.lessons_of(list(read_games(folder, part)), numbers)


def _from_dialogues(recipe: Recipe) -> tuple[Tokenizer, DialogueLessons]:
    numbers = range(recipe.lessons)
    parts: Sequence[range] = [numbers[start : start + 10 * _PART] for start in range(0, recipe.lessons, 10 * _PART)]
    with open_workers(min(len(parts), len(sched_getaffinity(0)))) as pool:
        writing = [
            pool.submit(write_dialogues, recipe.environment, recipe.seed_of_lessons, part, recipe.turns)
            for part in parts
        ]
        texts = [text for part in writing for text in part.result()]
    tokenizer = word_tokenizer(texts, constant_words(texts) if recipe.is_terse else ())
    check_spelling(recipe.environment, recipe.seed_of_lessons, numbers[:_PART], recipe.turns, tokenizer)
    return tokenizer, dialogue_lessons_of(texts, tokenizer)
