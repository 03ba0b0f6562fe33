"""Credentials kept out of everything that is printed or stored: in addresses, and as texts that others may echo.

Standard library only. A credential shorter than four characters is masked in addresses alone: as a text it would occur
by chance.
"""

import base64
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote, quote_plus, unquote, urlsplit, urlunsplit

MASK = "[key]"
_SHORTEST = 4
_PLACEHOLDERS = frozenset({"none", "null", "empty", "dummy", "ollama", "lm-studio", "token", "test"})
_OPEN_QUERIES = frozenset({"api-version"})
_USER = re.compile(r"//[^/?#\s]*@")
_QUERY = re.compile(r"([?&])([^=&#\s]+)(=?)[^&#\s]*")


@dataclass(frozen=True, slots=True)
class Address:
    """A server's address without its credentials, which are separate: the query, and the user with password.

    `authorization` is the header that the user and the password make, None where there are none.
    """

    url: str
    query: tuple[tuple[str, str], ...] = ()
    authorization: str | None = None
    secrets: tuple[str, ...] = ()


def mask_address(text: str) -> str:
    """Return an address, or a word of a command with one in it, with user, password and the query's values masked.

    >>> mask_address("--base-url=http://me:pass@host/v1?key=abc")
    '--base-url=http://[key]@host/v1?key=[key]'
    """
    if "//" not in text:
        return text
    return _QUERY.sub(_masked_query, _USER.sub(f"//{MASK}@", text).partition("#")[0])


def mask_malformed(text: str) -> str:
    """Return a text that is no address, with all that may be credentials in it masked."""
    host = text.rpartition("@")[2]
    return mask_address(f"//{host}" if host == text else f"//{MASK}@{host}")[2:]


def _masked_query(part: re.Match[str]) -> str:
    if part[2].lower() in _OPEN_QUERIES:
        return part[0]
    return f"{part[1]}{part[2]}={MASK}" if part[3] else f"{part[1]}{MASK}"


def split_address(text: str) -> Address:
    """Return an http address and its credentials apart.

    Raises:
        ValueError: no host, another scheme, or a port that is none.
    """
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or any(character.isspace() for character in text):
        raise ValueError("no http address")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    url = urlunsplit((parts.scheme, f"{host}:{parts.port}" if parts.port else host, parts.path, "", ""))
    query = tuple(parse_qsl(parts.query, keep_blank_values=True))
    secrets = [value or name for name, value in query if name.lower() not in _OPEN_QUERIES]
    authorization = None
    if parts.username is not None:
        user, password = unquote(parts.username), unquote(parts.password or "")
        token = base64.b64encode(f"{user}:{password}".encode()).decode()
        authorization = f"Basic {token}"
        secrets += [token, password or user, parts.password or parts.username]
    return Address(url, query, authorization, tuple(dict.fromkeys(secrets)))


class Secrets:
    """Texts that must not be seen, in every form in which a server may repeat them."""

    def __init__(self, texts: Iterable[str]) -> None:
        forms: set[str] = set()
        for text in texts:
            if len(text) >= _SHORTEST and text.lower() not in _PLACEHOLDERS:
                forms |= {text, quote(text, safe=""), quote_plus(text), json.dumps(text)[1:-1]}
        # The longest first: one credential may be the beginning of another.
        ordered = sorted(forms, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, ordered))) if ordered else None

    def mask(self, text: str) -> str:
        """Return the text with every credential replaced."""
        return text if self._pattern is None else self._pattern.sub(MASK, text)
