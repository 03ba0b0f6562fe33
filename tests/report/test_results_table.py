"""Claims about what `play`, `report` and `analyze` print: a row per group, nothing cut where no terminal is."""

import io

import polars as pl
from rich.console import Console
from simulated_turns import simulated_episodes, simulated_turns

from horizon.analysis.analyze import analyze_table
from horizon.analysis.turn_table import load_table
from horizon.core.estimator import Estimate
from horizon.report.console import open_console
from horizon.report.estimates_table import print_estimates
from horizon.report.results_table import print_results, survival_lines, write_figure


def analysis_of(*models: str, opponent: str | None = None, **settings: object):  # type: ignore[no-untyped-def]
    turns = pl.concat([simulated_turns(8, 12, model=name, **settings) for name in models])  # type: ignore[arg-type]
    return analyze_table(load_table(turns, simulated_episodes(turns, opponent=opponent)))


def test_there_is_one_row_per_model_with_the_figures_and_their_intervals() -> None:
    analysis = analysis_of("one", "two", opponent="random", hazard=0.4)
    file = io.StringIO()
    print_results(analysis, open_console(file))
    head, *rows = file.getvalue().splitlines()
    assert head.split()[:5] == ["model", "environment", "opponent", "episodes", "turns"]
    assert [row.split()[0] for row in rows[:2]] == ["one", "two"]
    for group, row in zip(analysis.groups, rows, strict=False):
        assert write_figure(group.headline()["error_rate"], "error_rate") in row
        assert write_figure(group.headline()["focus_gap"], "focus_gap") in row


def test_a_long_name_is_whole_where_output_is_no_terminal() -> None:
    name = "hf:organisation/" + "a-very-long-name-of-a-model-" * 8
    file = io.StringIO()
    print_results(analysis_of(name), open_console(file))
    assert any(line.startswith(name) for line in file.getvalue().splitlines())


def test_a_long_name_is_folded_and_not_cut_on_a_terminal_of_80_columns() -> None:
    name = "organisation/" + "abcdefghij" * 12
    file = io.StringIO()
    print_results(analysis_of(name), Console(file=file, width=80, force_terminal=True))
    column = "".join(line.split()[0] for line in file.getvalue().splitlines()[1:] if line.strip())
    assert "…" not in file.getvalue() and "abcdefghij" in column


def test_control_codes_in_names_are_escaped() -> None:
    file = io.StringIO()
    print_results(analysis_of("evil\x1b[2J\u202e"), open_console(file))
    assert "\x1b" not in file.getvalue() and "\u202e" not in file.getvalue()


def test_every_estimate_is_printed_but_the_points_of_smooth_curves() -> None:
    analysis = analysis_of("one")
    file = io.StringIO()
    print_estimates(analysis, open_console(file))
    text = file.getvalue()
    for name, value in analysis.whole.items():
        is_shown = bool(value) and not name.startswith(("smooth", "parametric_survival"))
        assert any(line.startswith(f"{name} ") for line in text.splitlines()) == is_shown, name


def test_copies_of_episodes_are_left_out_and_counted() -> None:
    turns = simulated_turns(8, 12)
    both = pl.concat([turns, turns.with_columns(run_id=pl.lit("copy"))])
    episodes = simulated_episodes(both)
    file = io.StringIO()
    print_results(analyze_table(load_table(both, episodes)), open_console(file))
    assert "8 episodes that are copies of another run's are left out" in file.getvalue()


def test_beneath_the_table_is_the_share_correct_at_turn_1() -> None:
    turns = simulated_turns(20, 12, hazard=0.3)
    found = analyze_table(load_table(turns, simulated_episodes(turns)))
    start = found["s1"]
    assert isinstance(start, Estimate) and start.estimate is not None
    (line,) = survival_lines(found)
    assert (
        f"{100 * start.estimate:.0f} %" in line
        and "correct at turn 1" in line
        and "a fifth have erred by turn" in line
    )
