"""Nim keeps the contract, and its oracle agrees with a search of the whole game."""

from functools import cache

import pytest
from horizon_example.nim import Heaps, Nim

from horizon.testing import check_environment


@cache
def is_won(stones: tuple[int, ...]) -> bool:
    """Whether the player to move wins, by trying every move: no theorem is used."""
    after = ((*stones[:heap], left, *stones[heap + 1 :]) for heap, count in enumerate(stones) for left in range(count))
    return any(not is_won(tuple(sorted(position))) for position in after)


def test_nim_keeps_the_contract_of_an_environment() -> None:
    check_environment(Nim())
    check_environment(Nim(heaps=2, stones=3))


@pytest.mark.parametrize("stones", [(1, 2, 3), (1, 4, 5), (2, 2, 1), (3, 5, 7), (1, 1, 1), (0, 6, 6)])
def test_a_move_is_wrong_exactly_when_it_gives_a_won_game_away(stones: tuple[int, ...]) -> None:
    task, state = Nim(heaps=3), Heaps(stones, "model")
    for action in task.actions(state):
        after = tuple(sorted(task.step(state, action).stones))
        gives_away = is_won(tuple(sorted(stones))) and is_won(after)
        assert task.judge(state, action).error == ("wrong" if gives_away else "none")


def test_every_instance_can_be_won() -> None:
    task = Nim()
    assert all(is_won(tuple(sorted(task.reset(seed).stones))) for seed in range(5))
