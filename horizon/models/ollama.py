"""The backend `ollama:NAME`: a model of a running Ollama, at OLLAMA_HOST or its usual address.

Otherwise as `openai:NAME`, with its settings, as `ollama:llama3.2:1b:without=seed`; no key is sent. Ollama cuts a
prompt beyond its context (OLLAMA_CONTEXT_LENGTH) in silence: its count of tokens gives that away, and the turn is an
overflow.
"""

import os
import re

from horizon.core.errors import UsageError
from horizon.core.model import Capabilities, ModelOptions
from horizon.models._served.dialect import split_settings
from horizon.models._served.model import ServedModel, Service

CAPABILITIES = Capabilities(holds_weights=False, argument="name")

_PORT = 11434


def open_model(argument: str, options: ModelOptions) -> ServedModel:
    """Return the model `ollama:NAME`; nothing is sent yet.

    Raises:
        UsageError: no name, or an impossible setting or address.
    """
    name, refused = split_settings(argument)
    if not name:
        raise UsageError("ollama: needs a model's name, as ollama:llama3.2:1b (ollama list prints them)")
    addresses = options.base_urls or (address_of(os.environ.get("OLLAMA_HOST", "")),)
    service = Service(f"ollama:{argument}", name, addresses, None, refused, {"backend": "ollama"})
    return ServedModel(service, options)


def address_of(host: str) -> str:
    """Return the address of the API of an Ollama by its OLLAMA_HOST: `[scheme://]host[:port][/path]`, any part absent.

    The port is 11434, or the scheme's own where a scheme is written; an address to listen on becomes the loopback.
    """
    scheme, divider, rest = host.strip().strip("\"'").rpartition("://")
    place, slash, path = rest.partition("/")
    written = re.fullmatch(r"(\[.*\]|[^:]*)(?::(-?\d*))?", place)
    # More colons without brackets are an IPv6 address.
    name, port = (written[1], written[2] or "") if written else (f"[{place}]", "")
    if not port.isdecimal() or not 0 < int(port) < 65536:
        port = str({"http": 80, "https": 443}.get(scheme, _PORT) if divider else _PORT)
    name = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "[::]": "[::1]"}.get(name, name)
    return f"{scheme or 'http'}://{name}:{port}{slash}{path.rstrip('/')}".rstrip("/") + "/v1"
