"""Opening environments by name, their optional members, and plug-ins that break the contract."""

from dataclasses import dataclass
from pathlib import Path

import pytest
from doors import Doors
from installed_package import install

from horizon.core.environment import (
    default_opponent_of,
    engine_of,
    environment_class,
    files_of,
    notes_of,
    open_environment,
    without_shift,
)
from horizon.core.errors import ContractError
from horizon.core.parameters import parameter
from horizon.core.registry import names
from horizon.engines.engine import engine_names
from horizon.scenarios.compatibility import opponent_model


def test_an_environment_that_defines_no_optional_member_has_their_defaults() -> None:
    task = Doors()
    assert engine_of(task) == "stockfish"
    assert files_of(task) == {} and notes_of(task) == ()
    assert default_opponent_of(task) is None
    assert without_shift(task) is task


def test_an_environment_without_its_shift_is_the_original() -> None:
    @dataclass(frozen=True, slots=True)
    class ShiftedDoors(Doors):
        shift: str = parameter("none", "how doors are named", choices=("none", "renamed"))

    assert without_shift(ShiftedDoors(rooms=3, shift="renamed")) == ShiftedDoors(rooms=3)


@pytest.mark.parametrize("name", names("environments"))
def test_every_shipped_environment_that_needs_an_opponent_declares_one_that_exists(name: str) -> None:
    task = open_environment(name)
    opponent = default_opponent_of(task)
    assert (opponent is not None) == task.has_opponent
    if opponent is not None:
        assert opponent_model(opponent).startswith("uci:") and opponent.partition(":")[0] in engine_names()


def test_a_variant_is_played_against_the_engine_that_knows_it() -> None:
    atomic = open_environment("chess_variant:variant=atomic")
    assert default_opponent_of(atomic) == "pyffish:level=1"
    assert default_opponent_of(open_environment("chess_variant")) == "fairy-stockfish:level=1"


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("", "environment parlour: example_parlour has no class ENVIRONMENT"),
        ("ENVIRONMENT = 'Parlour'", "environment parlour: example_parlour has no class ENVIRONMENT"),
        (
            "from doors import Doors\nclass Parlour:\n    name = 'parlour'\nENVIRONMENT = Parlour",
            "environment parlour: Parlour lacks actions, difficulty, done, .*, version",
        ),
    ],
)
def test_a_plug_in_that_breaks_the_contract_is_refused_with_what_it_lacks(
    source: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(
        tmp_path, monkeypatch, {"example_parlour": source}, {"horizon.environments": {"parlour": "example_parlour"}}
    )
    with pytest.raises(ContractError, match=message):
        environment_class("parlour")
