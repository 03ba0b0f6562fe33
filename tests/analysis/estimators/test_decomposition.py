"""Claims about the decomposition: right on known causes, whole for early collapses, plain about what it assumes."""

import numpy as np
import polars as pl
import pytest
from simulated_turns import simulated_turns

from horizon.analysis.estimators import decomposition
from horizon.analysis.turn_table import TurnTable, load_table
from horizon.core.estimator import Estimate

ARMS = ("natural", "fresh", "padded", "healed")


def table(**given: object) -> TurnTable:
    return load_table(simulated_turns(**given))  # type: ignore[arg-type]


def drawn(chances: dict[str, np.ndarray], n_episodes: int = 60, seed: int = 0) -> TurnTable:
    """Return a table of independent errors with these chances per turn, by condition."""
    draw, parts = np.random.default_rng(seed), []
    for condition, chance in chances.items():
        wrong = draw.random((n_episodes, len(chance))) < chance
        episode, place = (part.ravel() for part in np.indices(wrong.shape))
        parts.append(
            pl.DataFrame(
                {
                    "run_id": "r",
                    "episode_id": [f"e{number:04d}" for number in episode],
                    "environment": "running_total-v1",
                    "seed": episode,
                    "model": "m",
                    "condition": condition,
                    "turn": place + 1,
                    "error": np.where(wrong.ravel(), "wrong", "none"),
                }
            )
        )
    return load_table(pl.concat(parts))


def by_cause(table: TurnTable) -> dict[str, Estimate]:
    found = decomposition.estimates(table)["decomposition"]
    assert isinstance(found, list)
    return {str(point.at["cause"]): point for point in found}


def listed(table: TurnTable, key: str) -> list[Estimate]:
    found = decomposition.estimates(table)[key]
    assert isinstance(found, list)
    return found


def holds(figure: Estimate, truth: float) -> bool:
    assert figure.low is not None and figure.high is not None
    return figure.low <= truth <= figure.high


CAUSES = {
    "longer context": {"tokens": 0.15},
    "turns as such": {"drift": 0.15},
    "own errors": {"conditioning": 0.5},
}


@pytest.mark.parametrize("cause", CAUSES)
def test_the_decomposition_names_the_right_cause_and_sums_to_the_rise(cause: str) -> None:
    turns = table(n_episodes=150, hazard=0.1, conditions=ARMS, **CAUSES[cause])
    found = decomposition.estimates(turns)["decomposition"]
    assert isinstance(found, list)
    by_cause = {str(each.at["cause"]): each for each in found}
    parts = [each.estimate or 0 for name, each in by_cause.items() if name != "whole rise"]
    assert sum(parts) == pytest.approx(by_cause["whole rise"].estimate)
    assert (by_cause[cause].low or 0) > 0
    biggest = max((n for n in by_cause if n != "whole rise"), key=lambda name: by_cause[name].estimate or 0)
    assert biggest == cause


def test_what_was_not_played_is_said_by_name() -> None:
    found = decomposition.estimates(table())["decomposition"]
    assert isinstance(found, list)
    notes = {str(each.at["cause"]): each.note for each in found}
    assert notes["longer context"] == "condition padded was not played: add --condition padded"
    assert notes["own errors"] == "condition healed was not played: add --condition healed"


def test_a_collapse_at_turn_3_is_whole_in_own_errors() -> None:
    # 20 % to 75 % from turn 3 on, by own errors alone: late minus early of natural would show 14 points of the 55.
    flat = np.full(24, 0.2)
    found = by_cause(drawn({"natural": np.where(np.arange(24) >= 2, 0.75, 0.2), **dict.fromkeys(ARMS[1:], flat)}))
    assert holds(found["own errors"], 0.55) and holds(found["whole rise"], 0.55)
    assert holds(found["harder states"], 0.0) and holds(found["turns as such"], 0.0)


def test_an_effect_of_early_turns_alone_is_contradicted_in_words() -> None:
    flat, early = np.full(24, 0.2), np.where((np.arange(24) >= 1) & (np.arange(24) < 14), 0.8, 0.2)
    found = by_cause(drawn({"natural": early, **dict.fromkeys(ARMS[1:], flat)}))
    note = found["own errors"].note
    assert note is not None and note.startswith("contradicts natural - healed over all turns")


def test_right_answers_that_help_are_found_by_foreign_and_named_in_both_parts() -> None:
    # Right answers in the history are copied; own errors do nothing.
    copied, flat = 0.6 * (1 - 0.7 * np.arange(24) / 23), np.full(24, 0.6)
    found = drawn({"natural": flat, "healed": copied, "foreign": copied, "fresh": flat, "padded": flat})
    check = listed(found, "decomposition_checks")[0]
    assert check.high is not None and check.high < 0
    assert check.note is not None and "do help" in check.note
    parts = by_cause(found)
    assert all("this part includes that" in str(parts[cause].note) for cause in ("own errors", "turns as such"))
    assert parts["longer context"].note is None


def test_without_foreign_the_assumption_is_called_untested() -> None:
    check = listed(table(conditions=ARMS), "decomposition_checks")[0]
    assert check.estimate is None and "--condition foreign" in str(check.note)


def test_errors_that_hurt_only_in_a_long_context_are_an_interaction() -> None:
    # Neither length without errors nor a window with errors costs anything; both together cost 40 points.
    flat = np.full(24, 0.2)
    chances = {"natural": flat + 0.4, "fresh": flat, "padded": flat, "healed": flat, "window:2": flat}
    rows = {(row.at["cause"], row.at["order"]): row for row in listed(drawn(chances), "decomposition_orders")}
    assert holds(rows["own errors", "after length"], 0.4)
    assert holds(rows["own errors", "before length"], 0.0)
    assert holds(rows["own errors", "mean of both orders"], 0.2)
    assert holds(rows["length and turns", "mean of both orders"], 0.2)
    assert holds(rows["errors x length", "interaction"], 0.4)


def test_own_errors_in_any_length_are_no_interaction() -> None:
    flat = np.full(24, 0.2)
    chances = {"natural": flat + 0.3, "fresh": flat, "padded": flat, "healed": flat, "window:2": flat + 0.3}
    rows = {(row.at["cause"], row.at["order"]): row for row in listed(drawn(chances), "decomposition_orders")}
    assert holds(rows["errors x length", "interaction"], 0.0)
    assert holds(rows["own errors", "mean of both orders"], 0.3)


def test_the_negative_control_counts_pairs_of_one_prompt_that_differ() -> None:
    same = drawn({"natural": np.full(6, 0.5)})
    sample = same.samples["natural"]
    found = listed(TurnTable({"natural": sample, "fresh": sample}, same.episodes), "negative_control")
    assert [(point.at["contrast"], point.estimate, point.at["n_differ"]) for point in found] == [
        ("natural - fresh", 0.0, 0)
    ]
    apart = listed(drawn({"natural": np.full(6, 0.9), "fresh": np.full(6, 0.1)}), "negative_control")[0]
    assert apart.low is not None and apart.low > 0


def test_every_assumption_is_beneath_the_figure() -> None:
    found = decomposition.estimates(table(n_episodes=40, conditions=ARMS))
    notes = " ".join(decomposition.charts(found)[0].notes)
    assert all(assumed in notes for assumed in decomposition.ASSUMES.values())
