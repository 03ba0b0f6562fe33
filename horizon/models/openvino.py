"""The backend `openvino:./file.gguf`: openvino-genai on the processor; also folders of its format and the hub's.

A folder (`openvino:./folder`) or hub model (`openvino:ORG/NAME`) holds openvino_model.xml. Continuous batching with
prefix caching: many dialogues and their probes at once, and what they share is read once. `dtype=float32` computes and
keeps everything in float32, `dtype=auto` in bfloat16 where the processor has it, and `dtype=int8` leaves the choice to
OpenVINO, whose cache has 8 bits. Weights that OpenVINO would change by repacking them (q4_1, q4_K and others) are
unpacked to float16 once; `:weights=packed` behind the file takes OpenVINO's own form, which is smaller and another
model. Replies can be constrained and not scored.
"""

import importlib
import json
import os
from pathlib import Path
from typing import Any, cast

from horizon.core.errors import ModelFailure, UsageError
from horizon.core.extras import require
from horizon.core.hashing import file_sha256
from horizon.core.model import Capabilities, Model, ModelOptions
from horizon.core.records import Json

CAPABILITIES = Capabilities(constrains_replies=True, argument="name")
_XML = "openvino_model.xml"


def open_model(argument: str, options: ModelOptions) -> Model:
    """Return the model of a GGUF file, a folder or a hub name.

    Raises:
        UsageError: no name, nothing there that OpenVINO reads, or the extra `openvino` is not installed.
        ModelFailure: it can't be loaded.
    """
    require("openvino_genai", "gguf", "jinja2", extra="openvino", purpose=f"model 'openvino:{argument}'")
    from horizon.models._openvino.model import OpenVinoModel, OpenVinoSource
    from horizon.models._openvino.weights import WEIGHTS, Weights, gguf_source, identify_file

    place, _, weights = argument.partition(":weights=")
    if not place or (weights or "exact") not in WEIGHTS:
        raise UsageError(
            f"openvino:{argument}: give a GGUF file, a folder or a hub name, as openvino:./model.gguf; its one "
            f"setting is :weights= {' or '.join(WEIGHTS)}"
        )
    name = f"openvino:{argument}"
    path, identity = _find(name, place)
    if path.is_file():
        source = gguf_source(name, path, {**identity, **identify_file(path)}, cast(Weights, weights or "exact"))
        return OpenVinoModel(source, options)
    files: dict[str, Json] = {file.name: file_sha256(file) for file in sorted(path.glob("openvino_model.*"))}
    source = OpenVinoSource(
        name, path, _context_tokens(path), {**identity, "files": files, "weights": "as in the file"}
    )
    return OpenVinoModel(source, options)


def _find(name: str, place: str) -> tuple[Path, dict[str, Json]]:
    """Return the file or folder of a model, and what identifies its origin.

    Raises:
        UsageError: there is none, or several.
        ModelFailure: a hub model can't be found or downloaded.
    """
    path = Path(place).expanduser()
    is_path = place.startswith((".", "/", "~")) or path.exists() or place.endswith(".gguf")
    identity: dict[str, Json] = {"backend": "openvino"}
    if not is_path:
        path = _download(name, place)
        identity |= {"name": place, "revision": path.name}
    if path.is_file():
        return path, identity
    if not path.is_dir():
        raise UsageError(f"{name}: there is no such file or folder: give the path of a .gguf file or a folder")
    if (path / _XML).is_file():
        return path, identity
    files = sorted(path.glob("*.gguf"))
    if len(files) == 1:
        return files[0], identity
    if files:
        raise UsageError(f"{name}: choose one of {', '.join(str(file) for file in files)}")
    fix = f"optimum-cli export openvino --model {place} FOLDER makes one" if (path / "config.json").is_file() else ""
    raise UsageError(f"{name}: neither {_XML} nor a .gguf file is in {path}{': ' if fix else ''}{fix}")


def _download(name: str, place: str) -> Path:
    """Return the folder of a hub model, downloaded where that is allowed.

    Raises:
        UsageError: the package that downloads is not installed.
        ModelFailure: it can't be found or downloaded.
    """
    require("huggingface_hub", extra="local", purpose=f"model '{name}', a name on the hub,")
    hub: Any = importlib.import_module("huggingface_hub")
    try:
        return Path(hub.snapshot_download(place))
    except Exception as problem:  # noqa: BLE001 - the hub's client raises errors of many packages
        first = str(problem).strip().partition("\n")[0][:200]
        offline = " (HF_HUB_OFFLINE=1 is set)" if os.environ.get("HF_HUB_OFFLINE") == "1" else ""
        raise ModelFailure(
            f"{name} can't be downloaded{offline}: {first}; check the name, or give the folder of a downloaded model"
        ) from None


def _context_tokens(folder: Path) -> int | None:
    """Return the longest conversation that a folder's model was made for, if its configuration has it."""
    try:
        value = json.loads((folder / "config.json").read_text(encoding="utf-8")).get("max_position_embeddings")
    except (OSError, ValueError, AttributeError):
        return None
    return value if isinstance(value, int) else None
