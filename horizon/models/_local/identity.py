"""Files of weights: found, named and hashed for the manifest."""

import os
from pathlib import Path

from horizon.core.hashing import file_sha256
from horizon.core.records import Json


def folder_identity(folder: Path) -> dict[str, Json]:
    """Return the hash of each file of weights in a folder."""
    files = sorted(each for each in folder.iterdir() if each.suffix in (".safetensors", ".bin", ".gguf"))
    return {"files": {each.name: file_sha256(each) for each in files}}


def hub_revision(name: str) -> str | None:
    """Return the commit of a hub model in the local cache, or null."""
    cache = (
        os.environ.get("HF_HUB_CACHE") or Path(os.environ.get("HF_HOME") or Path.home() / ".cache/huggingface") / "hub"
    )
    try:
        reference = Path(cache) / f"models--{name.replace('/', '--')}" / "refs" / "main"
        return reference.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return None
