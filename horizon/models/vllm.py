"""The backend `vllm:ORG/NAME`: vLLM's server on a free loopback port, started here and stopped in the end.

The number format is vLLM's own choice unless --dtype is bfloat16 or float16; sampling is by temperature and top_p
alone, not by the model's generation_config. --context-tokens is its --max-model-len, and CUDA_VISIBLE_DEVICES chooses
the GPU.
"""

import importlib.metadata
import shutil
import sys
from collections.abc import Sequence

from horizon.core.errors import ModelFailure, UsageError
from horizon.core.extras import is_installed
from horizon.core.model import Capabilities, ModelOptions
from horizon.core.records import Json
from horizon.models._served.dialect import split_settings
from horizon.models._served.model import ServedModel, Service
from horizon.models._served.process import ServerProcess

CAPABILITIES = Capabilities(argument="name")

# The first start may download the weights and compile.
_START_LIMIT_S = 3600.0


def open_model(argument: str, options: ModelOptions) -> ServedModel:
    """Start a server of a hub model or a folder and return its model.

    Raises:
        UsageError: no name, or an impossible setting.
        ModelFailure: vLLM is not installed, or its server does not start.
    """
    model, refused = split_settings(argument)
    if not model:
        raise UsageError("vllm: needs a name or a folder, as vllm:HuggingFaceTB/SmolLM2-135M-Instruct")
    name = f"vllm:{argument}"
    program, version = _program(name)
    dtype = options.dtype if options.dtype in ("bfloat16", "float16") else "auto"
    limit = ["--max-model-len", str(options.context_tokens)] if options.context_tokens else []

    def command(host: str, port: int) -> Sequence[str]:
        return [
            *program,
            *("serve", model, "--host", host, "--port", str(port), "--dtype", dtype, "--seed", "0"),
            *("--generation-config", "vllm", "--enable-prefix-caching", *limit),
        ]

    process = ServerProcess(name, command, start_limit_s=_START_LIMIT_S)
    identity: dict[str, Json] = {
        "backend": "vllm",
        "program": version,
        "dtype": dtype,
        "context_tokens": options.context_tokens,
    }
    return ServedModel(Service(name, model, (process.url,), None, refused, identity), options, process)


def _program(name: str) -> tuple[list[str], str]:
    """Return the command of vLLM and what the manifest calls it.

    Raises:
        ModelFailure: it is not installed.
    """
    if is_installed("vllm"):
        return [sys.executable, "-m", "vllm.entrypoints.cli.main"], f"vllm {importlib.metadata.version('vllm')}"
    program = shutil.which("vllm")
    if program is None:
        raise ModelFailure(
            f"{name} needs vLLM: pip install vllm (a GPU, or its CPU wheel), or serve it elsewhere and use "
            f"openai:{name.partition(':')[2]} with its address (horizon play --base-url URL)"
        )
    return [program], "vllm"
