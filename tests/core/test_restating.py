"""Claims about environments in which the state follows from earlier replies."""

from dataclasses import dataclass
from typing import Any

import pytest
from doors import Doors, Room

from horizon.core.environment import open_environment
from horizon.core.restating import carries_state

# Of checker_jumping and endgames the first instances say too little, or too slowly.
NAMES = ("blocks_world", "grid_walk", "hanoi", "river_crossing", "list_editing", "permutation", "running_total")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("restate", ["state", "event", "nothing"])
def test_the_first_instances_say_what_the_environment_declares(name: str, restate: str) -> None:
    task = open_environment(name, {"restate": restate})

    class Undeclared:
        """The same environment without the member."""

        def __getattr__(self, member: str) -> Any:
            if member == "replies_carry_state":
                raise AttributeError(member)
            return getattr(task, member)

    assert carries_state(Undeclared()) == task.replies_carry_state  # type: ignore[arg-type]


def test_doors_lead_to_rooms_of_one_text_whichever_is_taken() -> None:
    assert not carries_state(Doors())


@dataclass(frozen=True)
class Corridors(Doors):
    """Doors whose rooms name the door that was taken, in full at the start alone."""

    def pose(self, state: Room) -> str:
        return f"{super().pose(state)} You came by door {state.last}."


def test_rooms_that_depend_on_the_door_and_are_not_restated_follow_from_the_replies() -> None:
    assert carries_state(Corridors())
