"""Converted GGUF files on disk: what transformers needs many seconds for at each start is made once.

A conversion holds the float32 weights, the configuration and the tokenizer, under the file's hash and the converters'
versions. It is loaded bit for bit as the file is.
"""

import contextlib
import functools
import importlib
import importlib.metadata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
import transformers
from safetensors import SafetensorError

from horizon.models._local.kept_folder import NotKept, kept_folder, refuse_narrow

_FORMAT = 1
_LEAST_GROWTH = 4
"""Float32 weights take at least so many times the bytes of quantised ones: 8 bits is the most that is called so."""


def converted_folder(file: Path, sha256: str) -> Path | None:
    """Return the folder of a GGUF file's conversion, made now if there is none; None where none can be kept.

    Cost: the seconds of a conversion at first, then those of hashing the weights.
    """
    versions = "-".join(f"{name}-{importlib.metadata.version(name)}" for name in ("transformers", "gguf"))
    key = f"{sha256[:32]}-{versions}-v{_FORMAT}"
    return kept_folder(key, file, _LEAST_GROWTH * file.stat().st_size, lambda folder: _convert(file, folder))


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


def _convert(file: Path, folder: Path) -> None:
    """Write what transformers makes of a GGUF file, free of its format.

    Raises:
        NotKept: the weights stay packed, or the disk has no room.
        OSError: the disk can't be written.
    """
    with parsing_once():
        tokenizer: Any = transformers.AutoTokenizer.from_pretrained(str(file.parent), gguf_file=file.name)
        loaded: Any = transformers.AutoModelForCausalLM.from_pretrained(
            str(file.parent), gguf_file=file.name, dtype=torch.float32
        )
    state = loaded.state_dict()
    if not all(weight.is_floating_point() for weight in state.values()):
        raise NotKept("its weights stay packed in this architecture")
    refuse_narrow(folder.parent, sum(weight.numel() * weight.element_size() for weight in loaded.parameters()))
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
    try:
        model.save_pretrained(folder)
    except SafetensorError as problem:
        raise NotKept(str(problem)) from None
    tokenizer.save_pretrained(folder)
