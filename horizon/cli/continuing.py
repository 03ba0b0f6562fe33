"""Where a run goes by default, and the command that continues it: shared by all that `horizon play` does."""

import re
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from horizon.core.credentials import mask_address

RETRY = "--retry-aborted"
NOTHING: Mapping[str, str | None] = MappingProxyType({})


def resume_command(folder: Path, *more: str, changed: Mapping[str, str | None] = NOTHING) -> str:
    """Return this process's command with `--resume`, every other flag kept, for a shell; credentials are masked.

    `changed` are flags that get another value, or none, in which case they are left out.
    """
    replaced = ("--out", *changed)
    words, kept = iter(sys.argv[1:]), []
    for word in words:
        if word in replaced:
            next(words, None)
        elif word not in ("--resume", RETRY) and word.partition("=")[0] not in replaced:
            kept.append(word)
    more = (*more, *(part for flag, value in changed.items() if value is not None for part in (flag, value)))
    return shlex.join(mask_address(word) for word in ["horizon", *kept, "--resume", *more, "--out", str(folder)])


def default_folder(name: str) -> Path:
    """Return the run folder of a name, such as `hanoi-random-0`, below `results/play`."""
    slug = re.sub(r"[^A-Za-z0-9.=-]+", "_", name).strip("_.")
    return Path("results") / "play" / slug[:120]
