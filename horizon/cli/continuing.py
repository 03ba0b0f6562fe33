"""Where a run goes by default, and the command that continues it: shared by `horizon play` and `horizon calibrate`."""

import re
import shlex
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

import typer

from horizon.core.credentials import mask_address
from horizon.core.errors import EngineFailure, ModelFailure

RETRY = "--retry-aborted"
"""The flag that plays aborted episodes of a resumed run again."""
NOTHING: Mapping[str, str | None] = MappingProxyType({})


def resume_command(folder: Path | None, *more: str, changed: Mapping[str, str | None] = NOTHING) -> str:
    """Return this process's command with `--resume`, every other flag kept, for a shell; credentials are masked.

    `changed` are flags that get another value, or none, in which case they are left out. Without a folder `--out` is
    kept as it was given.
    """
    out = () if folder is None else ("--out", str(folder))
    replaced = (*out[:1], *changed)
    words, kept = iter(sys.argv[1:]), []
    for word in words:
        if word in replaced:
            next(words, None)
        elif word not in ("--resume", RETRY) and word.partition("=")[0] not in replaced:
            kept.append(word)
    more = (*more, *(part for flag, value in changed.items() if value is not None for part in (flag, value)))
    return shlex.join(mask_address(word) for word in ["horizon", *kept, "--resume", *more, *out])


@contextmanager
def telling_how_to_continue(
    is_started: Callable[[], bool], command: Callable[..., str], *retry: str
) -> Iterator[None]:
    """Print the command that continues when this is interrupted; add it, with `retry`, to a failure that ended it.

    Where nothing is stored yet there is nothing to resume, and the command is to be started again.
    """
    try:
        yield
    except KeyboardInterrupt:
        advice = "nothing is stored: start it again"
        if is_started():
            advice = f"every turn is stored. Continue with: {command()}"
        typer.echo(f"horizon: interrupted; {advice}", err=True)
        raise typer.Exit(130) from None
    except (EngineFailure, ModelFailure) as failure:
        if not is_started():
            raise
        raise type(failure)(f"{failure}; then continue with: {command(*retry)}") from None


def default_folder(name: str) -> Path:
    """Return the run folder of a name, such as `hanoi-random-0`, below `results/play`."""
    return Path("results") / "play" / slug_of(name)


def slug_of(name: str) -> str:
    """Return a name as that of a file, of at most 120 characters."""
    return re.sub(r"[^A-Za-z0-9.=-]+", "_", name).strip("_.")[:120]
