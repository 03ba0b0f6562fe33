"""Addresses and keys of servers as users give them, checked before anything is sent. No message has a credential.

Nor has any line that the libraries of HTTP log, which name addresses with their query and the headers of responses.
"""

import logging
import os
from urllib.parse import urlsplit

from horizon.core.credentials import Address, Secrets, mask_malformed, split_address
from horizon.core.errors import UsageError
from horizon.core.escaping import visible


def check_address(text: str) -> Address:
    """Return a server's address.

    Raises:
        UsageError: it is none; the message has it without credentials.
    """
    import httpx2

    try:
        address = split_address(text)
        httpx2.URL(address.url)
    except (ValueError, httpx2.InvalidURL):
        raise UsageError(
            f"server {visible(mask_malformed(text))} is not an address: write it as http://localhost:8000/v1"
        ) from None
    return address


def is_loopback(url: str) -> bool:
    """Return whether an address is one of this machine alone."""
    host = urlsplit(url).hostname or ""
    return host in ("localhost", "::1") or host.startswith("127.")


def check_key(key: str | None) -> str | None:
    """Return a key without the white space around it, None for none.

    Raises:
        UsageError: it has a character that no HTTP header can hold; the message has its place and not the key.
    """
    plain = (key or "").strip()
    for place, character in enumerate(plain, start=1):
        if not " " <= character <= "~":
            raise UsageError(
                f"OPENAI_API_KEY has {character!a} as character {place} of {len(plain)}, which no HTTP header "
                "can hold: copy the key again"
            )
    return plain or None


def default_addresses(fallback: str) -> tuple[str, ...]:
    """Return the server that OPENAI_BASE_URL names, or the fallback."""
    return (os.environ.get("OPENAI_BASE_URL") or fallback,)


class MaskedLogs(logging.Filter):
    """Masks credentials in what the libraries of HTTP log, until it is removed."""

    LOGGERS = (
        "httpx2",
        "httpcore2.http11",
        "httpcore2.http2",
        "httpcore2.connection",
        "httpcore2.proxy",
        "openai._base_client",
    )

    def __init__(self, secrets: Secrets) -> None:
        super().__init__()
        self._secrets = secrets
        for name in self.LOGGERS:
            logging.getLogger(name).addFilter(self)

    def filter(self, record: logging.LogRecord) -> bool:
        """Mask a line; none is left out."""
        text = record.getMessage()
        masked = self._secrets.mask(text)
        if masked != text:
            record.msg, record.args = masked, ()
        return True

    def remove(self) -> None:
        """Leave the loggers as they were; may be called twice."""
        for name in self.LOGGERS:
            logging.getLogger(name).removeFilter(self)
