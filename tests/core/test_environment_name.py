"""Claims about names of environments with their versions: read back as written, whatever the name holds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from horizon.core.environment_name import EnvironmentName


@pytest.mark.parametrize(
    ("text", "name", "version"),
    [
        ("hanoi-v2", "hanoi", "2"),
        ("my-very-own-v10", "my-very-own", "10"),
        ("hanoi", "hanoi", ""),
        ("semi-valid", "semi-valid", ""),
    ],
)
def test_a_name_is_parsed_into_name_and_version(text: str, name: str, version: str) -> None:
    assert EnvironmentName.parse(text) == EnvironmentName(name, version)


@given(st.text(), st.integers(0, 999))
def test_every_name_is_read_back_as_it_was_written(name: str, version: int) -> None:
    written = EnvironmentName(name, str(version))
    assert EnvironmentName.parse(str(written)) == written
