"""Claims about settings: read, checked, and refused with the fix."""

from dataclasses import dataclass

import pytest

from horizon.core.errors import UsageError
from horizon.core.parameters import build, describe, join_name, parameter, split_name, values


@dataclass(frozen=True, slots=True)
class Maze:
    size: int = parameter(5, "rooms a side", low=2, high=99)
    doors: float = parameter(0.5, "share of doors", low=0.0, high=1.0)
    show: str = parameter("map", "what is told", choices=("map", "words"))
    keys: bool = parameter(False, "whether doors are locked")


def test_a_name_with_settings_is_split_and_typed() -> None:
    name, given = split_name("maze:size=7,show=words,keys=yes,doors=0.25")
    assert name == "maze"
    assert build(Maze, given, "environment maze") == Maze(7, 0.25, "words", True)


def test_values_and_description_name_every_parameter_in_order() -> None:
    assert values(Maze()) == {"size": 5, "doors": 0.5, "show": "map", "keys": False}
    assert [each.name for each in describe(Maze)] == ["size", "doors", "show", "keys"]
    assert describe(Maze)[0].low == 2


def test_a_parameter_added_later_is_in_no_plan_at_its_default_and_in_all_others() -> None:
    @dataclass(frozen=True, slots=True)
    class Wider(Maze):
        light: str = parameter("day", "when it is seen", choices=("day", "night"), added=True)

    assert values(Wider()) == values(Maze())
    assert values(Wider(light="night")) == {**values(Maze()), "light": "night"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("maze:sise=7", "no parameter 'sise': did you mean 'size'?"),
        ("maze:size=seven", "size=seven is not a whole number"),
        ("maze:size=1", "size=1 is out of range: 2 to 99"),
        ("maze:doors=nan", "doors=nan is out of range: 0.0 to 1.0"),
        ("maze:show=wrods", "show=wrods is not one of its choices: did you mean 'words'?"),
        ("maze:keys=maybe", "keys=maybe is neither true nor false"),
        ("maze:size", "'size' in 'maze:size' is not a setting: write it as key=value"),
        ("maze:size=3,size=4", "'size' is set twice"),
    ],
)
def test_a_bad_setting_names_the_value_and_the_fix(text: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        name, given = split_name(text)
        build(Maze, given, f"environment {name}")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("settings", [{}, {"disks": "4"}, {"show": "fen+legal_moves", "notation": "uci"}])
def test_a_name_with_its_settings_is_split_as_it_was_joined(settings: dict[str, str]) -> None:
    assert split_name(join_name("hanoi", settings)) == ("hanoi", settings)
