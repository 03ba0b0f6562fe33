"""Claims about the headline: the most important significant result of all groups comes first, the others are named."""

import polars as pl
from simulated_turns import simulated_turns

from horizon.analysis.analysis import Analysis, Group
from horizon.analysis.analyze import groups_of
from horizon.analysis.estimators import contrasts, error_rate, focus_gap
from horizon.analysis.multiplicity import correct_groups
from horizon.analysis.turn_table import load_table
from horizon.report.headline import findings, headline


def analysis(conditions: tuple[str, ...] = ("natural", "fresh"), n_episodes: int = 30, **pulls: float) -> Analysis:
    """Return groups of equal size, each a model with the pull of its own errors on later ones."""
    frames = [
        simulated_turns(n_episodes, 12, hazard=0.15, conditioning=pull, model=model, conditions=conditions, seed=place)
        for place, (model, pull) in enumerate(pulls.items())
    ]
    return headline_estimates(pl.concat(frames))


def headline_estimates(turns: pl.DataFrame) -> Analysis:
    """Return an analysis with the estimates that a headline reads, and no others."""
    table = load_table(turns)
    parts = groups_of(table)
    estimates = correct_groups(
        [contrasts.estimates(part) | focus_gap.estimates(part) | error_rate.estimates(part) for _, part in parts]
    )
    groups = tuple(Group(*labels, part, own) for (labels, part), own in zip(parts, estimates, strict=True))
    return Analysis((), table, {}, groups)


def test_among_groups_of_equal_size_the_significant_one_comes_first_wherever_it_is() -> None:
    for pulls in ({"calm": 0.0, "pulled": 1.5}, {"a_pulled": 1.5, "calm": 0.0}):
        pulled = next(name for name in pulls if "pulled" in name)
        words = headline(analysis(**pulls))
        first, _, others = words.partition(". ")
        assert first.startswith(f"On the same positions, {pulled} (")
        assert "more often with its history than without" in first and "over 2 tests" in first
        assert "No difference shown: calm (" in others


def test_of_two_significant_results_the_one_that_is_certainly_larger_comes_first() -> None:
    words = headline(analysis(weak=1.2, strong=2.5))
    assert words.startswith("On the same positions, strong (")
    assert "Significant as well: weak (" in words


def test_what_own_errors_cost_leads_where_no_focus_gap_is_significant() -> None:
    result = analysis(("natural", "fresh", "healed"), pulled=1.5)
    gapless = [finding for finding in findings(result) if finding.figure.at["name"] != "natural-fresh"]
    assert gapless[0].figure.at["name"] == "natural-healed"
    both = headline(result)
    assert both.startswith("On the same positions, pulled (running_total) errs") and "other contrasts" in both


def test_where_nothing_is_significant_the_headline_claims_no_difference() -> None:
    alone, several = headline(analysis(calm=0.0)), headline(analysis(calm=0.0, quiet=0.0))
    assert "no difference between calm" in alone and "was shown" in alone
    assert several.startswith("No contrast of any of the 2 groups was shown to differ from 0")


def test_one_of_twenty_chance_differences_is_no_headline() -> None:
    """Twenty models without any effect: some interval excludes 0, yet corrected over the family none does."""
    chance = [simulated_turns(6, 5, hazard=0.3, model=f"m{place:02d}", seed=1000 + place) for place in range(20)]
    result = headline_estimates(pl.concat(chance))
    values = [finding.figure.at["p"] for finding in findings(result)]
    assert any(float(str(value)) < 0.05 for value in values)
    assert headline(result).startswith("No contrast of any of the 20 groups")


def test_without_probes_every_groups_error_rate_is_named() -> None:
    words = headline(analysis(("natural",), one=0.0, other=0.5))
    assert "one (" in words and "other (" in words and "was in error in" in words
