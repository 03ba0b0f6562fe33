"""The card of a student: its lessons, training, loss and legality, as a page and as data beside its weights."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from horizon.core.records import Json
from horizon.distil.legality import BIN, Legality
from horizon.distil.recipe import Recipe
from horizon.distil.trainer import Progress
from horizon.runs.replacing import replace_text

FILE = "card.json"


def write_card(
    folder: Path, recipe: Recipe, training: Mapping[str, Json], last: Progress, legality: Legality | None
) -> None:
    """Write `card.json` and `README.md`; `training` has what the recipe lacks, such as the device."""
    data: dict[str, Json] = {
        "recipe": asdict(recipe),
        **training,
        "loss": round(last.loss, 4),
        "seconds": round(last.seconds, 1),
    }
    if legality is not None:
        data["legality"] = {name: list(counts) for name, counts in asdict(legality).items()}
    replace_text(folder / "README.md", _page(recipe, training, last, legality))
    # Last, as it marks a student that is finished.
    replace_text(folder / FILE, json.dumps(data, indent=1) + "\n")


def command_of(recipe: Recipe) -> str:
    """Return the command that makes this student again."""
    usual = Recipe()
    flags = {"env": "environment", "size": "size", "targets": "targets", "lessons": "lessons", "turns": "turns"}
    flags |= {
        name.replace("_", "-"): name
        for name in ("nodes", "steps", "batch_tokens", "learning_rate", "seed", "lessons_seed", "initial_std")
    }
    given = [
        f"--{flag} {getattr(recipe, name)}"
        for flag, name in flags.items()
        if getattr(recipe, name) != getattr(usual, name)
    ]
    given += ["--terse"] if recipe.is_terse else []
    return " ".join(["horizon distil", *given, "--out FOLDER"])


def _page(recipe: Recipe, training: Mapping[str, Json], last: Progress, legality: Legality | None) -> str:
    teacher = f"Stockfish at {recipe.nodes} nodes, {recipe.targets} targets" if recipe.is_chess else "the exact oracle"
    lessons = (
        f"{recipe.lessons} games between careless players"
        if recipe.is_chess
        else f"{recipe.lessons} dialogues of at most {recipe.turns} turns"
    )
    lines = [
        f"# A student of {recipe.environment}, {recipe.size}",
        "",
        f"Made by `{command_of(recipe)}`.",
        "",
        "| what | value |",
        "| --- | --- |",
        f"| teacher | {teacher} |",
        f"| lessons | {lessons} |",
        *(f"| {name.replace('_', ' ')} | {value} |" for name, value in training.items()),
        f"| training | {last.step} steps of about {recipe.batch_tokens} tokens, {last.seconds / 60:.1f} minutes |",
        f"| loss at the end | {last.loss:.3f} nats per aim |",
        "",
    ]
    if legality is not None:
        lines += [
            "Illegal moves in games that were not trained on, with the teacher's game as the history:",
            "",
            "| turns | positions | from the history | from the FEN |",
            "| --- | ---: | ---: | ---: |",
        ]
        counts = zip(legality.positions, legality.illegal_natural, legality.illegal_fresh, strict=True)
        for place, (positions, natural, fresh) in enumerate(counts):
            if positions:
                turns = f"{place * BIN + 1} to {(place + 1) * BIN}"
                lines.append(f"| {turns} | {positions} | {natural / positions:.1%} | {fresh / positions:.1%} |")
        lines += ["", "It reads a FEN and moves in UCI (notation=uci); neither rules nor lists of moves."]
    return "\n".join(lines) + "\n"
