"""The rules of bookkeeping environments in their first words (`prompt=v1`, the default) and in fuller ones (`v2`)."""

import re

import pytest

from horizon.core.environment import open_environment

FIRST = {
    "running_total": "A dictionary gives every word a number. Each turn names words. Look up their numbers and add "
    "them to the total. After each turn tell the new total.",
    "permutation": "Things lie under 3 cups. Each turn cups change places, and what lies under them goes along. Tell "
    "what lies under the cup that is asked for afterwards.",
    "stack_machine": "A machine has variables and a stack. 'push 5' puts a number on the stack, 'push X' the value of "
    "variable X. 'pop X' takes the top number off the stack and stores it in X. 'X = 5' sets X. 'swap X Y' "
    "exchanges two values. Carry out the instructions and tell the value that is asked for.",
    "board_tracking": "Moves are announced on a chess board. Afterwards answer a question about the board. Squares "
    "are called a1 to h8; a piece is called as in 'white knight', a square without one 'empty'.",
    "list_editing": "A list of words is edited step by step. Positions count from 1. 'move 3 to 1' takes the word at "
    "position 3 out and puts it back in at position 1. Afterwards tell the word at the position asked for.",
}
"""The rules as all runs of version 3 have them."""


@pytest.mark.parametrize("name", FIRST)
def test_the_first_rules_are_the_default_word_for_word(name: str) -> None:
    first, fuller = open_environment(name), open_environment(f"{name}:prompt=v2")
    assert first.rules().partition("\n")[0] == FIRST[name]
    assert fuller.rules() != first.rules()
    assert fuller.rules().partition("\n")[2] == first.rules().partition("\n")[2]


@pytest.mark.parametrize("name", FIRST)
def test_the_wording_changes_no_message_and_no_german_rules(name: str) -> None:
    for one, other in ((name, f"{name}:prompt=v2"), (f"{name}:shift=german", f"{name}:shift=german,prompt=v2")):
        first, fuller = open_environment(one), open_environment(other)
        state = fuller.reset(5)
        assert first.pose(state) == fuller.pose(state)
        assert first.observe(state) == fuller.observe(state)
    assert first.rules() == fuller.rules()


@pytest.mark.parametrize("name", FIRST)
@pytest.mark.parametrize("setting", ["restate=event", "restate=nothing", "ask=plan", "shift=notation", "shift=names"])
def test_the_fuller_rules_promise_nothing_of_every_message(name: str, setting: str) -> None:
    rules = open_environment(f"{name}:{setting},prompt=v2").rules()
    assert not re.search(r"\b([Ee]very|[Ee]ach) (message|turn)\b", rules)
