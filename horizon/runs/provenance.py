"""Where a run was played: commit and sources of Horizon, versions of packages, and the machine.

Asks the machine and git, and never fails for want of an answer.
"""

import contextlib
import hashlib
import importlib.metadata
import os
import platform
import re
import subprocess
from pathlib import Path

from horizon.core.extras import ROW_EXTRAS
from horizon.core.paths import shipped_folder
from horizon.core.records import Json

_DISTRIBUTION = "horizon-testbed"
_GIT_TIMEOUT_S = 10.0
_SOURCES = ("horizon", "engines", "scenarios", "pyproject.toml")
"""What decides a run's behaviour: only changes in here make a checkout dirty, new results do not."""


def git_revision(package: Path) -> dict[str, Json] | None:
    """Return the commit of the checkout that holds this package and whether its sources differ from it, or None.

    None too when the package is only inside somebody else's repository, as in a virtual environment.
    """
    # Inside a git hook these variables point to the repository of the hook.
    surroundings = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}

    def ask(folder: Path, *words: str) -> str:
        command = ["git", "--no-optional-locks", "-C", str(folder), *words]
        return subprocess.run(
            command, capture_output=True, text=True, check=True, timeout=_GIT_TIMEOUT_S, env=surroundings
        ).stdout.strip()

    try:
        ask(package, "ls-files", "--error-unmatch", "__init__.py")
        revision = ask(package, "rev-parse", "HEAD")
        return {"revision": revision, "dirty": bool(ask(package.parent, "status", "--porcelain", "--", *_SOURCES))}
    except (OSError, subprocess.SubprocessError, UnicodeDecodeError):
        return None


def source_digest() -> str:
    """Return a hash of Horizon's own code and engine files: equal where a run would be played alike.

    Unlike the commit it also identifies changed checkouts and installed packages. Cost: 10 milliseconds.
    """
    package = Path(__file__).parents[1]
    digest = hashlib.blake2b(digest_size=8)
    for folder, pattern in ((package, "**/*.py"), (shipped_folder("engines"), "*.toml")):
        for path in sorted(folder.glob(pattern)):
            digest.update(f"{path.relative_to(folder).as_posix()}\n".encode() + path.read_bytes())
    return digest.hexdigest()


def package_versions() -> dict[str, Json]:
    """Return the installed version of each package that can change a row: the dependencies and those of `ROW_EXTRAS`.

    None where it is not installed.
    """
    try:
        required = importlib.metadata.requires(_DISTRIBUTION) or []
    except importlib.metadata.PackageNotFoundError:
        return {}
    names: set[str] = set()
    for line in required:
        extra = re.search(r"""extra == ["']([^"']+)""", line)
        if extra is None or extra[1] in ROW_EXTRAS:
            names.add(re.split(r"[^A-Za-z0-9._-]", line, maxsplit=1)[0])
    versions: dict[str, Json] = {}
    for name in sorted(names, key=str.lower):
        versions[name] = None
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            versions[name] = importlib.metadata.version(name)
    return versions


def machine() -> dict[str, Json]:
    """Return the operating system, the processor, its cores (all, and those this process may use), and the memory."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    memory: int | None = None
    with contextlib.suppress(OSError, ValueError):
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "platform": platform.platform(),
        "processor": _processor() or platform.machine(),
        "cores": os.cpu_count(),
        "usable_cores": usable,
        "memory_bytes": memory,
    }


def _processor() -> str | None:
    try:
        match = re.search(
            r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text("utf-8", "replace"), re.MULTILINE
        )
    except OSError:
        return None
    return match.group(1).strip() if match else None
