"""The command `horizon distil`: a student from a recipe in flags. Heavy imports are inside, as in `cli`."""

from pathlib import Path
from typing import Annotated

import typer


def distil(
    out: Annotated[Path, typer.Option(help="folder of the model to write")],
    env: Annotated[str, typer.Option(help="chess, or a task with an exact oracle, as stack_machine")] = "chess",
    size: Annotated[
        str, typer.Option(help="small, middle or large: about 0.6, 1.5 or 8 million parameters")
    ] = "middle",
    targets: Annotated[
        str, typer.Option(help="chess: soft (the engine's scores of all legal moves) or hard (its best move alone)")
    ] = "soft",
    lessons: Annotated[int, typer.Option(help="games of chess, or dialogues of other tasks, to learn from")] = 3200,
    turns: Annotated[int, typer.Option(help="other tasks: most turns of a dialogue")] = 10,
    nodes: Annotated[int, typer.Option(help="chess: the engine's search nodes per position")] = 200,
    steps: Annotated[int, typer.Option(help="training steps")] = 1500,
    batch_tokens: Annotated[int, typer.Option(help="tokens per step, about")] = 4096,
    learning_rate: Annotated[float, typer.Option(help="highest learning rate")] = 3e-3,
    seed: Annotated[int, typer.Option(help="seed of batches and weights")] = 0,
    lessons_seed: Annotated[
        int | None, typer.Option(help="seed of the lessons, so that students of several seeds can share them [--seed]")
    ] = None,
    initial_std: Annotated[
        float,
        typer.Option(help="standard deviation of the initial weights; where the loss stays at chance, try 0.1"),
    ] = 0.02,
    terse: Annotated[
        bool,
        typer.Option("--terse", help="other tasks: do not read the words that every message has, for fewer tokens"),
    ] = False,
    data: Annotated[Path | None, typer.Option(help="folder of the lessons, made if missing [OUT/lessons]")] = None,
    device: Annotated[str, typer.Option(help="cpu, cuda or auto")] = "auto",
    resume: Annotated[bool, typer.Option("--resume", help="continue --out after an interruption")] = False,
) -> None:
    """Train a small model on a known teacher's answers.

    In chess the teacher is Stockfish at fixed nodes; the student plays from its history (shown only the last move of
    each turn) and from a FEN. In other tasks it is the exact oracle, in dialogues of at most --turns turns.

    The folder is an ordinary model of transformers, which horizon play --model hf:FOLDER plays. Students with
    the same lessons can share --data. After an interruption the same command with --resume continues.

    Example: horizon distil --env stack_machine --turns 10 --out students/stack_machine; horizon play --model
    hf:students/stack_machine --env stack_machine --turns 60
    """
    from horizon.core.extras import require

    require("torch", "transformers", extra="local", purpose="horizon distil")
    from horizon.distil.distil import distil as make
    from horizon.distil.recipe import Recipe

    recipe = Recipe(
        environment=env,
        size=size,
        targets=targets,
        lessons=lessons,
        turns=turns,
        nodes=nodes,
        steps=steps,
        batch_tokens=batch_tokens,
        learning_rate=learning_rate,
        seed=seed,
        lessons_seed=lessons_seed,
        initial_std=initial_std,
        is_terse=terse,
    )
    try:
        folder = make(
            recipe, out, data=data, device=device, resume=resume, watch=lambda text: typer.echo(text, err=True)
        )
    except KeyboardInterrupt:
        typer.echo(f"horizon: interrupted; continue with the same command and --resume: {out}", err=True)
        raise typer.Exit(130) from None
    typer.echo(folder)
