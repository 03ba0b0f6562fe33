"""Credentials kept out of everything that is printed or stored: in addresses, and as texts that others may echo.

Standard library only. A credential shorter than four characters is masked in addresses alone: as a text it would occur
by chance.
"""

import base64
import html
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote, urlsplit, urlunsplit

MASK = "[key]"
_SHORTEST = 4
_LONG = 12
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
        if len(user) >= _LONG or len(password) < _SHORTEST:
            # A token in place of the name, with a password that is none.
            secrets.append(user)
    return Address(url, query, authorization, tuple(dict.fromkeys(secrets)))


class Secrets:
    """Texts that must not be seen, in every form in which a server may repeat them.

    The forms: any mix of percent, HTML, JSON and Unicode escapes, in any case; for a long text also with white space
    inside, in hexadecimal, and inside of Base64.
    """

    def __init__(self, texts: Iterable[str]) -> None:
        secrets = {text for text in texts if len(text) >= _SHORTEST and text.lower() not in _PLACEHOLDERS}
        # The longest first: one credential may be the beginning of another.
        ordered = sorted(secrets, key=len, reverse=True)
        forms = [form for text in ordered for form in _forms(text)]
        self._pattern = re.compile("|".join(forms)) if forms else None

    def mask(self, text: str) -> str:
        """Return the text with every credential replaced."""
        return text if self._pattern is None else self._pattern.sub(MASK, text)

    def mask_bytes(self, body: bytes) -> bytes:
        """Return a body with every credential replaced."""
        return self.mask(body.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")


def _forms(text: str) -> Iterator[str]:
    """Yield patterns of what a text may be repeated as."""
    is_long = len(text) >= _LONG
    letters = (r"\s{0,3}" if is_long else "").join(map(_letter, text))
    yield f"(?i:{letters})" if is_long else letters
    if is_long:
        raw = text.encode()
        yield f"(?i:{raw.hex()})"
        for n_before in range(3):
            # Of the letters at the ends only a part of the bits is of the text.
            code = base64.b64encode(b"\0" * n_before + raw).decode().rstrip("=")
            inner = code[(0, 2, 3)[n_before] : len(code) - (1 if (n_before + len(raw)) % 3 else 0)]
            either = "".join("[+/_-]" if letter in "+/" else letter for letter in inner)
            yield rf"[\w+/-]?{either}[\w+/-]?={{0,2}}"


def _letter(letter: str) -> str:
    """Return a pattern of a character and its escapes."""
    codes = [f"%{byte:02x}" for byte in letter.encode()]
    number = ord(letter)
    escapes = [
        "".join(codes),
        f"&#0{{0,3}}{number};",
        f"&#x0{{0,3}}{number:x};",
        rf"\\{{1,4}}u{number:04x}",
        rf"\\{{1,4}}x{number:02x}",
    ]
    named = html.escape(letter)
    if named != letter:
        escapes.append(named)
    if letter == "+" or letter == " ":
        escapes.append(r"\+")
    return f"(?:(?i:{'|'.join(escapes)})|\\\\{{0,3}}{re.escape(letter)})"
