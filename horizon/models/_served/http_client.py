"""One HTTP exchange with bounds: a deadline for all of it, a most size of its body, and no redirect.

The SDK does the rest: addresses, headers, repetition with pauses. It knows time-outs for each single read only, and
reads any body to its end.
"""

import asyncio
import zlib
from typing import Any

import httpx2

from horizon.models._served.error_text import is_final, parse_json, read_error

MOST_BYTES = 16 * 2**20
"""A reply of 100,000 tokens with as many of thoughts is below 2 MiB."""

STATUS_SENT = "x-horizon-status-sent"
"""The header with the status that a server sent with an error in its body, where it was another one."""


class BodyTooLarge(httpx2.HTTPError):
    """A body of more than `MOST_BYTES`."""


class BoundedClient(httpx2.AsyncClient):
    """The HTTP client of the SDK; a response is read whole, within `deadline_s` from the request's first byte."""

    def __init__(self, deadline_s: float, **options: Any) -> None:
        super().__init__(**{**options, "follow_redirects": False, "timeout": deadline_s})
        self._deadline_s = deadline_s

    async def send(self, request: httpx2.Request, **options: Any) -> httpx2.Response:
        """Send a request and return the response with its body.

        An error inside a body of status 200 gets its own status, which decides whether the request is repeated.

        Raises:
            ReadTimeout: the deadline passed, whatever was still arriving.
            BodyTooLarge: the body is larger than `MOST_BYTES`, as sent or unpacked.
        """
        request.headers["accept-encoding"] = "identity"
        try:
            async with asyncio.timeout(self._deadline_s):
                response = await super().send(request, **{**options, "stream": True, "follow_redirects": False})
                try:
                    body = await _read(response)
                finally:
                    await response.aclose()
        except TimeoutError:
            raise httpx2.ReadTimeout(f"no whole reply within {self._deadline_s:g} s", request=request) from None
        return _whole(response, body, request)


async def _read(response: httpx2.Response) -> bytes:
    """Return the body, unpacked.

    Raises:
        BodyTooLarge: it is larger than `MOST_BYTES`.
    """
    coding = response.headers.get("content-encoding", "identity").strip().lower()
    # Both of gzip and deflate by zlib's own detection; it unpacks no more than it is asked for.
    unpack = zlib.decompressobj(wbits=47) if coding in ("gzip", "x-gzip", "deflate") else None
    body = bytearray()
    async for piece in response.aiter_raw():
        try:
            body += piece if unpack is None else unpack.decompress(piece, MOST_BYTES + 1 - len(body))
        except zlib.error:
            return b"a body that is not packed as its Content-Encoding says"
        if len(body) > MOST_BYTES:
            raise BodyTooLarge(f"a body of more than {MOST_BYTES >> 20} MiB")
    if unpack is None and coding != "identity":
        return f"a body packed as {coding}, though none was asked for".encode()
    return bytes(body)


def _whole(response: httpx2.Response, body: bytes, request: httpx2.Request) -> httpx2.Response:
    status, headers = response.status_code, response.headers.copy()
    for name in ("content-encoding", "content-length", "transfer-encoding"):
        headers.pop(name, None)
    if status == 200 and b'"error"' in body:
        status = _status_inside(body)
        headers[STATUS_SENT] = "200"
    if status >= 400 and is_final(status, read_error(body)):
        headers["x-should-retry"] = "false"
    return httpx2.Response(status, headers=headers, content=body, request=request)


def _status_inside(body: bytes) -> int:
    """Return the status that an error in a body of status 200 names: 400 if it names none, 200 without an error."""
    try:
        answer = parse_json(body)
    except ValueError:
        return 200
    error = answer.get("error") if isinstance(answer, dict) else None
    if not error or answer.get("choices"):
        return 200
    codes = [error.get("code"), error.get("status")] if isinstance(error, dict) else []
    named = [int(code) for code in map(str, [*codes, answer.get("code"), answer.get("status")]) if code.isdecimal()]
    return next((code for code in named if 400 <= code < 600), 400)
