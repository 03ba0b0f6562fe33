"""The identity of weight files for the manifest: hashes and hub revisions."""

import os
from pathlib import Path

from horizon.core.hashing import file_sha256
from horizon.core.records import Json


def folder_identity(folder: Path) -> dict[str, Json]:
    """Return the hash of each file of weights in a folder."""
    files = sorted(file for file in folder.iterdir() if file.suffix in (".safetensors", ".bin", ".gguf"))
    return {"files": {file.name: file_sha256(file) for file in files}}


def hub_revision(name: str) -> str | None:
    """Return the commit of a hub model in the local cache, or None."""
    cache = (
        os.environ.get("HF_HUB_CACHE") or Path(os.environ.get("HF_HOME") or Path.home() / ".cache/huggingface") / "hub"
    )
    try:
        reference = Path(cache) / f"models--{name.replace('/', '--')}" / "refs" / "main"
        return reference.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return None
