"""The backend `openai:NAME`: any OpenAI-compatible server, through the official SDK.

`openai:NAME:without=temperature+seed` leaves parts out of each request: temperature, top_p, seed, max_tokens (sent as
max_completion_tokens), system (sent before the first user message), empty_assistant, repeated_role. What a server
refuses in so many words is left out without it, and the manifest records that as `learnt`. Rate limits, time-outs,
filters, empty and malformed responses are failures, never replies; a refusal by the model is an error of its own kind.
The key comes from OPENAI_API_KEY alone; it and the credentials of an address are removed from every message and file.
"""

import os
from urllib.parse import urlsplit

from horizon.core.errors import UsageError
from horizon.core.model import Capabilities, ModelOptions
from horizon.models._served.addresses import check_key, default_addresses
from horizon.models._served.dialect import split_settings
from horizon.models._served.model import ServedModel, Service

CAPABILITIES = Capabilities(holds_weights=False, argument="name")

DEFAULT_SERVER = "https://api.openai.com/v1"


def open_model(argument: str, options: ModelOptions) -> ServedModel:
    """Return the model `openai:NAME`.

    Raises:
        UsageError: no name, an impossible server address or setting, a key that no HTTP header can hold, or no key
            where one is needed.
    """
    name, refused = split_settings(argument)
    if not name:
        raise UsageError(
            "openai: needs a model's name, as openai:gpt-4o-mini, or that of a server of your own, as "
            "horizon play --model openai:my-model --base-url URL"
        )
    addresses = options.base_urls or default_addresses(DEFAULT_SERVER)
    key = check_key(os.environ.get("OPENAI_API_KEY"))
    if any(_is_openai(address) for address in addresses):
        if key is None:
            raise UsageError(
                f"openai:{name} needs a key: set OPENAI_API_KEY, or give another server by horizon play --base-url URL"
            )
        refused |= {"max_tokens"}
    service = Service(f"openai:{argument}", name, addresses, key, refused, {"backend": "openai"})
    return ServedModel(service, options)


def _is_openai(address: str) -> bool:
    try:
        return (urlsplit(address).hostname or "").endswith("api.openai.com")
    except ValueError:
        return False
