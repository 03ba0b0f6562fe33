"""Claims about optional packages: what is absent is named in one line with the command that installs it."""

import re
import sys
import tomllib
from pathlib import Path
from typing import get_args

import pytest

from horizon.core.errors import UsageError
from horizon.core.extras import APART, ROW_EXTRAS, Extra, is_installed, pip_line, require

PROJECT = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def test_an_absent_package_is_one_line_with_its_extra() -> None:
    with pytest.raises(UsageError) as raised:
        require("json", "no_such_package", extra="local", purpose="model 'hf:ORG/NAME'")
    assert str(raised.value) == "model 'hf:ORG/NAME' needs no_such_package: pip install 'horizon-testbed[local]'"


def test_a_check_imports_nothing() -> None:
    # In the standard library, and imported by nothing that a test run needs.
    assert "turtledemo" not in sys.modules
    require("turtledemo", extra="local", purpose="a check")
    assert "turtledemo" not in sys.modules


def test_a_package_whose_import_is_blocked_is_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    assert is_installed("json")
    # Python's own way to forbid an import.
    monkeypatch.setitem(sys.modules, "json", None)
    assert not is_installed("json")


@pytest.mark.parametrize("extra", get_args(Extra))
def test_every_extra_is_declared(extra: Extra) -> None:
    assert extra in PROJECT["optional-dependencies"]
    assert pip_line(extra) == f"pip install '{PROJECT['name']}[{extra}]'"
    assert set(ROW_EXTRAS) <= set(get_args(Extra))


def test_every_extra_but_those_with_an_environment_of_their_own_is_part_of_all_and_all_of_dev() -> None:
    extras = PROJECT["optional-dependencies"]
    (whole,) = extras["all"]
    assert set(re.findall(r"[\w-]+", whole.partition("[")[2])) == set(get_args(Extra)) - set(APART)
    assert f"{PROJECT['name']}[all,docs]" in extras["dev"]
