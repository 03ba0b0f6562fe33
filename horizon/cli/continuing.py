"""Where a run goes by default, and the command that continues it: shared by all that `horizon play` does."""

import re
import shlex
import sys
from pathlib import Path

from horizon.core.credentials import mask_address

RETRY = "--retry-aborted"


def resume_command(folder: Path, *more: str) -> str:
    """Return this process's command with `--resume`, every other flag kept, for a shell; credentials are masked."""
    words, kept = iter(sys.argv[1:]), []
    for word in words:
        if word == "--out":
            next(words, None)
        elif word not in ("--resume", RETRY) and not word.startswith("--out="):
            kept.append(word)
    return shlex.join(mask_address(word) for word in ["horizon", *kept, "--resume", *more, "--out", str(folder)])


def default_folder(name: str) -> Path:
    """Return the run folder of a name, such as `hanoi-random-0`, below `results/play`."""
    slug = re.sub(r"[^A-Za-z0-9.=-]+", "_", name).strip("_.")
    return Path("results") / "play" / slug[:120]
