"""The file or folder that OpenVINO loads: as it is where that is the model, unpacked to float16 where it is not.

openvino-genai repacks GGUF weights to its own 4-bit form with whole zero points. For packings that have none (q4_1,
q4_K) this is another model: of SmolLM2 in q4_1, the log-likelihood of its own replies moves by 0.6 nats per token.
"""

import importlib.metadata
from pathlib import Path
from typing import Literal

from horizon.core.errors import ModelFailure, UsageError
from horizon.core.hashing import file_sha256
from horizon.core.records import Json
from horizon.models._local.kept_folder import kept_folder
from horizon.models._openvino.gguf_file import GgufHeader, read_header, write_float16
from horizon.models._openvino.model import OpenVinoSource

WEIGHTS = ("exact", "packed")
Weights = Literal["exact", "packed"]
_EXACT_KINDS = frozenset({1, 2, 8})
"""The ggml types that openvino-genai reads as they are: float16, q4_0 and q8_0."""
_ARCHITECTURES = ("llama", "qwen2", "qwen3")
"""Those whose GGUF files openvino-genai 2026.4 reads; others fail after their weights were unpacked."""
_FORMAT = 1
_NAME = "float16.gguf"


def gguf_source(name: str, file: Path, identity: dict[str, Json], weights: Weights) -> OpenVinoSource:
    """Return the source of a GGUF file, whose `sha256` is in its identity.

    With `exact` weights, those of packings that OpenVINO would change are unpacked and rounded to float16 once, and
    kept in the cache.

    Raises:
        UsageError: an architecture that OpenVINO does not read, or the unpacked file can't be kept anywhere.
        ModelFailure: it is no GGUF file, or can't be read.
    """
    try:
        header = read_header(file)
        architecture = header.values.get("general.architecture")
        if architecture not in _ARCHITECTURES:
            raise UsageError(
                f"{name} is of the architecture {architecture}, and OpenVINO reads GGUF files of "
                f"{', '.join(_ARCHITECTURES)}: play it as gguf:{file} or llamacpp:{file}"
            )
        inexact = header.matrix_kinds - _EXACT_KINDS
        if not inexact:
            return OpenVinoSource(name, file, header.context_tokens, {**identity, "weights": "as in the file"})
        if weights == "packed":
            origin = "repacked by OpenVINO, not those of the file"
            return OpenVinoSource(name, file, header.context_tokens, {**identity, "weights": origin})
        folder = _unpack(file, header, str(identity["sha256"]))
    except OSError as problem:
        raise ModelFailure(f"{name}: {file} can't be read: {problem.strerror}") from None
    if folder is None:
        raise UsageError(f"{name} needs room for its unpacked weights: set HORIZON_CACHE to a folder with room")
    return OpenVinoSource(
        name, folder / _NAME, header.context_tokens, {**identity, "weights": "unpacked, rounded to float16"}
    )


def identify_file(file: Path) -> dict[str, Json]:
    """Return a file's name and hash."""
    return {"file": file.name, "sha256": file_sha256(file)}


def _unpack(file: Path, header: GgufHeader, sha256: str) -> Path | None:
    key = f"{sha256[:32]}-float16-gguf-{importlib.metadata.version('gguf')}-v{_FORMAT}"
    n_bytes = 2 * file.stat().st_size
    return kept_folder(key, file, n_bytes, lambda folder: write_float16(file, header, folder / _NAME))
