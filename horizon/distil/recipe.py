"""How a student is made: everything that determines its weights, as one record that its card and its folder keep."""

import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path

from horizon.core.errors import UsageError
from horizon.core.records import Json
from horizon.core.registry import nearest
from horizon.distil.network import INITIAL_STD, SIZES
from horizon.runs.lock import LOCK
from horizon.runs.replacing import replace_text

TARGETS = ("soft", "hard")
FILE = "recipe.json"
EARLIER: dict[str, Json] = {"initial_std": 0.02, "is_terse": False}
"""What holds for students and lessons from before these were choices."""
_TRAINED_ON_CHESS = 2
"""The fewest games: one is kept for the card."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """A student's task, teacher, lessons and training.

    Parameters
    ----------
    environment
        `chess`, or an environment with an exact oracle and its parameters, as `permutation:cups=4`.
    size
        A key of `SIZES`.
    targets
        Chess: `soft`, the engine's scores of all legal moves, or `hard`, its best move alone.
    lessons
        Games of chess, or dialogues of other tasks. The last twentieth of the games is kept for the card.
    turns
        The most turns of a dialogue of other tasks.
    nodes
        Chess: the engine's nodes per position.
    steps, batch_tokens, learning_rate
        The training.
    seed
        The seed of batches and weights.
    lessons_seed
        The seed of the lessons; by default `seed`. With one value, students of several seeds learn from equal lessons.
    initial_std
        The standard deviation of the initial weights.
    is_terse
        Other tasks: whether the student does not read the words that every message has.
    """

    environment: str = "chess"
    size: str = "middle"
    targets: str = "soft"
    lessons: int = 3200
    turns: int = 10
    nodes: int = 200
    steps: int = 1500
    batch_tokens: int = 4096
    learning_rate: float = 3e-3
    seed: int = 0
    lessons_seed: int | None = None
    initial_std: float = INITIAL_STD
    is_terse: bool = False

    def __post_init__(self) -> None:
        """Refuse what can't be trained.

        Raises:
            UsageError: an unknown size or kind of target, a number that is too low, or chess with parameters.
        """
        if self.size not in SIZES:
            raise UsageError(f"--size {self.size} is unknown: {nearest(self.size, SIZES)}")
        if self.targets not in TARGETS:
            raise UsageError(f"--targets {self.targets} is unknown: {nearest(self.targets, TARGETS)}")
        for name in ("lessons", "turns", "nodes", "steps", "batch_tokens"):
            if getattr(self, name) < 1:
                raise UsageError(f"--{name.replace('_', '-')} {getattr(self, name)}: give at least 1")
        for name, usual in (("learning_rate", 0.003), ("initial_std", 0.1)):
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0):
                raise UsageError(f"--{name.replace('_', '-')} {value:g}: give a number above 0, such as {usual}")
        if not self.is_chess:
            return
        if ":" in self.environment:
            raise UsageError(
                f"--env {self.environment}: students of chess are all taught one way (FEN, moves in UCI): give --env "
                "chess, and the parameters to horizon play"
            )
        if self.is_terse:
            raise UsageError("--terse: students of chess read positions and moves alone: leave it out")
        if self.lessons < _TRAINED_ON_CHESS:
            raise UsageError(f"--lessons {self.lessons}: give at least {_TRAINED_ON_CHESS} games, one for the card")

    @property
    def is_chess(self) -> bool:
        """Whether an engine teaches: chess, played from the history and from a FEN."""
        return self.environment.partition(":")[0] == "chess"

    @property
    def seed_of_lessons(self) -> int:
        """The seed of the lessons: their own, or that of the student."""
        return self.seed if self.lessons_seed is None else self.lessons_seed

    @property
    def of_lessons(self) -> dict[str, Json]:
        """What determines the lessons alone; students that differ in the rest can share them."""
        shared: dict[str, Json] = {
            "environment": self.environment,
            "lessons": self.lessons,
            "seed": self.seed_of_lessons,
        }
        return shared | ({"nodes": self.nodes} if self.is_chess else {"turns": self.turns, "is_terse": self.is_terse})

    def as_json(self) -> str:
        """Return the recipe as the text of its file."""
        return json.dumps(asdict(self), indent=2) + "\n"


def keep_recipe(recipe: Recipe, folder: Path, *, resume: bool) -> None:
    """Write the recipe into a new folder, or check that the folder to resume has the same.

    Raises:
        UsageError: see `check_recipe`.
        StoreError: the disk refuses.
    """
    check_recipe(recipe, folder, resume=resume)
    if not resume:
        replace_text(folder / FILE, recipe.as_json())


def check_recipe(recipe: Recipe, folder: Path, *, resume: bool) -> None:
    """Check that a recipe can be started in a folder, or that the folder to resume has the same.

    Raises:
        UsageError: the folder is taken, holds nothing to resume, or was started by another recipe.
    """
    path = folder / FILE
    if not resume:
        if folder.is_dir() and any(path.name != LOCK for path in folder.iterdir()):
            raise UsageError(f"{folder} is not empty: continue it with --resume, or name another --out")
        return
    if not path.is_file():
        raise UsageError(f"nothing to resume in {folder}: start it without --resume")
    try:
        known = EARLIER | json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, TypeError):
        raise UsageError(f"{path} can't be read: start again, with another --out") from None
    if differing := sorted(name for name, value in asdict(recipe).items() if known.get(name) != value):
        name = differing[0]
        raise UsageError(
            f"{folder} was started with {name}={known.get(name)}, not {getattr(recipe, name)}: resume it with the "
            "same options"
        )
