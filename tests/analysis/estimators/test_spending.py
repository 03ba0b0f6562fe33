"""Claims about what a judged turn costs: means by hand, unknown counts left out and named, shared replies not paid."""

import json

import pytest

import horizon
from horizon.analysis.analyze import analyze_data
from horizon.core.records import Turn
from horizon.runs.prices import PriceList, Prices
from horizon.runs.run_data import RunData, data_of
from horizon.runs.spending import set_prices, spending_of
from horizon.runs.usage import Usage, usage_by_model, usage_of_rows

PRICES = Prices(1.0, 2.0)
PLAN = {"plan": {"environment": "doors-v1", "model": "m"}}


def row(episode: int, turn: int = 1, condition: str = "natural", **changes: object) -> Turn:
    given: dict[str, object] = {
        "run_id": "r",
        "episode_id": f"doors#{episode:05d}",
        "environment": "doors",
        "parameters": "{}",
        "seed": episode,
        "model": "m",
        "condition": condition,
        "turn": turn,
        "state": "s",
        "prompt_tokens": 10,
        "context_tokens": 100,
        "completion_tokens": 10,
        "reply": "a",
        "action": "a",
        "error": "none",
        "correct": True,
        "loss": None,
        "random_loss": None,
        "optimal_action": "a",
        "attempts": 1,
        "substituted": False,
        "prior_errors": 0,
        "latency_ms": 500.0,
        "engine_ms": None,
        "finish_reason": "stop",
        "extra": "{}",
    }
    return Turn(**{**given, **changes})  # type: ignore[arg-type]


def run_of(*rows: Turn, prices: Prices | None = PRICES) -> RunData:
    (run,) = set_prices([data_of(PLAN, rows, [])], PriceList({}, prices))
    return run


def test_the_mean_cost_is_tokens_times_prices_and_its_interval_comes_from_episodes() -> None:
    run = run_of(*(row(episode, turn, context_tokens=100 * episode) for episode in (1, 2, 3) for turn in (1, 2)))
    cost = analyze_data([run])["cost_per_turn"]
    assert isinstance(cost, horizon.Estimate)
    assert cost.estimate == pytest.approx((200 * 1.0 + 10 * 2.0) / 1e6)
    assert cost.low is not None and cost.high is not None and cost.low < cost.estimate < cost.high
    assert (cost.n_episodes, cost.n_turns) == (3, 6)


def test_cached_input_has_its_own_price_and_the_full_one_without_it() -> None:
    rows = [row(episode, extra=json.dumps({"cached_tokens": 60})) for episode in (1, 2)]
    costs = [
        analyze_data([run_of(*rows, prices=prices)])["cost_per_turn"]
        for prices in (Prices(1.0, 2.0, 0.1), Prices(1.0, 2.0))
    ]
    assert [cost.estimate for cost in costs] == pytest.approx([66e-6, 120e-6])  # type: ignore[union-attr]


def test_attempts_belong_to_the_turn_that_they_were_made_for() -> None:
    first = {"reply": "?", "error": "no_answer", "context_tokens": 90, "completion_tokens": 7, "latency_ms": 100.0}
    rows = [row(1, attempts=2, extra=json.dumps({"attempts": [first]})), row(2)]
    assert usage_of_rows(rows) == Usage(3, 290, 0, 27, 0, 1100.0, 0)
    seconds = analyze_data([run_of(*rows)])["seconds_per_turn"]
    assert seconds.estimate == pytest.approx(0.55)  # type: ignore[union-attr]


def test_an_attempt_without_counts_makes_its_turn_unknown_and_not_cheap() -> None:
    rows = [row(1, attempts=3, extra=json.dumps({"attempts": [{"reply": "?", "error": "no_answer"}]})), row(2)]
    assert usage_of_rows(rows).unknown == 2
    cost = analyze_data([run_of(*rows)])["cost_per_turn"]
    assert isinstance(cost, horizon.Estimate)
    assert cost.estimate == pytest.approx(120e-6) and cost.note and "of the 1 of 2 turns" in cost.note


def test_replies_that_are_another_row_s_are_not_paid_twice() -> None:
    shared = [row(episode, 1, "fresh", extra=json.dumps({"shared_reply": True})) for episode in (1, 2)]
    run = run_of(row(1), row(2), row(1, 2), row(1, 2, "fresh", context_tokens=40), *shared)
    (total,) = spending_of([run])
    assert total.usage.requests == 4 and total.cost == pytest.approx((340 + 80) / 1e6)
    fresh = [each for each in analyze_data([run])["spending_by_condition"] if each.at["condition"] == "fresh"]
    assert {str(each.at["of"]): each.estimate for each in fresh}["input tokens"] == 40


def test_a_reply_that_spells_out_the_mark_of_a_shared_one_is_paid() -> None:
    rows = [row(1, reply='"shared_reply": true', extra=json.dumps({"reasoning": '"shared_reply": true'})), row(2)]
    assert usage_of_rows(rows).requests == 2 == usage_by_model(data_of(PLAN, rows, []).turns)["m"].requests


def test_prices_of_nothing_give_a_cost_of_nothing() -> None:
    cost = analyze_data([run_of(row(1), row(2), prices=Prices(0.0, 0.0))])["cost_per_turn"]
    assert (cost.estimate, cost.low, cost.high) == (0.0, 0.0, 0.0)  # type: ignore[union-attr]


def test_no_figure_without_prices_or_without_counts_and_the_note_names_which() -> None:
    unpriced = analyze_data([run_of(row(1), row(2), prices=None)])
    assert unpriced["cost_per_turn"].note == "no prices are given"  # type: ignore[union-attr]
    assert unpriced["tokens_per_turn"].estimate == 110  # type: ignore[union-attr]
    bare = analyze_data([run_of(row(1, completion_tokens=None, latency_ms=None))])
    for name in ("cost_per_turn", "seconds_per_turn", "tokens_per_turn"):
        assert bare[name].estimate is None and "no such counts" in str(bare[name].note)  # type: ignore[union-attr]
    assert bare["spending_by_condition"] == []


def test_the_total_of_a_run_names_requests_without_counts_and_gives_no_cost() -> None:
    (total,) = spending_of([run_of(row(1), row(2, context_tokens=None))])
    assert total.cost is None and total.usage.unknown == 1
    assert total.as_json()["known_cost"] == pytest.approx(120e-6)


def test_sums_over_a_table_and_over_rows_agree() -> None:
    run = horizon.play("running_total", model="synthetic:hazard=0.3,tokens=0.01", episodes=3, turns=4, on_error="stop")
    rows = [turn for episode in run.turns["episode_id"].unique() for turn in run.parts[0].turns_of(episode)]
    assert usage_by_model(run.turns) == {"synthetic:hazard=0.3,tokens=0.01": usage_of_rows(rows)}


def test_an_unfinished_run_is_one_group_whether_its_episodes_have_ended_or_not() -> None:
    run = horizon.play("running_total", model="synthetic:hazard=0.3", episodes=4, turns=3)
    (part,) = run.parts
    half = RunData(None, part.manifest, part.turns, part.episodes.head(2))
    assert len(analyze_data([half]).groups) == 1
