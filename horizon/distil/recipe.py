"""How a student is made: everything that determines its weights, as one record that its card and its folder keep."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from horizon.core.errors import UsageError
from horizon.core.registry import nearest
from horizon.distil.network import SIZES

TARGETS = ("soft", "hard")
FILE = "recipe.json"


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
        The seed of lessons, batches and weights.
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

    def __post_init__(self) -> None:
        """Refuse what can't be trained.

        Raises:
            UsageError: an unknown size or kind of target, or a number below 1.
        """
        if self.size not in SIZES:
            raise UsageError(f"--size {self.size} is unknown: {nearest(self.size, SIZES)}")
        if self.targets not in TARGETS:
            raise UsageError(f"--targets {self.targets} is unknown: {nearest(self.targets, TARGETS)}")
        for name in ("lessons", "turns", "nodes", "steps", "batch_tokens"):
            if getattr(self, name) < 1:
                raise UsageError(f"--{name.replace('_', '-')} {getattr(self, name)}: give at least 1")

    @property
    def is_chess(self) -> bool:
        """Whether an engine teaches: chess, played from the history and from a FEN."""
        return self.environment.partition(":")[0] == "chess"

    def as_json(self) -> str:
        """Return the recipe as the text of its file."""
        return json.dumps(asdict(self), indent=2) + "\n"


def keep_recipe(recipe: Recipe, folder: Path, *, resume: bool) -> None:
    """Write the recipe into a new folder, or check that the folder to resume has the same.

    Raises:
        UsageError: the folder is taken, holds nothing to resume, or was started by another recipe.
    """
    path = folder / FILE
    if not resume:
        if folder.exists() and any(folder.iterdir()):
            raise UsageError(f"{folder} is not empty: continue it with --resume, or name another --out")
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(recipe.as_json(), encoding="utf-8")
        return
    if not path.is_file():
        raise UsageError(f"nothing to resume in {folder}: start it without --resume")
    known = json.loads(path.read_text(encoding="utf-8"))
    if differing := sorted(name for name, value in asdict(recipe).items() if known.get(name) != value):
        name = differing[0]
        raise UsageError(
            f"{folder} was started with {name}={known.get(name)}, not {getattr(recipe, name)}: resume it with the "
            "same options"
        )
