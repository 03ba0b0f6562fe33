"""Claims about credentials: masked in addresses and commands, and split from what is sent as RFC 3986 and 7617 say."""

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
