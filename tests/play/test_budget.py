"""Claims about costs while playing: every reply counts, a limit stops cleanly, and resuming counts what was spent."""

import json
from pathlib import Path
from typing import Any

import pytest
from doors import Doors
from scripted_play import Listed, Scripted, played

from horizon.core.errors import ModelFailure, StoreError, UsageError
from horizon.core.model import Request
from horizon.core.records import Reply
from horizon.play import session
from horizon.play.budget import Meter, Spending
from horizon.play.loop import play
from horizon.play.metering import cost_of
from horizon.play.setting import Setting
from horizon.runs import run_folder
from horizon.runs.manifest import COST_STOP
from horizon.runs.prices import PRICES, PriceList, Prices, write_cost
from horizon.runs.run_data import read_run
from horizon.runs.shards import Shard, merge
from horizon.runs.usage import UNRECORDED, usage_by_model, usage_of_rows
from horizon.scenarios.scenario import Scenario, make

UNIT = Prices(1e6, 1e6)
"""One unit of money for each token."""
LIST = PriceList({}, UNIT, "flags")


def counted(script: Any, meter: Meter | None = None, **keys: Any) -> tuple[Listed, Meter]:
    """Play doors with a scripted model and a meter; return the journal and the meter."""
    given = {"environment": "doors", "episodes": 2, "turns": 4, "live_episodes": 2, "conditions": ["natural"]}
    scenario = make({**given, **keys}, "test")
    journal, meter = Listed(), meter or Meter()
    play(Setting(scenario, Doors(), Scripted(script), run_id="run"), journal, meter=meter)
    return journal, meter


def right(request: Request) -> Reply:
    return Reply("Answer: a", context_tokens=10, completion_tokens=2, latency_ms=5.0)


def scenario(**more: object) -> Scenario:
    """A run of 6 episodes of 5 turns, of which every request has token counts: 60 rows, 6 of them shared."""
    given: dict[str, Any] = {
        "environment": "running_total",
        "model": "synthetic:hazard=0.3,tokens=0.001",
        "episodes": 6,
        "turns": 5,
        "live_episodes": 2,
        **more,
    }
    return make(given, "test")


def options(limit: float | None = None, prices: PriceList | None = LIST, **more: Any) -> session.RunOptions:
    return session.RunOptions(spending=Spending(prices, limit), **more)


def rows(folder: Path) -> list[tuple[object, ...]]:
    return run_folder.read_turns(folder, ("episode_id", "turn", "condition", "reply")).rows()


def test_every_request_is_counted_once_probes_and_attempts_included() -> None:
    requests: list[Request] = []

    def script(request: Request) -> Reply:
        requests.append(request)
        text = "hm" if len(requests) % 3 == 0 else "Answer: a"
        return Reply(text, context_tokens=7, completion_tokens=2, latency_ms=5.0)

    journal, meter = counted(script, conditions=["natural", "fresh", "repeat:1"], on_error="retry:2")
    assert any(row.attempts > 1 for row in journal.turns)
    assert meter.spent.requests == len(requests)
    assert meter.spent.input_tokens == 7 * len(requests) and meter.spent.output_tokens == 2 * len(requests)
    assert meter.recorded == meter.spent == usage_of_rows(journal.turns)


def test_a_reply_that_two_conditions_share_is_counted_once() -> None:
    journal, meter = counted(right, conditions=["natural", "fresh"])
    assert len(journal.turns) == 16 and meter.spent.requests == 14
    shared = [row for row in journal.turns if json.loads(row.extra).get("shared_reply")]
    assert [(row.turn, row.condition) for row in shared] == [(1, "fresh")] * 2


def test_replies_without_counts_are_unknown_and_not_free() -> None:
    _, meter = counted(lambda request: Reply("Answer: a"), Meter(UNIT))
    assert meter.spent.unknown == meter.spent.requests == 8
    assert meter.cost is None


def test_half_a_count_is_unknown_too() -> None:
    _, meter = counted(lambda request: Reply("Answer: a", context_tokens=10), Meter(UNIT))
    assert meter.cost is None and meter.spent.input_tokens == 0


def test_a_limit_can_t_be_kept_without_counts_so_that_playing_stops_after_the_first_batch() -> None:
    journal, meter = counted(lambda request: Reply("Answer: a"), Meter(UNIT, 5.0))
    assert meter.has_stopped and len(journal.turns) == 2
    assert "unknown" in meter.reason


def test_playing_stops_after_the_batch_that_reaches_the_limit_and_the_episode_stays_open() -> None:
    journal, meter = counted(right, Meter(UNIT, 25.0))
    assert meter.cost == 48 and meter.has_stopped
    assert len(journal.turns) == 4 and not journal.episodes


def test_a_limit_below_one_turn_lets_one_batch_be_played() -> None:
    journal, meter = counted(right, Meter(UNIT, 1e-9))
    assert len(journal.turns) == 2 and meter.has_stopped


def test_a_limit_that_the_last_turn_reaches_stops_nothing() -> None:
    journal, meter = counted(right, Meter(UNIT, 8 * 12.0))
    assert meter.is_exhausted and not meter.has_stopped
    assert len(journal.episodes) == 2


def test_a_failed_request_costs_nothing_that_is_known() -> None:
    answers = iter([ModelFailure("down"), *[right(None)] * 99])  # type: ignore[arg-type]
    _, meter = counted(lambda request: next(answers))
    assert meter.spent.requests == 8


