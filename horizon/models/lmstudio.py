"""The backend `lmstudio:NAME`: a model of a running LM Studio, at port 1234 of this machine.

Otherwise as `openai:NAME`, with its settings; --base-url names another address. No key is sent.
"""

from horizon.core.errors import UsageError
from horizon.core.model import Capabilities, ModelOptions
from horizon.models._served.dialect import split_settings
from horizon.models._served.model import ServedModel, Service

CAPABILITIES = Capabilities(holds_weights=False, argument="name")

DEFAULT_SERVER = "http://127.0.0.1:1234/v1"


def open_model(argument: str, options: ModelOptions) -> ServedModel:
    """Return the model `lmstudio:NAME`; nothing is sent yet.

    Raises:
        UsageError: no name, or an impossible setting or address.
    """
    name, refused = split_settings(argument)
    if not name:
        raise UsageError("lmstudio: needs a model's name, as lmstudio:qwen2.5-0.5b-instruct (lms ls prints them)")
    addresses = options.base_urls or (DEFAULT_SERVER,)
    service = Service(f"lmstudio:{argument}", name, addresses, None, refused, {"backend": "lmstudio"})
    return ServedModel(service, options)
