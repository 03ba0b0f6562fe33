"""Converted GGUF files on disk: what transformers needs many seconds for at each start is made once.

A conversion is a folder of the cache, named by the file's hash and the converters' versions, with the float32 weights,
the configuration and the tokenizer. It is built beside its place and renamed; a seal holds the hash of every file in
it. Whatever is wrong with the cache costs time and never a reply: the file is then converted in memory.
"""

import contextlib
import fcntl
import functools
import importlib
import importlib.metadata
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
import transformers
from safetensors import SafetensorError

from horizon.core.errors import StoreError
from horizon.core.hashing import file_sha256
from horizon.core.paths import cache_folder

FOLDER = "converted"
_FORMAT = 1
_SEAL = "seal.json"
_PART = ".part-"
_LEAST_GROWTH = 4
"""Float32 weights take at least so many times the bytes of quantised ones: 8 bits is the most that is called so."""


class _Unkept(Exception):
    """The conversion can't be kept; the message is the reason."""


def converted_folder(file: Path, sha256: str) -> Path | None:
    """Return the folder of a GGUF file's conversion, made now if there is none; None where none can be kept.

    A model is loaded from the folder bit for bit as from the file. Processes that want the same file at once wait for
    the first. Cost: the seconds of a conversion at first, then those of hashing the weights.
    """
    try:
        parent = cache_folder() / FOLDER
        folder = parent / f"{sha256[:32]}-{_versions()}"
        if _is_whole(folder):
            return folder
        parent.mkdir(parents=True, exist_ok=True)
        with _alone_in(parent):
            # Another process may have made it while this one waited.
            if not _is_whole(folder):
                _refuse_narrow(parent, _LEAST_GROWTH * file.stat().st_size)
                _build(file, folder)
        return folder
    except (_Unkept, OSError, SafetensorError, StoreError) as problem:
        reason = problem.strerror if isinstance(problem, OSError) and problem.strerror else problem
        print(
            f"horizon: {file.name} is converted again at each start, because the conversion can't be kept: {reason}; "
            "set HORIZON_CACHE to a folder with room",
            file=sys.stderr,
        )
        return None


@contextlib.contextmanager
def parsing_once() -> Iterator[None]:
    """Let transformers parse each GGUF file once inside the block; it does so for every part that it loads.

    Of the seconds that loading takes, one parse is a quarter. transformers imports the reader by its name at each use.
    """
    gguf: Any = importlib.import_module("gguf")
    reader = gguf.GGUFReader
    gguf.GGUFReader = functools.lru_cache(maxsize=1)(reader)
    try:
        yield
    finally:
        gguf.GGUFReader = reader


def _versions() -> str:
    versions = [f"{name}-{importlib.metadata.version(name)}" for name in ("transformers", "gguf")]
    return "-".join([*versions, f"v{_FORMAT}"])


@contextlib.contextmanager
def _alone_in(parent: Path) -> Iterator[None]:
    """Wait for the right to build in a folder; it ends with the process."""
    descriptor = os.open(parent, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        for left in parent.glob(f"*{_PART}*"):
            # Its builder was killed: a living one would hold the lock.
            shutil.rmtree(left, ignore_errors=True)
        yield
    finally:
        os.close(descriptor)


def _build(file: Path, folder: Path) -> None:
    """Convert a file into a folder that appears whole or not at all.

    Raises:
        _Unkept: the weights stay packed, or the disk has no room.
        OSError: the disk can't be written.
        SafetensorError: likewise, from inside the library.
    """
    part = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f"{folder.name}{_PART}"))
    try:
        tokenizer, model = _converted(file)
        n_bytes = sum(weight.numel() * weight.element_size() for weight in model.parameters())
        _refuse_narrow(folder.parent, n_bytes)
        print(f"horizon: {file.name} is converted once; {n_bytes / 1e9:.2f} GB are kept in {folder}", file=sys.stderr)
        model.save_pretrained(part)
        tokenizer.save_pretrained(part)
        hashes = {path.name: file_sha256(path) for path in sorted(part.iterdir())}
        (part / _SEAL).write_text(json.dumps(hashes), encoding="utf-8")
        if folder.exists():
            # Damaged: moved first, so that its name never holds a mixture.
            folder.rename(folder.with_name(f"{folder.name}{_PART}damaged-{os.getpid()}"))
            shutil.rmtree(folder.with_name(f"{folder.name}{_PART}damaged-{os.getpid()}"), ignore_errors=True)
        part.rename(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _converted(file: Path) -> tuple[Any, Any]:
    """Return the tokenizer and the float32 model of a GGUF file, both free of its format.

    Raises:
        _Unkept: the weights stay packed.
    """
    with parsing_once():
        tokenizer = transformers.AutoTokenizer.from_pretrained(str(file.parent), gguf_file=file.name)
        loaded: Any = transformers.AutoModelForCausalLM.from_pretrained(
            str(file.parent), gguf_file=file.name, dtype=torch.float32
        )
    state = loaded.state_dict()
    if not all(weight.is_floating_point() for weight in state.values()):
        raise _Unkept("its weights stay packed in this architecture")
    config = loaded.config
    if hasattr(config, "quantization_config"):
        del config.quantization_config
    # A model of the same configuration that knows nothing of the file, since one read from GGUF refuses to be saved.
    family: Any = transformers.AutoModelForCausalLM
    with torch.device("meta"):
        model = family.from_config(config, dtype=torch.float32)
    model.load_state_dict(state, assign=True)
    model.tie_weights()
    model.generation_config = loaded.generation_config
    return tokenizer, model


def _is_whole(folder: Path) -> bool:
    """Return whether every file of a conversion is as it was written. Cost: hashing the weights."""
    try:
        hashes = json.loads((folder / _SEAL).read_text(encoding="utf-8"))
        return bool(hashes) and all(file_sha256(folder / name) == value for name, value in hashes.items())
    except (OSError, ValueError, AttributeError, TypeError):
        return False


def _refuse_narrow(folder: Path, n_bytes: int) -> None:
    """Refuse to fill more than half of what a disk has left.

    Raises:
        _Unkept: it would.
    """
    free = shutil.disk_usage(folder).free
    if 2 * n_bytes > free:
        raise _Unkept(f"{n_bytes / 1e9:.2f} GB are needed, and {folder} has {free / 1e9:.2f} GB free")
