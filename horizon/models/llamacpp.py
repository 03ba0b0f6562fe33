"""The backend `llamacpp:FILE.gguf`: llama.cpp's server on a free loopback port, started here and stopped in the end.

The program is `llama-server`, or the same server out of the wheel xllamacpp (extra `llamacpp`). A conversation may
have --context-tokens tokens (8192, or the model's own limit if that is lower). Sampling is by temperature and top_p
alone.
"""

import importlib.metadata
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from horizon.core.errors import ModelFailure, UsageError
from horizon.core.extras import is_installed, pip_line
from horizon.core.hashing import file_sha256
from horizon.core.model import Capabilities, ModelOptions
from horizon.core.records import Json
from horizon.models._served.model import ServedModel, Service
from horizon.models._served.process import ServerProcess

CAPABILITIES = Capabilities(argument="file")

_CONTEXT_TOKENS = 8192
_MOST_SLOTS = 4
_START_LIMIT_S = 600.0


def open_model(argument: str, options: ModelOptions) -> ServedModel:
    """Start a server of a GGUF file and return its model.

    Raises:
        UsageError: no file given, or none there.
        ModelFailure: no server is installed, or it does not start.
    """
    path = Path(argument).expanduser()
    if not argument or not path.is_file():
        raise UsageError(
            f"llamacpp:{argument}: there is no such file: give the path of a .gguf file, as llamacpp:./model.gguf"
        )
    name = f"llamacpp:{argument}"
    context_tokens = options.context_tokens or _CONTEXT_TOKENS
    slots = max(1, min(options.batch_size, _MOST_SLOTS))
    program, version = _program(name)

    def command(host: str, port: int) -> Sequence[str]:
        file = str(path.absolute())
        if program is None:
            module = "horizon.models._served.xllamacpp_server"
            return [sys.executable, "-m", module, file, host, str(port), str(context_tokens), str(slots)]
        return [
            *(program, "-m", file, "--host", host, "--port", str(port)),
            *("-c", str(context_tokens * slots), "-np", str(slots), "--no-context-shift", "--jinja"),
            *("--top-k", "0", "--min-p", "0"),
        ]

    process = ServerProcess(name, command, start_limit_s=_START_LIMIT_S)
    identity: dict[str, Json] = {
        "backend": "llamacpp",
        "file": path.name,
        "sha256": file_sha256(path),
        "program": version,
        "context_tokens": context_tokens,
        "slots": slots,
    }
    return ServedModel(Service(name, path.name, (process.url,), None, frozenset(), identity), options, process)


def _program(name: str) -> tuple[str | None, str]:
    """Return the path of llama-server, None for the wheel's server, and what the manifest calls it.

    Raises:
        ModelFailure: neither is installed.
    """
    program = shutil.which("llama-server")
    if program is not None:
        return program, "llama-server"
    if not is_installed("xllamacpp"):
        raise ModelFailure(f"{name} needs llama.cpp's server: {pip_line('llamacpp')}, or put llama-server on the PATH")
    return None, f"xllamacpp {importlib.metadata.version('xllamacpp')}"
