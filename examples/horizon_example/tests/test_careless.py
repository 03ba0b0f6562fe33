"""The careless player keeps the contract, and errs at its rate."""

from horizon_example.careless import open_model

from horizon.core.model import ModelOptions
from horizon.testing import check_model, play_episodes


def test_the_careless_player_keeps_the_contract_of_a_model() -> None:
    check_model(open_model("rate=0.5", ModelOptions()))


def test_a_player_that_is_never_careless_wins_every_game_and_makes_no_error() -> None:
    played = play_episodes("nim", "careless:rate=0", opponents=["careless:rate=0"], episodes=6, turns=60)
    assert not any(turn.error != "none" for turn in played.turns)
    assert {episode.outcome for episode in played.episodes} == {"won"}
