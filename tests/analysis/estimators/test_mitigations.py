"""Claims about the table of mitigations: gains and tokens counted by hand, in numbers, terminal and page."""

import io
import json

import pytest
from rich.console import Console

import horizon
from horizon.analysis.analyze import analyze_data
from horizon.analysis.estimators.mitigations import BY_TOKENS, GAIN, NO_TOKENS, TOKENS
from horizon.core.estimator import Estimate
from horizon.core.records import Turn
from horizon.report.html_tables import mitigations_section
from horizon.report.terminal_table import print_analysis
from horizon.runs.run_data import RunData, data_of
from horizon.runs.usage import SHARED


def row(episode: int, condition: str, *, errs: bool, tokens: int | None = 100, **extra: object) -> Turn:
    return Turn(
        run_id="r",
        episode_id=f"doors#{episode:05d}",
        environment="doors",
        parameters="{}",
        seed=episode,
        model="m",
        condition=condition,
        turn=1,
        state="s",
        prompt_tokens=10,
        context_tokens=tokens,
        completion_tokens=10 if tokens is not None else None,
        reply="a",
        action="a",
        error="wrong" if errs else "none",
        correct=not errs,
        loss=None,
        random_loss=None,
        optimal_action="a",
        attempts=1,
        substituted=False,
        prior_errors=0,
        latency_ms=500.0,
        engine_ms=None,
        finish_reason="stop",
        extra=json.dumps(extra),
    )


def analysis(*rows: Turn) -> dict[tuple[str, str], Estimate]:
    found = analyze_data([run_of(*rows)]).whole["mitigations"]
    assert isinstance(found, list)
    return {(str(figure.at["condition"]), str(figure.at["of"])): figure for figure in found}


def run_of(*rows: Turn) -> RunData:
    return data_of({"plan": {"environment": "doors-v1", "model": "m"}}, rows, ())


def study(condition: str, *, gains: int, tokens: int, n_episodes: int = 20, **extra: object) -> list[Turn]:
    """Return a turn of each episode: all err under natural, and all but so many under the mitigation."""
    rows = [row(episode, "natural", errs=True) for episode in range(n_episodes)]
    return rows + [
        row(episode, condition, errs=episode >= gains, tokens=tokens, **extra) for episode in range(n_episodes)
    ]


def test_gain_tokens_and_gain_for_tokens_are_means_on_the_same_states() -> None:
    found = analysis(*study("remind:2", gains=8, tokens=150))
    assert found["remind:2", GAIN].estimate == pytest.approx(8 / 20)
    # 150 + 10 tokens instead of 100 + 10.
    assert found["remind:2", TOKENS].estimate == pytest.approx(50)
    assert found["remind:2", BY_TOKENS].estimate == pytest.approx(8 / 20 / 50 * 1000)


def test_a_second_call_is_added_to_the_first_and_one_that_was_not_made_costs_nothing() -> None:
    second = study("retry", gains=5, tokens=200, second_call=1)
    found = analysis(*second)
    assert found["retry", TOKENS].estimate == pytest.approx(210)
    natural = second[:20]
    kept = [row(place, "retry", errs=True, second_call=0, **{SHARED: True}) for place in range(10)]
    asked = [row(place, "retry", errs=False, tokens=200, second_call=1) for place in range(10, 20)]
    found = analysis(*natural, *kept, *asked)
    assert found["retry", TOKENS].estimate == pytest.approx(105)
    assert found["retry", GAIN].estimate == pytest.approx(0.5)


def test_a_reply_shared_with_natural_takes_the_tokens_that_it_would_take_alone() -> None:
    found = analysis(*study("window:3", gains=0, tokens=100, **{SHARED: True}))
    assert found["window:3", TOKENS].estimate == pytest.approx(0)


def test_what_saves_tokens_has_no_gain_for_them() -> None:
    found = analysis(*study("recap", gains=8, tokens=40))
    assert found["recap", TOKENS].estimate == pytest.approx(-60)
    assert (found["recap", BY_TOKENS].estimate, found["recap", BY_TOKENS].note) == (None, NO_TOKENS)


def test_unknown_counts_are_no_zero() -> None:
    found = analysis(*study("recap", gains=8, tokens=None))  # type: ignore[arg-type]
    assert found["recap", GAIN].estimate == pytest.approx(0.4)
    assert found["recap", TOKENS].estimate is None


def test_other_conditions_are_no_mitigations() -> None:
    assert analysis(*study("healed", gains=8, tokens=100)) == {}


def test_terminal_and_page_have_a_line_for_each() -> None:
    second = study("selfcheck", gains=8, tokens=190, second_call=1)
    both = analyze_data([run_of(*second, *study("recap", gains=2, tokens=40)[20:])])
    printed = io.StringIO()
    print_analysis(both, Console(file=printed, width=80))
    page = mitigations_section(both)
    for text in (printed.getvalue(), page):
        assert "selfcheck" in text
        assert "+40.0" in text
        assert "+200" in text
    assert "recap" in page
    assert mitigations_section(analyze_data([run_of(*second[:20])])) == ""


def test_a_model_that_reads_reminders_gains_by_them_and_by_asking_again_where_replies_are_unreadable() -> None:
    run = horizon.play(
        "running_total",
        model="synthetic:hazard=0.5,kind=unparsable,reminder=-6,fading=50",
        episodes=12,
        turns=8,
        conditions=["natural", "remind:1", "retry", "selfcheck"],
    )
    found = {
        (str(figure.at["condition"]), str(figure.at["of"])): figure
        for figure in run.analyze().whole["mitigations"]
        if isinstance(figure, Estimate)
    }
    # Half of the replies are errors: a second, independent one leaves a quarter.
    assert (found["retry", GAIN].low or 0) < 0.25 < (found["retry", GAIN].high or 0)
    assert (found["selfcheck", GAIN].low or 0) < 0 < (found["selfcheck", GAIN].high or 0)
    assert (found["remind:1", GAIN].low or 0) > 0
    assert (found["retry", TOKENS].estimate or 0) < (found["selfcheck", TOKENS].estimate or 0)
