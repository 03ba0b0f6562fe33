"""Hashes of files and of plain data, for manifests and caches."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file as hexadecimal text. Cost: about a second per gigabyte."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def json_digest(data: Mapping[str, Any], n_bytes: int) -> str:
    """Return the BLAKE2b hash of plain data as hexadecimal text; the order of keys does not matter."""
    return hashlib.blake2b(json.dumps(data, sort_keys=True).encode(), digest_size=n_bytes).hexdigest()
