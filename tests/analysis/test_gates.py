"""Claims about gates: a verdict follows the interval, figures are those of the analysis, counting is exact."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from simulated_turns import simulated_turns

from horizon.analysis.claims import Claim
from horizon.analysis.estimators import error_rate, focus_gap, skill, survival
from horizon.analysis.gate_sums import Limits, instances
from horizon.analysis.gates import Outcome, checkpoints, decide, is_settled, overall
from horizon.analysis.turn_table import TurnTable, load_table
from horizon.core.errors import ContractError
from horizon.core.estimator import Estimate
from horizon.scenarios.expectations import Expectations

LIMITS = Limits(20)


def table(n_episodes: int = 30, **process: object) -> TurnTable:
    return load_table(simulated_turns(n_episodes, **process))  # type: ignore[arg-type]


def one(claim: Claim, found: TurnTable, limits: Limits | None = LIMITS) -> Outcome:
    return decide([claim], found, limits=limits)[0]


def at_most(bound: float, first: int = 1, last: int | None = None, condition: str = "natural") -> Claim:
    return Claim("error_rate", "at_most", bound, condition, first, last)


def at_least(bound: float) -> Claim:
    return Claim("error_rate", "at_least", bound)


def test_a_rate_far_from_its_bound_passes_or_fails_and_one_near_it_is_undecided() -> None:
    found = table(hazard=0.2, n_episodes=40)
    assert [one(each, found).verdict for each in (at_most(0.5), at_most(0.05), at_most(0.21))] == [
        "passed",
        "failed",
        "undecided",
    ]
    assert [one(each, found).verdict for each in (at_least(0.05), at_least(0.5), at_least(0.21))] == [
        "passed",
        "failed",
        "undecided",
    ]


@pytest.mark.parametrize(
    "claim",
    [
        at_most(0.3),
        at_most(0.1),
        at_least(0.3),
        at_most(0.6, 2, 5, "fresh"),
        Claim("focus_gap", "at_most", 0.2),
        Claim("focus_gap", "at_most", -0.5),
        Claim("skill", "at_least", 0.2),
        Claim("skill", "at_least", 0.99),
        Claim("h50", "at_least", 2.0),
        Claim("h50", "at_least", 15.0),
    ],
)
def test_a_claim_passes_where_the_whole_interval_keeps_it_and_fails_where_the_whole_interval_breaks_it(
    claim: Claim,
) -> None:
    for hazard in (0.05, 0.3):
        outcome = one(claim, table(hazard=hazard, conditioning=0.2, n_episodes=60))
        low = -np.inf if outcome.low is None else outcome.low
        high = np.inf if outcome.high is None else outcome.high
        keeps = high <= claim.bound if claim.direction == "at_most" else low >= claim.bound
        breaks = low > claim.bound if claim.direction == "at_most" else high < claim.bound
        assert outcome.verdict == ("passed" if keeps else "failed" if breaks else "undecided")


def test_figures_are_those_of_the_analysis_with_episodes_of_unequal_length_too() -> None:
    found = table(hazard=0.15, conditioning=0.2, shortest=4)
    h50 = survival.estimates(found)["h50"]
    assert isinstance(h50, Estimate)
    told = {
        at_most(0.2): error_rate.estimate(found, "natural"),
        at_most(0.2, condition="fresh"): error_rate.estimate(found, "fresh"),
        Claim("focus_gap", "at_most", 0.1): focus_gap.estimate(found),
        Claim("skill", "at_least", 0.1): skill.estimate(found),
        Claim("h50", "at_least", 3.0): h50,
    }
    for claim, expected in told.items():
        outcome = one(claim, found)
        assert outcome.estimate == pytest.approx(expected.estimate)
        assert (outcome.n_episodes, outcome.n_turns) == (expected.n_episodes, expected.n_turns)
        assert outcome.low is not None and outcome.high is not None
        assert outcome.low <= outcome.estimate <= outcome.high  # type: ignore[operator]


def test_a_range_counts_its_turns_only() -> None:
    rows = simulated_turns(30, 20, hazard=0.05).with_columns(
        error=pl.when(pl.col("turn") > 10).then(pl.lit("wrong")).otherwise(pl.lit("none"))
    )
    found = load_table(rows)
    early, late = one(at_most(0.2, 1, 10), found), one(at_most(0.2, 11, None), found)
    assert (early.verdict, early.estimate, early.n_turns) == ("passed", 0.0, 300)
    assert (late.verdict, late.estimate, late.n_turns) == ("failed", 1.0, 300)


def test_h50_is_at_least_k_where_half_are_free_of_error_before_turn_k() -> None:
    # Every episode errs at turn 7 for the first time: half are free after 6 turns, none after 7.
    rows = simulated_turns(30, 20, hazard=0.05).with_columns(
        error=pl.when(pl.col("turn") == 7).then(pl.lit("wrong")).otherwise(pl.lit("none"))
    )
    found = load_table(rows)
    outcomes = {bound: one(Claim("h50", "at_least", bound), found) for bound in (1.0, 7.0, 7.5, 8.0)}
    assert {bound: outcome.verdict for bound, outcome in outcomes.items()} == {
        1.0: "passed",
        7.0: "passed",
        7.5: "failed",
        8.0: "failed",
    }
    assert (outcomes[7.0].estimate, outcomes[7.0].low, outcomes[7.0].high) == (7.0, 7.0, 7.0)


def test_episodes_that_end_early_without_an_error_neither_pass_nor_fail_an_h50() -> None:
    rows = simulated_turns(40, 5, hazard=0.001, seed=3).with_columns(error=pl.lit("none"))
    found = load_table(rows)
    late = one(Claim("h50", "at_least", 15.0), found)
    assert (late.verdict, late.more_episodes) == ("undecided", None)
    assert late.note is not None and "ended early" in late.note
    assert one(Claim("h50", "at_least", 5.0), found).verdict == "passed"


def test_an_h50_beyond_the_longest_possible_episode_says_so() -> None:
    outcome = one(Claim("h50", "at_least", 30.0), table(hazard=0.001))
    assert outcome.verdict == "undecided"
    assert outcome.note is not None and "20 turns" in outcome.note


def test_aborted_episodes_are_counted_exactly() -> None:
    found = replace(table(8), n_aborted=2)
    verdicts = [one(Claim("aborted", "at_most", float(bound)), found).verdict for bound in (0, 1, 2)]
    assert verdicts == ["failed", "failed", "passed"]
    assert "2 of 10 episodes" in one(Claim("aborted", "at_most", 0.0), found).text


def test_a_bound_at_the_end_of_the_range_is_always_kept_or_never_proven() -> None:
    perfect = load_table(simulated_turns(30, 20, hazard=0.1).with_columns(error=pl.lit("none")))
    assert one(at_most(1.0), perfect).verdict == "passed"
    assert one(at_least(0.0), perfect).verdict == "passed"
    never = one(at_most(0.0), perfect)
    assert (never.verdict, never.more_episodes) == ("undecided", None)
    assert never.note is not None and "choose one slightly inside" in never.note
    assert one(at_most(0.0), table(hazard=0.2)).verdict == "failed"


def test_opponents_of_one_instance_are_one_unit_so_that_a_second_one_adds_no_independence() -> None:
    rows = simulated_turns(10, 20, hazard=0.02)
    index = rows["episode_id"].str.extract(r"(\d+)$").str.zfill(5)
    sides = [rows.with_columns(episode_id=pl.lit(f"{side}#") + index) for side in ("random", "stockfish:level=1")]
    both = load_table(pl.concat(sides))
    assert sorted(instances(both)) == sorted([*range(10)] * 2)
    alone, double = one(at_most(0.3), load_table(sides[0])), one(at_most(0.3), both, Limits(20, sides=2))
    assert (double.low, double.high) == pytest.approx((alone.low, alone.high))
    assert double.n_episodes == 2 * alone.n_episodes


def test_evidence_is_taken_in_order_of_the_index_and_not_of_the_name() -> None:
    rows = simulated_turns(12, 5, hazard=0.1)
    index = rows["episode_id"].str.extract(r"(\d+)$").str.zfill(5)
    codes = [instances(load_table(rows.with_columns(episode_id=pl.lit(f"{name}#") + index))) for name in "az"]
    assert (codes[0] == codes[1]).all() and list(codes[0]) == list(range(12))


def test_more_claims_make_each_harder_to_fail_and_no_harder_to_pass() -> None:
    found = table(hazard=0.2, n_episodes=12)
    alone, among = one(at_most(0.3), found), decide([at_most(0.3)] * 10, found, limits=LIMITS)[0]
    assert among.high == alone.high
    assert among.low is not None and alone.low is not None and among.low < alone.low


def test_what_was_not_played_leaves_a_claim_undecided_and_says_why() -> None:
    natural = load_table(simulated_turns(10, 20, conditions=("natural",)))
    for claim, word in (
        (at_most(0.5, condition="healed"), "healed"),
        (at_most(0.5, 30, 40), "30-40"),
        (Claim("focus_gap", "at_most", 0.1), "fresh"),
    ):
        outcome = one(claim, natural)
        assert (outcome.verdict, outcome.estimate, outcome.n_turns) == ("undecided", None, 0)
        assert outcome.note is not None and word in outcome.note


def test_an_outcome_says_claim_verdict_figure_interval_and_what_is_needed() -> None:
    found = load_table(simulated_turns(5, 20, hazard=0.01).with_columns(error=pl.lit("none")))
    outcome = one(at_most(0.3, 1, 10), found)
    assert outcome.text.startswith("error rate of turns 1-10 at most 0.3: undecided, 0.00 [0.00, 0.")
    assert "5 episodes, 50 turns, about " in outcome.text
    # Perfect units go on alike, so the estimate of what is needed is exact here.
    needed = outcome.more_episodes
    assert needed is not None
    rows = simulated_turns(5 + needed, 20, hazard=0.01).with_columns(error=pl.lit("none"))
    assert one(at_most(0.3, 1, 10), load_table(rows)).verdict == "passed"
    rows = simulated_turns(4 + needed, 20, hazard=0.01).with_columns(error=pl.lit("none"))
    assert one(at_most(0.3, 1, 10), load_table(rows)).verdict == "undecided"


def test_limits_that_the_run_broke_are_refused() -> None:
    with pytest.raises(ContractError, match="limits"):
        one(at_most(0.3), table(), Limits(10))


def test_probes_limit_how_much_an_instance_can_hold() -> None:
    limits = Limits(20, probe_every=3, probe_turns=4, sides=2)
    assert limits.most_turns(at_most(0.3)) == 40
    assert limits.most_turns(at_most(0.3, condition="fresh")) == 8
    assert limits.most_turns(at_most(0.3, 2, 7, "fresh")) == 4  # turns 4 and 7
    assert limits.most_turns(at_most(0.3, 21, 30)) == 0


def test_a_scenario_is_settled_by_a_failure_or_by_all_figures_passed_but_not_by_counting_alone() -> None:
    found = table(hazard=0.2, n_episodes=40)
    claims = list(Expectations.model_validate({"error_rate": [{"at_most": 0.5}, {"at_most": 0.21}]}).claims())
    half = decide(claims, found, limits=LIMITS)
    assert (overall(half), is_settled(half)) == ("undecided", False)
    passed = decide([claims[0], claims[2]], found, limits=LIMITS)
    assert (overall(passed), is_settled(passed)) == ("passed", True)
    failed = decide([at_most(0.05), *claims], found, limits=LIMITS)
    assert (overall(failed), is_settled(failed)) == ("failed", True)
    counted = decide([claims[2]], found, limits=LIMITS)
    assert (overall(counted), is_settled(counted)) == ("passed", False)


def test_looks_grow_by_a_third_or_a_half_and_end_at_the_last_episode() -> None:
    assert checkpoints(70) == (4, 8, 12, 16, 24, 32, 48, 64, 70)
    assert checkpoints(16) == (4, 8, 12, 16)
    assert checkpoints(3) == (3,)
    assert checkpoints(4) == (4,)
