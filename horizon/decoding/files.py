"""Files of weights: found, named and hashed for the manifest."""

import hashlib
import os
from pathlib import Path

from horizon.core.records import Json


def file_sha256(path: Path) -> str:
    """Return a file's SHA-256; about a second a gigabyte."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


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
