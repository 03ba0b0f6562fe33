"""Claims about causes of illegal moves and about repeated replies, on tables small enough to count by hand."""

import json

import numpy as np
import polars as pl
import pytest
from statsmodels.stats.proportion import proportion_confint

from horizon.analysis.estimators import illegal_causes, repeated_replies
from horizon.analysis.turn_table import load_table
from horizon.core.estimator import Estimate


def rows(
    replies: dict[str, list[str]], condition: str = "natural", extra: dict[str, list[str]] | None = None
) -> pl.DataFrame:
    return pl.DataFrame(
        [
            {
                "run_id": "r",
                "episode_id": episode,
                "environment": "chess-v1",
                "seed": seed,
                "model": "m",
                "condition": condition,
                "turn": turn,
                "error": "illegal" if extra is not None else "none",
                "reply": reply,
                "extra": "{}" if extra is None else extra[episode][turn - 1],
            }
            for seed, (episode, texts) in enumerate(replies.items())
            for turn, reply in enumerate(texts, 1)
        ]
    )


def many(found: Estimate | list[Estimate]) -> list[Estimate]:
    assert isinstance(found, list)
    return found


def single(found: Estimate | list[Estimate]) -> Estimate:
    assert isinstance(found, Estimate)
    return found


def illegal(cause: str, stale_plies: int | None) -> str:
    # As a row has it, with a reply that spells out the key: it is no cause.
    said = 'I answer "illegal_cause": "castling"'
    return json.dumps({"said": said, "illegal_cause": cause, "is_pinned": False, "stale_plies": stale_plies})


def test_causes_are_counted_and_one_illegal_reply_an_episode_has_wilsons_interval() -> None:
    causes = ["no_piece"] * 12 + ["path_blocked"] * 8
    stale = [2, 4, None, None] * 5
    names = {f"e{place:02d}": ["Ra5"] for place in range(20)}
    extra = {f"e{place:02d}": [illegal(causes[place], stale[place])] for place in range(20)}
    found = illegal_causes.estimates(load_table(rows(names, extra=extra)))
    by_cause = {str(point.at["cause"]): point for point in many(found["illegal_causes"])}
    assert {cause: point.at["count"] for cause, point in by_cause.items()} == {"no_piece": 12, "path_blocked": 8}
    assert by_cause["no_piece"].estimate == pytest.approx(0.6)
    assert (by_cause["no_piece"].low, by_cause["no_piece"].high) == pytest.approx(
        proportion_confint(12, 20, method="wilson")
    )
    assert many(found["stale_replies"])[0].estimate == pytest.approx(0.5)
    ages = {str(point.at["plies_ago"]): point.at["count"] for point in many(found["stale_plies"])}
    assert ages == {"1 to 2": 5, "3 to 4": 5, "5 to 8": 0, "9 to 16": 0, "17 or more": 0}


def test_illegal_replies_of_one_game_are_one_cluster() -> None:
    apart = {f"e{place:02d}": ["Ra5"] for place in range(40)}
    together = {f"e{place:02d}": ["Ra5"] * 10 for place in range(4)}
    causes = [illegal("no_piece" if place < 20 else "path_blocked", None) for place in range(40)]
    widths = []
    for names, size in ((apart, 1), (together, 10)):
        extra = {name: causes[place * size : place * size + size] for place, name in enumerate(names)}
        point = many(illegal_causes.estimates(load_table(rows(names, extra=extra)))["illegal_causes"])[0]
        assert point.low is not None and point.high is not None
        widths.append(point.high - point.low)
    assert widths[1] > 1.5 * widths[0]


def test_without_a_recorded_cause_there_is_nothing_to_count() -> None:
    found = illegal_causes.estimates(load_table(rows({"a": ["e4", "e5"]})))
    assert found == {"illegal_causes": [], "stale_replies": [], "stale_plies": []}


def test_repeats_runs_and_loops_are_counted_by_hand() -> None:
    table = load_table(rows({"a": ["x", "y", "x", "x", "x"], "b": ["p", "q", "r", "s", "s"]}))
    found = repeated_replies.estimates(table)
    # After turn 1: a repeats at turns 3, 4 and 5, b at turn 5: 4 of 8.
    assert many(found["repeated_replies"])[0].estimate == pytest.approx(0.5)
    assert single(found["longest_run"]).estimate == pytest.approx(2.5)
    assert single(found["longest_run"]).at["longest_of_all"] == 3
    hazards = [point.estimate for point in many(found["loop_hazard"])]
    assert hazards == pytest.approx([0.0, 0.0, 0.0, 0.0, 0.5])


def test_replies_that_go_to_and_fro_are_an_oscillation_and_those_of_one_kind_are_not() -> None:
    # From turn 3 on: a alternates at all four turns, b never, c at turns 3 and 6.
    replies = {"a": list("xyxyxy"), "b": list("xxxxxx"), "c": list("xyxxyx")}
    oscillation = single(repeated_replies.estimates(load_table(rows(replies)))["oscillation"])
    assert (oscillation.estimate, oscillation.n_turns) == (pytest.approx(6 / 12), 12)
    assert oscillation.low is not None and oscillation.high is not None
    assert 0 <= oscillation.low < 0.5 < oscillation.high <= 1


def test_two_turns_have_no_oscillation() -> None:
    oscillation = single(repeated_replies.estimates(load_table(rows({"a": list("xy")})))["oscillation"])
    assert oscillation.estimate is None and oscillation.note == "no episode has three turns in a row"


def test_answers_that_the_task_repeats_by_itself_are_no_excess_over_fresh() -> None:
    draw = np.random.default_rng(0)
    texts = {f"e{place:02d}": [str(answer) for answer in draw.integers(0, 2, 20)] for place in range(12)}
    table = load_table(pl.concat([rows(texts), rows(texts, "fresh")]))
    found = repeated_replies.estimates(table)
    assert many(found["repeated_replies"])[0].estimate == pytest.approx(0.97, abs=0.03)
    excess = single(found["repeated_replies_excess"])
    assert excess.estimate == 0.0
    assert excess.low is not None and excess.low < 0 < (excess.high or 0.0)


def test_a_model_that_locks_in_repeats_more_than_without_its_history() -> None:
    draw = np.random.default_rng(1)
    fresh = {f"e{place:02d}": [str(answer) for answer in draw.integers(0, 50, 15)] for place in range(12)}
    natural = {name: [*texts[:5], *[texts[4]] * 10] for name, texts in fresh.items()}
    excess = single(
        repeated_replies.estimates(load_table(pl.concat([rows(natural), rows(fresh, "fresh")])))[
            "repeated_replies_excess"
        ]
    )
    assert excess.low is not None and excess.low > 0.3


def test_a_model_that_never_repeats_itself_has_an_interval_of_what_its_episodes_can_not_exclude() -> None:
    longest = single(
        repeated_replies.estimates(load_table(rows({name: list("abcd") for name in "pqrst"})))["longest_run"]
    )
    assert longest.estimate == longest.low == 1.0
    assert longest.high is not None and 1.0 < longest.high <= 4.0
