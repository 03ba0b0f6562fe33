"""From a recipe to a student: lessons, training, and the folder that the backend `hf:` plays."""

from collections.abc import Callable
from pathlib import Path

import torch
import transformers
from tokenizers import Tokenizer

from horizon.core.errors import UsageError
from horizon.core.records import Json
from horizon.core.registry import nearest
from horizon.distil.batches import Lessons
from horizon.distil.card import FILE as CARD
from horizon.distil.card import write_card
from horizon.distil.legality import illegal_shares
from horizon.distil.lesson_files import held_out, load_chess, load_dialogues, make_lessons, trained_on
from horizon.distil.network import CONTEXT_TOKENS, save_network
from horizon.distil.recipe import Recipe, check_recipe, keep_recipe
from horizon.distil.saving import saving
from horizon.distil.tokenizers import save_tokenizer
from horizon.distil.trainer import Progress, Training, train
from horizon.runs.lock import Lock
from horizon.runs.replacing import make_folder

CHECKPOINT_S = 60.0
DEVICES = ("auto", "cpu", "cuda")


def distil(
    recipe: Recipe,
    out: Path,
    *,
    data: Path | None = None,
    device: str = "auto",
    resume: bool = False,
    watch: Callable[[str], None] = lambda text: None,
) -> Path:
    """Make a student, or resume one that was interrupted, and return its folder.

    Parameters
    ----------
    recipe
        What determines the weights.
    out
        The folder to write: an ordinary model of transformers, with its card.
    data
        The folder of the lessons; by default `lessons` in `out`. Lessons that are there are used.
    device
        `cpu`, `cuda`, or `auto`.
    resume
        Continue `out` from its last checkpoint; one that is finished stays as it is.
    watch
        Gets a line of progress now and then.

    Raises
    ------
    UsageError
        A folder that is taken or was started by another recipe, an environment that can't be taught, or a device that
        is not there.
    EngineFailure
        Stockfish is missing, or a position could not be scored.
    StoreError
        The folder can't be written, or another process writes it.
    """
    on = _device_of(device)
    check_recipe(recipe, out, resume=resume)
    make_folder(out)
    # One process at a time: two would write one checkpoint.
    with Lock(out):
        keep_recipe(recipe, out, resume=resume)
        if (out / CARD).is_file():
            watch(f"{out} is finished")
        else:
            _make_student(recipe, out, data or out / "lessons", on, watch)
    return out


def _make_student(recipe: Recipe, out: Path, data: Path, on: str, watch: Callable[[str], None]) -> None:
    make_lessons(recipe, data, watch)
    all_games = load_chess(recipe, data) if recipe.is_chess else None
    lessons: Lessons = load_dialogues(recipe, data) if all_games is None else trained_on(all_games)
    training = Training(
        size=recipe.size,
        steps=recipe.steps,
        learning_rate=recipe.learning_rate,
        seed=recipe.seed,
        initial_std=recipe.initial_std,
        device=on,
        checkpoint_s=CHECKPOINT_S,
    )
    last = Progress(0, recipe.steps, 0.0, 0.0)

    def keep_last(progress: Progress) -> None:
        nonlocal last
        last = progress
        left = progress.seconds / progress.step * (progress.steps - progress.step)
        watch(f"step {progress.step} of {progress.steps}, loss {progress.loss:.3f}, {left / 60:.0f} minutes left")

    network = train(lessons, training, out, keep_last)
    legality = None if all_games is None else illegal_shares(network.to(on), all_games, held_out(all_games))
    with saving(out):
        save_network(network.cpu(), out)
        save_tokenizer(Tokenizer.from_file(str(data / "tokenizer.json")), out, CONTEXT_TOKENS)
    facts: dict[str, Json] = {
        "parameters": sum(weight.numel() for weight in network.parameters()),
        "device": torch.cuda.get_device_name() if on == "cuda" else on,
        "torch": torch.__version__,
        "transformers": transformers.__version__,
    }
    write_card(out, recipe, facts, last, legality)
    (out / "checkpoint.pt").unlink(missing_ok=True)


def _device_of(name: str) -> str:
    """Return the device to train on.

    Raises:
        UsageError: an unknown device, or one that this machine lacks.
    """
    if name not in DEVICES:
        raise UsageError(f"--device {name} is unknown: {nearest(name, DEVICES)}")
    if name == "cuda" and not torch.cuda.is_available():
        raise UsageError("--device cuda: PyTorch finds no CUDA device here: use --device cpu")
    return ("cuda" if torch.cuda.is_available() else "cpu") if name == "auto" else name