def test_a_stopped_run_says_why_and_resumed_it_has_the_rows_of_one_played_at_once(tmp_path: Path) -> None:
    session.run(scenario(), tmp_path / "whole")
    folder = tmp_path / "run"
    finished = session.run(scenario(), folder, options(2000.0))
    assert finished.meter.has_stopped
    stored: Any = run_folder.read_manifest(folder)
    stop = stored[COST_STOP]
    assert stop["max_cost"] == 2000 and 2000 <= stop["spent"] < 4000 and stop["of"] == 6
    assert stop["episodes"] == len(run_folder.read_episodes(folder)) < 6
    assert stored[PRICES] == {"synthetic:hazard=0.3,tokens=0.001": {"input": 1e6, "output": 1e6}}
    again = session.run(scenario(), folder, options(1e9, prices=None, resume=True))
    assert not again.meter.has_stopped and COST_STOP not in run_folder.read_manifest(folder)
    assert rows(folder) == rows(tmp_path / "whole")
    usage = usage_by_model(read_run(folder).turns)["synthetic:hazard=0.3,tokens=0.001"]
    assert again.meter.spent == usage and usage.requests == 54
    assert cost_of(folder) == pytest.approx(usage.input_tokens + usage.output_tokens)


def test_what_was_spent_before_counts_when_a_run_is_resumed(tmp_path: Path) -> None:
    session.run(scenario(), tmp_path / "run", options(2000.0))
    before = rows(tmp_path / "run")
    again = session.run(scenario(), tmp_path / "run", options(2000.0, resume=True))
    assert again.meter.has_stopped and again.played.turns == 0
    assert rows(tmp_path / "run") == before


def test_other_prices_on_resume_hold_for_the_whole_run_and_are_reported(tmp_path: Path) -> None:
    first = session.run(scenario(), tmp_path / "run", options(2000.0))
    double = PriceList({}, Prices(2e6, 2e6), "flags")
    again = session.run(scenario(), tmp_path / "run", options(2000.0, double, resume=True))
    assert first.meter.cost is not None and again.meter.cost == 2 * first.meter.cost
    assert any("costed at the new ones" in warning for warning in again.warnings)


def test_free_tokens_never_reach_a_limit(tmp_path: Path) -> None:
    finished = session.run(scenario(), tmp_path / "run", options(1e-9, PriceList({}, Prices(0.0, 0.0), "flags")))
    assert finished.meter.cost == 0 and finished.played.episodes_done == 6


def test_a_limit_without_prices_of_the_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"--max-cost needs the prices of synthetic.*--price-in"):
        session.run(scenario(), tmp_path / "one", options(1.0, None))
    with pytest.raises(UsageError, match=r"no prices for 'synthetic.*known: other"):
        session.run(scenario(), tmp_path / "two", options(1.0, PriceList({"other": UNIT})))


def test_a_turn_cut_off_between_attempts_costs_what_was_asked(tmp_path: Path) -> None:
    wanted = scenario(
        model="synthetic:hazard=1,tokens=0.001,kind=unparsable", on_error="retry:9", conditions=["natural"]
    )
    finished = session.run(wanted, tmp_path / "run", options(500.0))
    stored: Any = run_folder.read_manifest(tmp_path / "run")
    assert finished.played.turns == 0 and stored[UNRECORDED]["requests"] == finished.meter.spent.requests > 0
    assert cost_of(tmp_path / "run") == finished.meter.cost
    again = session.run(wanted, tmp_path / "run", options(500.0, resume=True))
    assert again.meter.spent == finished.meter.spent


def test_gates_are_not_judged_by_what_a_limit_left_over(tmp_path: Path) -> None:
    wanted = scenario(conditions=["natural"], expect={"error_rate": [{"at_most": 0.9}]})
    finished = session.run(wanted, tmp_path / "run", options(1000.0, stop="settled"))
    assert finished.meter.has_stopped and "stopped_early" not in run_folder.read_manifest(tmp_path / "run")


def test_a_shard_that_its_limit_stopped_is_not_merged(tmp_path: Path) -> None:
    for number, limit in ((1, None), (2, 500.0)):
        session.run(scenario(), tmp_path / str(number), options(limit, shard=Shard(number, 2)))
    with pytest.raises(StoreError, match="stopped by its cost limit: continue it with horizon play --resume"):
        merge([tmp_path / "1", tmp_path / "2"], tmp_path / "whole")


@pytest.mark.parametrize("limit", [0.0, -1.0, float("nan"), float("inf")])
def test_a_limit_is_an_amount_above_nothing(limit: float) -> None:
    with pytest.raises(UsageError, match="is no limit"):
        Spending(LIST, limit)


@pytest.mark.parametrize(
    ("amount", "text"),
    [(0.0, "0.00"), (1234.5, "1,234.50"), (1.5, "1.50"), (0.01234, "0.0123"), (4.2e-6, "0.00000420")],
)
def test_amounts_have_three_digits_and_no_exponent(amount: float, text: str) -> None:
    assert write_cost(amount) == text


def test_the_meter_changes_no_row() -> None:
    journal, _ = counted(right, conditions=["natural", "fresh"])
    plain, _, _ = played(right, episodes=2, turns=4, conditions=["natural", "fresh"])
    assert journal.records == plain.records
