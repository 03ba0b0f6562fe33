"""Claims about scenario files: what is shipped is valid, and every mistake is named with its fix."""

from pathlib import Path

import pytest

from horizon.core.errors import UsageError
from horizon.scenarios.files import names
from horizon.scenarios.scenario import make, read, read_suite


@pytest.mark.parametrize("name", names())
def test_every_shipped_scenario_reads(name: str) -> None:
    assert all(each.scenario.conditions[0] == "natural" for each in read_suite(name).variants)


def test_flags_override_the_file() -> None:
    assert read("study_hanoi", turns=3).turns == 3


def test_natural_always_comes_first() -> None:
    assert make({"conditions": ["fresh"]}, "test").conditions == ("natural", "fresh")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("turms = 3", "unknown key 'turms': did you mean 'turns'"),
        ("turns = -3", "turns=-3: must be greater than or equal to 1"),
        ("turns = 'many'", "turns='many': must be a valid integer"),
        ("on_error = 'retry'", "on_error 'retry' is none of substitute, stop, retry:n"),
        ("conditions = ['natural', 'frehs']", "unknown condition 'frehs': did you mean 'fresh'"),
        ("conditions = ['window:0']", "'0' is not a whole number from 1"),
        ("conditions = ['fresh', 'fresh']", "a condition is named twice"),
        ("substitute = 'orcle'", "did you mean 'oracle'?"),
        ("turns = =", "line 1"),
    ],
)
def test_a_mistake_in_a_file_names_file_key_and_fix(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(UsageError) as caught:
        read(str(path))
    assert message in str(caught.value)
    assert str(path) in str(caught.value)


def test_an_unknown_scenario_gets_the_nearest_names() -> None:
    with pytest.raises(UsageError, match="did you mean 'first_curve'"):
        read("first_curv")
