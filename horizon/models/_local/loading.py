"""Weights and tokenizer of a model in this process: where they come from, and the device and numbers they are held in.

Of a GGUF file the conversion is kept, so that it is made once. Knows no conversation.
"""

from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import transformers

from horizon.core.errors import ModelFailure, UsageError
from horizon.core.hashing import file_sha256
from horizon.core.records import Json
from horizon.models._local.attention import register
from horizon.models._local.converted import converted_folder, parsing_once

DTYPES = {"auto": torch.float32, "float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
_ATTENTION_KINDS = {"full_attention", "sliding_attention"}


@dataclass(frozen=True, slots=True)
class WeightSource:
    """The source of weights: `folder_or_name` as in transformers, and the `gguf_file` inside it, if any."""

    name: str
    folder_or_name: str
    gguf_file: str | None
    identity: Mapping[str, Json]


def load_weights(source: WeightSource, dtype: torch.dtype, device: torch.device) -> tuple[Any, Any]:
    """Return the tokenizer and the model, ready to decode.

    Raises:
        ModelFailure: the weights can't be loaded.
    """
    attention = register()
    # The library's progress bars would interfere with ours, and its advice is for its callers.
    transformers.utils.logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    transformers.utils.logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        place, more = _place(source)
        with parsing_once() if more else nullcontext():
            tokenizer = transformers.AutoTokenizer.from_pretrained(place, **more)
            model: Any = transformers.AutoModelForCausalLM.from_pretrained(
                place, dtype=dtype, attn_implementation=attention, **more
            )
    except Exception as problem:  # noqa: BLE001 - file formats raise errors of any type
        first = str(problem).strip().partition("\n")[0][:300]
        raise ModelFailure(
            f"{source.name} can't be loaded: {first}; check the name, or download it first where there is a network "
            "(hf download) and give its folder, as hf:./folder"
        ) from None
    return tokenizer, model.to(device).eval()


def _place(source: WeightSource) -> tuple[str, dict[str, str]]:
    """Return what transformers loads: a folder or a name, and the GGUF file in it where none is converted."""
    if not source.gguf_file:
        return source.folder_or_name, {}
    file = Path(source.folder_or_name) / source.gguf_file
    folder = converted_folder(file, str(source.identity.get("sha256") or file_sha256(file)))
    return (str(folder), {}) if folder is not None else (source.folder_or_name, {"gguf_file": source.gguf_file})


def check_architecture(config: Any, name: str) -> None:
    """Refuse other than plain or sliding attention, whose cache can't be cropped and shared.

    Raises:
        ModelFailure: another kind of layer, or an encoder.
    """
    kinds = set(getattr(config, "layer_types", None) or ["full_attention"])
    if kinds - _ATTENTION_KINDS or getattr(config, "is_encoder_decoder", False):
        what = ", ".join(sorted(kinds - _ATTENTION_KINDS)) or "an encoder"
        raise ModelFailure(f"{name} has {what}, which can't be decoded exactly here: serve it and use openai:NAME")


def find_device(wanted: str) -> torch.device:
    """Return a device by its name; `auto` is the GPU if there is one.

    Raises:
        UsageError: an unknown name.
    """
    if wanted == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        return torch.device(wanted)
    except RuntimeError:
        raise UsageError(f"device={wanted} is unknown: use auto, cpu or cuda") from None


def find_dtype(name: str, device: torch.device) -> torch.dtype:
    """Return the numbers that weights and cache are held in; `auto` is the fastest on this device.

    Raises:
        UsageError: an unknown name.
    """
    if name not in DTYPES:
        raise UsageError(f"dtype={name} is unknown: choose one of {', '.join(DTYPES)}")
    return _fast_dtype(device) if name == "auto" else DTYPES[name]


def _fast_dtype(device: torch.device) -> torch.dtype:
    """Return bfloat16 if the device multiplies it faster than float32 (2 to 4 times, measured), else float32."""
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float32
    capability = torch.backends.cpu.get_cpu_capability()
    has_bfloat16 = capability.startswith("AVX512") and torch.cpu._is_avx512_bf16_supported()
    return torch.bfloat16 if has_bfloat16 else torch.float32
