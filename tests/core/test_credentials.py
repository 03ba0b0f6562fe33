"""Claims about credentials: masked in addresses and commands, and split from what is sent as RFC 3986 and 7617 say."""

import base64
import html
import json
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from horizon.core.credentials import Secrets, mask_address, split_address


@pytest.mark.parametrize(
    ("word", "masked"),
    [
        ("--base-url=http://me:pass@host:8000/v1", "--base-url=http://[key]@host:8000/v1"),
        ("https://token@host/v1?key=abc&x=", "https://[key]@host/v1?key=[key]&x=[key]"),
        ("http://host/v1?secret", "http://host/v1?[key]"),
        ("http://host/v1?api-version=2024-10-01", "http://host/v1?api-version=2024-10-01"),
        ("http://host/v1", "http://host/v1"),
        ("openai:model@v1?x=y", "openai:model@v1?x=y"),
    ],
)
def test_a_word_of_a_command_is_masked_where_it_holds_an_address(word: str, masked: str) -> None:
    assert mask_address(word) == masked


def test_a_user_and_password_are_a_basic_header() -> None:
    """The example of RFC 7617, section 2."""
    address = split_address("http://Aladdin:open%20sesame@[::1]:8000/v1?key=a%26b")
    assert address.authorization == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="
    assert address.url == "http://[::1]:8000/v1"
    assert address.query == (("key", "a&b"),)


@settings(max_examples=50)
@given(
    st.text(st.characters(codec="ascii", min_codepoint=33, exclude_characters="/?#@[]\\"), min_size=8), st.text("éß")
)
def test_no_password_survives_masking(password: str, around: str) -> None:
    assert mask_address(f"http://me:{password}@host/v1") == "http://[key]@host/v1"
    assert Secrets([password]).mask(f"{around}{password}{around}") == f"{around}[key]{around}"


KEYS = st.text(st.characters(codec="ascii", min_codepoint=33, max_codepoint=126), min_size=12, max_size=60)


@settings(max_examples=50)
@given(KEYS, st.binary(max_size=4), st.binary(max_size=4))
def test_a_long_key_is_found_in_every_encoding_of_the_standard_library(key: str, before: bytes, after: bytes) -> None:
    secrets = Secrets([key])
    for form in (
        quote(key, safe=""),
        html.escape(key),
        json.dumps(key)[1:-1],
        json.dumps(json.dumps(key))[3:-3],
        "".join(f"&#{ord(letter)};" for letter in key),
        "".join(f"&#x{ord(letter):X};" for letter in key),
        "".join(f"\\u{ord(letter):04x}" for letter in key),
        "".join(f"%{ord(letter):02X}" for letter in key),
        key.encode().hex(),
        key.encode().hex().upper(),
        key.upper(),
        " ".join(key),
        f"{key[:6]}\r\n{key[6:]}",
    ):
        assert secrets.mask(f"({form})") == "([key])", form
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        masked = secrets.mask(encode(before + key.encode() + after).decode())
        # What is around a key in Base64 may be left, in whole groups of four letters.
        assert masked.count("[key]") == 1 and len(masked) <= len("[key]") + 12


def test_masking_takes_time_linear_in_the_text() -> None:
    secrets = Secrets(["sk-proj-" + "Ab3dEf9hIjKl" * 6, "passw0rd"])
    for letter in ("s", " ", "\\", "%", "&#0", "sk-proj-"):
        text = letter * 100_000
        assert secrets.mask(text) == text


def test_a_token_in_place_of_a_users_name_is_a_secret() -> None:
    assert "glpat-1234567890" in split_address("http://glpat-1234567890:x@host/v1").secrets
    assert "ab3dEf" in split_address("http://ab3dEf:x@host/v1").secrets
    assert "me" not in split_address("http://me:pass-w0rd@host/v1").secrets
